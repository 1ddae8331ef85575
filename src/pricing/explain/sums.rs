//! What the sums that promotions ask for show in the end.

use fixedbitset::FixedBitSet;

use super::priced::Priced;
use crate::money::Amount;
use crate::pricing::problem::{DeliveryOffer, Line, Offer, Problem};
use crate::pricing::settle::Group;
use crate::promotion::{Measured, Stage};

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

/// A unit's price before the basket stage of a level.
fn before(problem: &Problem, group: &Group, line: &Line, level: usize) -> Amount {
    let is_before = |place: usize| {
        problem.offers.get(place).is_some_and(|offer| (offer.level, offer.stage) < (level, Stage::Basket))
    };
    line.list - group.takes.iter().filter(|&&(place, _)| is_before(place)).map(|&(_, take)| take).sum()
}
