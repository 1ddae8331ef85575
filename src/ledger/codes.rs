//! Codes as the ledger has them: no code is here, only keyed hashes, and what each may be used for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{CertificateKey, CustomerKey, RequestId};
use crate::promotion::Birthday;
use crate::time::Instant;

/// A code, as the keyed hash of its folded text. Made at the edge, where the key is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeKey(pub String);

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey")
    }
}

/// A phone, as the keyed hash of its E.164 form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneKey(pub String);

impl fmt::Debug for PhoneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneKey")
    }
}

/// A PIN, as an Argon2id hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PinKey(pub String);

impl fmt::Debug for PinKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinKey")
    }
}

/// Who may use a code, when, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Baskets in which it may be used; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// No longer from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// Days around the customer's birthday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Birthday>,
    /// The customer it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerKey>,
    /// The phone it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneKey>,
    /// The PIN that opens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinKey>,
}

impl Terms {
    /// Whether its window is open.
    #[must_use]
    pub fn is_open(&self, now: Instant) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// One code of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCode {
    /// Which.
    pub key: CodeKey,
    /// Its place among the codes of the call that made it.
    pub number: u32,
    /// Its own terms; those of the batch when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Box<Terms>>,
}

/// Codes that came into being at one time: what they have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The pool they belong to.
    pub pool: String,
    /// Their terms, where a code has none of its own.
    pub terms: Terms,
}

/// A code that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeState {
    /// The call that made it.
    pub batch: RequestId,
    /// Its place among the codes of that call.
    pub number: u32,
    /// Its own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Box<Terms>>,
    /// Whether it was taken out of use.
    #[serde(default)]
    pub is_disabled: bool,
}

/// A pool of codes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pool {
    /// Codes that were made or taken in.
    pub codes: u64,
    /// Whether all of it was taken out of use.
    #[serde(default)]
    pub is_disabled: bool,
}

/// Of whom failed attempts are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKey {
    /// PINs that were tried on a code by somebody who knows its phone.
    Pin(CodeKey),
    /// Codes that were tried with a phone.
    Phone(PhoneKey),
    /// Words that are no codes, told again by a caller for another customer.
    Repeats(String),
    /// Codes that a caller tried.
    Caller(String),
    /// Codes, all of them.
    All,
    /// Passwords that were tried on a certificate while one was alive.
    Otp(CertificateKey),
    /// The same on all certificates of a phone.
    OtpPhone(PhoneKey),
    /// Phones that were told with a certificate and are not its own.
    OtpStranger(CertificateKey),
    /// Passwords that were tried while one was alive, all of them.
    OtpAll,
}

impl AttemptKey {
    /// How many may fail within a day of the first: with so many none is looked at any more.
    #[must_use]
    pub const fn failures_max(&self) -> u32 {
        match self {
            AttemptKey::Pin(_) => PIN_FAILURES_MAX,
            AttemptKey::Phone(_) => PHONE_FAILURES_MAX,
            AttemptKey::Caller(_) => CALLER_FAILURES_MAX,
            AttemptKey::Repeats(_) => REPEATS_MAX,
            AttemptKey::All => ALL_FAILURES_MAX,
            AttemptKey::Otp(_) => OTP_FAILURES_MAX,
            AttemptKey::OtpPhone(_) => OTP_PHONE_FAILURES_MAX,
            AttemptKey::OtpStranger(_) => OTP_STRANGERS_MAX,
            AttemptKey::OtpAll => OTP_ALL_FAILURES_MAX,
        }
    }
}

/// PINs that may be wrong on one code, from people who know the phone it is bound to. A stranger who knows only the code fails at the phone,
/// and that does not count here: the customer is not locked out.
pub const PIN_FAILURES_MAX: u32 = 10;
/// Codes that may be wrong with one phone.
pub const PHONE_FAILURES_MAX: u32 = 50;
/// Codes that may be wrong from one address: a shop's gateway speaks for thousands of customers who mistype.
pub const CALLER_FAILURES_MAX: u32 = 20_000;
/// Words that nobody can use and an address may tell again for others, and have it on the record. More are not recorded: the record only hides,
/// by the time that it takes, that they are no codes.
const REPEATS_MAX: u32 = 200_000;
/// Codes that may be wrong in all.
pub const ALL_FAILURES_MAX: u32 = 200_000;
/// Passwords that may be wrong on one certificate: with a million passwords one of 100,000 such days hits. A new password does not reset it.
pub const OTP_FAILURES_MAX: u32 = 10;
/// Passwords that may be wrong on all certificates of one phone; with so many, those are looked at no more that had a wrong one themselves.
pub const OTP_PHONE_FAILURES_MAX: u32 = 30;
/// Phones that may be wrong with one certificate: of the ten million of an operator 50 a day find one in some hundred years. Who has lost
/// the number of a certificate to somebody who tries phones waits for the next day.
pub const OTP_STRANGERS_MAX: u32 = 50;
/// Passwords that may be wrong in all: one of twenty such days hits one certificate of the whole chain.
pub const OTP_ALL_FAILURES_MAX: u32 = 50_000;

/// Seconds for which failed attempts count together.
pub const ATTEMPTS_SECONDS: i64 = 86_400;

/// Seconds by which a clock may have been ahead when something was counted.
pub(super) const CLOCK_SECONDS: i64 = 3_600;

/// Failed attempts within a day of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// When the first was.
    pub since: Instant,
    /// How many.
    pub count: u32,
}

impl Attempts {
    /// How many count at a moment.
    #[must_use]
    pub fn at(self, now: Instant) -> u32 {
        let age = now.unix().saturating_sub(self.since.unix());
        // A clock that was ahead must not lock anybody for longer than a day.
        if (-CLOCK_SECONDS..ATTEMPTS_SECONDS).contains(&age) { self.count } else { 0 }
    }

    /// With one more at a moment.
    #[must_use]
    pub fn and_one(before: Option<Self>, now: Instant) -> Self {
        match before.filter(|before| before.at(now) > 0) {
            Some(before) => Attempts { count: before.count.saturating_add(1), ..before },
            None => Attempts { since: now, count: 1 },
        }
    }
}

/// A code that was found to be good for a purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedCode {
    /// Which.
    pub key: CodeKey,
    /// How often it may be used; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// What it opens.
    pub opened: crate::basket::Opened,
}
