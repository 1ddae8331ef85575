//! The best price by trying everything: each assignment of the definition is settled, the best one stays. Slow, plain,
//! and written from the definition alone; where it quotes, the sentence is the definition's own.

use pricewright::basket::Request;
use pricewright::rulebook::Rulebook;

use super::settle::Settled;
use super::shop::{Mask, Shop, Unit};

/// The best price and one assignment that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Best {
    /// What each level takes off, the highest first; the delivery's discount is in the last one.
    pub(crate) levels: Vec<i64>,
    /// What the customer pays for goods and delivery.
    pub(crate) total: i64,
    /// The units in basket order.
    pub(crate) units: Vec<Priced>,
    /// The delivery promotion, and what it takes off.
    pub(crate) delivery: Option<(String, i64)>,
}

/// One unit of the best assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Priced {
    pub(crate) line: usize,
    /// What it costs in the end.
    pub(crate) price: i64,
    /// The promotions that it carries, with what each took off it.
    pub(crate) takes: Vec<(String, i64)>,
}

/// Tries every assignment.
pub(crate) fn best(rulebook: &Rulebook, request: &Request) -> Best {
    let shop = Shop::new(rulebook, request);
    let mut search = Search { shop: &shop, best: None };
    for on in submasks(shop.mask(|promo| promo.can_be_on)) {
        let choices = shop.choices(on);
        search.units(on, &choices, &mut Vec::new(), 0);
    }
    let (levels, carried, on) = search.best.expect("carrying nothing is always legal");
    let settled = shop.settle(&carried, on).expect("it was legal before");
    shop.tell(levels, &settled)
}

/// How many assignments [`best`] would try.
pub(crate) fn assignments(rulebook: &Rulebook, request: &Request) -> u64 {
    let shop = Shop::new(rulebook, request);
    let mut all = 0_u64;
    for on in submasks(shop.mask(|promo| promo.can_be_on)) {
        let choices = shop.choices(on);
        let mut product = 1_u64;
        let mut nth = 0_u64;
        for (at, sets) in choices.iter().enumerate() {
            nth = if at > 0 && shop.are_alike(at, at - 1) { nth + 1 } else { 1 };
            let ways = u64::try_from(sets.len()).unwrap_or(u64::MAX);
            // Multisets, one unit more at a time: C(w + n − 1, n) = C(w + n − 2, n − 1) × (w + n − 1) / n.
            product = product.saturating_mul(ways + nth - 1) / nth;
        }
        all = all.saturating_add(product);
    }
    all
}

struct Search<'a> {
    shop: &'a Shop,
    best: Option<(Vec<i64>, Vec<Mask>, Mask)>,
}

impl Search<'_> {
    /// Goes through every choice for the units from `carried.len()` on.
    fn units(&mut self, on: Mask, choices: &[Vec<Mask>], carried: &mut Vec<Mask>, last: usize) {
        let at = carried.len();
        if at == choices.len() {
            // The units of a line are alike and stand in one order, or the other way round where that costs less.
            self.consider(carried, on);
            self.consider(&self.shop.turned(carried), on);
            return;
        }
        let follows = at > 0 && self.shop.are_alike(at, at - 1);
        for place in (if follows { last } else { 0 })..choices[at].len() {
            carried.push(choices[at][place]);
            self.units(on, choices, carried, place);
            carried.pop();
        }
    }

    fn consider(&mut self, carried: &[Mask], on: Mask) {
        let Some(settled) = self.shop.settle(carried, on) else { return };
        let worth = self.shop.worth(&settled);
        if self.best.as_ref().is_none_or(|(best, _, _)| *best < worth) {
            self.best = Some((worth, carried.to_vec(), on));
        }
    }
}

impl Shop {
    /// The same units, those that nothing tells apart the other way round.
    fn turned(&self, carried: &[Mask]) -> Vec<Mask> {
        let mut turned = carried.to_vec();
        let mut begin = 0;
        for at in 1..=turned.len() {
            if at == turned.len() || !self.are_alike(at, at - 1) {
                turned[begin..at].reverse();
                begin = at;
            }
        }
        turned
    }

    /// "What a unit carries must be compatible pair by pair": what each unit may carry by choice while the basket
    /// amounts `on` are on. A spend that is on as a basket amount is not carried by choice as well.
    fn choices(&self, on: Mask) -> Vec<Vec<Mask>> {
        let carriable = self.mask(|promo| promo.can_be_carried) & !on;
        let peaceful = |set: Mask| self.places(set).all(|at| self.promos[at].rejects & set == 0);
        let of_unit = |unit: &Unit| {
            let mut sets: Vec<Mask> =
                submasks(unit.matches & carriable).into_iter().filter(|&set| peaceful(set)).collect();
            // Neighbors that nothing tells apart are alike and stand in one order: fewer promotions first, then by their ids.
            sets.sort_by_key(|&set| (set.count_ones(), self.places(set).collect::<Vec<_>>()));
            sets
        };
        self.units.iter().map(of_unit).collect()
    }

    /// "What the highest level takes off the goods is maximised first, then the next, and so on"; "delivery stands
    /// outside the hierarchy, with the lowest level."
    fn worth(&self, settled: &Settled) -> Vec<i64> {
        let of_level = |level: &i32| -> i64 {
            let mine = (0..self.promos.len()).filter(|&at| self.promos[at].level == *level);
            mine.map(|at| settled.takes[at].iter().sum::<i64>()).sum()
        };
        let mut worth: Vec<i64> = self.levels.iter().map(of_level).collect();
        let off_delivery = settled.courier.map_or(0, |(_, take)| take);
        match worth.last_mut() {
            Some(lowest) => *lowest += off_delivery,
            None => worth.push(off_delivery),
        }
        worth
    }

    fn tell(&self, levels: Vec<i64>, settled: &Settled) -> Best {
        let goods: i64 = settled.prices.iter().sum();
        let delivery = settled.courier.map(|(at, take)| (self.couriers[at].id.clone(), take));
        let tell_unit = |(at, unit): (usize, &Unit)| {
            let carried = self.places(settled.full[at]);
            let takes = carried.map(|p| (self.promos[p].id.clone(), settled.takes[p][at])).collect();
            Priced { line: unit.line, price: settled.prices[at], takes }
        };
        Best {
            levels,
            total: goods + self.delivery - delivery.as_ref().map_or(0, |(_, take)| *take),
            units: self.units.iter().enumerate().map(tell_unit).collect(),
            delivery,
        }
    }
}

/// Every subset of `set`, the empty one first.
fn submasks(set: Mask) -> Vec<Mask> {
    let mut all = vec![0];
    for bit in (0..Mask::BITS).map(|at| 1 << at).filter(|bit| set & bit != 0) {
        all.extend(all.clone().into_iter().map(|subset: Mask| subset | bit));
    }
    all
}
