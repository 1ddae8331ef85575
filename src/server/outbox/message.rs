//! One message to a customer, what becomes of it, and its form at rest.

use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use crate::basket::Phone;
use crate::lang::Lang;
use crate::ledger::{CertificateKey, OtpKey, RequestId};
use crate::money::Amount;
use crate::server::secrets::Pin;
use crate::time::Instant;

/// One message to a customer. `Debug` shows no phone and no password.
#[derive(Debug)]
pub struct Message {
    /// The call that asked for it. Its `webhook-id` is `otp_` and this.
    pub id: RequestId,
    /// To whom it goes.
    pub phone: Phone,
    /// The password.
    pub password: Pin,
    /// The last four characters of the certificate's number.
    pub certificate: String,
    /// What the password is good for.
    pub purpose: Purpose,
    /// What it opens, as the ledger knows it.
    pub opens: Opens,
    /// The language of the text.
    pub lang: Lang,
    /// When it was asked for.
    pub created_at: Instant,
    /// When the password ends: no attempt begins at that second or later.
    pub expires_at: Instant,
}

/// What a password is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To pay.
    Pay {
        /// How much, in minor units.
        amount: Amount,
        /// Of which currency, by ISO 4217.
        currency: String,
        /// At which till.
        till: String,
    },
    /// To see the balance.
    Look,
}

/// What a password opens, as keyed hashes: by them the ledger tells whether it is the living one. Two nodes that are asked the same have
/// one each, and the ledger takes one of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opens {
    /// The certificate, under each key of the pepper.
    pub certificates: Vec<CertificateKey>,
    /// The password.
    pub password: OtpKey,
}

/// What has become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The gateway has it.
    Sent,
    /// It is on its way; the gateway has not confirmed it yet.
    Late,
    /// Its password ended before the gateway confirmed it.
    Undelivered,
}

/// A message that was not delivered before its password ended: an entry of the dead-letter list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelivered {
    /// The call that asked for it.
    pub id: RequestId,
    /// The last four characters of the certificate's number; empty where the message could not be read.
    pub certificate: String,
    /// When it was asked for; as `ended_at` where the message could not be read.
    pub created_at: Instant,
    /// When it was given up.
    pub ended_at: Instant,
    /// Attempts since the service was started.
    pub tries: u32,
    /// Why the last attempt failed. Short, in English, without personal data.
    pub why: String,
}

/// How messages stand, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// On their way.
    pub on_way: usize,
    /// On the dead-letter list.
    pub undelivered: usize,
    /// Given up since the start.
    pub given_up: u64,
    /// Whether the gateway fails.
    pub is_failing: bool,
}

/// A message as it is enciphered. Its id is not in it: the name of the file tells it, and the cipher holds both together.
#[derive(Serialize, Deserialize)]
struct Record<'a> {
    phone: &'a str,
    password: &'a str,
    #[serde(borrow)]
    certificate: std::borrow::Cow<'a, str>,
    purpose: Purpose,
    opens: Opens,
    is_ukrainian: bool,
    created_at: Instant,
    expires_at: Instant,
}

/// Room for a record, so that it does not grow: a buffer that grows leaves copies behind that nobody wipes.
const RECORD_BYTES: usize = 2 * 1024;

impl Message {
    /// The id under which the gateway knows it, the same at each attempt.
    pub(super) fn webhook_id(&self) -> String {
        format!("otp_{}", self.id)
    }

    /// All but the id, in clear: to be enciphered.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let record = Record {
            phone: self.phone.as_e164(),
            password: self.password.expose(),
            certificate: self.certificate.as_str().into(),
            purpose: self.purpose.clone(),
            opens: self.opens.clone(),
            is_ukrainian: self.lang == Lang::Uk,
            created_at: self.created_at,
            expires_at: self.expires_at,
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(RECORD_BYTES));
        // Strings and numbers into memory: nothing can fail.
        let _ = serde_json::to_writer(&mut *bytes, &record);
        bytes
    }

    /// The message of which [`to_bytes`](Self::to_bytes) wrote all but the id; nothing for other bytes.
    pub(super) fn from_bytes(id: RequestId, bytes: &[u8]) -> Option<Self> {
        let record: Record<'_> = serde_json::from_slice(bytes).ok()?;
        Some(Message {
            id,
            // A number in E.164 needs no country.
            phone: Phone::parse(record.phone, &[]).ok()?,
            password: Pin::parse(record.password)?,
            certificate: record.certificate.into_owned(),
            purpose: record.purpose,
            opens: record.opens,
            lang: if record.is_ukrainian { Lang::Uk } else { Lang::En },
            created_at: record.created_at,
            expires_at: record.expires_at,
        })
    }

    /// What stays of it in the dead-letter list.
    pub(super) fn undelivered(&self, ended_at: Instant, tries: u32, why: &str) -> Undelivered {
        Undelivered {
            id: self.id,
            certificate: self.certificate.clone(),
            created_at: self.created_at,
            ended_at,
            tries,
            why: why.to_owned(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A message of 2026-11-27T10:00:00Z that lives for five minutes.
    pub(in super::super) fn message(lang: Lang, purpose: Purpose) -> Message {
        let created_at = Instant::from_unix(1_795_773_600).unwrap();
        Message {
            id: RequestId::parse("0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10").unwrap(),
            phone: Phone::parse("+380671234567", &[]).unwrap(),
            password: Pin::parse("012345").unwrap(),
            certificate: "7K2M".to_owned(),
            purpose,
            opens: Opens {
                certificates: vec![CertificateKey("one".to_owned())],
                password: OtpKey("two".to_owned()),
            },
            lang,
            created_at,
            expires_at: Instant::from_unix(created_at.unix() + 300).unwrap(),
        }
    }

    pub(in super::super) fn pay(minor: i64) -> Purpose {
        let (currency, till) = ("UAH".to_owned(), "kyiv-01-\"3\"".to_owned());
        Purpose::Pay { amount: Amount::from_minor(minor), currency, till }
    }

    #[test]
    fn a_message_survives_storage() {
        for (lang, purpose) in [(Lang::Uk, pay(35_000)), (Lang::En, Purpose::Look)] {
            let one = message(lang, purpose);
            let bytes = one.to_bytes();
            let back = Message::from_bytes(one.id, &bytes).unwrap();
            assert_eq!(format!("{back:?}"), format!("{one:?}"));
            assert_eq!(back.opens, one.opens);
            assert_eq!((back.phone, back.password.expose()), (one.phone, "012345"));
            for end in 0..bytes.len() {
                assert!(Message::from_bytes(one.id, &bytes[..end]).is_none());
            }
        }
    }

    #[test]
    fn a_message_shows_no_phone_and_no_password() {
        let shown = format!("{:?} {0:#?}", message(Lang::En, pay(1)));
        assert!(shown.contains("7K2M") && !shown.contains("012345") && !shown.contains("380"), "{shown}");
    }
}
