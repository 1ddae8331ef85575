//! A gateway of one-time passwords that answers as it is told: a real socket, HTTP written by hand.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use standardwebhooks::Webhook;
use tokio::time::{sleep, timeout};
use ureq::http::{HeaderMap, HeaderName};

pub(crate) const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// What a connection gets once its request was read.
pub(crate) enum Answer {
    /// These bytes; the connection stays open until the other side closes it.
    Say(String),
    /// These bytes, and the connection is closed.
    End(String),
    /// `OK`, once the flag is set.
    Held(Arc<AtomicBool>),
    /// Nothing.
    Hang,
}

/// One request.
#[derive(Clone)]
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(self.body.as_bytes(), &self.headers).is_ok()
    }

    pub(crate) fn data(&self) -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(&self.body).unwrap()["data"].clone()
    }
}

/// A gateway; dropped, its port refuses.
pub(crate) struct Gateway {
    port: u16,
    inner: Arc<Inner>,
}

type Script = dyn Fn(usize, &Got) -> Answer + Send + Sync;

struct Inner {
    script: Box<Script>,
    got: Mutex<Vec<Got>>,
    open: AtomicUsize,
    peak: AtomicUsize,
    is_over: AtomicBool,
}

/// A port that refuses.
pub(crate) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something is so; twenty seconds are for ever.
pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let wait = async {
        while !done() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(timeout(Duration::from_secs(20), wait).await.is_ok(), "it never came to that: {what}");
}

impl Gateway {
    /// On a free port; `script` is told the number of the connection, from 0, and what it asked.
    pub(crate) fn start(script: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_at(0, script)
    }

    pub(crate) fn start_at(
        port: u16,
        script: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static,
    ) -> Self {
        // One that was there a moment ago may not be gone yet.
        let listener = (0..200).find_map(|_| {
            let bound = TcpListener::bind(("127.0.0.1", port)).ok();
            bound.or_else(|| {
                thread::sleep(Duration::from_millis(10));
                None
            })
        });
        let listener = listener.unwrap();
        let inner = Arc::new(Inner {
            script: Box::new(script),
            got: Mutex::default(),
            open: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(SeqCst) {
                    break;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(stream.unwrap()));
            }
        });
        Gateway { port, inner }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/otp", self.port)
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.inner.got.lock().unwrap().clone()
    }

    pub(crate) fn peak(&self) -> usize {
        self.inner.peak.load(SeqCst)
    }

    /// What came in, once that is so many requests.
    pub(crate) async fn until(&self, count: usize) -> Vec<Got> {
        until("requests", || self.got().len() >= count).await;
        self.got()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.inner.is_over.store(true, SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Inner {
    fn serve(&self, mut stream: TcpStream) {
        let Some(got) = request(&mut stream) else { return };
        self.peak.fetch_max(self.open.fetch_add(1, SeqCst) + 1, SeqCst);
        let number = {
            let mut all = self.got.lock().unwrap();
            all.push(got.clone());
            all.len() - 1
        };
        match (self.script)(number, &got) {
            Answer::Say(text) => {
                self.open.fetch_sub(1, SeqCst);
                let _ = stream.write_all(text.as_bytes());
                let _ = stream.read(&mut [0; 1]);
            }
            Answer::End(text) => {
                self.open.fetch_sub(1, SeqCst);
                let _ = stream.write_all(text.as_bytes());
                let _ = stream.shutdown(Shutdown::Both);
            }
            Answer::Held(flag) => {
                while !flag.load(SeqCst) {
                    thread::sleep(Duration::from_millis(1));
                }
                self.open.fetch_sub(1, SeqCst);
                let _ = stream.write_all(OK.as_bytes());
            }
            Answer::Hang => {
                let _ = stream.read(&mut [0; 1]);
            }
        }
    }
}

fn request(stream: &mut TcpStream) -> Option<Got> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend(&part[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        // A redirect that was followed would come without a body.
        let length = headers.get("content-length").map_or("0", |length| length.to_str().unwrap());
        let length: usize = length.parse().unwrap();
        if let Some(body) = bytes.get(end + 4..end + 4 + length) {
            let body = String::from_utf8(body.to_vec()).unwrap();
            return Some(Got { head: head.lines().next().unwrap().to_owned(), headers, body });
        }
    }
}
