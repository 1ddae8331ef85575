//! Counters: how much of something was given, and how much is held for purchases that are not paid yet.

use serde::{Deserialize, Serialize};

use super::codes::CodeKey;
use super::id::CustomerKey;
use crate::promotion::OnRefund;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterKey {
    /// Baskets of a promotion: `limits.total`.
    Total(String),
    /// Baskets of a promotion of one customer: `limits.per_customer`.
    Customer(String, CustomerKey),
    /// Money that a promotion gave, in minor units: `limits.budget`.
    Budget(String),
    /// Pieces of a gift in a store: the SKU, and the store or nothing.
    Stock(String, String),
    /// Baskets in which a generated code was used.
    Code(CodeKey),
}

/// The state of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counter {
    /// For purchases that are reserved and not paid yet.
    pub held: u64,
    /// For purchases that were paid.
    pub kept: u64,
}

impl Counter {
    /// Both together.
    #[must_use]
    pub fn given(self) -> u64 {
        self.held.saturating_add(self.kept)
    }

    /// What is left of `limit`.
    #[must_use]
    pub fn left_of(self, limit: u64) -> u64 {
        limit.saturating_sub(self.given())
    }
}

/// Up to where a counter may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Held and kept together stay within it: what a rule file limits.
    Ever(u64),
    /// What is held stays within it: pieces that a store has on the shelf. What is paid has left the shelf, and the next
    /// caller states a smaller number.
    Now(u64),
}

/// What a purchase takes of a counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// For which promotion.
    pub promotion: String,
    /// Of which counter.
    pub counter: CounterKey,
    /// How much: baskets, minor units or pieces.
    pub amount: u64,
    /// Up to where the counter may go.
    pub limit: Limit,
    /// Whether it comes back with the goods.
    pub on_refund: OnRefund,
}

impl Take {
    /// Whether there is room for it, beside what others hold and keep. `own` is what the purchase itself holds already.
    #[must_use]
    pub fn fits(&self, counter: Counter, own: u64) -> bool {
        let held = counter.held.saturating_sub(own);
        let (others, limit) = match self.limit {
            Limit::Ever(limit) => (held.checked_add(counter.kept), limit),
            Limit::Now(limit) => (Some(held), limit),
        };
        // A sum too large for the counter is over any limit.
        others.and_then(|others| others.checked_add(self.amount)).is_some_and(|sum| sum <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_take_fits_up_to_its_limit_and_not_one_more() {
        let take = |amount, limit| Take {
            promotion: "p".to_owned(),
            counter: CounterKey::Total("p".to_owned()),
            amount,
            limit,
            on_refund: OnRefund::Keep,
        };
        let counter = Counter { held: 3, kept: 5 };
        let cases = [
            (take(2, Limit::Ever(10)), 0, true),
            (take(3, Limit::Ever(10)), 0, false),
            (take(3, Limit::Ever(10)), 1, true),
            (take(7, Limit::Now(10)), 0, true),
            (take(8, Limit::Now(10)), 0, false),
            (take(10, Limit::Now(10)), 3, true),
            (take(u64::MAX, Limit::Ever(u64::MAX)), 0, false),
        ];
        for (take, own, fits) in cases {
            assert_eq!(take.fits(counter, own), fits, "{take:?} beside {own}");
        }
    }
}
