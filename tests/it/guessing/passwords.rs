//! Guesses at passwords of certificates, by thieves who know more or less: the number, the phone, the purchase that the till has begun.
//!
//! `OTP_GUESSES=1000000 cargo test --release --test it guessing::passwords -- --nocapture` for many.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use pricewright::ledger::code::CertificateNumber;
use pricewright::ledger::codes::OTP_FAILURES_MAX;
use pricewright::ledger::{Account, AttemptKey};
use pricewright::server::config::Options;
use pricewright::server::ledger;
use pricewright::server::wire::certificate_service_client::CertificateServiceClient;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::wire::request_otp_request::Purpose;
use pricewright::server::wire::{self, PaymentPurpose};
use tonic::transport::{Channel, Endpoint};

use super::Dice;
use crate::certificates::shop::{Held, Shop, TILL, gift, goods, id, pay, phone, reason, reserve};

/// Addresses from which is guessed: 127.0.0.10 and on. Each may be wrong 5,000 times a day.
const CALLERS: u8 = 208;
/// Thieves at once.
const THIEVES: u64 = 64;
/// How often the service is started anew.
const ROUNDS: u32 = 4;
/// Certificates of one sale.
const PIECES: u32 = 50;
const WORTH: i64 = 10_000;

/// What came of the guesses.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    guesses: u64,
    hits: u64,
    /// Refused because too many had failed.
    locked: u64,
}

/// Certificates, each of a phone of its own.
async fn sold(shop: &Shop, count: u32) -> Vec<Held> {
    let mut all = Vec::new();
    while all.len() < usize::try_from(count).unwrap() {
        let sale = shop.reserve(reserve(vec![gift(WORTH, PIECES)])).await.unwrap();
        let sale = shop.commit(&sale).await.unwrap();
        for _ in 0..PIECES {
            all.push(shop.issue(&sale, &phone()).await.unwrap());
        }
    }
    all
}

/// What the owner's till and the thief say alike.
fn payment(purchase: &str) -> PaymentPurpose {
    PaymentPurpose { purchase_id: purchase.to_owned(), till_id: TILL.to_owned(), amount: WORTH }
}

struct Thief {
    dice: Dice,
    till: RedemptionServiceClient<Channel>,
    desk: CertificateServiceClient<Channel>,
    all: Arc<Vec<Held>>,
    purchase: String,
}

impl Thief {
    async fn new(shop: &Shop, number: u64, all: &Arc<Vec<Held>>, purchase: &str) -> Self {
        let caller = u8::try_from(number % u64::from(CALLERS)).unwrap();
        let endpoint = Endpoint::from_shared(format!("http://{}", shop.running.server.local_addr())).unwrap();
        let endpoint = endpoint.local_address(Some(IpAddr::from([127, 0, 0, 10 + caller])));
        let channel = endpoint.connect().await.unwrap();
        Thief {
            dice: Dice(88_172_645_463_325_252 ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            till: RedemptionServiceClient::new(channel.clone()),
            desk: CertificateServiceClient::new(channel),
            all: Arc::clone(all),
            purchase: purchase.to_owned(),
        }
    }

    async fn guess(&mut self, seen: &mut Seen) {
        let place = usize::try_from(self.dice.below(u64::try_from(self.all.len()).unwrap())).unwrap();
        let mut held = self.all[place].clone();
        let digits = format!("{:06}", self.dice.below(1_000_000));
        seen.guesses += 1;
        let purchase = match self.dice.below(20) {
            // Who knows number and phone has a password sent to its owner, and does not see it.
            0 => return self.ask(&held, seen).await,
            // Who knows the number alone tries phones.
            1 | 2 => {
                held.phone = format!("+38067{:07}", self.dice.below(10_000_000));
                return self.ask(&held, seen).await;
            }
            3 | 4 => {
                let entropy: [u8; 10] = std::array::from_fn(|_| u8::try_from(self.dice.below(256)).unwrap());
                held.number = CertificateNumber::from_entropy(entropy).grouped();
                self.purchase.clone()
            }
            5..=7 => id(),
            _ => self.purchase.clone(),
        };
        match self.till.reserve(pay(vec![goods("SOAP", 5_000)], &purchase, &[(&held, &digits)])).await {
            Ok(_) => seen.hits += 1,
            Err(status) => match reason(&status).as_str() {
                "CERTIFICATE_REFUSED" => {}
                "OTP_LOCKED" => seen.locked += 1,
                other => panic!("{other}: {status:?}"),
            },
        }
    }

    async fn ask(&mut self, held: &Held, seen: &mut Seen) {
        let asked = wire::RequestOtpRequest {
            request_id: id(),
            number: held.number.clone(),
            phone: held.phone.clone(),
            purpose: Some(Purpose::Payment(payment(&self.purchase))),
            validate_only: false,
        };
        match self.desk.request_otp(asked).await {
            Ok(_) => {}
            Err(status) => match reason(&status).as_str() {
                "CERTIFICATE_REFUSED" | "OTP_TOO_SOON" | "CERTIFICATE_EMPTY" => {}
                "OTP_LOCKED" => seen.locked += 1,
                other => panic!("{other}: {status:?}"),
            },
        }
    }
}

/// All thieves guess at once.
async fn guess(shop: &Shop, all: &Arc<Vec<Held>>, purchase: &str, guesses: u64, round: u32) -> Seen {
    let mut tasks = Vec::new();
    for number in 0..THIEVES {
        let mut thief = Thief::new(shop, number + THIEVES * u64::from(round), all, purchase).await;
        tasks.push(tokio::spawn(async move {
            let mut seen = Seen::default();
            for _ in 0..guesses / THIEVES {
                thief.guess(&mut seen).await;
            }
            seen
        }));
    }
    let mut sum = Seen::default();
    for task in tasks {
        let seen = task.await.unwrap();
        sum.guesses += seen.guesses;
        sum.hits += seen.hits;
        sum.locked += seen.locked;
    }
    sum
}

/// How many wrong passwords the ledger has counted: in all, and the most of one certificate.
fn counted(shop: &crate::running::Folders) -> (u32, u32) {
    let ledger = ledger::Ledger::open(&ledger::Options::Embedded(shop.data().join("ledger"))).unwrap();
    let (mut all, mut most) = (0, 0);
    let mut look = |name: &[u8], account: &Account| {
        if let Account::Attempts(attempts) = account {
            match serde_json::from_slice(&name[1..]).unwrap() {
                AttemptKey::OtpAll => all = attempts.count,
                AttemptKey::Otp(_) => most = most.max(attempts.count),
                _ => {}
            }
        }
    };
    ledger.index().each(&mut look).unwrap();
    (all, most)
}

/// The moments at which each phone was sent something, and what the gateway was sent in all.
fn sent(shop: &Shop) -> BTreeMap<String, Vec<i64>> {
    let mut phones: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut ids = std::collections::BTreeSet::new();
    for got in shop.gateway.got() {
        if ids.insert(got.id().to_owned()) {
            let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
            let at: jiff::Timestamp = body["timestamp"].as_str().unwrap().parse().unwrap();
            phones.entry(got.data()["phone"].as_str().unwrap().to_owned()).or_default().push(at.as_second());
        }
    }
    phones.values_mut().for_each(|moments| moments.sort_unstable());
    phones
}

/// Each try at a living password hits with a chance of one in a million, and there are three tries a password, ten a certificate and day: with
/// 1,000 certificates and some 9,000 such tries one run in a hundred sees a hit, and one in twenty thousand sees two.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_passwords_hit_no_more_than_arithmetic_allows() {
    let _noise = crate::running::NOISE.read().await;
    let guesses: u64 = std::env::var("OTP_GUESSES").map_or(2_000, |text| text.parse().unwrap());
    let options = || Options { otp_per_hour: Some(1_000_000), ..Options::default() };
    let mut shop = Shop::open(options()).await;
    let count = u32::try_from(guesses / 1_000).unwrap().max(PIECES);
    let all = Arc::new(sold(&shop, count).await);
    let mut sum = Seen::default();
    for round in 0..ROUNDS {
        let purchase = id();
        for held in all.iter() {
            // One that was sent a password in the minute before keeps that, for the purchase of the round before.
            let _ = shop.ask(held, Purpose::Payment(payment(&purchase))).await;
        }
        let seen = guess(&shop, &all, &purchase, guesses / u64::from(ROUNDS), round).await;
        sum.guesses += seen.guesses;
        sum.hits += seen.hits;
        sum.locked += seen.locked;
        shop = shop.restarted(options()).await;
    }
    let phones = sent(&shop);
    shop.running.server.shutdown().await.unwrap();
    let (tries, most) = counted(&shop.folders);
    let messages: usize = phones.values().map(Vec::len).sum();
    println!(
        "{} guesses from {CALLERS} addresses at {} certificates, {ROUNDS} restarts between: {tries} at a living password, at most {most} a \
         certificate, {} turned away unseen, {} hits where {tries} in a million are expected; {messages} passwords sent, at most {} to a phone",
        sum.guesses,
        all.len(),
        sum.locked,
        sum.hits,
        phones.values().map(Vec::len).max().unwrap_or_default(),
    );
    assert!(sum.hits <= 1, "{sum:?}");
    assert!(tries > 0 && most <= OTP_FAILURES_MAX);
    for (phone, moments) in phones {
        assert!(moments.windows(2).all(|pair| pair[1] - pair[0] >= 60), "{phone}: {moments:?}");
        assert!(moments.windows(4).all(|four| four[3] - four[0] >= 3_600), "{phone}: {moments:?}");
    }
}
