//! A whole ledger out of the tables, and into them.

use std::sync::Arc;

use super::parts::Part;
use super::rows::{self, value};
use super::write::{due, seal};
use crate::ledger::{Account, Key};
use crate::server::database::{self, Client, Database};
use crate::server::ledger::encode;
use crate::server::ledger::error::Error;
use crate::server::ledger::index::StateDigest;

/// Records that are fetched at once: each may be some megabytes.
const RECORDS: i64 = 64;
/// Accounts that are fetched or written at once.
const ACCOUNTS: i64 = 2_000;

/// The tables at one moment: whatever nodes keep meanwhile is not seen.
pub(in crate::server::ledger) struct Snapshot {
    database: Database,
    client: Arc<Client>,
}

impl Snapshot {
    /// The tables as they are now.
    pub(in crate::server::ledger) fn of(database: &Database) -> Result<Self, Error> {
        let client = begun(database, "begin isolation level repeatable read read only")?;
        Ok(Snapshot { database: database.clone(), client })
    }

    /// How many records there are.
    pub(in crate::server::ledger) fn records(&self) -> Result<u64, Error> {
        let rows = self.ask("select count(*) from pricewright.record", Vec::new())?;
        let count: i64 = rows.first().map_or(Ok(0), |row| value(row, 0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Every record, in order, by its content. Their numbers have gaps, where a batch was called off.
    pub(in crate::server::ledger) fn each_record<E: From<Error>>(
        &self,
        look: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = 0_i64;
        loop {
            let sql = "select sequence, content, seal from pricewright.record where sequence > $1 order by sequence limit $2";
            let rows = self.ask(sql, vec![Column::Number(after), Column::Number(RECORDS)])?;
            for row in &rows {
                after = value(row, 0)?;
                let (content, sealed): (&str, &[u8]) = (value(row, 1)?, value(row, 2)?);
                if seal(content.as_bytes()) != sealed {
                    let sequence = u64::try_from(after).unwrap_or_default();
                    let what = "its seal is another".to_owned();
                    return Err(Error::Record { sequence, what }.into());
                }
                look(content.as_bytes())?;
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    /// The digest of all accounts.
    pub(in crate::server::ledger) fn digest(&self) -> Result<StateDigest, Error> {
        let mut digest = StateDigest::default();
        let mut after: Vec<u8> = Vec::new();
        loop {
            let sql = "select name, content from pricewright.account where name > $1 order by name limit $2";
            let rows = self.ask(sql, vec![Column::Blob(after.clone()), Column::Number(ACCOUNTS)])?;
            for row in &rows {
                let (name, content): (&[u8], &[u8]) = (value(row, 0)?, value(row, 1)?);
                // That it is what was written under its name.
                encode::read_account(name, content)?;
                digest.add(content);
                after = name.to_vec();
            }
            if rows.is_empty() {
                break;
            }
        }
        let sql = "select name, sum(held)::bigint, sum(kept)::bigint from pricewright.counter group by name";
        for row in &self.ask(sql, Vec::new())? {
            let (key, counter) = super::tables::summed(row)?;
            digest.add(&encode::account(&encode::key(&Key::Counter(key)), &Account::Counter(counter)));
        }
        Ok(digest)
    }

    fn ask(&self, sql: &'static str, values: Vec<Column>) -> Result<Vec<tokio_postgres::Row>, Error> {
        let client = Arc::clone(&self.client);
        self.database.run_long(|_| async move {
            let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                values.iter().map(Column::sql).collect();
            Ok(rows::query(client.get()?, sql, &values).await)
        })?
    }
}

/// A connection with a transaction that may take as long as it does.
fn begun(database: &Database, begin: &'static str) -> Result<Arc<Client>, Error> {
    let client = database.run(|database| async move {
        let client = database.client().await?;
        client
            .get()?
            .batch_execute("set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0")
            .await?;
        client.get()?.batch_execute(begin).await?;
        Ok(client)
    })?;
    Ok(Arc::new(client))
}

/// A ledger on its way into empty tables: all of it, or nothing.
pub(in crate::server::ledger) struct Filling {
    database: Database,
    client: Arc<Client>,
    sequence: i64,
    records: Records,
    accounts: Accounts,
    counters: Counters,
}

#[derive(Default)]
struct Records {
    sequences: Vec<i64>,
    facts: Vec<i32>,
    contents: Vec<String>,
    seals: Vec<Vec<u8>>,
    bytes: usize,
}

#[derive(Default)]
struct Accounts {
    names: Vec<Vec<u8>>,
    contents: Vec<Vec<u8>>,
    due: Vec<Option<i64>>,
}

#[derive(Default)]
struct Counters {
    names: Vec<Vec<u8>>,
    held: Vec<i64>,
    kept: Vec<i64>,
}

/// Bytes of records that are sent at once.
const RECORD_BYTES: usize = 4 << 20;

impl Filling {
    /// Begins, in tables where nothing is kept; nothing where something is.
    pub(in crate::server::ledger) fn begin(database: &Database) -> Result<Option<Self>, Error> {
        let client =
            begun(database, "begin; lock table pricewright.record, pricewright.account in exclusive mode")?;
        let filling = Filling {
            database: database.clone(),
            client,
            sequence: 0,
            records: Records::default(),
            accounts: Accounts::default(),
            counters: Counters::default(),
        };
        let is_empty = filling.execute("select 1 from pricewright.record limit 1", Vec::new())? == 0;
        Ok(is_empty.then_some(filling))
    }

    /// Takes the next record.
    pub(in crate::server::ledger) fn record(&mut self, content: &[u8]) -> Result<(), Error> {
        self.sequence += 1;
        let sequence = u64::try_from(self.sequence).unwrap_or_default();
        let facts = encode::read_record(sequence, content)?.len();
        let text = String::from_utf8(content.to_vec());
        let text = text.map_err(|error| Error::Record { sequence, what: error.to_string() })?;
        self.records.bytes = self.records.bytes.saturating_add(text.len());
        self.records.sequences.push(self.sequence);
        self.records.facts.push(i32::try_from(facts).unwrap_or(i32::MAX));
        self.records.seals.push(seal(content));
        self.records.contents.push(text);
        if self.records.bytes >= RECORD_BYTES || self.records.contents.len() >= 2_000 {
            self.send_records()?;
        }
        Ok(())
    }

    /// Takes an account.
    pub(in crate::server::ledger) fn account(&mut self, name: &[u8], account: &Account) -> Result<(), Error> {
        if let Account::Counter(counter) = account {
            let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
            self.counters.names.push(name.to_vec());
            self.counters.held.push(number(counter.held));
            self.counters.kept.push(number(counter.kept));
        } else {
            self.accounts.names.push(name.to_vec());
            self.accounts.contents.push(encode::account(name, account));
            self.accounts.due.push(due(account));
        }
        if self.accounts.names.len().max(self.counters.names.len()) >= 2_000 {
            self.send_accounts()?;
        }
        Ok(())
    }

    /// Keeps all of it.
    pub(in crate::server::ledger) fn finish(mut self) -> Result<(), Error> {
        self.send_records()?;
        self.send_accounts()?;
        if self.sequence > 0 {
            self.execute(
                "select setval('pricewright.record_sequence', $1)",
                vec![Column::Number(self.sequence)],
            )?;
        }
        let client = Arc::clone(&self.client);
        self.database.run_long(|_| async move {
            client.get()?.batch_execute("commit").await?;
            Ok(())
        })?;
        Ok(())
    }

    fn send_records(&mut self) -> Result<(), Error> {
        let Records { sequences, facts, contents, seals, .. } = std::mem::take(&mut self.records);
        let sql = "insert into pricewright.record (sequence, facts, content, seal, touched) \
                   select t.sequence, t.facts, t.content, t.seal, '{}' \
                   from unnest($1::bigint[], $2::int[], $3::text[], $4::bytea[]) as t (sequence, facts, content, seal)";
        let columns = vec![
            Column::Numbers(sequences),
            Column::Ints(facts),
            Column::Texts(contents),
            Column::Blobs(seals),
        ];
        self.execute(sql, columns).map(drop)
    }

    fn send_accounts(&mut self) -> Result<(), Error> {
        let Accounts { names, contents, due } = std::mem::take(&mut self.accounts);
        let sql = "insert into pricewright.account (name, content, due) \
                   select * from unnest($1::bytea[], $2::bytea[], $3::bigint[])";
        self.execute(sql, vec![Column::Blobs(names), Column::Blobs(contents), Column::Moments(due)])?;
        let Counters { names, held, kept } = std::mem::take(&mut self.counters);
        let part = Part::new(0).part;
        let sql = "insert into pricewright.counter (name, part, held, kept) \
                   select t.name, $4, t.held, t.kept \
                   from unnest($1::bytea[], $2::bigint[], $3::bigint[]) as t (name, held, kept)";
        let columns =
            vec![Column::Blobs(names), Column::Numbers(held), Column::Numbers(kept), Column::Small(part)];
        self.execute(sql, columns).map(drop)
    }

    fn execute(&self, sql: &'static str, columns: Vec<Column>) -> Result<u64, Error> {
        let client = Arc::clone(&self.client);
        Ok(self.database.run_long(|_| async move {
            let columns: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                columns.iter().map(Column::sql).collect();
            let statement = client.get()?.prepare_cached(sql).await.map_err(database::Error::from)?;
            Ok(client.get()?.execute(&statement, &columns).await?)
        })?)
    }
}

/// What a statement is given: a value, or a column of rows.
enum Column {
    Number(i64),
    Small(i16),
    Blob(Vec<u8>),
    Numbers(Vec<i64>),
    Ints(Vec<i32>),
    Moments(Vec<Option<i64>>),
    Texts(Vec<String>),
    Blobs(Vec<Vec<u8>>),
}

impl Column {
    fn sql(&self) -> &(dyn tokio_postgres::types::ToSql + Sync) {
        match self {
            Column::Number(one) => one,
            Column::Small(one) => one,
            Column::Blob(one) => one,
            Column::Numbers(all) => all,
            Column::Ints(all) => all,
            Column::Moments(all) => all,
            Column::Texts(all) => all,
            Column::Blobs(all) => all,
        }
    }
}
