//! The gateway is down, slow, at fault, or answers twice: every password is sent or reported, and the tills are told at once that it is late.
//!
//! `OUTAGE_SECONDS=600 cargo test --release --test it certificates::outage -- --nocapture` for an outage that outlives passwords.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pricewright::server::clock;
use pricewright::server::config::Options;
use pricewright::server::wire;
use pricewright::server::wire::request_otp_request::Purpose;
use pricewright::server::wire::request_otp_response::Delivery;

use super::shop::{Held, Shop};
use crate::outbox::gateway::{Answer, Gateway, Got, OK};

/// The longest that a till waits to be told that a password is late.
const TOLD: Duration = Duration::from_millis(1_500);
/// And once it is known that the gateway fails.
const TOLD_AT_ONCE: Duration = Duration::from_millis(300);
/// Passwords asked for in an outage, and seconds between two of them in a long one.
const ASKED: usize = 6;
const PAUSE: u64 = 30;

fn ok(_: usize, _: &Got) -> Answer {
    Answer::Say(OK.to_owned())
}

/// How the gateway fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Down,
    Slow,
    Error,
    Twice,
}

fn failing(fault: Fault) -> impl Fn(usize, &Got) -> Answer + Send + Sync + 'static {
    move |_, _| match fault {
        Fault::Slow => Answer::Hang,
        Fault::Error => {
            Answer::Say("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n".to_owned())
        }
        Fault::Twice => Answer::Say(OK.repeat(2)),
        // Nobody is at its port.
        Fault::Down => Answer::End(String::new()),
    }
}

fn port(gateway: &Gateway) -> u16 {
    let url = gateway.url();
    url.trim_start_matches("http://127.0.0.1:").split('/').next().unwrap().parse().unwrap()
}

/// Asks for a password to look with; the call, how far it is, and how long that took.
async fn ask(shop: &Shop, held: &Held) -> (String, Delivery, Duration) {
    let began = clock::steady();
    let (request, told) = shop.ask(held, Purpose::Look(wire::LookPurpose {})).await.unwrap();
    (request, told.delivery(), began.elapsed())
}

/// What has become of calls: on a phone, or on the list of those that were not delivered.
async fn ended(shop: &Shop, before: &[Got], asked: &[String]) -> (BTreeSet<String>, BTreeSet<String>) {
    let page_size = 10_000;
    loop {
        let list = shop.desk.clone().list_undelivered(wire::ListUndeliveredRequest { page_size }).await;
        let lost: BTreeSet<String> =
            list.unwrap().into_inner().otps.into_iter().map(|one| one.request_id).collect();
        let mut shown: BTreeMap<String, String> = BTreeMap::new();
        for got in before.iter().chain(&shop.gateway.got()) {
            let id = got.id().trim_start_matches("otp_").to_owned();
            let password = got.data()["password"].as_str().unwrap().to_owned();
            let first = shown.entry(id).or_insert_with(|| password.clone());
            assert_eq!(*first, password, "two passwords of one call");
        }
        let shown: BTreeSet<String> = shown.into_keys().collect();
        if asked.iter().all(|call| shown.contains(call) || lost.contains(call)) {
            return (shown, lost);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An outage of so many seconds.
async fn suffer(fault: Fault, seconds: u64) {
    let count = ASKED.max(usize::try_from(seconds / PAUSE).unwrap());
    let mut shop = Shop::open(Options::default()).await;
    let mut all = Vec::new();
    for _ in 0..=count {
        all.push(shop.certificate(1_000).await);
    }
    let port = port(&shop.gateway);
    let spare = Gateway::start(ok);
    drop(std::mem::replace(&mut shop.gateway, spare));
    let bad = (fault != Fault::Down).then(|| Gateway::start_at(port, failing(fault)));
    let (began, mut asked, mut longest) = (clock::steady(), Vec::new(), Duration::ZERO);
    for (place, held) in all[..count].iter().enumerate() {
        let (request, delivery, took) = ask(&shop, held).await;
        let expected = if fault == Fault::Twice { Delivery::Sent } else { Delivery::Late };
        assert_eq!(delivery, expected, "{fault:?}");
        // That a gateway is slow is known once an attempt has taken its time; that it is down, at once.
        let most = if place == 0 || fault == Fault::Slow { TOLD } else { TOLD_AT_ONCE };
        assert!(took < most, "{fault:?}: told after {took:?}");
        longest = longest.max(took);
        asked.push(request);
        let next =
            Duration::from_secs(seconds) * u32::try_from(place + 1).unwrap() / u32::try_from(count).unwrap();
        tokio::time::sleep(next.saturating_sub(began.elapsed())).await;
    }
    // What a gateway had that took no message counts for nothing.
    let before = bad.as_ref().filter(|_| fault == Fault::Twice).map(Gateway::got).unwrap_or_default();
    drop(bad);
    shop.gateway = Gateway::start_at(port, ok);
    asked.push(ask(&shop, &all[count]).await.0);
    let (shown, lost) = ended(&shop, &before, &asked).await;
    let own = |set: &BTreeSet<String>| asked.iter().filter(|call| set.contains(*call)).count();
    assert!(shown.is_disjoint(&lost), "sent and reported as not sent: {fault:?}");
    println!(
        "{fault:?} for {seconds} s: {} passwords asked for, told within {longest:?}; {} on their phones, {} reported, none lost",
        asked.len(),
        own(&shown),
        own(&lost)
    );
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_password_is_sent_or_reported_when_the_gateway_is_down() {
    suffer(Fault::Down, std::env::var("OUTAGE_SECONDS").map_or(2, |text| text.parse().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_password_is_sent_or_reported_when_the_gateway_is_slow() {
    suffer(Fault::Slow, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_password_is_sent_or_reported_when_the_gateway_answers_500() {
    suffer(Fault::Error, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_password_is_sent_once_when_the_gateway_answers_twice() {
    suffer(Fault::Twice, 1).await;
}
