//! The unit to decide on where a bound alone does not tell choices apart.

use super::super::relax::{Begin, Known, Relaxation, last_of};
use super::super::switch::Setting;
use super::state::{Search, last};
use crate::pricing::settle::Value;

/// The units of which one is decided on.
const STOOLS_MAX: usize = 8;
/// A fall of the bound beyond which more does not count: what is multiplied stays small.
const FALL_MAX: i128 = 1 << 60;
/// How much a choice that is worth less to the bound counts against deciding on it.
const LOST_WEIGHT: i128 = 4;

impl Search<'_> {
    /// The unit to decide on: of those on which sides differ most the one that lowers the bound most on both.
    pub(super) fn stool(&mut self, relaxation: &Relaxation) -> Option<(usize, usize)> {
        let known = relaxation.known();
        let whole = last_of(&relaxation.bound());
        let mut best: Option<(i128, (usize, usize))> = None;
        for unit in stools(relaxation) {
            let mut fall = 1;
            for is_forced in [true, false] {
                let decided = if is_forced { &mut self.fixed.forced } else { &mut self.fixed.barred };
                decided.push(unit);
                let least = self.best.settled.value.clone();
                let mut steps = 0;
                let problem = (self.problem, self.choices, self.plan);
                let begin = Begin::From(&known);
                let side =
                    Relaxation::new(problem, &self.settings, (None, &self.fixed), &least, begin, &mut steps);
                self.left = self.left.saturating_sub(steps);
                let bound = side.map_or(i128::from(last(&least)), |side| last_of(&side.bound()));
                fall *= (whole - bound).clamp(1, FALL_MAX);
                let decided = if is_forced { &mut self.fixed.forced } else { &mut self.fixed.barred };
                decided.pop();
            }
            if best.is_none_or(|(most, _)| fall > most) {
                best = Some((fall, unit));
            }
        }
        best.map(|(_, unit)| unit)
    }

    /// Decides on a unit of a line: it has the choice, or no unit that is open has it.
    pub(super) fn split(
        &mut self,
        unit: (usize, usize),
        hints: &[Option<Setting>],
        known: &Known,
        bound: &Value,
    ) {
        for is_forced in [true, false] {
            if self.left == 0 {
                self.leave_open(bound);
                break;
            }
            let decided = if is_forced { &mut self.fixed.forced } else { &mut self.fixed.barred };
            decided.push(unit);
            self.node(hints, Some(known));
            let decided = if is_forced { &mut self.fixed.forced } else { &mut self.fixed.barred };
            decided.pop();
        }
    }
}

/// The units on which two sides differ most: the best choice and another are worth about the same to the bound, and what the
/// rows see of them is far apart. There the bound sits between two stools.
fn stools(relaxation: &Relaxation) -> Vec<(usize, usize)> {
    let open = relaxation.lines.iter().filter_map(|line| {
        let (best, rest) = line.picks.split_first()?;
        let score = rest.iter().map(|next| {
            let lost = last_of(&best.charged) - last_of(&next.charged);
            relaxation.apart(best, next) - lost * LOST_WEIGHT
        });
        Some((score.max()?, std::cmp::Reverse(line.line), best.choice))
    });
    let mut open: Vec<_> = open.collect();
    open.sort_by(|one, other| other.cmp(one));
    open.into_iter().take(STOOLS_MAX).map(|(_, std::cmp::Reverse(line), choice)| (line, choice)).collect()
}
