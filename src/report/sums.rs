//! The figures of one row.

use rustc_hash::FxHashSet;

use super::left::{Part, plus};
use crate::money::Amount;

/// What a row tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Paid baskets in which a promotion is used.
    pub baskets: u64,
    /// Of these, baskets in which a code opened it.
    pub baskets_by_code: u64,
    /// Different customers among them.
    pub customers: u64,
    /// Of these baskets, those whose customer is not known.
    pub baskets_without_customer: u64,
    /// What was paid for these baskets in all and not paid back.
    pub baskets_total: Amount,
    /// Units that were reduced and kept.
    pub units: u64,
    /// Units that were reduced and came back.
    pub units_back: u64,
    /// What the kept units were sold for.
    pub sold: Amount,
    /// What was taken off goods and delivery.
    pub given: Amount,
    /// Gifts: pieces on top of baskets, and pieces of baskets that became gifts.
    pub gifts: u64,
    /// What the pieces on top of baskets cost the retailer, as far as the catalog knows.
    pub gifts_cost: Amount,
    /// Of the pieces on top of baskets, those whose cost is not known.
    pub gifts_without_cost: u64,
    /// Points that were earned and not taken back.
    pub points: u64,
}

/// A row that grows.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sums: Sums,
    /// Customers by number.
    customers: FxHashSet<u32>,
}

/// What a sale adds to a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Added {
    pub(super) part: Part,
    pub(super) by_code: bool,
    pub(super) customer: Option<u32>,
    pub(super) value: Amount,
    pub(super) gifts: u64,
    pub(super) gifts_cost: Amount,
    pub(super) gifts_without_cost: u64,
}

impl Tally {
    pub(super) fn add(&mut self, added: &Added) {
        let (sums, part) = (&mut self.sums, &added.part);
        if part.is_used {
            sums.baskets += 1;
            sums.baskets_by_code += u64::from(added.by_code);
            plus(&mut sums.baskets_total, Some(added.value));
            match added.customer {
                Some(customer) => drop(self.customers.insert(customer)),
                None => sums.baskets_without_customer += 1,
            }
        }
        sums.units = sums.units.saturating_add(part.units);
        sums.units_back = sums.units_back.saturating_add(part.units_back);
        plus(&mut sums.sold, Some(part.sold));
        plus(&mut sums.given, Some(part.given));
        sums.gifts = sums.gifts.saturating_add(added.gifts);
        plus(&mut sums.gifts_cost, Some(added.gifts_cost));
        sums.gifts_without_cost = sums.gifts_without_cost.saturating_add(added.gifts_without_cost);
        sums.points = sums.points.saturating_add(part.points);
    }

    pub(super) fn sums(&self) -> Sums {
        Sums { customers: u64::try_from(self.customers.len()).unwrap_or(u64::MAX), ..self.sums }
    }
}
