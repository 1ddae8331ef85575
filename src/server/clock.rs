//! The one place where time is read: the core gets instants as arguments.

use std::time;

use jiff::Timestamp;

use crate::time::Instant;

/// The moment by the wall clock, with its fraction of a second.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
pub fn timestamp() -> Timestamp {
    Timestamp::now()
}

/// The second by the wall clock.
#[must_use]
pub fn now() -> Instant {
    Instant::from(timestamp())
}

/// A reading of the clock that only runs forward: for deadlines and durations.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the steady clock is read")]
pub fn steady() -> time::Instant {
    time::Instant::now()
}
