//! Progress on long work: on a terminal alone, on standard error, and only when it takes long enough to wonder.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Nobody wonders before.
const QUIET: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// Does `work`, and turns a wheel beside `what` when it takes long.
pub fn with_wheel<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (done, is_done) = channel::<()>();
        scope.spawn(move || {
            if is_done.recv_timeout(QUIET) == Err(RecvTimeoutError::Timeout) {
                // Draws nothing unless standard error is a terminal.
                let wheel = ProgressBar::new_spinner().with_message(what);
                wheel.enable_steady_tick(TICK);
                let _ = is_done.recv();
                wheel.finish_and_clear();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// A bar for `count` steps.
#[must_use]
pub fn bar(count: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX)).with_message(what);
    match ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A bar for `count` things of which many pass in a second: it tells how many.
#[must_use]
pub fn rated(count: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(count).with_message(what);
    match ProgressStyle::with_template("{msg} [{bar:30}] {human_pos}/{human_len} {per_sec} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
