//! Sales one by one become rows.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::asked::{Asked, Key};
use super::left::{Left, plus};
use super::sums::{Added, Sums, Tally};
use crate::ledger::{CustomerKey, Sale, State};
use crate::money::Amount;
use crate::time::Zone;

/// The most rows: a hundred promotions on two hundred days. More is nothing that a person reads, and must fit into one message.
pub const ROWS_MAX: usize = 20_000;

/// What the rulebook of a sale knows beside the sale. It may have to be fetched.
pub trait Known {
    /// Whether a promotion waited for a code.
    fn has_code(&mut self, rulebook: &str, promotion: &str) -> bool;

    /// What one piece of these goods costs the retailer.
    fn cost(&mut self, rulebook: &str, sku: &str) -> Option<Amount>;
}

/// There are more rows than [`ROWS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {ROWS_MAX} rows: ask for fewer days or promotions, or for rows by less")]
pub struct TooManyRows;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub key: Key,
    /// Its figures.
    pub sums: Sums,
}

/// Rows that grow.
#[derive(Debug)]
pub struct Table {
    asked: Asked,
    zone: Zone,
    rows: BTreeMap<Key, Tally>,
    totals: BTreeMap<Key, Tally>,
    /// Numbers for customers: a row holds four bytes for each of them.
    customers: FxHashMap<CustomerKey, u32>,
}

impl Table {
    /// An empty one; days are those of `zone`.
    #[must_use]
    pub fn new(asked: Asked, zone: Zone) -> Self {
        let (rows, totals) = (BTreeMap::new(), BTreeMap::new());
        Table { asked, zone, rows, totals, customers: FxHashMap::default() }
    }

    /// Takes in a sale, when it is one that is asked for.
    ///
    /// # Errors
    /// The rows have become too many.
    pub fn add(&mut self, sale: &Sale, known: &mut impl Known) -> Result<(), TooManyRows> {
        let paid_at = sale.ended_at.filter(|_| sale.state == State::Committed);
        let Some(paid_at) = paid_at.filter(|paid_at| self.asked.covers(*paid_at)) else { return Ok(()) };
        let left = Left::of(sale);
        let mut promotions = left.promotions();
        promotions.retain(|promotion| self.asked.is_about(promotion));
        if promotions.is_empty() {
            return Ok(());
        }
        let by = self.asked.by;
        let whole = self.added(sale, &left, &promotions, known);
        if by.promotion {
            for promotion in &promotions {
                let added = self.added(sale, &left, &BTreeSet::from([*promotion]), known);
                let key = by.key(sale, paid_at, Some(promotion), &self.zone);
                self.rows.entry(key).or_default().add(&added);
            }
        } else {
            self.rows.entry(by.key(sale, paid_at, None, &self.zone)).or_default().add(&whole);
        }
        let total = Key { currency: sale.sold().currency.clone(), ..Key::default() };
        self.totals.entry(total).or_default().add(&whole);
        if self.rows.len() > ROWS_MAX { Err(TooManyRows) } else { Ok(()) }
    }

    /// The rows, by their names.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        told(&self.rows)
    }

    /// All of it in one row for each currency: in it a basket counts once, and so does a customer.
    #[must_use]
    pub fn totals(&self) -> Vec<Row> {
        told(&self.totals)
    }

    fn added(
        &mut self,
        sale: &Sale,
        left: &Left<'_>,
        promotions: &BTreeSet<&str>,
        known: &mut impl Known,
    ) -> Added {
        let rulebook = sale.current().rulebook.as_str();
        let part = left.part(promotions);
        let mut added = Added { part, value: left.value(), ..Added::default() };
        if part.is_used {
            added.by_code = left.used(promotions).any(|promotion| known.has_code(rulebook, promotion));
            added.customer = sale.sold().customer.first().map(|customer| self.number(customer));
        }
        added.gifts = left.gifts_of_basket(promotions);
        for (sku, quantity) in left.gifts(promotions) {
            added.gifts += quantity;
            match known.cost(rulebook, sku).filter(|_| !sku.is_empty()) {
                Some(cost) => {
                    let quantity = u32::try_from(quantity).unwrap_or(u32::MAX);
                    plus(&mut added.gifts_cost, cost.checked_times(quantity));
                }
                None => added.gifts_without_cost += quantity,
            }
        }
        added
    }

    fn number(&mut self, customer: &CustomerKey) -> u32 {
        if let Some(number) = self.customers.get(customer) {
            return *number;
        }
        let number = u32::try_from(self.customers.len()).unwrap_or(u32::MAX);
        self.customers.insert(customer.clone(), number);
        number
    }
}

fn told(rows: &BTreeMap<Key, Tally>) -> Vec<Row> {
    rows.iter().map(|(key, tally)| Row { key: key.clone(), sums: tally.sums() }).collect()
}
