//! Better assignments near good ones, where the proof will take long.

use super::super::label;
use super::super::relax::{Begin, Fixed, Known, Relaxation, last_of};
use super::super::route::Route;
use super::super::switch::{Effect, Setting};
use super::super::way::{self, Served};
use super::queue::Decided;
use super::state::Search;
use crate::pricing::settle::Value;

/// The part of the work that is left that a dive and the neighborhoods may take: one in so many.
const DIVE_PART: u64 = 8;
const NEAR_PART: u64 = 4;
/// Lines whose units are free to choose anew.
const FREE_MIN: usize = 5;
const FREE_MAX: usize = 14;
/// Neighborhoods in a row that bring nothing, times the lines, after which it is enough.
const IDLE_MAX: usize = 3;

impl Search<'_> {
    /// Goes down to settings that a good way keeps, then looks for better ways near the best one.
    pub(super) fn improve(&mut self, relaxation: &Relaxation) {
        let decided = self.decided.clone();
        self.dive(relaxation, self.left / DIVE_PART);
        self.neighborhoods(&relaxation.known(), self.left / NEAR_PART);
        self.decided = decided;
    }

    /// Decides the switches that the best way breaks, one after the other, each as the bound likes best.
    fn dive(&mut self, relaxation: &Relaxation, steps: u64) {
        let end = self.left - steps;
        let mut known = relaxation.known();
        let mut under = self.bounded(Begin::As(&known));
        while let Some(relaxation) = under.take().filter(|_| self.left > end) {
            let (on, used) = self.on();
            let route = Route::of(self.problem, self.choices, &relaxation);
            let least = Value::from_elem(i64::MIN / 4, self.problem.levels);
            let Ok(found) = label::run(&route, (&least, used), (label::BROAD, true), &mut self.left) else {
                return;
            };
            self.leaves(found.ways.get(..label::BEAM).unwrap_or(&found.ways), &on);
            let broken = found.ways.first().and_then(|(_, served)| self.broken(served));
            let Some((place, switch)) = broken.and_then(|at| Some((at, self.plan.switches.get(at)?))) else {
                return;
            };
            let mut best: Option<(i128, Setting)> = None;
            for &setting in &switch.settings {
                self.set(place, Some(setting));
                let bound =
                    self.bounded(Begin::From(&known)).map(|side| (last_of(&side.bound()), side.known()));
                if let Some((bound, below)) =
                    bound.filter(|(bound, _)| best.is_none_or(|(most, _)| *bound > most))
                {
                    best = Some((bound, setting));
                    known = below;
                }
            }
            self.set(place, best.map(|(_, setting)| setting));
            under = best.and_then(|_| self.bounded(Begin::As(&known)));
        }
    }

    /// Frees the units of some lines of the best way, leaves the others as they are, and serves the free ones as well as a
    /// beam can; again and again, with lines that share promotions.
    fn neighborhoods(&mut self, known: &Known, steps: u64) {
        let end = self.left - steps;
        let count = self.problem.lines.len();
        let (mut turn, mut idle, mut size) = (0_usize, 0, FREE_MIN);
        while self.left > end && size <= FREE_MAX && !self.best_way.0.is_empty() {
            let (served, settings) = self.best_way.clone();
            let served = way::trimmed(self.choices, &served);
            let free = self.related(turn, size);
            let kept = served.iter().filter(|units| !free.contains(&units.line));
            let forced = kept.map(|units| (units.line, units.choice, units.count)).collect();
            let settings = self.settled(&served, settings);
            self.decided = Decided { settings, fixed: Fixed { forced, barred: Vec::new() } };
            let before = self.best.settled.value.clone();
            self.left = self.left.saturating_sub(u64::try_from(count).unwrap_or_default());
            if let Some(relaxation) = self.bounded(Begin::As(known)) {
                let (on, used) = self.on();
                let route = Route::of(self.problem, self.choices, &relaxation);
                if let Ok(found) = label::run(&route, (&before, used), (label::BEAM, true), &mut self.left) {
                    self.leaves(found.ways.get(..label::BEAM).unwrap_or(&found.ways), &on);
                }
            }
            turn += 1;
            idle = if self.best.settled.value > before { 0 } else { idle + 1 };
            if idle > IDLE_MAX * count {
                idle = 0;
                size += 3;
            }
        }
    }

    /// The settings of a way: what was left open is set to what the way reaches.
    fn settled(&self, served: &[Served], mut settings: Vec<Option<Setting>>) -> Vec<Option<Setting>> {
        let sums = way::sums(self.choices, served);
        for (switch, slot) in self.plan.switches.iter().zip(&mut settings) {
            let holds = |setting: &&Setting| {
                let at = |gauge: usize| sums.get(gauge).copied().unwrap_or_default();
                setting.need.is_none_or(|(gauge, sum)| at(gauge).0 >= sum)
                    && setting.limit.is_none_or(|(gauge, sum)| at(gauge).1 <= sum)
                    && matches!(setting.effect, Effect::Units(_) | Effect::Off)
            };
            *slot = slot.or_else(|| switch.settings.iter().find(holds).copied());
        }
        settings
    }

    /// So many lines: one, and those that share the most promotions with it; each turn begins elsewhere.
    fn related(&self, turn: usize, size: usize) -> Vec<usize> {
        let count = self.problem.lines.len();
        let seed = (turn * 7919 + turn / count.max(1)) % count.max(1);
        let on = |line: usize| self.problem.offers.iter().map(move |offer| offer.on.contains(line));
        let couples = |offer: &crate::pricing::problem::Offer| offer.set.is_some() || offer.count.is_some();
        let shared = |line: usize| {
            let both = on(seed).zip(on(line)).zip(&self.problem.offers);
            both.filter(|((one, other), offer)| *one && *other && couples(offer)).count()
        };
        let mut lines: Vec<usize> = (0..count).collect();
        // Among equals another part each turn.
        let mixed = |line: usize| (line * 31 + turn * 17) % 101;
        lines.sort_by_cached_key(|&line| {
            (line != seed, std::cmp::Reverse(shared(line) + mixed(line) % 3), mixed(line))
        });
        lines.truncate(size);
        lines
    }
}
