//! The tables as an index: what any node may ask of them beside the batches that change them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;

use super::parts::{self, Part};
use super::rows::{self, Read, value};
use crate::ledger::{Account, CertificateKey, Counter, CounterKey, Key, SaleId};
use crate::server::database::{self, Database};
use crate::server::ledger::encode;
use crate::server::ledger::error::Error;
use crate::server::ledger::index::{Index, LookAtEntry, LookAtSale, Mark, StateDigest};
use crate::time::Instant;

/// Accounts that are fetched at once where all are looked at.
const PAGE: i64 = 2_000;

/// Callers that may wait for the database at once. One that hangs must not take all threads with it.
const ASKING_MAX: usize = 128;

/// The tables of a database.
#[derive(Debug)]
pub(in crate::server::ledger) struct Tables {
    database: Database,
    /// Threads that wait for an answer: each is one of few.
    asking: AtomicUsize,
}

/// Names and accounts of a page.
type Page = Vec<(Vec<u8>, Account)>;

impl Tables {
    pub(in crate::server::ledger) fn new(database: Database) -> Self {
        Tables { database, asking: AtomicUsize::new(0) }
    }

    /// The last record that there is.
    pub(in crate::server::ledger) fn sequence(&self) -> Result<u64, Error> {
        let asked = self.ask(|client| Box::pin(last(client)))?;
        Ok(u64::try_from(asked).unwrap_or_default())
    }

    fn ask<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(
            &'a ClientWrapper,
        )
            -> std::pin::Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>
        + Send
        + 'static,
    ) -> Result<T, Error> {
        if self.asking.fetch_add(1, Ordering::Relaxed) >= ASKING_MAX {
            self.asking.fetch_sub(1, Ordering::Relaxed);
            return Err(database::Error::Away("too many wait for it".to_owned()).into());
        }
        let done = self.database.run(|database| async move {
            let client = database.client().await?;
            let done = work(client.get()?).await;
            // An answer that is an error of ours leaves the connection as good as it was.
            if !matches!(&done, Err(Error::Database(_))) {
                client.done();
            }
            Ok(done)
        });
        self.asking.fetch_sub(1, Ordering::Relaxed);
        done.map_err(Error::from)?
    }

    fn read(&self, keys: &[Key]) -> Result<Read, Error> {
        let (names, counters) = rows::apart(keys.iter());
        self.ask(move |client| Box::pin(rows::read(client, names, counters)))
    }

    /// Every account whose name lies between, page by page, each as it is at that moment.
    fn pages(
        &self,
        from: Vec<u8>,
        until: Vec<u8>,
        look: &mut dyn FnMut(&[u8], &Account) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut after = from;
        loop {
            let (begin, end) = (after.clone(), until.clone());
            let page: Page = self.ask(move |client| Box::pin(page(client, begin, end)))?;
            for (name, account) in &page {
                if look(name, account).is_break() {
                    return Ok(());
                }
            }
            match page.last() {
                Some((last, _)) => after.clone_from(last),
                None => return Ok(()),
            }
        }
    }

    fn of_kind(
        &self,
        kind: u8,
        look: &mut dyn FnMut(&[u8], &Account) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.pages(vec![kind], vec![kind + 1], look)
    }
}

async fn last(client: &ClientWrapper) -> Result<i64, Error> {
    let rows = rows::query(client, "select coalesce(max(sequence), 0) from pricewright.record", &[]).await?;
    rows.first().map_or(Ok(0), |row| value(row, 0))
}

async fn page(client: &ClientWrapper, after: Vec<u8>, until: Vec<u8>) -> Result<Page, Error> {
    let sql =
        "select name, content from pricewright.account where name > $1 and name < $2 order by name limit $3";
    rows::accounts(&rows::query(client, sql, &[&after, &until, &PAGE]).await?)
}

async fn counters_after(client: &ClientWrapper, after: Vec<u8>) -> Result<Vec<(CounterKey, Counter)>, Error> {
    let sql = "select name, sum(held)::bigint, sum(kept)::bigint from pricewright.counter \
               where name > $1 group by name order by name limit $2";
    rows::query(client, sql, &[&after, &PAGE]).await?.iter().map(summed).collect()
}

/// A counter out of a row of name, held and kept.
pub(super) fn summed(row: &Row) -> Result<(CounterKey, Counter), Error> {
    let (name, held, kept): (&[u8], i64, i64) = (value(row, 0)?, value(row, 1)?, value(row, 2)?);
    let key = name.get(1..).and_then(|json| serde_json::from_slice(json).ok());
    let key = key.ok_or_else(|| Error::Damaged("a counter is none".to_owned()))?;
    Ok((key, parts::whole(&[Part { held, kept, ..Part::new(0) }])))
}

impl Index for Tables {
    fn get(&self, key: &Key) -> Result<Option<Account>, Error> {
        Ok(self.read(std::slice::from_ref(key))?.get(key))
    }

    fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Account>>, Error> {
        let read = self.read(keys)?;
        Ok(keys.iter().map(|key| read.get(key)).collect())
    }

    fn apply(&self, _changes: &BTreeMap<Key, Account>, _sequence: u64) -> Result<(), Error> {
        Err(database::Error::Refused("tables change by batches alone".to_owned()).into())
    }

    /// Reads all: no row is written by every batch, so that none holds all nodes up.
    fn mark(&self) -> Mark {
        let mut digest = StateDigest::default();
        let summed = self.each(&mut |name, account| digest.add(&encode::account(name, account)));
        match summed.and_then(|()| self.sequence()) {
            Ok(sequence) => Mark { sequence, digest },
            Err(error) => {
                tracing::error!(%error, "the accounts cannot be summed up");
                Mark::default()
            }
        }
    }

    fn holds(&self) -> Result<Vec<(Instant, SaleId)>, Error> {
        // Whichever node comes first asks the database itself for what is due.
        Ok(Vec::new())
    }

    fn counters(&self) -> Result<Vec<(CounterKey, Counter)>, Error> {
        let (mut counters, mut after) = (Vec::new(), Vec::new());
        loop {
            let begin = std::mem::take(&mut after);
            let page = self.ask(move |client| Box::pin(counters_after(client, begin)))?;
            match page.last() {
                Some((last, _)) => after = encode::key(&Key::Counter(last.clone())),
                None => return Ok(counters),
            }
            counters.extend(page);
        }
    }

    fn ends(&self) -> Result<Vec<(Instant, CertificateKey)>, Error> {
        Ok(Vec::new())
    }

    fn each(&self, look: &mut dyn FnMut(&[u8], &Account)) -> Result<(), Error> {
        self.pages(vec![0], vec![u8::MAX], &mut |name, account| {
            look(name, account);
            ControlFlow::Continue(())
        })?;
        for (key, counter) in self.counters()? {
            look(&encode::key(&Key::Counter(key)), &Account::Counter(counter));
        }
        Ok(())
    }

    fn sales(&self, look: &mut LookAtSale<'_>) -> Result<(), Error> {
        self.of_kind(b's', &mut |_, account| match account {
            Account::Sale(sale) => look(sale),
            _ => ControlFlow::Continue(()),
        })
    }

    fn entries(&self, look: &mut LookAtEntry<'_>) -> Result<(), Error> {
        self.of_kind(b'e', &mut |_, account| match account {
            Account::Entry(entry) => look(entry),
            _ => ControlFlow::Continue(()),
        })
    }

    /// Nothing is built anew at the next start: the database is the truth.
    fn distrust(&self) {}

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}
