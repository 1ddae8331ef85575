//! Why a promotion that took nothing off and gave nothing did not apply.

use fixedbitset::FixedBitSet;

use super::floor::caps_at;
use super::near::filled;
use super::priced::Priced;
use super::sums::{counted_delivery_sum, counted_sum, delivery_sum, offer_sum, refused_on};
use super::worth::{displaced, takes_nothing};
use crate::money::Amount;
use crate::pricing::fill::{Need, Pool, sets};
use crate::pricing::points::why_not;
use crate::pricing::problem::{DeliveryOffer, Offer};
use crate::pricing::quote::{Applied, Missing, Reason, Why};
use crate::pricing::settle::Group;
use crate::rulebook::{PromotionIndex, slots_of};

/// The reasons of all promotions that did not apply, by place.
pub(super) fn reasons(priced: &Priced<'_>, applied: &[Applied]) -> Vec<Reason> {
    let others = priced.rulebook.indexed().map(|(promotion, _)| promotion);
    let others = others.filter(|promotion| applied.iter().all(|applied| applied.promotion != *promotion));
    others.map(|promotion| reason(priced, promotion, applied)).collect()
}

/// The reason of one of them, with what other promotions do to its sum.
pub(super) fn reason(priced: &Priced<'_>, promotion: PromotionIndex, applied: &[Applied]) -> Reason {
    let mut reason = Reason::new(promotion, why(priced, promotion, applied));
    if let Some(asked) = Asked::of(priced, promotion) {
        match &reason.why {
            // What a unit would cost without one promotion is only known where it carries no other.
            Why::SpendMissing(_) if asked.is_plain => reason.not_counted = asked.without,
            Why::Beaten(_) if asked.counted < asked.from => {
                reason.short = Some(asked.from - asked.counted);
                reason.not_counted = asked.without;
            }
            _ => {}
        }
    }
    reason
}

/// What a promotion asks for as a sum, and what keeps goods from it.
struct Asked {
    from: Amount,
    counted: Amount,
    without: Vec<PromotionIndex>,
    /// Whether the units that do not count carry nothing that they could keep.
    is_plain: bool,
}

impl Asked {
    /// Of a price or a delivery promotion.
    fn of(priced: &Priced<'_>, promotion: PromotionIndex) -> Option<Self> {
        let problem = priced.problem;
        if let Some((place, offer)) =
            problem.offers.iter().enumerate().find(|(_, offer)| offer.index == promotion)
        {
            let lines = &offer.spend.as_ref()?.lines;
            let is_refused = |other: usize| !problem.is_compatible(other, place);
            return Some(Asked {
                from: Amount::from_minor(offer.tiers.first()?.from),
                counted: counted_sum(priced, place, offer)?,
                without: refused_on(priced, lines, is_refused),
                is_plain: is_plain(priced, lines, is_refused),
            });
        }
        let mut deliveries = problem.deliveries.iter().chain(&problem.idle_deliveries);
        let offer = deliveries.find(|offer| offer.index == promotion)?;
        let is_refused = |other: usize| offer.refuses.contains(other);
        Some(Asked {
            from: offer.from,
            counted: counted_delivery_sum(priced, offer),
            without: refused_on(priced, &offer.lines, is_refused),
            is_plain: is_plain(priced, &offer.lines, is_refused),
        })
    }
}

/// Whether no unit of some lines carries both what is refused and what is not.
fn is_plain(priced: &Priced<'_>, lines: &FixedBitSet, is_refused: impl Fn(usize) -> bool) -> bool {
    let groups = priced.solution.settled.groups.iter().filter(|group| lines.contains(group.line));
    let is_mixed = |group: &Group| {
        let refused = group.carried.iter().filter(|&&place| is_refused(place)).count();
        0 < refused && refused < group.carried.len()
    };
    !groups.into_iter().any(is_mixed)
}

/// The slots for which as many pieces as one lacks would complete a set as well, where only one lacks some: what is there moves up. Equal
/// pieces are not looked at: they are asked for as such.
fn others_for(priced: &Priced<'_>, promotion: PromotionIndex, lacks: &[Missing]) -> Vec<usize> {
    let slots = priced.rulebook.promotion(promotion).map(slots_of).unwrap_or_default();
    let (&[lack], Some(matchers)) = (lacks, priced.rulebook.matchers(promotion)) else {
        return Vec::new();
    };
    if slots.len() < 2 || slots.iter().any(|slot| slot.same_sku) {
        return Vec::new();
    }
    let needs: Vec<Need> =
        slots.iter().map(|slot| Need { quantity: slot.quantity, same_sku: false }).collect();
    let seen = priced.checked.items.iter().filter(|item| !item.no_promotions);
    let mut pools: Vec<Pool<'_>> = seen
        .map(|item| Pool {
            sku: item.sku,
            slots: filled(matchers, &priced.rulebook.marks(item)),
            count: item.quantity,
        })
        .collect();
    pools.retain(|pool| !pool.slots.is_empty());
    let mut completes = |slot: usize| {
        pools.push(Pool { sku: "", slots: vec![slot], count: lack.quantity });
        let is_complete = sets(&needs, &pools, 1) == 1;
        pools.pop();
        is_complete
    };
    (0..slots.len()).filter(|&slot| slot != lack.slot && completes(slot)).collect()
}

/// The first reason that holds of one of them.
pub(super) fn why(priced: &Priced<'_>, promotion: PromotionIndex, applied: &[Applied]) -> Why {
    if let Ok(place) = priced.candidates.refused.binary_search_by_key(&promotion, |&(refused, _)| refused) {
        return match priced.candidates.refused.get(place) {
            Some((_, Why::SetMissing { lacks, .. })) if priced.request.explain => {
                Why::SetMissing { lacks: lacks.clone(), or: others_for(priced, promotion, lacks) }
            }
            Some((_, why)) => why.clone(),
            None => Why::NoSuchGoods,
        };
    }
    let problem = priced.problem;
    if let Some(place) = problem.offers.iter().position(|offer| offer.index == promotion) {
        return problem
            .offers
            .get(place)
            .map_or(Why::NoSuchGoods, |offer| why_not_offer(priced, place, offer));
    }
    if let Some((_, why)) = priced.rewards.served.none.iter().find(|(gift, _)| *gift == promotion) {
        return why.clone();
    }
    if let Some(offer) = priced.rewards.points.iter().find(|offer| offer.index == promotion) {
        let (groups, converted) = (&priced.solution.settled.groups, &priced.rewards.converted);
        return why_not(offer, problem, groups, converted);
    }
    let mut deliveries = problem.deliveries.iter().chain(&problem.idle_deliveries);
    deliveries.find(|offer| offer.index == promotion).map_or(Why::Beaten(Vec::new()), |offer| {
        let is_delivery =
            |applied: &&Applied| problem.deliveries.iter().any(|offer| offer.index == applied.promotion);
        why_not_delivery(priced, offer, applied.iter().find(is_delivery))
    })
}

fn why_not_delivery(priced: &Priced<'_>, offer: &DeliveryOffer, other: Option<&Applied>) -> Why {
    let sum = delivery_sum(priced, offer);
    if sum < offer.from {
        return Why::SpendMissing(offer.from - sum);
    }
    if priced.problem.delivery_price.is_zero() {
        return Why::NoDelivery;
    }
    if offer.takes.is_zero() {
        return Why::NoGain;
    }
    // Its goods are there and enough: where they do not count they carry what it does not accept.
    match other.filter(|_| offer.from <= counted_delivery_sum(priced, offer)) {
        Some(other) => Why::Beaten(vec![other.promotion]),
        None => Why::Beaten(refused_on(priced, &offer.lines, |place| offer.refuses.contains(place))),
    }
}

fn why_not_offer(priced: &Priced<'_>, place: usize, offer: &Offer) -> Why {
    let missing =
        offer_sum(priced, place, offer).zip(offer.tiers.first()).map(|(sum, first)| first.from - sum.minor());
    if let Some(missing) = missing.filter(|&missing| missing > 0) {
        return Why::SpendMissing(Amount::from_minor(missing));
    }
    if is_held(priced, offer) {
        return Why::HeldByFloor(caps_on(priced, offer));
    }
    let rivals = rivals(priced, place, offer);
    if rivals.is_empty() {
        return why_not_alone(priced, place, offer);
    }
    let level = |index: PromotionIndex| priced.rulebook.promotion(index).map(|promotion| promotion.level);
    let higher: Vec<PromotionIndex> =
        rivals.iter().copied().filter(|&rival| level(rival) > level(offer.index)).collect();
    if higher.is_empty() { Why::Beaten(rivals) } else { Why::Outranked(higher) }
}

/// Why an offer that nothing on its goods stands in the way of did not apply.
fn why_not_alone(priced: &Priced<'_>, place: usize, offer: &Offer) -> Why {
    if takes_nothing(priced.problem, &priced.solution.settled, place, offer) {
        return Why::NoGain;
    }
    let floor = |group: &Group| priced.problem.lines.get(group.line).map_or(Amount::ZERO, |line| line.floor);
    let groups = || priced.solution.settled.groups.iter().filter(|group| offer.on.contains(group.line));
    if groups().any(|group| !floor(group).is_zero()) && groups().all(|group| group.price == floor(group)) {
        return Why::HeldByFloor(caps_on(priced, offer));
    }
    let displaced = displaced(priced, place, offer);
    if displaced.is_empty() { Why::Beaten(displaced) } else { Why::Displaces(displaced) }
}

/// What stands on the goods of an offer, or on those that it measures, and cannot be combined with it.
fn rivals(priced: &Priced<'_>, place: usize, offer: &Offer) -> Vec<PromotionIndex> {
    let problem = priced.problem;
    let settled = &priced.solution.settled;
    let is_asked = |group: &&Group| {
        let is_measured = offer.spend.as_ref().is_some_and(|measure| measure.lines.contains(group.line));
        is_measured || offer.on.contains(group.line)
    };
    let on_units = settled.groups.iter().filter(is_asked).flat_map(|group| {
        let carried = group.carried.iter().copied();
        carried.filter(|&rival| !problem.is_compatible(rival, place) && is_used(priced, group, rival))
    });
    let mut rivals = named(priced, on_units);
    // Where none of its goods are left, they became gifts.
    rivals.extend(priced.rewards.converted.iter().filter(|_| offer.on.is_clear()).map(|piece| piece.gift));
    let delivery = settled.delivery.and_then(|at| problem.deliveries.get(at));
    let refusing = delivery.filter(|delivery| {
        delivery.refuses.contains(place) && offer.on.ones().any(|line| delivery.lines.contains(line))
    });
    rivals.extend(refusing.map(|delivery| delivery.index));
    rivals.sort_unstable();
    rivals.dedup();
    rivals
}

fn named(priced: &Priced<'_>, places: impl Iterator<Item = usize>) -> Vec<PromotionIndex> {
    let mut named: Vec<PromotionIndex> =
        places.filter_map(|place| priced.problem.offers.get(place).map(|offer| offer.index)).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// Whether units that carry an offer are of use to it: they are reduced, or others are because these are in the set or in the
/// count.
fn is_used(priced: &Priced<'_>, group: &Group, place: usize) -> bool {
    let takes = |&(by, take): &(usize, Amount)| by == place && !take.is_zero();
    let is_counted =
        priced.problem.offers.get(place).is_some_and(|offer| offer.set.is_some() || offer.count.is_some());
    let takes_elsewhere = || priced.solution.settled.taken.get(place).is_some_and(|taken| !taken.is_zero());
    group.takes.iter().any(takes) || is_counted && takes_elsewhere()
}

/// Whether floors leave an offer nothing to take on any of its units. A line that costs nothing is not held by a floor.
fn is_held(priced: &Priced<'_>, offer: &Offer) -> bool {
    let lines = || offer.on.ones().filter_map(|line| priced.problem.lines.get(line));
    lines().all(|line| line.floor >= line.list) && lines().any(|line| !line.list.is_zero())
}

/// The caps that set the floors of an offer's goods, by id; none where the lowest unit price does.
fn caps_on(priced: &Priced<'_>, offer: &Offer) -> Vec<String> {
    let lines = offer.on.ones().filter_map(|line| priced.problem.lines.get(line));
    let items = lines.filter_map(|line| Some((priced.checked.items.get(line.first)?, line.floor)));
    let mut caps: Vec<String> =
        items.flat_map(|(item, floor)| caps_at(priced.rulebook, item, floor)).collect();
    caps.sort();
    caps.dedup();
    caps
}
