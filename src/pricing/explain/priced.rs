//! All that a quote is made of.

use crate::basket::{Checked, Request};
use crate::pricing::best::Rewards;
use crate::pricing::candidate::Candidates;
use crate::pricing::problem::Problem;
use crate::pricing::solve::Solution;
use crate::rulebook::Rulebook;

/// A hint is worth a word when at most this part of the sum is missing: one in so many.
pub(super) const HINT_PART: i64 = 2;

/// All that a quote is made of.
pub struct Priced<'a> {
    /// The rules.
    pub rulebook: &'a Rulebook,
    /// What was asked.
    pub request: &'a Request,
    /// Its lines.
    pub checked: &'a Checked<'a>,
    /// What might have applied.
    pub candidates: &'a Candidates<'a>,
    /// The same as numbers.
    pub problem: &'a Problem,
    /// What was found.
    pub solution: &'a Solution,
    /// Gifts and points.
    pub rewards: &'a Rewards<'a>,
}
