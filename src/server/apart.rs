//! Work that takes long, or waits for a disk, leaves the threads that answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::spawn_blocking;

use super::spans::carried;

/// The work has panicked, or the service has ended before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work was not done to its end")]
pub struct Undone;

/// Runs work on a thread that may wait. Where there is but one thread, as in a simulation, it is done at once: nobody else could answer
/// meanwhile, and what comes of it comes the same way again.
///
/// # Errors
/// It has panicked, or the service ends.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Undone> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return catch_unwind(AssertUnwindSafe(work)).map_err(|_| Undone);
    }
    spawn_blocking(carried(work)).await.map_err(|_| Undone)
}
