//! Keeps what this node has in memory in step with what other nodes keep, and knows how old it is.
//!
//! Records become visible in another order than that of their numbers: one with a smaller number may be kept later. What is missing is
//! therefore asked for again until it is there, or until no batch can be so old.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Steady};

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::rows::{self, value};
use super::tables::summed;
use crate::server::clock;
use crate::server::database::{self, Database, News, TIMEOUT, Topic};
use crate::server::ledger::counters::Counters;
use crate::server::ledger::error::Error;
use crate::server::ledger::recent::Recent;

/// How often is looked with no word from anybody.
const LOOK: Duration = Duration::from_secs(1);
/// After so long a number that was taken will not be used any more: no transaction lives longer.
const LATE: Duration = Duration::from_secs(30);
/// Records behind the last that may still come when a node starts; a gap that is longer was not made by batches.
const BEFORE: i64 = 1_000;
/// Records that are read at once.
const RECORDS: i64 = 5_000;

/// A task that follows; it ends with this.
#[derive(Debug)]
pub(in crate::server::ledger) struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The records that were seen.
#[derive(Debug, Default)]
struct Seen {
    last: i64,
    /// Numbers before the last that were not there, and since when they are waited for.
    missing: BTreeMap<i64, Steady>,
}

impl Seen {
    fn take(&mut self, sequence: i64, now: Steady) {
        if sequence <= self.last {
            self.missing.remove(&sequence);
            return;
        }
        let first = self.last.saturating_add(1).max(sequence.saturating_sub(BEFORE));
        self.missing.extend((first..sequence).map(|missing| (missing, now)));
        self.last = sequence;
    }

    fn forget(&mut self, now: Steady) {
        self.missing.retain(|_, since| now.duration_since(*since) < LATE);
    }
}

/// Begins to follow what is kept. Counters have been read after `last`, the last record of then.
pub(in crate::server::ledger) fn follow(
    database: &Database,
    news: &News,
    (counters, recent): (&Arc<Counters>, &Arc<Recent>),
    last: u64,
) -> Following {
    let last = i64::try_from(last).unwrap_or(i64::MAX).saturating_sub(BEFORE).max(0);
    let mut seen = Seen { last, missing: BTreeMap::new() };
    let (mut heard, from) = (news.heard(Topic::Ledger), database.clone());
    let caches = (Arc::clone(counters), Arc::clone(recent));
    Following(database.handle().spawn(async move {
        loop {
            let now = clock::steady();
            match timeout(TIMEOUT, catch_up(&from, &caches, &mut seen, now)).await {
                Ok(Ok(())) => caches.0.refreshed(now),
                Ok(Err(error)) => tracing::debug!(%error, "counters are not refreshed"),
                Err(_) => tracing::debug!("counters are not refreshed: the database does not answer"),
            }
            if matches!(timeout(LOOK, heard.changed()).await, Ok(Err(_))) {
                return;
            }
        }
    }))
}

async fn catch_up(
    database: &Database,
    (counters, recent): &(Arc<Counters>, Arc<Recent>),
    seen: &mut Seen,
    now: Steady,
) -> Result<(), Error> {
    let client = database.client().await?;
    loop {
        let missing: Vec<i64> = seen.missing.keys().copied().collect();
        let sql = "select sequence, touched from pricewright.record \
                   where sequence > $1 or sequence = any($2) order by sequence limit $3";
        let rows = rows::query(client.get()?, sql, &[&seen.last, &missing, &RECORDS]).await?;
        let (mut names, mut changed): (BTreeSet<Vec<u8>>, Vec<Vec<u8>>) = Default::default();
        let mut sequences = Vec::with_capacity(rows.len());
        for row in &rows {
            sequences.push(value::<i64>(row, 0)?);
            let touched: Vec<Vec<u8>> = value(row, 1)?;
            let (of_counters, others): (Vec<_>, Vec<_>) =
                touched.into_iter().partition(|name| name.first() == Some(&b'c'));
            names.extend(of_counters);
            changed.extend(others);
        }
        recent.forget(&changed);
        if !names.is_empty() {
            let names: Vec<Vec<u8>> = names.into_iter().collect();
            let sql = "select name, sum(held)::bigint, sum(kept)::bigint from pricewright.counter \
                       where name = any($1) group by name";
            let sums = rows::query(client.get()?, sql, &[&names]).await?;
            let sums: Result<Vec<_>, Error> = sums.iter().map(summed).collect();
            counters.set(sums?.into_iter());
        }
        // Only now: what could not be read is read again.
        sequences.into_iter().for_each(|sequence| seen.take(sequence, now));
        seen.forget(now);
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) < RECORDS {
            client.done();
            return Ok(());
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        database::Error::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_waited_for_and_then_forgotten() {
        let mut seen = Seen { last: 4, missing: BTreeMap::new() };
        let now = clock::steady();
        for sequence in [5, 8, 7, 10_000] {
            seen.take(sequence, now);
        }
        assert_eq!(seen.last, 10_000);
        assert!(seen.missing.contains_key(&6) || seen.missing.len() > 1_000);
        assert!(!seen.missing.contains_key(&7));
        assert!(i64::try_from(seen.missing.len()).unwrap() <= BEFORE + 2);
        seen.forget(now + LATE);
        assert!(seen.missing.is_empty());
    }
}
