//! What floors held back of the promotions of a settled basket. Asked once a quote, never by the search.
//!
//! Promotions take effect once more, on the groups as they ended: what each took is known, what it would have taken without a
//! floor is worked out beside it.

use smallvec::{SmallVec, smallvec};

use super::model::{Group, Settled};
use super::till::{Act, Effect, Till};
use crate::money::Amount;
use crate::money::spread::portion;
use crate::pricing::problem::{Problem, SetShare};
use crate::promotion::Stage;

/// For each of a group's `takes`, in their order, what the floor of one unit held back of it.
pub type Held = SmallVec<[Amount; 4]>;

/// What was held back, by group.
#[must_use]
pub fn held(problem: &Problem, settled: &Settled) -> Vec<Held> {
    let groups = settled.groups.iter();
    let mut held: Vec<Held> = groups.map(|group| smallvec![Amount::ZERO; group.takes.len()]).collect();
    // Nothing passes a floor, so a unit that was held ends at one.
    if settled.groups.iter().any(|group| is_down(problem, group)) {
        replay(problem, settled, &mut held);
    }
    held
}

/// Whether the units stand at a floor that is one: a price cannot go below zero anyway.
fn is_down(problem: &Problem, group: &Group) -> bool {
    let floor = problem.lines.get(group.line).map_or(Amount::ZERO, |line| line.floor);
    !floor.is_zero() && group.price == floor
}

/// Lets everything take effect once more; `None` where the basket was not legal.
fn replay(problem: &Problem, settled: &Settled, held: &mut [Held]) -> Option<()> {
    let mut till =
        Till { problem, groups: settled.groups.clone(), batches: settled.batches.clone(), taken: Vec::new() };
    for group in &mut till.groups {
        group.price = problem.lines.get(group.line)?.list;
    }
    for level in 0..problem.levels {
        for stage in [Stage::Item, Stage::Basket] {
            let carries = |place: usize| settled.groups.iter().any(|group| group.carried.contains(&place));
            for effect in till.effects(level, stage, carries)? {
                let wanted = till.wanted(&effect);
                for ((group, held), wanted) in till.groups.iter_mut().zip(&mut *held).zip(wanted) {
                    let mut takes = group.takes.iter().zip(held);
                    let Some((&(_, take), held)) = takes.find(|((by, _), _)| *by == effect.place) else {
                        continue;
                    };
                    group.price -= take;
                    if is_down(problem, group) {
                        *held = wanted.above(take);
                    }
                }
            }
        }
    }
    Some(())
}

impl Till<'_> {
    /// What an offer would take off one unit of each group if there were no floors, in whole minor units: equal units are told
    /// the same, so nobody gets a spare one here.
    fn wanted(&self, effect: &Effect<'_>) -> Vec<Amount> {
        let wanted: Vec<Amount> = match effect.act {
            Act::Units(_) | Act::BySku(_) | Act::ByRole => {
                self.groups.iter().map(|group| self.of_cut(effect, group).unwrap_or_default()).collect()
            }
            Act::Sets(share) => self.of_sets(effect.place, share),
            Act::Basket(amount) => self.of_basket(effect.place, amount),
        };
        let wanted: Vec<Amount> =
            self.groups.iter().zip(wanted).map(|(group, wanted)| wanted.min(group.price)).collect();
        let total: Amount = self.groups.iter().zip(&wanted).map(|(g, wanted)| wanted.times(g.count)).sum();
        match effect.offer.max_discount.filter(|&most| most < total) {
            Some(most) => wanted.into_iter().map(|wanted| portion(most, wanted, total)).collect(),
            None => wanted,
        }
    }

    fn of_cut(&self, effect: &Effect<'_>, group: &Group) -> Option<Amount> {
        let line = self.problem.lines.get(group.line)?;
        Some(self.cut(effect, group)?.wanted(group.line, line, group.price, self.problem.rounding))
    }

    /// The shares of units in what their sets get.
    fn of_sets(&self, place: usize, share: SetShare) -> Vec<Amount> {
        let seat = |group: &Group| {
            let mut batches = group.seats.iter().map(|seat| seat.batch);
            batches.find(|&at| self.batches.get(at).is_some_and(|batch| batch.offer == place))
        };
        let mut sums = vec![Amount::ZERO; self.batches.len()];
        for group in &self.groups {
            if let Some(sum) = seat(group).and_then(|at| sums.get_mut(at)) {
                *sum += group.price.times(group.count);
            }
        }
        // The sets of a batch cost the same: else they would be several batches.
        for (sum, batch) in sums.iter_mut().zip(&self.batches) {
            *sum = Amount::from_minor(sum.minor().checked_div(i64::from(batch.times)).unwrap_or_default());
        }
        let share = |group: &Group| {
            let sum = seat(group).and_then(|at| sums.get(at)).copied().unwrap_or_default();
            let amount = match share {
                SetShare::Amount(amount) => amount,
                SetShare::Price(price) => sum.above(price),
            };
            portion(amount, group.price, sum)
        };
        self.groups.iter().map(share).collect()
    }

    /// The shares of units in a basket amount.
    fn of_basket(&self, place: usize, amount: Amount) -> Vec<Amount> {
        let weight = |group: &Group| {
            if group.carried.contains(&place) { group.price } else { Amount::ZERO }
        };
        let sum: Amount = self.groups.iter().map(|group| weight(group).times(group.count)).sum();
        self.groups.iter().map(|group| portion(amount, weight(group), sum)).collect()
    }
}
