//! From a solution to a quote: who took what, what became of each code, what is near, why the others did not apply.
//!
//! Everything here is data; words come where people read them.

mod priced;
mod floor;
mod near;
mod sets;

pub use near::Wish;
pub use priced::Priced;

use fixedbitset::FixedBitSet;
use smallvec::smallvec;

use super::best::Rewards;
use super::gift::{GiftOffer, Goods};
use super::points::why_not;
use super::problem::{DeliveryOffer, Give, Line, Offer, Problem, Tier};
use super::quote::{
    Applied, Carried, CodeFate, CodeResult, Near, Optimality, Quote, QuotedLine, Reason, UnitGroup, Why,
};
use super::settle::{Group, Held, Settled, held};
use super::trigger::Trigger;
use crate::catalog::word::fold_code;
use crate::money::Amount;
use crate::promotion::{Measured, Stage};
use crate::rulebook::PromotionIndex;

use floor::caps_at;
use priced::HINT_PART;
use sets::Place;

/// Makes the quote, all but its hints: whether what is near is worth a word, only another price can tell.
#[must_use]
pub fn quote(priced: &Priced<'_>) -> Quote {
    let settled = &priced.solution.settled;
    let list_total = priced.checked.list_total();
    let converted = &priced.rewards.converted;
    let gifts: Amount = converted.iter().map(|piece| piece.take.times(piece.count)).sum();
    let discount_total = settled.taken.iter().copied().sum::<Amount>() + gifts;
    let delivery = settled
        .delivery
        .and_then(|place| priced.problem.deliveries.get(place))
        .map(|offer| (offer.index, offer.takes));
    let delivery_total = priced.problem.delivery_price - delivery.map_or(Amount::ZERO, |(_, takes)| takes);
    let applied = applied(priced, delivery);
    let (lines, dealt) = lines(priced, settled);
    Quote {
        list_total,
        discount_total,
        delivery_total,
        total: list_total - discount_total + delivery_total,
        sets: sets::made_up(priced.problem, settled, &dealt),
        lines,
        delivery,
        gifts: priced.rewards.served.given.clone(),
        gifts_refused: priced.rewards.served.refused.clone(),
        points: priced.rewards.earned.total,
        codes: codes(priced, &applied),
        hints: Vec::new(),
        reasons: if priced.request.explain { reasons(priced, &applied) } else { Vec::new() },
        applied,
        optimality: priced.solution.possible_gain.map_or(Optimality::Proven, Optimality::Bounded),
        steps: priced.solution.steps,
    }
}

/// The lines of the basket, and for each group of the problem's lines where its units stand in them.
fn lines(priced: &Priced<'_>, settled: &Settled) -> (Vec<QuotedLine>, Vec<Vec<Place>>) {
    let mut lines: Vec<QuotedLine> = priced
        .checked
        .items
        .iter()
        .map(|item| QuotedLine {
            id: item.id.clone(),
            sku: item.sku.clone(),
            quantity: item.quantity,
            list_price: item.list_price,
            total: Amount::ZERO,
            groups: Vec::new(),
            floor: None,
        })
        .collect();
    let rooms: Vec<u32> = priced.rewards.reduced.items.iter().map(|item| item.quantity).collect();
    let mut cursor = 0;
    let mut dealt = Vec::with_capacity(settled.groups.len());
    for (group, held) in settled.groups.iter().zip(held(priced.problem, settled)) {
        let mut places = Vec::new();
        let mut open = group.count;
        while open > 0 {
            let Some(line) = lines.get_mut(cursor) else {
                break;
            };
            let room = rooms.get(cursor).copied().unwrap_or_default()
                - line.groups.iter().map(|group| group.quantity).sum::<u32>();
            let count = open.min(room);
            if count == 0 {
                cursor += 1;
                continue;
            }
            open -= count;
            line.total += group.price.times(count);
            let group = UnitGroup { quantity: count, ..unit_group(priced.problem, group, &held) };
            match line.groups.last_mut() {
                Some(last) if last.price == group.price && last.carried == group.carried => {
                    last.quantity += group.quantity;
                }
                _ => line.groups.push(group),
            }
            places.push(Place { line: cursor, group: line.groups.len() - 1, count });
        }
        dealt.push(places);
    }
    // The units that became gifts come last on their lines: the places of the others stay.
    for piece in &priced.rewards.converted {
        if let Some(line) = lines.get_mut(piece.line) {
            let price = line.list_price - piece.take;
            // A gift would cost nothing.
            let gift = Carried { promotion: piece.gift, amount: piece.take, held: price };
            line.total += price.times(piece.count);
            line.groups.push(UnitGroup { quantity: piece.count, price, carried: smallvec![gift] });
        }
    }
    floor::name(priced, &mut lines);
    (lines, dealt)
}

fn unit_group(problem: &Problem, group: &Group, held: &Held) -> UnitGroup {
    let carried = group.takes.iter().zip(held).filter_map(|(&(place, amount), &held)| {
        problem.offers.get(place).map(|offer| Carried { promotion: offer.index, amount, held })
    });
    UnitGroup { quantity: group.count, price: group.price, carried: carried.collect() }
}

/// What took something off, gave a gift or earned points, by place.
fn applied(priced: &Priced<'_>, delivery: Option<(PromotionIndex, Amount)>) -> Vec<Applied> {
    let settled = &priced.solution.settled;
    let units = |place: usize| {
        let reduced = |group: &&Group| group.takes.iter().any(|&(by, take)| by == place && !take.is_zero());
        settled.groups.iter().filter(reduced).map(|group| group.count).sum()
    };
    let goods = priced.problem.offers.iter().zip(&settled.taken).enumerate();
    let goods = goods.filter(|(_, (_, taken))| !taken.is_zero());
    let goods = goods.map(|(place, (offer, &amount))| Applied {
        promotion: offer.index,
        amount,
        units: units(place),
        points: 0,
    });
    let delivery = delivery.map(|(promotion, amount)| Applied { promotion, amount, units: 0, points: 0 });
    let rewards = priced.rewards;
    let nothing = |promotion| Applied { promotion, amount: Amount::ZERO, units: 0, points: 0 };
    let given = rewards.served.given.iter().map(|given| nothing(given.promotion));
    let converted = rewards.converted.iter().map(|piece| Applied {
        amount: piece.take.times(piece.count),
        units: if piece.take.is_zero() { 0 } else { piece.count },
        ..nothing(piece.gift)
    });
    let earned =
        rewards.earned.by.iter().map(|&(promotion, points)| Applied { points, ..nothing(promotion) });
    let mut applied: Vec<Applied> =
        goods.chain(delivery).chain(given).chain(converted).chain(earned).collect();
    applied.sort_by_key(|applied| applied.promotion);
    applied.dedup_by(|more, kept| {
        let is_same = more.promotion == kept.promotion;
        if is_same {
            kept.amount += more.amount;
            kept.units += more.units;
        }
        is_same
    });
    applied
}

fn codes(priced: &Priced<'_>, applied: &[Applied]) -> Vec<CodeResult> {
    let codes = &priced.request.context.codes;
    let fate = |place: usize, code: &str| {
        let word = fold_code(code);
        if codes.iter().take(place).any(|earlier| fold_code(earlier) == word) {
            return CodeFate::Repeated;
        }
        let waiting = priced.rulebook.waiting_for(&word);
        if waiting.iter().any(|promotion| applied.iter().any(|applied| applied.promotion == *promotion)) {
            return CodeFate::Applied;
        }
        // Of several promotions that wait for it, the one that came nearest speaks.
        let reasons =
            waiting.iter().map(|&promotion| Reason { promotion, why: why(priced, promotion, applied) });
        reasons.max_by_key(|reason| reason.why.rank()).map_or(CodeFate::Unknown, CodeFate::NotApplied)
    };
    codes
        .iter()
        .enumerate()
        .map(|(place, code)| CodeResult { code: code.clone(), fate: fate(place, code) })
        .collect()
}

fn reasons(priced: &Priced<'_>, applied: &[Applied]) -> Vec<Reason> {
    let others = priced.rulebook.indexed().map(|(promotion, _)| promotion);
    let others = others.filter(|promotion| applied.iter().all(|applied| applied.promotion != *promotion));
    others.map(|promotion| Reason { promotion, why: why(priced, promotion, applied) }).collect()
}

/// Why a promotion that took nothing off and gave nothing did not apply.
fn why(priced: &Priced<'_>, promotion: PromotionIndex, applied: &[Applied]) -> Why {
    if let Ok(place) = priced.candidates.refused.binary_search_by_key(&promotion, |&(refused, _)| refused) {
        return priced.candidates.refused.get(place).map_or(Why::NoSuchGoods, |(_, why)| why.clone());
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
    if let Some(offer) = deliveries.find(|offer| offer.index == promotion) {
        let sum = delivery_sum(priced, offer);
        if sum < offer.from {
            return Why::SpendMissing(offer.from - sum);
        }
        if problem.delivery_price.is_zero() {
            return Why::WrongDelivery;
        }
    }
    let is_delivery =
        |applied: &&Applied| problem.deliveries.iter().any(|offer| offer.index == applied.promotion);
    Why::Beaten(applied.iter().filter(is_delivery).map(|applied| applied.promotion).collect())
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
    let problem = priced.problem;
    let groups = || priced.solution.settled.groups.iter().filter(|group| offer.on.contains(group.line));
    let mut rivals: Vec<PromotionIndex> = groups()
        .flat_map(|group| group.carried.iter().map(move |&rival| (group, rival)))
        .filter(|&(group, rival)| !problem.is_compatible(rival, place) && is_used(priced, group, rival))
        .filter_map(|(_, rival)| problem.offers.get(rival).map(|rival| rival.index))
        .collect();
    // Where none of its goods are left, they became gifts.
    rivals.extend(priced.rewards.converted.iter().filter(|_| offer.on.is_clear()).map(|piece| piece.gift));
    rivals.sort_unstable();
    rivals.dedup();
    let floor = |group: &Group| problem.lines.get(group.line).map_or(Amount::ZERO, |line| line.floor);
    let mut floors = groups().map(floor);
    if rivals.is_empty()
        && floors.any(|floor| !floor.is_zero())
        && groups().all(|group| group.price == floor(group))
    {
        return Why::HeldByFloor(caps_on(priced, offer));
    }
    Why::Beaten(rivals)
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

/// What an offer's spend shows in the end. A unit that does not count because of another promotion is shown at its list price:
/// that is what giving the other one up would bring.
fn offer_sum(priced: &Priced<'_>, place: usize, offer: &Offer) -> Option<Amount> {
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
fn delivery_sum(priced: &Priced<'_>, offer: &DeliveryOffer) -> Amount {
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

/// What is near, whether it is worth a word or not.
#[must_use]
pub fn near(priced: &Priced<'_>) -> Vec<Wish> {
    let near =
        |missing: Amount, from: Amount| missing.minor() > 0 && missing.minor() <= from.minor() / HINT_PART;
    let goods = priced.problem.offers.iter().enumerate().filter_map(|(place, offer)| {
        let sum = offer_sum(priced, place, offer)?;
        let from = next_tier(offer, sum)?;
        near(from - sum, from).then(|| Wish::of(offer.index, Near::Amount(from - sum)))
    });
    let reached = priced.solution.settled.delivery.unwrap_or(priced.problem.deliveries.len());
    let deliveries = priced.problem.deliveries.iter().take(reached).filter_map(|offer| {
        let sum = delivery_sum(priced, offer);
        let missing = offer.from - sum;
        near(missing, offer.from).then(|| Wish::of(offer.index, Near::Amount(missing)))
    });
    goods.chain(deliveries).chain(near_rewards(priced, near)).chain(near::pieces(priced)).collect()
}

/// What is near to a gift or to points: a sum, or the last pieces of a set.
fn near_rewards(priced: &Priced<'_>, near: impl Fn(Amount, Amount) -> bool) -> Vec<Wish> {
    let Rewards { gifts, points, reduced, served, .. } = priced.rewards;
    let (problem, groups) = (priced.problem, &priced.solution.settled.groups);
    let sum = |trigger: &Trigger| {
        let missing = trigger.missing(problem, groups)?;
        let from = trigger.spend.as_ref().map_or(Amount::ZERO, |spend| spend.from);
        near(missing, from).then_some(Near::Amount(missing))
    };
    let is_gone = |gift: &GiftOffer<'_>| {
        served.none.iter().any(|(one, why)| *one == gift.index && *why == Why::OutOfStock)
    };
    let of_gifts = gifts.iter().filter(|gift| !is_gone(gift)).filter_map(|gift| {
        let goods = Goods { problem, checked: reduced, groups };
        let is_reached = gift.trigger.is_reached(problem, groups);
        let missing = sum(&gift.trigger).or_else(|| if is_reached { near_set(gift, goods) } else { None })?;
        Some(Wish::of(gift.index, missing))
    });
    let of_points = points.iter().filter_map(|offer| Some(Wish::of(offer.index, sum(&offer.trigger)?)));
    of_gifts.chain(of_points).collect()
}

/// The pieces of one slot that are missing to one more set of a gift, when they are few.
fn near_set(gift: &GiftOffer<'_>, goods: Goods<'_>) -> Option<Near> {
    let whole: i64 = gift.needs().iter().map(|need| i64::from(need.quantity)).sum();
    match gift.missing(goods).as_slice() {
        [missing] if i64::from(missing.quantity) <= whole / HINT_PART => Some(Near::Slot(*missing)),
        _ => None,
    }
}

/// The sum at which an offer gives more than at `sum`.
fn next_tier(offer: &Offer, sum: Amount) -> Option<Amount> {
    let next = offer.tiers.iter().map(|tier| Amount::from_minor(tier.from)).find(|&from| sum < from);
    let is_every = offer.spend.as_ref().is_some_and(|measure| measure.every);
    match (next, offer.tiers.last()) {
        (None, Some(Tier { from, give: Give::Basket(_) })) if is_every && *from > 0 => {
            Some(Amount::from_minor((sum.minor() / from + 1) * from))
        }
        (next, _) => next,
    }
}
