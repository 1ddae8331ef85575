//! What an assignment costs: every promotion takes effect in its order, floors and maxima hold, every unit ends at a
//! whole price. Exact; the search asks it for the last word on each assignment that it tries.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::problem::{Cut, Give, Offer, Problem};
use crate::money::Amount;
use crate::money::spread::{Holder, spread};
use crate::promotion::{Measured, Stage};

/// Places of offers.
pub type Offers = SmallVec<[usize; 4]>;

/// What is taken off down to each level, the highest first, each sum holding the ones before it; the last one with the
/// delivery. The greater in the order of lists is the better price.
pub type Value = SmallVec<[i64; 4]>;

/// Which units carry which offers, and which basket amounts are on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    /// In the order of the lines; the counts of a line sum to its quantity.
    pub units: Vec<Units>,
    /// The offers whose basket amount is taken.
    pub on: FixedBitSet,
}

/// Units of one line that carry the same offers by choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    /// The line's place.
    pub line: usize,
    /// How many.
    pub count: u32,
    /// Ascending.
    pub carried: Offers,
}

/// An assignment with its prices.
#[derive(Debug, Clone)]
pub struct Settled {
    /// How good it is.
    pub value: Value,
    /// The units, by what they carry and cost, in basket order.
    pub groups: Vec<Group>,
    /// What each offer took off.
    pub taken: Vec<Amount>,
    /// The place of the delivery's offer.
    pub delivery: Option<usize>,
}

/// Units of one line that carry and cost the same.
#[derive(Debug, Clone)]
pub struct Group {
    /// The line's place.
    pub line: usize,
    /// How many.
    pub count: u32,
    /// Where the price stands.
    pub price: Amount,
    /// The offers it carries: by choice, and the basket amounts that take it.
    pub carried: Offers,
    /// What took how much off one, in the order of effect.
    pub takes: SmallVec<[(usize, Amount); 4]>,
}

/// The prices of an assignment; `None` where it is not legal.
#[must_use]
pub fn settle(problem: &Problem, assignment: &Assignment) -> Option<Settled> {
    if !limits_hold(problem, assignment) {
        return None;
    }
    let mut till = Till {
        problem,
        groups: opened(problem, assignment)?,
        taken: vec![Amount::ZERO; problem.offers.len()],
    };
    let mut value = Value::new();
    for level in 0..problem.levels {
        till.serve(level, assignment)?;
        value.push(till.taken.iter().copied().sum::<Amount>().minor());
    }
    let delivery = till.delivery();
    if let (Some(offer), Some(last)) = (delivery.and_then(|at| problem.deliveries.get(at)), value.last_mut())
    {
        *last += offer.takes.minor();
    }
    Some(Settled { value, groups: till.groups, taken: till.taken, delivery })
}

/// The tier that a measured sum reaches.
#[must_use]
pub fn reached(offer: &Offer, sum: Amount) -> Option<usize> {
    if offer.spend.is_none() {
        return Some(0);
    }
    offer.tiers.iter().rposition(|tier| tier.from <= sum)
}

/// How many times a basket amount is taken for a measured sum.
#[must_use]
pub fn multiples(offer: &Offer, from: Amount, sum: Amount) -> u32 {
    let is_every = offer.spend.as_ref().is_some_and(|measure| measure.every);
    if !is_every || from.is_zero() {
        return 1;
    }
    u32::try_from(sum.minor() / from.minor()).unwrap_or(u32::MAX)
}

fn limits_hold(problem: &Problem, assignment: &Assignment) -> bool {
    problem.offers.iter().enumerate().all(|(place, offer)| {
        offer.units_max.is_none_or(|most| {
            let carrying = assignment.units.iter().filter(|units| units.carried.contains(&place));
            carrying.map(|units| u64::from(units.count)).sum::<u64>() <= u64::from(most)
        })
    })
}

/// The units at list price, with the basket amounts that take them; `None` where two that do not stack take one unit.
fn opened(problem: &Problem, assignment: &Assignment) -> Option<Vec<Group>> {
    assignment
        .units
        .iter()
        .map(|units| {
            let mut carried = units.carried.clone();
            let is_taken = |offer: &usize| {
                problem.offers.get(*offer).is_some_and(|o| o.on.contains(units.line))
                    && problem.goes_with(*offer, &units.carried)
            };
            let takers: Offers = assignment.on.ones().filter(is_taken).collect();
            if !takers.iter().all(|&one| problem.goes_with(one, &takers)) {
                return None;
            }
            carried.extend(takers);
            let line = problem.lines.get(units.line)?;
            Some(Group {
                line: units.line,
                count: units.count,
                price: line.list,
                carried,
                takes: SmallVec::new(),
            })
        })
        .collect()
}

/// The basket while promotions take effect one by one.
struct Till<'a> {
    problem: &'a Problem,
    groups: Vec<Group>,
    taken: Vec<Amount>,
}

/// An offer that takes effect, with its tier.
struct Effect<'a> {
    place: usize,
    offer: &'a Offer,
    give: &'a Give,
    times: u32,
}

impl Till<'_> {
    /// One level: its item stage, its spends, its basket stage. `None` where a spend in use is not reached, or its tier gives
    /// otherwise than the assignment uses it.
    fn serve(&mut self, level: usize, assignment: &Assignment) -> Option<()> {
        let problem = self.problem;
        for stage in [Stage::Item, Stage::Basket] {
            let mut effects: SmallVec<[Effect<'_>; 8]> = SmallVec::new();
            for (place, offer) in problem.offers.iter().enumerate() {
                if offer.level == level && offer.stage == stage && self.is_used(place, assignment) {
                    effects.push(self.effect(place, offer, assignment)?);
                }
            }
            effects.sort_by_key(|effect| (effect.give.order(), effect.place));
            for effect in effects {
                self.apply(&effect);
            }
        }
        Some(())
    }

    fn is_used(&self, place: usize, assignment: &Assignment) -> bool {
        assignment.on.contains(place) || assignment.units.iter().any(|units| units.carried.contains(&place))
    }

    fn effect<'b>(&self, place: usize, offer: &'b Offer, assignment: &Assignment) -> Option<Effect<'b>> {
        let sum = self.measured(place, offer);
        let tier = offer.tiers.get(reached(offer, sum)?)?;
        let is_basket = matches!(tier.give, Give::Basket(_));
        (is_basket == assignment.on.contains(place)).then(|| Effect {
            place,
            offer,
            give: &tier.give,
            times: multiples(offer, tier.from, sum),
        })
    }

    /// What an offer's spend adds up: the units that count towards it, at list prices or as they stand now.
    fn measured(&self, place: usize, offer: &Offer) -> Amount {
        let Some(measure) = &offer.spend else {
            return Amount::ZERO;
        };
        let counting = self.groups.iter().filter(|group| {
            measure.lines.contains(group.line) && self.problem.goes_with(place, &group.carried)
        });
        counting
            .map(|group| match measure.of {
                Measured::Current => group.price.times(group.count),
                Measured::List => self.list(group.line).times(group.count),
            })
            .sum()
    }

    fn list(&self, line: usize) -> Amount {
        self.problem.lines.get(line).map_or(Amount::ZERO, |line| line.list)
    }

    fn apply(&mut self, effect: &Effect<'_>) {
        match effect.give {
            Give::Units(cut) => self.apply_units(effect, cut),
            Give::Basket(amount) => {
                let whole = amount.minor().saturating_mul(i64::from(effect.times));
                let most = effect.offer.max_discount.map_or(i64::MAX, Amount::minor);
                self.apply_basket(effect.place, Amount::from_minor(whole.min(most)));
            }
        }
    }

    fn apply_units(&mut self, effect: &Effect<'_>, cut: &Cut) {
        let problem = self.problem;
        let take = |group: &Group| match problem.lines.get(group.line) {
            Some(line) if group.carried.contains(&effect.place) => {
                cut.take(group.line, line, group.price, problem.rounding)
            }
            _ => Amount::ZERO,
        };
        let takes: Vec<Amount> = self.groups.iter().map(take).collect();
        let total: Amount = self.groups.iter().zip(&takes).map(|(group, take)| take.times(group.count)).sum();
        match effect.offer.max_discount.filter(|&most| most < total) {
            // What remains under the maximum is shared in proportion to what each unit would have had.
            Some(most) => {
                let holders: Vec<Holder> = self
                    .groups
                    .iter()
                    .zip(&takes)
                    .map(|(group, &take)| Holder { count: group.count, weight: take, room: take })
                    .collect();
                self.share(effect.place, most, &holders);
            }
            None => {
                for (group, take) in self.groups.iter_mut().zip(takes) {
                    reduce(group, effect.place, take);
                }
                self.note(effect.place, total);
            }
        }
    }

    fn apply_basket(&mut self, place: usize, amount: Amount) {
        let problem = self.problem;
        let holder = |group: &Group| {
            let is_taken = group.carried.contains(&place);
            let floor = problem.lines.get(group.line).map_or(group.price, |line| line.floor);
            let weight = if is_taken { group.price } else { Amount::ZERO };
            Holder {
                count: group.count,
                weight,
                room: if is_taken { group.price.above(floor) } else { Amount::ZERO },
            }
        };
        let holders: Vec<Holder> = self.groups.iter().map(holder).collect();
        self.share(place, amount, &holders);
    }

    /// Takes a shared amount off the units; those of a group that get the spare one part from the rest.
    fn share(&mut self, place: usize, amount: Amount, holders: &[Holder]) {
        let mut groups = Vec::with_capacity(self.groups.len());
        let mut total = Amount::ZERO;
        for share in spread(amount, holders) {
            let Some(group) = self.groups.get(share.holder) else {
                continue;
            };
            let mut part = Group { count: share.count, ..group.clone() };
            reduce(&mut part, place, share.amount);
            total += share.amount.times(share.count);
            groups.push(part);
        }
        self.groups = groups;
        self.note(place, total);
    }

    fn note(&mut self, place: usize, total: Amount) {
        if let Some(taken) = self.taken.get_mut(place) {
            *taken += total;
        }
    }

    /// The first promotion on the delivery whose goods reach its sum, at final prices or at list prices.
    fn delivery(&self) -> Option<usize> {
        self.problem.deliveries.iter().position(|offer| {
            let counting = || {
                self.groups
                    .iter()
                    .filter(|group| offer.lines.contains(group.line) && offer.counts(&group.carried))
            };
            let sum: Amount = counting()
                .map(|group| match offer.of {
                    Measured::Current => group.price.times(group.count),
                    Measured::List => self.list(group.line).times(group.count),
                })
                .sum();
            offer.from <= sum && counting().next().is_some()
        })
    }
}

fn reduce(group: &mut Group, place: usize, take: Amount) {
    if group.carried.contains(&place) {
        group.price -= take;
        group.takes.push((place, take));
    }
}
