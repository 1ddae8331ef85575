//! Numbers, phones and passwords, and what they are known by.

use std::sync::Arc;

use crate::basket::{Country, Phone};
use crate::ledger::certificate::OTP_SECONDS;
use crate::ledger::code::CertificateNumber;
use crate::ledger::{
    Account, Certificate, CertificateKey, Entry, Key, Otp, OtpKey, PhoneKey, Presented, RequestId,
};
use crate::money::Amount;
use crate::server::ledger::{Error, Ledger};
use crate::server::outbox::Opens;
use crate::server::secrets::{Domain, KeyId, KeyedHash, Pepper, Pin};
use crate::time::Instant;

/// Characters of a number that are no secret.
const LAST: usize = 4;

/// A number as it was typed, which is one: whether there is such a certificate is another question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typed(CertificateNumber);

impl Typed {
    /// Reads a number; nothing where a character is wrong, or two are swapped.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        CertificateNumber::parse(typed).ok().map(Typed)
    }

    /// Its last four characters.
    #[must_use]
    pub fn last_four(&self) -> String {
        let text = self.0.as_str();
        text.chars().skip(text.len().saturating_sub(LAST)).collect()
    }

    /// As people read it. For paper and screens, never for a log.
    #[must_use]
    pub fn grouped(&self) -> String {
        self.0.grouped()
    }
}

/// What a password is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// A purchase at a till.
    Pay {
        /// The till's name of the purchase.
        purchase: &'a str,
        /// The till.
        till: &'a str,
    },
    /// A look at balance and entries.
    Look,
}

/// Certificates of a ledger, by their numbers.
#[derive(Debug, Clone)]
pub struct Certificates {
    ledger: Ledger,
    pepper: Arc<Pepper>,
    countries: Arc<[Country]>,
}

impl Certificates {
    /// Certificates of `ledger`, hashed under the keys of `pepper`.
    #[must_use]
    pub fn new(ledger: Ledger, pepper: Arc<Pepper>, countries: Arc<[Country]>) -> Self {
        Certificates { ledger, pepper, countries }
    }

    /// The names that a certificate may have in the ledger: under the key of today first.
    #[must_use]
    pub fn keys(&self, number: Typed) -> Vec<CertificateKey> {
        let hashes = self.pepper.hashes(Domain::Certificate, number.0.as_str().as_bytes());
        hashes.map(|hash| CertificateKey(hash.to_text())).collect()
    }

    /// A number that nobody can tell from chance, and the same for the same call: nowhere is it written down.
    #[must_use]
    pub fn number(&self, request: RequestId, key: KeyId, attempt: u32) -> Typed {
        let message = format!("{request} certificate {attempt}");
        let mut hashes = self.pepper.hashes(Domain::Entropy, message.as_bytes());
        let hash = hashes.find(|hash| hash.key() == key);
        let hash = hash.unwrap_or_else(|| self.pepper.hash(Domain::Entropy, message.as_bytes()));
        let mut entropy = [0; 10];
        entropy.iter_mut().zip(hash.bytes()).for_each(|(byte, of_hash)| *byte = *of_hash);
        Typed(CertificateNumber::from_entropy(entropy))
    }

    /// The key of new hashes.
    #[must_use]
    pub fn key_of_today(&self) -> KeyId {
        self.pepper.current()
    }

    /// A phone, and what it is known by under each key; nothing when it is none.
    #[must_use]
    pub fn phone(&self, typed: &str) -> Option<(Phone, Vec<PhoneKey>)> {
        let phone = Phone::parse(typed, &self.countries).ok()?;
        let hashes = self.pepper.hashes(Domain::Phone, phone.as_e164().as_bytes());
        let keys = hashes.map(|hash| PhoneKey(hash.to_text())).collect();
        Some((phone, keys))
    }

    /// A certificate and the password that was told for it.
    #[must_use]
    pub fn presented(&self, number: Typed, purpose: Purpose<'_>, password: &Pin) -> Presented {
        let [bound, whole] = [said(number, purpose, ""), said(number, purpose, password.expose())];
        let hashes = |said: &str| -> Vec<OtpKey> {
            let hashes = self.pepper.hashes(Domain::Otp, said.as_bytes());
            hashes.map(|hash| OtpKey(hash.to_text())).collect()
        };
        let otps = hashes(&bound).into_iter().zip(hashes(&whole)).collect();
        Presented { certificates: self.keys(number), otps }
    }

    /// A password as the ledger keeps it.
    #[must_use]
    pub fn otp(
        &self,
        number: Typed,
        purpose: Purpose<'_>,
        password: &Pin,
        amount: Option<Amount>,
        now: Instant,
    ) -> Otp {
        let hash = |said: String| OtpKey(self.pepper.hash(Domain::Otp, said.as_bytes()).to_text());
        Otp {
            bound: hash(said(number, purpose, "")),
            password: hash(said(number, purpose, password.expose())),
            amount,
            expires_at: Instant::from_unix(now.unix().saturating_add(OTP_SECONDS)).unwrap_or(now),
            tries: 0,
        }
    }

    /// The certificate of a number. May read from the disk.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn find(&self, number: Typed) -> Result<Option<(CertificateKey, Certificate)>, Error> {
        for key in self.keys(number) {
            if let Some(found) = self.get(&key)? {
                return Ok(Some((key, found)));
            }
        }
        Ok(None)
    }

    /// What people call a certificate: it follows from its name in the ledger, and tells nothing of its number or the call that issued it.
    #[must_use]
    pub fn id(&self, key: &CertificateKey) -> Option<RequestId> {
        KeyedHash::parse(&key.0).map(|hash| RequestId::from_bytes(*hash.bytes()))
    }

    /// The certificate that people call so. May read from the disk.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn find_by_id(&self, id: RequestId) -> Result<Option<(CertificateKey, Certificate)>, Error> {
        for key in self.pepper.checks() {
            let key = CertificateKey(KeyedHash::of_bytes(key.key(), id.to_bytes()).to_text());
            if let Some(found) = self.get(&key)? {
                return Ok(Some((key, found)));
            }
        }
        Ok(None)
    }

    /// A certificate by its name in the ledger. May read from the disk.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn get(&self, key: &CertificateKey) -> Result<Option<Certificate>, Error> {
        Ok(match self.ledger.account(&Key::Certificate(key.clone()))? {
            Some(Account::Certificate(found)) => Some(*found),
            _ => None,
        })
    }

    /// Whether a password is the one that opens its certificate now. May read from the disk.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn is_living(&self, opens: &Opens) -> Result<bool, Error> {
        for key in &opens.certificates {
            if let Some(certificate) = self.get(key)? {
                return Ok(certificate.otp.is_some_and(|otp| otp.password == opens.password));
            }
        }
        Ok(false)
    }

    /// An entry of a certificate. May read from the disk.
    ///
    /// # Errors
    /// The index cannot be read, or has no such entry.
    pub fn entry(&self, key: &CertificateKey, place: u32) -> Result<Entry, Error> {
        match self.ledger.account(&Key::Entry(key.clone(), place))? {
            Some(Account::Entry(entry)) => Ok(*entry),
            _ => Err(Error::Damaged("an entry of a certificate is missing".to_owned())),
        }
    }

    /// The ledger that they are in.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

/// What is hashed of a password: never the same for two certificates, purchases or tills. No field has a line feed in it that could stand for
/// the next: their lengths stand before them.
fn said(number: Typed, purpose: Purpose<'_>, password: &str) -> String {
    let number = number.0;
    let number = number.as_str();
    match purpose {
        Purpose::Look => format!("look\n{number}\n{password}"),
        Purpose::Pay { purchase, till } => {
            format!("pay\n{number}\n{}\n{purchase}\n{}\n{till}\n{password}", purchase.len(), till.len())
        }
    }
}
