//! The best assignment, with its proof.
//!
//! Three things couple units. *Switches* say which tier a sum or a number of units reaches, which basket amounts
//! are on, which promotion the delivery gets. *Rows* are linear: a sum to be reached, a maximum, a number of units or sets.
//! *Kits* are the ways to make up sets: so many units of each role. Under given switches a unit's *choices* are worth what
//! they take off by themselves, and a Lagrangian *relaxation* of rows and kits bounds what is still open.
//!
//! First comes a good price: a climb over the settings with narrow beams of labels, and promotions with sets served one
//! by one. Then the proof, by branch and bound, the most promising node first. Basket amounts and the delivery are decided
//! before anything else. Below them *labels* give choices to the units of each line, alike units counted, by dynamic
//! programming. Where the best way does not reach a tier that its units carry, that switch is decided; where there are too many
//! labels, whatever lowers the bound most. Every complete way is grouped into sets and priced by `settle`, which has the last
//! word, so a bound may be loose and the answer is exact all the same.
//!
//! Work is counted, never timed. When it runs out, the best bound that was left open says how much better a price could
//! at most be.

mod solution;
mod choice;
mod switch;
mod relax;
mod rest;
mod tally;
mod tie;
mod way;
mod orders;
mod grouping;
mod route;
mod label;
mod search;
mod straight;

pub use solution::{Solution, Worth};

use super::problem::Problem;
use crate::money::Amount;
use straight::Straight;

/// The straight path may take one part in so many of the work.
const STRAIGHT_PART: u64 = 10;

/// The assignment that [`solve`] finds within `steps`, where the straight path leads to it within `most` of them; nothing where it does
/// not.
#[must_use]
pub fn solve_at_once(
    problem: &Problem,
    steps: u64,
    most: u64,
    worth: Option<&Worth<'_>>,
) -> Option<Solution> {
    straight::solve(problem, most.min(steps / STRAIGHT_PART), worth)?.ended()
}

/// Finds the best assignment within `steps` of work. Without gifts and points there is no `worth`.
///
/// Of the ways that cost the same `worth` sees those that the search prices. A way that is let go because another takes off
/// as much and uses no more promotions is not seen: it could earn more where gifts or points are for a part of the goods.
#[must_use]
pub fn solve(problem: &Problem, steps: u64, worth: Option<&Worth<'_>>) -> Solution {
    let (known, ceiling, worked) = match straight::solve(problem, steps / STRAIGHT_PART, worth) {
        Some(Straight { best, ceiling, steps }) if ceiling.is_none_or(|ceiling| best.is_at(ceiling)) => {
            return Solution { settled: best.settled, possible_gain: None, steps };
        }
        Some(Straight { best, ceiling, steps }) => (Some(best), ceiling, steps),
        None => (None, None, 0),
    };
    let mut choices = choice::list(problem);
    let plan = switch::plan(problem, &choices);
    let mut solution = search::run(problem, &mut choices, &plan, steps.saturating_sub(worked), worth, known);
    solution.steps += worked;
    if let Some(ceiling) = ceiling {
        // Two bounds hold: the better one counts.
        let gain = ceiling - solution.settled.value.last().copied().unwrap_or_default();
        let gain = Some(Amount::from_minor(gain.max(0))).filter(|gain| !gain.is_zero());
        solution.possible_gain = gain.zip(solution.possible_gain).map(|(one, other)| one.min(other));
    }
    solution
}
