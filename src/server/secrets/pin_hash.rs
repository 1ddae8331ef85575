//! The slow hash under which a PIN is stored.
//!
//! A million PINs are soon tried, so three things stand between a copy of the store and them: Argon2id, a salt each, and
//! a key of the pepper, which goes into the hash and is not in the store.

use std::fmt;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, KeyId as PhcKeyId, Params, ParamsBuilder, Version};
use secrecy::zeroize::Zeroizing;
use subtle::ConstantTimeEq as _;

use super::entropy::{self, Entropy};
use super::keyed::KeyId;
use super::pepper::Pepper;
use super::pin::Pin;

/// Bytes of salt and of hash, as RFC 9106 recommends for storage and then some.
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// What the key of the pepper is turned into for PINs. For ever: a change makes every stored PIN wrong.
const PURPOSE: &str = "pricewright pin 1";

/// Why a PIN cannot be hashed or compared. A wrong PIN is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many wait already.
    #[error("too many PINs are being checked: try again")]
    Busy,
    /// The service is going down.
    #[error("PINs are no longer checked: the service stops")]
    Stopped,
    /// The pepper has no such key any more.
    #[error("the pepper has no key `{0}`, under which a PIN is stored")]
    Key(KeyId),
    /// The hash function refuses its input, for want of memory as a rule.
    #[error("a PIN cannot be hashed: {0}")]
    Hash(argon2::Error),
    /// No salt.
    #[error(transparent)]
    Entropy(#[from] entropy::Error),
}

/// What one hash costs, here and whoever tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
}

/// The Argon2id hash of a PIN.
#[derive(Clone, PartialEq, Eq)]
pub struct PinHash {
    // INVARIANT: Argon2id, version 19, one lane, no more than `Cost::MOST`, 32 bytes.
    phc: PasswordHash,
    key: KeyId,
}

impl Cost {
    /// What OWASP gives as the least for Argon2id with one lane: 19 MiB and two passes, some 30 ms of a core.
    pub const RECOMMENDED: Cost = Cost { memory_kib: 19 * 1024, passes: 2 };
    /// The least that Argon2id allows. For tests alone: no protection.
    pub const LEAST: Cost = Cost { memory_kib: 8, passes: 1 };
    /// A stored hash that asks for more is damaged: one check must not take the machine's memory.
    const MOST: Cost = Cost { memory_kib: 256 * 1024, passes: 16 };

    fn params(self, key: KeyId) -> Result<Params, argon2::Error> {
        ParamsBuilder::new()
            .m_cost(self.memory_kib)
            .t_cost(self.passes)
            .p_cost(1)
            .keyid(PhcKeyId::new(key.as_str().as_bytes())?)
            .output_len(HASH_BYTES)
            .build()
    }
}

impl PinHash {
    /// The hash that [`to_text`](Self::to_text) wrote; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let phc = PasswordHash::new(text).ok()?;
        let params = Params::try_from(&phc).ok()?;
        let key = KeyId::parse(std::str::from_utf8(params.keyid()).ok()?)?;
        let is_ours = phc.algorithm == ARGON2ID_IDENT
            && phc.version == Some(Version::V0x13.into())
            && phc.salt.is_some()
            && params.output_len() == Some(HASH_BYTES)
            && params.data().is_empty()
            && params.p_cost() == 1
            && params.m_cost() <= Cost::MOST.memory_kib
            && params.t_cost() <= Cost::MOST.passes;
        is_ours.then_some(PinHash { phc, key })
    }

    /// The form for storage, a PHC string: `$argon2id$v=19$m=19456,t=2,p=1,keyid=azE$…$…`. Never for a log.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.phc.to_string()
    }

    /// The hash of `pin` with a new salt, under the current key. Takes the whole cost: not for an async thread.
    pub(super) fn of(pin: &Pin, pepper: &Pepper, cost: Cost) -> Result<Self, Error> {
        let salt = Entropy.bytes::<SALT_BYTES>()?;
        let key = pepper.current();
        let params = cost.params(key).map_err(Error::Hash)?;
        let bytes = argon(pin, pepper, key, params.clone(), &salt)?;
        Self::assemble(key, &params, &salt, bytes.as_slice())
    }

    /// One that no PIN has, of the same cost and form.
    pub(super) fn of_nothing(pepper: &Pepper, cost: Cost) -> Result<Self, Error> {
        let key = pepper.current();
        let params = cost.params(key).map_err(Error::Hash)?;
        Self::assemble(key, &params, &[0; SALT_BYTES], &[0; HASH_BYTES])
    }

    /// Whether this is the hash of `pin`: compared in constant time. Takes the whole cost.
    pub(super) fn is_of(&self, pin: &Pin, pepper: &Pepper) -> Result<bool, Error> {
        // INVARIANT: both were seen by `parse` or written by `assemble`.
        let params = Params::try_from(&self.phc).map_err(|_| Error::Hash(argon2::Error::OutputTooShort))?;
        let salt = self.phc.salt.as_deref().unwrap_or_default();
        let stored = self.phc.hash.as_ref().map(Output::as_bytes).unwrap_or_default();
        let bytes = argon(pin, pepper, self.key, params, salt)?;
        Ok(bytes.as_slice().ct_eq(stored).into())
    }

    fn assemble(key: KeyId, params: &Params, salt: &[u8], bytes: &[u8]) -> Result<Self, Error> {
        // INVARIANT: none of it is longer than a PHC string allows.
        let too_long = |_| Error::Hash(argon2::Error::OutputTooLong);
        let phc = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(params).map_err(|_| Error::Hash(argon2::Error::KeyIdTooLong))?,
            salt: Some(Salt::new(salt).map_err(too_long)?),
            hash: Some(Output::new(bytes).map_err(too_long)?),
        };
        Ok(PinHash { phc, key })
    }
}

fn argon(
    pin: &Pin,
    pepper: &Pepper,
    key: KeyId,
    params: Params,
    salt: &[u8],
) -> Result<Zeroizing<[u8; HASH_BYTES]>, Error> {
    let secret = pepper.derived(key, PURPOSE).ok_or(Error::Key(key))?;
    let argon = Argon2::new_with_secret(secret.as_slice(), Algorithm::Argon2id, Version::V0x13, params);
    let mut bytes = Zeroizing::new([0; HASH_BYTES]);
    argon
        .and_then(|argon| argon.hash_password_into(pin.expose().as_bytes(), salt, bytes.as_mut_slice()))
        .map_err(Error::Hash)?;
    Ok(bytes)
}

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PinHash({}:hidden)", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Pin {
        Pin::parse(text).unwrap()
    }

    #[test]
    fn a_hash_knows_its_pin_alone_and_survives_storage() {
        let pepper = Pepper::random().unwrap();
        let hash = PinHash::of(&pin("123456"), &pepper, Cost::LEAST).unwrap();
        let text = hash.to_text();
        assert!(text.starts_with("$argon2id$v=19$m=8,t=1,p=1,keyid=azE$"), "{text}");
        let stored = PinHash::parse(&text).unwrap();
        assert_eq!(stored, hash);
        assert_eq!(stored.is_of(&pin("123456"), &pepper), Ok(true));
        assert_eq!(stored.is_of(&pin("123457"), &pepper), Ok(false));
        assert_ne!(PinHash::of(&pin("123456"), &pepper, Cost::LEAST).unwrap(), hash, "the same salt twice");
        // Without the key of the pepper nothing can be tried.
        let other = Pepper::random().unwrap();
        assert_eq!(stored.is_of(&pin("123456"), &other), Ok(false));
        let lost = PinHash::parse(&text.replace("keyid=azE", "keyid=azI")).unwrap();
        let k2 = KeyId::parse("k2").unwrap();
        assert_eq!(lost.is_of(&pin("123456"), &pepper), Err(Error::Key(k2)));
        let nothing = PinHash::of_nothing(&pepper, Cost::LEAST).unwrap();
        assert_eq!(nothing.is_of(&pin("000000"), &pepper), Ok(false));
        assert_eq!(nothing.to_text().len(), text.len());
    }

    #[test]
    fn a_damaged_hash_is_none_and_asks_for_no_memory() {
        let pepper = Pepper::random().unwrap();
        let text = PinHash::of(&pin("123456"), &pepper, Cost::LEAST).unwrap().to_text();
        for (part, damage) in [
            ("m=8", "m=4294967295"),
            ("t=1", "t=4294967295"),
            ("p=1", "p=2"),
            ("m=8", "m=1"),
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("$v=19", ""),
            (",keyid=azE", ""),
            ("keyid=azE", "keyid=AAA"),
            ("keyid=azE", "keyid=azE,data=azE"),
            ("m=8", "x=8"),
        ] {
            let damaged = text.replacen(part, damage, 1);
            assert_ne!(damaged, text);
            assert!(PinHash::parse(&damaged).is_none(), "{damaged}");
        }
        for end in 0..text.len() {
            let short = PinHash::parse(text.get(..end).unwrap());
            assert!(short.is_none_or(|short| short.to_text() != text), "{end}");
        }
    }

    #[test]
    fn a_hash_is_not_shown() {
        let hash = PinHash::of_nothing(&Pepper::random().unwrap(), Cost::LEAST).unwrap();
        assert_eq!(format!("{hash:?}"), "PinHash(k1:hidden)");
    }
}
