//! What calls are counted by, together.

use super::calls::Calls;
use super::failures::Failures;
use super::histogram::Histogram;

/// What calls are counted by.
#[derive(Debug)]
pub struct Meters {
    /// Calls by method and status.
    pub calls: Calls,
    /// Failures by reason.
    pub failures: Failures,
    /// How long one basket took, of a call or of a stream.
    pub baskets: Histogram,
}

impl Default for Meters {
    fn default() -> Self {
        Meters { calls: Calls::default(), failures: Failures::default(), baskets: Histogram::of_times() }
    }
}
