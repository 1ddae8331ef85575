//! What serving a line does to a label.
//!
//! A label that leads nowhere is dropped as soon as that shows: where a sum can no longer hold, where a set can no longer be
//! completed, or where its units are not in the order of prices.

use smallvec::SmallVec;

use super::choice::Choices;
use super::relax::{Bound, Lanes, Pick, Relaxation, Sense, add};
use super::rest::{Rests, Seats};
use super::tally;
use super::tie::Used;
use crate::pricing::problem::Problem;
use crate::pricing::settle::Value;

/// A way to serve the lines so far.
#[derive(Clone)]
pub(super) struct Label {
    /// What it takes off, without what is shared.
    pub(super) value: Value,
    /// The same charged by the multipliers: the bound begins here.
    charged: Bound,
    /// What it adds to each row, no more than counts.
    pub(super) sums: SmallVec<[i64; 8]>,
    /// Units in each role of each kit.
    seats: SmallVec<[u32; 16]>,
    /// What of `charged` is still to come of each kit that is seen exactly.
    to_come: SmallVec<[i64; 4]>,
    /// What the sets of these have come to on the line that is being served, less what its units are paid.
    come: i128,
    /// The benefits of retailers that began at a dearer price, and those that began at this one, as bits.
    closed: u64,
    begun: u64,
    pub(super) used: Used,
    /// Units of the line that have no choice yet.
    pub(super) left: u32,
    /// Its last step; `None` before the first.
    pub(super) step: Option<usize>,
}

/// What labels have in common of which one can make another needless.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Kin {
    /// Units left; the benefits of retailers that began, as bits.
    bits: (u32, u64, u64),
    /// What begun sets lack for each role that lacks something.
    lacks: SmallVec<[(usize, i64); 4]>,
}

/// What is in favor of a label among its kin, each so that more is better.
pub(super) type Favor = SmallVec<[i64; 8]>;

/// The lines with all that is known of them before the first is served.
pub(super) struct Route<'a> {
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

impl<'a> Route<'a> {
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
        Route { problem, choices, relaxation, rests, seats, row_ends, kit_ends, rank_ends }
    }

    /// The way that serves nobody yet.
    pub(super) fn begin(&self, used: Used) -> Label {
        Label {
            value: Value::from_elem(0, self.relaxation.constant.len()),
            charged: self.relaxation.open(),
            sums: SmallVec::from_elem(0, self.relaxation.rows.len()),
            seats: SmallVec::from_elem(0, self.seats.count()),
            to_come: self
                .relaxation
                .kits
                .iter()
                .map(|kit| kit.lanes.as_ref().map_or(0, Lanes::side))
                .collect(),
            come: 0,
            closed: 0,
            begun: 0,
            used,
            left: self.relaxation.lines.first().map_or(0, |line| line.quantity),
            step: None,
        }
    }

    /// A label with `count` more units of the line at `line` served; `None` where a retailer's benefit went to a dearer unit.
    pub(super) fn grown(&self, label: &Label, place: usize, pick: &Pick, count: u32) -> Option<Label> {
        let relaxation = self.relaxation;
        let line = relaxation.lines.get(place)?;
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
            let sets = self.seat(&mut grown, kit, role, count);
            if let Some(lanes) = relaxation.kits.get(kit).and_then(|kit| kit.lanes.as_ref()) {
                grown.come += lanes.come(place, role, count, sets);
            }
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

    /// Seats units in a role, and counts what the sets that begin with them get as a whole; returns how many begin.
    fn seat(&self, grown: &mut Label, kit: usize, role: usize, count: u32) -> i64 {
        let Some(numbers) = self.relaxation.kits.get(kit) else {
            return 0;
        };
        let before = tally::begun(numbers, self.counts(grown, kit));
        if let Some(seated) = grown.seats.get_mut(self.seats.place(kit, role)) {
            *seated = seated.saturating_add(count);
        }
        let sets = i64::from(tally::begun(numbers, self.counts(grown, kit)) - before);
        if sets == 0 {
            return 0;
        }
        grown.value.iter_mut().skip(numbers.level).for_each(|sum| *sum += numbers.gain * sets);
        for ((row, sum), &one) in self.relaxation.rows.iter().zip(grown.sums.iter_mut()).zip(&numbers.adds) {
            *sum += one * sets;
            if row.sense == Sense::Shared {
                grown.value.iter_mut().skip(row.level).for_each(|value| *value -= one * sets);
            }
        }
        sets
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
        for (kit, lanes) in
            relaxation.kits.iter().enumerate().filter_map(|(kit, k)| Some((kit, k.lanes.as_ref()?)))
        {
            if lanes.has(place) {
                let Some(behind) = lanes.behind(place, self.counts(label, kit)) else {
                    return false;
                };
                if let Some(to_come) = label.to_come.get_mut(kit) {
                    let change = behind - std::mem::replace(to_come, behind);
                    label.charged.iter_mut().for_each(|sum| *sum += i128::from(change));
                }
            }
        }
        let come = std::mem::take(&mut label.come);
        label.charged.iter_mut().for_each(|sum| *sum += come);
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
                begun == 0
                    || (0..numbers.roles.len()).all(|role| {
                        let lacks = tally::lacks(numbers, counts, begun, role);
                        let seat = self.seats.place(kit, role);
                        lacks <= 0
                            || lacks
                                <= i64::from(self.rests.units(place, open, label.left, seat, (kit, role)))
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

    /// Whether every set that has begun is complete.
    pub(super) fn is_closed(&self, label: &Label) -> bool {
        let kits = self.relaxation.kits.iter().enumerate();
        let mut kits = kits.map(|(kit, numbers)| (numbers, self.counts(label, kit)));
        kits.all(|(kit, counts)| tally::is_complete(kit, counts, self.relaxation.may_leave))
    }

    /// What a label must have in common with another to make it needless: units left, what its sets lack. And what may only be
    /// more with it than with the other, whatever follows: its sums, each so that more is better, and the units that stand
    /// ready for sets and may leave them.
    pub(super) fn kin(&self, label: &Label) -> (Kin, Favor) {
        let relaxation = self.relaxation;
        let mut kin = Kin { bits: (label.left, label.closed, label.begun), lacks: SmallVec::new() };
        let sums = label.sums.iter().zip(&relaxation.rows);
        let mut favor: Favor =
            sums.map(|(&sum, row)| if row.sense == Sense::AtMost { -sum } else { sum }).collect();
        for (kit, numbers) in relaxation.kits.iter().enumerate() {
            let counts = self.counts(label, kit);
            let begun = tally::begun(numbers, counts);
            for (role, own) in numbers.roles.iter().enumerate() {
                let lacks = tally::lacks(numbers, counts, begun, role);
                if relaxation.may_leave && !own.is_benefited {
                    favor.push(-lacks);
                } else if lacks != 0 {
                    kin.lacks.push((self.seats.place(kit, role), lacks));
                }
            }
        }
        (kin, favor)
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
