//! One-time passwords on their way to a phone, through real sockets and files: sent once where the gateway works, later where it does not,
//! and listed where it never did.

pub(crate) mod gateway;
mod harm;

use std::fs;
use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use gateway::{Answer, Gateway, OK, closed_port, until};
use pricewright::basket::Phone;
use pricewright::lang::Lang;
use pricewright::ledger::{CertificateKey, OtpKey, RequestId};
use pricewright::money::Amount;
use pricewright::server::clock;
use pricewright::server::outbox::{
    Delivery, Error, Message, Opens, Outbox, Pace, Purpose, Secrets, Sender, Undelivered, Webhook,
};
use pricewright::server::secrets::{Pepper, Pin, Stage};
use pricewright::time::Instant;
use tempfile::TempDir;
use tokio::time::timeout;

const PHONE: &str = "+380671234567";
const PASSWORD: &str = "907351";
const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A folder, keys and secrets, which outlive an outbox.
struct Home {
    home: TempDir,
    pepper: Arc<Pepper>,
}

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Secrets::open(&home.path().join("secrets"), Stage::Development).unwrap();
        // What is written over keeps its mode.
        fs::write(home.path().join("secrets"), format!("{NEW}\n{OLD}\n")).unwrap();
        Home { home, pepper: Arc::new(Pepper::random().unwrap()) }
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("data/outbox")
    }

    fn webhook(&self, url: &str, attempt: Duration) -> Sender {
        let secrets = Secrets::open(&self.home.path().join("secrets"), Stage::Production).unwrap();
        Sender::Webhook(Webhook::new(url, secrets, attempt))
    }

    fn open(&self, sender: Sender, is_kept: &dyn Fn(RequestId) -> bool, pace: Pace) -> Outbox {
        let is_kept = |id, _: Option<&Opens>| is_kept(id);
        Outbox::at_pace(Some(&self.folder()), Arc::clone(&self.pepper), sender, &is_kept, pace).unwrap()
    }

    fn at(&self, url: &str) -> Outbox {
        self.open(self.webhook(url, Webhook::ATTEMPT), &|_| true, pace())
    }

    /// The files of messages.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "otp")).collect()
    }
}

/// As long for the first attempt as in the shop, and no longer between attempts than a test likes.
fn pace() -> Pace {
    Pace { waits: vec![Duration::from_millis(20)], ..Pace::default() }
}

fn id(number: u8) -> RequestId {
    RequestId::from_bytes([number; 16])
}

/// Message `number`, of now, whose password lives for so many seconds.
fn message(number: u8, life: i64) -> Message {
    let now = clock::now();
    Message {
        id: id(number),
        phone: Phone::parse(PHONE, &[]).unwrap(),
        password: Pin::parse(PASSWORD).unwrap(),
        // Each of its own: of two for one certificate the older is dead.
        certificate: if number == 1 { "7K2M".to_owned() } else { format!("{number:04}") },
        purpose: Purpose::Pay {
            amount: Amount::from_minor(35_000),
            currency: "UAH".to_owned(),
            till: "kyiv-01-3".to_owned(),
        },
        opens: Opens {
            certificates: vec![CertificateKey(format!("certificate {number}"))],
            password: OtpKey(format!("password {number}")),
        },
        lang: Lang::Uk,
        created_at: now,
        expires_at: Instant::from_unix(now.unix() + life).unwrap(),
    }
}

async fn send(outbox: &Outbox, number: u8) -> Delivery {
    outbox.release(outbox.prepare(message(number, 300)).unwrap()).await
}

/// Whether an answer is there without any waiting.
async fn at_once(answer: impl Future<Output = Delivery>) -> Option<Delivery> {
    let mut answer = pin!(answer);
    poll_fn(|context| match answer.as_mut().poll(context) {
        Poll::Ready(delivery) => Poll::Ready(Some(delivery)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// No byte of a file in the folder tells the phone, the password or what the message says.
fn tells_nothing(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in ["671234567", PASSWORD, "пароль", "kyiv-01-3", "35000"] {
            let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{secret} is in {}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_signed_and_leaves_nothing() {
    let gateway = Gateway::start(|_, _| Answer::Say(OK.to_owned()));
    let home = Home::new();
    let outbox = home.at(&gateway.url());
    assert!(outbox.can_send());
    let prepared = outbox.prepare(message(1, 300)).unwrap();
    assert_eq!((home.files().len(), outbox.delivery(id(1))), (1, Delivery::Late));
    tells_nothing(&home.folder());
    assert!(gateway.got().is_empty(), "it was sent before the ledger had it");
    assert_eq!(outbox.release(prepared).await, Delivery::Sent);
    assert_eq!(outbox.delivery(id(1)), Delivery::Sent);
    outbox.closed().await;
    assert!(home.files().is_empty() && outbox.undelivered().is_empty());

    let [got] = gateway.got().try_into().ok().unwrap();
    assert_eq!(got.head, "POST /otp HTTP/1.1");
    assert_eq!(
        (got.id(), &got.headers["content-type"]),
        (&*format!("otp_{}", id(1)), &"application/json".parse().unwrap())
    );
    let stranger = OLD.replace("MfKQ", "MfKR");
    assert!(got.is_signed_with(OLD) && got.is_signed_with(NEW) && !got.is_signed_with(&stranger));
    let data = got.data();
    assert_eq!((&data["phone"], &data["password"]), (&PHONE.into(), &PASSWORD.into()));
    assert!(
        data["text"].as_str().unwrap().starts_with("907351 — пароль для оплати 350,00\u{a0}грн"),
        "{data}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_gateway_is_down_callers_do_not_wait_and_then_each_message_comes_once() {
    let (home, port) = (Home::new(), closed_port());
    let outbox = home.at(&format!("http://127.0.0.1:{port}/otp"));
    assert_eq!(send(&outbox, 1).await, Delivery::Late);
    let second = outbox.prepare(message(2, 300)).unwrap();
    assert_eq!(at_once(outbox.release(second)).await, Some(Delivery::Late));
    let gateway = Gateway::start_at(port, |_, _| Answer::Say(OK.to_owned()));
    outbox.closed().await;
    let mut ids: Vec<String> = gateway.got().iter().map(|got| got.id().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, [format!("otp_{}", id(1)), format!("otp_{}", id(2))]);
    assert_eq!((outbox.delivery(id(1)), outbox.delivery(id(2))), (Delivery::Sent, Delivery::Sent));
    // That the outage is over is known.
    assert_eq!(send(&outbox, 3).await, Delivery::Sent);
    assert!(outbox.undelivered().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_no_2xx_is_tried_again_under_the_same_id() {
    let huge = format!("HTTP/1.1 204 No Content\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    for first in [
        Answer::Say("HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno".to_owned()),
        Answer::Say("HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n".to_owned()),
        Answer::Say("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n".to_owned()),
        Answer::Say("HTTP/1.1 429 Slow\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n".to_owned()),
        Answer::End("HTTP/1.1 307 There\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned()),
        Answer::End("HTTP/1.1 303 There\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned()),
        Answer::End("Готово\r\n\r\n".to_owned()),
        Answer::End("\0".repeat(100_000)),
        Answer::End(String::new()),
        Answer::End("HTTP/1.1 204 No Con".to_owned()),
        Answer::End("HTTP/1.1 999999 ?\r\n\r\n".to_owned()),
        Answer::End(huge),
    ] {
        let first = Mutex::new(Some(first));
        let gateway =
            Gateway::start(move |_, _| first.lock().unwrap().take().unwrap_or(Answer::Say(OK.to_owned())));
        let home = Home::new();
        let outbox = home.at(&gateway.url());
        assert_eq!(send(&outbox, 1).await, Delivery::Late);
        outbox.closed().await;
        let got = gateway.got();
        let asked: Vec<_> = got.iter().map(|got| (got.head.as_str(), got.id().to_owned())).collect();
        assert_eq!(asked, vec![("POST /otp HTTP/1.1", format!("otp_{}", id(1))); 2]);
        assert!(got.iter().all(|got| got.is_signed_with(OLD)));
        assert_eq!((outbox.delivery(id(1)), home.files().len()), (Delivery::Sent, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_ends_when_the_gateway_is_too_slow() {
    let gateway = Gateway::start(|number, _| match number {
        0 => Answer::Hang,
        1 => Answer::Say("HTTP/1.1 2".to_owned()),
        _ => Answer::Say(OK.to_owned()),
    });
    let home = Home::new();
    let outbox = home.open(home.webhook(&gateway.url(), Duration::from_millis(100)), &|_| true, pace());
    assert_eq!(send(&outbox, 1).await, Delivery::Late);
    outbox.closed().await;
    assert_eq!((gateway.got().len(), outbox.delivery(id(1))), (3, Delivery::Sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_waits_for_a_slow_gateway_no_longer_than_it_likes() {
    let flag = Arc::new(AtomicBool::new(false));
    let held = Arc::clone(&flag);
    let gateway = Gateway::start(move |_, _| Answer::Held(Arc::clone(&held)));
    let home = Home::new();
    let quick = Pace { answer: Duration::from_millis(20), ..pace() };
    let outbox = home.open(home.webhook(&gateway.url(), Webhook::ATTEMPT), &|_| true, quick);
    assert_eq!(send(&outbox, 1).await, Delivery::Late);
    flag.store(true, SeqCst);
    outbox.closed().await;
    assert_eq!((gateway.got().len(), outbox.delivery(id(1))), (1, Delivery::Sent), "it was sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_answer_on_one_connection_is_for_nobody() {
    let gateway = Gateway::start(|number, _| match number {
        0 => Answer::Say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".repeat(2)),
        1 => Answer::Say("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_owned()),
        _ => Answer::Say(OK.to_owned()),
    });
    let home = Home::new();
    let outbox = home.at(&gateway.url());
    assert_eq!((send(&outbox, 1).await, send(&outbox, 2).await), (Delivery::Sent, Delivery::Late));
    outbox.closed().await;
    let ids: Vec<String> = gateway.got().iter().map(|got| got.id().to_owned()).collect();
    assert_eq!(ids, [1, 2, 2].map(|number| format!("otp_{}", id(number))));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_that_is_refused_holds_no_other_up() {
    let refused = format!("otp_{}", id(1));
    let gateway = Gateway::start(move |_, got| match got.id() == refused {
        true => Answer::Say("HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n".to_owned()),
        false => Answer::Say(OK.to_owned()),
    });
    let home = Home::new();
    let outbox = home.at(&gateway.url());
    assert_eq!(send(&outbox, 1).await, Delivery::Late);
    for number in 2..6 {
        assert_eq!(send(&outbox, number).await, Delivery::Sent);
    }
    assert_eq!(outbox.delivery(id(1)), Delivery::Late);
    outbox.close();
    outbox.closed().await;
    assert_eq!(home.files().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_are_sent_at_once_and_no_more() {
    let flag = Arc::new(AtomicBool::new(false));
    let held = Arc::clone(&flag);
    let gateway = Gateway::start(move |_, _| Answer::Held(Arc::clone(&held)));
    let home = Home::new();
    let quick = Pace { answer: Duration::ZERO, ..pace() };
    let outbox = home.open(home.webhook(&gateway.url(), Webhook::ATTEMPT), &|_| true, quick);
    for number in 1..=24 {
        assert_eq!(send(&outbox, number).await, Delivery::Late);
    }
    gateway.until(16).await;
    flag.store(true, SeqCst);
    outbox.closed().await;
    assert_eq!((gateway.got().len(), gateway.peak()), (24, 16));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_ends_is_listed_once_and_never_sent_again() {
    let (home, port) = (Home::new(), closed_port());
    let outbox = home.at(&format!("http://127.0.0.1:{port}/otp"));
    // Two, as whole seconds count: of one there may be a thousandth left.
    let prepared = outbox.prepare(message(1, 2)).unwrap();
    assert_eq!(outbox.release(prepared).await, Delivery::Late);
    // One that has ended before it is released is not tried at all.
    let late = outbox.prepare(message(2, 0)).unwrap();
    assert_eq!(outbox.release(late).await, Delivery::Late);
    outbox.closed().await;
    let list = outbox.undelivered();
    let about = |letter: &Undelivered| (letter.id, letter.certificate.clone(), letter.tries > 0);
    assert_eq!(
        list.iter().map(about).collect::<Vec<_>>(),
        [(id(1), "7K2M".to_owned(), true), (id(2), "0002".to_owned(), false)]
    );
    assert!(list[0].why.contains("refused") && list[0].ended_at > list[0].created_at, "{list:?}");
    assert_eq!(
        (outbox.delivery(id(1)), outbox.delivery(id(2))),
        (Delivery::Undelivered, Delivery::Undelivered)
    );
    assert!(home.files().is_empty());
    tells_nothing(&home.folder());
    let gateway = Gateway::start_at(port, |_, _| Answer::Say(OK.to_owned()));
    for _ in 0..2 {
        let again = home.at(&gateway.url());
        again.closed().await;
        assert_eq!(again.undelivered(), list);
    }
    assert!(gateway.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stop_the_ledger_says_which_messages_go_on() {
    let (home, port) = (Home::new(), closed_port());
    let outbox = home.at(&format!("http://127.0.0.1:{port}/otp"));
    assert_eq!(send(&outbox, 1).await, Delivery::Late);
    // The power goes between the file and the fact of the ledger.
    std::mem::forget(outbox.prepare(message(2, 300)).unwrap());
    outbox.close();
    outbox.closed().await;
    // What is released now stays for the next start.
    assert_eq!(send(&outbox, 3).await, Delivery::Late);
    let ended = outbox.prepare(message(4, 0)).unwrap();
    drop(outbox.release(ended));
    assert_eq!(home.files().len(), 4);

    let gateway = Gateway::start_at(port, |_, _| Answer::Say(OK.to_owned()));
    let sender = home.webhook(&gateway.url(), Webhook::ATTEMPT);
    let again = home.open(sender, &|asked| asked != id(2), pace());
    again.closed().await;
    let mut ids: Vec<String> = gateway.got().iter().map(|got| got.id().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, [1, 3].map(|number| format!("otp_{}", id(number))));
    assert!(gateway.got().iter().all(|got| got.data()["password"] == PASSWORD));
    assert!(home.files().is_empty());
    let list = again.undelivered();
    assert!(list.len() == 1 && list[0].id == id(4) && list[0].tries == 0, "{list:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_call_came_to_nothing_is_withdrawn() {
    let gateway = Gateway::start(|_, _| Answer::Say(OK.to_owned()));
    let home = Home::new();
    let outbox = home.at(&gateway.url());
    let prepared = outbox.prepare(message(1, 300)).unwrap();
    assert!(matches!(outbox.prepare(message(1, 300)), Err(Error::Twice(twice)) if twice == id(1)));
    assert_eq!(home.files().len(), 1);
    outbox.withdraw(prepared);
    assert!(home.files().is_empty() && gateway.got().is_empty());
    // The caller asks again. That it does not wait for the answer changes nothing.
    let prepared = outbox.prepare(message(1, 300)).unwrap();
    drop(outbox.release(prepared));
    gateway.until(1).await;
    outbox.closed().await;
    assert_eq!((gateway.got().len(), home.files().len()), (1, 0));
    // Where nothing can be written nothing is promised.
    fs::remove_dir_all(home.folder()).unwrap();
    assert!(matches!(outbox.prepare(message(2, 300)), Err(Error::Disk { action: "write", .. })));
    assert_eq!(outbox.delivery(id(2)), Delivery::Sent, "it is still known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_a_newer_one_has_replaced_goes_nowhere() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let gateway = Gateway::start(move |_, _| {
        let down = "HTTP/1.1 503 Service Unavailable\r\n\r\n";
        Answer::Say(if up.load(SeqCst) { OK } else { down }.to_owned())
    });
    let home = Home::new();
    let outbox = home.at(&gateway.url());
    let of_one = |number| Message { certificate: "7K2M".to_owned(), ..message(number, 300) };
    for number in 1..=2 {
        assert_eq!(outbox.release(outbox.prepare(of_one(number)).unwrap()).await, Delivery::Late);
    }
    until("the older one is given up", || outbox.delivery(id(1)) == Delivery::Undelivered).await;
    is_up.store(true, SeqCst);
    until("the newer one is there", || outbox.delivery(id(2)) == Delivery::Sent).await;
    // One that was asked for before, and comes to its turn when the newer one has arrived.
    let before = Instant::from_unix(clock::now().unix() - 60).unwrap();
    let old = Message { created_at: before, ..of_one(3) };
    outbox.release(outbox.prepare(old).unwrap()).await;
    outbox.closed().await;
    let list = outbox.undelivered();
    assert_eq!(list.iter().map(|letter| letter.id).collect::<Vec<_>>(), [id(3), id(1)]);
    assert!(list.iter().all(|letter| letter.why == "a newer password took its place"), "{list:?}");
    assert_eq!(gateway.got().last().unwrap().id(), format!("otp_{}", id(2)));
    assert_eq!((outbox.delivery(id(2)), home.files().len()), (Delivery::Sent, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn close_does_not_wait_for_a_slow_gateway() {
    let gateway = Gateway::start(|_, _| Answer::Hang);
    let home = Home::new();
    let quick = Pace { answer: Duration::ZERO, ..pace() };
    let outbox = home.open(home.webhook(&gateway.url(), Duration::from_secs(60)), &|_| true, quick);
    for number in 1..=20 {
        send(&outbox, number).await;
    }
    gateway.until(16).await;
    outbox.close();
    assert!(timeout(Duration::from_secs(20), outbox.closed()).await.is_ok(), "it waits for the gateway");
    assert_eq!((home.files().len(), outbox.delivery(id(20))), (20, Delivery::Late));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_nothing_is_on_disk_and_all_else_is_the_same() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/otp", listener.local_addr().unwrap());
    let greeting = thread::spawn(move || {
        let mut first = [0];
        listener.accept().unwrap().0.read_exact(&mut first).unwrap();
        first[0]
    });
    let sender = home.webhook(&url, Webhook::ATTEMPT);
    let outbox = Outbox::at_pace(None, Arc::clone(&home.pepper), sender, &|_, _| true, pace()).unwrap();
    let ended = outbox.prepare(message(2, 0)).unwrap();
    assert_eq!(outbox.release(ended).await, Delivery::Undelivered);
    // Two, as whole seconds count: of one there may be a thousandth left.
    let prepared = outbox.prepare(message(1, 2)).unwrap();
    outbox.release(prepared).await;
    outbox.closed().await;
    assert_eq!((outbox.delivery(id(1)), outbox.undelivered().len()), (Delivery::Undelivered, 2));
    assert_eq!(greeting.join().unwrap(), 0x16, "that is not how TLS begins");
    assert!(!home.folder().exists());
    let shown = format!("{outbox:?} {:?} {:?}", message(1, 1), outbox.undelivered());
    for hidden in ["671234567", PASSWORD, "MfKQ", "AAEC", "127.0.0.1"] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
}

/// A terminal that can be read.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_reads_it_on_the_terminal_and_without_a_way_it_is_late() {
    let home = Home::new();
    let screen = Screen::default();
    let outbox = home.open(Sender::Terminal(Mutex::new(Box::new(screen.clone()))), &|_| true, pace());
    assert!(outbox.can_send());
    assert_eq!(send(&outbox, 1).await, Delivery::Sent);
    let shown = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
    assert!(shown.contains(PHONE) && shown.contains("907351 — пароль"), "{shown}");
    let none = home.open(Sender::None, &|_| true, pace());
    assert!(!none.can_send());
    assert_eq!(send(&none, 2).await, Delivery::Late);
    none.close();
    none.closed().await;
}

/// The example of the manual, as its reader would try it.
#[test]
fn the_signature_in_the_manual_is_that_of_its_body() {
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/passwords.md")).unwrap();
    let after = |text: &str| manual.split_once(text).unwrap().1.to_owned();
    let header = |name: &str| after(&format!("\n{name}: ")).lines().next().unwrap().to_owned();
    let json = after("```json\n");
    let body: String = json.split("```").next().unwrap().lines().map(str::trim).collect();
    let body = body.replace("\": ", "\":");
    let signer = standardwebhooks::Webhook::new(NEW).unwrap();
    let timestamp = header("webhook-timestamp").parse().unwrap();
    let signature = signer.sign(&header("webhook-id"), timestamp, body.as_bytes()).unwrap();
    assert_eq!(header("webhook-signature"), signature);
    assert!(manual.contains(NEW));
}
