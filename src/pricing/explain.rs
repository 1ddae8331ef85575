//! From a solution to a quote: who took what, what became of each code, what is near, why the others did not apply.
//!
//! Everything here is data; words come where people read them.

use fixedbitset::FixedBitSet;

use super::candidate::Candidates;
use super::problem::{DeliveryOffer, Give, Line, Offer, Problem, Tier};
use super::quote::{
    Applied, Carried, CodeFate, CodeResult, Hint, Optimality, Quote, QuotedLine, Reason, UnitGroup, Why,
};
use super::settle::{Group, Settled};
use super::solve::Solution;
use crate::basket::{Checked, Request};
use crate::catalog::word::fold_code;
use crate::money::Amount;
use crate::promotion::{Measured, Stage};
use crate::rulebook::{PromotionIndex, Rulebook};

/// A hint is worth a word when at most this part of the sum is missing: one in so many.
const HINT_PART: i64 = 2;

/// All that a quote is made of.
pub struct Priced<'a> {
    /// The rules.
    pub rulebook: &'a Rulebook,
    /// What was asked.
    pub request: &'a Request,
    /// Its lines.
    pub checked: &'a Checked,
    /// What might have applied.
    pub candidates: &'a Candidates<'a>,
    /// The same as numbers.
    pub problem: &'a Problem,
    /// What was found.
    pub solution: &'a Solution,
}

/// Makes the quote.
#[must_use]
pub fn quote(priced: &Priced<'_>) -> Quote {
    let settled = &priced.solution.settled;
    let list_total = priced.problem.list_total();
    let discount_total: Amount = settled.taken.iter().copied().sum();
    let delivery = settled
        .delivery
        .and_then(|place| priced.problem.deliveries.get(place))
        .map(|offer| (offer.index, offer.takes));
    let delivery_total = priced.problem.delivery_price - delivery.map_or(Amount::ZERO, |(_, takes)| takes);
    let applied = applied(priced.problem, settled, delivery);
    Quote {
        list_total,
        discount_total,
        delivery_total,
        total: list_total - discount_total + delivery_total,
        lines: lines(priced, settled),
        delivery,
        codes: codes(priced, &applied),
        hints: hints(priced, settled),
        reasons: if priced.request.explain { reasons(priced, &applied) } else { Vec::new() },
        applied,
        optimality: priced.solution.possible_gain.map_or(Optimality::Proven, Optimality::Bounded),
    }
}

fn lines(priced: &Priced<'_>, settled: &Settled) -> Vec<QuotedLine> {
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
        })
        .collect();
    let mut cursor = 0;
    for group in &settled.groups {
        let mut open = group.count;
        while open > 0 {
            let Some(line) = lines.get_mut(cursor) else {
                break;
            };
            let room = line.quantity - line.groups.iter().map(|group| group.quantity).sum::<u32>();
            let count = open.min(room);
            if count == 0 {
                cursor += 1;
                continue;
            }
            open -= count;
            line.total += group.price.times(count);
            let group = UnitGroup { quantity: count, ..unit_group(priced.problem, group) };
            match line.groups.last_mut() {
                Some(last) if last.price == group.price && last.carried == group.carried => {
                    last.quantity += group.quantity;
                }
                _ => line.groups.push(group),
            }
        }
    }
    lines
}

fn unit_group(problem: &Problem, group: &Group) -> UnitGroup {
    let carried = group.takes.iter().filter_map(|&(place, amount)| {
        problem.offers.get(place).map(|offer| Carried { promotion: offer.index, amount })
    });
    UnitGroup { quantity: group.count, price: group.price, carried: carried.collect() }
}

fn applied(problem: &Problem, settled: &Settled, delivery: Option<(PromotionIndex, Amount)>) -> Vec<Applied> {
    let units = |place: usize| {
        let reduced = |group: &&Group| group.takes.iter().any(|&(by, take)| by == place && !take.is_zero());
        settled.groups.iter().filter(reduced).map(|group| group.count).sum()
    };
    let goods =
        problem.offers.iter().zip(&settled.taken).enumerate().filter(|(_, (_, taken))| !taken.is_zero());
    let goods = goods.map(|(place, (offer, &amount))| Applied {
        promotion: offer.index,
        amount,
        units: units(place),
    });
    let delivery = delivery.map(|(promotion, amount)| Applied { promotion, amount, units: 0 });
    let mut applied: Vec<Applied> = goods.chain(delivery).collect();
    applied.sort_by_key(|applied| applied.promotion);
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

/// Why a promotion that took nothing off did not apply.
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
        offer_sum(priced, place, offer).zip(offer.tiers.first()).map(|(sum, first)| first.from - sum);
    if let Some(missing) = missing.filter(|missing| missing.minor() > 0) {
        return Why::SpendMissing(missing);
    }
    if is_held(priced, offer) {
        return Why::HeldByFloor(caps_on(priced, offer));
    }
    let problem = priced.problem;
    let groups = || priced.solution.settled.groups.iter().filter(|group| offer.on.contains(group.line));
    let mut rivals: Vec<PromotionIndex> = groups()
        .flat_map(|group| group.takes.iter())
        .filter(|&&(rival, take)| !take.is_zero() && !problem.is_compatible(rival, place))
        .filter_map(|&(rival, _)| problem.offers.get(rival).map(|rival| rival.index))
        .collect();
    rivals.sort_unstable();
    rivals.dedup();
    let is_down = |group: &Group| problem.lines.get(group.line).is_some_and(|line| group.price == line.floor);
    let caps = caps_on(priced, offer);
    if rivals.is_empty() && !caps.is_empty() && groups().all(is_down) {
        return Why::HeldByFloor(caps);
    }
    Why::Beaten(rivals)
}

/// Whether floors leave an offer nothing to take on any of its units. A line that costs nothing is not held by a floor.
fn is_held(priced: &Priced<'_>, offer: &Offer) -> bool {
    let lines = || offer.on.ones().filter_map(|line| priced.problem.lines.get(line));
    lines().all(|line| line.floor >= line.list) && lines().any(|line| !line.list.is_zero())
}

/// The caps on an offer's goods, by id; none where only the lowest unit price holds.
fn caps_on(priced: &Priced<'_>, offer: &Offer) -> Vec<String> {
    let lines = offer.on.ones().filter_map(|line| priced.problem.lines.get(line));
    let items = lines.filter_map(|line| priced.checked.items.get(line.first));
    let mut caps: Vec<String> = items
        .flat_map(|item| priced.rulebook.caps().iter().filter(|cap| cap.on.matches(&item.goods())))
        .map(|cap| cap.id.clone())
        .collect();
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

fn hints(priced: &Priced<'_>, settled: &Settled) -> Vec<Hint> {
    let near =
        |missing: Amount, from: Amount| missing.minor() > 0 && missing.minor() <= from.minor() / HINT_PART;
    let goods = priced.problem.offers.iter().enumerate().filter_map(|(place, offer)| {
        let sum = offer_sum(priced, place, offer)?;
        let from = next_tier(offer, sum)?;
        near(from - sum, from).then_some(Hint { promotion: offer.index, missing: from - sum })
    });
    let reached = settled.delivery.unwrap_or(priced.problem.deliveries.len());
    let deliveries = priced.problem.deliveries.iter().take(reached).filter_map(|offer| {
        let sum = delivery_sum(priced, offer);
        let missing = offer.from - sum;
        near(missing, offer.from).then_some(Hint { promotion: offer.index, missing })
    });
    let mut hints: Vec<Hint> = goods.chain(deliveries).collect();
    hints.sort_by_key(|hint| hint.promotion);
    hints
}

/// The sum at which an offer gives more than at `sum`.
fn next_tier(offer: &Offer, sum: Amount) -> Option<Amount> {
    let next = offer.tiers.iter().map(|tier| tier.from).find(|&from| sum < from);
    let is_every = offer.spend.as_ref().is_some_and(|measure| measure.every);
    match (next, offer.tiers.last()) {
        (None, Some(Tier { from, give: Give::Basket(_) })) if is_every && from.minor() > 0 => {
            Some(Amount::from_minor((sum.minor() / from.minor() + 1) * from.minor()))
        }
        (next, _) => next,
    }
}
