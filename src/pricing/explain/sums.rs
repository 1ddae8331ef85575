//! What promotions count in the end: the sums and the pieces that they ask for.
//!
//! A unit does not count for a promotion that cannot be combined with what the unit carries.

use fixedbitset::FixedBitSet;

use super::priced::Priced;
use crate::money::Amount;
use crate::pricing::problem::{DeliveryOffer, Give, Line, Offer, Problem, Tier};
use crate::pricing::quote::{Counted, Extent};
use crate::pricing::settle::Group;
use crate::promotion::{Count, Measured, Stage};
use crate::rulebook::PromotionIndex;

/// What an offer's spend shows in the end. A unit that does not count because of another promotion is shown at its list price:
/// that is what giving the other one up would bring.
pub(super) fn offer_sum(priced: &Priced<'_>, place: usize, offer: &Offer) -> Option<Amount> {
    let measure = offer.spend.as_ref()?;
    let problem = priced.problem;
    let others = |carried: &[usize]| carried.iter().all(|&other| problem.is_compatible(other, place));
    Some(sum(priced, &measure.lines, |group, line| {
        if measure.of == Measured::List || !others(&group.carried) {
            line.list
        } else {
            before(problem, group, line, offer.level)
        }
    }))
}

/// What a delivery promotion's spend shows in the end.
pub(super) fn delivery_sum(priced: &Priced<'_>, offer: &DeliveryOffer) -> Amount {
    sum(priced, &offer.lines, |group, line| {
        if offer.of == Measured::List || !offer.counts(&group.carried) { line.list } else { group.price }
    })
}

fn sum(priced: &Priced<'_>, lines: &FixedBitSet, price: impl Fn(&Group, &Line) -> Amount) -> Amount {
    let groups = priced.solution.settled.groups.iter().filter(|group| lines.contains(group.line));
    groups
        .filter_map(|group| {
            priced.problem.lines.get(group.line).map(|line| price(group, line).times(group.count))
        })
        .sum()
}

/// What counts for an offer's spend.
pub(super) fn counted_sum(priced: &Priced<'_>, place: usize, offer: &Offer) -> Option<Amount> {
    let measure = offer.spend.as_ref()?;
    let problem = priced.problem;
    Some(sum(priced, &measure.lines, |group, line| match measure.of {
        _ if !problem.goes_with(place, &group.carried) => Amount::ZERO,
        Measured::List => line.list,
        Measured::Current => before(problem, group, line, offer.level),
    }))
}

/// What counts for a delivery promotion's spend.
pub(super) fn counted_delivery_sum(priced: &Priced<'_>, offer: &DeliveryOffer) -> Amount {
    sum(priced, &offer.lines, |group, line| match offer.of {
        _ if !offer.counts(&group.carried) => Amount::ZERO,
        Measured::List => line.list,
        Measured::Current => group.price,
    })
}

/// The pieces of a line that count for an offer.
pub(super) fn counted_pieces(priced: &Priced<'_>, place: usize, line: usize) -> u32 {
    // The groups stand by line.
    let groups = &priced.solution.settled.groups;
    let from = groups.partition_point(|group| group.line < line);
    let of_line = groups.iter().skip(from).take_while(|group| group.line == line);
    of_line.filter(|group| priced.problem.goes_with(place, &group.carried)).map(|group| group.count).sum()
}

/// The offers that units of some lines carry and that `is_refused`, by place in the rulebook.
pub(super) fn refused_on(
    priced: &Priced<'_>,
    lines: &FixedBitSet,
    is_refused: impl Fn(usize) -> bool,
) -> Vec<PromotionIndex> {
    let groups = priced.solution.settled.groups.iter().filter(|group| lines.contains(group.line));
    let carried = groups.flat_map(|group| &group.carried).filter(|&&place| is_refused(place));
    let mut refused: Vec<PromotionIndex> =
        carried.filter_map(|&place| priced.problem.offers.get(place).map(|offer| offer.index)).collect();
    refused.sort_unstable();
    refused.dedup();
    refused
}

/// The sum at which an offer gives more than at `sum`.
pub(super) fn next_tier(offer: &Offer, sum: Amount) -> Option<Amount> {
    let next = offer.tiers.iter().map(|tier| Amount::from_minor(tier.from)).find(|&from| sum < from);
    let is_every = offer.spend.as_ref().is_some_and(|measure| measure.every);
    match (next, offer.tiers.last()) {
        (None, Some(Tier { from, give: Give::Basket(_) })) if is_every && *from > 0 => {
            Some(Amount::from_minor((sum.minor() / from + 1) * from))
        }
        (next, _) => next,
    }
}

/// What the promotions that apply counted from which others keep goods, where a sum is asked for or more pieces would bring more; by
/// place.
pub(super) fn counted(priced: &Priced<'_>) -> Vec<Counted> {
    let (problem, settled) = (priced.problem, &priced.solution.settled);
    let applied = problem.offers.iter().zip(&settled.taken).enumerate();
    let applied = applied.filter(|(_, (_, taken))| !taken.is_zero());
    let mut counted: Vec<Counted> = applied
        .filter_map(|(place, (offer, _))| {
            let (lines, extent) = match (&offer.spend, offer.count) {
                (Some(measure), _) => {
                    let asks = offer.tiers.first().is_some_and(|tier| tier.from > 0);
                    asks.then_some((&measure.lines, Extent::Sum(counted_sum(priced, place, offer)?)))?
                }
                (None, Some(Count::Together)) => {
                    let pieces = offer.on.ones().map(|line| counted_pieces(priced, place, line)).sum::<u32>();
                    let all = offer.on.ones().filter_map(|line| problem.lines.get(line));
                    let all: i64 = all.map(|line| i64::from(line.quantity)).sum();
                    let next = |tier: &Tier| i64::from(pieces) < tier.from && tier.from <= all;
                    offer.tiers.iter().any(next).then_some((&offer.on, Extent::Pieces(pieces)))?
                }
                (None, Some(Count::SameSku) | None) => return None,
            };
            let without = refused_on(priced, lines, |other| !problem.is_compatible(other, place));
            (!without.is_empty()).then_some(Counted { promotion: offer.index, extent, without })
        })
        .collect();
    counted.sort_by_key(|one| one.promotion);
    counted
}

/// A unit's price before the basket stage of a level.
fn before(problem: &Problem, group: &Group, line: &Line, level: usize) -> Amount {
    let is_before = |place: usize| {
        problem.offers.get(place).is_some_and(|offer| (offer.level, offer.stage) < (level, Stage::Basket))
    };
    line.list - group.takes.iter().filter(|&&(place, _)| is_before(place)).map(|&(_, take)| take).sum()
}
