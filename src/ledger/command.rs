//! What a caller wants of the ledger, with everything that a decision needs: the moment and the ids come in here.

use super::certificate::{Change, Note, Otp, OtpKey};
use super::codes::{AttemptKey, CodeKey, NewCode, PhoneKey, Terms};
use super::counter::Take;
use super::id::{CertificateKey, Content, RequestId, SaleId};
use super::purchase::Purchase;
use super::rejection::Rejection;
use crate::money::Amount;
use crate::time::Instant;

/// One changing call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The caller's id of the call.
    pub request: RequestId,
    /// What the call says.
    pub content: Content,
    /// The moment.
    pub at: Instant,
    /// What is wanted.
    pub action: Action,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A purchase is about to be paid.
    Reserve(Box<Reserve>),
    /// A purchase is paid.
    Commit(Box<Commit>),
    /// A purchase is called off.
    Cancel(SaleId),
    /// Units come back.
    Refund(Box<Refund>),
    /// Codes come into being.
    AddCodes(Box<AddCodes>),
    /// A code is taken out of use.
    DisableCode(CodeKey),
    /// A pool is taken out of use, with all its codes.
    DisablePool(String),
    /// An attempt at a code has failed: of whom that is counted.
    Miss(Vec<AttemptKey>),
    /// A certificate that is paid comes into being.
    Issue(Box<Issue>),
    /// A password is to be sent.
    AskOtp(Box<AskOtp>),
    /// A password opens what its owner may look at.
    Look(Box<Look>),
    /// Support changes a certificate.
    ChangeCertificate(Box<ChangeCertificate>),
    /// The call was refused: from now on its id has this answer.
    Refuse(Rejection),
    /// A key comes into use: what the call says is its check value.
    UseKey,
}

/// A purchase is about to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// What is bought.
    pub purchase: Purchase,
    /// What it takes.
    pub takes: Vec<Take>,
    /// When its holds end.
    pub expires_at: Instant,
    /// The certificates that pay, in order.
    pub pay: Vec<Pay>,
}

/// A certificate, and the password that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The certificate under each key.
    pub certificates: Vec<CertificateKey>,
    /// What the password is bound to, and the password with it, under each key.
    pub otps: Vec<(OtpKey, OtpKey)>,
}

/// A certificate that pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pay {
    /// Which.
    pub presented: Presented,
    /// The most that it pays; nothing for what its password was for.
    pub amount: Option<Amount>,
}

/// A certificate comes into being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its name for people: it tells nothing of number and call.
    pub id: RequestId,
    /// Its number.
    pub certificate: CertificateKey,
    /// The last four characters of that.
    pub last_four: String,
    /// The paid sale.
    pub sale: SaleId,
    /// The line; empty where there is only one of certificates.
    pub line: String,
    /// Whose it is.
    pub phone: PhoneKey,
    /// When it ends.
    pub expires_at: Instant,
}

/// A password is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskOtp {
    /// The certificate under each key.
    pub certificates: Vec<CertificateKey>,
    /// The phone under each key, that of today first.
    pub phones: Vec<PhoneKey>,
    /// The password.
    pub otp: Otp,
    /// Passwords that may be sent in an hour, to all phones.
    pub hour_max: u32,
}

/// A certificate's owner looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The certificate and its password.
    pub presented: Presented,
    /// The phone under each key.
    pub phones: Vec<PhoneKey>,
}

/// Support changes a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCertificate {
    /// Which.
    pub certificate: CertificateKey,
    /// How.
    pub change: Change,
    /// Who asks for it, and why.
    pub note: Note,
}

/// A purchase is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Which.
    pub sale: SaleId,
    /// With what, where it is not paid as it was reserved.
    pub part: Option<Part>,
}

/// A part of what was reserved, priced by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What is bought.
    pub purchase: Purchase,
    /// What it takes.
    pub takes: Vec<Take>,
}

/// Units come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Of which sale.
    pub sale: SaleId,
    /// Which units.
    pub units: Vec<ReturnedUnits>,
    /// The certificates that come back, by id, where the units are some; it is needed where several could.
    pub certificates: Vec<RequestId>,
    /// Whether the delivery is paid back.
    pub delivery: bool,
    /// The purchase without them, where it was priced again.
    pub repriced: Option<Repriced>,
}

/// Units of one line that come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedUnits {
    /// The line's id.
    pub line: String,
    /// The place of their group in the line; the cheapest that are left when the caller does not know.
    pub group: Option<usize>,
    /// How many.
    pub quantity: u32,
}

/// What is left of a purchase, priced again under its own rulebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repriced {
    /// Returns that the sale had when it was priced: with more the price is no longer right.
    pub returns: usize,
    /// What is left, at its new price; nothing when all has come back.
    pub purchase: Purchase,
    /// What it takes now.
    pub takes: Vec<Take>,
}

/// Codes come into being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCodes {
    /// In which pool.
    pub pool: String,
    /// What holds for all that have no terms of their own.
    pub terms: Terms,
    /// The codes.
    pub codes: Vec<NewCode>,
}
