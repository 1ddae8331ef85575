//! A basket and its candidates as numbers: what the search sees. Lines, promotions and levels are places in lists.
//!
//! Kinds that are not priced yet have no numbers here; `number` leaves them out, and the reader of rule files refuses them
//! before they can get this far.

use std::cmp::Reverse;

use fixedbitset::FixedBitSet;

use super::candidate::{Candidate, Candidates};
use crate::basket::Checked;
use crate::money::{Amount, Rate, Rounding};
use crate::promotion::{Base, Benefit, Measured, SpendBenefit, Stacking, Stage, UnitCut};
use crate::rulebook::PromotionIndex;

/// The whole problem.
pub struct Problem {
    /// How fractions are rounded.
    pub rounding: Rounding,
    /// The lines, in basket order.
    pub lines: Vec<Line>,
    /// The price promotions, by id in byte order.
    pub offers: Vec<Offer>,
    // INVARIANT: square, one row an offer, symmetric; an offer is compatible with itself.
    compatible: Vec<FixedBitSet>,
    /// How many levels the price promotions have; place 0 is the highest.
    pub levels: usize,
    /// The promotions on the delivery, the one that would apply first in front.
    pub deliveries: Vec<DeliveryOffer>,
    /// Those that would take nothing off; only a reason is wanted of them.
    pub idle_deliveries: Vec<DeliveryOffer>,
    /// What the delivery costs before promotions.
    pub delivery_price: Amount,
}

/// Neighboring lines of the basket that no promotion tells apart, as one: so that a line split in two is priced as before.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The place of the first of them in the basket.
    pub first: usize,
    /// Units.
    pub quantity: u32,
    /// The list price of one.
    pub list: Amount,
    /// The lowest price of one.
    pub floor: Amount,
}

/// One price promotion.
pub struct Offer {
    /// Its place in the rulebook.
    pub index: PromotionIndex,
    /// The place of its level.
    pub level: usize,
    /// Its stage.
    pub stage: Stage,
    /// The lines it touches.
    pub on: FixedBitSet,
    /// What it measures; nothing for a promotion without spend.
    pub spend: Option<Measure>,
    /// Ascending by `from`; one tier from zero without a spend. Never empty.
    pub tiers: Vec<Tier>,
    /// The most it takes off the basket.
    pub max_discount: Option<Amount>,
    /// The most units that may carry it.
    pub units_max: Option<u32>,
    /// Whether using it uses up a code or a counted limit.
    pub uses_up: bool,
}

/// What a spend adds up.
pub struct Measure {
    /// Over these lines.
    pub lines: FixedBitSet,
    /// Which prices.
    pub of: Measured,
    /// Whether a basket amount is taken once for each full `from`.
    pub every: bool,
}

/// One tier.
#[derive(Debug, Clone)]
pub struct Tier {
    /// The sum from which it is for.
    pub from: Amount,
    /// What it gives.
    pub give: Give,
}

/// What a tier gives.
#[derive(Debug, Clone)]
pub enum Give {
    /// Something off each unit that carries it.
    Units(Cut),
    /// An amount taken once off the goods together.
    Basket(Amount),
}

/// What is taken off one unit.
#[derive(Debug, Clone)]
pub enum Cut {
    /// The new price.
    Price(Amount),
    /// The new price by line.
    PriceByLine(Vec<Option<Amount>>),
    /// A percentage.
    Percent(Rate, Base),
    /// An amount.
    Amount(Amount),
}

/// One promotion on the delivery.
pub struct DeliveryOffer {
    /// Its place in the rulebook.
    pub index: PromotionIndex,
    /// What it takes off.
    pub takes: Amount,
    /// The sum that its goods must reach.
    pub from: Amount,
    /// Which prices are added up.
    pub of: Measured,
    /// Over these lines.
    pub lines: FixedBitSet,
    // The offers that a counting unit must not carry.
    refuses: FixedBitSet,
    /// Whether using it uses up a code or a counted limit.
    pub uses_up: bool,
}

impl Problem {
    /// Whether two offers may meet on one unit.
    #[must_use]
    pub fn is_compatible(&self, one: usize, other: usize) -> bool {
        one == other || self.compatible.get(one).is_some_and(|row| row.contains(other))
    }

    /// Whether an offer may meet all of `carried` on one unit.
    #[must_use]
    pub fn goes_with(&self, offer: usize, carried: &[usize]) -> bool {
        carried.iter().all(|&other| self.is_compatible(offer, other))
    }

    /// What the goods cost before promotions.
    #[must_use]
    pub fn list_total(&self) -> Amount {
        self.lines.iter().map(|line| line.list.times(line.quantity)).sum()
    }
}

impl DeliveryOffer {
    /// Whether a unit that carries these offers counts towards it.
    #[must_use]
    pub fn counts(&self, carried: &[usize]) -> bool {
        carried.iter().all(|&offer| !self.refuses.contains(offer))
    }
}

impl Cut {
    /// What it takes off a unit of `line` that stands at `price`, down to the unit's floor.
    #[must_use]
    pub fn take(&self, place: usize, line: &Line, price: Amount, rounding: Rounding) -> Amount {
        let wanted = match self {
            Cut::Price(new) => price.above(*new),
            Cut::PriceByLine(prices) => {
                prices.get(place).copied().flatten().map_or(Amount::ZERO, |new| price.above(new))
            }
            Cut::Percent(rate, Base::Current) => rate.of(price, rounding),
            Cut::Percent(rate, Base::List) => rate.of(line.list, rounding),
            Cut::Amount(amount) => *amount,
        };
        wanted.min(price.above(line.floor))
    }
}

impl Give {
    /// The place within a stage: fixed prices, percentages, amounts.
    #[must_use]
    pub fn order(&self) -> u8 {
        match self {
            Give::Units(Cut::Price(_) | Cut::PriceByLine(_)) => 0,
            Give::Units(Cut::Percent(..)) => 1,
            Give::Units(Cut::Amount(_)) | Give::Basket(_) => 2,
        }
    }
}

/// Turns what may apply into numbers.
#[must_use]
pub fn number(
    candidates: &Candidates<'_>,
    checked: &Checked,
    rounding: Rounding,
    delivery_price: Amount,
) -> Problem {
    let lines = lines(candidates, checked);
    let priced: Vec<&Candidate<'_>> =
        candidates.list.iter().filter(|candidate| candidate.promotion.is_price_promotion()).collect();
    // Level 0 is always there: the delivery stands with the lowest level, and goods on another line must not lower that.
    let mut levels: Vec<i32> = priced.iter().map(|candidate| candidate.promotion.level).chain([0]).collect();
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
        deliveries,
        idle_deliveries,
        delivery_price,
        offers: offers.into_iter().map(|(_, offer)| offer).collect(),
        lines,
    }
}

/// The lines of the basket, those that stand together and are told apart by nothing as one.
fn lines(candidates: &Candidates<'_>, checked: &Checked) -> Vec<Line> {
    let is_same = |one: usize, other: usize| {
        candidates.list.iter().all(|candidate| {
            let listed = |line: usize| match &candidate.promotion.benefit {
                Benefit::Prices(list) => checked.items.get(line).and_then(|item| list.prices.get(&item.sku)),
                _ => None,
            };
            let touches =
                |line: usize| candidate.promotion.is_price_promotion() && candidate.on.contains(line);
            touches(one) == touches(other)
                && candidate.measures.contains(one) == candidate.measures.contains(other)
                && listed(one) == listed(other)
        })
    };
    let mut lines: Vec<Line> = Vec::with_capacity(checked.items.len());
    for (place, (item, &floor)) in checked.items.iter().zip(&candidates.floors).enumerate() {
        match lines.last_mut() {
            Some(last)
                if last.list == item.list_price && last.floor == floor && is_same(last.first, place) =>
            {
                last.quantity += item.quantity;
            }
            _ => lines.push(Line { first: place, quantity: item.quantity, list: item.list_price, floor }),
        }
    }
    lines
}

/// The lines of the problem that hold the given lines of the basket.
fn held(lines: &[Line], of_basket: &FixedBitSet) -> FixedBitSet {
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
    let plain = |give: Give| vec![Tier { from: Amount::ZERO, give }];
    let (tiers, max_discount) = match &promotion.benefit {
        Benefit::Units(unit) => (plain(Give::Units(cut(unit.cut))), unit.max_discount),
        Benefit::Prices(list) => {
            let price = |line: &Line| {
                checked.items.get(line.first).and_then(|item| list.prices.get(&item.sku).copied())
            };
            let by_line = lines.iter().map(price).collect();
            (plain(Give::Units(Cut::PriceByLine(by_line))), list.max_discount)
        }
        Benefit::Basket(basket) => (plain(Give::Basket(basket.amount)), basket.max_discount),
        Benefit::Spend { tiers, max_discount, .. } => {
            let tiers = tiers.iter().map(|tier| Tier {
                from: tier.from,
                give: match tier.give {
                    SpendBenefit::Units(unit) => Give::Units(cut(unit)),
                    SpendBenefit::Basket(amount) => Give::Basket(amount),
                },
            });
            (tiers.collect(), *max_discount)
        }
        Benefit::Quantity { .. }
        | Benefit::Set(_)
        | Benefit::Gift(_)
        | Benefit::Delivery(_)
        | Benefit::Points(_) => return None,
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
            let whole = Line { first: 0, quantity: 1, list: delivery_price, floor: Amount::ZERO };
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
