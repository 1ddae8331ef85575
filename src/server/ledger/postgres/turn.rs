//! One batch as one transaction: what is locked, decided, written, and what is done again when somebody else was quicker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::ClientWrapper;

use super::locks::{self, Due, Locked};
use super::parts::{self, Need};
use super::rows::{self, value};
use super::write::Written;
use crate::ledger::{
    Account, Action, CertificateKey, Command, Counter, CounterKey, Event, Fact, Key, Outcome, Rejection,
    SaleId, Take,
};
use crate::server::database::{self, Client, Database};
use crate::server::ledger::batch::Batch;
use crate::server::ledger::encode;
use crate::server::ledger::error::Error;
use crate::server::ledger::index::Source;
use crate::server::ledger::record::Record;
use crate::server::ledger::writer::{Answer, Settled};
use crate::time::Instant;

/// Holds, and certificates, that are ended at once.
const EXPIRED_AT_ONCE: usize = 256;
/// Bytes of facts after which a batch takes no more commands.
const BATCH_BYTES: usize = 4 << 20;
/// How often a batch begins anew because it turns out to look at more than it has locked.
const ROUNDS_MAX: u32 = 32;

/// What came of a batch.
#[derive(Debug, Default)]
pub(in crate::server::ledger) struct Done {
    /// An answer to each command, as far as they were taken.
    pub(super) answers: Vec<Answer>,
    /// The record that was written.
    pub(super) sequence: Option<u64>,
    /// The counters that were looked at, as they are now.
    pub(super) counters: Vec<(CounterKey, Counter)>,
    /// Sales whose holds have ended.
    pub(super) expired: Vec<SaleId>,
    /// Whether something of it is due at once.
    pub(super) is_due: bool,
}

/// A node's turn at the database.
#[derive(Debug, Clone)]
pub(in crate::server::ledger) struct Turn {
    database: Database,
    /// The part of counters that is this node's.
    own: i16,
}

impl Turn {
    /// Of the node that has taken part number `own` of all counters.
    pub(in crate::server::ledger) fn new(database: Database, own: i16) -> Self {
        Turn { database, own: own.rem_euclid(parts::PARTS) }
    }

    /// Decides on commands and keeps what follows, for at most as long as a caller waits. Not on a thread that others wait for.
    pub(super) fn take(&self, commands: Arc<Vec<Command>>, now: Instant) -> Result<Done, Error> {
        let turn = self.clone();
        self.database.run(|database| async move {
            let client = database.client().await?;
            let taken = turn.taken(&client, &commands, now).await;
            if taken.is_ok() {
                client.done();
            }
            Ok(taken)
        })?
    }

    /// Whether the database takes writes.
    pub(super) fn probe(&self) -> Result<(), Error> {
        Ok(self.database.run(|database| async move {
            let client = database.client().await?;
            let row = client.get()?.query_one("select pg_is_in_recovery()", &[]).await?;
            client.done();
            let is_standby: bool = row.try_get(0)?;
            if is_standby { Err(database::Error::Away("it only reads".to_owned())) } else { Ok(()) }
        })?)
    }

    async fn taken(&self, client: &Client, commands: &[Command], now: Instant) -> Result<Done, Error> {
        let client = client.get()?;
        let due = due(client, now).await?;
        if commands.is_empty() && due.sales.is_empty() && due.certificates.is_empty() {
            return Ok(Done::default());
        }
        let (mut more, mut whole) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..ROUNDS_MAX {
            let closure = locks::closure(client, commands, &due, &more).await?;
            let locked = locks::locked(client, commands, closure, self.own, &whole).await?;
            match decided(&locked, commands, &due, now, self.own)? {
                Decided::Kept(mut done, written) => {
                    match written {
                        Some(written) => done.sequence = Some(written.keep(client).await?),
                        None => client.batch_execute("commit").await.map_err(database::Error::from)?,
                    }
                    return Ok(*done);
                }
                Decided::Again { keys, counters } => {
                    client.batch_execute("rollback").await.map_err(database::Error::from)?;
                    more.extend(keys);
                    whole.extend(counters);
                }
            }
        }
        Err(database::Error::GivenWay.into())
    }
}

/// What is due at `now`, the first of it.
async fn due(client: &ClientWrapper, now: Instant) -> Result<Due, Error> {
    let sql = "select name, due from pricewright.account where due <= $1 order by due, name limit $2";
    let most = i64::try_from(2 * EXPIRED_AT_ONCE).unwrap_or(i64::MAX);
    let mut due = Due::default();
    for row in rows::query(client, sql, &[&now.unix(), &most]).await? {
        let (name, second): (&[u8], i64) = (value(&row, 0)?, value(&row, 1)?);
        let text = name.get(1..).and_then(|text| std::str::from_utf8(text).ok());
        let at = Instant::from_unix(second);
        let wrong = || Error::Damaged("what is due has no name".to_owned());
        match (name.first(), text, at) {
            (Some(b's'), Some(text), Some(_)) => due.sales.push(SaleId::parse(text).ok_or_else(wrong)?),
            (Some(b'g'), Some(text), Some(at)) => {
                let key = text.strip_suffix('.').ok_or_else(wrong)?;
                due.certificates.push((at, CertificateKey(key.to_owned())));
            }
            _ => return Err(wrong()),
        }
    }
    due.sales.truncate(EXPIRED_AT_ONCE);
    due.certificates.truncate(EXPIRED_AT_ONCE);
    Ok(due)
}

/// What a batch has come to.
enum Decided {
    /// Facts to be written, when there are some.
    Kept(Box<Done>, Option<Box<Written>>),
    /// It looks at more than is locked.
    Again { keys: BTreeSet<Key>, counters: BTreeSet<CounterKey> },
}

/// Accounts that are locked, and the names of those that should be.
struct Seen<'a> {
    locked: &'a Locked,
    missed: Mutex<BTreeSet<Key>>,
}

impl Source for Seen<'_> {
    fn load(&self, keys: &[Key]) -> Result<Vec<Option<Account>>, Error> {
        let missed = keys.iter().filter(|key| !self.locked.keys.contains(*key));
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).extend(missed.cloned());
        let account = |key: &Key| {
            let name = encode::key(key);
            match key {
                Key::Counter(_) => {
                    self.locked.parts.get(&name).map(|parts| Account::Counter(parts::whole(parts)))
                }
                _ => self.locked.accounts.get(&name).cloned(),
            }
        };
        Ok(keys.iter().map(account).collect())
    }
}

fn decided(
    locked: &Locked,
    commands: &[Command],
    due: &Due,
    now: Instant,
    own: i16,
) -> Result<Decided, Error> {
    let seen = Seen { locked, missed: Mutex::default() };
    let mut batch = Batch::new(&seen);
    let mut record = Record::default();
    let mut needs = Needs::default();
    for sale in &due.sales {
        batch.expire(*sale, now)?;
    }
    let mut certificates: BTreeSet<(Instant, CertificateKey)> = due.certificates.iter().cloned().collect();
    certificates.extend(batch.ends().into_iter().filter(|(at, _)| *at <= now));
    for end in certificates.iter().take(EXPIRED_AT_ONCE) {
        batch.expire_certificate(end, now)?;
    }
    record.take(&batch);
    needs.take(&batch);
    let mut decisions = Vec::with_capacity(commands.len());
    for command in commands {
        if record.len() >= BATCH_BYTES {
            break;
        }
        decisions.push(batch.decide(command)?);
        record.take(&batch);
        needs.take(&batch);
    }
    let mut keys = std::mem::take(&mut *seen.missed.lock().unwrap_or_else(PoisonError::into_inner));
    // A call that was answered before is about a sale, which the batch need not have looked at.
    keys.retain(|key| !locked.keys.contains(key));
    let mut changes = batch.changes();
    let (rows, counters) = counted(locked, &mut changes, &needs.0, own);
    if !keys.is_empty() || !counters.is_empty() {
        return Ok(Decided::Again { keys, counters });
    }
    let expired = |fact: &Fact| match &fact.event {
        Event::Expired { sale } => Some(*sale),
        _ => None,
    };
    let done = Done {
        answers: answers(&batch, commands, decisions, locked),
        sequence: None,
        counters: looked_at(&batch, locked),
        expired: batch.facts().iter().filter_map(expired).collect(),
        is_due: changes.values().filter_map(super::write::due).any(|second| second <= now.unix())
            || due.sales.len() >= EXPIRED_AT_ONCE
            || due.certificates.len() >= EXPIRED_AT_ONCE,
    };
    if batch.facts().is_empty() {
        return Ok(Decided::Kept(Box::new(done), None));
    }
    let is_told = |key: &Key| matches!(key, Key::Code(_) | Key::Pool(_));
    let old = |key: &&Key| locked.accounts.contains_key(&encode::key(key));
    let disabled = changes.keys().filter(|key| is_told(key)).filter(old).map(encode::key);
    let touched = rows.iter().map(|(name, _, _)| name.clone()).chain(disabled).collect();
    let facts = batch.facts().len();
    let mut written = Written::record(facts, record.closed(), touched);
    for (name, after, before) in &rows {
        written.parts(name, after, before);
    }
    for (key, account) in &changes {
        written.account(key, account, !locked.accounts.contains_key(&encode::key(key)));
    }
    Ok(Decided::Kept(Box::new(done), Some(Box::new(written))))
}

/// What is taken of counters, without what others of the batch give back.
#[derive(Default)]
struct Needs(BTreeMap<CounterKey, Need>, usize);

impl Needs {
    /// Takes the facts that are new.
    fn take<S: Source + ?Sized>(&mut self, batch: &Batch<'_, S>) {
        for fact in batch.facts().iter().skip(self.1) {
            // All that a purchase keeps is counted as taken, also what it has held: a little too much asks for the whole counter a little
            // early, and that is all.
            let takes: &[Take] = match &fact.event {
                Event::Reserved { takes, .. } => takes,
                Event::Committed { takes, .. } | Event::Refunded { takes, .. } => {
                    takes.iter().for_each(|take| {
                        let need = self.0.entry(take.counter.clone()).or_default();
                        need.limit = locks::least(need.limit, take);
                    });
                    &[]
                }
                _ => &[],
            };
            takes.iter().for_each(|take| locks::add(&mut self.0, take));
        }
        self.1 = batch.facts().len();
    }
}

/// A counter that changed: its name, its parts now, and before.
type Counted = (Vec<u8>, Vec<parts::Part>, Vec<parts::Part>);

/// Takes counters out of the changes and makes rows of them; those of which the own part has too little room are named instead.
fn counted(
    locked: &Locked,
    changes: &mut BTreeMap<Key, Account>,
    needs: &BTreeMap<CounterKey, Need>,
    own: i16,
) -> (Vec<Counted>, BTreeSet<CounterKey>) {
    let (mut rows, mut again) = (Vec::new(), BTreeSet::new());
    changes.retain(|key, account| {
        let (Key::Counter(counter), Account::Counter(after)) = (key, account) else { return true };
        let name = encode::key(key);
        let before_parts = locked.parts.get(&name).cloned().unwrap_or_default();
        let before = parts::whole(&before_parts);
        let mut need = needs.get(counter).copied().unwrap_or_default();
        // A payment may take more than was held, and a late one all of it.
        need.taken = need.taken.max(taken(before, *after));
        need.largest = need.largest.max(taken(before, *after).min(1));
        if !locked.in_part.contains(&name) {
            let after = parts::whole_after(counter, &before_parts, own, (before, *after), &need);
            rows.push((name, after, before_parts));
            return false;
        }
        let is_near_zero = after.held == 0 && before.held > 0 || after.kept == 0 && before.kept > 0;
        match before_parts.iter().find(|part| part.part == own) {
            Some(part) if parts::has_room(part, &need) && !is_near_zero => {
                rows.push((name, vec![parts::part_after(part, before, *after)], before_parts));
            }
            _ => drop(again.insert(counter.clone())),
        }
        false
    });
    (rows, again)
}

fn taken(before: Counter, after: Counter) -> i64 {
    i64::try_from(after.given().saturating_sub(before.given())).unwrap_or(i64::MAX)
}

/// All counters of a batch as it leaves them, also those that it has only looked at: whoever was refused for one must not be quoted it again.
fn looked_at(batch: &Batch<'_, Seen<'_>>, locked: &Locked) -> Vec<(CounterKey, Counter)> {
    let counter = |key: &Key| match key {
        Key::Counter(counter) => Some((counter.clone(), batch.balances().counter(counter))),
        _ => None,
    };
    locked.keys.iter().filter_map(counter).collect()
}

fn answers(
    batch: &Batch<'_, Seen<'_>>,
    commands: &[Command],
    decisions: Vec<Result<(), Rejection>>,
    locked: &Locked,
) -> Vec<Answer> {
    let answer = |(command, decision): (&Command, Result<(), Rejection>)| {
        decision?;
        if matches!(command.action, Action::Miss(_)) {
            return Ok(Settled { outcome: Outcome::Done, sale: None });
        }
        // What was decided without a rejection is known.
        let known = batch.balances().known(command.request).ok_or(Rejection::SaleUnknown)?;
        let sale = known.outcome.sale().and_then(|id| {
            let locked = || match locked.accounts.get(&encode::key(&Key::Sale(id))) {
                Some(Account::Sale(sale)) => Some((**sale).clone()),
                _ => None,
            };
            batch.balances().sale(id).cloned().or_else(locked)
        });
        Ok(Settled { outcome: known.outcome.clone(), sale })
    };
    commands.iter().zip(decisions).map(answer).collect()
}
