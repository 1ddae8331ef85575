//! One immutable entry of the ledger.

use serde::{Deserialize, Serialize};

use super::certificate::{Change, Note, Otp};
use super::codes::{AttemptKey, CodeKey, NewCode, PhoneKey, Terms};
use super::counter::Take;
use super::id::{CertificateKey, Content, RequestId, SaleId};
use super::purchase::Purchase;
use super::rejection::Rejection;
use super::sale::Return;
use crate::money::Amount;
use crate::time::Instant;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// When, on the server's clock.
    pub at: Instant,
    /// The call that made it, and what that said; nothing where the ledger made it by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<(RequestId, Content)>,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A purchase was reserved: what it takes is held.
    Reserved {
        /// The sale.
        sale: SaleId,
        /// When its holds end.
        expires_at: Instant,
        /// What is bought.
        purchase: Box<Purchase>,
        /// What is held.
        takes: Vec<Take>,
    },
    /// A purchase was paid: what it takes is kept, and the rest of what was held is released.
    Committed {
        /// The sale.
        sale: SaleId,
        /// What was paid, where it was not all that was reserved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<Box<Purchase>>,
        /// What is kept.
        takes: Vec<Take>,
    },
    /// A purchase was called off: what it held is released.
    Cancelled {
        /// The sale.
        sale: SaleId,
    },
    /// The time of a purchase was over: what it held is released.
    Expired {
        /// The sale.
        sale: SaleId,
    },
    /// Units came back.
    Refunded {
        /// The sale.
        sale: SaleId,
        /// What came back, and what the customer got.
        back: Box<Return>,
        /// What is kept from now on.
        takes: Vec<Take>,
    },
    /// Codes came into being.
    CodesAdded {
        /// In which pool.
        pool: String,
        /// What holds for all that have no terms of their own.
        terms: Terms,
        /// The codes.
        codes: Vec<NewCode>,
    },
    /// A code was taken out of use.
    CodeDisabled {
        /// Which.
        code: CodeKey,
    },
    /// A pool was taken out of use.
    PoolDisabled {
        /// Which.
        pool: String,
    },
    /// An attempt at a code failed.
    Missed {
        /// Of whom that is counted.
        by: Vec<AttemptKey>,
    },
    /// A certificate came into being.
    CertificateIssued {
        /// Its name for people.
        id: RequestId,
        /// Its number.
        certificate: CertificateKey,
        /// The last four characters of that.
        last_four: String,
        /// The purchase that it was sold in.
        sale: SaleId,
        /// And the line.
        line: String,
        /// Whose it is.
        phone: PhoneKey,
        /// ISO 4217.
        currency: String,
        /// What it is worth.
        amount: Amount,
        /// When it ends.
        expires_at: Instant,
    },
    /// A password was sent: the one before it is dead.
    OtpSent {
        /// To open which certificate.
        certificate: CertificateKey,
        /// To which phone.
        phone: PhoneKey,
        /// The password.
        otp: Otp,
    },
    /// A password was used to look.
    OtpUsed {
        /// At which certificate.
        certificate: CertificateKey,
    },
    /// Support changed a certificate.
    CertificateChanged {
        /// Which.
        certificate: CertificateKey,
        /// How.
        change: Change,
        /// Who asked for it, and why.
        note: Note,
    },
    /// The time of a certificate was over: its balance has expired.
    CertificateExpired {
        /// Which.
        certificate: CertificateKey,
    },
    /// A call was refused.
    Refused {
        /// Why.
        rejection: Rejection,
    },
    /// A key came into use: hashes that follow may be under it, and what the call said is its check value.
    KeyUsed,
}

impl Event {
    /// The sale it is about.
    #[must_use]
    pub fn sale(&self) -> Option<SaleId> {
        match self {
            Event::Reserved { sale, .. }
            | Event::Committed { sale, .. }
            | Event::Cancelled { sale }
            | Event::Expired { sale }
            | Event::Refunded { sale, .. }
            | Event::CertificateIssued { sale, .. } => Some(*sale),
            Event::CodesAdded { .. }
            | Event::CodeDisabled { .. }
            | Event::PoolDisabled { .. }
            | Event::Missed { .. }
            | Event::OtpSent { .. }
            | Event::OtpUsed { .. }
            | Event::CertificateChanged { .. }
            | Event::CertificateExpired { .. }
            | Event::Refused { .. }
            | Event::KeyUsed => None,
        }
    }
}
