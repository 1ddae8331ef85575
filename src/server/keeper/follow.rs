//! Listens to what other nodes publish.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::call::Handle;
use crate::server::store::History;

/// How often the history is asked with no word from anybody.
const LOOK: Duration = Duration::from_secs(1);

/// A task that listens; it ends with this.
#[derive(Debug)]
pub struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tells the keeper when `history` has something newer, as soon as a word of it is heard and at least once a second.
pub(super) fn follow(
    keeper: Handle,
    history: Arc<dyn History>,
    mut heard: watch::Receiver<u64>,
) -> Following {
    Following(tokio::spawn(async move {
        loop {
            let from = Arc::clone(&history);
            match spawn_blocking(move || from.newest()).await {
                // Again and again until it is in force: what could not be loaded is loaded later.
                Ok(Ok(Some(newest))) if newest.number > keeper.known() => keeper.news(),
                Ok(Err(error)) => tracing::debug!(%error, "the history of rulebooks cannot be asked"),
                _ => {}
            }
            if matches!(timeout(LOOK, heard.changed()).await, Ok(Err(_))) {
                return;
            }
        }
    }))
}
