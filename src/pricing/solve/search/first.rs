//! Good assignments to begin with: no proof is wanted of them, and a proof is the shorter the better they are.

use super::super::label;
use super::super::relax::{Begin, Only, Relaxation};
use super::super::route::Route;
use super::super::switch::Switch;
use super::super::way::Served;
use super::queue::Decided;
use super::state::{Search, last};
use crate::pricing::settle::Value;

/// Rounds of the climb over the switches.
const CLIMBS_MAX: usize = 3;
/// Orders in which promotions with sets are served one by one.
const ATTEMPTS_MAX: usize = 64;

impl Search<'_> {
    /// A good assignment to begin with: every switch off, then setting by setting whatever makes it better. Returns the
    /// settings that were found best.
    pub(super) fn climb(&mut self, steps: u64) -> Decided {
        let end = self.left.saturating_sub(steps);
        let off = |switch: &Switch| switch.settings.last().copied();
        self.decided.settings = self.plan.switches.iter().map(off).collect();
        self.beam();
        for _ in 0..CLIMBS_MAX {
            let before = self.best.settled.value.clone();
            for (place, switch) in self.plan.switches.iter().enumerate() {
                let held = self.decided.settings.clone();
                let mut found = held.clone();
                for setting in &switch.settings {
                    if self.left <= end {
                        break;
                    }
                    let value = self.best.settled.value.clone();
                    self.decided.settings.clone_from(&held);
                    self.set(place, Some(*setting));
                    self.beam();
                    if self.best.settled.value > value {
                        found.clone_from(&self.decided.settings);
                    }
                }
                self.decided.settings = found;
            }
            if self.best.settled.value == before || self.left <= end {
                break;
            }
        }
        std::mem::replace(&mut self.decided, Decided::nothing(self.plan))
    }

    /// Tries what other engines do: one promotion with sets after the other takes the best it can on the units that are left.
    /// In several orders: those that take most first, those that take most of each unit first, as they stand. Once is enough.
    pub(super) fn attempt(&mut self, hints: &Decided) {
        let steps = std::mem::take(&mut self.attempts);
        if steps > 0 {
            let decided = std::mem::replace(&mut self.decided, hints.clone());
            self.in_orders(steps);
            self.decided = decided;
        }
    }

    fn in_orders(&mut self, steps: u64) {
        let end = self.left.saturating_sub(steps);
        let mut offers: Vec<usize> = self.choices.kits.iter().map(|kit| kit.offer).collect();
        offers.dedup();
        if offers.len() < 2 {
            return;
        }
        let whole: Vec<u32> = self.problem.lines.iter().map(|line| line.quantity).collect();
        let mut alone: Vec<(i64, i64, usize)> = Vec::new();
        let plain = self.alone(usize::MAX, &whole).map_or(0, |(value, _)| last(&value));
        for &offer in &offers {
            if let Some((value, served)) = self.alone(offer, &whole) {
                let units: i64 = self.seated(&served).map(|units| i64::from(units.count)).sum();
                alone.push((last(&value) - plain, units.max(1), offer));
            }
        }
        let mut orders: Vec<Vec<usize>> = Vec::new();
        let mut by = |key: &dyn Fn(&(i64, i64, usize)) -> i64| {
            let mut order = alone.clone();
            order.sort_by_key(|numbers| std::cmp::Reverse(key(numbers)));
            orders.push(order.into_iter().map(|(_, _, offer)| offer).collect());
        };
        by(&|&(gain, _, _)| gain);
        by(&|&(gain, units, _)| gain / units);
        by(&|_| 0);
        let mut turn = 0;
        let mut best: Vec<usize> = Vec::new();
        let mut tried: Vec<Vec<usize>> = Vec::new();
        while self.left > end && turn < ATTEMPTS_MAX {
            let order = match orders.get(turn) {
                Some(order) => order.clone(),
                // Then the best so far with one promotion served at another place.
                None => {
                    let mut order = best.clone();
                    let (from, to) = ((turn * 7) % order.len().max(1), (turn * 13 + 5) % order.len().max(1));
                    if let Some(moved) = (from < order.len()).then(|| order.remove(from)) {
                        order.insert(to.min(order.len()), moved);
                    }
                    order
                }
            };
            turn += 1;
            if tried.contains(&order) {
                continue;
            }
            let before = self.best.settled.value.clone();
            self.one_by_one(&order, whole.clone());
            if self.best.settled.value > before || best.is_empty() {
                best.clone_from(&order);
            }
            tried.push(order);
        }
    }

    /// Serves the offers one by one and prices what comes out.
    fn one_by_one(&mut self, order: &[usize], mut left: Vec<u32>) {
        let mut kept: Vec<Served> = Vec::new();
        for &offer in order {
            let Some((_, served)) = self.alone(offer, &left) else {
                continue;
            };
            let seated: Vec<Served> = self.seated(&served).collect();
            for units in &seated {
                if let Some(left) = left.get_mut(units.line) {
                    *left -= units.count.min(*left);
                }
            }
            kept.extend(seated);
        }
        if let Some((_, served)) = self.alone(usize::MAX, &left) {
            kept.extend(served);
            let most = Value::from_elem(0, self.problem.levels);
            let (on, _) = self.on();
            self.leaf(&kept, &on, &most);
        }
    }

    /// Units that stand in sets.
    fn seated<'s>(&'s self, served: &'s [Served]) -> impl Iterator<Item = Served> + 's {
        served.iter().copied().filter(|units| {
            let choice = self.choices.lines.get(units.line).and_then(|list| list.get(units.choice));
            choice.is_some_and(|choice| !choice.seats.is_empty())
        })
    }

    /// The best way of one offer's sets on the units that are left, as far as a narrow beam finds it.
    fn alone(&mut self, offer: usize, left: &[u32]) -> Option<(Value, Vec<Served>)> {
        let only = Only { offer, left };
        let least = Value::from_elem(i64::MIN / 4, self.problem.levels);
        let mut steps = 0;
        let problem = (self.problem, self.choices, self.plan);
        let relaxation = Relaxation::new(
            problem,
            &self.decided.settings,
            (Some(&only), &self.decided.fixed),
            &least,
            Begin::Guess,
            &mut steps,
        );
        self.left = self.left.saturating_sub(steps);
        let relaxation = relaxation?;
        let route = Route::of(self.problem, self.choices, &relaxation);
        let (_, used) = self.on();
        let found = label::run(&route, (&least, used), (label::BEAM, true), &mut self.left).ok()?;
        found.ways.into_iter().next()
    }

    /// A good way under the settings, as far as a narrow beam finds one.
    fn beam(&mut self) {
        let least = self.best.settled.value.clone();
        let mut steps = 0;
        let problem = (self.problem, self.choices, self.plan);
        let relaxation = Relaxation::new(
            problem,
            &self.decided.settings,
            (None, &self.decided.fixed),
            &least,
            Begin::Guess,
            &mut steps,
        );
        self.left = self.left.saturating_sub(steps);
        let Some(relaxation) = relaxation else {
            return;
        };
        let route = Route::of(self.problem, self.choices, &relaxation);
        let (on, used) = self.on();
        let mut left = self.left;
        if let Ok(found) = label::run(&route, (&least, used), (label::BEAM, true), &mut left) {
            for (value, served) in found.ways {
                if value < self.best.settled.value {
                    break;
                }
                self.leaf(&served, &on, &value);
            }
        }
        self.left = self.left.min(left);
        // What a beam leaves open is nothing that a proof is owed for.
        self.open = None;
    }
}
