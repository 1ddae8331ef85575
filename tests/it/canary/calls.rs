//! What was heard: every answer and every error, as bytes and as text.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use pricewright::server::wire;
use prost::Message;
use tonic::{Code, Response, Status};

use super::planted;
use super::shop::Ran;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An id that no other call has.
pub(super) fn id() -> String {
    format!("0197c5a4-0002-7cc2-8f3a-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// By what it answers to.
#[derive(Default)]
pub(super) struct Heard(pub(super) Vec<(String, Vec<u8>)>);

impl Heard {
    pub(super) fn add(&mut self, what: &str, bytes: Vec<u8>) {
        self.0.push((what.to_owned(), bytes));
    }

    /// An answer that may show nothing.
    pub(super) fn message<T: Message + Debug>(&mut self, what: &str, message: &T) {
        self.add(what, message.encode_to_vec());
        self.add(what, format!("{message:?}").into_bytes());
    }

    /// A call that must succeed, and whose answer may show nothing.
    pub(super) fn good<T: Message + Debug>(&mut self, what: &str, answer: Result<Response<T>, Status>) -> T {
        let answer = answer.unwrap_or_else(|status| panic!("{what}: {status:?}"));
        self.add(what, format!("{:?}", answer.metadata()).into_bytes());
        let message = answer.into_inner();
        self.message(what, &message);
        message
    }

    /// A call that must fail in that way: its sentence, its details, its headers.
    pub(super) fn bad<T: Debug>(&mut self, what: &str, code: Code, answer: Result<T, Status>) {
        let status = answer.expect_err(what);
        assert_eq!(status.code(), code, "{what}: {status:?}");
        self.status(what, &status);
    }

    pub(super) fn status(&mut self, what: &str, status: &Status) {
        self.add(what, status.message().as_bytes().to_vec());
        self.add(what, status.details().to_vec());
        self.add(what, format!("{status:?} {:?}", status.metadata()).into_bytes());
    }

    /// A quote, which tells each code as it was typed and nothing else of who asks.
    pub(super) fn quote(&mut self, what: &str, quote: wire::Quote) -> wire::Quote {
        let mut shown = quote.clone();
        shown.codes.iter_mut().for_each(|result| result.code.clear());
        self.message(what, &shown);
        quote
    }

    /// A profile, which is told to whoever asks for it, but for the phone.
    pub(super) fn profile(&mut self, what: &str, answer: Result<Response<wire::Profile>, Status>) {
        let profile = answer.unwrap_or_else(|status| panic!("{what}: {status:?}")).into_inner();
        let wire::Profile { phone, update_time, has_phone, .. } = profile;
        self.message(what, &wire::Profile { phone, update_time, has_phone, ..wire::Profile::default() });
    }

    /// What a command has printed.
    pub(super) fn ran(&mut self, what: &str, ran: &Ran) {
        assert!(!String::from_utf8_lossy(&ran.err).contains("panicked"), "{what}");
        self.add(&format!("the output of {what}"), ran.out.clone());
        self.add(&format!("the errors of {what}"), ran.err.clone());
    }
}

/// A text with a secret in it that is longer than any may be.
pub(super) fn long(text: &str) -> String {
    text.repeat(300 / text.len() + 1)
}

pub(super) fn line(id: &str, sku: &str, quantity: u32) -> wire::Line {
    let (id, sku) = (id.to_owned(), sku.to_owned());
    wire::Line { id, sku, quantity, unit_price: Some(10_000), ..wire::Line::default() }
}

/// A basket with codes, and a PIN with each, of whoever has that phone.
pub(super) fn basket(codes: &[&str], phone: &str, pin: &str) -> wire::QuoteRequest {
    let lines = vec![line("1", "LIP", 2), line("2", "SOAP", 1), line("3", "OIL", 1), line("4", "GEL", 1)];
    let told = |code: &&str| wire::CodePin { code: (*code).to_owned(), pin: pin.to_owned() };
    let customer = wire::Customer { phone: phone.to_owned(), ..wire::Customer::default() };
    wire::QuoteRequest {
        basket: Some(wire::Basket { lines, ..wire::Basket::default() }),
        context: Some(wire::Context {
            codes: codes.iter().map(|code| (*code).to_owned()).collect(),
            code_pins: if pin.is_empty() { Vec::new() } else { codes.iter().map(told).collect() },
            customer: (!phone.is_empty()).then_some(customer),
            store: planted::STORE.to_owned(),
            ..wire::Context::default()
        }),
        explain: true,
    }
}

/// Everything that a caller can say of who buys.
pub(super) fn customer() -> wire::Customer {
    wire::Customer {
        id: planted::CUSTOMER.to_owned(),
        phone: planted::PHONE_TYPED.to_owned(),
        segments: vec![planted::SEGMENT.to_owned()],
        tier: planted::TIER.to_owned(),
        birthday: planted::BIRTHDAY.to_owned(),
        attributes: [(planted::ATTRIBUTE.to_owned(), planted::VALUE.to_owned())].into(),
        ..wire::Customer::default()
    }
}
