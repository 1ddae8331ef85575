//! The branch and bound itself: switches above, the units of each line below.

use std::cmp::Ordering;
use std::iter::Rev;
use std::ops::RangeInclusive;

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::Solution;
use super::choice::Choices;
use super::label;
use super::relax::{Bound, Relaxation, add, is_allowed, whole};
use super::rest::Rests;
use super::switch::{Effect, Plan, Setting, Switch};
use super::tie::Used;
use crate::money::Amount;
use crate::pricing::problem::Problem;
use crate::pricing::settle::{Assignment, Settled, Units, Value, settle};

/// Rounds of the first climb: it is a beginning, not the search.
const CLIMBS_MAX: usize = 3;

/// Searches within `steps` of work.
pub(super) fn run(problem: &Problem, choices: &Choices, plan: &Plan, steps: u64) -> Solution {
    let best = Best::of(problem, nothing(problem));
    let mut search = Search {
        problem,
        choices,
        plan,
        settings: vec![None; plan.switches.len()],
        left: steps,
        open: None,
        ceiling: None,
        best,
    };
    let ceiling = search.bound();
    let hints = search.climb();
    search.open = None;
    search.switch(0, &hints);
    let gain = search.gain(&ceiling);
    Solution {
        settled: search.best.settled,
        possible_gain: (gain > 0).then_some(Amount::from_minor(gain)),
        steps: steps - search.left,
    }
}

/// No promotion at all: always legal.
fn nothing(problem: &Problem) -> Settled {
    let units = problem.lines.iter().enumerate().map(|(line, numbers)| Units {
        line,
        count: numbers.quantity,
        carried: SmallVec::new(),
    });
    let assignment =
        Assignment { units: units.collect(), on: FixedBitSet::with_capacity(problem.offers.len()) };
    settle(problem, &assignment).unwrap_or_else(|| Settled {
        value: Value::from_elem(0, problem.levels),
        groups: Vec::new(),
        taken: vec![Amount::ZERO; problem.offers.len()],
        delivery: None,
    })
}

/// The best assignment so far, with what breaks ties: fewer codes and limited promotions used up, fewer promotions, their
/// ids in byte order. Earlier lines need no entry: they are tried first.
struct Best {
    settled: Settled,
    used: Used,
}

impl Best {
    fn of(problem: &Problem, settled: Settled) -> Self {
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

    /// Whether this is to be preferred: a better value, or an equal one that wins the tie.
    fn beats(&self, other: &Best, problem: &Problem) -> bool {
        let by_value = self.settled.value.cmp(&other.settled.value);
        by_value.then_with(|| other.used.order(&self.used, problem)) == Ordering::Greater
    }
}

struct Search<'a> {
    problem: &'a Problem,
    choices: &'a Choices,
    plan: &'a Plan,
    settings: Vec<Option<Setting>>,
    left: u64,
    /// The best bound among what was left open when the work ran out.
    open: Option<Value>,
    /// What the labels showed to be the most under the settings that are being searched.
    ceiling: Option<Value>,
    best: Best,
}

impl Search<'_> {
    /// Pays for work; false when there is none left, and then `bound` stays open.
    fn pay(&mut self, steps: u64, bound: &Value) -> bool {
        if self.left < steps {
            self.left = 0;
            let bound = self.ceiling.as_ref().map_or(bound, |ceiling| ceiling.min(bound));
            if self.open.as_ref().is_none_or(|open| open < bound) {
                self.open = Some(bound.clone());
            }
            return false;
        }
        self.left -= steps;
        true
    }

    /// By how much the total could at most be lower than the best one found.
    fn gain(&self, ceiling: &Value) -> i64 {
        let best = &self.best.settled.value;
        let total = |value: &Value| value.last().copied().unwrap_or_default();
        let open = match &self.open {
            Some(open) if open > best => {
                // With several levels the bound of a part says nothing of the total: the ceiling of all does.
                let bound = if open.len() == 1 { total(open) } else { total(ceiling) };
                bound - total(best)
            }
            _ => 0,
        };
        let gain = open.max(0).saturating_add(self.choices.unlisted).saturating_add(self.plan.unlisted);
        // Nothing costs less than nothing.
        let paid = self.problem.list_total().minor() + self.problem.delivery_price.minor() - total(best);
        gain.min(paid)
    }

    /// A quick bound under the switches that are decided: each line's best allowed choice, every amount in full.
    fn bound(&self) -> Value {
        let mut sum = Value::from_elem(0, self.problem.levels);
        for (line, list) in self.problem.lines.iter().zip(&self.choices.lines) {
            let allowed = list.iter().find(|choice| {
                self.plan.is_alive(choice) && is_allowed(self.problem, self.plan, &self.settings, choice)
            });
            let value = allowed.map(|choice| choice.value.as_slice()).unwrap_or_default();
            for (sum, one) in sum.iter_mut().zip(value) {
                *sum += one * i64::from(line.quantity);
            }
        }
        for (switch, setting) in self.plan.switches.iter().zip(&self.settings) {
            let amount = match setting {
                Some(setting) => setting.amount(),
                None => switch.settings.iter().map(Setting::amount).max().unwrap_or_default(),
            };
            sum.iter_mut().skip(switch.level).for_each(|sum| *sum = sum.saturating_add(amount));
        }
        sum
    }

    /// A good assignment to begin with: every switch off, then setting by setting whatever makes it better. Returns the
    /// settings that were found best.
    fn climb(&mut self) -> Vec<Option<Setting>> {
        let off = |switch: &Switch| switch.settings.last().copied();
        self.settings = self.plan.switches.iter().map(off).collect();
        self.lines(true);
        for _ in 0..CLIMBS_MAX {
            let before = self.best.settled.value.clone();
            for (place, switch) in self.plan.switches.iter().enumerate() {
                let held = self.settings.clone();
                let mut found = held.clone();
                for setting in &switch.settings {
                    let value = self.best.settled.value.clone();
                    self.settings.clone_from(&held);
                    self.set(place, Some(*setting));
                    self.lines(true);
                    if self.best.settled.value > value {
                        found.clone_from(&self.settings);
                    }
                }
                self.settings = found;
            }
            if self.best.settled.value == before {
                break;
            }
        }
        std::mem::replace(&mut self.settings, vec![None; self.plan.switches.len()])
    }

    fn set(&mut self, place: usize, setting: Option<Setting>) {
        if let Some(slot) = self.settings.get_mut(place) {
            *slot = setting;
        }
    }

    /// Decides the switches from `place` on, first as `hints` has them.
    fn switch(&mut self, place: usize, hints: &[Option<Setting>]) {
        let bound = self.bound();
        let size: usize = self.choices.lines.len() + self.plan.switches.len();
        if bound < self.best.settled.value || !self.pay(u64::try_from(size).unwrap_or(u64::MAX), &bound) {
            return;
        }
        let Some(switch) = self.plan.switches.get(place) else {
            self.lines(false);
            return;
        };
        let hint = hints.get(place).copied().flatten();
        let others = switch.settings.iter().copied().filter(|setting| Some(*setting) != hint);
        for setting in hint.into_iter().chain(others) {
            self.set(place, Some(setting));
            self.switch(place + 1, hints);
        }
        self.set(place, None);
    }

    /// Every switch is decided: gives choices to the units. A climb is content with what a narrow beam finds.
    fn lines(&mut self, is_climb: bool) {
        let quick = self.bound();
        if !self.pay(1, &quick) {
            return;
        }
        let least = self.best.settled.value.clone();
        let mut steps = 0;
        let relaxation =
            Relaxation::new(self.problem, self.choices, self.plan, &self.settings, &least, &mut steps);
        let bound = relaxation.as_ref().map_or_else(Value::new, |relaxation| whole(&relaxation.bound()));
        let Some(relaxation) = relaxation.filter(|_| bound >= least) else {
            self.left = self.left.saturating_sub(steps);
            return;
        };
        if !self.pay(steps, &bound) {
            return;
        }
        let mut used = Used::none(self.problem);
        let mut on = FixedBitSet::with_capacity(self.problem.offers.len());
        for setting in self.settings.iter().flatten() {
            match setting.effect {
                Effect::Basket { offer, .. } => {
                    on.insert(offer);
                    used.insert(self.problem, offer);
                }
                Effect::Delivery { place, .. } => {
                    used.insert(self.problem, self.problem.offers.len() + place)
                }
                Effect::Off | Effect::Units(_) => {}
            }
        }
        let rests = Rests::of(&relaxation);
        let goal = (&least, used.clone());
        let width = if is_climb { label::BEAM } else { label::LABELS_MAX };
        let found = label::run(
            self.problem,
            self.choices,
            &relaxation,
            &rests,
            goal,
            (width, is_climb),
            &mut self.left,
        );
        if let Ok(found) = found {
            for (value, units) in found.ways {
                if value < self.best.settled.value {
                    break;
                }
                self.leaf(Assignment { units, on: on.clone() });
            }
            if is_climb || found.bound <= self.best.settled.value {
                return;
            }
            self.ceiling = Some(found.bound);
        }
        if is_climb {
            return;
        }
        // Something takes effect after a shared amount, or there were too many labels: every assignment is looked at.
        let sums = SmallVec::from_elem(0, relaxation.rows.len());
        let node = Node {
            line: 0,
            pick: 0,
            left: first_quantity(&relaxation),
            charged: relaxation.open(),
            sums,
            used,
        };
        let mut assignment = Assignment { units: Vec::with_capacity(relaxation.lines.len()), on };
        self.units(&relaxation, &rests, node, &mut assignment);
        self.ceiling = None;
    }

    /// Gives choices to the units, line by line, pick by pick: each pick to as many of the line's open units as may be, then
    /// to fewer. A stack of its own keeps a basket of a thousand lines off the thread's.
    fn units(&mut self, relaxation: &Relaxation, rests: &Rests, root: Node, assignment: &mut Assignment) {
        let mut stack = vec![Frame { node: root, counts: None, has_units: false }];
        let ceiling = whole(&relaxation.bound());
        while let Some(top) = stack.last_mut() {
            if !self.pay(1, &ceiling) {
                return;
            }
            if std::mem::take(&mut top.has_units) {
                assignment.units.pop();
            }
            let next = match &mut top.counts {
                Some(counts) => counts.next(),
                None => {
                    let mut counts = self.open(relaxation, rests, &mut top.node, assignment);
                    let next = counts.next();
                    top.counts = Some(counts);
                    next
                }
            };
            let Some(count) = next else {
                stack.pop();
                continue;
            };
            let (child, units) = self.child(relaxation, &top.node, count);
            top.has_units = units.is_some();
            assignment.units.extend(units);
            stack.push(Frame { node: child, counts: None, has_units: false });
        }
    }

    /// Opens a node: how many units its pick may be given to, the most first; none where there is nothing to be found, or
    /// where everything is given and the assignment could be priced.
    fn open(
        &mut self,
        relaxation: &Relaxation,
        rests: &Rests,
        node: &mut Node,
        assignment: &Assignment,
    ) -> Rev<RangeInclusive<u32>> {
        let nothing = RangeInclusive::new(1, 0).rev();
        if node.left == 0 {
            node.line += 1;
            node.pick = 0;
            node.left = relaxation.lines.get(node.line).map_or(0, |line| line.quantity);
        }
        let Some(line) = relaxation.lines.get(node.line) else {
            self.leaf(assignment.clone());
            return nothing;
        };
        let open = line.picks.get(node.pick..).unwrap_or_default();
        let Some(pick) = open.first() else {
            return nothing;
        };
        let mut bound = node.charged.clone();
        add(&mut bound, &pick.charged, i128::from(node.left));
        if let Some(rest) = rests.bounds.get(node.line + 1) {
            add(&mut bound, rest, 1);
        }
        let bound = whole(&bound);
        if self.is_hopeless(&bound, &node.used)
            || !rests.can_hold(relaxation, node.line, open, node.left, &node.sums)
        {
            return nothing;
        }
        let is_last = node.pick + 1 == line.picks.len();
        (if is_last { node.left } else { 0 }..=node.left).rev()
    }

    /// The node after `count` units got the pick, and the units.
    fn child(&self, relaxation: &Relaxation, node: &Node, count: u32) -> (Node, Option<Units>) {
        let mut next = Node { pick: node.pick + 1, left: node.left - count, ..node.clone() };
        let pick = relaxation.lines.get(node.line).and_then(|line| line.picks.get(node.pick));
        let Some(pick) = pick.filter(|_| count > 0) else {
            return (next, None);
        };
        add(&mut next.charged, &pick.charged, i128::from(count));
        for (sum, &one) in next.sums.iter_mut().zip(&pick.adds) {
            *sum += one * i64::from(count);
        }
        let choice = self.choices.lines.get(node.line).and_then(|list| list.get(pick.choice));
        let carried = choice.map(|choice| choice.carried.clone()).unwrap_or_default();
        carried.iter().for_each(|&offer| next.used.insert(self.problem, offer));
        (next, Some(Units { line: node.line, count, carried }))
    }

    /// Whether nothing under a bound can replace the best: it is worse, or equal and loses or repeats the tie.
    fn is_hopeless(&self, bound: &Value, used: &Used) -> bool {
        match bound.cmp(&self.best.settled.value) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => {
                let best = &self.best.used;
                let by_use = used.up.cmp(&best.up).then(used.count().cmp(&best.count()));
                used.up > best.up
                    || (by_use != Ordering::Less && (by_use == Ordering::Greater || used == best))
            }
        }
    }

    /// Prices an assignment. The units of a line are alike; in which order they stand matters only for a shared amount's spare
    /// minor unit. Those with more promotions stand first, so that promotions sit on earlier lines, unless the other way
    /// round costs less.
    fn leaf(&mut self, mut assignment: Assignment) {
        let work = u64::try_from(assignment.units.len()).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(work);
        let fewer_first = |one: &Units, other: &Units| {
            let by_count = one.carried.len().cmp(&other.carried.len());
            by_count.then_with(|| one.carried.cmp(&other.carried))
        };
        assignment
            .units
            .sort_by(|one, other| one.line.cmp(&other.line).then_with(|| fewer_first(other, one)));
        self.consider(&assignment);
        let is_mixed = assignment.units.windows(2).any(|pair| matches!(pair, [a, b] if a.line == b.line));
        if is_mixed {
            assignment
                .units
                .sort_by(|one, other| one.line.cmp(&other.line).then_with(|| fewer_first(one, other)));
            self.consider(&assignment);
        }
    }

    fn consider(&mut self, assignment: &Assignment) {
        if let Some(settled) = settle(self.problem, assignment) {
            let found = Best::of(self.problem, settled);
            if found.beats(&self.best, self.problem) {
                self.best = found;
            }
        }
    }
}

fn first_quantity(relaxation: &Relaxation) -> u32 {
    relaxation.lines.first().map_or(0, |line| line.quantity)
}

/// A node on the stack, with the counts that are still to be tried.
struct Frame {
    node: Node,
    counts: Option<Rev<RangeInclusive<u32>>>,
    /// Whether the last units of the assignment are this node's.
    has_units: bool,
}

/// A place in the lower search.
#[derive(Clone)]
struct Node {
    line: usize,
    pick: usize,
    /// Units of the line without a choice yet.
    left: u32,
    charged: Bound,
    sums: SmallVec<[i64; 8]>,
    used: Used,
}
