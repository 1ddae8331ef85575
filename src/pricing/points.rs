//! Points, earned on what was paid in the end.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::candidate::Candidates;
use super::problem::Problem;
use super::quote::Why;
use super::settle::Group;
use super::trigger::{Piece, Trigger};
use crate::money::Amount;
use crate::promotion::{Benefit, Earn};
use crate::rulebook::PromotionIndex;

/// A promotion that earns points, as numbers.
pub struct PointsOffer {
    /// Its place in the rulebook.
    pub index: PromotionIndex,
    /// What it asks for, and on which goods it earns.
    pub trigger: Trigger,
    /// How many.
    pub earn: Earn,
}

/// What is earned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Earned {
    /// By promotion, by place, no zeros; they add up to the whole. What a multiplier added stands with it, not with the
    /// promotions that it multiplied.
    pub by: Vec<(PromotionIndex, u64)>,
    /// In all.
    pub total: u64,
}

/// The points promotions that may apply, by place.
#[must_use]
pub fn offers(candidates: &Candidates<'_>, problem: &Problem) -> Vec<PointsOffer> {
    let points = candidates.list.iter().filter_map(|candidate| match &candidate.promotion.benefit {
        Benefit::Points(points) => Some((candidate, points.earn)),
        _ => None,
    });
    points
        .map(|(candidate, earn)| PointsOffer {
            index: candidate.index,
            trigger: Trigger::of(candidate, candidates, problem),
            earn,
        })
        .collect()
}

/// What the units earn at their final prices.
#[must_use]
pub fn earn(offers: &[PointsOffer], problem: &Problem, groups: &[Group]) -> Earned {
    let live: Vec<&PointsOffer> =
        offers.iter().filter(|offer| offer.trigger.is_met(problem, groups)).collect();
    let mut multipliers: Vec<(&PointsOffer, Decimal)> = live
        .iter()
        .filter_map(|offer| match offer.earn {
            Earn::Multiply(times) => Some((*offer, times)),
            Earn::Per { .. } => None,
        })
        .collect();
    let total_with = |multipliers: &[(&PointsOffer, Decimal)]| {
        let each = live.iter().map(|offer| of(offer, multipliers, groups));
        each.fold(0_u64, u64::saturating_add)
    };
    let mut by: Vec<(PromotionIndex, u64)> =
        live.iter().map(|offer| (offer.index, of(offer, &[], groups))).collect();
    let total = total_with(&multipliers);
    // One multiplier after another is taken away; what is lost with it is what it added.
    let mut open = total;
    while !multipliers.is_empty() {
        let (first, _) = multipliers.remove(0);
        let rest = total_with(&multipliers);
        by.extend((open > rest).then(|| (first.index, open - rest)));
        open = rest;
    }
    by.retain(|&(_, points)| points > 0);
    by.sort_unstable();
    Earned { by, total }
}

/// The points of one promotion: each unit's price times the greatest multiplier that covers it, and then whole parts.
fn of(offer: &PointsOffer, multipliers: &[(&PointsOffer, Decimal)], groups: &[Group]) -> u64 {
    let Earn::Per { amount, points } = offer.earn else {
        return 0;
    };
    let worth = |group: &Group| {
        let covers = |multiplier: &PointsOffer| {
            multiplier.trigger.on.contains(group.line) && multiplier.trigger.counts(&group.carried)
        };
        let covering = multipliers.iter().filter(|(multiplier, _)| covers(multiplier));
        let times = covering.map(|(_, times)| *times).max().unwrap_or(Decimal::ONE);
        Decimal::from(group.price.times(group.count).minor()).saturating_mul(times)
    };
    let counting = offer.trigger.counting(&offer.trigger.on, groups);
    let sum = counting.map(worth).fold(Decimal::ZERO, Decimal::saturating_add);
    let per = Decimal::from(amount.minor());
    // Without the remainder the quotient is whole; with it, it could be rounded up to a whole number.
    let whole = sum.checked_rem(per).map(|rest| sum - rest);
    let parts = whole.and_then(|whole| whole.checked_div(per)).unwrap_or_default();
    parts.to_u64().unwrap_or(u64::MAX).saturating_mul(points)
}

/// Why a points promotion earned nothing.
#[must_use]
pub fn why_not(offer: &PointsOffer, problem: &Problem, groups: &[Group], converted: &[Piece]) -> Why {
    if let Some(missing) = offer.trigger.missing(problem, groups) {
        return Why::SpendMissing(missing);
    }
    if let (Earn::Per { amount, .. }, true) = (offer.earn, offer.trigger.is_met(problem, groups)) {
        let counting = offer.trigger.counting(&offer.trigger.on, groups);
        let sum: Amount = counting.map(|group| group.price.times(group.count)).sum();
        if sum < amount {
            return Why::SpendMissing(amount - sum);
        }
    }
    Why::Beaten(offer.trigger.rivals(problem, groups, converted))
}
