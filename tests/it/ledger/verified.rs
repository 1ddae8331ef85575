//! The books of certificates, as `pricewright ledger verify` tells them: right, and wrong.

use std::path::Path;
use std::process::{Command as Process, Output, Stdio};

use pricewright::ledger::{Content, Event, Fact, Payment, PhoneKey, RequestId, SaleId};
use pricewright::money::Amount;
use pricewright::server::journal::{Pour, SEGMENT_BYTES};
use pricewright::server::ledger::encode;
use pricewright::time::Instant;
use serde_json::{Value, json};

use super::certificates::{basket, certificate};

/// A journal with these facts, one a record, and nothing beside it.
fn lay(data: &Path, events: Vec<Event>) {
    let mut pour = Pour::begin(&data.join("ledger/journal"), SEGMENT_BYTES).unwrap();
    for (number, event) in (1..).zip(events) {
        let call = Some((request(number), Content("said".to_owned())));
        let mut bytes = b"[".to_vec();
        encode::fact(&Fact { at: instant(1_000), call, event }, &mut bytes);
        bytes.push(b']');
        pour.append(&bytes).unwrap();
    }
    pour.finish().unwrap();
}

fn instant(second: i64) -> Instant {
    Instant::from_unix(second).unwrap()
}

fn request(number: u8) -> RequestId {
    RequestId::from_bytes([number; 16])
}

fn sale(number: u8) -> SaleId {
    request(number).sale()
}

fn reserved(number: u8, payments: &[(&str, u8, i64)]) -> Event {
    let mut purchase = basket(400_000, (1, 300_000));
    purchase.payments = payments
        .iter()
        .map(|&(name, id, amount)| Payment {
            certificate: certificate(name),
            id: request(id),
            last_four: "0000".to_owned(),
            amount: Amount::from_minor(amount),
            left: Amount::ZERO,
        })
        .collect();
    let (purchase, takes) = (Box::new(purchase), Vec::new());
    Event::Reserved { sale: sale(number), expires_at: instant(90_000), purchase, takes }
}

fn committed(number: u8) -> Event {
    Event::Committed { sale: sale(number), part: None, takes: Vec::new() }
}

fn issued(name: &str, of: u8) -> Event {
    Event::CertificateIssued {
        id: request(of + 2),
        certificate: certificate(name),
        last_four: "0000".to_owned(),
        sale: sale(of),
        line: "c".to_owned(),
        phone: PhoneKey("phone".to_owned()),
        currency: "UAH".to_owned(),
        amount: Amount::from_minor(300_000),
        expires_at: instant(900_000),
    }
}

fn verify(data: &Path, args: &[&str]) -> Output {
    Process::new(env!("CARGO_BIN_EXE_pricewright"))
        .args(["ledger", "verify", "--data"])
        .arg(data)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What is told of a ledger with these facts: the code, the rows, the books and whether all is sound in JSON.
fn told(events: Vec<Event>) -> (Option<i32>, String, Value, Value) {
    let data = tempfile::tempdir().unwrap();
    lay(data.path(), events);
    let ran = verify(data.path(), &[]);
    let text = String::from_utf8(ran.stdout).unwrap().replace('\u{a0}', " ");
    let json = verify(data.path(), &["--json"]);
    assert_eq!(ran.status.code(), json.status.code(), "{text}");
    let mut object: Value = serde_json::from_slice(&json.stdout).unwrap();
    (ran.status.code(), text, object["certificates"].take(), object["ok"].take())
}

#[test]
fn sums_of_certificates_are_told_by_currency() {
    let events = vec![
        reserved(1, &[]),
        committed(1),
        issued("a", 1),
        reserved(4, &[]),
        committed(4),
        issued("b", 4),
        reserved(7, &[("a", 3, 290_000)]),
        committed(7),
        reserved(9, &[("b", 6, 5_000)]),
    ];
    let (code, text, books, ok) = told(events);
    let row = "certificates UAH: 2 issued for 6 000.00 = 3 050.00 to spend + 50.00 held + 2 900.00 spent + 0.00 expired + 0.00 blocked";
    assert!(text.contains(row) && text.contains("sound"), "{text}");
    assert_eq!((code, ok), (Some(0), Value::from(true)), "{text}");
    let sums = json!({
        "currency": "UAH", "certificates": 2, "issued": 600_000, "balance": 305_000, "held": 5_000,
        "spent": 290_000, "expired": 0, "blocked": 0,
    });
    assert_eq!(books, json!({"sums": [sums], "wrong": []}));
}

#[test]
fn a_certificate_that_paid_more_than_it_had_is_found() {
    let events = vec![
        reserved(1, &[]),
        committed(1),
        issued("a", 1),
        reserved(4, &[]),
        committed(4),
        issued("b", 4),
        // The journal is whole: whoever wrote this knew how.
        reserved(7, &[("a", 3, 300_001)]),
    ];
    let (code, text, books, ok) = told(events);
    assert_eq!((code, ok), (Some(1), Value::from(false)), "{text}");
    assert_eq!(books["wrong"], json!([request(3).to_string()]));
    for told in [
        "1 certificate whose accounts do not add up, or are not what the purchases say: 03030303-",
        "the journal is sound, the books of certificates are not",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn a_purchase_that_was_paid_by_a_certificate_that_is_not_there_is_found() {
    let (code, text, books, ok) = told(vec![reserved(1, &[("a", 9, 100)]), committed(1)]);
    assert_eq!((code, ok), (Some(1), Value::from(false)), "{text}");
    assert_eq!(books, json!({"sums": [], "wrong": [request(9).to_string()]}));
}

#[test]
fn what_was_spent_without_a_purchase_is_found() {
    // The purchase names the certificate by the id of another.
    let events = vec![reserved(1, &[]), committed(1), issued("a", 1), reserved(4, &[("a", 8, 100_000)])];
    let (code, text, books, _) = told(events);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(books["wrong"], json!([request(3).to_string(), request(8).to_string()]));
}
