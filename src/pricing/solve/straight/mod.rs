//! The straight path: the best assignment of a small problem, by sums and bits alone.
//!
//! Each line's units may carry one of its *picks*: compatible promotions with what they take off one unit. What couples the lines is
//! *decided* by switches, one setting each (a tier, an amount off the basket, the promotion on the delivery), and written down as
//! *rows*: a sum to be reached, a number of units, a maximum, the roles of a set in balance. Lines and switches are *parts* alike: each
//! takes one of its options, and multipliers charge the options for the rows. So every part's best option together bound
//! every assignment from above, whatever is still open: an amount that is not decided costs what it asks for.
//!
//! Nodes wait in a queue, the one that promises most in front. Where the best options of a node break what a switch asks for, that
//! switch is decided; where they break nothing, its lines are gone through for a number of steps; where that is not enough, the picks
//! of one line more are decided. Amounts that can never be on together are one switch.
//!
//! Several levels are gone through one after the other: what the levels above take off is a sum that must be reached.
//!
//! What is too large or too intricate for exact sums is left to the search (`super::search`), which knows everything: duties,
//! benefits that the retailer assigns in sets, sums that see the share of a set. `settle` has the last word here too: where it
//! does not come to the very price, the search begins anew.

mod model;
mod picks;
mod layer;
mod lines;
mod switches;
mod table;
mod levels;
mod rows;
mod node;
mod bound;
mod trail;
mod price;
mod path;
mod leaf;
mod dig;
mod tree;

use super::search::Best;
use super::solution::{Solution, Worth};
use crate::pricing::problem::Problem;

/// So many steps here are as much work as one of the search.
const STEPS_A_STEP: u64 = 4;

/// What was found.
pub(super) struct Straight {
    pub best: Best,
    /// What everything takes off at most, where the steps did not last; nothing where all was looked at.
    pub ceiling: Option<i64>,
    pub steps: u64,
}

impl Straight {
    /// A solution after which nothing is left to look at: the same whatever the steps.
    pub(super) fn ended(self) -> Option<Solution> {
        let Straight { best, ceiling, steps } = self;
        ceiling.is_none().then_some(Solution { settled: best.settled, possible_gain: None, steps })
    }
}

/// The best assignment that `steps` lead to; nothing where this is no way.
pub(super) fn solve(problem: &Problem, steps: u64, worth: Option<&Worth<'_>>) -> Option<Straight> {
    let mut table = table::lay(problem)?;
    let most = u32::try_from(steps.saturating_mul(STEPS_A_STEP)).unwrap_or(u32::MAX);
    let mut left = most;
    for level in 0..table.level {
        let (goal, later) = path::Digger::new(&levels::raised(&table, level), left, None).most()?;
        table.goals.push(goal);
        left = later;
    }
    let (best, ceiling, left) = path::Digger::new(&table, left, worth).best()?;
    let is_open = ceiling.is_some();
    // Of what the last level takes off nothing is known while those above it may move.
    (!is_open || problem.levels == 1).then(|| {
        let steps = u64::from(most - left).div_ceil(STEPS_A_STEP);
        Straight { best, ceiling, steps }
    })
}
