//! The journal: records as text, and whole journals that were harmed.

use pricewright::ledger::Fact;
use pricewright::server::ledger::encode;

use crate::script;

/// What begins with a bracket or a brace is a record, or an account; else the input says what becomes of a sound journal.
pub fn check(input: &[u8]) {
    match input.first() {
        Some(b'[') => record(input),
        Some(b'{') => account(input),
        _ => script::check(input),
    }
}

/// What can be read is written again, and then reads and looks the same for ever.
fn record(input: &[u8]) {
    let facts = match encode::read_record(1, input) {
        Ok(facts) => facts,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = written(&facts);
    let again = encode::read_record(1, &written);
    assert_eq!(again.ok().as_ref(), Some(&facts), "facts come back as others");
    for fact in &facts {
        let mut one = Vec::new();
        encode::fact(fact, &mut one);
        let read = std::str::from_utf8(&one).ok().and_then(|json| encode::read_fact(json).ok());
        assert_eq!(read.as_ref(), Some(fact), "a fact comes back as another");
    }
}

fn written(facts: &[Fact]) -> Vec<u8> {
    let mut bytes = vec![b'['];
    for (place, fact) in facts.iter().enumerate() {
        if place > 0 {
            bytes.push(b',');
        }
        encode::fact(fact, &mut bytes);
    }
    bytes.push(b']');
    bytes
}

/// An account under its seal is itself; with one byte changed, or under another name, it is damage.
fn account(json: &[u8]) {
    let name = b"c\"fuzz\"";
    let sealed = [&encode::seal(name, json)[..], json].concat();
    let Ok(account) = encode::read_account(name, &sealed) else { return };
    let written = encode::account(name, &account);
    assert_eq!(encode::read_account(name, &written).ok().as_ref(), Some(&account));
    assert!(encode::read_account(b"c\"other\"", &written).is_err(), "an account under another name");
    let mut harmed = written.clone();
    let at = json.iter().fold(json.len(), |sum, &byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    harmed[at % written.len()] ^= 1;
    assert!(encode::read_account(name, &harmed).is_err(), "a harmed account");
}
