//! The best assignment, with its proof.
//!
//! The search is a branch and bound in two floors. The upper one decides *switches*: which tier each spend reaches, which basket
//! amounts are on, which promotion the delivery gets. Under a set of such decisions a unit's *choices* are worth what they
//! take off by themselves, and what couples units is a handful of linear *rows* (a sum to be reached, a maximum, a number of
//! units). The lower floor gives choices to the units of each line, identical units counted; a Lagrangian *relaxation* of
//! the rows bounds what is still open. Every complete assignment is priced by `settle`, which has the last word, so a bound
//! may be loose and the answer is exact all the same.
//!
//! Work is counted, never timed. When it runs out, the best bound that was left open says how much better a price could
//! at most be.

mod solution;
mod choice;
mod switch;
mod relax;
mod rest;
mod tie;
mod label;
mod search;

pub use solution::Solution;

use super::problem::Problem;

/// Finds the best assignment within `steps` of work.
#[must_use]
pub fn solve(problem: &Problem, steps: u64) -> Solution {
    let choices = choice::list(problem);
    let plan = switch::plan(problem, &choices);
    search::run(problem, &choices, &plan, steps)
}
