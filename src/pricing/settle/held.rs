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

/// What floors held back.
#[derive(Debug)]
pub struct HeldBack {
    /// By group.
    pub held: Vec<Held>,
    /// By offer: what it would have taken off in all without floors, less what it took. What is held of one unit and taken off
    /// another that shares the amount is not lost.
    pub lost: Vec<Amount>,
}

/// What was held back.
#[must_use]
pub fn held(problem: &Problem, settled: &Settled) -> HeldBack {
    let groups = settled.groups.iter();
    let held: Vec<Held> = groups.map(|group| smallvec![Amount::ZERO; group.takes.len()]).collect();
    let mut back = HeldBack { held, lost: vec![Amount::ZERO; problem.offers.len()] };
    // Nothing passes a floor, so a unit that was held ends at one.
    if settled.groups.iter().any(|group| is_down(problem, group)) {
        replay(problem, settled, &mut back);
    }
    back
}

/// Whether the units stand at a floor that is one: a price cannot go below zero anyway.
fn is_down(problem: &Problem, group: &Group) -> bool {
    let floor = problem.lines.get(group.line).map_or(Amount::ZERO, |line| line.floor);
    !floor.is_zero() && group.price == floor
}

/// Lets everything take effect once more; `None` where the basket was not legal.
fn replay(problem: &Problem, settled: &Settled, back: &mut HeldBack) -> Option<()> {
    let mut till = Till {
        problem,
        groups: settled.groups.clone(),
        batches: settled.batches.clone(),
        taken: vec![Amount::ZERO; problem.offers.len()],
    };
    for group in &mut till.groups {
        group.price = problem.lines.get(group.line)?.list;
    }
    for level in 0..problem.levels {
        for stage in [Stage::Item, Stage::Basket] {
            let carries = |place: usize| settled.groups.iter().any(|group| group.carried.contains(&place));
            for effect in till.effects(level, stage, carries)? {
                let in_all = till.wanted_in_all(&effect);
                let wanted = till.wanted(&effect);
                let mut taken = Amount::ZERO;
                for ((group, held), wanted) in till.groups.iter_mut().zip(&mut back.held).zip(wanted) {
                    if !effect.is_for(problem, group) {
                        continue;
                    }
                    let mut takes = group.takes.iter().zip(held);
                    let Some((&(_, take), held)) = takes.find(|((by, _), _)| *by == effect.place) else {
                        continue;
                    };
                    group.price -= take;
                    taken += take.times(group.count);
                    if is_down(problem, group) {
                        *held = wanted.above(take);
                    }
                }
                till.note(effect.place, taken);
                if let Some(lost) = back.lost.get_mut(effect.place) {
                    *lost += in_all.above(taken);
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
        match self.left_to_take(effect).filter(|&most| most < total) {
            Some(most) => wanted.into_iter().map(|wanted| portion(most, wanted, total)).collect(),
            None => wanted,
        }
    }

    /// What an offer would take off all units together if there were no floors, to the last minor unit.
    fn wanted_in_all(&self, effect: &Effect<'_>) -> Amount {
        let place = effect.place;
        let total = match effect.act {
            Act::Units(_) | Act::BySku(_) | Act::ByRole => {
                let of = |group: &Group| {
                    let wanted = self.of_cut(effect, group).unwrap_or_default();
                    wanted.min(group.price).times(group.count)
                };
                self.groups.iter().map(of).sum()
            }
            Act::Sets(share) => {
                let sets = self.batches.iter().zip(self.set_sums(place));
                let mine = sets.filter(|(batch, _)| batch.offer == place);
                mine.map(|(batch, sum)| share.of(sum).times(batch.times)).sum()
            }
            Act::Basket(amount) => {
                let carrying = self.groups.iter().filter(|group| group.carried.contains(&place));
                amount.min(carrying.map(|group| group.price.times(group.count)).sum())
            }
        };
        self.left_to_take(effect).map_or(total, |most| most.min(total))
    }

    fn of_cut(&self, effect: &Effect<'_>, group: &Group) -> Option<Amount> {
        let line = self.problem.lines.get(group.line)?;
        Some(self.cut(effect, group)?.wanted(group.line, line, group.price, self.problem.rounding))
    }

    /// The place of the group's batch among the sets of an offer.
    fn batch_of(&self, place: usize, group: &Group) -> Option<usize> {
        let mut batches = group.seats.iter().map(|seat| seat.batch);
        batches.find(|&at| self.batches.get(at).is_some_and(|batch| batch.offer == place))
    }

    /// What one set of each batch of an offer costs now.
    fn set_sums(&self, place: usize) -> Vec<Amount> {
        let mut sums = vec![Amount::ZERO; self.batches.len()];
        for group in &self.groups {
            if let Some(sum) = self.batch_of(place, group).and_then(|at| sums.get_mut(at)) {
                *sum += group.price.times(group.count);
            }
        }
        // The sets of a batch cost the same: else they would be several batches.
        for (sum, batch) in sums.iter_mut().zip(&self.batches) {
            *sum = Amount::from_minor(sum.minor().checked_div(i64::from(batch.times)).unwrap_or_default());
        }
        sums
    }

    /// The shares of units in what their sets get.
    fn of_sets(&self, place: usize, share: SetShare) -> Vec<Amount> {
        let sums = self.set_sums(place);
        let share = |group: &Group| {
            let sum = self.batch_of(place, group).and_then(|at| sums.get(at)).copied().unwrap_or_default();
            portion(share.of(sum), group.price, sum)
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
