//! Why a command is refused. A rejection is an answer, not an error.

use serde::{Deserialize, Serialize};

use crate::money::Amount;

/// The reasons, in order of precedence: the first that holds is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The id of the request was used for something else.
    RequestIdReused,
    /// The rulebook of the quote is not known, or its time is over.
    RulebookExpired,
    /// The quote is older than prices are honored.
    QuoteExpired,
    /// No sale has this id.
    SaleUnknown,
    /// The sale was called off.
    SaleCancelled,
    /// The sale is not paid yet, so nothing can come back.
    SaleNotCommitted,
    /// The sale is paid already.
    SaleCommitted,
    /// The sale has changed since the caller read it.
    SaleMoved,
    /// The sale has no such line, or not so many units of it are left.
    UnitsUnknown(String),
    /// Units of the sale have come back so often that no more can be kept.
    TooManyRefunds,
    /// The delivery was paid back already, or cost nothing.
    DeliveryReturned,
    /// A promotion has been given to as many baskets as it may be.
    LimitReached(String),
    /// The customer has had a promotion as often as may be.
    CustomerLimitReached(String),
    /// The money for a promotion is given.
    BudgetSpent(String),
    /// None of a gift is left.
    OutOfStock(String),
    /// A code cannot be used any more.
    CodeRefused,
    /// A code that is to be made or taken in is there already: its place in the call.
    CodeExists(u32),
    /// There is no such code, or no such pool.
    CodeUnknown,
    /// No certificate, or not with this phone or password.
    CertificateRefused,
    /// Support names a certificate that there is not.
    CertificateUnknown,
    /// Too many passwords were wrong: for a day from the first none is looked at.
    OtpLocked,
    /// The certificate is out of use.
    CertificateBlocked,
    /// The certificate is in use: there is nothing to put back.
    CertificateNotBlocked,
    /// The purchase that the certificate was sold in came back: it is out of use for good.
    CertificateFrozen,
    /// The certificate's time is over.
    CertificateExpired,
    /// The certificate is of another currency.
    CertificateCurrency,
    /// More is asked of the certificate than its password was for.
    OtpAmountExceeded,
    /// Nothing is left on the certificate, or not what it is to pay.
    CertificateEmpty,
    /// What certificates were to pay is held no longer, and cannot be taken any more: the purchase must be reserved anew.
    CertificateHoldOver,
    /// Nothing is left that a certificate may pay.
    CertificateNotNeeded,
    /// A password was sent to the phone a moment ago, or as many as an hour may have: in so many seconds there may be another.
    OtpTooSoon(u32),
    /// All the passwords that an hour may have were sent.
    OtpBudgetSpent,
    /// The line of the sale is no certificate.
    NotACertificate(String),
    /// All certificates of the line are issued, or have come back.
    CertificateIssued(String),
    /// There is a certificate of this number already.
    CertificateExists,
    /// A certificate that comes back has been spent, or is about to be.
    CertificateSpent(String),
    /// Several certificates of the line could be the one that comes back.
    CertificateUnnamed(String),
    /// The new end is not later than the old one.
    NotLater,
    /// The basket no longer costs what the caller expects.
    PriceChanged {
        /// What it costs now.
        total: Amount,
    },
}

impl Rejection {
    /// Whether it says that others took what was left: the purchase may be had at another price.
    #[must_use]
    pub fn is_about_room(&self) -> bool {
        matches!(
            self,
            Rejection::LimitReached(_)
                | Rejection::CustomerLimitReached(_)
                | Rejection::BudgetSpent(_)
                | Rejection::OutOfStock(_)
                | Rejection::CodeRefused
        )
    }
}
