//! How near a basket is to one more set, or to the next tier by quantity.

use std::collections::BTreeMap;

use super::priced::{HINT_PART, Priced};
use super::sums::counted_pieces;
use crate::money::Amount;
use crate::pricing::fill::{Need, Pool, lacking, sets};
use crate::pricing::problem::{Give, Offer, Problem, SetRules};
use crate::pricing::quote::{Missing, Near, Why};
use crate::promotion::{Benefit, Count, Promotion, SetOf};
use crate::rulebook::{Marks, PromotionIndex, PromotionMatchers};

/// What is near: what a promotion misses to give more than it does.
pub struct Wish {
    /// The promotion.
    pub promotion: PromotionIndex,
    /// What it misses.
    pub missing: Near,
    /// The goods that it misses pieces of, where each SKU is counted by itself.
    pub sku: Option<String>,
    /// The units that it was looked for among.
    pub among: Among,
}

/// Which units of the basket are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// All: what another promotion has can be had from it.
    All,
    /// Those that carry nothing that the promotion cannot be combined with: the others keep what they have.
    Free,
}

impl Wish {
    pub(super) fn of(promotion: PromotionIndex, missing: Near) -> Self {
        Wish { promotion, missing, sku: None, among: Among::All }
    }
}

/// What is near to the sets and the tiers by quantity, those included whose first set or tier is not reached.
pub(super) fn pieces(priced: &Priced<'_>) -> Vec<Wish> {
    let live = [Among::All, Among::Free].into_iter().flat_map(|among| live(priced, among));
    let live: Vec<Wish> = live.collect();
    let refused = priced.candidates.refused.iter().filter_map(|(index, why)| {
        let missing = first(priced.rulebook.promotion(*index)?, why)?;
        let sku = if let Why::QuantityMissing { sku, .. } = why { sku.clone() } else { None };
        Some(Wish { sku, ..Wish::of(*index, missing) })
    });
    live.into_iter().chain(refused).collect()
}

fn live(priced: &Priced<'_>, among: Among) -> impl Iterator<Item = Wish> {
    priced.problem.offers.iter().enumerate().filter_map(move |(place, offer)| {
        let wish = match &offer.set {
            Some(rules) => Wish::of(offer.index, one_more_set(priced, (place, offer), rules, among)?),
            None => next_tier(priced, (place, offer), among)?,
        };
        Some(Wish { among, ..wish })
    })
}

/// What a promotion misses that had no set and no tier to give.
fn first(promotion: &Promotion, why: &Why) -> Option<Near> {
    let most = promotion.limits.units.unwrap_or(u32::MAX);
    match (&promotion.benefit, why) {
        (Benefit::Set(set), Why::SetMissing { lacks, .. }) => {
            few(lacks, size(set).filter(|&all| all <= most)?)
        }
        (Benefit::Quantity { tiers, .. }, Why::QuantityMissing { pieces, .. }) => {
            let from = tiers.iter().map(|tier| tier.from).min().filter(|&from| from <= most)?;
            (0 < *pieces && *pieces <= part(from)).then_some(Near::Pieces(*pieces))
        }
        _ => None,
    }
}

/// The pieces of one slot that are missing to one more set.
fn one_more_set(
    priced: &Priced<'_>,
    (place, offer): (usize, &Offer),
    rules: &SetRules,
    among: Among,
) -> Option<Near> {
    let Benefit::Set(set) = &priced.rulebook.promotion(offer.index)?.benefit else {
        return None;
    };
    let all = size(set)?;
    let most = rules.sets_max.unwrap_or(u32::MAX).min(offer.units_max.unwrap_or(u32::MAX) / all.max(1));
    let needs: Vec<Need> =
        set.slots.iter().map(|slot| Need { quantity: slot.quantity, same_sku: slot.same_sku }).collect();
    let pools = pools(priced, (place, offer), rules, among);
    let made = sets(&needs, &pools, most);
    if made >= most {
        return None;
    }
    let lacks = lacking(&needs, &pools, made.saturating_add(1)).into_iter().enumerate();
    let lacks: Vec<Missing> = lacks
        .filter(|(_, quantity)| *quantity > 0)
        .map(|(slot, quantity)| Missing { slot, quantity })
        .collect();
    few(&lacks, all)
}

/// The pieces of the promotion's sets, free of what it cannot be combined with; nothing where it has no sets to offer.
pub fn free_pools<'a>(priced: &Priced<'a>, promotion: PromotionIndex) -> Option<Vec<Pool<'a>>> {
    let mut offers = priced.problem.offers.iter().enumerate();
    let found = offers.find(|(_, offer)| offer.index == promotion)?;
    Some(pools(priced, found, found.1.set.as_ref()?, Among::Free))
}

/// The units of an offer's lines, as far as they fit into slots.
fn pools<'a>(
    priced: &Priced<'a>,
    (place, offer): (usize, &Offer),
    rules: &SetRules,
    among: Among,
) -> Vec<Pool<'a>> {
    let pool = |line: usize| {
        let item = priced.rewards.reduced.items.get(priced.problem.lines.get(line)?.first)?;
        let fits = rules.slots.iter().enumerate().filter(|(_, lines)| lines.contains(line));
        let slots: Vec<usize> = fits.map(|(slot, _)| slot).collect();
        let count = count(priced, place, line, among);
        (!slots.is_empty()).then_some(Pool { sku: item.sku, slots, count })
    };
    offer.on.ones().filter_map(pool).collect()
}

/// The pieces of a line that an offer may have.
fn count(priced: &Priced<'_>, place: usize, line: usize, among: Among) -> u32 {
    match among {
        Among::All => priced.problem.lines.get(line).map_or(0, |line| line.quantity),
        Among::Free => counted_pieces(priced, place, line),
    }
}

/// The pieces to a tier that gives more than what the pieces reach; where each SKU is counted by itself, of the SKU that is
/// nearest, and of equals the cheapest.
fn next_tier(priced: &Priced<'_>, (at, offer): (usize, &Offer), among: Among) -> Option<Wish> {
    let (problem, counts) = (priced.problem, offer.count?);
    let mut counted: BTreeMap<usize, (i64, Vec<usize>)> = BTreeMap::new();
    for place in offer.on.ones() {
        let line = problem.lines.get(place)?;
        let (pieces, lines) = counted.entry(if counts == Count::SameSku { line.sku } else { 0 }).or_default();
        *pieces = pieces.saturating_add(i64::from(count(priced, at, place, among)));
        lines.push(place);
    }
    let most = offer.units_max.map_or(i64::MAX, i64::from);
    let missing = counted.values().filter_map(|(pieces, lines)| {
        let worth = |give: &Give| worth(problem, lines, give);
        let reached = offer.tiers.iter().rfind(|tier| tier.from <= *pieces);
        let now = reached.map_or(Amount::ZERO, |tier| worth(&tier.give));
        let mut higher = offer.tiers.iter().filter(|tier| *pieces < tier.from && tier.from <= most);
        let next = higher.find(|tier| now < worth(&tier.give))?;
        let missing = next.from - *pieces;
        let cheapest =
            lines.iter().filter_map(|&place| problem.lines.get(place)).min_by_key(|line| line.list)?;
        (missing <= next.from / HINT_PART).then_some((missing, cheapest.list, cheapest.first))
    });
    let (missing, _, line) = missing.min()?;
    let item = priced.rewards.reduced.items.get(line).filter(|_| counts == Count::SameSku);
    let missing = Near::Pieces(u32::try_from(missing).ok()?);
    Some(Wish { sku: item.map(|item| item.sku.to_owned()), ..Wish::of(offer.index, missing) })
}

/// What a tier takes off one unit of each of the lines at their list prices.
fn worth(problem: &Problem, lines: &[usize], give: &Give) -> Amount {
    let Give::Units(cut) = give else {
        return Amount::ZERO;
    };
    let lines = lines.iter().filter_map(|&place| Some((place, problem.lines.get(place)?)));
    lines.map(|(place, line)| cut.take(place, line, line.list, problem.rounding)).sum()
}

/// What is missing, when it is of one slot and few of the `all` pieces of a set.
fn few(lacks: &[Missing], all: u32) -> Option<Near> {
    match lacks {
        [missing] if missing.quantity <= part(all) => Some(Near::Slot(*missing)),
        _ => None,
    }
}

fn part(all: u32) -> u32 {
    u32::try_from(i64::from(all) / HINT_PART).unwrap_or_default()
}

/// The pieces of one set.
fn size(set: &SetOf) -> Option<u32> {
    set.slots.iter().try_fold(0_u32, |sum, slot| sum.checked_add(slot.quantity))
}

/// The slots that goods with these marks fit.
pub fn filled(matchers: &PromotionMatchers, marks: &Marks) -> Vec<usize> {
    let slots = matchers.slots.iter().enumerate().filter(|(_, slot)| slot.matches(marks));
    slots.map(|(place, _)| place).filter(|_| matchers.on.matches(marks)).collect()
}
