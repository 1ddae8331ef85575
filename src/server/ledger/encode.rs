//! How accounts and facts stand on disk: names in bytes that sort, contents in JSON under a seal.
//!
//! JSON, because a journal is read for longer than any program lives: a person can read it, a later version finds every field by its
//! name, and the disk's sync takes a hundred times longer than the text.

use sha2::{Digest as _, Sha256};

use super::error::Error;
use crate::ledger::{Account, Fact, Key};

/// Bytes of a seal: the first half of a SHA-256 of name and content. One that does not fit is damage.
pub const SEAL_BYTES: usize = 16;

/// The name of an account in bytes: none is the beginning of another.
#[must_use]
pub fn key(key: &Key) -> Vec<u8> {
    let (kind, text) = match key {
        Key::Request(request) => (b'r', request.to_string()),
        Key::Sale(sale) => (b's', sale.to_string()),
        // A counter's name is text of the merchant's: its JSON ends with a bracket that nothing can follow.
        Key::Counter(counter) => (b'c', serde_json::to_string(counter).unwrap_or_default()),
        Key::Code(code) => (b'k', code.0.clone() + "."),
        Key::Batch(batch) => (b'b', batch.to_string()),
        Key::Pool(pool) => (b'p', serde_json::to_string(pool).unwrap_or_default()),
        Key::Attempts(of) => (b'a', serde_json::to_string(of).unwrap_or_default()),
        Key::Certificate(certificate) => (b'g', certificate.0.clone() + "."),
        // The digits sort as the places do, and there are always ten.
        Key::Entry(certificate, place) => (b'e', format!("{}.{place:010}", certificate.0)),
        Key::Sent(to) => (b'o', serde_json::to_string(to).unwrap_or_default()),
    };
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.push(kind);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// The content of an account, sealed.
#[must_use]
pub fn account(name: &[u8], account: &Account) -> Vec<u8> {
    // An account holds texts and whole numbers alone: there is nothing that JSON could refuse.
    let json = serde_json::to_vec(account).unwrap_or_default();
    let mut bytes = seal(name, &json).to_vec();
    bytes.extend_from_slice(&json);
    bytes
}

/// The account that `bytes` hold.
///
/// # Errors
/// They are not what was written under that name.
pub fn read_account(name: &[u8], bytes: &[u8]) -> Result<Account, Error> {
    let damaged = || Error::Damaged("an account is not what was written".to_owned());
    let (sealed, json) = bytes.split_at_checked(SEAL_BYTES).ok_or_else(damaged)?;
    if seal(name, json) != sealed {
        return Err(damaged());
    }
    serde_json::from_slice(json).map_err(|_| damaged())
}

/// The seal of a content under its name.
#[must_use]
pub fn seal(name: &[u8], content: &[u8]) -> [u8; SEAL_BYTES] {
    let mut hash = Sha256::new();
    hash.update(u64::try_from(name.len()).unwrap_or_default().to_le_bytes());
    hash.update(name);
    hash.update(content);
    let whole: [u8; 32] = hash.finalize().into();
    let mut half = [0; SEAL_BYTES];
    half.iter_mut().zip(whole).for_each(|(byte, of_whole)| *byte = of_whole);
    half
}

/// Writes a fact behind `bytes`. A record of the journal is a list of them.
pub fn fact(fact: &Fact, bytes: &mut Vec<u8>) {
    // Texts and whole numbers alone, into memory: there is nothing that could fail.
    let _ = serde_json::to_writer(bytes, fact);
}

/// The facts of one record.
///
/// # Errors
/// It holds something else.
pub fn read_record(sequence: u64, bytes: &[u8]) -> Result<Vec<Fact>, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Record { sequence, what: error.to_string() })
}

/// One fact.
///
/// # Errors
/// It is something else.
pub fn read_fact(json: &str) -> Result<Fact, serde_json::Error> {
    serde_json::from_str(json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Counter, CounterKey, RequestId};

    #[test]
    fn an_account_comes_back_and_a_changed_one_does_not() {
        let name = key(&Key::Counter(CounterKey::Total("spring \"20\"".to_owned())));
        let kept = Account::Counter(Counter { held: 3, kept: 40 });
        let bytes = account(&name, &kept);
        assert_eq!(read_account(&name, &bytes).unwrap(), kept);
        for place in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[place] ^= 4;
            assert!(read_account(&name, &bad).is_err(), "a flipped bit at {place}");
            assert!(read_account(&name, &bytes[..place]).is_err(), "cut at {place}");
        }
        assert!(read_account(b"c\"other\"", &bytes).is_err(), "under another name");
    }

    #[test]
    fn names_of_different_accounts_differ() {
        let id = RequestId::parse("0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10").unwrap();
        let names = [
            key(&Key::Request(id)),
            key(&Key::Sale(id.sale())),
            key(&Key::Counter(CounterKey::Total("a".to_owned()))),
            key(&Key::Counter(CounterKey::Budget("a".to_owned()))),
            key(&Key::Counter(CounterKey::Total("a\"}".to_owned()))),
        ];
        for (place, name) in names.iter().enumerate() {
            let is_begun = |other: &Vec<u8>| other.starts_with(name);
            assert!(!names.iter().enumerate().any(|(at, other)| at != place && is_begun(other)));
        }
    }
}
