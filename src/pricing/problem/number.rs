//! From what may apply to numbers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use super::model::{Cut, DeliveryOffer, Give, Line, Measure, Offer, Problem, Tier};
use super::set;
use crate::basket::Checked;
use crate::money::{Amount, Rounding};
use crate::pricing::candidate::{Candidate, Candidates};
use crate::promotion::{Benefit, Count, Measured, SpendBenefit, Stacking, UnitCut};
use crate::rulebook::slots_of;

/// Turns what may apply into numbers. The levels of gifts that units of the basket might become count among the levels.
#[must_use]
pub fn number(
    candidates: &Candidates<'_>,
    checked: &Checked,
    rounding: Rounding,
    delivery_price: Amount,
    gift_levels: &[i32],
) -> Problem {
    let lines = lines(candidates, checked);
    let priced: Vec<&Candidate<'_>> =
        candidates.list.iter().filter(|candidate| candidate.promotion.is_price_promotion()).collect();
    // Level 0 is always there: the delivery stands with the lowest level, and goods on another line must not lower that.
    let own = priced.iter().map(|candidate| candidate.promotion.level);
    let mut levels: Vec<i32> = own.chain(gift_levels.iter().copied()).chain([0]).collect();
    levels.sort_unstable_by_key(|&level| Reverse(level));
    levels.dedup();
    let offers: Vec<(&Candidate<'_>, Offer)> = priced
        .into_iter()
        .filter_map(|candidate| {
            let level = levels.iter().position(|&level| level == candidate.promotion.level)?;
            offer(candidate, level, checked, &lines).map(|offer| (candidate, offer))
        })
        .collect();
    let compatible = offers.iter().map(|(one, _)| {
        offers
            .iter()
            .map(|(other, _)| one.promotion.is_compatible_with(other.promotion))
            .collect::<Vec<bool>>()
    });
    let (deliveries, idle_deliveries) = deliveries(candidates, &offers, &lines, rounding, delivery_price)
        .into_iter()
        .partition(|offer| !offer.takes.is_zero());
    Problem {
        rounding,
        compatible: compatible.map(|row| bits(&row)).collect(),
        levels: levels.len(),
        hierarchy: levels,
        duties: Vec::new(),
        deliveries,
        idle_deliveries,
        delivery_price,
        offers: offers.into_iter().map(|(_, offer)| offer).collect(),
        lines,
    }
}

/// The lines of the basket, those that stand together and are told apart by nothing as one.
fn lines(candidates: &Candidates<'_>, checked: &Checked) -> Vec<Line> {
    let sku = |line: usize| checked.items.get(line).map(|item| &item.sku);
    let is_same = |one: usize, other: usize| {
        candidates.list.iter().all(|candidate| {
            let listed = |line: usize| match &candidate.promotion.benefit {
                Benefit::Prices(list) => checked.items.get(line).and_then(|item| list.prices.get(item.sku)),
                _ => None,
            };
            // What the delivery asks of its goods it asks of those that it measures.
            let is_on_goods = !matches!(candidate.promotion.benefit, Benefit::Delivery(_));
            let touches = |line: usize| is_on_goods && candidate.on.contains(line);
            let is_in = |slot: &FixedBitSet| slot.contains(one) == slot.contains(other);
            let is_asked = touches(one) || candidate.slots.iter().any(|slot| slot.contains(one));
            touches(one) == touches(other)
                && candidate.slots.iter().all(is_in)
                && candidate.measures.contains(one) == candidate.measures.contains(other)
                && listed(one) == listed(other)
                && (!is_asked || !asks_for_sku(candidate) || sku(one) == sku(other))
        })
    };
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines: Vec<Line> = Vec::with_capacity(checked.items.len());
    for (place, (item, &floor)) in checked.items.iter().zip(&candidates.floors).enumerate() {
        // All its units became gifts.
        if item.quantity == 0 {
            continue;
        }
        match lines.last_mut() {
            Some(last)
                if last.list == item.list_price && last.floor == floor && is_same(last.first, place) =>
            {
                last.quantity += item.quantity;
            }
            _ => {
                let next = numbers.len();
                let sku = *numbers.entry(item.sku).or_insert(next);
                lines.push(Line { first: place, quantity: item.quantity, list: item.list_price, floor, sku });
            }
        }
    }
    lines
}

/// Whether a promotion tells SKUs apart by more than its selectors.
fn asks_for_sku(candidate: &Candidate<'_>) -> bool {
    match &candidate.promotion.benefit {
        Benefit::Quantity { count, .. } => *count == Count::SameSku,
        _ => slots_of(candidate.promotion).iter().any(|slot| slot.same_sku),
    }
}

/// The lines of the problem that hold the given lines of the basket.
#[must_use]
pub fn held(lines: &[Line], of_basket: &FixedBitSet) -> FixedBitSet {
    bits(&lines.iter().map(|line| of_basket.contains(line.first)).collect::<Vec<bool>>())
}

fn bits(flags: &[bool]) -> FixedBitSet {
    let mut bits = FixedBitSet::with_capacity(flags.len());
    for (place, &flag) in flags.iter().enumerate() {
        bits.set(place, flag);
    }
    bits
}

fn cut(cut: UnitCut) -> Cut {
    match cut {
        UnitCut::Price(price) => Cut::Price(price),
        UnitCut::Percent(rate, base) => Cut::Percent(rate, base),
        UnitCut::Amount(amount) => Cut::Amount(amount),
    }
}

fn offer(candidate: &Candidate<'_>, level: usize, checked: &Checked, lines: &[Line]) -> Option<Offer> {
    let promotion = candidate.promotion;
    let plain = |give: Give| vec![Tier { from: 0, give }];
    let mut rules = None;
    let (tiers, max_discount) = match &promotion.benefit {
        Benefit::Units(unit) => (plain(Give::Units(cut(unit.cut))), unit.max_discount),
        Benefit::Prices(list) => {
            let price = |line: &Line| {
                checked.items.get(line.first).and_then(|item| list.prices.get(item.sku).copied())
            };
            let by_line = lines.iter().map(price).collect();
            (plain(Give::Units(Cut::PriceByLine(by_line))), list.max_discount)
        }
        Benefit::Basket(basket) => (plain(Give::Basket(basket.amount)), basket.max_discount),
        Benefit::Spend { tiers, max_discount, .. } => {
            let tiers = tiers.iter().map(|tier| Tier {
                from: tier.from.minor(),
                give: match tier.give {
                    SpendBenefit::Units(unit) => Give::Units(cut(unit)),
                    SpendBenefit::Basket(amount) => Give::Basket(amount),
                },
            });
            (tiers.collect(), *max_discount)
        }
        Benefit::Quantity { tiers, max_discount, .. } => {
            let tiers = tiers
                .iter()
                .map(|tier| Tier { from: i64::from(tier.from), give: Give::Units(cut(tier.cut)) });
            (tiers.collect(), *max_discount)
        }
        Benefit::Set(set) => {
            let slots: Vec<FixedBitSet> = candidate.slots.iter().map(|slot| held(lines, slot)).collect();
            let (set_rules, tiers) = set::rules(set, &promotion.limits, &slots, lines);
            rules = Some(set_rules);
            (tiers, set.max_discount)
        }
        Benefit::Gift(_) | Benefit::Delivery(_) | Benefit::Points(_) => return None,
    };
    let spend = match &promotion.benefit {
        Benefit::Spend { spend, .. } => {
            Some(Measure { lines: held(lines, &candidate.measures), of: spend.measured, every: spend.every })
        }
        _ => None,
    };
    Some(Offer {
        index: candidate.index,
        level,
        stage: promotion.stage,
        on: held(lines, &candidate.on),
        spend,
        count: match promotion.benefit {
            Benefit::Quantity { count, .. } => Some(count),
            _ => None,
        },
        set: rules,
        tiers,
        max_discount,
        units_max: promotion.limits.units,
        uses_up: promotion.when.code.is_some() || promotion.limits.are_counted(),
    })
}

/// The promotions on the delivery, in the order in which they would apply: the highest level,
/// in it the one that takes most, then by id.
fn deliveries(
    candidates: &Candidates<'_>,
    offers: &[(&Candidate<'_>, Offer)],
    lines: &[Line],
    rounding: Rounding,
    delivery_price: Amount,
) -> Vec<DeliveryOffer> {
    let mut found: Vec<(i32, DeliveryOffer)> = candidates
        .list
        .iter()
        .filter_map(|candidate| {
            let promotion = candidate.promotion;
            let Benefit::Delivery(benefit) = &promotion.benefit else {
                return None;
            };
            let whole = Line { first: 0, quantity: 1, list: delivery_price, floor: Amount::ZERO, sku: 0 };
            let takes = cut(benefit.cut).take(0, &whole, delivery_price, rounding);
            let refuses: Vec<bool> = offers
                .iter()
                .map(|(other, _)| {
                    promotion.stacks_with != Stacking::Unsaid && !promotion.accepts(other.promotion)
                })
                .collect();
            let offer = DeliveryOffer {
                index: candidate.index,
                takes,
                from: benefit.spend.as_ref().map_or(Amount::ZERO, |(_, from)| *from),
                of: benefit.spend.as_ref().map_or(Measured::Current, |(spend, _)| spend.measured),
                lines: held(lines, &candidate.measures),
                refuses: bits(&refuses),
                uses_up: promotion.when.code.is_some() || promotion.limits.are_counted(),
            };
            Some((promotion.level, offer))
        })
        .collect();
    found.sort_by_key(|(level, offer)| (Reverse(*level), Reverse(offer.takes), offer.index));
    found.into_iter().map(|(_, offer)| offer).collect()
}
