//! Rows of the tables as values, and the statements that read them.

use std::collections::BTreeMap;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::parts::{self, Part};
use crate::ledger::{Account, Key};
use crate::server::database;
use crate::server::ledger::encode;
use crate::server::ledger::error::Error;

/// Names of accounts, as bytes.
pub(super) type Names = Vec<Vec<u8>>;

/// Asks for rows by a statement that is kept prepared.
pub(super) async fn query(
    client: &ClientWrapper,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    let statement = client.prepare_cached(sql).await.map_err(database::Error::from)?;
    Ok(client.query(&statement, values).await.map_err(database::Error::from)?)
}

/// Accounts out of rows of name and content.
pub(super) fn accounts(rows: &[Row]) -> Result<Vec<(Vec<u8>, Account)>, Error> {
    let account = |row: &Row| {
        let (name, content): (Vec<u8>, &[u8]) = (value(row, 0)?, value(row, 1)?);
        let account = encode::read_account(&name, content)?;
        Ok((name, account))
    };
    rows.iter().map(account).collect()
}

/// Parts of counters out of rows of name, part, held, kept, room and what was divided.
pub(super) fn counters(rows: &[Row]) -> Result<BTreeMap<Vec<u8>, Vec<Part>>, Error> {
    let mut counters: BTreeMap<Vec<u8>, Vec<Part>> = BTreeMap::new();
    for row in rows {
        let part = Part {
            part: value(row, 1)?,
            held: value(row, 2)?,
            kept: value(row, 3)?,
            room: value(row, 4)?,
            divided: value(row, 5)?,
        };
        counters.entry(value(row, 0)?).or_default().push(part);
    }
    Ok(counters)
}

/// A column of a row.
pub(super) fn value<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    place: usize,
) -> Result<T, Error> {
    row.try_get(place).map_err(|error| Error::Damaged(format!("a row of the database is none: {error}")))
}

/// Names of counters and of everything else, apart.
pub(super) fn apart<'a>(keys: impl Iterator<Item = &'a Key>) -> (Names, Names) {
    let (mut of_accounts, mut of_counters) = (Names::new(), Names::new());
    for key in keys {
        match key {
            Key::Counter(_) => of_counters.push(encode::key(key)),
            _ => of_accounts.push(encode::key(key)),
        }
    }
    (of_accounts, of_counters)
}

/// The statement that reads accounts by name.
pub(super) const ACCOUNTS: &str = "select name, content from pricewright.account where name = any($1)";
/// The statement that reads counters by name.
pub(super) const COUNTERS: &str = "select name, part, held, kept, room, divided from pricewright.counter where name = any($1) order by name, part";

/// What accounts and counters of these names there are, as accounts.
pub(super) async fn read(client: &ClientWrapper, names: Names, counters_named: Names) -> Result<Read, Error> {
    let mut found = Read::default();
    if !names.is_empty() {
        found.accounts = accounts(&query(client, ACCOUNTS, &[&names]).await?)?.into_iter().collect();
    }
    if !counters_named.is_empty() {
        found.parts = counters(&query(client, COUNTERS, &[&counters_named]).await?)?;
    }
    Ok(found)
}

/// What was found of names that were asked for.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) accounts: BTreeMap<Vec<u8>, Account>,
    pub(super) parts: BTreeMap<Vec<u8>, Vec<Part>>,
}

impl Read {
    /// The account of that name, a counter among them.
    pub(super) fn get(&self, key: &Key) -> Option<Account> {
        let name = encode::key(key);
        match key {
            Key::Counter(_) => self.parts.get(&name).map(|parts| Account::Counter(parts::whole(parts))),
            _ => self.accounts.get(&name).cloned(),
        }
    }
}
