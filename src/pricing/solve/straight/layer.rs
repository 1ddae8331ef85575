//! The promotions of a problem as acts, gauges and kits; nothing where sums and bits would not say all.

use smallvec::SmallVec;

use super::model::{Bits, Gauge, GaugeOf, Kit, ROLES_MAX, Role, TOTAL_MAX, Table, UNITS_MAX, bit};
use super::picks::{Act, Does, fit};
use crate::money::Amount;
use crate::pricing::problem::{Give, Line, Offer, Pattern, Problem, SetRules, SetShare};
use crate::promotion::{Count, Stage};

/// Tiers of an offer that hang on one gauge.
pub(super) struct Tiers {
    pub offer: usize,
    pub gauge: usize,
    /// The place of the first one's bit.
    pub first: usize,
}

pub(super) struct Layer<'p> {
    pub table: Table<'p>,
    /// The offers that go with each offer.
    pub compatible: SmallVec<[Bits; 32]>,
    pub acts: Vec<Act<'p>>,
    pub tiers: Vec<Tiers>,
    /// Bits of tiers so far.
    bits: usize,
}

impl<'p> Layer<'p> {
    /// Nothing is laid out yet.
    pub(super) fn new(problem: &'p Problem) -> Self {
        let table = Table {
            problem,
            level: problem.levels.saturating_sub(1),
            goals: SmallVec::new(),
            lines: Vec::with_capacity(problem.lines.len()),
            picks: Vec::new(),
            sums: Vec::new(),
            gauges: Vec::new(),
            switches: Vec::new(),
            settings: Vec::new(),
            kits: Vec::new(),
            roles: Vec::new(),
            maxima: Vec::new(),
            limited: Vec::new(),
            baskets: Vec::new(),
            uses_up: 0,
        };
        let offers = 0..problem.offers.len();
        let compatible = offers.map(|place| problem.compatible_with(place) | bit(place)).collect();
        Layer { table, compatible, acts: Vec::new(), tiers: Vec::new(), bits: 0 }
    }

    /// The promotions: those on goods and those on the delivery.
    pub(super) fn offers(&mut self) -> Option<()> {
        let problem = self.table.problem;
        for (place, offer) in problem.offers.iter().enumerate() {
            if offer.uses_up {
                self.table.uses_up |= bit(place);
            }
            let is_basket = offer.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_)));
            if is_basket {
                self.basket(place, offer)?;
                continue;
            }
            let quantity: i64 = self.lines_of(offer).map(|line| i64::from(line.quantity)).sum();
            if let Some(most) = offer.units_max.map(i64::from).filter(|&most| most < quantity) {
                self.table.limited.push((place, most));
            }
            let maximum = self.maximum(place, offer);
            match (&offer.set, offer.spend.is_some() || offer.count.is_some()) {
                (Some(_), _) => self.set(place, offer, maximum)?,
                (None, true) => self.tiered(place, offer, maximum)?,
                (None, false) => self.act(place, offer, 0, 0, maximum),
            }
        }
        for (place, delivery) in problem.deliveries.iter().enumerate() {
            if delivery.uses_up {
                self.table.uses_up |= bit(problem.offers.len() + place);
            }
        }
        Some(())
    }

    fn lines_of(&self, offer: &'p Offer) -> impl Iterator<Item = &'p Line> {
        let problem = self.table.problem;
        offer.on.ones().filter_map(|line| problem.lines.get(line))
    }

    /// The place of an offer's maximum, where that could hold.
    fn maximum(&mut self, place: usize, offer: &Offer) -> Option<(usize, Amount)> {
        let most = offer.max_discount?;
        let problem = self.table.problem;
        let could = |line: usize| {
            let numbers = problem.lines.get(line)?;
            let cuts = offer.tiers.iter().filter_map(|tier| match &tier.give {
                Give::Units(cut) => Some(cut.take(line, numbers, numbers.list, problem.rounding)),
                Give::Basket(_) => None,
            });
            Some(cuts.max().unwrap_or_default().times(numbers.quantity))
        };
        let all: Amount = offer.on.ones().filter_map(could).sum();
        let is_shared = offer.set.as_ref().is_some_and(|rules| rules.shared.is_some());
        (is_shared || most < all).then(|| {
            self.table.maxima.push((place, most.minor()));
            (self.table.maxima.len() - 1, most)
        })
    }

    /// One tier of an offer, or all that it gives.
    fn act(
        &mut self,
        offer: usize,
        numbers: &'p Offer,
        tier: usize,
        bit: Bits,
        maximum: Option<(usize, Amount)>,
    ) {
        if let Some(Give::Units(cut)) = numbers.tiers.get(tier).map(|tier| &tier.give) {
            let order = numbers.tiers.get(tier).map_or(0, |tier| tier.give.order());
            let does = Does::Cut(cut);
            let level = numbers.level;
            self.acts.push(Act {
                offer,
                level,
                tier: bit,
                stage: numbers.stage,
                order,
                does,
                seat: None,
                maximum,
            });
        }
    }

    /// An offer with a sum or a number of units to be reached.
    fn tiered(&mut self, place: usize, offer: &'p Offer, maximum: Option<(usize, Amount)>) -> Option<()> {
        let gauges: SmallVec<[GaugeOf; 4]> = match offer.count {
            None => SmallVec::from_slice(&[GaugeOf::Spend(place)]),
            Some(Count::Together) => SmallVec::from_slice(&[GaugeOf::Count(place, None)]),
            Some(Count::SameSku) => {
                let mut skus: SmallVec<[usize; 8]> = self.lines_of(offer).map(|line| line.sku).collect();
                skus.sort_unstable();
                skus.dedup();
                skus.into_iter().map(|sku| GaugeOf::Count(place, Some(sku))).collect()
            }
        };
        for of in gauges {
            let gauge = self.gauge(of, offer.spend.is_some().then_some(place));
            self.tiers.push(Tiers { offer: place, gauge, first: self.bits });
            for tier in 0..offer.tiers.len() {
                self.act(place, offer, tier, bit(self.bits + tier), maximum);
            }
            self.bits += offer.tiers.len();
            fit(self.bits)?;
        }
        Some(())
    }

    /// Adds a gauge; of a spend the basket amounts hide units that its offer does not go with.
    fn gauge(&mut self, of: GaugeOf, spends: Option<usize>) -> usize {
        let gives =
            |offer: &&(usize, &Offer)| offer.1.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_)));
        let problem = self.table.problem;
        let hides = |other: usize| match of {
            GaugeOf::Spend(_) => spends.is_some_and(|place| !problem.is_compatible(other, place)),
            GaugeOf::Count(..) => false,
            GaugeOf::Delivery(place) => {
                problem.deliveries.get(place).is_some_and(|offer| offer.refuses.contains(other))
            }
        };
        let baskets = problem.offers.iter().enumerate();
        let hidden_by = baskets.filter(|offer| gives(&offer)).filter(|&(place, _)| hides(place));
        let hidden_by = hidden_by.map(|(place, _)| bit(place)).fold(0, |all, one| all | one);
        let is_rising = match of {
            GaugeOf::Spend(place) => problem.offers.get(place).is_some_and(|offer| {
                offer.tiers.len() == 1 && offer.spend.as_ref().is_some_and(|measure| !measure.every)
            }),
            GaugeOf::Count(place, _) => problem.offers.get(place).is_some_and(|offer| offer.tiers.len() == 1),
            GaugeOf::Delivery(_) => true,
        };
        self.table.gauges.push(Gauge { hidden_by, is_rising, of });
        self.table.gauges.len() - 1
    }

    /// An amount off the basket. It must be the last to take effect on a unit, but for other amounts.
    fn basket(&mut self, place: usize, offer: &'p Offer) -> Option<()> {
        let is_amounts = offer.tiers.iter().all(|tier| matches!(tier.give, Give::Basket(_)));
        let is_last = offer.level + 1 == self.table.problem.levels;
        if !is_amounts || !is_last || offer.stage != Stage::Basket || offer.units_max.is_some() {
            return None;
        }
        if offer.spend.is_some() {
            let gauge = self.gauge(GaugeOf::Spend(place), Some(place));
            self.tiers.push(Tiers { offer: place, gauge, first: self.bits });
        }
        self.table.baskets.push((place, 0));
        Some(())
    }

    /// Sets whose units each get their own, or that share an amount or a price which no floor touches.
    fn set(&mut self, place: usize, offer: &'p Offer, maximum: Option<(usize, Amount)>) -> Option<()> {
        let rules = offer.set.as_ref()?;
        // What the retailer assigns in larger sets depends on who shares them.
        let is_single = rules.patterns.len() <= 1 && rules.roles.iter().all(|role| role.quantity == 1);
        if !rules.is_whole
            || (rules.retailer_assigns && !(is_single && rules.roles.len() <= 1))
            || (rules.shared.is_some() && maximum.is_some())
        {
            return None;
        }
        rules.patterns.iter().try_for_each(|pattern| self.kit((place, offer), rules, pattern, maximum))
    }

    /// One way to make up the sets of an offer.
    fn kit(
        &mut self,
        (place, offer): (usize, &'p Offer),
        rules: &SetRules,
        pattern: &Pattern,
        maximum: Option<(usize, Amount)>,
    ) -> Option<()> {
        let first = self.table.roles.len();
        let (mut floors, mut possible) = (Amount::ZERO, i64::from(UNITS_MAX));
        for at in pattern.roles.clone() {
            let role = rules.roles.get(at)?;
            let Give::Units(cut) = &offer.tiers.get(at)?.give else {
                return None;
            };
            let does = match rules.shared {
                None => Does::Cut(cut),
                Some(SetShare::Price(_)) => Does::Empties,
                Some(SetShare::Amount(_)) => Does::Shares,
            };
            let lines = || role.lines.ones().filter_map(|line| self.table.problem.lines.get(line));
            floors += lines().map(|line| line.floor).max().unwrap_or_default().times(role.quantity);
            let units: i64 = lines().map(|line| i64::from(line.quantity)).sum();
            possible = possible.min(units / i64::from(role.quantity.max(1)));
            let seat = Some(self.table.roles.len());
            let (level, stage, order) = (offer.level, offer.stage, rules.order);
            self.acts.push(Act { offer: place, level, tier: 0, stage, order, does, seat, maximum });
            let quantity = i64::from(role.quantity);
            self.table.roles.push(Role { quantity, is_benefited: role.is_benefited });
        }
        let gain = match rules.shared {
            None => 0,
            Some(SetShare::Amount(amount)) => amount.minor(),
            // A floor may keep a set from its price.
            Some(SetShare::Price(price)) if floors <= price => -price.minor(),
            Some(SetShare::Price(_)) => return None,
        };
        if gain.abs() > TOTAL_MAX {
            return None;
        }
        let sets_max = rules.sets_max.map_or(possible, |most| possible.min(i64::from(most)));
        self.table.kits.push(Kit {
            offer: place,
            level: offer.level,
            first_role: pattern.roles.start,
            roles: first..self.table.roles.len(),
            is_ordered: pattern.is_ordered,
            retailer_assigns: rules.retailer_assigns,
            compatible: self.compatible.get(place).copied().unwrap_or_default(),
            sets_max,
            is_scarce: sets_max < possible,
            all_sets_max: rules.sets_max.map_or(i64::MAX, i64::from),
            gain,
        });
        (self.table.roles.len() <= ROLES_MAX).then_some(())
    }

    /// A gauge for each promotion on the delivery.
    pub(super) fn deliveries(&mut self) {
        for place in 0..self.table.problem.deliveries.len() {
            self.gauge(GaugeOf::Delivery(place), None);
        }
    }
}
