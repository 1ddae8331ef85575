//! What one assignment costs, and whether it is legal.

use pricewright::money::Rate;
use pricewright::promotion::{Base, SetBenefit, SpendBenefit, Stage, UnitCut};
use smallvec::{SmallVec, smallvec};

use super::arithmetic::{in_proportion, percent_of, spread};
use super::sets::{Application, SetRule};
use super::shop::{Assignment, Gives, Mask, Shop};

/// What a promotion does under an assignment once its tier is known.
enum Effect<'a> {
    EachUnit(UnitCut),
    EachPrice(&'a [Option<i64>]),
    Shared(i64),
    /// One cut a unit, by the tier that its goods reach.
    Tiered(Vec<Option<UnitCut>>),
    Sets(&'a SetRule, &'a [Application]),
}

/// One entry a unit; problems have few, and millions of them are settled.
pub(super) type Units<T> = SmallVec<[T; 8]>;

pub(super) struct Settled {
    /// What each promotion took off each unit.
    pub(super) takes: SmallVec<[Units<i64>; 6]>,
    pub(super) prices: Units<i64>,
    /// What each unit carries, basket amounts included.
    pub(super) full: Units<Mask>,
    pub(super) courier: Option<(usize, i64)>,
}

impl Shop {
    /// "What an assignment costs"; `None` where it is not legal.
    pub(super) fn settle(&self, assignment: &Assignment) -> Option<Settled> {
        let Assignment { carried, on, sets } = assignment;
        let on = *on;
        let full = self.full(carried, on)?;
        // "`limits.units` per basket hold."
        for (at, promo) in self.promos.iter().enumerate() {
            let carriers = full.iter().filter(|&&set| set & 1 << at != 0).count();
            if promo.most_units.is_some_and(|most| carriers > usize::try_from(most).unwrap_or(usize::MAX)) {
                return None;
            }
        }
        if (0..self.promos.len()).any(|at| !self.retailer_agrees(at, &sets[at], &full)) {
            return None;
        }
        let in_use = full.iter().fold(on, |all, set| all | set);
        let mut settled = Settled {
            takes: self.promos.iter().map(|_| smallvec![0; self.units.len()]).collect(),
            // "A chosen SKU becomes the gift for one unit, at the floor price."
            prices: self
                .units
                .iter()
                .map(|unit| if unit.gifted.is_some() { unit.floor } else { unit.list })
                .collect(),
            full,
            courier: None,
        };
        // "Higher `level` first; then item stage before basket stage."
        for &level in &self.levels {
            for stage in [Stage::Item, Stage::Basket] {
                // "`spend` measures prices as they stand before the basket stage of the promotion's own level."
                let before = settled.prices.clone();
                let mut order: SmallVec<[_; 6]> = SmallVec::new();
                for at in self.places(in_use) {
                    let promo = &self.promos[at];
                    if promo.level == level && promo.stage == stage {
                        let effect = self.effect(at, assignment, &before, &settled.full)?;
                        order.extend(effect.by_rank().into_iter().map(|part| (part.rank(), at, part)));
                    }
                }
                // "Then fixed prices, percentages, amounts; then promotion id in byte order": the promotions stand by id.
                order.sort_by_key(|&(rank, at, _)| (rank, at));
                for (_, at, effect) in order {
                    self.take(at, &effect, &mut settled)?;
                }
            }
        }
        settled.courier = self.courier(&settled);
        Some(settled)
    }

    /// "It is on or off for the whole basket: every unit that counts towards it takes part", a unit that "matches and
    /// carries no price promotion incompatible with it". "Two basket amounts that do not stack are never on together
    /// when one unit would be taken by both."
    fn full(&self, carried: &[Mask], on: Mask) -> Option<Units<Mask>> {
        let mut full = Units::from_slice(carried);
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

    /// "The units that get the benefit must be the cheapest, by list price, of all that count for it": in the slot in
    /// which each of them stands.
    fn retailer_agrees(&self, at: usize, applications: &[Application], full: &[Mask]) -> bool {
        let Gives::Sets(rule) = &self.promos[at].gives else { return true };
        if !rule.retailer {
            return true;
        }
        let reduced: Vec<_> = applications.iter().flatten().filter(|member| rule.is_for(member)).collect();
        (0..self.units.len()).all(|unit| {
            let counts = self.units[unit].matches & 1 << at != 0 && full[unit] & self.promos[at].rejects == 0;
            let undercuts = |unit: usize| {
                reduced.iter().any(|member| {
                    rule.slots[member.slot].fits[unit] && self.units[unit].list < self.units[member.unit].list
                })
            };
            !counts || reduced.iter().any(|member| member.unit == unit) || !undercuts(unit)
        })
    }

    /// What promotion `at` does; `None` where its spend is not reached, or the tier that is reached is of the other
    /// kind than the assignment supposes, or too few units take part for a tier.
    fn effect<'a>(
        &'a self,
        at: usize,
        assignment: &'a Assignment,
        before: &[i64],
        full: &[Mask],
    ) -> Option<Effect<'a>> {
        let promo = &self.promos[at];
        let on = assignment.on;
        let (tiers, of_list, every) = match &promo.gives {
            Gives::Cut(cut) => return Some(Effect::EachUnit(*cut)),
            Gives::Prices(prices) => return Some(Effect::EachPrice(prices)),
            Gives::Shared(amount) => return Some(Effect::Shared(*amount)),
            Gives::Tiers { tiers, same_sku } => return self.tiered(at, tiers, *same_sku, full),
            Gives::Sets(rule) => return Some(Effect::Sets(rule, &assignment.sets[at])),
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

    /// "The tier is the highest `from` not above the number of units **taking part**; `count: same_sku` counts each SKU
    /// by itself."
    fn tiered(
        &self,
        at: usize,
        tiers: &[(u32, UnitCut)],
        same_sku: bool,
        full: &[Mask],
    ) -> Option<Effect<'_>> {
        let mut cuts = vec![None; self.units.len()];
        let takes_part = |unit: &usize| full[*unit] & 1 << at != 0;
        for unit in (0..self.units.len()).filter(takes_part) {
            let is_counted = |other: &usize| !same_sku || self.units[*other].sku == self.units[unit].sku;
            let many = (0..self.units.len()).filter(takes_part).filter(is_counted).count();
            let reached =
                tiers.iter().filter(|(from, _)| usize::try_from(*from).is_ok_and(|from| from <= many));
            cuts[unit] = Some(reached.max_by_key(|(from, _)| *from)?.1);
        }
        Some(Effect::Tiered(cuts))
    }

    /// Takes a promotion's part off the prices; `None` where a set is made up for nothing.
    fn take(&self, at: usize, effect: &Effect<'_>, settled: &mut Settled) -> Option<()> {
        let promo = &self.promos[at];
        let members: Units<usize> =
            (0..self.units.len()).filter(|&unit| settled.full[unit] & 1 << at != 0).collect();
        let prices: Units<i64> = members.iter().map(|&unit| settled.prices[unit]).collect();
        // "No promotion takes a unit below its floor."
        let rooms: Units<i64> =
            members.iter().map(|&unit| settled.prices[unit] - self.units[unit].floor).collect();
        let taken: i64 = settled.takes[at].iter().sum();
        let takes = if let Effect::Shared(amount) = effect {
            let amount = promo.max_discount.map_or(*amount, |most| most.min(*amount));
            // "An amount shared by several units is spread in proportion to their current prices."
            Units::from_vec(spread(amount, &prices, &rooms))
        } else {
            let takes: Units<i64> = if let Effect::Sets(rule, applications) = effect {
                let by_unit = self.take_sets(rule, applications, &settled.prices)?;
                members.iter().map(|&unit| by_unit[unit]).collect()
            } else {
                let each =
                    |(&unit, room): (&usize, &i64)| self.cut(unit, effect, settled.prices[unit]).min(*room);
                members.iter().zip(&rooms).map(each).collect()
            };
            // "`max_discount` cuts a promotion's total in the basket; what remains is spread over its units in proportion
            // to what each would have had, in the same way."
            match promo.max_discount.map(|most| most - taken) {
                Some(most) if takes.iter().sum::<i64>() > most => {
                    Units::from_vec(in_proportion(most, &takes))
                }
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
            settled.takes[at][unit] += take;
        }
        Some(())
    }

    /// What complete sets take off each unit of the basket, before `max_discount`; `None` where one takes nothing.
    fn take_sets(&self, rule: &SetRule, applications: &[Application], current: &[i64]) -> Option<Vec<i64>> {
        let mut by_unit = vec![0; current.len()];
        for application in applications {
            let prices: Vec<i64> = application.iter().map(|member| current[member.unit]).collect();
            let sum: i64 = prices.iter().sum();
            let room = |unit: usize| current[unit] - self.units[unit].floor;
            let rooms: Vec<i64> = application.iter().map(|member| room(member.unit)).collect();
            let each = |cut: UnitCut, unit: usize| {
                self.cut_of(cut, current[unit], self.units[unit].list).min(room(unit))
            };
            let takes: Vec<i64> = match rule.benefit {
                // "An amount takes `min(amount, current)`; a fixed price takes `max(0, current − price)`", of the set
                // as a whole, and "is spread in proportion to their current prices".
                SetBenefit::Amount(amount) => spread(amount.minor().min(sum), &prices, &rooms),
                SetBenefit::Price(price) => spread((sum - price.minor()).max(0), &prices, &rooms),
                _ => {
                    let take = |member: &super::sets::Member| match rule.benefit {
                        _ if !rule.is_for(member) => 0,
                        SetBenefit::Percent(rate, base) => each(UnitCut::Percent(rate, base), member.unit),
                        SetBenefit::Cheapest { percent, .. } => {
                            each(UnitCut::Percent(percent, Base::Current), member.unit)
                        }
                        _ => rule.slots[member.slot].cut.map_or(0, |cut| each(cut, member.unit)),
                    };
                    application.iter().map(take).collect()
                }
            };
            if takes.iter().all(|&take| take == 0) {
                return None;
            }
            for (member, take) in application.iter().zip(takes) {
                by_unit[member.unit] = take;
            }
        }
        Some(by_unit)
    }

    /// What a promotion would take off one unit if there were no floor.
    fn cut(&self, unit: usize, effect: &Effect<'_>, current: i64) -> i64 {
        match effect {
            Effect::EachUnit(cut) => self.cut_of(*cut, current, self.units[unit].list),
            Effect::EachPrice(prices) => prices[unit].map_or(0, |price| (current - price).max(0)),
            Effect::Tiered(cuts) => {
                cuts[unit].map_or(0, |cut| self.cut_of(cut, current, self.units[unit].list))
            }
            Effect::Shared(_) | Effect::Sets(..) => 0,
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
            let counted: Units<usize> = (0..self.units.len())
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
    /// Goods that are counted by themselves are a matter of their own: each tier takes effect in the place of its kind.
    fn by_rank(self) -> SmallVec<[Self; 1]> {
        let Effect::Tiered(cuts) = &self else {
            return smallvec![self];
        };
        let of_rank = |rank: u8| -> Vec<Option<UnitCut>> {
            cuts.iter().map(|cut| cut.filter(|cut| rank_of(cut) == rank)).collect()
        };
        let parts = (0..=2).map(of_rank).filter(|cuts| cuts.iter().any(Option::is_some));
        parts.map(Effect::Tiered).collect()
    }

    /// "Fixed prices, percentages, amounts"; where a set has several, the earliest.
    fn rank(&self) -> u8 {
        let earliest = |cuts: &mut dyn Iterator<Item = &UnitCut>| cuts.map(rank_of).min().unwrap_or(2);
        match self {
            Effect::EachPrice(_) => 0,
            Effect::EachUnit(cut) => rank_of(cut),
            Effect::Shared(_) => 2,
            Effect::Tiered(cuts) => earliest(&mut cuts.iter().flatten()),
            Effect::Sets(rule, _) => match rule.benefit {
                SetBenefit::Price(_) => 0,
                SetBenefit::Percent(..) | SetBenefit::Cheapest { .. } => 1,
                SetBenefit::Amount(_) => 2,
                SetBenefit::BySlot => earliest(&mut rule.slots.iter().filter_map(|slot| slot.cut.as_ref())),
            },
        }
    }
}

fn rank_of(cut: &UnitCut) -> u8 {
    match cut {
        UnitCut::Price(_) => 0,
        UnitCut::Percent(..) => 1,
        UnitCut::Amount(_) => 2,
    }
}
