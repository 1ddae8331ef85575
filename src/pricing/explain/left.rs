//! What kept a promotion that applies from giving more, and why it is not on all units that it is for.

use super::floor::caps_at;
use super::priced::Priced;
use super::why::why;
use crate::money::Amount;
use crate::pricing::candidate::Candidate;
use crate::pricing::quote::{Applied, LeftOut, MadeUp, QuotedLine, Reason, UnitGroup, Why};
use crate::promotion::Promotion;
use crate::promotion::limits::Sets;
use crate::rulebook::{PromotionIndex, slots_of};

/// Notes the maxima and the limits that the promotions have used up.
pub(super) fn stops(priced: &Priced<'_>, lines: &[QuotedLine], sets: &[MadeUp], applied: &mut [Applied]) {
    for one in applied {
        let Some(candidate) = price_candidates(priced).find(|other| other.index == one.promotion) else {
            continue;
        };
        let most = candidate.promotion.benefit.max_discount();
        one.stop.maximum = most.filter(|&most| one.amount == most);
        let goes_without = candidate
            .on
            .ones()
            .filter_map(|place| lines.get(place))
            .any(|line| line.groups.iter().any(|group| is_without(priced, group, one.promotion)));
        if goes_without {
            let used = Used::of(candidate, lines, sets);
            one.stop.units = used.units(candidate.promotion);
            one.stop.sets = used.sets(candidate.promotion);
        }
    }
}

/// Tells on each line which promotions are for its goods and not on all its units.
pub(super) fn out(priced: &Priced<'_>, lines: &mut [QuotedLine], sets: &[MadeUp], applied: &[Applied]) {
    let mut found: Vec<(usize, LeftOut)> = Vec::new();
    for candidate in price_candidates(priced) {
        let one = applied.iter().find(|one| one.promotion == candidate.index);
        let when = &candidate.promotion.when;
        let is_named = when.code.is_some() || !when.tiers.is_empty();
        // Who lacks a sum or pieces would not come if the others gave way.
        let is_near = || {
            let why = why(priced, candidate.index, applied);
            matches!(why, Why::Beaten(_) | Why::Outranked(_) | Why::HeldByFloor(_))
        };
        if one.is_none() && !(is_named && is_near()) {
            continue;
        }
        let used = Used::of(candidate, lines, sets);
        for place in candidate.on.ones() {
            let Some(line) = lines.get(place) else { continue };
            let without: Vec<&UnitGroup> =
                line.groups.iter().filter(|group| is_without(priced, group, candidate.index)).collect();
            let why = rivals(priced, candidate, &without, applied)
                .or_else(|| held_whole(priced, place))
                .or_else(|| one.and_then(|one| used_up(candidate.promotion, one, &used)));
            if let Some(why) = why.filter(|_| !without.is_empty()) {
                let quantity = without.iter().map(|group| group.quantity).sum();
                let reason = Reason::new(candidate.index, why);
                found.push((place, LeftOut { reason, quantity }));
            }
        }
    }
    for (place, left_out) in found {
        if let Some(line) = lines.get_mut(place) {
            line.left_out.push(left_out);
        }
    }
}

fn price_candidates<'p>(priced: &'p Priced<'_>) -> impl Iterator<Item = &'p Candidate<'p>> {
    priced.candidates.list.iter().filter(|candidate| candidate.promotion.is_price_promotion())
}

/// Whether units do not carry a promotion. Units that became gifts are out of everything.
fn is_without(priced: &Priced<'_>, group: &UnitGroup, index: PromotionIndex) -> bool {
    let is_gift = |by: PromotionIndex| priced.rewards.converted.iter().any(|piece| piece.gift == by);
    group.carried.iter().all(|carried| carried.promotion != index && !is_gift(carried.promotion))
}

/// What units carry that a promotion cannot be combined with; only what applies.
fn rivals(
    priced: &Priced<'_>,
    candidate: &Candidate<'_>,
    without: &[&UnitGroup],
    applied: &[Applied],
) -> Option<Why> {
    let carried = without.iter().flat_map(|group| &group.carried).map(|carried| carried.promotion);
    let is_rival = |&index: &PromotionIndex| {
        let other = priced.rulebook.promotion(index);
        applied.iter().any(|one| one.promotion == index)
            && other.is_some_and(|other| !other.is_compatible_with(candidate.promotion))
    };
    let mut rivals: Vec<PromotionIndex> = carried.filter(is_rival).collect();
    rivals.sort_unstable();
    rivals.dedup();
    let is_higher = |index: PromotionIndex| {
        priced.rulebook.promotion(index).is_some_and(|other| other.level > candidate.promotion.level)
    };
    let higher: Vec<PromotionIndex> = rivals.iter().copied().filter(|&index| is_higher(index)).collect();
    match (rivals.is_empty(), higher.is_empty()) {
        (true, _) => None,
        (false, true) => Some(Why::Beaten(rivals)),
        (false, false) => Some(Why::Outranked(higher)),
    }
}

/// A floor that leaves nothing to take off a line.
fn held_whole(priced: &Priced<'_>, place: usize) -> Option<Why> {
    let (item, &floor) = priced.checked.items.get(place).zip(priced.candidates.floors.get(place))?;
    let is_held = floor >= item.list_price && item.list_price > Amount::ZERO;
    is_held.then(|| Why::HeldByFloor(caps_at(priced.rulebook, item, floor)))
}

fn used_up(promotion: &Promotion, applied: &Applied, used: &Used) -> Option<Why> {
    let units = used.units(promotion).map(Why::UnitsUsed);
    let sets = || used.sets(promotion).map(Why::SetsUsed);
    units.or_else(sets).or_else(|| applied.stop.maximum.map(Why::MaximumReached))
}

/// How much of its limits a promotion has used.
struct Used {
    units: u32,
    sets: u32,
}

impl Used {
    fn of(candidate: &Candidate<'_>, lines: &[QuotedLine], sets: &[MadeUp]) -> Self {
        let index = candidate.index;
        let carries = |group: &&UnitGroup| group.carried.iter().any(|carried| carried.promotion == index);
        let groups = lines.iter().flat_map(|line| &line.groups).filter(carries);
        Used {
            units: groups.map(|group| group.quantity).sum(),
            sets: sets.iter().filter(|set| set.promotion == index).map(|set| set.times).sum(),
        }
    }

    /// The limit of units, where it leaves no room for one more, or for one more set.
    fn units(&self, promotion: &Promotion) -> Option<u32> {
        let set: u32 = slots_of(promotion).iter().map(|slot| slot.quantity).sum();
        promotion.limits.units.filter(|&most| most < self.units.saturating_add(set.max(1)))
    }

    /// The limit of sets, where it is used up.
    fn sets(&self, promotion: &Promotion) -> Option<u32> {
        match promotion.limits.sets {
            Some(Sets::AtMost(most)) if most <= self.sets => Some(most),
            _ => None,
        }
    }
}
