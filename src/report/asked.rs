//! Which sales, which promotions, and what makes a row.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::ledger::Sale;
use crate::time::{Instant, Zone};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Sales that were paid from this moment on; from the first when absent.
    pub from: Option<Instant>,
    /// And before this one; up to the last when absent.
    pub until: Option<Instant>,
    /// The promotions, by id; all when empty.
    pub promotions: BTreeSet<String>,
    /// What makes a row.
    pub by: By,
}

impl Asked {
    /// Whether sales of that moment are asked for.
    #[must_use]
    pub fn covers(&self, paid_at: Instant) -> bool {
        self.from.is_none_or(|from| from <= paid_at) && self.until.is_none_or(|until| paid_at < until)
    }

    /// Whether a promotion is asked for.
    #[must_use]
    pub fn is_about(&self, promotion: &str) -> bool {
        self.promotions.is_empty() || self.promotions.contains(promotion)
    }
}

/// What makes a row beside the currency: any of these, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct By {
    /// The promotion. Else a basket counts once, however many promotions it has.
    pub promotion: bool,
    /// The day on which it was paid.
    pub day: bool,
    /// The channel.
    pub channel: bool,
    /// The store.
    pub store: bool,
}

/// The name of a row; what the rows are not made by is absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Key {
    /// The promotion.
    pub promotion: Option<String>,
    /// The day in the zone of the settings.
    pub day: Option<Date>,
    /// The channel; empty where the request named none.
    pub channel: Option<String>,
    /// The store; empty where the request named none.
    pub store: Option<String>,
    /// ISO 4217.
    pub currency: String,
}

impl By {
    /// The row of a sale that was paid at that moment.
    #[must_use]
    pub fn key(self, sale: &Sale, paid_at: Instant, promotion: Option<&str>, zone: &Zone) -> Key {
        let sold = sale.sold();
        Key {
            promotion: promotion.map(str::to_owned),
            day: self.day.then(|| zone.local(paid_at).date),
            channel: self.channel.then(|| sold.channel.clone()),
            store: self.store.then(|| sold.store.clone()),
            currency: sold.currency.clone(),
        }
    }
}
