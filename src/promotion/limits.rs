//! How much of a promotion there is: in one basket, for one customer, in total.

use serde::{Deserialize, Serialize};

use crate::money::Amount;

/// The field `limits`; absent entries do not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Units of one basket that may take part.
    pub units: Option<u32>,
    /// Sets of one basket; `None` inside means unlimited in so many words.
    pub sets: Option<Sets>,
    /// Baskets in all.
    pub total: Option<u64>,
    /// Baskets of one customer.
    pub per_customer: Option<u32>,
    /// Money given in all.
    pub budget: Option<Amount>,
    /// `on_refund` of the promotion: whether uses come back with the goods.
    pub on_refund: OnRefund,
}

/// `on_refund`: what becomes of the uses of a promotion when its goods come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRefund {
    /// They stay used.
    #[default]
    Keep,
    /// They come back with the goods.
    Restore,
}

/// `limits.sets`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sets {
    /// `unlimited`.
    Unlimited,
    /// So many a basket.
    AtMost(u32),
}

impl Limits {
    /// Whether something is limited beyond one basket, so that using it uses something up.
    #[must_use]
    pub fn are_counted(&self) -> bool {
        self.total.is_some() || self.per_customer.is_some() || self.budget.is_some()
    }
}
