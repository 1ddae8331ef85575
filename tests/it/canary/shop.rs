//! The real service with logs at the most verbose level, and a shell beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pricewright::server::wire;
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::outbox::gateway::{Answer, Gateway, OK};

/// How often the log is looked at for the line that says where the service listens.
const LOOK: Duration = Duration::from_millis(20);
/// A start that takes longer hangs.
const LOOKS_MAX: u32 = 3_000;

/// Folders `rules`, `data` and `desk`, the file `log.txt`, and the service.
pub(super) struct Shop {
    home: TempDir,
    gateway: Gateway,
    is_down: Arc<AtomicBool>,
    child: Option<Child>,
    address: String,
}

/// What a command came to.
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
}

impl Shop {
    pub(super) async fn open(rules: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        for folder in ["rules", "desk"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        fs::write(home.path().join("rules/rules.yaml"), rules).unwrap();
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let gateway = Gateway::start(move |_, _| {
            let bad = "HTTP/1.1 500 Internal Server Error\r\n\r\n";
            Answer::Say(if down.load(Ordering::SeqCst) { bad } else { OK }.to_owned())
        });
        let mut shop = Shop { home, gateway, is_down, child: None, address: String::new() };
        shop.start().await;
        shop
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts the service and waits until its rules are live. Both of its streams go to one file.
    pub(super) async fn start(&mut self) {
        let path = self.home().join("log.txt");
        let before = fs::metadata(&path).map_or(0, |file| file.len());
        let log = || -> File { OpenOptions::new().create(true).append(true).open(&path).unwrap() };
        let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "trace"]);
        // A disk that others keep busy makes a call slow, and that is no fault.
        command.args(["--request-timeout-ms", "300000"]);
        command.env("PRICEWRIGHT_OTP_WEBHOOK", self.gateway.url());
        command.env("PRICEWRIGHT_OTP_WEBHOOK_SECRET", self.home().join("desk/webhook"));
        command.current_dir(self.home()).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        self.child = Some(command.stdout(log()).stderr(log()).stdin(Stdio::null()).spawn().unwrap());
        self.address = String::new();
        for _ in 0..LOOKS_MAX {
            let text = fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&text[usize::try_from(before).unwrap()..]).into_owned();
            if let Some(address) = text.lines().find_map(listens) {
                self.address = address;
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        assert!(!self.address.is_empty(), "the service does not start");
        let mut rulebooks = wire::rulebook_service_client::RulebookServiceClient::new(self.channel());
        let mut changes = rulebooks.watch(wire::WatchRequest::default()).await.unwrap().into_inner();
        assert!(changes.message().await.unwrap().is_some());
    }

    /// A stop in good order.
    pub(super) fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(child.wait().unwrap().success());
    }

    pub(super) fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address)).unwrap().connect_lazy()
    }

    /// What the phone shows of a call.
    pub(super) fn shown(&self, request: &str) -> String {
        let id = format!("otp_{request}");
        let got = self.gateway.got().into_iter().find(|got| got.id() == id).unwrap();
        got.data()["password"].as_str().unwrap().to_owned()
    }

    /// From now on the gateway takes nothing.
    pub(super) fn gateway_fails(&self) {
        self.is_down.store(true, Ordering::SeqCst);
    }

    /// What signs for the gateway.
    pub(super) fn webhook_secret(&self) -> String {
        let file = fs::read_to_string(self.home().join("desk/webhook")).unwrap();
        let secret = file.lines().find_map(|line| line.trim().strip_prefix("whsec_"));
        secret.unwrap().to_owned()
    }

    /// Runs `pricewright` beside the service.
    pub(super) fn run(&self, args: &[&str], input: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
        command.current_dir(self.home()).args(args).env("LC_ALL", "C").env("RUST_LOG", "trace");
        command.env("PRICEWRIGHT_SERVER", format!("http://{}", self.address));
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().unwrap();
        // A command that reads nothing may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran { code: output.status.code().unwrap_or(-1), out: output.stdout, err: output.stderr }
    }

    /// What the port says to somebody who asks it for figures over HTTP, where others have them.
    pub(super) fn metrics(&self) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }
}

/// A test that fails leaves no process behind.
impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The address in the line that says that it listens.
fn listens(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    (line["message"] == "pricewright listens").then(|| line["listen"].as_str().unwrap().to_owned())
}
