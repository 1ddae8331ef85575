//! The best price by trying everything: each assignment of the definition is settled, the best one stays. Slow, plain,
//! and written from the definition alone; where it quotes, the sentence is the definition's own.

use pricewright::basket::Request;
use pricewright::rulebook::Rulebook;

use super::beside::OnTop;
use super::settle::Settled;
use super::shop::{Assignment, Mask, Shop, Unit};

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
    /// What is given on top under the assignment told here.
    pub(crate) gifts: OnTop,
    /// The most points that are earned at this price.
    pub(crate) points: u64,
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

/// What an assignment is worth: what each level takes off, the highest first, and then its points.
type Worth = (Vec<i64>, u64);

/// Tries every assignment, but that alike units stand in two orders only: that of what they carry, and the other way round.
pub(crate) fn best(rulebook: &Rulebook, request: &Request) -> Best {
    best_of(rulebook, request, |_| ())
}

/// Tries every assignment with alike units in every order: to which of them the spare minor unit of a shared amount falls may
/// matter to what takes effect later.
pub(crate) fn best_of_every_order(rulebook: &Rulebook, request: &Request) -> Best {
    best_of(rulebook, request, Shop::tell_units_apart)
}

fn best_of(rulebook: &Rulebook, request: &Request, prepare: impl Fn(&mut Shop)) -> Best {
    let mut best: Option<(Worth, Best)> = None;
    for gifted in conversions(rulebook, request) {
        let mut shop = Shop::new(rulebook, request, &gifted);
        prepare(&mut shop);
        let mut consider = |assignment: &Assignment| {
            let Some(settled) = shop.settle(assignment) else { return };
            let levels = shop.levels_of(&settled);
            if best.as_ref().is_some_and(|((best, _), _)| *best > levels) {
                return;
            }
            let worth = (levels, shop.points(&settled));
            if best.as_ref().is_none_or(|(best, _)| *best < worth)
                && let Some(on_top) = shop.on_top(request, &settled)
            {
                let told = shop.tell(&worth, &settled, on_top);
                best = Some((worth, told));
            }
        };
        shop.each_assignment(&mut |assignment| {
            // The units of a run are alike and stand in one order, or the other way round where that costs less.
            consider(assignment);
            if let Some(turned) = shop.turned(assignment) {
                consider(&turned);
            }
            true
        });
    }
    best.expect("carrying nothing is always legal").1
}

/// How many assignments [`best`] would try, up to one more than `most`; what units carry before sets are made up of it
/// may be four times as many.
pub(crate) fn assignments(rulebook: &Rulebook, request: &Request, most: u64) -> u64 {
    let shop = Shop::new(rulebook, request, &[]);
    let ons = submasks(shop.mask(|promo| promo.can_be_on));
    let carried = ons.iter().map(|&on| shop.ways_to_carry(on)).fold(0, u64::saturating_add);
    if carried > most.saturating_mul(4) {
        return most + 1;
    }
    let mut count = 0;
    for gifted in conversions(rulebook, request) {
        Shop::new(rulebook, request, &gifted).each_assignment(&mut |_| {
            count += 1;
            count <= most
        });
    }
    count
}

/// "A chosen SKU that is already a line becomes the gift for one unit": every way in which units become gifts that were
/// chosen, one unit a piece; whether the gift is given is settled later. Of units of a run the later ones become gifts.
fn conversions(rulebook: &Rulebook, request: &Request) -> Vec<Vec<Option<usize>>> {
    let shop = Shop::new(rulebook, request, &[]);
    let mut all: Vec<Vec<Option<usize>>> = vec![Vec::new()];
    for (at, unit) in shop.units.iter().enumerate() {
        let line = &request.basket.lines[unit.line];
        let mut longer = Vec::new();
        for way in all {
            let least = if at > 0 && unit.run == shop.units[at - 1].run { way[at - 1] } else { None };
            for gift in (0..shop.gifts.len()).map(Some).chain([None]).filter(|gift| *gift >= least) {
                let fits = gift.is_none_or(|gift| {
                    let chosen = shop.gifts[gift].chosen.iter().filter(|sku| **sku == line.sku).count();
                    let became = (0..at)
                        .filter(|&other| way[other] == Some(gift) && shop.units[other].sku == unit.sku);
                    !line.no_promotions && became.count() < chosen
                });
                if fits {
                    longer.push(way.iter().copied().chain([gift]).collect());
                }
            }
        }
        all = longer;
    }
    all
}

impl Shop {
    /// Shows every assignment that is compatible and has complete sets, until it says no.
    fn each_assignment(&self, show: &mut dyn FnMut(&Assignment) -> bool) {
        for on in submasks(self.mask(|promo| promo.can_be_on)) {
            let choices = self.choices(on);
            let mut assignment =
                Assignment { on, carried: Vec::new(), sets: vec![Vec::new(); self.promos.len()] };
            if !self.units_from(&choices, &mut assignment, 0, show) {
                return;
            }
        }
    }

    /// How many ways there are to carry something by choice while these basket amounts are on.
    fn ways_to_carry(&self, on: Mask) -> u64 {
        let mut product = 1_u64;
        let mut nth = 0_u64;
        for (at, sets) in self.choices(on).iter().enumerate() {
            nth = if at > 0 && self.units[at].run == self.units[at - 1].run { nth + 1 } else { 1 };
            let ways = u64::try_from(sets.len()).unwrap_or(u64::MAX);
            // Multisets, one unit more at a time: C(w + n − 1, n) = C(w + n − 2, n − 1) × (w + n − 1) / n.
            product = product.saturating_mul(ways + nth - 1) / nth;
        }
        product
    }

    /// Goes through every choice for the units from `carried.len()` on.
    fn units_from(
        &self,
        choices: &[Vec<Mask>],
        assignment: &mut Assignment,
        last: usize,
        show: &mut dyn FnMut(&Assignment) -> bool,
    ) -> bool {
        let at = assignment.carried.len();
        if at == choices.len() {
            return self.each_make_up(assignment, show);
        }
        let follows = at > 0 && self.units[at].run == self.units[at - 1].run;
        for place in (if follows { last } else { 0 })..choices[at].len() {
            assignment.carried.push(choices[at][place]);
            let goes_on = self.units_from(choices, assignment, place, show);
            assignment.carried.pop();
            if !goes_on {
                return false;
            }
        }
        true
    }

    /// The same assignment with the units of every run the other way round, in what they carry and in their sets; `None`
    /// where that is the same.
    fn turned(&self, assignment: &Assignment) -> Option<Assignment> {
        let carried = &assignment.carried;
        let in_sets = |at: usize| assignment.sets.iter().flatten().flatten().any(|member| member.unit == at);
        let changes = |at: usize| {
            let other = self.units[at].mirror;
            other != at && (carried[at] != carried[other] || in_sets(at))
        };
        if !(0..carried.len()).any(changes) {
            return None;
        }
        let mut turned = assignment.clone();
        for (at, set) in assignment.carried.iter().enumerate() {
            turned.carried[self.units[at].mirror] = *set;
        }
        for application in turned.sets.iter_mut().flatten() {
            for member in application.iter_mut() {
                member.unit = self.units[member.unit].mirror;
            }
            application.sort_by_key(|member| member.unit);
        }
        Some(turned)
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
    fn levels_of(&self, settled: &Settled) -> Vec<i64> {
        let of_level = |level: &i32| -> i64 {
            let mine = (0..self.promos.len()).filter(|&at| self.promos[at].level == *level);
            let off_goods: i64 = mine.map(|at| settled.takes[at].iter().sum::<i64>()).sum();
            let became = |unit: &&Unit| unit.gifted.is_some_and(|at| self.gifts[at].level == *level);
            let off_gifts: i64 = self.units.iter().filter(became).map(|unit| unit.list - unit.floor).sum();
            off_goods + off_gifts
        };
        let mut levels: Vec<i64> = self.levels.iter().map(of_level).collect();
        let off_delivery = settled.courier.map_or(0, |(_, take)| take);
        *levels.last_mut().expect("level 0 at least") += off_delivery;
        levels
    }

    fn tell(&self, worth: &Worth, settled: &Settled, gifts: OnTop) -> Best {
        let goods: i64 = settled.prices.iter().sum();
        let delivery = settled.courier.map(|(at, take)| (self.couriers[at].id.clone(), take));
        let tell_unit = |(at, unit): (usize, &Unit)| {
            let carried = self.places(settled.full[at]);
            let takes = carried.map(|p| (self.promos[p].id.clone(), settled.takes[p][at]));
            let became = unit.gifted.map(|gift| (self.gifts[gift].id.clone(), unit.list - unit.floor));
            Priced { line: unit.line, price: settled.prices[at], takes: takes.chain(became).collect() }
        };
        Best {
            levels: worth.0.clone(),
            total: goods + self.delivery - delivery.as_ref().map_or(0, |(_, take)| *take),
            units: self.units.iter().enumerate().map(tell_unit).collect(),
            delivery,
            gifts,
            points: worth.1,
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
