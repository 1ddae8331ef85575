//! The basket, worked out again unit by unit, and held against the quote.

use std::collections::BTreeMap;
use std::fmt;

use smallvec::SmallVec;

use super::effect::{Effect, shares, spend_effect};
use crate::basket::{Checked, Item, Request, check};
use crate::catalog::Selector;
use crate::money::{Amount, Rounding};
use crate::pricing::eligible::{Purchase, has_enough};
use crate::pricing::quote::{Quote, UnitGroup};
use crate::promotion::{Base, Benefit, Measured, Promotion, Spend, SpendBenefit, Stacking, Stage, UnitCut};
use crate::rulebook::{PromotionIndex, Rulebook, measured_goods};

/// The most units that are worked out one by one.
const UNITS_MAX: usize = 200_000;

/// What is wrong with a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw(String);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Works the quote out again.
///
/// # Errors
/// Every flaw that was found.
pub fn verify(rulebook: &Rulebook, request: &Request, quote: &Quote) -> Result<(), Vec<Flaw>> {
    let settings = rulebook.settings();
    let Ok(checked) = check(request, rulebook.catalog(), settings.currency, settings.rounding) else {
        return Err(vec![Flaw("the request is at fault and has no price".to_owned())]);
    };
    let mut audit = Audit {
        rulebook,
        request,
        purchase: Purchase::of(request, &settings.time_zone),
        rounding: settings.rounding,
        checked: &checked,
        units: Vec::new(),
        taken: BTreeMap::new(),
        flaws: Vec::new(),
    };
    if audit.open(quote) {
        audit.conditions();
        audit.stacking();
        audit.effects();
        audit.prices(quote);
        audit.delivery(quote);
        audit.totals(quote);
    }
    if audit.flaws.is_empty() { Ok(()) } else { Err(audit.flaws) }
}

/// One unit of the basket.
struct Unit {
    line: usize,
    floor: Amount,
    price: Amount,
    /// The quote's word on what it carries; everything else is worked out.
    carried: SmallVec<[PromotionIndex; 4]>,
    /// The quote's word on what each took off: asked only where the moment to work it out has not come.
    quoted: SmallVec<[(PromotionIndex, Amount); 4]>,
    takes: SmallVec<[(PromotionIndex, Amount); 4]>,
}

struct Audit<'a> {
    rulebook: &'a Rulebook,
    request: &'a Request,
    purchase: Purchase,
    rounding: Rounding,
    checked: &'a Checked,
    units: Vec<Unit>,
    taken: BTreeMap<PromotionIndex, Amount>,
    flaws: Vec<Flaw>,
}

impl Audit<'_> {
    fn flaw(&mut self, flaw: impl Into<String>) {
        self.flaws.push(Flaw(flaw.into()));
    }

    fn promotion(&self, index: PromotionIndex) -> Option<&Promotion> {
        self.rulebook.promotion(index)
    }

    fn item(&self, unit: &Unit) -> Option<&Item> {
        self.checked.items.get(unit.line)
    }

    fn list(&self, unit: &Unit) -> Amount {
        self.item(unit).map_or(Amount::ZERO, |item| item.list_price)
    }

    /// Whether a selector means the unit's goods.
    fn means(&self, selector: &Selector, unit: &Unit) -> bool {
        self.item(unit).is_some_and(|item| !item.no_promotions && selector.matches(&item.goods()))
    }

    /// Lays out the units; false where lines or quantities differ and nothing more can be said.
    fn open(&mut self, quote: &Quote) -> bool {
        let items = &self.checked.items;
        let same = quote.lines.len() == items.len()
            && quote.lines.iter().zip(items).all(|(line, item)| {
                let groups: u64 = line.groups.iter().map(|group| u64::from(group.quantity)).sum();
                line.id == item.id && line.quantity == item.quantity && groups == u64::from(item.quantity)
            });
        let units: usize = items.iter().filter_map(|item| usize::try_from(item.quantity).ok()).sum();
        if !same || units > UNITS_MAX {
            self.flaw("the lines of the quote are not those of the basket, or too many to be checked");
            return false;
        }
        for (line, quoted) in quote.lines.iter().enumerate() {
            for group in &quoted.groups {
                for _ in 0..group.quantity {
                    self.units.push(self.unit(line, group));
                }
            }
        }
        true
    }

    fn unit(&self, line: usize, group: &UnitGroup) -> Unit {
        let item = self.checked.items.get(line);
        let price = item.map_or(Amount::ZERO, |item| item.list_price);
        let caps = self.rulebook.caps().iter().filter_map(|cap| {
            let item = item.filter(|item| !item.no_promotions && cap.on.matches(&item.goods()))?;
            Some(cap.floor.floor(item.list_price, item.cost))
        });
        let floor = caps.fold(self.rulebook.settings().min_unit_price, Amount::max).min(price);
        let quoted: SmallVec<[_; 4]> = group.carried.iter().map(|c| (c.promotion, c.amount)).collect();
        let carried = quoted.iter().map(|&(promotion, _)| promotion).collect();
        Unit { line, floor, price, carried, quoted, takes: SmallVec::new() }
    }

    /// The promotions that some unit carries, in the order of the rulebook.
    fn used(&self) -> Vec<PromotionIndex> {
        let mut used: Vec<PromotionIndex> =
            self.units.iter().flat_map(|unit| unit.carried.iter().copied()).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// "A promotion applies only when its `when` holds. Units match the selectors; `limits.units` hold."
    fn conditions(&mut self) {
        for index in self.used() {
            let Some(promotion) = self.promotion(index).cloned() else {
                self.flaw("a promotion of another rulebook");
                continue;
            };
            if !self.holds(&promotion) {
                self.flaw(format!("the conditions of `{}` do not hold", promotion.id));
            }
            let carrying: Vec<usize> = self.carrying(index);
            let fits = |unit: &Unit| {
                let listed = match &promotion.benefit {
                    Benefit::Prices(list) => {
                        self.item(unit).is_some_and(|item| list.prices.contains_key(&item.sku))
                    }
                    _ => true,
                };
                listed && self.means(&promotion.on, unit)
            };
            if !carrying.iter().filter_map(|&at| self.units.get(at)).all(fits) {
                self.flaw(format!("`{}` stands on goods that it does not mean", promotion.id));
            }
            let most = promotion.limits.units.and_then(|most| usize::try_from(most).ok());
            if most.is_some_and(|most| carrying.len() > most) {
                self.flaw(format!("`{}` stands on more units than its limit", promotion.id));
            }
        }
    }

    fn carrying(&self, index: PromotionIndex) -> Vec<usize> {
        self.units
            .iter()
            .enumerate()
            .filter(|(_, unit)| unit.carried.contains(&index))
            .map(|(at, _)| at)
            .collect()
    }

    fn holds(&self, promotion: &Promotion) -> bool {
        let has_goods = promotion.when.basket_has.iter().all(|has| {
            let items = self.checked.items.iter();
            has_enough(has.least, items.filter(|item| !item.no_promotions && has.on.matches(&item.goods())))
        });
        self.purchase.check(promotion).is_ok() && has_goods
    }

    /// "What a unit carries must be compatible pair by pair."
    fn stacking(&mut self) {
        let clash = self.units.iter().find_map(|unit| {
            let promotions: Vec<&Promotion> =
                unit.carried.iter().filter_map(|&index| self.promotion(index)).collect();
            let mut pairs = promotions
                .iter()
                .enumerate()
                .flat_map(|(at, one)| promotions.iter().skip(at + 1).map(move |o| (*one, *o)));
            pairs
                .find(|(one, other)| !one.is_compatible_with(other))
                .map(|(one, other)| (one.id.clone(), other.id.clone()))
        });
        if let Some((one, other)) = clash {
            self.flaw(format!("`{one}` and `{other}` do not stack and stand on one unit"));
        }
    }

    /// Lets every promotion take effect in its order and notes what each takes off each unit.
    fn effects(&mut self) {
        let used = self.used();
        let mut levels: Vec<i32> =
            used.iter().filter_map(|&index| self.promotion(index)).map(|p| p.level).collect();
        levels.sort_unstable_by(|one, other| other.cmp(one));
        levels.dedup();
        for level in levels {
            for stage in [Stage::Item, Stage::Basket] {
                let here = used.iter().copied().filter(|&index| {
                    self.promotion(index)
                        .is_some_and(|promotion| promotion.level == level && promotion.stage == stage)
                });
                let mut effects: Vec<(u8, PromotionIndex, Effect)> = Vec::new();
                for index in here.collect::<Vec<_>>() {
                    match self.effect(index) {
                        Some(effect) => effects.push((effect.kind(), index, effect)),
                        None => self.flaw("a spend in use is not reached, or a kind that has no price yet"),
                    }
                }
                effects.sort_by_key(|&(kind, index, _)| (kind, index));
                for (_, index, effect) in effects {
                    self.apply(index, &effect);
                }
            }
        }
    }

    /// What a promotion does, its spend measured at this moment.
    fn effect(&self, index: PromotionIndex) -> Option<Effect> {
        let promotion = self.promotion(index)?;
        Some(match &promotion.benefit {
            Benefit::Units(unit) => Effect::Units(unit.cut, unit.max_discount),
            Benefit::Prices(list) => Effect::Prices(list.prices.clone(), list.max_discount),
            Benefit::Basket(basket) => {
                Effect::Basket(basket.max_discount.map_or(basket.amount, |most| most.min(basket.amount)))
            }
            Benefit::Spend { spend, tiers, max_discount } => {
                let sum = self.measured(promotion, spend);
                let tier = tiers.iter().filter(|tier| tier.from <= sum).max_by_key(|tier| tier.from)?;
                spend_effect(spend, tier, sum, *max_discount)
            }
            _ => return None,
        })
    }

    /// What a spend measures now.
    fn measured(&self, promotion: &Promotion, spend: &Spend) -> Amount {
        self.counted_sum(promotion, spend, |unit| unit.price)
    }

    /// "Only units that count are measured": those that match and carry nothing incompatible.
    fn counted_sum(&self, promotion: &Promotion, spend: &Spend, price: impl Fn(&Unit) -> Amount) -> Amount {
        let selector = measured_goods(promotion);
        let accepts = |other: &Promotion| other.id == promotion.id || other.is_compatible_with(promotion);
        let counts = |unit: &&Unit| {
            self.means(selector, unit)
                && unit.carried.iter().filter_map(|&other| self.promotion(other)).all(accepts)
        };
        let counting = self.units.iter().filter(counts);
        counting
            .map(|unit| if spend.measured == Measured::List { self.list(unit) } else { price(unit) })
            .sum()
    }

    fn apply(&mut self, index: PromotionIndex, effect: &Effect) {
        let carrying = self.carrying(index);
        let takes: Vec<Amount> = match effect {
            Effect::Units(_, most) | Effect::Prices(_, most) => {
                let wanted: Vec<Amount> = carrying
                    .iter()
                    .filter_map(|&at| self.units.get(at))
                    .map(|unit| self.wanted(unit, effect))
                    .collect();
                let total: Amount = wanted.iter().copied().sum();
                match most {
                    Some(most) if *most < total => shares(*most, &wanted, &wanted),
                    _ => wanted,
                }
            }
            Effect::Basket(amount) => {
                self.everybody_takes_part(index, &carrying);
                let units = || carrying.iter().filter_map(|&at| self.units.get(at));
                let prices: Vec<Amount> = units().map(|unit| unit.price).collect();
                let rooms: Vec<Amount> = units().map(|unit| unit.price.above(unit.floor)).collect();
                shares(*amount, &prices, &rooms)
            }
        };
        for (at, take) in carrying.into_iter().zip(takes) {
            if let Some(unit) = self.units.get_mut(at) {
                unit.price -= take;
                unit.takes.push((index, take));
                *self.taken.entry(index).or_default() += take;
            }
        }
    }

    /// What a promotion takes off one unit, down to its floor.
    fn wanted(&self, unit: &Unit, effect: &Effect) -> Amount {
        let off = match effect {
            Effect::Units(UnitCut::Price(price), _) => unit.price.above(*price),
            Effect::Units(UnitCut::Percent(rate, Base::Current), _) => rate.of(unit.price, self.rounding),
            Effect::Units(UnitCut::Percent(rate, Base::List), _) => rate.of(self.list(unit), self.rounding),
            Effect::Units(UnitCut::Amount(amount), _) => *amount,
            Effect::Prices(prices, _) => {
                let new = self.item(unit).and_then(|item| prices.get(&item.sku));
                new.map_or(Amount::ZERO, |&new| unit.price.above(new))
            }
            Effect::Basket(_) => Amount::ZERO,
        };
        off.min(unit.price.above(unit.floor))
    }

    /// "It is on or off for the whole basket: every unit that counts towards it takes part."
    fn everybody_takes_part(&mut self, index: PromotionIndex, carrying: &[usize]) {
        let Some(promotion) = self.promotion(index).cloned() else {
            return;
        };
        let by_choice = |unit: &Unit| {
            let mut others =
                unit.carried.iter().filter(|&&other| other != index && !self.is_basket_amount(other));
            others
                .all(|&other| self.promotion(other).is_none_or(|other| other.is_compatible_with(&promotion)))
        };
        let counting = self
            .units
            .iter()
            .enumerate()
            .filter(|(_, unit)| self.means(&promotion.on, unit) && by_choice(unit));
        let counting: Vec<usize> = counting.map(|(at, _)| at).collect();
        if counting != carrying {
            self.flaw(format!("`{}` does not stand on every unit that counts towards it", promotion.id));
        }
    }

    fn is_basket_amount(&self, index: PromotionIndex) -> bool {
        let Some(promotion) = self.promotion(index) else {
            return false;
        };
        match &promotion.benefit {
            Benefit::Basket(_) => true,
            // Of tiers of both kinds the one counts that the sum reaches, once the promotions before it took effect.
            Benefit::Spend { spend, tiers, .. } => {
                let sum = self.counted_sum(promotion, spend, |unit| self.quoted_before(unit, promotion));
                let tier = tiers.iter().filter(|tier| tier.from <= sum).max_by_key(|tier| tier.from);
                tier.is_some_and(|tier| matches!(tier.give, SpendBenefit::Basket(_)))
            }
            _ => false,
        }
    }

    /// A unit's price before the basket stage of a promotion's level, as the quote has it.
    fn quoted_before(&self, unit: &Unit, promotion: &Promotion) -> Amount {
        let is_before = |other: &Promotion| {
            other.level > promotion.level || (other.level == promotion.level && other.stage == Stage::Item)
        };
        let takes = unit.quoted.iter().filter(|&&(other, _)| self.promotion(other).is_some_and(is_before));
        self.list(unit) - takes.map(|&(_, take)| take).sum()
    }

    /// Every unit's price and every promotion's share, as worked out here and as the quote has them.
    fn prices(&mut self, quote: &Quote) {
        let mut units = self.units.iter();
        let mut wrong = Vec::new();
        for line in &quote.lines {
            let mut total = Amount::ZERO;
            for group in &line.groups {
                for _ in 0..group.quantity {
                    let Some(unit) = units.next() else {
                        break;
                    };
                    let same = unit.price == group.price
                        && unit
                            .takes
                            .iter()
                            .copied()
                            .eq(group.carried.iter().map(|c| (c.promotion, c.amount)));
                    if !same {
                        wrong.push(format!(
                            "line `{}`: a unit costs {}, not {}",
                            line.id, unit.price, group.price
                        ));
                    }
                    if unit.price < unit.floor {
                        wrong.push(format!("line `{}`: a unit stands below its floor", line.id));
                    }
                    total += unit.price;
                }
            }
            if total != line.total {
                wrong.push(format!("line `{}` costs {total}, not {}", line.id, line.total));
            }
        }
        wrong.into_iter().for_each(|flaw| self.flaw(flaw));
    }

    /// "One applies: of the highest level that takes anything off, the one that takes most."
    fn delivery(&mut self, quote: &Quote) {
        let price = self.request.basket.delivery.as_ref().map_or(Amount::ZERO, |delivery| delivery.price);
        let mut best: Option<(i32, Amount, PromotionIndex)> = None;
        for (index, promotion) in self.rulebook.indexed() {
            let Some(take) = self.delivery_take(promotion, price) else {
                continue;
            };
            if best.is_none_or(|(level, most, _)| (promotion.level, take) > (level, most)) {
                best = Some((promotion.level, take, index));
            }
        }
        if best.map(|(_, take, index)| (index, take)) != quote.delivery {
            self.flaw("another promotion applies to the delivery");
        }
    }

    /// What a promotion takes off the delivery; nothing where it does not apply.
    fn delivery_take(&self, promotion: &Promotion, price: Amount) -> Option<Amount> {
        let Benefit::Delivery(benefit) = &promotion.benefit else {
            return None;
        };
        if !self.holds(promotion) || !self.units.iter().any(|unit| self.means(&promotion.on, unit)) {
            return None;
        }
        let accepts = |unit: &Unit| {
            promotion.stacks_with == Stacking::Unsaid
                || unit
                    .carried
                    .iter()
                    .filter_map(|&other| self.promotion(other))
                    .all(|other| promotion.accepts(other))
        };
        let selector = measured_goods(promotion);
        let counting: Vec<&Unit> =
            self.units.iter().filter(|unit| self.means(selector, unit) && accepts(unit)).collect();
        if let Some((spend, from)) = &benefit.spend {
            let is_list = spend.measured == Measured::List;
            let sum: Amount =
                counting.iter().map(|unit| if is_list { self.list(unit) } else { unit.price }).sum();
            if sum < *from {
                return None;
            }
        }
        let off = match benefit.cut {
            UnitCut::Price(new) => price.above(new),
            UnitCut::Percent(rate, _) => rate.of(price, self.rounding),
            UnitCut::Amount(amount) => amount.min(price),
        };
        (!counting.is_empty() && !off.is_zero()).then_some(off)
    }

    fn totals(&mut self, quote: &Quote) {
        let list_total: Amount = self.units.iter().map(|unit| self.list(unit)).sum();
        let goods: Amount = self.units.iter().map(|unit| unit.price).sum();
        let price = self.request.basket.delivery.as_ref().map_or(Amount::ZERO, |delivery| delivery.price);
        let delivery_total = price - quote.delivery.map_or(Amount::ZERO, |(_, take)| take);
        let expected = [
            ("list_total", list_total, quote.list_total),
            ("discount_total", list_total - goods, quote.discount_total),
            ("delivery_total", delivery_total, quote.delivery_total),
            ("total", goods + delivery_total, quote.total),
        ];
        for (name, worked_out, quoted) in expected {
            if worked_out != quoted {
                self.flaw(format!("{name} is {worked_out}, not {quoted}"));
            }
        }
        let mut applied = self.taken.clone();
        applied.retain(|_, amount| !amount.is_zero());
        if let Some((index, take)) = quote.delivery {
            applied.insert(index, take);
        }
        let quoted = quote.applied.iter().map(|applied| (applied.promotion, applied.amount));
        if !applied.into_iter().eq(quoted) {
            self.flaw("the promotions that are shown as applied are not those that take something off");
        }
    }
}
