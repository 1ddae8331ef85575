//! A message at rest: enciphered under a key of the pepper, and bound to the call whose name its file has.
//!
//! `pwo1 | id of the key, filled up with zeros (8) | nonce (24) | enciphered message and its tag (16)`. XChaCha20-Poly1305: with nonces
//! of 24 bytes they may be random however many messages there are. A file that was changed, or has another's name, does not open.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroizing;

use super::error::Error;
use super::message::Message;
use crate::ledger::RequestId;
use crate::server::secrets::{Entropy, KeyId, Pepper};

const MAGIC: &[u8; 4] = b"pwo1";
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
/// What the key is derived for. For ever: another text makes every file unreadable.
const PURPOSE: &str = "pricewright outbox 1";

/// The keys of files.
#[derive(Debug)]
pub(super) struct Seal {
    pepper: Arc<Pepper>,
}

impl Seal {
    pub(super) fn new(pepper: Arc<Pepper>) -> Self {
        Seal { pepper }
    }

    /// The bytes of the file of a message.
    pub(super) fn close(&self, message: &Message) -> Result<Vec<u8>, Error> {
        let key = self.pepper.current();
        let nonce = Entropy.bytes::<NONCE_BYTES>()?;
        let head = head(key);
        let aad = [&head, message.id.to_string().as_bytes()].concat();
        let plain = message.to_bytes();
        let cipher = self.cipher(key).ok_or(Error::Cipher)?;
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: &aad });
        Ok([head.as_slice(), &nonce, &sealed.map_err(|_| Error::Cipher)?].concat())
    }

    /// The message in the file of a call, or in a few words why there is none.
    pub(super) fn open(&self, id: RequestId, bytes: &[u8]) -> Result<Message, &'static str> {
        const DAMAGED: &str = "its file is damaged";
        let (key, nonce, sealed) = parts(bytes).ok_or(DAMAGED)?;
        let cipher = self.cipher(key).ok_or("the key of its file is gone")?;
        let aad = [&head(key), id.to_string().as_bytes()].concat();
        let plain = cipher.decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: &aad });
        let plain = Zeroizing::new(plain.map_err(|_| DAMAGED)?);
        Message::from_bytes(id, &plain).ok_or(DAMAGED)
    }

    fn cipher(&self, key: KeyId) -> Option<XChaCha20Poly1305> {
        let key = self.pepper.derived(key, PURPOSE)?;
        Some(XChaCha20Poly1305::new((&*key).into()))
    }
}

fn head(key: KeyId) -> Vec<u8> {
    let mut head = [MAGIC.as_slice(), key.as_str().as_bytes()].concat();
    head.resize(MAGIC.len() + KEY_ID_BYTES, 0);
    head
}

fn parts(bytes: &[u8]) -> Option<(KeyId, [u8; NONCE_BYTES], &[u8])> {
    let (key, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<KEY_ID_BYTES>()?;
    let (nonce, sealed) = rest.split_first_chunk()?;
    let key = KeyId::parse(std::str::from_utf8(key).ok()?.trim_end_matches('\0'))?;
    Some((key, *nonce, sealed))
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::{message, pay};
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn a_sealed_message_opens_under_its_own_name_and_key_alone() {
        let seal = Seal::new(Arc::new(Pepper::random().unwrap()));
        let one = message(Lang::Uk, pay(35_000));
        let bytes = seal.close(&one).unwrap();
        assert_eq!(seal.open(one.id, &bytes).unwrap().password.expose(), "012345");
        for secret in ["380671234567", "012345", "7K2M", "kyiv"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        }
        assert_ne!(seal.close(&one).unwrap(), bytes, "the same nonce twice");
        let other = RequestId::parse("0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e11").unwrap();
        assert_eq!(seal.open(other, &bytes).unwrap_err(), "its file is damaged");
        let stranger = Seal::new(Arc::new(Pepper::random().unwrap()));
        assert_eq!(stranger.open(one.id, &bytes).unwrap_err(), "its file is damaged");
        let gone = [b"pwo1k2\0\0\0\0\0\0", &bytes[12..]].concat();
        assert_eq!(seal.open(one.id, &gone).unwrap_err(), "the key of its file is gone");
    }

    #[test]
    fn a_flipped_byte_or_a_torn_file_is_no_message() {
        let seal = Seal::new(Arc::new(Pepper::random().unwrap()));
        let one = message(Lang::En, Purpose::Look);
        let bytes = seal.close(&one).unwrap();
        for place in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut other = bytes.clone();
                other[place] ^= flip;
                assert!(seal.open(one.id, &other).is_err(), "{place}");
            }
            assert!(seal.open(one.id, &bytes[..place]).is_err(), "{place}");
        }
        assert!(seal.open(one.id, &[bytes.as_slice(), &[0]].concat()).is_err());
    }

    use super::super::message::Purpose;
}
