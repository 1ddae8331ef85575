//! The branch and bound itself: switches above, the units of each line below.

mod state;
mod first;
mod split;
mod units;

use super::choice::{Act, Choices};
use super::label::{self, Floor};
use super::relax::{Begin, Fixed, Known, Relaxation, whole};
use super::solution::{Solution, Worth};
use super::switch::{Effect, Plan, Setting, Switch};
use super::way::{self, Served};
use crate::pricing::problem::Problem;
use crate::pricing::settle::Value;
use state::{Best, Search, nothing};
use units::Node;

/// The parts of the work that a climb and the first attempts may take: one in so many.
const CLIMB_PART: u64 = 4;
const ATTEMPT_PART: u64 = 4;
/// The work that a proof by labels may take before a unit is decided: one part in so many of what is left, and once units are
/// decided so much.
const LABEL_PART: u64 = 3;
const LABEL_STEPS_MAX: u64 = 30_000;
/// Units of a line that is long.
const LONG_MIN: u32 = 12;

/// Searches within `steps` of work.
pub(super) fn run(
    problem: &Problem,
    choices: &Choices,
    plan: &Plan,
    steps: u64,
    worth: Option<&Worth<'_>>,
) -> Solution {
    let best = Best::of(problem, nothing(problem));
    let mut search = Search {
        problem,
        choices,
        plan,
        settings: vec![None; plan.switches.len()],
        fixed: Fixed::default(),
        left: steps,
        open: None,
        worth,
        best,
    };
    let hints = search.climb(steps / CLIMB_PART);
    search.attempt(&hints, steps / ATTEMPT_PART);
    let ceiling = search.node(&hints, None);
    let possible_gain = search.gain(&ceiling);
    Solution { settled: search.best.settled, possible_gain, steps: steps - search.left.min(steps) }
}

impl Search<'_> {
    /// Searches under the settings: decides the next switch, or gives choices to the units. Returns a bound of all that is here.
    fn node(&mut self, hints: &[Option<Setting>], known: Option<&Known>) -> Value {
        let least = self.best.settled.value.clone();
        let mut steps = 1;
        let problem = (self.problem, self.choices, self.plan);
        let begin = known.map_or(Begin::Anew, Begin::From);
        let relaxation =
            Relaxation::new(problem, &self.settings, (None, &self.fixed), &least, begin, &mut steps);
        let Some(relaxation) = relaxation else {
            self.left = self.left.saturating_sub(steps);
            return least;
        };
        let bound = whole(&relaxation.bound());
        if bound < least || !self.pay(steps, &bound) {
            return bound;
        }
        // Basket amounts and the delivery first: under them the sums are what they are.
        let Some(place) = self.undecided(|switch| !switch.is_of_units()) else {
            self.lines(&relaxation, &bound, hints);
            return bound;
        };
        self.decide(place, hints, &relaxation.known(), &bound);
        bound
    }

    /// Searches under every setting of a switch, first as `hints` has it.
    fn decide(&mut self, place: usize, hints: &[Option<Setting>], known: &Known, bound: &Value) {
        let Some(switch) = self.plan.switches.get(place) else {
            return;
        };
        let hint = hints.get(place).copied().flatten();
        let others = switch.settings.iter().copied().filter(|setting| Some(*setting) != hint);
        for setting in hint.into_iter().chain(others) {
            if self.left == 0 {
                self.leave_open(bound);
                break;
            }
            self.set(place, Some(setting));
            self.node(hints, Some(known));
        }
        self.set(place, None);
    }

    fn undecided(&self, fits: impl Fn(&Switch) -> bool) -> Option<usize> {
        let open = self.plan.switches.iter().zip(&self.settings);
        open.enumerate()
            .find(|(_, (switch, setting))| setting.is_none() && fits(switch))
            .map(|(place, _)| place)
    }

    /// Basket amounts and the delivery are decided: gives choices to the units, as if every tier were reached that they name.
    /// Where the best way does not reach one, that switch is decided and the search goes on.
    fn lines(&mut self, relaxation: &Relaxation, bound: &Value, hints: &[Option<Setting>]) {
        let least = self.best.settled.value.clone();
        let (on, used) = self.decided();
        let floor = Floor::of(self.problem, self.choices, relaxation);
        let is_first = self.fixed.forced.is_empty() && self.fixed.barred.is_empty();
        // A wider beam first: the better the way that is known, the fewer labels the proof needs.
        let width = if is_first { label::BROAD } else { label::BEAM };
        if let Ok(found) = label::run(&floor, (&least, used.clone()), (width, true), &mut self.left) {
            for (value, served) in found.ways.iter().take(label::BEAM) {
                if *value < self.best.settled.value {
                    break;
                }
                self.leaf(served, &on, value);
            }
        }
        let least = self.best.settled.value.clone();
        let goal = (&least, used.clone());
        // So much for the proof by labels alone; where that is not enough, a unit is decided and both sides are looked at.
        let part = if is_first { self.left / LABEL_PART } else { self.left.min(LABEL_STEPS_MAX) };
        let mut left = part;
        let found = label::run(&floor, goal, (label::LABELS_MAX, false), &mut left);
        self.left -= part - left;
        let mut ceiling = bound.clone();
        let mut next = self.undecided(|_| true);
        let is_counted = found.is_ok();
        if let Ok(found) = found {
            for (value, served) in &found.ways {
                if *value < self.best.settled.value {
                    break;
                }
                self.leaf(served, &on, value);
            }
            if found.bound <= self.best.settled.value {
                return;
            }
            if let Some((_, served)) = found.ways.first() {
                next = self.broken(served).or(next);
            }
            ceiling = ceiling.min(found.bound);
        }
        // A unit of a long line decides little.
        let is_long = next.is_some() && relaxation.lines.iter().any(|line| line.quantity > LONG_MIN);
        let unit = if is_counted || is_long { None } else { self.stool(relaxation) };
        match (unit, next) {
            (Some(unit), _) => self.split(unit, hints, &relaxation.known(), &ceiling),
            (None, Some(place)) => self.decide(place, hints, &relaxation.known(), &ceiling),
            // Something takes effect after a shared amount: every assignment is looked at.
            (None, None) => {
                let root = Node { line: 0, pick: 0, label: floor.begin(used) };
                self.units(&floor, root, &on, &ceiling);
            }
        }
    }

    /// The first undecided switch whose tier is not the one that a way reaches.
    fn broken(&self, served: &[Served]) -> Option<usize> {
        let sums = way::sums(self.choices, served);
        self.plan.switches.iter().enumerate().zip(&self.settings).find_map(|((place, switch), setting)| {
            let tiers = way::tiers(self.problem, self.plan, self.choices, served, place);
            let is_kept = |act: &Act| {
                switch.settings.iter().any(|setting| {
                    setting.effect == Effect::Units(*act)
                        && setting
                            .need
                            .is_none_or(|(gauge, sum)| sums.get(gauge).is_some_and(|at| at.0 >= sum))
                        && setting
                            .limit
                            .is_none_or(|(gauge, sum)| sums.get(gauge).is_some_and(|at| at.1 <= sum))
                })
            };
            let is_broken = tiers.len() > 1 || !tiers.iter().all(is_kept);
            (setting.is_none() && is_broken).then_some(place)
        })
    }
}
