//! The straight path: the best assignment of a small problem, by sums and bits alone.
//!
//! Each line's units may carry one of its *picks*: compatible promotions with what they take off one unit. Without
//! decisions on what couples the lines the best picks bound every assignment from above, and where they keep what they ask for, they
//! are the best. Where a sum, a number of units or an amount off the basket is *broken* by them, that one is decided, setting by
//! setting, and nothing else is. Under what is decided the lines are gone through, the dearest first, with multipliers for the
//! sums that must hold.
//!
//! What is too large or too intricate for exact sums is left to the search (`super::search`), which knows everything: several
//! levels, duties, benefits that the retailer assigns, sums that see the share of a set. `settle` has the last word here too: where it
//! does not come to the very price, the search begins anew.

mod model;
mod picks;
mod layer;
mod lines;
mod switches;
mod table;
mod rows;
mod path;
mod price;
mod leaf;
mod dig;

use super::solution::{Solution, Worth};
use crate::pricing::problem::Problem;

/// Places looked at before the search is tried: some milliseconds, where it would take a hundred times as long.
const STEPS_MAX: u32 = 200_000;

/// The best assignment with its proof; nothing where this is no way to it.
pub(super) fn solve(problem: &Problem, steps: u64, worth: Option<&Worth<'_>>) -> Option<Solution> {
    let table = table::lay(problem)?;
    let most = u32::try_from(steps).unwrap_or(u32::MAX).min(STEPS_MAX);
    path::Digger::new(&table, most, worth).best()
}
