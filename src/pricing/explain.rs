//! From a solution to a quote: who took what, what became of each code, what is near, why the others did not apply.
//!
//! Everything here is data; words come where people read them.

mod priced;
mod floor;
mod sums;
mod near;
mod sets;
mod worth;
mod why;
mod left;

pub use near::{Among, Wish, filled, free_pools};
pub use priced::Priced;

use smallvec::smallvec;

use super::best::Rewards;
use super::gift::{GiftOffer, Goods};
use super::points::{self, PointsOffer};
use super::problem::Problem;
use super::quote::{
    Applied, Carried, CodeFate, CodeResult, Near, Optimality, Quote, QuotedLine, Stop, UnitGroup, Why,
};
use super::settle::{Group, Held, HeldBack, Settled, held};
use super::trigger::{Piece, Trigger};
use crate::catalog::word::fold_code;
use crate::ledger::code::{CodeFault, GeneratedCode};
use crate::money::Amount;
use crate::promotion::Earn;
use crate::rulebook::PromotionIndex;

use priced::HINT_PART;
use sets::Place;
use sums::{counted_delivery_sum, counted_sum, delivery_sum, next_tier, offer_sum};
use why::{reason, reasons};

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
    let back = held(priced.problem, settled);
    let mut applied = applied(priced, delivery, &back);
    let (mut lines, dealt) = lines(priced, settled, &back);
    let sets = sets::made_up(priced.problem, settled, &dealt);
    left::stops(priced, &lines, &sets, &mut applied);
    if priced.request.explain {
        left::out(priced, &mut lines, &sets, &applied);
    }
    Quote {
        list_total,
        discount_total,
        delivery_total,
        total: list_total - discount_total + delivery_total,
        sets,
        lines,
        delivery,
        gifts: priced.rewards.served.given.clone(),
        gifts_refused: priced.rewards.served.refused.clone(),
        points: priced.rewards.earned.total,
        codes: codes(priced, &applied),
        hints: Vec::new(),
        reasons: if priced.request.explain { reasons(priced, &applied) } else { Vec::new() },
        counted: if priced.request.explain { sums::counted(priced) } else { Vec::new() },
        applied,
        optimality: priced.solution.possible_gain.map_or(Optimality::Proven, Optimality::Bounded),
        steps: priced.solution.steps,
    }
}

/// The lines of the basket, and for each group of the problem's lines where its units stand in them.
fn lines(priced: &Priced<'_>, settled: &Settled, back: &HeldBack) -> (Vec<QuotedLine>, Vec<Vec<Place>>) {
    let mut lines: Vec<QuotedLine> = priced
        .checked
        .items
        .iter()
        .map(|item| QuotedLine {
            id: item.id.to_owned(),
            sku: item.sku.to_owned(),
            quantity: item.quantity,
            list_price: item.list_price,
            total: Amount::ZERO,
            groups: Vec::new(),
            floor: None,
            left_out: Vec::new(),
        })
        .collect();
    let rooms: Vec<u32> = priced.rewards.reduced.items.iter().map(|item| item.quantity).collect();
    let mut cursor = 0;
    let mut dealt = Vec::with_capacity(settled.groups.len());
    for (group, held) in settled.groups.iter().zip(&back.held) {
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
            let group = UnitGroup { quantity: count, ..unit_group(priced.problem, group, held) };
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
fn applied(priced: &Priced<'_>, delivery: Option<(PromotionIndex, Amount)>, back: &HeldBack) -> Vec<Applied> {
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
        stop: Stop { lost: back.lost.get(place).copied().unwrap_or_default(), ..Stop::default() },
    });
    let nothing =
        |promotion| Applied { promotion, amount: Amount::ZERO, units: 0, points: 0, stop: Stop::default() };
    let delivery = delivery.map(|(promotion, amount)| Applied { amount, ..nothing(promotion) });
    let rewards = priced.rewards;
    let in_the_end = Goods { problem: priced.problem, checked: &rewards.reduced, groups: &settled.groups };
    let given = rewards.served.given.iter().map(|given| {
        let offer = rewards.gifts.iter().find(|gift| gift.index == given.promotion);
        let sets = offer.and_then(|gift| gift.limit(in_the_end));
        Applied { stop: Stop { sets, ..Stop::default() }, ..nothing(given.promotion) }
    });
    let converted = rewards.converted.iter().map(|piece| Applied {
        amount: piece.take.times(piece.count),
        units: if piece.take.is_zero() { 0 } else { piece.count },
        stop: Stop { lost: left_of(priced, piece), ..Stop::default() },
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
            kept.stop.lost += more.stop.lost;
        }
        is_same
    });
    applied
}

/// What is left of the prices of units that became gifts: their floors.
fn left_of(priced: &Priced<'_>, piece: &Piece) -> Amount {
    let list = priced.checked.items.get(piece.line).map_or(Amount::ZERO, |item| item.list_price);
    (list - piece.take).times(piece.count)
}

/// What nothing waits for; where codes are generated, one that cannot have been is a typing mistake.
fn unknown(priced: &Priced<'_>, code: &str) -> CodeFate {
    let is_mistyped = priced.rulebook.has_pools() && GeneratedCode::parse(code) == Err(CodeFault::Mistyped);
    if is_mistyped { CodeFate::Mistyped } else { CodeFate::Unknown }
}

fn codes(priced: &Priced<'_>, applied: &[Applied]) -> Vec<CodeResult> {
    let codes = &priced.request.context.codes;
    let fate = |place: usize, code: &str| {
        let word = fold_code(code);
        if codes.iter().take(place).any(|earlier| fold_code(earlier) == word) {
            return CodeFate::Repeated;
        }
        let opened = priced.request.context.opened.iter().find(|opened| opened.place == place);
        let waiting = match opened {
            Some(opened) => priced.rulebook.waiting_for_pool(&opened.pool),
            None => priced.rulebook.waiting_for(&word),
        };
        if waiting.iter().any(|promotion| applied.iter().any(|applied| applied.promotion == *promotion)) {
            return CodeFate::Applied;
        }
        // Of several promotions that wait for it, the one that came nearest speaks.
        let reasons = waiting.iter().map(|&promotion| reason(priced, promotion, applied));
        let nearest = reasons.max_by_key(|reason| reason.why.rank());
        nearest.map_or_else(|| unknown(priced, code), CodeFate::NotApplied)
    };
    codes
        .iter()
        .enumerate()
        .map(|(place, code)| CodeResult { code: code.clone(), fate: fate(place, code) })
        .collect()
}

/// What is near, whether it is worth a word or not.
#[must_use]
pub fn near(priced: &Priced<'_>) -> Vec<Wish> {
    let near =
        |missing: Amount, from: Amount| missing.minor() > 0 && missing.minor() <= from.minor() / HINT_PART;
    // What other promotions have may give way, or stay as it is.
    let goods = priced.problem.offers.iter().enumerate().flat_map(|(place, offer)| {
        let sums = [offer_sum(priced, place, offer), counted_sum(priced, place, offer)];
        sums.into_iter().flatten().filter_map(|sum| {
            let from = next_tier(offer, sum)?;
            near(from - sum, from).then(|| Wish::of(offer.index, Near::Amount(from - sum)))
        })
    });
    let reached = priced.solution.settled.delivery.unwrap_or(priced.problem.deliveries.len());
    let deliveries = priced.problem.deliveries.iter().take(reached).flat_map(|offer| {
        let sums = [delivery_sum(priced, offer), counted_delivery_sum(priced, offer)];
        sums.into_iter().filter_map(|sum| {
            let missing = offer.from - sum;
            near(missing, offer.from).then(|| Wish::of(offer.index, Near::Amount(missing)))
        })
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
    let of_points = points.iter().filter_map(|offer| {
        let missing = match (sum(&offer.trigger), offer.earn) {
            (None, Earn::Per { amount, .. }) => {
                first_points(offer, priced).filter(|&missing| near(missing, amount)).map(Near::Amount)
            }
            (missing, _) => missing,
        };
        Some(Wish::of(offer.index, missing?))
    });
    of_gifts.chain(of_points).collect()
}

/// What is missing to the first points of a promotion whose goods are there.
fn first_points(offer: &PointsOffer, priced: &Priced<'_>) -> Option<Amount> {
    let (problem, groups) = (priced.problem, &priced.solution.settled.groups);
    match points::why_not(offer, problem, groups, &priced.rewards.converted) {
        Why::SpendMissing(missing) if offer.trigger.is_met(problem, groups) => Some(missing),
        _ => None,
    }
}

/// The pieces of one slot that are missing to one more set of a gift, when they are few.
fn near_set(gift: &GiftOffer<'_>, goods: Goods<'_>) -> Option<Near> {
    let whole: i64 = gift.needs().iter().map(|need| i64::from(need.quantity)).sum();
    match gift.missing(goods).as_slice() {
        [missing] if i64::from(missing.quantity) <= whole / HINT_PART => Some(Near::Slot(*missing)),
        _ => None,
    }
}
