//! The best way to give choices to the units under one setting of every switch, by dynamic programming over the lines.
//!
//! A *label* is one way to serve the lines so far: what it takes off, and what it adds to each row. Of two labels the one
//! that takes off no less, adds no worse to every row and uses no other promotion makes the other needless, whatever
//! follows. What is shared counts at most up to its bound. Where nothing takes effect after a shared amount, the best label
//! is the true price; elsewhere it is a bound, and `settle` tells.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::choice::Choices;
use super::relax::{Bound, LinePicks, Pick, Relaxation, Sense, add, whole};
use super::rest::Rests;
use super::tie::Used;
use crate::pricing::problem::Problem;
use crate::pricing::settle::{Units, Value};

/// The most labels at once; beyond it the branch and bound takes over.
pub(super) const LABELS_MAX: usize = 6_000;
/// The labels that are kept where a good way will do and no proof is wanted.
pub(super) const BEAM: usize = 24;
/// The most complete ways that are handed out to be priced.
const FOUND_MAX: usize = 64;

/// A way to serve the lines so far.
#[derive(Clone)]
struct Label {
    /// What it takes off, without what is shared.
    value: Value,
    /// The same charged by the multipliers: the bound begins here.
    charged: Bound,
    /// What it adds to each row, no more than counts.
    sums: SmallVec<[i64; 8]>,
    used: Used,
    /// Units of the line that have no choice yet.
    left: u32,
    /// Its last step; `None` before the first.
    step: Option<usize>,
}

/// Units that got a pick, and the step before.
struct Step {
    before: Option<usize>,
    line: usize,
    pick: usize,
    count: u32,
}

/// What the labels found.
pub(super) struct Found {
    /// No way under these settings takes off more.
    pub bound: Value,
    /// The best complete ways with what they take off at most, the best first.
    pub ways: Vec<(Value, Vec<Units>)>,
}

/// Runs over the lines. `least` is what a way must reach to be of use. The error holds nothing: there were too many labels, or
/// the work ran out.
pub(super) fn run(
    problem: &Problem,
    choices: &Choices,
    relaxation: &Relaxation,
    rests: &Rests,
    (least, used): (&Value, Used),
    (width, is_beam): (usize, bool),
    left: &mut u64,
) -> Result<Found, ()> {
    let mut table =
        Table { problem, choices, relaxation, rests, least, steps: Vec::new(), width, is_beam, left };
    let sums = SmallVec::from_elem(0, relaxation.rows.len());
    let value = Value::from_elem(0, relaxation.constant.len());
    let mut labels = vec![Label { value, charged: relaxation.open(), sums, used, left: 0, step: None }];
    for (place, line) in relaxation.lines.iter().enumerate() {
        for label in &mut labels {
            label.left = line.quantity;
        }
        for (pick, numbers) in line.picks.iter().enumerate() {
            labels = table.give(labels, place, line, pick, numbers)?;
        }
    }
    Ok(table.found(labels))
}

struct Table<'a> {
    problem: &'a Problem,
    choices: &'a Choices,
    relaxation: &'a Relaxation,
    rests: &'a Rests,
    least: &'a Value,
    steps: Vec<Step>,
    /// The most labels at once.
    width: usize,
    /// Whether labels beyond the width are let go instead of ending the run: then the bound is none.
    is_beam: bool,
    left: &'a mut u64,
}

impl Table<'_> {
    /// Gives a pick to as many units as may be, and to fewer.
    fn give(
        &mut self,
        labels: Vec<Label>,
        line: usize,
        picks: &LinePicks,
        pick: usize,
        numbers: &Pick,
    ) -> Result<Vec<Label>, ()> {
        let is_last = pick + 1 == picks.picks.len();
        let own = self.own_value(numbers);
        let mut next = Vec::with_capacity(labels.len());
        for label in labels {
            let least = if is_last { label.left } else { 0 };
            for count in (least..=label.left).rev() {
                self.pay(1)?;
                let grown = self.grown(&label, line, numbers, &own, count);
                if whole(&self.prospect(&grown, line, picks, pick + 1)) < *self.least {
                    // Fewer units of a better pick lead no further.
                    break;
                }
                if self.can_hold(&grown, line, picks, pick + 1) {
                    next.push(self.noted(grown, &label, line, pick, count));
                }
                if next.len() > LABELS_MAX * 4 {
                    self.narrow(&mut next, line, picks, pick + 1)?;
                }
            }
        }
        if self.is_beam && next.len() > self.width {
            self.narrow(&mut next, line, picks, pick + 1)?;
        }
        let kept = self.undominated(next)?;
        if kept.len() > self.width { Err(()) } else { Ok(kept) }
    }

    /// Keeps what leads furthest in a beam; without one, too many labels end the run.
    fn narrow(&self, labels: &mut Vec<Label>, line: usize, picks: &LinePicks, next: usize) -> Result<(), ()> {
        if !self.is_beam {
            return Err(());
        }
        labels.sort_by_cached_key(|label| Reverse(self.prospect(label, line, picks, next)));
        labels.truncate(self.width);
        Ok(())
    }

    fn pay(&mut self, steps: usize) -> Result<(), ()> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        *self.left = self.left.checked_sub(steps).ok_or(())?;
        Ok(())
    }

    /// What a unit with a pick takes off without what is shared.
    fn own_value(&self, pick: &Pick) -> Value {
        let mut value = pick.value.clone();
        for (row, &adds) in self.relaxation.rows.iter().zip(&pick.adds) {
            if row.sense == Sense::Shared {
                value.iter_mut().skip(row.level).for_each(|sum| *sum -= adds);
            }
        }
        value
    }

    /// A label with `count` more units served.
    fn grown(&self, label: &Label, line: usize, numbers: &Pick, own: &Value, count: u32) -> Label {
        let mut grown = Label { left: label.left - count, ..label.clone() };
        if count == 0 {
            return grown;
        }
        let times = i64::from(count);
        grown.value.iter_mut().zip(own).for_each(|(sum, &one)| *sum += one * times);
        add(&mut grown.charged, &numbers.charged, i128::from(count));
        for ((sum, &one), row) in grown.sums.iter_mut().zip(&numbers.adds).zip(&self.relaxation.rows) {
            *sum += one * times;
            if row.sense != Sense::AtMost {
                *sum = (*sum).min(row.bound);
            }
        }
        if let Some(choice) = self.choices.lines.get(line).and_then(|list| list.get(numbers.choice)) {
            choice.carried.iter().for_each(|&offer| grown.used.insert(self.problem, offer));
        }
        grown
    }

    /// Notes the step by which a label grew.
    fn noted(&mut self, mut grown: Label, before: &Label, line: usize, pick: usize, count: u32) -> Label {
        if count > 0 {
            self.steps.push(Step { before: before.step, line, pick, count });
            grown.step = Some(self.steps.len() - 1);
        }
        grown
    }

    /// Whether every row can still hold.
    fn can_hold(&self, label: &Label, line: usize, picks: &LinePicks, next: usize) -> bool {
        let open = picks.picks.get(next..).unwrap_or_default();
        self.rests.can_hold(self.relaxation, line, open, label.left, &label.sums)
    }

    /// The most that a label can lead to.
    fn prospect(&self, label: &Label, line: usize, picks: &LinePicks, next: usize) -> Bound {
        let open = picks.picks.get(next..).unwrap_or_default();
        let mut bound = label.charged.clone();
        if let Some(best) = open.first() {
            add(&mut bound, &best.charged, i128::from(label.left));
        }
        if let Some(rest) = self.rests.bounds.get(line + 1) {
            add(&mut bound, rest, 1);
        }
        bound
    }

    /// The labels that no other makes needless. Those that came first stay among equals.
    fn undominated(&mut self, mut labels: Vec<Label>) -> Result<Vec<Label>, ()> {
        labels.sort_by(|one, other| one.left.cmp(&other.left).then_with(|| other.value.cmp(&one.value)));
        let mut kept: Vec<Label> = Vec::with_capacity(labels.len());
        let mut group = 0;
        let mut compared = 0;
        for label in labels {
            if kept.last().is_some_and(|last| last.left != label.left) {
                group = kept.len();
            }
            let rivals = kept.get(group..).unwrap_or_default();
            let rival = rivals.iter().position(|rival| self.dominates(rival, &label));
            compared += rival.map_or(rivals.len(), |place| place + 1);
            if rival.is_none() {
                kept.push(label);
            }
        }
        self.pay(compared / 8)?;
        Ok(kept)
    }

    fn dominates(&self, rival: &Label, label: &Label) -> bool {
        let adds =
            rival.sums.iter().zip(&label.sums).zip(&self.relaxation.rows).all(|((&ours, &theirs), row)| {
                if row.sense == Sense::AtMost { ours <= theirs } else { ours >= theirs }
            });
        adds && (rival.value > label.value
            || (rival.value == label.value && rival.used.is_within(&label.used)))
    }

    fn found(&self, labels: Vec<Label>) -> Found {
        let mut ends: Vec<(Value, Label)> =
            labels.into_iter().map(|label| (self.total(&label), label)).collect();
        ends.sort_by(|(one, a), (other, b)| other.cmp(one).then_with(|| a.used.order(&b.used, self.problem)));
        let bound = ends.first().map_or_else(Value::new, |(value, _)| value.clone());
        let ways =
            ends.iter().take(FOUND_MAX).map(|(value, label)| (value.clone(), self.way(label))).collect();
        Found { bound, ways }
    }

    /// What a complete label takes off, with what is shared.
    fn total(&self, label: &Label) -> Value {
        let mut total = label.value.clone();
        for (row, &sum) in self.relaxation.rows.iter().zip(&label.sums) {
            if row.sense == Sense::Shared {
                total.iter_mut().skip(row.level).for_each(|value| *value += sum.min(row.bound));
            }
        }
        total.iter_mut().zip(&self.relaxation.constant).for_each(|(value, &constant)| *value += constant);
        total
    }

    fn way(&self, label: &Label) -> Vec<Units> {
        let mut units = Vec::new();
        let mut next = label.step;
        while let Some(step) = next.and_then(|place| self.steps.get(place)) {
            let pick = self.relaxation.lines.get(step.line).and_then(|line| line.picks.get(step.pick));
            let choice = pick
                .and_then(|pick| self.choices.lines.get(step.line).and_then(|list| list.get(pick.choice)));
            let carried = choice.map(|choice| choice.carried.clone()).unwrap_or_default();
            units.push(Units { line: step.line, count: step.count, carried });
            next = step.before;
        }
        units.reverse();
        units
    }
}
