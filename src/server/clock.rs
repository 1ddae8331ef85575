//! The one place where time is read: the core gets instants as arguments.

use std::cell::Cell;
use std::time;

use jiff::Timestamp;

use crate::time::Instant;

thread_local! {
    /// The wall clock of this thread, where it has another than that of the system.
    static OTHER: Cell<Option<fn() -> Timestamp>> = const { Cell::new(None) };
}

/// Gives this thread another wall clock, or that of the system again. For who simulates time: a simulation runs on one thread.
pub fn set(other: Option<fn() -> Timestamp>) {
    OTHER.set(other);
}

/// The moment by the wall clock, with its fraction of a second.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
pub fn timestamp() -> Timestamp {
    OTHER.get().map_or_else(Timestamp::now, |other| other())
}

/// The second by the wall clock.
#[must_use]
pub fn now() -> Instant {
    Instant::from(timestamp())
}

/// A reading of the clock that only runs forward: for deadlines and durations. That of tokio, so that it stands still where that is held.
#[must_use]
pub fn steady() -> time::Instant {
    tokio::time::Instant::now().into_std()
}
