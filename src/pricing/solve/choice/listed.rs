//! What the whole problem offers its units.

use super::kit::Kit;
use super::model::{Choice, Gauge};

/// The choices of every line, and the sums that they add to.
pub(in crate::pricing::solve) struct Choices {
    /// The sums.
    pub gauges: Vec<Gauge>,
    /// The offers whose maximum may hold something back.
    pub capped: Vec<usize>,
    /// Of what each of these takes at its maximum, the most that the customer keeps once later percentages find less: in minor
    /// units.
    pub kept: Vec<i64>,
    /// For each line its choices, the best first; never empty, and the choice of nothing is among them.
    pub lines: Vec<Vec<Choice>>,
    /// The ways to make up sets.
    pub kits: Vec<Kit>,
    /// The most that all sets of an offer get as a whole, for each offer whose sets get an amount.
    pub gains: Vec<i64>,
    /// What ways that are not listed could take off beyond what is.
    pub unlisted: i64,
}

impl Choices {
    /// Choices of which only what units carry is of interest.
    pub(in crate::pricing::solve) fn standing(lines: Vec<Vec<Choice>>, kits: Vec<Kit>) -> Self {
        Choices {
            gauges: Vec::new(),
            capped: Vec::new(),
            kept: Vec::new(),
            lines,
            kits,
            gains: Vec::new(),
            unlisted: 0,
        }
    }
}
