//! Work that takes long, or waits for a disk, leaves the threads that answer.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use super::failure::Failure;
use super::gate::Call;
use crate::server::apart::apart;

/// Runs work on a thread of its own, when one of the places is free, within the deadline.
pub(super) async fn aside<T: Send + 'static>(
    places: &Arc<Semaphore>,
    call: Call,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let place = timeout_at(call.deadline, Arc::clone(places).acquire_owned());
    let place = place.await.map_err(|_| Failure::TooLate)?.map_err(|_| Failure::ShuttingDown)?;
    let work = apart(move || {
        let _place = place;
        work()
    });
    timeout_at(call.deadline, work).await.map_err(|_| Failure::TooLate)?.map_err(|_| Failure::Internal)
}
