//! What a basket would cost if something were otherwise: the question behind hints and reasons.

use super::best::{Shop, find};
use super::candidate::Candidates;
use super::explain::{Priced, quote};
use super::quote::Quote;
use crate::basket::{Checked, Request};
use crate::rulebook::Rulebook;

/// Steps of the search for one price of a trial: plenty for an ordinary basket. A hard one has a price that is not proven, which is
/// still a price that the customer can have. All trials of a quote together may take about as much as the quote itself.
const STEPS: u64 = 20_000;

/// The price of `checked` with `candidates`, which need not be what the rulebook offers.
pub(super) fn price(
    rulebook: &Rulebook,
    request: &Request,
    checked: &Checked,
    candidates: &Candidates<'_>,
) -> Quote {
    let best = find(Shop { rulebook, request, checked, candidates }, STEPS);
    let (problem, solution, rewards) = (&best.problem, &best.solution, &best.rewards);
    quote(&Priced { rulebook, request, checked, candidates, problem, solution, rewards })
}
