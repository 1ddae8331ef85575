//! How promotions take effect, level by level, stage by stage.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::model::{Assignment, Batch, Group, Offers, Seat, multiples, reached};
use super::till::{Act, Effect, Till};
use super::{retailer, sets};
use crate::money::Amount;
use crate::money::spread::{Holder, spread};
use crate::pricing::problem::{Cut, Give, Offer, Problem};
use crate::promotion::{Count, Measured, Stage};

impl<'a> Till<'a> {
    /// The units at list price, with the basket amounts that take them; `None` where two that do not stack take one unit, or
    /// where a benefit that the retailer assigns does not go to the cheapest.
    pub(super) fn open(problem: &'a Problem, assignment: &Assignment) -> Option<Self> {
        let mut till = Till {
            problem,
            groups: Vec::with_capacity(assignment.units.len()),
            batches: Vec::with_capacity(assignment.sets.len()),
            taken: vec![Amount::ZERO; problem.offers.len()],
        };
        for units in &assignment.units {
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
            let price = problem.lines.get(units.line)?.list;
            till.groups.push(Group {
                line: units.line,
                count: units.count,
                price,
                carried,
                takes: SmallVec::new(),
                seats: SmallVec::new(),
            });
        }
        for made in &assignment.sets {
            let batch = till.batches.len();
            for (member, part) in made.members.iter().enumerate() {
                till.groups.get_mut(part.units)?.seats.push(Seat { batch, member });
            }
            let members = made.members.iter().map(|part| (part.role, part.count)).collect();
            till.batches.push(Batch { offer: made.offer, times: made.times, members });
        }
        retailer::holds(&till).then_some(till)
    }

    /// One level: its item stage, its spends, its basket stage. `None` where a tier in use is not reached, or gives otherwise
    /// than the assignment uses it, or where a set takes nothing off.
    pub(super) fn serve(&mut self, level: usize, assignment: &Assignment) -> Option<()> {
        for stage in [Stage::Item, Stage::Basket] {
            for effect in self.effects(level, stage, |place| assignment.uses(place))? {
                let is_basket = matches!(effect.act, Act::Basket(_));
                if is_basket != assignment.on.contains(effect.place) {
                    return None;
                }
                self.apply(&effect)?;
            }
        }
        Some(())
    }

    /// What takes effect in a stage, in its order, as the basket stands when the stage begins; `None` where a tier in use is not
    /// reached.
    pub(super) fn effects(
        &self,
        level: usize,
        stage: Stage,
        is_used: impl Fn(usize) -> bool,
    ) -> Option<SmallVec<[Effect<'a>; 8]>> {
        let mut effects = SmallVec::new();
        for (place, offer) in self.problem.offers.iter().enumerate() {
            if offer.level != level || offer.stage != stage || !is_used(place) {
                continue;
            }
            match offer.count {
                Some(count) => effects.extend(self.counted(place, offer, count)?),
                None => effects.push(self.effect(place, offer)?),
            }
        }
        effects.sort_by_key(|effect: &Effect<'_>| (effect.order, effect.place));
        Some(effects)
    }

    fn effect(&self, place: usize, offer: &'a Offer) -> Option<Effect<'a>> {
        if let Some(rules) = &offer.set {
            let act = rules.shared.map_or(Act::ByRole, Act::Sets);
            return Some(Effect { place, offer, order: rules.order, act });
        }
        let sum = self.measured(place, offer);
        let tier = offer.tiers.get(reached(offer, sum)?)?;
        let act = match &tier.give {
            Give::Units(cut) => Act::Units(cut),
            Give::Basket(amount) => {
                let times = multiples(offer, tier.from, sum);
                let whole = amount.minor().saturating_mul(i64::from(times));
                let most = offer.max_discount.map_or(i64::MAX, Amount::minor);
                Act::Basket(Amount::from_minor(whole.min(most)))
            }
        };
        Some(Effect { place, offer, order: tier.give.order(), act })
    }

    /// The tiers that the units taking part reach: all together, or each SKU by itself and then in the place of its own kind. `None`
    /// where a unit reaches none.
    fn counted(&self, place: usize, offer: &'a Offer, count: Count) -> Option<SmallVec<[Effect<'a>; 1]>> {
        let sku = |group: &Group| match count {
            Count::Together => 0,
            Count::SameSku => self.problem.lines.get(group.line).map_or(0, |line| line.sku),
        };
        let mut units: Vec<i64> = vec![0; self.problem.lines.len()];
        let carrying = self.groups.iter().filter(|group| group.carried.contains(&place));
        for group in carrying {
            if let Some(sum) = units.get_mut(sku(group)) {
                *sum += i64::from(group.count);
            }
        }
        let mut gives: Vec<Option<&Give>> = Vec::with_capacity(units.len());
        for units in units {
            gives.push(if units == 0 { None } else { Some(&offer.tiers.get(reached(offer, units)?)?.give) });
        }
        let mut effects = SmallVec::new();
        for order in Give::ORDERS {
            let cut = |give: &Option<&'a Give>| match give {
                Some(Give::Units(cut)) if give.is_some_and(|give| give.order() == order) => Some(cut),
                _ => None,
            };
            let cuts: Vec<Option<&Cut>> = gives.iter().map(cut).collect();
            let act = match (count, cuts.first()) {
                (Count::Together, Some(&Some(cut))) => Act::Units(cut),
                (Count::SameSku, _) if cuts.iter().any(Option::is_some) => Act::BySku(cuts),
                _ => continue,
            };
            effects.push(Effect { place, offer, order, act });
        }
        Some(effects)
    }

    /// What an offer's spend adds up: the units that count towards it, at list prices or as they stand now.
    fn measured(&self, place: usize, offer: &Offer) -> i64 {
        let Some(measure) = &offer.spend else {
            return 0;
        };
        let counting = self.groups.iter().filter(|group| {
            measure.lines.contains(group.line) && self.problem.goes_with(place, &group.carried)
        });
        let sum: Amount = counting
            .map(|group| match measure.of {
                Measured::Current => group.price.times(group.count),
                Measured::List => self.list(group.line).times(group.count),
            })
            .sum();
        sum.minor()
    }

    fn apply(&mut self, effect: &Effect<'_>) -> Option<()> {
        match &effect.act {
            Act::Units(_) | Act::BySku(_) => self.apply_units(effect),
            Act::ByRole => {
                if !self.every_set_takes(effect) {
                    return None;
                }
                self.apply_units(effect);
            }
            Act::Sets(share) => sets::apply(self, effect, *share)?,
            Act::Basket(amount) => self.apply_basket(effect, *amount),
        }
        Some(())
    }

    /// Whether each set of an offer takes something off some unit: every set has units of every member, so it does where all
    /// units of some member lose something.
    fn every_set_takes(&self, effect: &Effect<'_>) -> bool {
        let mut takes: Vec<Vec<bool>> =
            self.batches.iter().map(|batch| vec![true; batch.members.len()]).collect();
        for group in &self.groups {
            let cut = sets::cut(effect, &self.batches, group);
            if cut.is_some_and(|cut| !self.take(group, cut).is_zero()) {
                continue;
            }
            for seat in &group.seats {
                if let Some(takes) = takes.get_mut(seat.batch).and_then(|batch| batch.get_mut(seat.member)) {
                    *takes = false;
                }
            }
        }
        let mut mine = self.batches.iter().zip(takes).filter(|(batch, _)| batch.offer == effect.place);
        mine.all(|(batch, takes)| batch.times == 0 || takes.contains(&true))
    }

    /// The cut that a unit of the group gets; `None` where it gets none, or a share of something.
    pub(super) fn cut<'c>(&self, effect: &Effect<'c>, group: &Group) -> Option<&'c Cut> {
        match &effect.act {
            Act::Units(cut) => Some(*cut),
            Act::BySku(cuts) => {
                let sku = self.problem.lines.get(group.line)?.sku;
                cuts.get(sku).copied().flatten()
            }
            Act::ByRole => sets::cut(effect, &self.batches, group),
            Act::Sets(_) | Act::Basket(_) => None,
        }
        .filter(|_| group.carried.contains(&effect.place))
    }

    fn apply_units(&mut self, effect: &Effect<'_>) {
        let take = |group: &Group| self.cut(effect, group).map_or(Amount::ZERO, |cut| self.take(group, cut));
        let takes: Vec<Amount> = self.groups.iter().map(take).collect();
        let total: Amount = self.groups.iter().zip(&takes).map(|(group, take)| take.times(group.count)).sum();
        match self.left_to_take(effect).filter(|&most| most < total) {
            // What remains under the maximum is shared in proportion to what each unit would have had.
            Some(most) => {
                let holders: Vec<Holder> = self
                    .groups
                    .iter()
                    .zip(&takes)
                    .map(|(group, &take)| Holder { count: group.count, weight: take, room: take })
                    .collect();
                self.share(effect, most, &holders);
            }
            None => {
                let problem = self.problem;
                for (group, take) in self.groups.iter_mut().zip(takes) {
                    if effect.is_for(problem, group) {
                        group.reduce(effect.place, take);
                    }
                }
                self.note(effect.place, total);
            }
        }
    }

    fn apply_basket(&mut self, effect: &Effect<'_>, amount: Amount) {
        let (problem, place) = (self.problem, effect.place);
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
        self.share(effect, amount, &holders);
    }

    /// Takes a shared amount off the units; those of a group that get the spare one part from the rest.
    fn share(&mut self, effect: &Effect<'_>, amount: Amount, holders: &[Holder]) {
        let mut groups = Vec::with_capacity(self.groups.len());
        let mut total = Amount::ZERO;
        for share in spread(amount, holders) {
            let Some(group) = self.groups.get(share.holder) else {
                continue;
            };
            let mut part = Group { count: share.count, ..group.clone() };
            if effect.is_for(self.problem, group) {
                part.reduce(effect.place, share.amount);
            }
            total += share.amount.times(share.count);
            groups.push(part);
        }
        self.groups = groups;
        self.note(effect.place, total);
    }

    /// The first promotion on the delivery whose goods reach its sum, at final prices or at list prices.
    pub(super) fn delivery(&self) -> Option<usize> {
        self.problem.deliveries.iter().position(|offer| {
            let (units, sum) = self.ended(&offer.lines, &offer.refuses, offer.of);
            offer.from <= sum && units > 0
        })
    }

    /// Whether everything is reached that an assignment must reach.
    pub(super) fn does_duties(&self) -> bool {
        self.problem.duties.iter().all(|duty| {
            let (units, sum) = self.ended(&duty.lines, &duty.refuses, duty.of);
            duty.from <= sum && u64::from(duty.pieces) <= units
        })
    }

    /// The units of some lines that carry nothing refused, and what they add up to in the end.
    fn ended(&self, lines: &FixedBitSet, refuses: &FixedBitSet, of: Measured) -> (u64, Amount) {
        let is_refused = |group: &Group| group.carried.iter().any(|&offer| refuses.contains(offer));
        let counting = || self.groups.iter().filter(|g| lines.contains(g.line) && !is_refused(g));
        let price = |group: &Group| match of {
            Measured::Current => group.price,
            Measured::List => self.list(group.line),
        };
        let units = counting().map(|group| u64::from(group.count)).sum();
        (units, counting().map(|group| price(group).times(group.count)).sum())
    }
}
