//! Keeps what a node has of customers in memory in step with what other nodes write.
//!
//! Every write has a number without gaps, so nothing is missed, however words and connections are lost: what is behind the last number
//! that was seen is dropped, or all of it where that is too much or not there any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::cache::Cache;
use super::tables;
use crate::server::database::{Database, Error, News, TIMEOUT, Topic};

/// How often is looked with no word from anybody.
const LOOK: Duration = Duration::from_millis(500);
/// Writes that are read at once; a write is of up to a thousand profiles.
const TURNS_MAX: i64 = 64;
/// After so many looks what changed long ago is forgotten in the database: about once a minute.
const LOOKS_TO_FORGET: u32 = 120;

/// A task that follows; it ends with this.
#[derive(Debug)]
pub(super) struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to follow what is written after the turn `last`. Nothing is in `cache` yet.
pub(super) fn follow(database: &Database, news: &News, cache: &Arc<Cache>, mut last: i64) -> Following {
    let (mut heard, cache, from) = (news.heard(Topic::Customers), Arc::clone(cache), database.clone());
    Following(database.handle().spawn(async move {
        let mut looks = 0_u32;
        loop {
            match timeout(TIMEOUT, catch_up(&from, &cache, &mut last)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "changes of customers are not heard of"),
                Err(_) => {
                    tracing::debug!("changes of customers are not heard of: the database does not answer");
                }
            }
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(LOOKS_TO_FORGET) {
                let _ = timeout(TIMEOUT, forget(&from)).await;
            }
            if matches!(timeout(LOOK, heard.changed()).await, Ok(Err(_))) {
                return;
            }
        }
    }))
}

async fn catch_up(database: &Database, cache: &Cache, last: &mut i64) -> Result<(), Error> {
    let client = database.client().await?;
    let now = tables::last(client.get()?).await?;
    if now != *last {
        // A database that was put back to what it was is behind what was seen.
        let behind = now.saturating_sub(*last);
        let changes = if (1..=TURNS_MAX).contains(&behind) {
            tables::changes(client.get()?, *last, now).await?
        } else {
            None
        };
        match changes {
            Some(changes) => cache.forget(changes.ids, changes.phones),
            None => cache.clear(),
        }
        *last = now;
    }
    client.done();
    Ok(())
}

async fn forget(database: &Database) -> Result<(), Error> {
    let client = database.client().await?;
    tables::forget_changes(client.get()?).await?;
    client.done();
    Ok(())
}
