//! The wall clock of a simulated host: it goes with simulated time, and can be set.

use std::cell::Cell;
use std::time::Duration;

use jiff::Timestamp;
use pricewright::server::clock;

/// When every simulation begins: 2026-11-27T10:00:00Z.
const BEGIN: i64 = 1_795_773_600;

thread_local! {
    /// Seconds by which the clock of the service on this thread is wrong.
    static WRONG: Cell<i64> = const { Cell::new(0) };
    /// The last moment that was seen, for those who ask between two steps.
    static SEEN: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Gives this thread the clock of a simulation that begins.
pub(crate) fn begin() {
    set(0);
    SEEN.set(Duration::ZERO);
    clock::set(Some(now));
}

/// Sets the clock of the service: so many seconds from the right time.
pub(crate) fn set(wrong: i64) {
    WRONG.set(wrong);
}

fn now() -> Timestamp {
    let elapsed = if turmoil::in_simulation() { turmoil::sim_elapsed() } else { None };
    let elapsed = elapsed.unwrap_or_else(|| SEEN.get());
    SEEN.set(elapsed);
    let begin = Timestamp::from_second(BEGIN + WRONG.get()).unwrap();
    begin + elapsed
}
