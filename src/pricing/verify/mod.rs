//! Checks a quote against the definition of the price, without knowing how it was found.
//!
//! Everything is worked out again from the basket, unit by unit: conditions, goods, stacking, the make-up of sets, measured
//! sums, tiers, the order of effect, roundings, shares, floors, gifts, the delivery, points and totals. The quote is asked
//! only what it decides: which units carry what, which of them make up which set, and which became a gift. Nothing is taken
//! from the rooms that search and settle; those stand below in the floor plan and cannot be imported here. Whether a
//! *better* price exists is not asked: that is the solution's proof, and the oracle of the tests.

mod shares;
mod complete;
mod audit;
mod conditions;
mod counting;
mod sets;
mod effect;
mod benefit;
mod till;
mod gifts;
mod delivery;
mod points;
mod totals;
mod left;

pub use audit::Flaw;

use audit::Audit;

use crate::basket::{Request, check};
use crate::pricing::eligible::Purchase;
use crate::pricing::quote::Quote;
use crate::rulebook::Rulebook;

/// Works the quote out again.
///
/// # Errors
/// Every flaw that was found.
pub fn verify(rulebook: &Rulebook, request: &Request, quote: &Quote) -> Result<(), Vec<Flaw>> {
    let settings = rulebook.settings();
    let Ok(checked) = check(request, rulebook.catalog(), settings.currency, settings.rounding) else {
        return Err(vec![Flaw::new("the request is at fault and has no price")]);
    };
    let purchase = Purchase::of(request, rulebook);
    let mut audit = Audit::new(rulebook, request, &checked, &purchase, quote);
    if audit.open() {
        audit.conditions();
        audit.stacking();
        audit.make_up();
        audit.convert();
        audit.effects();
        audit.prices();
        audit.gifts();
        audit.delivery();
        audit.points();
        audit.totals();
        audit.stops();
        audit.left_out();
    }
    if audit.flaws.is_empty() { Ok(()) } else { Err(audit.flaws) }
}
