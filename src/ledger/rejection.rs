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
