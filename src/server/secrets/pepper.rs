//! The pepper: the keys of every keyed hash, one for new hashes and the old ones for what is stored already.

use std::path::Path;

use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;

use super::key_file::{self, Error, Stage};
use super::key_text::{Key, Keys};
use super::keyed::{Domain, KeyId, KeyedHash, mac};

/// The keys, in memory that is wiped when they go. `Debug` shows their ids alone.
#[derive(Debug)]
pub struct Pepper {
    keys: Keys,
}

impl Pepper {
    /// The pepper in the file at `path`; a new one where there is none and the stage lets it be made.
    ///
    /// # Errors
    /// The file is missing in production, others may read it, or it is not what it should be.
    pub fn open(path: &Path, stage: Stage) -> Result<Self, Error> {
        Ok(Pepper { keys: key_file::open(path, stage)? })
    }

    /// One that no file has: what is hashed with it is unknown at the next start. For tests and the demo.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> Result<Self, Error> {
        Ok(Pepper { keys: Keys::random(KeyId::FIRST)? })
    }

    /// The id of the key of new hashes.
    #[must_use]
    pub fn current(&self) -> KeyId {
        self.keys.current.id
    }

    /// The check value of each key, the current one first: it tells nothing of the key, and no other key has it.
    pub fn checks(&self) -> impl Iterator<Item = KeyedHash> + '_ {
        self.hashes(Domain::Check, b"")
    }

    /// Whether the file says that the key is gone for good.
    #[must_use]
    pub fn is_lost(&self, id: KeyId) -> bool {
        self.keys.lost.contains(&id)
    }

    /// The hash of `message` under the current key.
    #[must_use]
    pub fn hash(&self, domain: Domain, message: &[u8]) -> KeyedHash {
        hash(&self.keys.current, domain, message)
    }

    /// The hashes of `message` under every key, the current one first: what may be in the store.
    pub fn hashes<'a>(&'a self, domain: Domain, message: &'a [u8]) -> impl Iterator<Item = KeyedHash> + 'a {
        self.all().map(move |key| hash(key, domain, message))
    }

    /// Whether `stored` is the hash of `message`, compared in constant time; `false` when its key is gone.
    #[must_use]
    pub fn matches(&self, stored: &KeyedHash, domain: Domain, message: &[u8]) -> bool {
        self.key(stored.key()).is_some_and(|key| hash(key, domain, message) == *stored)
    }

    /// A key made of the one with this id, for one purpose; `None` when there is none of that id.
    pub(in crate::server) fn derived(&self, id: KeyId, purpose: &str) -> Option<Zeroizing<[u8; 32]>> {
        Some(mac(self.key(id)?.bytes.expose_secret(), purpose, b""))
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.keys.current).chain(&self.keys.old)
    }

    fn key(&self, id: KeyId) -> Option<&Key> {
        self.all().find(|key| key.id == id)
    }
}

fn hash(key: &Key, domain: Domain, message: &[u8]) -> KeyedHash {
    KeyedHash::of(key.id, key.bytes.expose_secret(), domain, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pepper of a file with one line a letter, each a key of that name and of bytes that begin with it.
    fn pepper(current: char, ids: &str) -> Pepper {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pepper.toml");
        Pepper::open(&path, Stage::Development).unwrap();
        let key = |id: char| format!("{id} = \"{:064x}\"\n", u32::from(id));
        let text = format!("current = \"{current}\"\n{}", ids.chars().map(key).collect::<String>());
        // What is written over keeps its mode.
        std::fs::write(&path, text).unwrap();
        Pepper::open(&path, Stage::Production).unwrap()
    }

    #[test]
    fn a_replaced_key_still_finds_what_was_stored_under_it() {
        let before = pepper('a', "a");
        let stored = before.hash(Domain::Code, b"1000");
        let after = pepper('b', "ab");
        let new = after.hash(Domain::Code, b"1000");
        assert_eq!((stored.key().as_str(), new.key().as_str()), ("a", "b"));
        assert_ne!(stored, new);
        assert_eq!(after.hashes(Domain::Code, b"1000").collect::<Vec<_>>(), [new, stored]);
        for hash in [stored, new] {
            assert!(after.matches(&hash, Domain::Code, b"1000"));
            assert!(!after.matches(&hash, Domain::Code, b"1001"));
            assert!(!after.matches(&hash, Domain::Phone, b"1000"));
        }
        let gone = pepper('b', "b");
        assert!(!gone.matches(&stored, Domain::Code, b"1000") && gone.matches(&new, Domain::Code, b"1000"));
    }

    #[test]
    fn derived_keys_differ_by_key_and_purpose() {
        let pepper = pepper('b', "ab");
        let [a, b, c] = ["a", "b", "c"].map(|id| KeyId::parse(id).unwrap());
        assert_ne!(pepper.derived(a, "one"), pepper.derived(b, "one"));
        assert_ne!(pepper.derived(a, "one"), pepper.derived(a, "two"));
        assert_eq!(pepper.derived(c, "one"), None);
    }

    #[test]
    fn a_pepper_shows_the_ids_of_its_keys_alone() {
        let shown = format!("{:?}", pepper('b', "ab"));
        assert_eq!(shown, "Pepper { keys: Keys { current: b:hidden, old: [a:hidden], lost: [] } }");
        let (one, other) = (Pepper::random().unwrap(), Pepper::random().unwrap());
        assert_eq!(one.current(), KeyId::FIRST);
        assert_ne!(one.hash(Domain::Code, b""), other.hash(Domain::Code, b""));
    }
}
