//! One batch as one transaction: what is locked, decided, written, and what is done again when somebody else was quicker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::ClientWrapper;

use super::locks::{self, Due, Known, Locked};
use super::parts::{self, Need};
use super::rows::{self, value};
use super::write::Written;
use crate::ledger::{
    self, Account, Action, CertificateKey, Command, Counter, CounterKey, Event, Fact, Key, Outcome,
    Rejection, SaleId, Take,
};
use crate::server::database::{self, Database, TIMEOUT};
use crate::server::ledger::batch::Batch;
use crate::server::ledger::encode;
use crate::server::ledger::error::Error;
use crate::server::ledger::index::Source;
use crate::server::ledger::record::Record;
use crate::server::ledger::writer::{Answer, Settled};
use crate::time::Instant;

/// Holds and certificates that are ended at once.
const EXPIRED_AT_ONCE: i64 = 128;
/// Bytes of facts after which a batch takes no more commands.
const BATCH_BYTES: usize = 4 << 20;
/// How long a database that is well takes at most to say that it is.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
/// How often a batch begins anew because it turns out to look at more than it has locked.
const ROUNDS_MAX: u32 = 32;
/// Seconds behind what was ended last in which is looked again: nodes have clocks of their own. All that is due is looked at now and then.
const BEHIND_SECONDS: i64 = 5;

/// What came of a batch.
#[derive(Debug, Default)]
pub(in crate::server::ledger) struct Done {
    /// An answer to each command, as far as they were taken.
    pub(super) answers: Vec<Answer>,
    /// The record that was written last.
    pub(super) sequence: Option<u64>,
    /// The counters that were looked at, as they are now.
    pub(super) counters: Vec<(CounterKey, Counter)>,
    /// Names of codes, pools and attempts that have changed.
    pub(super) changed: Vec<Vec<u8>>,
    /// Sales whose holds have ended.
    pub(super) expired: Vec<SaleId>,
    /// Whether something is due at once.
    pub(super) is_due: bool,
}

impl Done {
    fn and(mut self, later: Done) -> Done {
        self.answers.extend(later.answers);
        self.counters.extend(later.counters);
        self.changed.extend(later.changed);
        self.expired.extend(later.expired);
        self.sequence = self.sequence.max(later.sequence);
        self.is_due |= later.is_due;
        self
    }
}

/// How far back is looked for what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server::ledger) enum Back {
    /// What has come due since it was last looked for.
    Lately,
    /// All of it.
    Wholly,
}

/// A node's turn at the database. Clones are the same node's.
#[derive(Debug, Clone)]
pub(in crate::server::ledger) struct Turn {
    database: Database,
    /// The part of counters that is this node's.
    own: i16,
    /// Up to which second all that was due has been ended.
    ended: Arc<AtomicI64>,
}

impl Turn {
    /// Of the node that has taken part number `own` of all counters.
    pub(in crate::server::ledger) fn new(database: Database, own: i16) -> Self {
        Turn { database, own: own.rem_euclid(parts::PARTS), ended: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    /// Ends what is due, decides on commands and keeps what follows, within `most`. Not on a thread that others wait for.
    pub(super) fn take(
        &self,
        commands: Arc<Vec<Command>>,
        now: Instant,
        back: Back,
        most: Duration,
    ) -> Result<Done, Error> {
        let turn = self.clone();
        self.database.run_within(most.min(TIMEOUT), |database| async move {
            let client = database.client().await?;
            let taken = turn.taken(client.get()?, &commands, now, back).await;
            // Nothing is open on it, or nothing is once it is called off.
            let is_given_way = matches!(&taken, Err(Error::Database(error)) if error.has_given_way());
            if taken.is_ok() || is_given_way && client.get()?.batch_execute("rollback").await.is_ok() {
                client.done();
            }
            Ok(taken)
        })?
    }

    /// Whether the database takes writes.
    pub(super) fn probe(&self) -> Result<(), Error> {
        let own = self.own;
        Ok(self.database.run_within(PROBE_TIMEOUT, move |database| async move {
            let client = database.client().await?;
            let sql = "insert into pricewright.probe (part, at) values ($1, now()) \
                       on conflict (part) do update set at = excluded.at";
            client.get()?.execute(sql, &[&own]).await?;
            client.done();
            Ok(())
        })?)
    }

    async fn taken(
        &self,
        client: &ClientWrapper,
        commands: &[Command],
        now: Instant,
        back: Back,
    ) -> Result<Done, Error> {
        let ended = self.end(client, now, back).await?;
        if commands.is_empty() {
            return Ok(ended);
        }
        let done = self.kept(client, commands, &Due::default(), now).await?;
        Ok(ended.and(done))
    }

    /// Ends what is due, in a transaction of its own: no caller's command fails with it.
    async fn end(&self, client: &ClientWrapper, now: Instant, back: Back) -> Result<Done, Error> {
        let after = match back {
            Back::Lately => self.ended.load(Ordering::Relaxed).saturating_sub(BEHIND_SECONDS),
            Back::Wholly => i64::MIN,
        };
        let (due, until) = due(client, now, after).await?;
        let mut done = Done::default();
        if !due.is_empty() {
            done = match self.kept(client, &[], &due, now).await {
                Err(error) if !error.is_away() => {
                    tracing::error!(%error, "what is due cannot be ended together");
                    self.end_one_by_one(client, &due, now).await?
                }
                ended => ended?,
            };
        }
        if i64::try_from(due.len()).unwrap_or(i64::MAX) < EXPIRED_AT_ONCE {
            self.ended.fetch_max(until, Ordering::Relaxed);
        } else {
            done.is_due = true;
        }
        Ok(done)
    }

    /// One that cannot be ended leaves the others alone.
    async fn end_one_by_one(&self, client: &ClientWrapper, due: &Due, now: Instant) -> Result<Done, Error> {
        let wrong = database::Error::from;
        client.batch_execute("rollback").await.map_err(wrong)?;
        let mut done = Done::default();
        for one in due.each() {
            match self.kept(client, &[], &one, now).await {
                Ok(ended) => done = done.and(ended),
                Err(error) if error.is_away() => return Err(error),
                Err(error) => {
                    tracing::error!(%error, sale = ?one.sales.first(), "it cannot be ended");
                    client.batch_execute("rollback").await.map_err(wrong)?;
                }
            }
        }
        Ok(done)
    }

    /// One transaction.
    async fn kept(
        &self,
        client: &ClientWrapper,
        commands: &[Command],
        due: &Due,
        now: Instant,
    ) -> Result<Done, Error> {
        let mut known = Known::default();
        for _ in 0..ROUNDS_MAX {
            let closure = locks::closure(client, commands, due, &known.keys).await?;
            let locked = locks::locked(client, commands, closure, self.own, &known).await?;
            match decided(&locked, commands, due, now, self.own)? {
                Decided::Kept(mut done, written) => {
                    match written {
                        Some(written) => done.sequence = Some(written.keep(client).await?),
                        None => client.batch_execute("commit").await.map_err(database::Error::from)?,
                    }
                    return Ok(*done);
                }
                Decided::Again(more) => {
                    client.batch_execute("rollback").await.map_err(database::Error::from)?;
                    known.keys.extend(more.keys);
                    known.written.extend(more.written);
                    known.whole.extend(more.whole);
                }
            }
        }
        Err(database::Error::GivenWay.into())
    }
}

/// What is due after second `after` and until `now`, the first of it, and until when: a node whose clock is ahead of the database's waits
/// for that.
async fn due(client: &ClientWrapper, now: Instant, after: i64) -> Result<(Due, i64), Error> {
    const UNTIL: &str = "select least($1::bigint, extract(epoch from clock_timestamp())::bigint)";
    const DUE: &str = "select name, due from pricewright.account where due > $2 \
        and due <= least($1::bigint, extract(epoch from clock_timestamp())::bigint) order by due, name limit $3";
    let until = rows::query(client, UNTIL, &[&now.unix()]).await?;
    let until: i64 = until.first().map_or(Ok(i64::MIN), |row| value(row, 0))?;
    let mut due = Due::default();
    for row in rows::query(client, DUE, &[&until, &after, &EXPIRED_AT_ONCE]).await? {
        let (name, second): (&[u8], i64) = (value(&row, 0)?, value(&row, 1)?);
        let text = name.get(1..).and_then(|text| std::str::from_utf8(text).ok());
        let sale = text.and_then(SaleId::parse);
        let certificate = text.and_then(|text| text.strip_suffix('.'));
        match (name.first(), sale, certificate, Instant::from_unix(second)) {
            (Some(b's'), Some(sale), _, _) => due.sales.push(sale),
            (Some(b'g'), _, Some(key), Some(at)) => {
                due.certificates.push((at, CertificateKey(key.to_owned())))
            }
            // Of a newer node, which ends it.
            _ => tracing::warn!("something is due that this version does not know"),
        }
    }
    Ok((due, until))
}

/// What a batch has come to.
enum Decided {
    /// Facts to be written, when there are some.
    Kept(Box<Done>, Option<Box<Written>>),
    /// It looks at more than is locked.
    Again(Known),
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
    let mut again = Known { whole: locked.too_little(), ..Known::default() };
    if !again.whole.is_empty() {
        return Ok(Decided::Again(again));
    }
    let seen = Seen { locked, missed: Mutex::default() };
    let mut batch = Batch::new(&seen);
    let mut record = Record::default();
    let mut needs = Needs::default();
    for sale in &due.sales {
        batch.expire(*sale, now)?;
    }
    let mut certificates: BTreeSet<(Instant, CertificateKey)> = due.certificates.iter().cloned().collect();
    certificates.extend(batch.ends().into_iter().filter(|(at, _)| *at <= now));
    for end in &certificates {
        batch.expire_certificate(end, now)?;
    }
    record.take(&batch);
    needs.take(&batch);
    let mut decisions = Vec::with_capacity(commands.len());
    for command in commands {
        if record.len() >= BATCH_BYTES {
            break;
        }
        let decision = batch.decide(command)?;
        if decision.as_ref().is_err_and(is_full) {
            // The parts of others are as they were a moment ago: that there is no room is asked of the whole.
            again.whole.extend(in_part(locked, command));
        }
        decisions.push(decision);
        record.take(&batch);
        needs.take(&batch);
    }
    again.keys = std::mem::take(&mut *seen.missed.lock().unwrap_or_else(PoisonError::into_inner));
    let mut changes = batch.changes();
    again.written = changes.keys().filter(|key| is_written_unlocked(locked, key)).cloned().collect();
    let (rows, short) = counted(locked, &mut changes, &needs.0, own);
    again.whole.extend(short);
    if !(again.keys.is_empty() && again.written.is_empty() && again.whole.is_empty()) {
        return Ok(Decided::Again(again));
    }
    let expired = |fact: &Fact| match &fact.event {
        Event::Expired { sale } => Some(*sale),
        _ => None,
    };
    let mut done = Done {
        answers: answers(&batch, commands, decisions, locked),
        sequence: None,
        changed: Vec::new(),
        counters: looked_at(&batch, locked),
        expired: batch.facts().iter().filter_map(expired).collect(),
        is_due: changes.values().filter_map(super::write::due).any(|second| second <= now.unix()),
    };
    if batch.facts().is_empty() {
        return Ok(Decided::Kept(Box::new(done), None));
    }
    // Of codes that are new nobody knows that they are not there.
    let is_told = |key: &&Key| match key {
        Key::Code(_) | Key::Pool(_) => locked.accounts.contains_key(&encode::key(key)),
        Key::Attempts(_) => true,
        _ => false,
    };
    done.changed = changes.keys().filter(is_told).map(encode::key).collect();
    let touched = rows.iter().map(|(name, _, _)| name).chain(&done.changed).cloned().collect();
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

/// Whether a command was refused because something is used up.
fn is_full(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::LimitReached(_)
            | Rejection::CustomerLimitReached(_)
            | Rejection::BudgetSpent(_)
            | Rejection::OutOfStock(_)
            | Rejection::CodeRefused
    )
}

/// The counters of a command of which the own part alone is locked.
fn in_part(locked: &Locked, command: &Command) -> Vec<CounterKey> {
    if locked.in_part.is_empty() {
        return Vec::new();
    }
    let keys = ledger::touched(&locked.balances(), command).into_iter();
    let counters = keys.filter(|key| locked.in_part.contains(&encode::key(key)));
    counters.filter_map(|key| if let Key::Counter(counter) = key { Some(counter) } else { None }).collect()
}

/// Whether an account that was there is written and was not locked.
fn is_written_unlocked(locked: &Locked, key: &Key) -> bool {
    locked.unlocked.contains(key)
        && (locked.accounts.contains_key(&encode::key(key)) || matches!(key, Key::Attempts(_)))
}

/// What is taken of counters, without what others of the batch give back.
#[derive(Default)]
struct Needs(BTreeMap<CounterKey, Need>, usize);

impl Needs {
    /// Takes the facts that are new.
    fn take<S: Source + ?Sized>(&mut self, batch: &Batch<'_, S>) {
        for fact in batch.facts().iter().skip(self.1) {
            // What a payment keeps it mostly holds already; what it takes beyond that shows in the counter.
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
