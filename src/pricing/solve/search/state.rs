//! Where a search stands: what is decided, the best assignment so far, the work that is left.

use std::cmp::Ordering;

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::super::choice::Choices;
use super::super::grouping::{Deal, assignment};
use super::super::orders::Orders;
use super::super::solution::Worth;
use super::super::switch::{Effect, Plan, Setting};
use super::super::tie::Used;
use super::super::way::{self, Served};
use super::queue::{Decided, Queue};
use crate::money::Amount;
use crate::pricing::problem::Problem;
use crate::pricing::settle::{Assignment, Settled, Units, Value, settle};

/// Ways to turn the units of a role against those of another that are tried where it matters who shares a set.
const TURNS_MAX: usize = 6;

/// The best assignment so far, with what breaks ties behind its worth: fewer codes and limited promotions used up, fewer
/// promotions, their ids in byte order. Earlier lines need no entry: they are tried first.
pub(in crate::pricing::solve) struct Best {
    pub(in crate::pricing::solve) settled: Settled,
    pub(super) used: Used,
}

impl Best {
    pub(in crate::pricing::solve) fn of(problem: &Problem, settled: Settled) -> Self {
        let mut used = Used::none(problem);
        for (place, taken) in settled.taken.iter().enumerate() {
            if !taken.is_zero() {
                used.insert(problem, place);
            }
        }
        if let Some(delivery) = settled.delivery {
            used.insert(problem, problem.offers.len() + delivery);
        }
        Best { settled, used }
    }

    /// Whether it takes off as much as everything does at most, on one level.
    pub(in crate::pricing::solve) fn is_at(&self, ceiling: i64) -> bool {
        last(&self.settled.value) >= ceiling
    }

    /// Whether this is to be preferred: a better value, or an equal one that wins the tie.
    pub(in crate::pricing::solve) fn beats(
        &self,
        other: &Best,
        problem: &Problem,
        worth: Option<&Worth<'_>>,
    ) -> bool {
        let by_value = self.settled.value.cmp(&other.settled.value);
        let by_worth = || worth.map(|worth| worth(&self.settled).cmp(&worth(&other.settled)));
        let by_worth = by_value.then_with(|| by_worth().unwrap_or(Ordering::Equal));
        by_worth.then_with(|| other.used.order(&self.used, problem)) == Ordering::Greater
    }
}

pub(super) struct Search<'a> {
    pub(super) problem: &'a Problem,
    pub(super) choices: &'a Choices,
    pub(super) plan: &'a Plan,
    /// What is decided where the search stands.
    pub(super) decided: Decided,
    pub(super) queue: Queue,
    pub(super) left: u64,
    /// The best bound among what was left open when the work ran out.
    pub(super) open: Option<Value>,
    /// What breaks ties first.
    pub(super) worth: Option<&'a Worth<'a>>,
    pub(super) best: Best,
    /// The way that the best assignment came from, and the settings that it was found under.
    pub(super) best_way: (Vec<Served>, Vec<Option<Setting>>),
    /// The work that attempts may take; nothing once they are made.
    pub(super) attempts: u64,
    /// Whether better assignments have been looked for near it.
    pub(super) is_improved: bool,
    /// Whether every assignment of a node may be looked at, one by one.
    pub(super) may_enumerate: bool,
    /// Whether that was needed and not allowed.
    pub(super) is_loose: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        choices: &'a Choices,
        plan: &'a Plan,
        steps: u64,
        worth: Option<&'a Worth<'a>>,
    ) -> Self {
        Search {
            problem,
            choices,
            plan,
            decided: Decided::nothing(plan),
            queue: Queue::default(),
            left: steps,
            open: None,
            worth,
            best: Best::of(problem, nothing(problem)),
            best_way: (Vec::new(), Vec::new()),
            attempts: 0,
            is_improved: false,
            may_enumerate: false,
            is_loose: false,
        }
    }

    /// What could at most be taken off in all, whatever the levels: each line's best choice, and every amount in full.
    fn most(&self) -> i64 {
        let lines = self.problem.lines.iter().zip(&self.choices.lines).map(|(line, list)| {
            let best = list.iter().map(|choice| last(&choice.value)).max().unwrap_or_default();
            best.saturating_mul(i64::from(line.quantity))
        });
        let sets = self.choices.gains.iter().copied();
        let amounts = self
            .plan
            .switches
            .iter()
            .map(|switch| switch.settings.iter().map(Setting::amount).max().unwrap_or_default());
        lines.chain(sets).chain(amounts).fold(0, i64::saturating_add)
    }

    /// By how much the total could at most be lower than the best one found; nothing when that is proven to be the best.
    /// Where only the hierarchy of levels is open, the total could be lower by nothing and is not proven all the same.
    pub(super) fn gain(&self, ceiling: &Value) -> Option<Amount> {
        let best = &self.best.settled.value;
        let total = |value: &Value| value.last().copied().unwrap_or_default();
        let open = self.open.as_ref().filter(|open| *open > best).map(|open| {
            // With several levels the order of lists bounds the first entry that differs, not the total.
            let bound = if open.len() == 1 { total(open).min(total(ceiling)) } else { self.most() };
            bound.saturating_sub(total(best)).max(0)
        });
        let unlisted = self.choices.unlisted.saturating_add(self.plan.unlisted);
        let gain = open.or_else(|| (unlisted > 0).then_some(0))?.saturating_add(unlisted);
        // Nothing costs less than nothing.
        let paid = self.problem.list_total().minor() + self.problem.delivery_price.minor() - total(best);
        Some(Amount::from_minor(gain.min(paid)))
    }

    /// The basket amounts that are on under the settings, and the promotions that these use.
    pub(super) fn on(&self) -> (FixedBitSet, Used) {
        let mut used = Used::none(self.problem);
        let mut on = FixedBitSet::with_capacity(self.problem.offers.len());
        for setting in self.decided.settings.iter().flatten() {
            match setting.effect {
                Effect::Basket { offer, .. } => {
                    on.insert(offer);
                    used.insert(self.problem, offer);
                }
                Effect::Delivery { place, .. } => {
                    used.insert(self.problem, self.problem.offers.len() + place);
                }
                Effect::Off | Effect::Units(_) => {}
            }
        }
        (on, used)
    }

    pub(super) fn set(&mut self, place: usize, setting: Option<Setting>) {
        if let Some(slot) = self.decided.settings.get_mut(place) {
            *slot = setting;
        }
    }

    /// Prices a way that takes off `most` at most. The units of a line are alike; in which order they stand matters only for a
    /// shared amount's spare minor unit. Those with more promotions stand first, so that promotions sit on earlier lines,
    /// unless the other way round costs less. Where it matters who shares a set, other groupings are tried; false where yet
    /// another one could be better, or legal.
    pub(super) fn leaf(&mut self, served: &[Served], on: &FixedBitSet, most: &Value) -> bool {
        let work = u64::try_from(served.len()).unwrap_or(u64::MAX);
        let is_open = way::is_open(self.choices, served);
        let orders = Orders::of(self.problem, self.choices, served, on);
        let is_whole = orders.is_whole;
        let mut deals = vec![Deal::Basket, Deal::Mixed, Deal::Dearest, Deal::Opposed];
        deals.extend((1..=TURNS_MAX).map(Deal::Turned));
        let mut is_legal = false;
        for deal in deals {
            for order in 0..orders.count {
                self.left = self.left.saturating_sub(work);
                let of_line = |line: usize| orders.of_line(line, order);
                let assignment = assignment(self.problem, self.choices, served, on, deal, of_line);
                // Who runs out of work leaves the rest open.
                if self.left == 0 && (order > 1 || deal != Deal::Basket) {
                    return false;
                }
                let before = self.best.settled.value.clone();
                is_legal |= self.consider(&assignment);
                if self.best.settled.value > before {
                    self.best_way = (served.to_vec(), self.decided.settings.clone());
                }
                let is_mixed =
                    assignment.units.windows(2).any(|pair| matches!(pair, [a, b] if a.line == b.line));
                if !is_mixed {
                    break;
                }
            }
            if self.best.settled.value >= *most || (!is_open && is_whole && is_legal) {
                return true;
            }
            if !way::has_sets(self.choices, served) {
                break;
            }
        }
        !is_open && is_whole && !way::may_take_nothing(self.problem, self.choices, served, on)
    }

    /// Notes a bound that nothing was shown to reach.
    pub(super) fn leave_open(&mut self, bound: &Value) {
        if self.open.as_ref().is_none_or(|open| open < bound) {
            self.open = Some(bound.clone());
        }
    }

    /// Prices an assignment and keeps it where it is the best so far; false where it is not legal.
    fn consider(&mut self, assignment: &Assignment) -> bool {
        let Some(settled) = settle(self.problem, assignment) else {
            return false;
        };
        let found = Best::of(self.problem, settled);
        if found.beats(&self.best, self.problem, self.worth) {
            self.best = found;
        }
        true
    }
}

/// No promotion at all: always legal.
fn nothing(problem: &Problem) -> Settled {
    let units = problem.lines.iter().enumerate().map(|(line, numbers)| Units {
        line,
        count: numbers.quantity,
        carried: SmallVec::new(),
    });
    let on = FixedBitSet::with_capacity(problem.offers.len());
    let assignment = Assignment { units: units.collect(), on, sets: Vec::new() };
    settle(problem, &assignment).unwrap_or_else(|| Settled {
        value: Value::from_elem(0, problem.levels),
        groups: Vec::new(),
        batches: Vec::new(),
        taken: vec![Amount::ZERO; problem.offers.len()],
        delivery: None,
    })
}

/// What is taken off in all.
pub(super) fn last(value: &Value) -> i64 {
    value.last().copied().unwrap_or_default()
}
