//! Rulebook and request in, quote out.
//!
//! A request becomes *candidates* (what may apply, and where), candidates become a *problem* (numbers), the search finds a
//! *solution* with its proof, and the solution becomes a quote that `verify` can check without knowing how it was found.

pub mod quote;
pub mod terms;
pub mod eligible;
pub mod verify;
pub mod fill;
pub mod candidate;
pub mod problem;
pub mod settle;
pub mod trigger;
pub mod gift;
pub mod points;
pub mod conversion;
pub mod solve;
pub mod best;
pub mod explain;
pub mod trial;
pub mod hint;
pub mod instead;

pub use quote::{
    Applied, Carried, CodeFate, CodeResult, Counted, Extent, Floor, GiftRefused, GiftWhy, Given, Hint,
    Instead, Lacks, LeftOut, MadeUp, Member, Missing, Near, Optimality, Quote, QuotedLine, Reason, Stop,
    UnitGroup, Why,
};

use std::convert::Infallible;

use crate::basket::{Fault, Request, check};
use crate::rulebook::Rulebook;

/// How much work a search may do, in steps; never a clock, so that the same request has the same answer everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Steps of the search: a choice looked at, a node opened. What they do not prove gets a sixteenth more, for its last kopiykas.
    pub steps: u64,
}

impl Default for Effort {
    /// Something over a second at most, for dozens of sets over the same goods; an ordinary basket needs a thousandth of it.
    fn default() -> Self {
        Effort { steps: 1_000_000 }
    }
}

/// Lines of a basket that is priced at once.
const LINES_AT_ONCE_MAX: usize = 40;
/// Lines times promotions of a basket that is priced at once: each pair costs work before the first step, and at each decision.
const PAIRS_AT_ONCE_MAX: usize = 500;
/// Steps of the straight path for a price at once: nearly all baskets that it leads to a price take less, most a hundredth of it.
const STEPS_AT_ONCE: u64 = 1_500;

/// What the basket costs at the best price that the rulebook allows.
///
/// # Errors
/// Every fault of the request, each with its field.
pub fn price(rulebook: &Rulebook, request: &Request, effort: Effort) -> Result<Quote, Vec<Fault>> {
    let Ok(quote) =
        price_with(rulebook, request, |shop| Ok::<_, Infallible>(best::find(shop, effort.steps)))?;
    Ok(quote)
}

/// The quote that [`price`] gives with the effort that it has by default, where little work leads to it: for whoever must not wait long. Else
/// nothing, after at most about a millisecond; so with many lines, and with an explanation.
///
/// # Errors
/// Those of [`price`].
pub fn price_at_once(rulebook: &Rulebook, request: &Request) -> Result<Option<Quote>, Vec<Fault>> {
    if request.explain || request.basket.lines.len() > LINES_AT_ONCE_MAX {
        return Ok(None);
    }
    let steps = Effort::default().steps;
    let quote = price_with(rulebook, request, |shop| {
        let pairs = shop.checked.items.len().saturating_mul(shop.candidates.list.len());
        let best =
            if pairs <= PAIRS_AT_ONCE_MAX { best::find_at_once(shop, steps, STEPS_AT_ONCE) } else { None };
        best.ok_or(())
    })?;
    Ok(quote.ok())
}

/// A price by the best that `find` finds, if it finds one.
fn price_with<E>(
    rulebook: &Rulebook,
    request: &Request,
    find: impl for<'a> FnOnce(best::Shop<'a>) -> Result<best::Best<'a>, E>,
) -> Result<Result<Quote, E>, Vec<Fault>> {
    let settings = rulebook.settings();
    let checked = check(request, rulebook.catalog(), settings.currency, settings.rounding)?;
    let purchase = eligible::Purchase::of(request, rulebook);
    let candidates = candidate::gather(rulebook, &checked, &purchase);
    let shop = best::Shop { rulebook, request, checked: &checked, candidates: &candidates };
    let best = match find(shop) {
        Ok(best) => best,
        Err(none) => return Ok(Err(none)),
    };
    let priced = explain::Priced {
        rulebook,
        request,
        checked: &checked,
        candidates: &candidates,
        problem: &best.problem,
        solution: &best.solution,
        rewards: &best.rewards,
    };
    let mut quote = explain::quote(&priced);
    if request.explain {
        let budget = trial::Budget::default();
        quote.hints = hint::told(&priced, &purchase, &quote, &budget);
        instead::tell(&priced, &mut quote, &budget);
    }
    Ok(Ok(quote))
}
