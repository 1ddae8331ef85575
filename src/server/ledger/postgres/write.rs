//! What a batch has come to, written in one statement, and kept.

use deadpool_postgres::ClientWrapper;

use super::parts::Part;
use crate::ledger::{Account, Key, State};
use crate::money::Amount;
use crate::server::database;
use crate::server::ledger::encode;
use crate::server::ledger::error::Error;

/// Rows of one kind, column by column.
#[derive(Debug, Default)]
struct Accounts {
    names: Vec<Vec<u8>>,
    contents: Vec<Vec<u8>>,
    due: Vec<Option<i64>>,
}

impl Accounts {
    fn push(&mut self, name: Vec<u8>, account: &Account) {
        self.contents.push(encode::account(&name, account));
        self.due.push(due(account));
        self.names.push(name);
    }
}

#[derive(Debug, Default)]
struct Parts {
    names: Vec<Vec<u8>>,
    parts: Vec<i16>,
    held: Vec<i64>,
    kept: Vec<i64>,
    room: Vec<Option<i64>>,
    divided: Vec<Option<i64>>,
}

impl Parts {
    fn push(&mut self, name: &[u8], part: &Part) {
        self.names.push(name.to_vec());
        self.parts.push(part.part);
        self.held.push(part.held);
        self.kept.push(part.kept);
        self.room.push(part.room);
        self.divided.push(part.divided);
    }
}

/// A batch as rows. What is new is inserted and what was there is changed: where another node has inserted the same meanwhile, the
/// database refuses all of it.
#[derive(Debug, Default)]
pub(super) struct Written {
    facts: i32,
    content: String,
    seal: Vec<u8>,
    touched: Vec<Vec<u8>>,
    new: Accounts,
    changed: Accounts,
    new_parts: Parts,
    changed_parts: Parts,
}

impl Written {
    /// The facts of the batch as a record; `touched` are the names that caches want to know of.
    pub(super) fn record(facts: usize, content: Vec<u8>, touched: Vec<Vec<u8>>) -> Self {
        let seal = seal(&content);
        let content = String::from_utf8(content).unwrap_or_default();
        let facts = i32::try_from(facts).unwrap_or(i32::MAX);
        Written { facts, content, seal, touched, ..Written::default() }
    }

    pub(super) fn account(&mut self, key: &Key, account: &Account, is_new: bool) {
        let to = if is_new { &mut self.new } else { &mut self.changed };
        to.push(encode::key(key), account);
    }

    pub(super) fn parts(&mut self, name: &[u8], parts: &[Part], before: &[Part]) {
        for part in parts {
            match before.iter().find(|one| one.part == part.part) {
                None => self.new_parts.push(name, part),
                Some(one) if one != part => self.changed_parts.push(name, part),
                Some(_) => {}
            }
        }
    }

    /// Writes it and ends the transaction; the number of the record.
    pub(super) async fn keep(&self, client: &ClientWrapper) -> Result<u64, Error> {
        let wrong = database::Error::from;
        let statement = client.prepare_cached(KEEP).await.map_err(wrong)?;
        let (new, changed) = (&self.new, &self.changed);
        let (new_parts, changed_parts) = (&self.new_parts, &self.changed_parts);
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 22] = [
            &self.facts,
            &self.content,
            &self.seal,
            &self.touched,
            &new.names,
            &new.contents,
            &new.due,
            &changed.names,
            &changed.contents,
            &changed.due,
            &new_parts.names,
            &new_parts.parts,
            &new_parts.held,
            &new_parts.kept,
            &new_parts.room,
            &new_parts.divided,
            &changed_parts.names,
            &changed_parts.parts,
            &changed_parts.held,
            &changed_parts.kept,
            &changed_parts.room,
            &changed_parts.divided,
        ];
        // Together: where the statement fails, the commit behind it keeps nothing.
        let (written, committed) =
            tokio::join!(biased; client.query_one(&statement, &values), client.batch_execute("commit"));
        let sequence: i64 = super::rows::value(&written.map_err(wrong)?, 0)?;
        committed.map_err(wrong)?;
        Ok(u64::try_from(sequence).unwrap_or_default())
    }
}

/// The number is taken when all is locked: of two batches about the same account the first has the smaller.
const KEEP: &str = "
with new as (select nextval('pricewright.record_sequence') as sequence),
kept as (
    insert into pricewright.record (sequence, facts, content, seal, touched)
    select sequence, $1, $2, $3, $4 from new),
added as (
    insert into pricewright.account (name, content, due)
    select * from unnest($5::bytea[], $6::bytea[], $7::bigint[]) as t (name, content, due) order by name),
changed as (
    update pricewright.account a set content = t.content, due = t.due
    from unnest($8::bytea[], $9::bytea[], $10::bigint[]) as t (name, content, due) where a.name = t.name),
divided as (
    insert into pricewright.counter (name, part, held, kept, room, divided)
    select * from unnest($11::bytea[], $12::smallint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
        as t (name, part, held, kept, room, divided) order by name, part),
counted as (
    update pricewright.counter c set held = t.held, kept = t.kept, room = t.room, divided = t.divided
    from unnest($17::bytea[], $18::smallint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[])
        as t (name, part, held, kept, room, divided) where c.name = t.name and c.part = t.part)
select sequence from new";

/// When something is to be done about an account by itself.
pub(super) fn due(account: &Account) -> Option<i64> {
    match account {
        Account::Sale(sale) if sale.state == State::Held => Some(sale.expires_at.unix()),
        Account::Certificate(one) if one.balance > Amount::ZERO => Some(one.expires_at.unix()),
        _ => None,
    }
}

/// The seal of a record's content.
pub(super) fn seal(content: &[u8]) -> Vec<u8> {
    encode::seal(b"record", content).to_vec()
}
