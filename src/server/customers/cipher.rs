//! A profile in a table: enciphered under a key made of one of the file of keys, which is not in the database.
//!
//! `nonce (24) | enciphered profile and its tag (16)`, bound to the id. XChaCha20-Poly1305 makes a key of each nonce, so that two profiles,
//! or two versions of one, share none. A key that stood beside its profile would add nothing: whoever deletes the row deletes both.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::profile::Profile;
use crate::server::secrets::{Entropy, KeyId, Pepper};

const NONCE_BYTES: usize = 24;
/// What the key is derived for. For ever: another text makes every profile unreadable.
const PURPOSE: &str = "pricewright profiles in a database 1";

/// Enciphers profiles, and reads them.
#[derive(Debug, Clone)]
pub(super) struct Cipher {
    pepper: Arc<Pepper>,
}

impl Cipher {
    pub(super) fn new(pepper: Arc<Pepper>) -> Self {
        Cipher { pepper }
    }

    /// The key of today.
    pub(super) fn key(&self) -> KeyId {
        self.pepper.current()
    }

    /// What stands in the table for a profile, under the key of today; nothing where the system gives no random bytes.
    pub(super) fn seal(&self, profile: &Profile) -> Option<Vec<u8>> {
        let nonce = Entropy.bytes::<NONCE_BYTES>().ok()?;
        let plain = profile.to_bytes();
        let payload = Payload { msg: &plain, aad: profile.id.as_bytes() };
        let sealed = self.cipher(self.key())?.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// The profile; nothing where key, id and content do not belong together, or the key is not there.
    pub(super) fn open(&self, key: &str, id: &str, content: &[u8]) -> Option<Profile> {
        let (nonce, sealed) = content.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: id.as_bytes() };
        let plain = self.cipher(KeyId::parse(key)?)?.decrypt(&XNonce::from(*nonce), payload).ok()?;
        Profile::from_bytes(id, &plain)
    }

    fn cipher(&self, key: KeyId) -> Option<XChaCha20Poly1305> {
        let key = self.pepper.derived(key, PURPOSE)?;
        Some(XChaCha20Poly1305::new((&*key).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_opens_with_its_id_and_its_key_alone() {
        let [own, other] = [(); 2].map(|()| Cipher::new(Arc::new(Pepper::random().unwrap())));
        let profile = Profile { id: "4711".to_owned(), tier: "platinum".to_owned(), ..Profile::default() };
        let content = own.seal(&profile).unwrap();
        let key = own.key();
        assert!(!content.windows(8).any(|part| part == b"platinum"));
        assert_eq!(own.open(key.as_str(), "4711", &content), Some(profile.clone()));
        assert_eq!(own.open(key.as_str(), "4712", &content), None);
        assert_eq!(own.open("k9", "4711", &content), None);
        assert_eq!(own.open("", "4711", &content), None);
        assert_eq!(other.open(key.as_str(), "4711", &content), None);
        for place in 0..content.len() {
            let mut harmed = content.clone();
            harmed[place] ^= 1;
            assert_eq!(own.open(key.as_str(), "4711", &harmed), None, "{place}");
            assert_eq!(own.open(key.as_str(), "4711", &content[..place]), None, "{place}");
        }
        assert_ne!(own.seal(&profile).unwrap(), content);
    }
}
