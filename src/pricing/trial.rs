//! What a basket would cost if something were otherwise: the question behind hints and reasons.

use std::cell::Cell;

use super::best::{Shop, find};
use super::candidate::Candidates;
use super::explain::{Priced, quote};
use super::quote::Quote;
use crate::basket::{Checked, Request};
use crate::rulebook::Rulebook;

/// Steps of the search for one price of a trial: plenty for an ordinary basket. A hard one has a price that is not proven, which is
/// still a price that the customer can have.
const STEPS: u64 = 20_000;
/// Steps of all trials of a quote.
const ALL_STEPS: u64 = 400_000;
/// Lines times promotions of all trials of a quote: before the search begins each is looked at. An ordinary basket has all its trials, one
/// of a thousand lines a few.
const ALL_PAIRS: u64 = 200_000;

/// The work that trials of one quote may do; when it is used up nothing more is tried.
pub struct Budget {
    steps: Cell<u64>,
    pairs: Cell<u64>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { steps: Cell::new(ALL_STEPS), pairs: Cell::new(ALL_PAIRS) }
    }
}

impl Budget {
    /// The price of `checked` with `candidates`, which need not be what the rulebook offers; nothing where the work is used up.
    pub(super) fn price(
        &self,
        rulebook: &Rulebook,
        request: &Request,
        checked: &Checked,
        candidates: &Candidates<'_>,
    ) -> Option<Quote> {
        if self.steps.get() == 0 || self.pairs.get() == 0 {
            return None;
        }
        let best = find(Shop { rulebook, request, checked, candidates }, STEPS);
        let (problem, solution, rewards) = (&best.problem, &best.solution, &best.rewards);
        let pairs = checked.items.len().saturating_mul(candidates.list.len());
        self.pairs.set(self.pairs.get().saturating_sub(u64::try_from(pairs).unwrap_or(u64::MAX)));
        self.steps.set(self.steps.get().saturating_sub(solution.steps));
        Some(quote(&Priced { rulebook, request, checked, candidates, problem, solution, rewards }))
    }
}
