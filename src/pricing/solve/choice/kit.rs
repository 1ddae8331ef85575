//! The ways to make up sets, and what a set gets as a whole: an amount off, or a price for it.
//!
//! Which part of that falls on which unit depends on the other units of the set, so no choice can hold it. A choice whose set
//! costs a price gives all that its unit costs, and the set takes the price back; a choice whose set gets an amount gives
//! nothing, and the set adds the amount. The sums over complete sets are then what is taken off at most, and exactly so
//! where no floor holds and nothing takes effect on what is left.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::model::{Acts, End, Gauge, Moment};
use super::walk::{Does, Step, WHOLE, Walk, in_order};
use crate::pricing::problem::{Give, Offer, Problem, SetRules, SetShare, dearest_units};
use crate::promotion::{Measured, Stage};

/// One way to make up the sets of an offer.
#[derive(Debug, Clone)]
pub(in crate::pricing::solve) struct Kit {
    /// The offer.
    pub offer: usize,
    /// The level from which on it changes what is taken off.
    pub level: usize,
    /// Its roles.
    pub roles: SmallVec<[KitRole; 2]>,
    /// Whether no benefited unit of a set may be dearer than one that is not.
    pub is_ordered: bool,
    /// Whether the units that get the benefit must be the cheapest that count.
    pub retailer_assigns: bool,
    /// What a set gets as a whole, beside what its units lose by themselves: at most.
    pub gain: i64,
    /// Whether `gain` and what the units lose are what is taken off, not just no less.
    pub is_exact: bool,
    /// Whether a basket amount or a sum finds more or less of them as the units share what their set gets.
    pub is_watched: bool,
    /// What a set adds to the sum of each gauge, beside what its units add: at most and at least.
    pub adds: SmallVec<[(i64, i64); 4]>,
    /// Whether each gauge sees what the set gets as a whole.
    sees: SmallVec<[bool; 4]>,
}

/// One role.
#[derive(Debug, Clone)]
pub(in crate::pricing::solve) struct KitRole {
    /// Its place in the offer.
    pub role: usize,
    /// The slot's place in the promotion.
    pub slot: usize,
    /// Units of one set.
    pub quantity: u32,
    /// Whether the unit gets the benefit, or a part of it.
    pub is_benefited: bool,
}

impl Kit {
    /// A kit of which only the units are of interest: what it gets is known already.
    pub(in crate::pricing::solve) fn standing(
        offer: usize,
        roles: SmallVec<[KitRole; 2]>,
        is_ordered: bool,
    ) -> Self {
        Kit {
            offer,
            level: 0,
            roles,
            is_ordered,
            retailer_assigns: false,
            gain: 0,
            is_exact: true,
            is_watched: false,
            adds: SmallVec::new(),
            sees: SmallVec::new(),
        }
    }

    /// Whether a gauge sees exactly what each set gets as a whole.
    pub(super) fn is_seen(&self, gauge: usize) -> bool {
        self.sees.get(gauge).copied().unwrap_or_default()
    }

    fn forget(&mut self, gauge: usize) {
        if let (Some(adds), Some(sees)) = (self.adds.get_mut(gauge), self.sees.get_mut(gauge)) {
            (*adds, *sees) = ((0, 0), false);
        }
    }

    /// Units of one set.
    pub(in crate::pricing::solve) fn size(&self) -> i64 {
        self.roles.iter().map(|role| i64::from(role.quantity)).sum()
    }
}

/// Every way to make up sets. `sets` holds for each line what its units may carry.
pub(super) fn list(problem: &Problem, gauges: &[Gauge], capped: &[usize], sets: &[Vec<Acts>]) -> Vec<Kit> {
    let mut kits = Vec::new();
    for (offer, rules) in
        problem.offers.iter().enumerate().filter_map(|(place, o)| Some((place, o.set.as_ref()?)))
    {
        let seen = Seen::of(problem, offer, rules, sets);
        let begin = kits.len();
        for pattern in &rules.patterns {
            kits.push(seen.kit(pattern.roles.clone(), pattern.is_ordered, gauges, capped));
        }
        // A unit adds the same whatever pattern its set follows: either every pattern is seen or none.
        let mine = kits.get_mut(begin..).unwrap_or_default();
        for gauge in 0..gauges.len() {
            if !mine.iter().all(|kit| kit.is_seen(gauge)) {
                mine.iter_mut().for_each(|kit| kit.forget(gauge));
            }
        }
    }
    kits
}

/// What is known of an offer with sets over all choices that carry it.
struct Seen<'a> {
    problem: &'a Problem,
    offer: usize,
    rules: &'a SetRules,
    sets: &'a [Vec<Acts>],
    moment: Moment,
    /// What later promotions take at most of each minor unit that a set leaves, in parts of a million.
    rate: i64,
    /// Whether any promotion takes effect after it on a unit of a set.
    is_followed: bool,
}

impl<'a> Seen<'a> {
    fn of(problem: &'a Problem, offer: usize, rules: &'a SetRules, sets: &'a [Vec<Acts>]) -> Self {
        let (level, stage) = problem.offers.get(offer).map_or((0, Stage::Item), |o| (o.level, o.stage));
        let moment = (level, stage, rules.order, offer);
        let mut seen = Seen { problem, offer, rules, sets, moment, rate: 0, is_followed: false };
        if rules.shared.is_some() {
            let mut rate = 0;
            let mut is_followed = false;
            for acts in seen.carrying() {
                let later = in_order(problem, acts);
                let later = later.iter().filter(|step| step.moment > moment);
                let slopes: Vec<i64> = later.map(|step| step.slope().0).collect();
                is_followed |= !slopes.is_empty();
                rate = rate.max(slopes.iter().sum::<i64>().min(WHOLE));
            }
            (seen.rate, seen.is_followed) = (rate, is_followed);
        }
        seen
    }

    fn carrying(&self) -> impl Iterator<Item = &'a Acts> {
        let offer = self.offer;
        self.sets.iter().flatten().filter(move |acts| acts.iter().any(|act| act.offer == offer))
    }

    fn kit(
        &self,
        roles: std::ops::Range<usize>,
        is_ordered: bool,
        gauges: &[Gauge],
        capped: &[usize],
    ) -> Kit {
        let of = |role: usize| {
            self.rules.roles.get(role).map(|numbers| KitRole {
                role,
                slot: numbers.slot,
                quantity: numbers.quantity,
                is_benefited: numbers.is_benefited,
            })
        };
        let mut kit = Kit {
            offer: self.offer,
            level: self.moment.0,
            roles: roles.filter_map(of).collect(),
            is_ordered,
            retailer_assigns: self.rules.retailer_assigns,
            gain: 0,
            is_exact: true,
            is_watched: false,
            adds: SmallVec::from_elem((0, 0), gauges.len()),
            sees: SmallVec::from_elem(false, gauges.len()),
        };
        let Some(shared) = self.rules.shared else {
            return kit;
        };
        let has_room = self.has_room(&kit, shared);
        kit.is_exact = has_room && !self.is_followed;
        kit.is_watched = self.baskets().any(|moment| moment > self.moment);
        kit.gain = self.gain(&kit, shared);
        for (place, &gauge) in gauges.iter().enumerate() {
            let is_seen = has_room && !capped.contains(&self.offer) && self.is_seen(gauge);
            let is_hidden = self.is_hidden(gauge);
            kit.is_watched |= (!is_seen || is_hidden) && self.is_measured(gauge);
            if let (true, Some(adds), Some(sees)) =
                (is_seen, kit.adds.get_mut(place), kit.sees.get_mut(place))
            {
                *sees = true;
                let part = match shared {
                    SetShare::Amount(amount) => -amount.minor(),
                    SetShare::Price(price) => price.minor(),
                };
                // An amount off the basket may lower what the set left before it is measured, or hide units from the sum.
                *adds = (part, if is_hidden || self.is_lowered(gauge) { part.min(0) } else { part });
            }
        }
        kit
    }

    /// What a set gets as a whole, beside what its units lose by themselves: at most.
    fn gain(&self, kit: &Kit, shared: SetShare) -> i64 {
        match shared {
            SetShare::Amount(amount) => {
                let of_role = |role: &KitRole| {
                    let lines = self.rules.roles.get(role.role).map(|numbers| numbers.lines.ones());
                    let lines = lines.into_iter().flatten().filter_map(|line| self.problem.lines.get(line));
                    dearest_units(lines.map(|line| (line.list, line.quantity)), role.quantity)
                };
                amount.min(kit.roles.iter().map(of_role).sum()).minor()
            }
            SetShare::Price(price) => {
                // What is left of the set may be reduced again.
                let again =
                    (i128::from(price.minor()) * i128::from(self.rate)).div_euclid(i128::from(WHOLE)) + 1;
                let again = if self.rate == 0 { 0 } else { i64::try_from(again).unwrap_or(i64::MAX) };
                again.min(price.minor()) - price.minor()
            }
        }
    }

    /// When basket amounts take effect that may be taken off its units.
    fn baskets(&self) -> impl Iterator<Item = Moment> + '_ {
        let gives = |offer: &Offer| offer.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_)));
        let takes = move |offer: &Offer| {
            gives(offer) && self.rules.roles.iter().any(|role| !role.lines.is_disjoint(&offer.on))
        };
        let offers = self.problem.offers.iter().enumerate().filter(move |(_, offer)| takes(offer));
        offers.map(|(place, offer)| (offer.level, offer.stage, 2, place))
    }

    /// Whether a gauge measures prices of its units that the set leaves.
    fn is_measured(&self, gauge: Gauge) -> bool {
        self.scope(gauge).is_some_and(|(lines, moment)| {
            self.moment < moment && self.rules.roles.iter().any(|role| !role.lines.is_disjoint(lines))
        })
    }

    /// Whether a basket amount that may be taken off its units keeps them from counting for a gauge.
    fn is_hidden(&self, gauge: Gauge) -> bool {
        self.baskets().any(|(.., basket)| match gauge {
            Gauge::Offer(place) => !self.problem.is_compatible(basket, place),
            _ => End::of(self.problem, gauge).is_some_and(|end| !end.counts(&[basket])),
        })
    }

    /// Whether a basket amount may come between the set and a gauge.
    fn is_lowered(&self, gauge: Gauge) -> bool {
        self.scope(gauge).is_some_and(|(_, measured)| {
            self.baskets().any(|moment| self.moment < moment && moment < measured)
        })
    }

    /// Whether no floor can keep a set from what it gets.
    fn has_room(&self, kit: &Kit, shared: SetShare) -> bool {
        let lines = |role: &KitRole| {
            let lines = self.rules.roles.get(role.role).map(|numbers| numbers.lines.ones());
            lines.into_iter().flatten()
        };
        match shared {
            SetShare::Price(price) => {
                let floor = |role: &KitRole| {
                    let floors =
                        lines(role).filter_map(|line| self.problem.lines.get(line)).map(|line| line.floor);
                    floors.max().unwrap_or_default().times(role.quantity).minor()
                };
                kit.roles.iter().map(floor).sum::<i64>() <= price.minor()
            }
            SetShare::Amount(amount) => {
                let room = |role: &KitRole| {
                    let rooms = lines(role).filter_map(|line| self.room(line));
                    rooms.min().unwrap_or_default() * i64::from(role.quantity)
                };
                kit.roles.iter().map(room).sum::<i64>() >= amount.minor()
            }
        }
    }

    /// The least room that a unit of a line has when the set takes effect; none where something shared comes before.
    fn room(&self, line: usize) -> Option<i64> {
        let numbers = self.problem.lines.get(line)?;
        if self.baskets().any(|moment| moment < self.moment) {
            return Some(0);
        }
        let carrying =
            self.sets.get(line)?.iter().filter(|acts| acts.iter().any(|act| act.offer == self.offer));
        carrying
            .map(|acts| {
                let steps = in_order(self.problem, acts);
                let shares =
                    |step: &Step<'_>| step.moment < self.moment && !matches!(step.does, Does::Cut(_));
                if steps.iter().any(shares) {
                    return 0;
                }
                let walk = Walk::of(numbers, line, self.problem.rounding, &steps, |_| true);
                walk.before(self.moment).above(numbers.floor).minor()
            })
            .min()
    }

    /// The lines that a gauge measures at their prices of a moment; nothing where it measures something else.
    fn scope(&self, gauge: Gauge) -> Option<(&'a FixedBitSet, Moment)> {
        if let Gauge::Offer(place) = gauge {
            let offer = self.problem.offers.get(place)?;
            let measure = offer.spend.as_ref().filter(|measure| measure.of == Measured::Current)?;
            return Some((&measure.lines, (offer.level, Stage::Basket, 0, 0)));
        }
        let end = End::of(self.problem, gauge).filter(|end| end.of == Some(Measured::Current))?;
        Some((end.lines, End::MOMENT))
    }

    /// Whether a gauge measures all units of a set, at the prices that the set leaves.
    fn is_seen(&self, gauge: Gauge) -> bool {
        let problem = self.problem;
        let Some((lines, moment)) = self.scope(gauge) else {
            return false;
        };
        let counts = |acts: &Acts| {
            let carried: SmallVec<[usize; 4]> = acts.iter().map(|act| act.offer).collect();
            match gauge {
                Gauge::Offer(place) => problem.goes_with(place, &carried),
                _ => End::of(problem, gauge).is_some_and(|end| end.counts(&carried)),
            }
        };
        let is_plain = |acts: &Acts| {
            let steps = in_order(problem, acts);
            counts(acts) && !steps.iter().any(|step| self.moment < step.moment && step.moment < moment)
        };
        self.moment < moment
            && self.rules.roles.iter().all(|role| role.lines.is_subset(lines))
            && self.carrying().all(is_plain)
    }
}
