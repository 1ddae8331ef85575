//! What a phone number is found by: a keyed hash of its international form. The number itself is kept nowhere.

use std::fmt;
use std::sync::Arc;

use crate::basket::{Country, Phone};
use crate::server::secrets::{Domain, Pepper};

/// The keyed hash of a phone number: 128 bits, with which two numbers of all there are do not meet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhoneKey(pub(super) [u8; 16]);

impl fmt::Debug for PhoneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneKey")
    }
}

/// This is no phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no phone number")]
pub struct NoPhone;

/// Turns phone numbers into what they are found by.
#[derive(Debug, Clone)]
pub struct Phones {
    pub(super) pepper: Arc<Pepper>,
    countries: Arc<[Country]>,
}

impl Phones {
    /// Reads numbers of these countries, the home country first, and hashes them under the keys of `pepper`.
    #[must_use]
    pub fn new(pepper: Arc<Pepper>, countries: Arc<[Country]>) -> Self {
        Phones { pepper, countries }
    }

    /// What the number is found by, however it was typed: under the key of today.
    ///
    /// # Errors
    /// It is no phone number.
    pub fn phone_key(&self, typed: &str) -> Result<PhoneKey, NoPhone> {
        let phone = Phone::parse(typed, &self.countries).map_err(|_| NoPhone)?;
        Ok(PhoneKey(*self.pepper.hash(Domain::Phone, phone.as_e164().as_bytes()).bytes()))
    }

    /// The same under every key: a profile that came before the last change of keys is found too.
    #[must_use]
    pub fn phone_keys(&self, typed: &str) -> Vec<PhoneKey> {
        let Ok(phone) = Phone::parse(typed, &self.countries) else { return Vec::new() };
        let hashes = self.pepper.hashes(Domain::Phone, phone.as_e164().as_bytes());
        hashes.map(|hash| PhoneKey(*hash.bytes())).collect()
    }
}
