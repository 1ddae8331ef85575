//! What calls are counted by, together.

use std::sync::Arc;

use super::calls::Calls;
use super::entrance::EntranceMeters;
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
    /// What happens before a call is one.
    pub entrance: Arc<EntranceMeters>,
}

impl Default for Meters {
    fn default() -> Self {
        Meters {
            calls: Calls::default(),
            failures: Failures::default(),
            baskets: Histogram::of_times(),
            entrance: Arc::default(),
        }
    }
}
