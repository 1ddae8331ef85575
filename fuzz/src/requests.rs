//! Requests as bytes of the wire and as JSON: read alike, priced against a fixed rulebook, kept and brought back.

use std::fmt::Debug;
use std::sync::LazyLock;

use pricewright::rulebook::{Rulebook, compile};
use pricewright::server::convert::{Asked, Rules, quote, quote_json, request_from_json};
use pricewright::server::wire;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::noon::noon;
use crate::{folder, money, part_of, purchase};

/// Lines of a basket that is priced in every way there is; a longer one is priced in one.
const LINES_EVERY_WAY_MAX: usize = 8;

/// Lines of a basket that is explained: for that each promotion is tried once more.
const LINES_EXPLAINED_MAX: usize = 3;

/// A rulebook with a promotion of every kind, compiled once.
static RULEBOOK: LazyLock<(Rulebook, String)> = LazyLock::new(|| {
    let compiled = compile(&folder::of(include_bytes!("../rulebook/fixed.txt")));
    let rulebook = compiled.rulebook.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let digest = rulebook.digest().to_string();
    (rulebook, digest)
});

/// What begins with a brace is a quote's JSON. Else the first byte chooses what the rest is. It is always read, and comes back; what is slow
/// is done for a part of the inputs, chosen by their bytes.
pub fn check(input: &[u8]) {
    look(input, Part(Some(part_of(input))));
}

/// Everything at once: seeds and what once failed are few.
pub fn all(input: &[u8]) {
    look(input, Part(None));
}

/// The eighth of all inputs that one is in; none for all at once.
#[derive(Clone, Copy)]
struct Part(Option<u8>);

impl Part {
    /// Whether it is one of so many eighths.
    fn is_in(self, eighths: u8) -> bool {
        self.0.is_none_or(|part| part < eighths)
    }
}

fn look(input: &[u8], part: Part) {
    match input.split_first() {
        None => {}
        Some((b'{', _)) => json(input, part),
        Some((b'0', bytes)) => {
            if let Some(asked) = read::<wire::QuoteRequest>(bytes) {
                priced(asked, part);
            }
        }
        Some((b'1', bytes)) => sale(bytes, part),
        Some((b'2', bytes)) => {
            let text = std::str::from_utf8(bytes).ok();
            if let Some(asked) = text.and_then(|text| serde_json::from_str(text).ok()) {
                same_on_the_wire::<wire::ReserveRequest>(&asked);
                if part.is_in(2) {
                    kept(asked, &wire::RefundRequest::default());
                }
            }
        }
        Some((other, bytes)) => any_other(*other, bytes),
    }
}

fn json(input: &[u8], part: Part) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match request_from_json(text) {
        Ok(asked) => {
            same_on_the_wire(&asked);
            priced(asked, part);
        }
        Err(error) => {
            let lines = text.matches('\n').count() + 1;
            assert!(!error.path.is_empty() && !error.message.is_empty(), "{error:?}");
            assert!((1..=lines).contains(&error.line), "{error:?} of {lines} lines");
        }
    }
}

/// A reservation with its length in front, and what is brought back of it.
fn sale(mut bytes: &[u8], part: Part) {
    let Ok(reserve) = wire::ReserveRequest::decode_length_delimited(&mut bytes) else { return };
    same_on_the_wire(&reserve);
    let back = wire::RefundRequest::decode(bytes).unwrap_or_default();
    if part.is_in(2) {
        kept(reserve, &back);
    }
}

/// Every other request with more than a few fields.
fn any_other(which: u8, bytes: &[u8]) {
    match which {
        b'a' => drop(read::<wire::CommitRequest>(bytes)),
        b'b' => drop(read::<wire::RefundRequest>(bytes)),
        b'c' => drop(read::<wire::GenerateCodesRequest>(bytes)),
        b'd' => drop(read::<wire::ImportCodesRequest>(bytes)),
        b'e' => drop(read::<wire::IssueCertificateRequest>(bytes)),
        b'f' => drop(read::<wire::RequestOtpRequest>(bytes)),
        b'g' => drop(read::<wire::CheckRequest>(bytes)),
        b'h' => drop(read::<wire::Quote>(bytes)),
        _ => {}
    }
}

fn read<M: Message + Default + PartialEq + Debug + Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<M> {
    let message = M::decode(bytes).ok()?;
    same_on_the_wire(&message);
    Some(message)
}

/// A message comes back from the wire, and from JSON where JSON has it.
fn same_on_the_wire<M: Message + Default + PartialEq + Debug + Serialize + DeserializeOwned>(message: &M) {
    let bytes = message.encode_to_vec();
    assert_eq!(M::decode(bytes.as_slice()).as_ref(), Ok(message), "another message comes back");
    // The wire has moments that JSON has not.
    let Ok(text) = serde_json::to_string(message) else { return };
    let again: Result<M, _> = serde_json::from_str(&text);
    assert_eq!(again.as_ref().ok(), Some(message), "another message comes back from {text}");
}

/// Prices what is asked; a part of the inputs in each of the ways there are: all of them say the same.
fn priced(mut asked: wire::QuoteRequest, part: Part) {
    let (rulebook, rules) = fixed();
    let lines = asked.basket.as_ref().map_or(0, |basket| basket.lines.len());
    asked.explain &= lines <= LINES_EXPLAINED_MAX;
    let read = || told(Asked::read(rules, asked.clone(), noon()));
    let Some(first) = read() else { return };
    if !part.is_in(2) {
        return;
    }
    let request = first.request().clone();
    let Some(core) = money::priced(rulebook, &request) else { return };
    let answer = quote(rulebook, &request, "an id".to_owned(), core);
    assert_eq!(wire::Quote::decode(answer.encode_to_vec().as_slice()).as_ref(), Ok(&answer));
    assert_eq!(serde_json::from_str(&quote_json(&answer)).ok().as_ref(), Some(&answer));
    if lines > LINES_EVERY_WAY_MAX || !part.is_in(1) {
        return;
    }
    if let Some(Ok(at_once)) = told(first.price_at_once(rules)) {
        let whole = read().and_then(|read| told(read.price(rules)));
        assert_eq!(whole.as_ref(), Some(&at_once), "what is priced at once has another price");
        assert!(answer.optimality() != wire::quote::Optimality::Proven || answer.total == at_once.total);
        assert!(at_once.total <= answer.total, "more work has found a dearer price");
    }
}

/// Keeps a purchase, and brings it back: the records of the journal that this makes.
pub fn kept(asked: wire::ReserveRequest, back: &wire::RefundRequest) -> Vec<Vec<u8>> {
    let (rulebook, rules) = fixed();
    let Some(basket) = asked.quote_request else { return Vec::new() };
    let read = told(Asked::read(rules, basket.clone(), noon()));
    read.map(|read| purchase::check(rulebook, rules, basket, read, back)).unwrap_or_default()
}

/// A fault names its field.
fn told<T: Debug>(read: Result<T, Vec<pricewright::basket::Fault>>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(faults) => {
            assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.field.is_empty()), "{faults:?}");
            None
        }
    }
}

fn fixed() -> (&'static Rulebook, Rules<'static>) {
    let (rulebook, digest) = &*RULEBOOK;
    (rulebook, Rules { rulebook, digest })
}
