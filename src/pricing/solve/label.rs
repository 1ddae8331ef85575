//! The best way to give choices to the units under one setting of every switch, by dynamic programming over the lines.
//!
//! A *label* is one way to serve the lines so far: what it takes off, and what it adds to each row. Of two labels the one
//! that takes off no less, adds no worse to every row and uses no other promotion makes the other needless, whatever
//! follows. What is shared counts at most up to its bound. Where nothing takes effect after a shared amount, the best label
//! is the true price; elsewhere it is a bound, and `settle` tells.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::relax::{LinePicks, Pick, whole};
use super::route::{Favor, Kin, Label, Route};
use super::tie::Used;
use super::way::Served;
use crate::pricing::settle::Value;

/// The most labels at once; beyond it the branch and bound takes over.
pub(super) const LABELS_MAX: usize = 40_000;
/// The labels that are kept before a proof is tried.
pub(super) const BROAD: usize = 64;
/// The labels that are kept where a good way will do and no proof is wanted.
pub(super) const BEAM: usize = 24;
/// The part of a beam that is kept for labels whose sets are complete: one in so many.
const CLOSED_PART: usize = 4;
/// The picks of a line that a beam looks at.
const FEW: usize = 6;
/// The most complete ways that are handed out to be priced.
const FOUND_MAX: usize = 64;

/// Labels of which one may make another needless.
#[derive(Default)]
struct Family<'l> {
    /// Those that are kept, with what is in favor of each.
    kept: Vec<(&'l Label, Favor)>,
    /// The best of that among them: what is better than all of them in one has no rival, and nothing is compared. Where a
    /// discount is given up for a sum, kopiyka for kopiyka, that is every label.
    reached: Favor,
}

impl<'l> Family<'l> {
    /// Those that may make a label needless.
    fn rivals(&self, favor: &Favor) -> &[(&'l Label, Favor)] {
        let is_new = favor.iter().zip(&self.reached).any(|(one, most)| one > most);
        if is_new { &[] } else { &self.kept }
    }

    fn add(&mut self, label: &'l Label, favor: Favor) {
        if self.reached.is_empty() {
            self.reached.clone_from(&favor);
        } else {
            self.reached.iter_mut().zip(&favor).for_each(|(most, &one)| *most = (*most).max(one));
        }
        self.kept.push((label, favor));
    }
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

/// Runs over the lines. `least` is what a way must reach to be of use. The error holds nothing: there were too many labels, or
/// the work ran out.
pub(super) fn run(
    route: &Route<'_>,
    (least, used): (&Value, Used),
    (width, is_beam): (usize, bool),
    left: &mut u64,
) -> Result<Found, ()> {
    let mut table = Table { route, least, steps: Vec::new(), width, is_beam, left };
    let mut labels = vec![route.begin(used)];
    for (place, line) in route.relaxation.lines.iter().enumerate() {
        let open = if is_beam { few(line) } else { (0..line.picks.len()).collect() };
        for (at, &pick) in open.iter().enumerate() {
            labels = table.give(labels, place, line, (pick, at + 1 == open.len()))?;
        }
        labels.retain_mut(|label| {
            route.end(label, place) && whole(&route.prospect(label, place, &[])) >= *least
        });
        labels = table.undominated(labels)?;
    }
    Ok(table.found(labels))
}

/// The picks of a line that a beam looks at: those that promise most, and the best one outside of sets, which always fits.
fn few(line: &LinePicks) -> SmallVec<[usize; 8]> {
    let alone = line.picks.iter().position(|pick| pick.seats.is_empty());
    let mut few: SmallVec<[usize; 8]> = (0..line.picks.len().min(FEW)).collect();
    few.extend(alone.filter(|alone| *alone >= FEW));
    few
}

struct Table<'a, 'f> {
    route: &'a Route<'f>,
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
        (pick, is_last): (usize, bool),
    ) -> Result<Vec<Label>, ()> {
        let Some(numbers) = line.picks.get(pick) else {
            return Ok(labels);
        };
        let open = line.picks.get(pick + 1..).unwrap_or_default();
        let mut next = Vec::with_capacity(labels.len());
        for label in labels {
            let least = if is_last { label.left } else { 0 };
            for count in (least..=label.left).rev() {
                self.pay(1)?;
                let Some(grown) = self.route.grown(&label, place, numbers, count) else {
                    continue;
                };
                if whole(&self.route.prospect(&grown, place, open)) < *self.least {
                    // Fewer units of a better pick lead no further.
                    break;
                }
                if self.route.can_hold(&grown, place, open) {
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
        labels.sort_by_cached_key(|label| Reverse(self.route.prospect(label, place, open)));
        // Some whose sets are all complete stay in any case: the others may turn out to lead nowhere.
        let rest = labels.split_off(labels.len().min(self.width - self.width / CLOSED_PART));
        let closed = rest.into_iter().filter(|label| self.route.is_closed(label));
        labels.extend(closed.take(self.width / CLOSED_PART));
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
    fn undominated(&mut self, labels: Vec<Label>) -> Result<Vec<Label>, ()> {
        // A label is large: only its place is moved about.
        let mut order: Vec<(usize, &Label)> = labels.iter().enumerate().collect();
        order.sort_by(|(_, one), (_, other)| {
            one.left.cmp(&other.left).then_with(|| other.value.cmp(&one.value))
        });
        let mut families: FxHashMap<Kin, Family<'_>> = FxHashMap::default();
        let mut places = Vec::new();
        let mut compared = 0;
        for (place, label) in order {
            let (kin, favor) = self.route.kin(label);
            let family = families.entry(kin).or_default();
            // Those that came before take off no less.
            let makes_needless = |(rival, its): &(&Label, Favor)| {
                its.iter().zip(&favor).all(|(its, own)| its >= own)
                    && (rival.value > label.value || rival.used.is_within(&label.used))
            };
            let rivals = family.rivals(&favor);
            let rival = rivals.iter().position(makes_needless);
            compared += rival.map_or(rivals.len(), |place| place + 1);
            if rival.is_none() {
                family.add(label, favor);
                places.push(place);
            }
        }
        self.pay(compared / 8)?;
        let mut labels: Vec<Option<Label>> = labels.into_iter().map(Some).collect();
        Ok(places.into_iter().filter_map(|place| labels.get_mut(place)?.take()).collect())
    }

    fn found(&self, labels: Vec<Label>) -> Found {
        let mut ends: Vec<(Value, Label)> =
            labels.into_iter().map(|label| (self.route.total(&label), label)).collect();
        let problem = self.route.problem;
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
            let line = self.route.relaxation.lines.get(step.line);
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
