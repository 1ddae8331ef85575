//! What an assignment costs, unit by unit in whole numbers, and whether it is legal: the judge of what HiGHS answers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::shop::{Cut, Kind, SetGive, Shop, Slot, Spend, rank};
use crate::states::{Role, State};

/// One unit and what it carries by choice: basket amounts follow from whether they are on.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) line: usize,
    pub(crate) carries: Vec<usize>,
}

/// One application of a set.
#[derive(Debug, Clone)]
pub(crate) struct MadeSet {
    pub(crate) promo: usize,
    /// Unit, slot, and whether it is one of the cheapest that are reduced.
    pub(crate) members: Vec<(usize, usize, bool)>,
}

/// "Which units take part in which price promotions, which units make up which set, which basket amounts are on."
#[derive(Debug, Clone, Default)]
pub(crate) struct Assignment {
    pub(crate) units: Vec<Unit>,
    pub(crate) sets: Vec<MadeSet>,
    pub(crate) on: Vec<usize>,
}

impl Assignment {
    /// The assignment behind so many units in each state.
    pub(crate) fn of(shop: &Shop, counts: &[Vec<(State, i64)>]) -> Self {
        let mut made = Assignment::default();
        // Unit, promotion, slot, application, reduced.
        let mut in_slots: Vec<(usize, usize, usize, usize, bool)> = Vec::new();
        for (line, states) in counts.iter().enumerate() {
            for (state, count) in states {
                for _ in 0..*count {
                    let unit = made.units.len();
                    let mut carries = Vec::new();
                    for one in &state.carries {
                        if shop.promos[one.promo].is_basket() {
                            made.on.push(one.promo);
                            continue;
                        }
                        carries.push(one.promo);
                        if let Role::Slot { slot, application, reduced } = one.role {
                            in_slots.push((unit, one.promo, slot, application, reduced));
                        }
                    }
                    made.units.push(Unit { line, carries });
                }
            }
        }
        made.on.sort_unstable();
        made.on.dedup();
        for promo in 0..shop.promos.len() {
            let Kind::Set { slots, give, .. } = &shop.promos[promo].kind else { continue };
            let mine = in_slots.iter().filter(|one| one.1 == promo);
            let mine: Vec<(usize, usize, usize, bool)> =
                mine.map(|&(unit, _, s, a, r)| (unit, s, a, r)).collect();
            made.group(shop, promo, slots, *give, &mine);
        }
        made
    }

    /// Makes up the sets of one promotion: the members of each slot by price from the dearest on, equal SKUs together.
    fn group(
        &mut self,
        shop: &Shop,
        promo: usize,
        slots: &[Slot],
        give: SetGive,
        mine: &[(usize, usize, usize, bool)],
    ) {
        let reduced_of = |slot: &Slot| match give {
            SetGive::Cheapest { units, .. } => (units, slot.quantity - units),
            _ => (0, slot.quantity),
        };
        let mut sets: Vec<Vec<(usize, usize, bool)>> = Vec::new();
        if shop.applications(promo).is_some() {
            let mut by_application: BTreeMap<usize, Vec<(usize, usize, bool)>> = BTreeMap::new();
            for &(unit, slot, application, reduced) in mine {
                by_application.entry(application).or_default().push((unit, slot, reduced));
            }
            sets.extend(by_application.into_values());
        } else {
            for (place, slot) in slots.iter().enumerate() {
                let mut fillings: Vec<Vec<(usize, usize, bool)>> = Vec::new();
                let line = |unit: usize| &shop.lines[self.units[unit].line];
                let mut skus: Vec<&str> = vec![""];
                if slot.same_sku {
                    skus = mine.iter().map(|one| line(one.0).sku.as_str()).collect();
                    skus.sort_unstable();
                    skus.dedup();
                }
                for sku in skus {
                    let part = |which: bool| {
                        let fits = |one: &&(usize, usize, usize, bool)| {
                            one.1 == place && one.3 == which && (!slot.same_sku || line(one.0).sku == sku)
                        };
                        let mut units: Vec<usize> = mine.iter().filter(fits).map(|one| one.0).collect();
                        units.sort_by_key(|&unit| Reverse(line(unit).list));
                        units
                    };
                    let (reduced, rest) = reduced_of(slot);
                    let chunks = |units: Vec<usize>, size: i64| -> Vec<Vec<usize>> {
                        let size = usize::try_from(size).unwrap_or(0).max(1);
                        units.chunks(size).map(<[usize]>::to_vec).collect()
                    };
                    let (low, high) = (chunks(part(true), reduced), chunks(part(false), rest));
                    for at in 0..low.len().max(high.len()) {
                        let one = |parts: &[Vec<usize>], which: bool| -> Vec<(usize, usize, bool)> {
                            parts.get(at).into_iter().flatten().map(|&unit| (unit, place, which)).collect()
                        };
                        fillings.push([one(&low, true), one(&high, false)].concat());
                    }
                }
                for (at, filling) in fillings.into_iter().enumerate() {
                    if sets.len() <= at {
                        sets.push(Vec::new());
                    }
                    sets[at].extend(filling);
                }
            }
        }
        self.sets.extend(sets.into_iter().map(|members| MadeSet { promo, members }));
    }
}

/// What a promotion does at its moment.
enum Effect<'a> {
    Each(Cut),
    BySku(BTreeMap<&'a str, Cut>),
    Sets,
    Shared(i64),
}

struct Settling<'a> {
    shop: &'a Shop,
    made: &'a Assignment,
    /// What each unit carries, basket amounts included.
    full: Vec<Vec<usize>>,
    prices: Vec<i64>,
}

impl Shop {
    /// The total of an assignment, or why it is not legal.
    pub(crate) fn settle(&self, made: &Assignment) -> Result<i64, String> {
        let full = self.full(made)?;
        let prices = made.units.iter().map(|unit| self.lines[unit.line].list).collect();
        let mut settling = Settling { shop: self, made, full, prices };
        settling.legal()?;
        let mut used: Vec<usize> = settling.full.iter().flatten().copied().collect();
        used.sort_unstable();
        used.dedup();
        for late in [false, true] {
            let mut effects = Vec::new();
            for &promo in used.iter().filter(|&&promo| self.promos[promo].late == late) {
                let (rank, effect) = settling.effect(promo)?;
                effects.push((rank, promo, effect));
            }
            effects.sort_by_key(|&(rank, promo, _)| (rank, promo));
            for (_, promo, effect) in effects {
                settling.apply(promo, &effect)?;
            }
        }
        Ok(settling.prices.iter().sum())
    }

    fn full(&self, made: &Assignment) -> Result<Vec<Vec<usize>>, String> {
        let mut full = Vec::new();
        for unit in &made.units {
            let mut all = unit.carries.clone();
            for &promo in &made.on {
                let this = &self.promos[promo];
                if this.matches[unit.line] && unit.carries.iter().all(|&other| this.compatible[other]) {
                    all.push(promo);
                }
            }
            all.sort_unstable();
            let clash = all.iter().any(|&one| all.iter().any(|&other| !self.promos[one].compatible[other]));
            if clash || all.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(format!("a unit of line {} carries {all:?}", unit.line));
            }
            full.push(all);
        }
        Ok(full)
    }
}

impl<'a> Settling<'a> {
    fn carrying(&self, promo: usize) -> Vec<usize> {
        (0..self.full.len()).filter(|&unit| self.full[unit].contains(&promo)).collect()
    }

    fn line(&self, unit: usize) -> usize {
        self.made.units[unit].line
    }

    fn list(&self, unit: usize) -> i64 {
        self.shop.lines[self.line(unit)].list
    }

    fn counts(&self, promo: usize, unit: usize) -> bool {
        self.full[unit].iter().all(|&other| self.shop.promos[promo].compatible[other])
    }

    fn legal(&self) -> Result<(), String> {
        // Where HiGHS found nothing, its answer is no units at all.
        for (place, line) in self.shop.lines.iter().enumerate() {
            let units = self.made.units.iter().filter(|unit| unit.line == place).count();
            if i64::try_from(units) != Ok(line.count) {
                return Err(format!("{units} units of line {place}"));
            }
        }
        for (promo, this) in self.shop.promos.iter().enumerate() {
            let carrying = self.carrying(promo);
            let units = i64::try_from(carrying.len()).unwrap_or(i64::MAX);
            if this.most_units.is_some_and(|most| units > most) {
                return Err(format!("`{}` is on {units} units", this.id));
            }
            if !carrying.iter().all(|&unit| this.matches[self.line(unit)]) {
                return Err(format!("`{}` is on goods that it does not mean", this.id));
            }
            if let Kind::Set { slots, give, most_sets, retailer } = &this.kind {
                let sets: Vec<&MadeSet> = self.made.sets.iter().filter(|set| set.promo == promo).collect();
                let mut members: Vec<usize> =
                    sets.iter().flat_map(|set| set.members.iter().map(|member| member.0)).collect();
                members.sort_unstable();
                if members != carrying {
                    return Err(format!("the sets of `{}` are not the units that carry it", this.id));
                }
                if most_sets.is_some_and(|most| i64::try_from(sets.len()).is_ok_and(|sets| sets > most)) {
                    return Err(format!("`{}`: too many sets", this.id));
                }
                for set in &sets {
                    self.complete(set, slots, *give).map_err(|why| format!("`{}`: {why}", this.id))?;
                }
                if *retailer {
                    self.cheapest_of_all(promo, slots, *give, &sets)?;
                }
            }
        }
        Ok(())
    }

    fn complete(&self, set: &MadeSet, slots: &[Slot], give: SetGive) -> Result<(), String> {
        for (place, slot) in slots.iter().enumerate() {
            let lines: Vec<usize> = set
                .members
                .iter()
                .filter(|member| member.1 == place)
                .map(|member| self.line(member.0))
                .collect();
            if i64::try_from(lines.len()) != Ok(slot.quantity)
                || !lines.iter().all(|&line| slot.matches[line])
            {
                return Err(format!("slot {place} is not filled"));
            }
            let sku = |line: usize| &self.shop.lines[line].sku;
            if slot.same_sku && lines.iter().any(|&line| sku(line) != sku(lines[0])) {
                return Err(format!("slot {place} holds different goods"));
            }
        }
        if let SetGive::Cheapest { units, .. } = give {
            let lists = |which: bool| {
                set.members.iter().filter(move |member| member.2 == which).map(|member| self.list(member.0))
            };
            let dearest = lists(true).max().unwrap_or(0);
            if i64::try_from(lists(true).count()) != Ok(units) || lists(false).any(|list| list < dearest) {
                return Err("not the cheapest are reduced".to_owned());
            }
        }
        Ok(())
    }

    fn cheapest_of_all(
        &self,
        promo: usize,
        slots: &[Slot],
        give: SetGive,
        sets: &[&MadeSet],
    ) -> Result<(), String> {
        let gets = |member: &&(usize, usize, bool)| match give {
            SetGive::Cheapest { .. } => member.2,
            SetGive::BySlot => slots[member.1].cut.is_some(),
            _ => true,
        };
        let members = || sets.iter().flat_map(|set| &set.members).filter(gets);
        let served: Vec<usize> = members().map(|member| member.0).collect();
        for (unit, place, _) in members() {
            let passed_over = (0..self.full.len()).find(|&other| {
                !served.contains(&other)
                    && slots[*place].matches[self.line(other)]
                    && self.counts(promo, other)
                    && self.list(other) < self.list(*unit)
            });
            if let Some(other) = passed_over {
                return Err(format!("`{}` passes over unit {other}", self.shop.promos[promo].id));
            }
        }
        Ok(())
    }

    /// The highest tier whose `from` is not above the measure.
    fn tier<T: Copy>(tiers: &[(i64, T)], measure: i64) -> Option<(i64, T)> {
        tiers.iter().rev().find(|(from, _)| *from <= measure).copied()
    }

    fn sum<T>(&self, promo: usize, spend: &Spend<T>) -> i64 {
        let counting =
            (0..self.full.len()).filter(|&unit| spend.measured[self.line(unit)] && self.counts(promo, unit));
        counting.map(|unit| if spend.of_list { self.list(unit) } else { self.prices[unit] }).sum()
    }

    fn effect(&self, promo: usize) -> Result<(u8, Effect<'a>), String> {
        let shop: &'a Shop = self.shop;
        let this = &shop.promos[promo];
        let unreached = || format!("`{}`: no tier is reached", this.id);
        Ok(match &this.kind {
            Kind::Units(cut) => (rank(*cut), Effect::Each(*cut)),
            Kind::Quantity { tiers, same_sku } => {
                let carrying = self.carrying(promo);
                let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
                for &unit in &carrying {
                    let sku = if *same_sku { shop.lines[self.line(unit)].sku.as_str() } else { "" };
                    *counts.entry(sku).or_default() += 1;
                }
                let mut cuts = BTreeMap::new();
                for (sku, count) in counts {
                    cuts.insert(sku, Self::tier(tiers, count).ok_or_else(unreached)?.1);
                }
                // The tiers of these problems are of one kind, so the SKUs take effect together.
                (cuts.values().copied().map(rank).min().unwrap_or(1), Effect::BySku(cuts))
            }
            Kind::Set { slots, give, .. } => {
                let rank = match give {
                    SetGive::Percent(_) | SetGive::Cheapest { .. } => 1,
                    SetGive::Price(_) => 0,
                    SetGive::Amount(_) => 2,
                    SetGive::BySlot => slots.iter().filter_map(|slot| slot.cut).map(rank).min().unwrap_or(1),
                };
                (rank, Effect::Sets)
            }
            Kind::Spend(spend) => {
                let cut = Self::tier(&spend.tiers, self.sum(promo, spend)).ok_or_else(unreached)?.1;
                (rank(cut), Effect::Each(cut))
            }
            Kind::Basket(spend) => {
                let sum = self.sum(promo, spend);
                let (from, amount) = Self::tier(&spend.tiers, sum).ok_or_else(unreached)?;
                let amount = if spend.every { amount * (sum / from) } else { amount };
                (2, Effect::Shared(this.max_discount.map_or(amount, |most| most.min(amount))))
            }
        })
    }

    fn room(&self, unit: usize) -> i64 {
        self.prices[unit] - self.shop.lines[self.line(unit)].floor
    }

    /// Takes one amount off several units in proportion to their prices.
    fn shared(&self, amount: i64, units: &[usize]) -> Vec<(usize, i64)> {
        let weights: Vec<i64> = units.iter().map(|&unit| self.prices[unit]).collect();
        let rooms: Vec<i64> = units.iter().map(|&unit| self.room(unit)).collect();
        units.iter().copied().zip(spread(amount, &weights, &rooms)).collect()
    }

    fn apply(&mut self, promo: usize, effect: &Effect<'_>) -> Result<(), String> {
        let this = &self.shop.promos[promo];
        let carrying = self.carrying(promo);
        let by = |cut: Cut, unit: usize| (unit, self.shop.take(cut, self.line(unit), self.prices[unit]));
        let mut takes: Vec<(usize, i64)> = match effect {
            Effect::Each(cut) => carrying.iter().map(|&unit| by(*cut, unit)).collect(),
            Effect::BySku(cuts) => carrying
                .iter()
                .filter_map(|&unit| {
                    let sku = self.shop.lines[self.line(unit)].sku.as_str();
                    cuts.get(sku).or_else(|| cuts.get("")).map(|&cut| by(cut, unit))
                })
                .collect(),
            Effect::Shared(amount) => self.shared(*amount, &carrying),
            Effect::Sets => {
                let mut takes = Vec::new();
                for set in self.made.sets.iter().filter(|set| set.promo == promo) {
                    let mut units: Vec<usize> = set.members.iter().map(|member| member.0).collect();
                    units.sort_unstable();
                    let sum: i64 = units.iter().map(|&unit| self.prices[unit]).sum();
                    let Kind::Set { slots, give, .. } = &this.kind else { continue };
                    let of_set: Vec<(usize, i64)> = match give {
                        SetGive::Percent(cut) => units.iter().map(|&unit| by(*cut, unit)).collect(),
                        SetGive::Amount(amount) => self.shared(*amount, &units),
                        SetGive::Price(price) => self.shared((sum - price).max(0), &units),
                        SetGive::Cheapest { cut, .. } => {
                            let reduced = set.members.iter().filter(|member| member.2);
                            reduced.map(|member| by(*cut, member.0)).collect()
                        }
                        SetGive::BySlot => set
                            .members
                            .iter()
                            .filter_map(|member| slots[member.1].cut.map(|cut| by(cut, member.0)))
                            .collect(),
                    };
                    if of_set.iter().all(|(_, take)| *take == 0) {
                        return Err(format!("a set of `{}` takes nothing off", this.id));
                    }
                    takes.extend(of_set);
                }
                takes
            }
        };
        if let Some(most) = this.max_discount {
            takes.sort_unstable();
            let wanted: Vec<i64> = takes.iter().map(|(_, take)| *take).collect();
            if wanted.iter().sum::<i64>() > most {
                let shares = spread(most, &wanted, &wanted);
                takes = takes.iter().zip(shares).map(|((unit, _), share)| (*unit, share)).collect();
            }
        }
        for (unit, take) in takes {
            self.prices[unit] -= take;
            if take < 0 || self.room(unit) < 0 {
                return Err(format!("`{}` takes unit {unit} below its floor", this.id));
            }
        }
        Ok(())
    }
}

/// "The integer parts first, then one more each by largest remainder, the earlier on a tie"; what a floor holds back
/// goes round again.
fn spread(amount: i64, weights: &[i64], rooms: &[i64]) -> Vec<i64> {
    let mut shares = vec![0; weights.len()];
    let mut left = amount.min(rooms.iter().sum());
    while left > 0 {
        let open: Vec<usize> =
            (0..weights.len()).filter(|&at| weights[at] > 0 && rooms[at] > shares[at]).collect();
        let all: i128 = open.iter().map(|&at| i128::from(weights[at])).sum();
        if all == 0 {
            break;
        }
        let exact = |at: usize| i128::from(left) * i128::from(weights[at]);
        let part = |at: usize| i64::try_from(exact(at) / all).expect("a part of a price");
        let mut by_rest = open.clone();
        by_rest.sort_by_key(|&at| Reverse(exact(at) % all));
        let spare = left - open.iter().map(|&at| part(at)).sum::<i64>();
        let mut given = 0;
        for (place, &at) in by_rest.iter().enumerate() {
            let one = i64::from(i64::try_from(place).is_ok_and(|place| place < spare));
            let share = (part(at) + one).min(rooms[at] - shares[at]);
            shares[at] += share;
            given += share;
        }
        left -= given;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn an_amount_is_shared_to_the_last_minor_unit() {
        assert_eq!(spread(100, &[1, 1, 1], &[100, 100, 100]), [34, 33, 33]);
        assert_eq!(spread(100, &[50, 30, 20], &[10, 20, 100]), [10, 20, 70]);
        assert_eq!(spread(100, &[50, 50], &[10, 20]), [10, 20]);
        assert_eq!(spread(299, &[4300, 1400, 2300], &[4300, 1400, 2300]), [161, 52, 86]);
    }
}
