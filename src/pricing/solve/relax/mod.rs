//! The lines under settings of the switches, with a bound on what they can take off.
//!
//! Rows couple the lines: a sum to be reached, a number of units, an amount that is shared. Kits couple them too: each set
//! needs its units in every role. Each row and each role gets a multiplier that charges (or pays) a choice for its part;
//! whatever the multipliers, the best charged choices together with the rows' and the kits' own side bound every assignment
//! from above. A switch that is not decided counts with the best that it could do.

mod bound;
mod lanes;
mod kits;
mod model;
mod order;
mod build;
mod prune;
mod tune;

pub(super) use bound::{Bound, add, last as last_of, whole};
pub(super) use kits::RelaxedKit;
pub(super) use lanes::Lanes;
pub(super) use model::{Begin, Fixed, Known, LinePicks, Only, Pick, Relaxation, Sense};

use super::choice::Choices;
use super::switch::{Plan, Setting};
use crate::pricing::problem::Problem;
use crate::pricing::settle::Value;

/// Choices looked at for one step of work.
const PICKS_A_STEP: u64 = 8;

impl Relaxation {
    /// Builds the rows and finds good multipliers, and counts the work into `steps`; `None` where some line has no choice
    /// left, or as soon as the bound is worse than `least`.
    pub(super) fn new(
        (problem, choices, plan): (&Problem, &Choices, &Plan),
        settings: &[Option<Setting>],
        (only, fixed): (Option<&Only<'_>>, &Fixed),
        least: &Value,
        begin: Begin<'_>,
        steps: &mut u64,
    ) -> Option<Self> {
        let mut relaxation = build::relaxation(problem, choices, plan, settings, (only, fixed))?;
        let is_open = tune::tune(&mut relaxation, least, begin);
        *steps += relaxation.steps / PICKS_A_STEP;
        is_open.then(|| {
            relaxation.charge();
            relaxation
        })
    }
}
