//! Rulebook and request in, quote out.

pub mod quote;

pub use quote::{
    Applied, Carried, CodeFate, CodeResult, Hint, Optimality, Quote, QuotedLine, Reason, UnitGroup, Why,
};

use crate::basket::{Fault, Request, check};
use crate::money::Amount;
use crate::rulebook::Rulebook;

/// How much work a search may do, in steps; never a clock, so that the same request has the same answer everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Nodes of the search.
    pub steps: u64,
}

impl Default for Effort {
    /// Some tens of milliseconds at the very most.
    fn default() -> Self {
        Effort { steps: 200_000 }
    }
}

/// What the basket costs at the best price that the rulebook allows.
///
/// # Errors
/// Every fault of the request, each with its field.
pub fn price(rulebook: &Rulebook, request: &Request, _effort: Effort) -> Result<Quote, Vec<Fault>> {
    let settings = rulebook.settings();
    let checked = check(request, rulebook.catalog(), settings.currency, settings.rounding)?;
    let list_total = checked.list_total();
    let delivery_total = request.basket.delivery.as_ref().map_or(Amount::ZERO, |delivery| delivery.price);
    Ok(Quote {
        list_total,
        discount_total: Amount::ZERO,
        delivery_total,
        total: list_total + delivery_total,
        lines: Vec::new(),
        delivery: None,
        applied: Vec::new(),
        codes: Vec::new(),
        hints: Vec::new(),
        reasons: Vec::new(),
        optimality: Optimality::Proven,
    })
}
