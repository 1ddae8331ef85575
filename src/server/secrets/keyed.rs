//! Keyed hashes: what stands in the store for a code, a phone or a password of one use.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::entropy::{self, Entropy};
use super::hex::{push_hex, read_hex};

/// The name of a key: 1 to 8 small letters and digits. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(
    // INVARIANT: small ASCII letters and digits, at least one, then zeros. Eight is what a PHC string has room for.
    [u8; 8],
);

/// What random ids are made of: nothing that is read for something else.
const ID_LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What a hash is of. The same text in two domains has two hashes, so that none can be taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// A promo code, folded.
    Code,
    /// A phone number in E.164.
    Phone,
    /// A customer's id.
    Customer,
    /// The number of a gift certificate.
    Certificate,
    /// A password of one use, with what it is bound to.
    Otp,
    /// A caller's access token.
    Token,
    /// What a changing call says.
    Request,
    /// The address of a caller.
    Caller,
    /// Nothing: what codes are made of.
    Entropy,
    /// Nothing: by which a key is known again.
    Check,
    /// A call that another must make too, with who has made it first.
    Approval,
}

/// Bytes of a hash. Half of HMAC-SHA-256 is the least that RFC 2104 advises; that two of a thousand million codes collide
/// has a chance below one in 10²⁰.
const HASH_BYTES: usize = 16;

/// HMAC-SHA-256 under one key of the pepper, cut to 16 bytes.
///
/// `==` takes the same time wherever two differ. The order is for indexes: who does not have the key cannot aim at it.
#[derive(Clone, Copy)]
pub struct KeyedHash {
    key: KeyId,
    bytes: [u8; HASH_BYTES],
}

impl KeyId {
    /// `k1`, the key of a pepper that no file has.
    pub const FIRST: KeyId = KeyId(*b"k1\0\0\0\0\0\0");

    /// `k` and five random letters and digits. The keys of two files that were made apart have two names: when the files are mixed up,
    /// the message names the key that is missing.
    pub(super) fn random() -> Result<Self, entropy::Error> {
        let (mut bytes, random) = ([0; 8], Entropy.bytes::<5>()?);
        let letters = random.into_iter().map(|byte| ID_LETTERS.get(usize::from(byte % 32)).copied());
        let letters = std::iter::once(Some(b'k')).chain(letters);
        bytes.iter_mut().zip(letters).for_each(|(slot, letter)| *slot = letter.unwrap_or(b'0'));
        Ok(KeyId(bytes))
    }

    /// The id that `text` is; `None` when it is not 1 to 8 small letters and digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if text.is_empty() || !text.bytes().all(is_plain) {
            return None;
        }
        let mut bytes = [0; 8];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(KeyId(bytes))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default().trim_end_matches('\0')
    }
}

impl Domain {
    // For ever: a changed label makes every stored hash unknown. No label has a zero byte.
    fn label(self) -> &'static str {
        match self {
            Domain::Code => "pricewright code 1",
            Domain::Phone => "pricewright phone 1",
            Domain::Customer => "pricewright customer 1",
            Domain::Certificate => "pricewright certificate 1",
            Domain::Otp => "pricewright otp 1",
            Domain::Token => "pricewright token 1",
            Domain::Request => "pricewright request 1",
            Domain::Caller => "pricewright caller 1",
            Domain::Entropy => "pricewright entropy 1",
            Domain::Check => "pricewright check 1",
            Domain::Approval => "pricewright approval 1",
        }
    }
}

impl KeyedHash {
    /// The hash of `message` in its domain.
    pub(super) fn of(id: KeyId, key: &[u8; 32], domain: Domain, message: &[u8]) -> Self {
        let whole = mac(key, domain.label(), message);
        let mut bytes = [0; HASH_BYTES];
        bytes.iter_mut().zip(whole.iter()).for_each(|(slot, byte)| *slot = *byte);
        KeyedHash { key: id, bytes }
    }

    /// The hash of these bytes, as it was made elsewhere.
    #[must_use]
    pub fn of_bytes(key: KeyId, bytes: [u8; HASH_BYTES]) -> Self {
        KeyedHash { key, bytes }
    }

    /// Under which key.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The hash itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8; HASH_BYTES] {
        &self.bytes
    }

    /// The form for storage: the key's id, a colon and 32 hex digits, `k1:00ff…`. Never for a log.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{}:", self.key);
        push_hex(&mut text, &self.bytes);
        text
    }

    /// The hash that [`to_text`](Self::to_text) wrote; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (key, hex) = text.split_once(':')?;
        let mut bytes = [0; HASH_BYTES];
        read_hex(hex, &mut bytes)?;
        Some(KeyedHash { key: KeyId::parse(key)?, bytes })
    }
}

/// HMAC-SHA-256 of the label, a zero byte and the message: as no label has one, no two pairs meet.
pub(super) fn mac(key: &[u8; 32], label: &str, message: &[u8]) -> Zeroizing<[u8; 32]> {
    // HMAC fills a key up with zeros to the 64 bytes of a block: done here, nothing can fail.
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
    let mut hmac = Hmac::<Sha256>::new((&*block).into());
    hmac.update(label.as_bytes());
    hmac.update(&[0]);
    hmac.update(message);
    Zeroizing::new(hmac.finalize().into_bytes().into())
}

impl PartialEq for KeyedHash {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && bool::from(self.bytes.ct_eq(&other.bytes))
    }
}

impl Eq for KeyedHash {}

impl Ord for KeyedHash {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.key, self.bytes).cmp(&(other.key, other.bytes))
    }
}

impl PartialOrd for KeyedHash {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for KeyedHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.key, self.bytes).hash(state);
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyedHash({}:hidden)", self.key.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(domain: Domain, message: &str) -> KeyedHash {
        KeyedHash::of(KeyId::FIRST, &[11; 32], domain, message.as_bytes())
    }

    /// What another implementation of HMAC-SHA-256 (Python's) says of these: it must never change.
    #[test]
    fn hashes_are_what_they_were() {
        for (domain, text) in [
            (Domain::Code, "k1:b87b191e1a5e64d168049dffb1d252dd"),
            (Domain::Phone, "k1:e9c0950971226eba7cdcf03d04c5e8df"),
            (Domain::Customer, "k1:2ecf1fc0a838ffcfd3369c970b959081"),
            (Domain::Certificate, "k1:8e37b2e2d1541095e12ec4d243bc13ed"),
            (Domain::Otp, "k1:dce19b29cbe765c7c231901deab63429"),
            (Domain::Token, "k1:4624babdc8ab6a51edfa78ac2ae5c1cc"),
        ] {
            assert_eq!(hash(domain, "1000").to_text(), text, "{domain:?}");
            assert_eq!(KeyedHash::parse(&hash(domain, "1000").to_text()), Some(hash(domain, "1000")));
        }
    }

    #[test]
    fn equal_means_the_same_key_domain_and_message() {
        let one = hash(Domain::Code, "1000");
        assert_eq!(one, hash(Domain::Code, "1000"));
        for other in [
            hash(Domain::Phone, "1000"),
            hash(Domain::Code, "1001"),
            hash(Domain::Code, ""),
            KeyedHash::of(KeyId::parse("k2").unwrap(), &[11; 32], Domain::Code, b"1000"),
            KeyedHash::of(KeyId::FIRST, &[12; 32], Domain::Code, b"1000"),
        ] {
            assert_ne!(one, other);
            assert_eq!(one.cmp(&other), other.cmp(&one).reverse());
            assert_ne!(one.cmp(&other), Ordering::Equal);
        }
    }

    #[test]
    fn text_that_is_no_hash_is_none() {
        let good = hash(Domain::Code, "1000").to_text();
        let longer = format!("{good}0");
        let (shorter, nameless) = (good.get(..34).unwrap(), good.get(2..).unwrap());
        for text in ["", ":", "k1:", shorter, &longer, &good.to_uppercase(), nameless, "k1:zz"] {
            assert_eq!(KeyedHash::parse(text), None, "{text}");
        }
        for id in ["", "K1", "k 1", "k-1", "ключ", "123456789"] {
            assert_eq!(KeyId::parse(id), None, "{id}");
        }
        assert_eq!(KeyId::parse("12345678").unwrap().as_str(), "12345678");
    }

    #[test]
    fn a_hash_is_not_shown() {
        let one = hash(Domain::Code, "1000");
        assert_eq!(format!("{one:?} {one:#?}"), "KeyedHash(k1:hidden) KeyedHash(k1:hidden)");
    }
}
