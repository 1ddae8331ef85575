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
use super::rest::{Rests, Seats};
use super::tally;
use super::tie::Used;
use super::way::Served;
use crate::pricing::problem::Problem;
use crate::pricing::settle::Value;

/// The most labels at once; beyond it the branch and bound takes over.
pub(super) const LABELS_MAX: usize = 40_000;
/// The labels that are kept before a proof is tried.
pub(super) const BROAD: usize = 160;
/// The labels that are kept where a good way will do and no proof is wanted.
pub(super) const BEAM: usize = 24;
/// The most complete ways that are handed out to be priced.
const FOUND_MAX: usize = 64;

/// A way to serve the lines so far.
#[derive(Clone)]
pub(super) struct Label {
    /// What it takes off, without what is shared.
    value: Value,
    /// The same charged by the multipliers: the bound begins here.
    charged: Bound,
    /// What it adds to each row, no more than counts.
    sums: SmallVec<[i64; 8]>,
    /// Units in each role of each kit.
    seats: SmallVec<[u32; 8]>,
    /// The benefits of retailers that began at a dearer price, and those that began at this one, as bits.
    closed: u64,
    begun: u64,
    pub(super) used: Used,
    /// Units of the line that have no choice yet.
    pub(super) left: u32,
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
    pub ways: Vec<(Value, Vec<Served>)>,
}

/// The lines with all that is known of them before the first is served.
pub(super) struct Floor<'a> {
    pub problem: &'a Problem,
    pub choices: &'a Choices,
    pub relaxation: &'a Relaxation,
    pub rests: Rests,
    pub seats: Seats,
    /// For each row and kit the last line that adds to it.
    row_ends: Vec<Option<usize>>,
    kit_ends: Vec<Option<usize>>,
    /// For each line the ordered kits of which no other line at its price follows, and the benefits of retailers, as bits.
    rank_ends: Vec<(SmallVec<[usize; 2]>, u64)>,
}

impl<'a> Floor<'a> {
    pub(super) fn of(problem: &'a Problem, choices: &'a Choices, relaxation: &'a Relaxation) -> Self {
        let seats = Seats::of(relaxation);
        let rests = Rests::of(relaxation, &seats);
        let last = |adds: &dyn Fn(&Pick) -> bool| {
            relaxation.lines.iter().rposition(|line| line.picks.iter().any(adds))
        };
        let kit_ends: Vec<Option<usize>> = (0..relaxation.kits.len())
            .map(|kit| last(&|pick: &Pick| pick.seats.iter().any(|&(own, _)| own == kit)))
            .collect();
        let row_ends = (0..relaxation.rows.len())
            .map(|row| {
                let units = last(&|pick: &Pick| pick.adds.get(row).is_some_and(|&one| one != 0));
                let kits = relaxation.kits.iter().zip(&kit_ends);
                let kits = kits.filter(|(kit, _)| kit.adds.get(row).is_some_and(|&one| one != 0));
                kits.map(|(_, &end)| end).chain([units]).max().flatten()
            })
            .collect();
        let rank_ends = rank_ends(relaxation);
        Floor { problem, choices, relaxation, rests, seats, row_ends, kit_ends, rank_ends }
    }

    /// The way that serves nobody yet.
    pub(super) fn begin(&self, used: Used) -> Label {
        Label {
            value: Value::from_elem(0, self.relaxation.constant.len()),
            charged: self.relaxation.open(),
            sums: SmallVec::from_elem(0, self.relaxation.rows.len()),
            seats: SmallVec::from_elem(0, self.seats.count()),
            closed: 0,
            begun: 0,
            used,
            left: self.relaxation.lines.first().map_or(0, |line| line.quantity),
            step: None,
        }
    }

    /// A label with `count` more units of the line at `line` served; `None` where a retailer's benefit went to a dearer unit.
    pub(super) fn grown(&self, label: &Label, line: &LinePicks, pick: &Pick, count: u32) -> Option<Label> {
        let mut grown = Label { left: label.left - count, ..label.clone() };
        if count == 0 {
            return Some(grown);
        }
        if pick.withholds & label.closed != 0 {
            return None;
        }
        grown.begun |= pick.receives;
        let times = i64::from(count);
        let rows = &self.relaxation.rows;
        grown.value.iter_mut().zip(&pick.value).for_each(|(sum, &one)| *sum += one * times);
        add(&mut grown.charged, &pick.charged, i128::from(count));
        for ((row, sum), &one) in rows.iter().zip(grown.sums.iter_mut()).zip(&pick.adds) {
            *sum += one * times;
            if row.sense == Sense::Shared {
                grown.value.iter_mut().skip(row.level).for_each(|value| *value -= one * times);
            }
        }
        for &(kit, role) in &pick.seats {
            self.seat(&mut grown, kit, role, count);
        }
        for (row, sum) in rows.iter().zip(grown.sums.iter_mut()) {
            if row.sense != Sense::AtMost && row.is_rising {
                *sum = (*sum).min(row.bound);
            }
        }
        if let Some(choice) = self.choices.lines.get(line.line).and_then(|list| list.get(pick.choice)) {
            for &offer in &choice.carried {
                // A unit that only stands ready for a set uses nothing up yet.
                let is_idle = pick.seats.iter().any(|&(kit, role)| {
                    let kit = self.relaxation.kits.get(kit).filter(|kit| kit.offer == offer);
                    kit.and_then(|kit| kit.roles.get(role)).is_some_and(|role| !role.is_benefited)
                });
                if !is_idle {
                    grown.used.insert(self.problem, offer);
                }
            }
        }
        Some(grown)
    }

    /// Seats units in a role, and counts what the sets that begin with them get as a whole.
    fn seat(&self, grown: &mut Label, kit: usize, role: usize, count: u32) {
        let Some(numbers) = self.relaxation.kits.get(kit) else {
            return;
        };
        let before = tally::begun(numbers, self.counts(grown, kit));
        if let Some(seated) = grown.seats.get_mut(self.seats.place(kit, role)) {
            *seated = seated.saturating_add(count);
        }
        let sets = i64::from(tally::begun(numbers, self.counts(grown, kit)) - before);
        if sets == 0 {
            return;
        }
        grown.value.iter_mut().skip(numbers.level).for_each(|sum| *sum += numbers.gain * sets);
        for ((row, sum), &one) in self.relaxation.rows.iter().zip(grown.sums.iter_mut()).zip(&numbers.adds) {
            *sum += one * sets;
            if row.sense == Sense::Shared {
                grown.value.iter_mut().skip(row.level).for_each(|value| *value -= one * sets);
            }
        }
    }

    fn counts<'l>(&self, label: &'l Label, kit: usize) -> &'l [u32] {
        let begin = self.seats.place(kit, 0);
        let roles = self.relaxation.kits.get(kit).map_or(0, |kit| kit.roles.len());
        label.seats.get(begin..begin.saturating_add(roles)).unwrap_or_default()
    }

    /// Ends a line: what no later line adds to is settled. False where a row does not hold or a set stays incomplete.
    pub(super) fn end(&self, label: &mut Label, place: usize) -> bool {
        let relaxation = self.relaxation;
        if let Some((kits, bits)) = self.rank_ends.get(place) {
            label.closed |= label.begun & bits;
            label.begun &= !bits;
            let is_in_order = |&kit: &usize| {
                let numbers = relaxation.kits.get(kit);
                numbers.is_none_or(|numbers| tally::is_in_order(numbers, self.counts(label, kit)))
            };
            if !kits.iter().all(is_in_order) {
                return false;
            }
        }
        for (kit, numbers) in relaxation.kits.iter().enumerate() {
            let counts = self.counts(label, kit);
            if counts.iter().all(|&count| count == 0) {
                continue;
            }
            if self.kit_ends.get(kit) == Some(&Some(place)) {
                if !tally::is_complete(numbers, counts, relaxation.may_leave) {
                    return false;
                }
                let begin = self.seats.place(kit, 0);
                let seats = label.seats.get_mut(begin..begin.saturating_add(numbers.roles.len()));
                seats.unwrap_or_default().fill(0);
            }
        }
        for ((row, sum), end) in relaxation.rows.iter().zip(label.sums.iter_mut()).zip(&self.row_ends) {
            if *end != Some(place) {
                continue;
            }
            let sum = std::mem::replace(sum, if row.sense == Sense::AtMost { 0 } else { row.bound.max(0) });
            match row.sense {
                Sense::AtLeast if sum < row.bound => return false,
                Sense::AtMost if sum > row.bound => return false,
                Sense::AtLeast | Sense::AtMost => {}
                // The bound stands in its place: what is shared is counted at the end.
                Sense::Shared => {
                    let lost = sum.min(row.bound) - row.bound.max(0);
                    label.value.iter_mut().skip(row.level).for_each(|value| *value += lost);
                }
            }
        }
        label.left = relaxation.lines.get(place + 1).map_or(0, |line| line.quantity);
        true
    }

    /// Whether every row can still hold, and every set that has begun be completed.
    pub(super) fn can_hold(&self, label: &Label, place: usize, open: &[Pick]) -> bool {
        self.rests.can_hold(self.relaxation, place, open, label.left, &label.sums)
            && self.relaxation.kits.iter().enumerate().all(|(kit, numbers)| {
                let counts = self.counts(label, kit);
                let begun = tally::begun(numbers, counts);
                (0..numbers.roles.len()).all(|role| {
                    let lacks = tally::lacks(numbers, counts, begun, role);
                    let seat = self.seats.place(kit, role);
                    lacks <= 0
                        || lacks <= i64::from(self.rests.units(place, open, label.left, seat, (kit, role)))
                })
            })
    }

    /// The most that a label can lead to.
    pub(super) fn prospect(&self, label: &Label, place: usize, open: &[Pick]) -> Bound {
        let mut bound = label.charged.clone();
        if let Some(best) = open.first() {
            add(&mut bound, &best.charged, i128::from(label.left));
        }
        if let Some(rest) = self.rests.bounds.get(place + 1) {
            add(&mut bound, rest, 1);
        }
        bound
    }

    /// What a complete label takes off, with what is shared.
    pub(super) fn total(&self, label: &Label) -> Value {
        let mut total = label.value.clone();
        for (row, &sum) in self.relaxation.rows.iter().zip(&label.sums) {
            if row.sense == Sense::Shared {
                total.iter_mut().skip(row.level).for_each(|value| *value += sum.min(row.bound));
            }
        }
        total.iter_mut().zip(&self.relaxation.constant).for_each(|(value, &constant)| *value += constant);
        total
    }

    fn dominates(&self, rival: &Label, label: &Label) -> bool {
        let adds =
            rival.sums.iter().zip(&label.sums).zip(&self.relaxation.rows).all(|((&ours, &theirs), row)| {
                if row.sense == Sense::AtMost { ours <= theirs } else { ours >= theirs }
            });
        adds && (rival.value > label.value
            || (rival.value == label.value && rival.used.is_within(&label.used)))
            && (rival.closed, rival.begun) == (label.closed, label.begun)
            && self.relaxation.kits.iter().enumerate().all(|(kit, numbers)| {
                let (ours, theirs) = (self.counts(rival, kit), self.counts(label, kit));
                ours == theirs || tally::serves(numbers, ours, theirs, self.relaxation.may_leave)
            })
    }
}

/// For each line the ordered kits, and the benefits of retailers as bits, of which it is the last at its price.
fn rank_ends(relaxation: &Relaxation) -> Vec<(SmallVec<[usize; 2]>, u64)> {
    let mut ends = vec![(SmallVec::new(), 0); relaxation.lines.len()];
    let mut next_of_kit: Vec<Option<usize>> = vec![None; relaxation.kits.len()];
    let mut next_of_bit = [None; 64];
    for (line, (kits, bits)) in relaxation.lines.iter().zip(ends.iter_mut()).rev() {
        for (kit, (numbers, next)) in relaxation.kits.iter().zip(next_of_kit.iter_mut()).enumerate() {
            let is_here = || line.picks.iter().any(|pick| pick.seats.iter().any(|&(own, _)| own == kit));
            if numbers.is_ordered && is_here() && next.replace(line.rank) != Some(line.rank) {
                kits.push(kit);
            }
        }
        let here = line.picks.iter().fold(0, |bits, pick| bits | pick.withholds | pick.receives);
        for (bit, next) in next_of_bit.iter_mut().enumerate() {
            if here >> bit & 1 == 1 && next.replace(line.rank) != Some(line.rank) {
                *bits |= 1 << bit;
            }
        }
    }
    ends
}

/// Runs over the lines. `least` is what a way must reach to be of use. The error holds nothing: there were too many labels, or
/// the work ran out.
pub(super) fn run(
    floor: &Floor<'_>,
    (least, used): (&Value, Used),
    (width, is_beam): (usize, bool),
    left: &mut u64,
) -> Result<Found, ()> {
    let mut table = Table { floor, least, steps: Vec::new(), width, is_beam, left };
    let mut labels = vec![floor.begin(used)];
    for (place, line) in floor.relaxation.lines.iter().enumerate() {
        for (pick, numbers) in line.picks.iter().enumerate() {
            labels = table.give(labels, place, line, pick, numbers)?;
        }
        labels.retain_mut(|label| floor.end(label, place));
        labels = table.undominated(labels)?;
    }
    Ok(table.found(labels))
}

struct Table<'a, 'f> {
    floor: &'a Floor<'f>,
    least: &'a Value,
    steps: Vec<Step>,
    /// The most labels at once.
    width: usize,
    /// Whether labels beyond the width are let go instead of ending the run: then the bound is none.
    is_beam: bool,
    left: &'a mut u64,
}

impl Table<'_, '_> {
    /// Gives a pick to as many units as may be, and to fewer.
    fn give(
        &mut self,
        labels: Vec<Label>,
        place: usize,
        line: &LinePicks,
        pick: usize,
        numbers: &Pick,
    ) -> Result<Vec<Label>, ()> {
        let is_last = pick + 1 == line.picks.len();
        let open = line.picks.get(pick + 1..).unwrap_or_default();
        let mut next = Vec::with_capacity(labels.len());
        for label in labels {
            let least = if is_last { label.left } else { 0 };
            for count in (least..=label.left).rev() {
                self.pay(1)?;
                let Some(grown) = self.floor.grown(&label, line, numbers, count) else {
                    continue;
                };
                if whole(&self.floor.prospect(&grown, place, open)) < *self.least {
                    // Fewer units of a better pick lead no further.
                    break;
                }
                if self.floor.can_hold(&grown, place, open) {
                    next.push(self.noted(grown, &label, place, pick, count));
                }
                if next.len() > LABELS_MAX * 4 {
                    self.narrow(&mut next, place, open)?;
                }
            }
        }
        if self.is_beam && next.len() > self.width {
            self.narrow(&mut next, place, open)?;
        }
        let kept = self.undominated(next)?;
        if kept.len() > self.width { Err(()) } else { Ok(kept) }
    }

    /// Keeps what leads furthest in a beam; without one, too many labels end the run.
    fn narrow(&self, labels: &mut Vec<Label>, place: usize, open: &[Pick]) -> Result<(), ()> {
        if !self.is_beam {
            return Err(());
        }
        labels.sort_by_cached_key(|label| Reverse(self.floor.prospect(label, place, open)));
        labels.truncate(self.width);
        Ok(())
    }

    fn pay(&mut self, steps: usize) -> Result<(), ()> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        *self.left = self.left.checked_sub(steps).ok_or(())?;
        Ok(())
    }

    /// Notes the step by which a label grew.
    fn noted(&mut self, mut grown: Label, before: &Label, line: usize, pick: usize, count: u32) -> Label {
        if count > 0 {
            self.steps.push(Step { before: before.step, line, pick, count });
            grown.step = Some(self.steps.len() - 1);
        }
        grown
    }

    /// The labels that no other makes needless. Those that came first stay among equals.
    fn undominated(&mut self, mut labels: Vec<Label>) -> Result<Vec<Label>, ()> {
        labels.sort_by(|one, other| one.left.cmp(&other.left).then_with(|| other.value.cmp(&one.value)));
        let mut kept: Vec<Label> = Vec::with_capacity(labels.len());
        let mut group = 0;
        let mut compared = 0;
        // The best sums among the rivals: what is better than all of them in one has no rival, and nothing is compared. Where a
        // discount is given up for a sum, kopiyka for kopiyka, that is every label.
        let mut reached: SmallVec<[i64; 8]> = SmallVec::new();
        for label in labels {
            if kept.last().is_some_and(|last| last.left != label.left) || kept.is_empty() {
                group = kept.len();
                reached = label.sums.iter().map(|_| i64::MIN).collect();
            }
            let favor = self.favor(&label);
            let is_new = favor.iter().zip(&reached).any(|(sum, most)| sum > most);
            let rivals = if is_new { &[] } else { kept.get(group..).unwrap_or_default() };
            let rival = rivals.iter().position(|rival| self.floor.dominates(rival, &label));
            compared += rival.map_or(rivals.len(), |place| place + 1);
            if rival.is_none() {
                reached.iter_mut().zip(favor).for_each(|(most, sum)| *most = (*most).max(sum));
                kept.push(label);
            }
        }
        self.pay(compared / 8)?;
        Ok(kept)
    }

    /// The sums of a label, each so that more is better.
    fn favor(&self, label: &Label) -> SmallVec<[i64; 8]> {
        let sums = label.sums.iter().zip(&self.floor.relaxation.rows);
        sums.map(|(&sum, row)| if row.sense == Sense::AtMost { -sum } else { sum }).collect()
    }

    fn found(&self, labels: Vec<Label>) -> Found {
        let mut ends: Vec<(Value, Label)> =
            labels.into_iter().map(|label| (self.floor.total(&label), label)).collect();
        let problem = self.floor.problem;
        ends.sort_by(|(one, a), (other, b)| other.cmp(one).then_with(|| a.used.order(&b.used, problem)));
        let bound = ends.first().map_or_else(Value::new, |(value, _)| value.clone());
        let ways =
            ends.iter().take(FOUND_MAX).map(|(value, label)| (value.clone(), self.way(label))).collect();
        Found { bound, ways }
    }

    fn way(&self, label: &Label) -> Vec<Served> {
        let mut served = Vec::new();
        let mut next = label.step;
        while let Some(step) = next.and_then(|place| self.steps.get(place)) {
            let line = self.floor.relaxation.lines.get(step.line);
            let pick = line.and_then(|line| Some((line.line, line.picks.get(step.pick)?.choice)));
            if let Some((line, choice)) = pick {
                served.push(Served { line, choice, count: step.count });
            }
            next = step.before;
        }
        served.reverse();
        served
    }
}
