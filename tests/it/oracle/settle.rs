//! What one assignment costs, and whether it is legal.

use pricewright::money::Rate;
use pricewright::promotion::{Base, SpendBenefit, Stage, UnitCut};

use super::arithmetic::{in_proportion, percent_of, spread};
use super::shop::{Gives, Mask, Shop};

/// What a promotion does under an assignment once its tier is known.
enum Effect<'a> {
    EachUnit(UnitCut),
    EachPrice(&'a [Option<i64>]),
    Shared(i64),
}

pub(super) struct Settled {
    /// What each promotion took off each unit.
    pub(super) takes: Vec<Vec<i64>>,
    pub(super) prices: Vec<i64>,
    /// What each unit carries, basket amounts included.
    pub(super) full: Vec<Mask>,
    pub(super) courier: Option<(usize, i64)>,
}

impl Shop {
    /// "What an assignment costs"; `None` where it is not legal.
    pub(super) fn settle(&self, carried: &[Mask], on: Mask) -> Option<Settled> {
        let full = self.full(carried, on)?;
        // "`limits.units` per basket hold."
        for (at, promo) in self.promos.iter().enumerate() {
            let carriers = full.iter().filter(|&&set| set & 1 << at != 0).count();
            if promo.most_units.is_some_and(|most| carriers > usize::try_from(most).unwrap_or(usize::MAX)) {
                return None;
            }
        }
        let in_use = full.iter().fold(on, |all, set| all | set);
        let mut settled = Settled {
            takes: vec![vec![0; self.units.len()]; self.promos.len()],
            prices: self.units.iter().map(|unit| unit.list).collect(),
            full,
            courier: None,
        };
        // "Higher `level` first; then item stage before basket stage."
        for &level in &self.levels {
            for stage in [Stage::Item, Stage::Basket] {
                // "`spend` measures prices as they stand before the basket stage of the promotion's own level."
                let before = settled.prices.clone();
                let mut order = Vec::new();
                for at in self.places(in_use) {
                    let promo = &self.promos[at];
                    if promo.level == level && promo.stage == stage {
                        let effect = self.effect(at, on, &before, &settled.full)?;
                        order.push((effect.rank(), at, effect));
                    }
                }
                // "Then fixed prices, percentages, amounts; then promotion id in byte order": the promotions stand by id.
                order.sort_by_key(|&(rank, at, _)| (rank, at));
                for (_, at, effect) in order {
                    self.take(at, &effect, &mut settled);
                }
            }
        }
        settled.courier = self.courier(&settled);
        Some(settled)
    }

    /// "It is on or off for the whole basket: every unit that counts towards it takes part", a unit that "matches and
    /// carries no price promotion incompatible with it". "Two basket amounts that do not stack are never on together
    /// when one unit would be taken by both."
    fn full(&self, carried: &[Mask], on: Mask) -> Option<Vec<Mask>> {
        let mut full = carried.to_vec();
        for (unit, set) in full.iter_mut().enumerate() {
            for at in self.places(on) {
                if self.units[unit].matches & 1 << at != 0 && carried[unit] & self.promos[at].rejects == 0 {
                    *set |= 1 << at;
                }
            }
            if self.places(*set).any(|at| self.promos[at].rejects & *set != 0) {
                return None;
            }
        }
        Some(full)
    }

    /// What promotion `at` does; `None` where its spend is not reached, or the tier that is reached is of the other
    /// kind than the assignment supposes.
    fn effect(&self, at: usize, on: Mask, before: &[i64], full: &[Mask]) -> Option<Effect<'_>> {
        let promo = &self.promos[at];
        let (tiers, of_list, every) = match &promo.gives {
            Gives::Cut(cut) => return Some(Effect::EachUnit(*cut)),
            Gives::Prices(prices) => return Some(Effect::EachPrice(prices)),
            Gives::Shared(amount) => return Some(Effect::Shared(*amount)),
            Gives::Spend { tiers, of_list, every } => (tiers, *of_list, *every),
        };
        // "Only units that count are measured by `spend`."
        let measured: i64 = (0..self.units.len())
            .filter(|&unit| self.units[unit].measured & 1 << at != 0 && full[unit] & promo.rejects == 0)
            .map(|unit| if of_list { self.units[unit].list } else { before[unit] })
            .sum();
        let &(from, give) =
            tiers.iter().filter(|(from, _)| *from <= measured).max_by_key(|(from, _)| *from)?;
        let is_on = on & 1 << at != 0;
        match give {
            SpendBenefit::Units(cut) if !is_on => Some(Effect::EachUnit(cut)),
            // "`every: true` in `spend` takes it once per full `at_least`."
            SpendBenefit::Basket(amount) if is_on && every => {
                Some(Effect::Shared(amount.minor() * (measured / from)))
            }
            SpendBenefit::Basket(amount) if is_on => Some(Effect::Shared(amount.minor())),
            _ => None,
        }
    }

    fn take(&self, at: usize, effect: &Effect<'_>, settled: &mut Settled) {
        let promo = &self.promos[at];
        let members: Vec<usize> =
            (0..self.units.len()).filter(|&unit| settled.full[unit] & 1 << at != 0).collect();
        let prices: Vec<i64> = members.iter().map(|&unit| settled.prices[unit]).collect();
        // "No promotion takes a unit below its floor."
        let rooms: Vec<i64> =
            members.iter().map(|&unit| settled.prices[unit] - self.units[unit].floor).collect();
        let takes = if let Effect::Shared(amount) = effect {
            let amount = promo.max_discount.map_or(*amount, |most| most.min(*amount));
            // "An amount shared by several units is spread in proportion to their current prices."
            spread(amount, &prices, &rooms)
        } else {
            let each =
                |(&unit, room): (&usize, &i64)| self.cut(unit, effect, settled.prices[unit]).min(*room);
            let takes: Vec<i64> = members.iter().zip(&rooms).map(each).collect();
            // "`max_discount` cuts a promotion's total in the basket; what remains is spread over its units in proportion
            // to what each would have had, in the same way."
            match promo.max_discount {
                Some(most) if takes.iter().sum::<i64>() > most => in_proportion(most, &takes),
                _ => takes,
            }
        };
        for (&unit, take) in members.iter().zip(takes) {
            assert!(
                take >= 0 && settled.prices[unit] - take >= self.units[unit].floor,
                "{} {take}",
                promo.id
            );
            settled.prices[unit] -= take;
            settled.takes[at][unit] = take;
        }
    }

    /// What a promotion would take off one unit if there were no floor.
    fn cut(&self, unit: usize, effect: &Effect<'_>, current: i64) -> i64 {
        match effect {
            Effect::EachUnit(cut) => self.cut_of(*cut, current, self.units[unit].list),
            Effect::EachPrice(prices) => prices[unit].map_or(0, |price| (current - price).max(0)),
            Effect::Shared(_) => 0,
        }
    }

    fn cut_of(&self, cut: UnitCut, current: i64, list: i64) -> i64 {
        match cut {
            UnitCut::Percent(rate, Base::Current) => self.percent(current, rate),
            UnitCut::Percent(rate, Base::List) => self.percent(list, rate).min(current),
            // "An amount takes `min(amount, current)`; a fixed price takes `max(0, current − price)`."
            UnitCut::Amount(amount) => amount.minor().min(current),
            UnitCut::Price(price) => (current - price.minor()).max(0),
        }
    }

    fn percent(&self, price: i64, rate: Rate) -> i64 {
        percent_of(price, rate, self.rounding)
    }

    /// "One applies: of the highest level that takes anything off, the one that takes most." It measures "the final
    /// prices", and goes "with everything unless it carries a `stacks_with` of its own".
    fn courier(&self, settled: &Settled) -> Option<(usize, i64)> {
        let mut best: Option<(usize, i64)> = None;
        for (at, courier) in self.couriers.iter().enumerate() {
            let counted: Vec<usize> = (0..self.units.len())
                .filter(|&unit| {
                    self.units[unit].delivered & 1 << at != 0 && settled.full[unit] & courier.rejects == 0
                })
                .collect();
            let sum = |of_list: bool| -> i64 {
                counted
                    .iter()
                    .map(|&unit| if of_list { self.units[unit].list } else { settled.prices[unit] })
                    .sum()
            };
            let reached = courier.spend.is_none_or(|(least, of_list)| sum(of_list) >= least);
            let take = self.cut_of(courier.cut, self.delivery, self.delivery);
            if counted.is_empty() || !reached || take == 0 {
                continue;
            }
            let rank = |(at, take): (usize, i64)| (self.couriers[at].level, take);
            if best.is_none_or(|best| rank((at, take)) > rank(best)) {
                best = Some((at, take));
            }
        }
        best
    }
}

impl Effect<'_> {
    /// "Fixed prices, percentages, amounts."
    fn rank(&self) -> u8 {
        match self {
            Effect::EachPrice(_) | Effect::EachUnit(UnitCut::Price(_)) => 0,
            Effect::EachUnit(UnitCut::Percent(..)) => 1,
            Effect::EachUnit(UnitCut::Amount(_)) | Effect::Shared(_) => 2,
        }
    }
}
