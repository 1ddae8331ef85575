//! The branch and bound itself. Nodes wait in a queue, and the one that promises most is looked at first: so what is left
//! open when the work runs out is as little as it can be.

mod queue;
mod state;
mod first;
mod near;
mod polish;
mod branch;
mod units;

use std::rc::Rc;

use fixedbitset::FixedBitSet;

use super::choice::{self, Act, Choices};
use super::label;
use super::relax::{Begin, Known, Relaxation, whole};
use super::route::Route;
use super::solution::{Solution, Worth};
use super::switch::{Effect, Plan, Switch};
use super::tie::Used;
use super::way::{self, Served};
use crate::pricing::problem::Problem;
use crate::pricing::settle::Value;
use queue::{Decided, Node};
use state::Search;

pub(super) use state::Best;

/// The parts of the work that a climb and the attempts may take: one in so many.
const CLIMB_PART: u64 = 8;
const ATTEMPT_PART: u64 = 8;
/// The work of a proof after which attempts are worth theirs: a short proof needs none.
const PATIENCE: u64 = 4_000;
/// What is not proven gets so much more for the last kopiykas: one part in so many of the whole.
const POLISH_PART: u64 = 16;
/// The work that the first proof by labels may take before anything is decided: one part in so many of what is left.
const LABEL_PART: u64 = 4;
/// The same once something is decided.
const LABEL_STEPS_MAX: u64 = 30_000;
/// The work that may go into looking at every assignment of a node: one part in so many of what is left.
const UNITS_PART: u64 = 4;

/// Searches within `steps` of work, from an assignment that is known already if there is one.
pub(super) fn run(
    problem: &Problem,
    choices: &mut Choices,
    plan: &Plan,
    steps: u64,
    worth: Option<&Worth<'_>>,
    known: Option<Best>,
) -> Solution {
    let mut search = Search::new(problem, choices, plan, steps, worth);
    let hints = search.climb(steps / CLIMB_PART);
    if let Some(known) = known.filter(|known| known.beats(&search.best, problem, worth)) {
        search.best = known;
    }
    search.attempts = steps / ATTEMPT_PART;
    let mut ceiling = search.prove(&hints);
    if search.is_loose {
        let (best, best_way, left, attempts) = (search.best, search.best_way, search.left, search.attempts);
        choice::tighten(problem, choices);
        search = Search {
            best,
            best_way,
            attempts,
            may_enumerate: true,
            ..Search::new(problem, choices, plan, left, worth)
        };
        ceiling = search.prove(&hints);
    }
    let mut worked = steps - search.left.min(steps);
    if search.open.is_some() {
        search.left = steps / POLISH_PART;
        search.polish();
        worked += steps / POLISH_PART - search.left;
    }
    let possible_gain = search.gain(&ceiling);
    Solution { settled: search.best.settled, possible_gain, steps: worked }
}

impl Search<'_> {
    /// Looks at nodes until none promises more than the best assignment, or the work is done. Returns a bound of everything.
    fn prove(&mut self, hints: &Decided) -> Value {
        self.decided = Decided::nothing(self.plan);
        let ceiling = self.bounded(Begin::Anew).map(|relaxation| {
            let bound = whole(&relaxation.bound());
            self.push(bound.clone(), &Rc::new(relaxation.known()));
            bound
        });
        let mut is_first = true;
        let patience = self.left.saturating_sub(PATIENCE);
        while let Some(node) = self.queue.pop() {
            if self.left < patience {
                self.attempt(hints);
            }
            if node.bound < self.best.settled.value {
                break;
            }
            if self.left == 0 {
                self.leave_open(&node.bound);
                break;
            }
            if self.is_loose {
                break;
            }
            self.look_at(node, hints, &mut is_first);
        }
        ceiling.unwrap_or_else(|| self.best.settled.value.clone())
    }

    /// The relaxation under what is decided; nothing where it promises less than the best assignment.
    fn bounded(&mut self, begin: Begin<'_>) -> Option<Relaxation> {
        let least = self.best.settled.value.clone();
        let mut steps = 1;
        let problem = (self.problem, self.choices, self.plan);
        let decided = (&self.decided.settings[..], (None, &self.decided.fixed));
        let relaxation = Relaxation::new(problem, decided.0, decided.1, &least, begin, &mut steps);
        self.left = self.left.saturating_sub(steps);
        relaxation.filter(|relaxation| whole(&relaxation.bound()) >= least)
    }

    /// Decides more, or gives choices to the units.
    fn look_at(&mut self, node: Node, hints: &Decided, is_first: &mut bool) {
        self.decided = node.decided;
        let Some(relaxation) = self.bounded(Begin::From(&node.known)) else {
            return;
        };
        let bound = whole(&relaxation.bound()).min(node.bound);
        // Basket amounts and the delivery first: under them the sums are what they are.
        match self.undecided(|switch| !switch.is_of_units()) {
            Some(place) => self.decide(place, hints, &relaxation, &bound),
            None => self.serve(&relaxation, bound, hints, std::mem::take(is_first)),
        }
    }

    /// Puts a node for every setting of a switch into the queue: the one of `hints` is looked at first.
    fn decide(&mut self, place: usize, hints: &Decided, relaxation: &Relaxation, bound: &Value) {
        let Some(switch) = self.plan.switches.get(place) else {
            return;
        };
        let hint = hints.settings.get(place).copied().flatten();
        let others = switch.settings.iter().rev().copied().filter(|setting| Some(*setting) != hint);
        let known = Rc::new(relaxation.known());
        for setting in others.chain(hint) {
            self.set(place, Some(setting));
            self.push(bound.clone(), &known);
        }
        self.set(place, None);
    }

    fn push(&mut self, bound: Value, known: &Rc<Known>) {
        self.queue.push(bound, self.decided.clone(), Rc::clone(known));
    }

    fn undecided(&self, fits: impl Fn(&Switch) -> bool) -> Option<usize> {
        let open = self.plan.switches.iter().zip(&self.decided.settings);
        open.enumerate()
            .find(|(_, (switch, setting))| setting.is_none() && fits(switch))
            .map(|(place, _)| place)
    }

    /// Basket amounts and the delivery are decided: gives choices to the units, as if every tier were reached that they name.
    /// Where the best way does not reach one, that switch is decided; where there are too many labels, what lowers the bound most.
    fn serve(&mut self, relaxation: &Relaxation, bound: Value, hints: &Decided, is_first: bool) {
        let (on, used) = self.on();
        let route = Route::of(self.problem, self.choices, relaxation);
        // A beam first: the better the way that is known, the fewer labels the proof needs.
        let width = if is_first { label::BROAD } else { label::BEAM };
        let least = self.best.settled.value.clone();
        if let Ok(found) = label::run(&route, (&least, used.clone()), (width, true), &mut self.left) {
            self.leaves(found.ways.get(..label::BEAM).unwrap_or(&found.ways), &on);
        }
        let most = if is_first { self.left / LABEL_PART } else { LABEL_STEPS_MAX };
        let mut found = self.labels(&route, &used, if self.attempts > 0 { most.min(PATIENCE) } else { most });
        if found.is_err() && self.attempts > 0 {
            self.attempt(hints);
            found = self.labels(&route, &used, most);
        }
        let Ok(found) = found else {
            if !std::mem::replace(&mut self.is_improved, true) {
                self.improve(relaxation);
            }
            self.branch(relaxation, &bound);
            return;
        };
        self.leaves(&found.ways, &on);
        if found.bound <= self.best.settled.value {
            return;
        }
        let broken = found.ways.first().and_then(|(_, served)| self.broken(served));
        let ceiling = bound.min(found.bound);
        match broken.or_else(|| self.undecided(|_| true)) {
            Some(place) => self.decide(place, hints, relaxation, &ceiling),
            // Something takes effect after a shared amount: that must be known better, or every assignment be looked at.
            None if !self.may_enumerate => self.is_loose = true,
            None => {
                let root = units::Node { line: 0, pick: 0, label: route.begin(used) };
                self.units(&route, root, &on, &ceiling, self.left / UNITS_PART);
            }
        }
    }

    /// Proves by labels, within `steps`.
    fn labels(&mut self, route: &Route<'_>, used: &Used, steps: u64) -> Result<label::Found, ()> {
        let part = steps.min(self.left);
        let mut left = part;
        let least = self.best.settled.value.clone();
        let found = label::run(route, (&least, used.clone()), (label::LABELS_MAX, false), &mut left);
        self.left -= part - left;
        found
    }

    /// Prices ways, the best first, as long as they could be better than the best.
    fn leaves(&mut self, ways: &[(Value, Vec<Served>)], on: &FixedBitSet) {
        for (value, served) in ways {
            if *value < self.best.settled.value {
                break;
            }
            self.leaf(served, on, value);
        }
    }

    /// The first undecided switch whose tier is not the one that a way reaches.
    fn broken(&self, served: &[Served]) -> Option<usize> {
        let sums = way::sums(self.choices, served);
        let switches = self.plan.switches.iter().enumerate().zip(&self.decided.settings);
        switches.filter(|(_, setting)| setting.is_none()).find_map(|((place, switch), _)| {
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
            (tiers.len() > 1 || !tiers.iter().all(is_kept)).then_some(place)
        })
    }
}
