//! Gift certificates as the ledger has them: double entry, and the one password that is alive.
//!
//! No number, phone or password is here, only keyed hashes. What a certificate was issued for is at any moment the sum of five accounts:
//! `issued = balance + held + spent + expired + blocked`, and every change moves a sum from one of them to another.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::codes::{CLOCK_SECONDS, PhoneKey};
use super::id::{CertificateKey, RequestId, SaleId};
use crate::money::Amount;
use crate::time::Instant;

/// Seconds that a password lives.
pub const OTP_SECONDS: i64 = 300;
/// Wrong tries after which a password is dead.
pub const OTP_TRIES_MAX: u32 = 3;
/// Seconds between two passwords to one phone.
pub const OTP_PAUSE_SECONDS: i64 = 60;
/// Passwords to one phone in an hour, whichever hour is looked at.
pub const OTP_HOUR_MAX: usize = 3;
/// Seconds after the end of a hold within which certificates still pay for a late payment: as long as the longest hold.
pub const LATE_SECONDS: i64 = 129_600;
/// Seconds for which goods that come back open a certificate again that is over.
pub const RETURN_SECONDS: i64 = 30 * 86_400;
/// Certificates that pay for one purchase.
pub const CERTIFICATES_MAX: usize = 16;

/// Certificates of one purchase: each is kept with it.
pub const ISSUED_MAX: u32 = 1_000;

const HOUR_SECONDS: i64 = 3_600;

/// A password, or what it is bound to, as a keyed hash. `==` takes the same time wherever two differ.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OtpKey(pub String);

impl PartialEq for OtpKey {
    fn eq(&self, other: &Self) -> bool {
        let differ = self.0.bytes().zip(other.0.bytes()).fold(0, |differ, (one, two)| differ | (one ^ two));
        self.0.len() == other.0.len() && differ == 0
    }
}

impl Eq for OtpKey {}

impl fmt::Debug for OtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpKey")
    }
}

/// A password that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Otp {
    /// Certificate, purchase and till that it is for.
    pub bound: OtpKey,
    /// The password with the same.
    pub password: OtpKey,
    /// The most that it pays; nothing where it only lets its owner look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// No longer from then on.
    pub expires_at: Instant,
    /// Wrong tries.
    #[serde(default)]
    pub tries: u32,
}

impl Otp {
    /// Whether it may still be tried.
    #[must_use]
    pub fn is_alive(&self, now: Instant) -> bool {
        self.tries < OTP_TRIES_MAX && now < self.expires_at
    }
}

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its name for people.
    pub id: RequestId,
    /// The last four characters of its number.
    pub last_four: String,
    /// The purchase that it was sold in.
    pub sale: SaleId,
    /// And the line.
    pub line: String,
    /// Whose it is.
    pub phone: PhoneKey,
    /// ISO 4217.
    pub currency: String,
    /// No longer spent from then on.
    pub expires_at: Instant,
    /// What it was issued for.
    pub issued: Amount,
    /// What may be spent.
    pub balance: Amount,
    /// What is held for purchases that are not paid yet.
    pub held: Amount,
    /// What was spent.
    pub spent: Amount,
    /// What was left when its time was over.
    pub expired: Amount,
    /// What was left when it was taken out of use.
    pub blocked: Amount,
    /// Whether somebody took it out of use.
    #[serde(default)]
    pub is_blocked: bool,
    /// Whether the purchase that it was sold in came back.
    #[serde(default)]
    pub is_frozen: bool,
    /// When it was last taken out of use or bound to another phone: what was reserved before holds nothing any more once it has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_at: Option<Instant>,
    /// The entry from which on it is its owner's.
    #[serde(default)]
    pub owner_since: u32,
    /// Entries that it has.
    pub entries: u32,
    /// The password that was sent last, until it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otp: Option<Otp>,
}

impl Certificate {
    /// Whether it is out of use.
    #[must_use]
    pub fn is_out_of_use(&self) -> bool {
        self.is_blocked || self.is_frozen
    }

    /// Whether it may be spent before its end.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.is_frozen, self.is_blocked) {
            (true, _) => Standing::Frozen,
            (false, true) => Standing::Blocked,
            (false, false) => Standing::InUse,
        }
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        self.expires_at <= now
    }

    /// Whether all that it was issued for is its balance: nothing is spent, held, expired or blocked. Then it may be brought back for what was
    /// paid.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.balance == self.issued && !self.is_out_of_use()
    }

    /// What its owner is owed.
    #[must_use]
    pub fn owed(&self) -> Amount {
        let blocked = if self.is_frozen { Amount::ZERO } else { self.blocked };
        self.balance + self.held + blocked
    }

    /// Whether its accounts add up, and none is below zero.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let parts = [self.balance, self.held, self.spent, self.expired, self.blocked];
        parts.iter().copied().sum::<Amount>() == self.issued && parts.iter().all(|part| *part >= Amount::ZERO)
    }

    /// The account to which what comes back goes.
    #[must_use]
    pub fn home(&self) -> Side {
        if self.is_out_of_use() { Side::Blocked } else { Side::Balance }
    }

    /// One of its accounts; that of the issue is the certificate itself, and does not move.
    pub fn side(&mut self, side: Side) -> Option<&mut Amount> {
        Some(match side {
            Side::Issue => return None,
            Side::Balance => &mut self.balance,
            Side::Held => &mut self.held,
            Side::Spent => &mut self.spent,
            Side::Expired => &mut self.expired,
            Side::Blocked => &mut self.blocked,
        })
    }
}

/// An account of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where it came from: the purchase that it was sold in.
    Issue,
    /// What may be spent.
    Balance,
    /// What is held.
    Held,
    /// What was spent.
    Spent,
    /// What has expired.
    Expired,
    /// What was taken out of use.
    Blocked,
}

/// What happened to a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// It was issued.
    Issued,
    /// A purchase was reserved.
    Held,
    /// What was held came back.
    Released,
    /// A purchase was paid.
    Spent,
    /// Goods came back.
    Returned,
    /// It was taken out of use.
    Blocked,
    /// It was put into use again.
    Unblocked,
    /// The purchase that it was sold in came back.
    Frozen,
    /// Its time was over.
    Expired,
    /// Its end was moved.
    Extended,
    /// It was bound to another phone.
    Transferred,
}

/// A sum that moved from one account of a certificate to another. That of a change of terms alone may be zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The certificate's id.
    pub certificate: RequestId,
    /// ISO 4217.
    pub currency: String,
    /// When.
    pub at: Instant,
    /// What happened.
    pub kind: EntryKind,
    /// From which account.
    pub from: Side,
    /// To which.
    pub to: Side,
    /// How much.
    pub amount: Amount,
    /// The balance after it.
    pub balance: Amount,
    /// What is held after it.
    pub held: Amount,
    /// When the certificate ends, after it.
    pub expires_at: Instant,
    /// Whether it may be spent, after it.
    pub standing: Standing,
    /// The purchase, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale: Option<SaleId>,
    /// Who asked for it and why, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// Whether a certificate may be spent before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may.
    InUse,
    /// Somebody took it out of use.
    Blocked,
    /// The purchase that it was sold in came back.
    Frozen,
}

/// Who asked for a change, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// As the retailer names its people.
    pub actor: String,
    /// In their words.
    pub reason: String,
}

/// A change that support asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Out of use.
    Block,
    /// Into use again.
    Unblock,
    /// Another end.
    Extend(Instant),
    /// Another phone.
    Transfer(PhoneKey),
}

/// What a certificate pays of a purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which.
    pub certificate: CertificateKey,
    /// Its id.
    pub id: RequestId,
    /// The last four characters of its number.
    pub last_four: String,
    /// How much it pays, or gets back.
    pub amount: Amount,
    /// What is left on it then.
    pub left: Amount,
}

/// To whom passwords were sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentKey {
    /// A phone.
    Phone(PhoneKey),
    /// All phones.
    All,
}

/// Passwords that were sent: the last few moments, and how many within an hour of the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The last [`OTP_HOUR_MAX`] moments, the newest last.
    pub last: Vec<Instant>,
    /// When the first of the hour was.
    pub since: Instant,
    /// How many in that hour.
    pub count: u32,
}

impl Sent {
    /// With one more at a moment.
    #[must_use]
    pub fn and_one(before: Option<&Self>, now: Instant) -> Self {
        let mut last = before.map(|before| before.last.clone()).unwrap_or_default();
        last.push(now);
        let surplus = last.len().saturating_sub(OTP_HOUR_MAX);
        last.drain(..surplus);
        match before.filter(|before| before.in_hour(now) > 0) {
            Some(before) => Sent { last, since: before.since, count: before.count.saturating_add(1) },
            None => Sent { last, since: now, count: 1 },
        }
    }

    /// How many count at a moment.
    #[must_use]
    pub fn in_hour(&self, now: Instant) -> u32 {
        if is_within(self.since, now, HOUR_SECONDS) { self.count } else { 0 }
    }

    /// Seconds until a phone may get another; nothing when it may now.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Option<u32> {
        let until = |sent: &Instant, seconds: i64| {
            let age = now.unix().saturating_sub(sent.unix());
            is_within(*sent, now, seconds).then(|| u32::try_from(seconds - age).unwrap_or_default())
        };
        let pause = self.last.last().and_then(|sent| until(sent, OTP_PAUSE_SECONDS));
        let oldest = self.last.first().filter(|_| self.last.len() >= OTP_HOUR_MAX);
        pause.max(oldest.and_then(|sent| until(sent, HOUR_SECONDS)))
    }
}

/// Whether so many seconds have not passed. A clock that was far ahead must not keep anybody waiting for it to come round.
fn is_within(since: Instant, now: Instant, seconds: i64) -> bool {
    (-CLOCK_SECONDS..seconds).contains(&now.unix().saturating_sub(since.unix()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_unix(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn one_a_minute_and_three_in_any_hour() {
        let mut sent = None;
        for (second, wait) in [
            (0, None),
            (59, Some(1)),
            (60, None),
            (120, None),
            // The first of three was at 0.
            (180, Some(3_420)),
            (3_599, Some(1)),
            (3_600, None),
            (3_660, None),
            (3_720, None),
            (3_780, Some(3_420)),
            // A clock that went back a little, and one that was days ahead.
            (3_700, Some(3_500)),
            (-90_000, None),
        ] {
            assert_eq!(sent.as_ref().and_then(|sent: &Sent| sent.wait(at(second))), wait, "at {second}");
            if wait.is_none() {
                sent = Some(Sent::and_one(sent.as_ref(), at(second)));
            }
        }
    }

    #[test]
    fn those_to_all_count_within_an_hour_of_the_first() {
        let mut sent = None;
        for second in [0, 10, 3_599] {
            sent = Some(Sent::and_one(sent.as_ref(), at(second)));
        }
        let sent = sent.unwrap();
        assert_eq!((sent.in_hour(at(3_599)), sent.in_hour(at(3_600))), (3, 0));
        assert_eq!(Sent::and_one(Some(&sent), at(3_600)).count, 1);
    }

    #[test]
    fn keys_of_passwords_are_equal_when_every_byte_is() {
        let key = |text: &str| OtpKey(text.to_owned());
        assert_eq!(key("k1:00ff"), key("k1:00ff"));
        for other in ["", "k1:00f", "k1:00fe", "k2:00ff", "k1:00ff0"] {
            assert_ne!(key("k1:00ff"), key(other), "{other}");
        }
        assert_eq!(format!("{:?}", key("k1:00ff")), "OtpKey");
    }
}
