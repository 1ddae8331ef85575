//! Which accounts a batch looks at, and what of them is locked while it decides.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::ClientWrapper;

use super::parts::{self, Need, Part};
use super::rows::{self, Names, Read};
use crate::ledger::{
    self, Account, Action, AttemptKey, Balances, CertificateKey, Command, CounterKey, Key, Limit, SaleId,
    State, Take,
};
use crate::server::database;
use crate::server::ledger::encode;
use crate::server::ledger::error::Error;
use crate::time::Instant;

/// What is due by itself.
#[derive(Debug, Default, Clone)]
pub(super) struct Due {
    pub(super) sales: Vec<SaleId>,
    pub(super) certificates: Vec<(Instant, CertificateKey)>,
}

impl Due {
    pub(super) fn is_empty(&self) -> bool {
        self.sales.is_empty() && self.certificates.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.sales.len() + self.certificates.len()
    }

    /// Each by itself.
    pub(super) fn each(&self) -> impl Iterator<Item = Due> {
        let sales = self.sales.iter().map(|sale| Due { sales: vec![*sale], ..Due::default() });
        let certificates = self.certificates.iter();
        sales.chain(certificates.map(|one| Due { certificates: vec![one.clone()], ..Due::default() }))
    }
}

/// The names that a batch looks at, and what was found of them before anything was locked.
#[derive(Debug, Default)]
pub(super) struct Closure {
    pub(super) keys: BTreeSet<Key>,
    pub(super) read: Read,
}

/// Asks for what commands look at, until nothing more follows from what was found.
pub(super) async fn closure(
    client: &ClientWrapper,
    commands: &[Command],
    due: &Due,
    more: &BTreeSet<Key>,
) -> Result<Closure, Error> {
    let mut closure = Closure::default();
    let mut seen = Balances::default();
    loop {
        let mut asked: BTreeSet<Key> = more.clone();
        for command in commands {
            asked.extend(ledger::touched(&seen, command));
            // Who asks again gets the sale as it is.
            let sale = seen.known(command.request).and_then(|known| known.outcome.sale());
            asked.extend(sale.map(Key::Sale));
        }
        asked.extend(due.sales.iter().flat_map(|sale| ledger::touched_by_sale(&seen, *sale)));
        asked.extend(due.certificates.iter().map(|(_, key)| Key::Certificate(key.clone())));
        let new: Vec<Key> = asked.into_iter().filter(|key| !closure.keys.contains(key)).collect();
        if new.is_empty() {
            return Ok(closure);
        }
        let (names, counters) = rows::apart(new.iter());
        let mut read = rows::read(client, names, counters).await?;
        for key in new {
            if let Some(account) = read.get(&key) {
                seen.put(key.clone(), account);
            }
            closure.keys.insert(key);
        }
        closure.read.accounts.append(&mut read.accounts);
        closure.read.parts.append(&mut read.parts);
    }
}

/// Whether an account is the batch's alone while it decides. Of others it is known what they were a moment ago: a call never changes once
/// it is there, and who takes a code or a pool out of use must not wait for all who sell with it. What such an account turns out to be
/// written all the same is locked when the batch begins anew.
fn is_locked(key: &Key, written: &BTreeSet<Key>) -> bool {
    match key {
        Key::Request(_) | Key::Batch(_) | Key::Entry(..) => false,
        Key::Code(_) | Key::Pool(_) | Key::Attempts(AttemptKey::OtpAll) => written.contains(key),
        _ => true,
    }
}

/// The codes and pools that commands write, as far as they say it themselves.
fn written(commands: &[Command]) -> BTreeSet<Key> {
    let mut written = BTreeSet::new();
    for command in commands {
        match &command.action {
            Action::AddCodes(add) => {
                written.insert(Key::Pool(add.pool.clone()));
                written.extend(add.codes.iter().map(|code| Key::Code(code.key.clone())));
            }
            Action::DisableCode(code) => drop(written.insert(Key::Code(code.clone()))),
            Action::DisablePool(pool) => drop(written.insert(Key::Pool(pool.clone()))),
            _ => {}
        }
    }
    written
}

/// What a batch has locked: accounts and counters as nobody else can change them now.
#[derive(Debug, Default)]
pub(super) struct Locked {
    /// The names that were asked for.
    pub(super) keys: BTreeSet<Key>,
    pub(super) accounts: BTreeMap<Vec<u8>, Account>,
    pub(super) parts: BTreeMap<Vec<u8>, Vec<Part>>,
    /// Counters of which the own part alone is locked; the others are as they were a moment ago.
    pub(super) in_part: BTreeSet<Vec<u8>>,
    /// Accounts that are not locked.
    pub(super) unlocked: BTreeSet<Key>,
}

impl Locked {
    /// All that was found, as balances.
    pub(super) fn balances(&self) -> Balances {
        let mut balances = Balances::default();
        for key in &self.keys {
            let name = encode::key(key);
            let account = match key {
                Key::Counter(_) => self.parts.get(&name).map(|parts| Account::Counter(parts::whole(parts))),
                _ => self.accounts.get(&name).cloned(),
            };
            if let Some(account) = account {
                balances.put(key.clone(), account);
            }
        }
        balances
    }

    /// Counters of which too little is known to give back what the sales of this batch may give back.
    pub(super) fn too_little(&self) -> BTreeSet<CounterKey> {
        let mut back: BTreeMap<&CounterKey, (i64, i64)> = BTreeMap::new();
        let sales = self.accounts.values().filter_map(|account| match account {
            Account::Sale(sale) => Some(sale),
            _ => None,
        });
        for sale in sales {
            for take in &sale.takes {
                let amount = i64::try_from(take.amount).unwrap_or(i64::MAX);
                let (held, kept) = back.entry(&take.counter).or_default();
                let sum = if sale.state == State::Committed { kept } else { held };
                *sum = sum.saturating_add(amount);
            }
        }
        let is_short = |(counter, (held, kept)): (&CounterKey, (i64, i64))| {
            let name = encode::key(&Key::Counter(counter.clone()));
            let parts = self.parts.get(&name).map(Vec::as_slice).unwrap_or_default();
            let is_short = self.in_part.contains(&name) && !parts::may_give_back(parts, held, kept);
            is_short.then(|| counter.clone())
        };
        back.into_iter().filter_map(is_short).collect()
    }
}

/// What a batch has found out by beginning anew.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Names that it looks at beside those that follow from its commands.
    pub(super) keys: BTreeSet<Key>,
    /// Accounts that it writes though that is rare.
    pub(super) written: BTreeSet<Key>,
    /// Counters that it needs with all their parts.
    pub(super) whole: BTreeSet<CounterKey>,
}

/// Begins a transaction and locks what the closure names.
pub(super) async fn locked(
    client: &ClientWrapper,
    commands: &[Command],
    closure: Closure,
    own: i16,
    known: &Known,
) -> Result<Locked, Error> {
    let mut written = written(commands);
    written.extend(known.written.iter().cloned());
    let needs = expected(commands);
    let mut locked = Locked::default();
    let (mut update, mut of_whole, mut of_part) = (Names::new(), Names::new(), Names::new());
    let Read { mut accounts, parts } = closure.read;
    for key in &closure.keys {
        let name = encode::key(key);
        if let Key::Counter(counter) = key {
            let need = needs.get(counter).copied().unwrap_or_default();
            let seen = parts.get(&name).map(Vec::as_slice).unwrap_or_default();
            let is_enough = seen.iter().any(|part| part.part == own && parts::has_room(part, &need));
            if is_enough && !known.whole.contains(counter) { of_part.push(name) } else { of_whole.push(name) }
        } else if is_locked(key, &written) {
            update.push(name);
        } else {
            locked.unlocked.insert(key.clone());
            if let Some(account) = accounts.remove(&name) {
                locked.accounts.insert(name, account);
            }
        }
    }
    // Names in order, so that no two batches wait for each other; sent together, for each answer is a way there and back. Whole counters are
    // asked for twice: who waits for the first part of one that is being divided sees the others only when asked again.
    let prepare = |sql| client.prepare_cached(sql);
    let wrong = database::Error::from;
    let accounts_of = prepare(UPDATE).await.map_err(wrong)?;
    let of_all = prepare(WHOLE).await.map_err(wrong)?;
    let of_own = prepare(PART).await.map_err(wrong)?;
    let (of_update, of_counters): ([Value<'_>; 1], [Value<'_>; 1]) = ([&update], [&of_whole]);
    let of_parts: [Value<'_>; 2] = [&of_part, &own];
    let (begun, updated, waited, of_all, of_own) = tokio::join!(
        biased;
        client.batch_execute("begin"),
        client.query(&accounts_of, &of_update),
        client.query(&of_all, &of_counters),
        client.query(&of_all, &of_counters),
        client.query(&of_own, &of_parts),
    );
    begun.map_err(wrong)?;
    locked.accounts.extend(rows::accounts(&updated.map_err(wrong)?)?);
    waited.map_err(wrong)?;
    locked.parts = rows::counters(&of_all.map_err(wrong)?)?;
    for (name, fresh) in rows::counters(&of_own.map_err(wrong)?)? {
        let others = parts.get(&name).into_iter().flatten().filter(|part| part.part != own);
        let together = others.copied().chain(fresh).collect();
        locked.parts.insert(name, together);
    }
    locked.in_part = of_part.into_iter().collect();
    locked.keys = closure.keys;
    Ok(locked)
}

type Value<'a> = &'a (dyn tokio_postgres::types::ToSql + Sync);

const UPDATE: &str =
    "select name, content from pricewright.account where name = any($1) order by name for update";
const WHOLE: &str = "select name, part, held, kept, room, divided from pricewright.counter \
     where name = any($1) order by name, part for update";
const PART: &str = "select name, part, held, kept, room, divided from pricewright.counter \
     where name = any($1) and part = $2 order by name for update";

/// What commands may take of counters, as far as they say it themselves.
fn expected(commands: &[Command]) -> BTreeMap<CounterKey, Need> {
    let mut needs = BTreeMap::new();
    for command in commands {
        let takes = match &command.action {
            Action::Reserve(reserve) => reserve.takes.as_slice(),
            Action::Commit(commit) => {
                commit.part.as_ref().map(|part| part.takes.as_slice()).unwrap_or_default()
            }
            _ => &[],
        };
        takes.iter().for_each(|take| add(&mut needs, take));
    }
    needs
}

/// Adds what a take needs.
pub(super) fn add(needs: &mut BTreeMap<CounterKey, Need>, take: &Take) {
    let amount = i64::try_from(take.amount).unwrap_or(i64::MAX);
    let need = needs.entry(take.counter.clone()).or_default();
    need.taken = need.taken.saturating_add(amount);
    need.count = need.count.saturating_add(1);
    need.largest = need.largest.max(amount);
    need.limit = least(need.limit, take);
}

/// The least limit of takes that were seen, and this one.
pub(super) fn least(seen: Option<i64>, take: &Take) -> Option<i64> {
    let limit = match take.limit {
        Limit::Ever(limit) => i64::try_from(limit).unwrap_or(i64::MAX),
        // What is held is compared with the shelf, not what was given: never divided.
        Limit::Now(_) => 0,
    };
    Some(seen.map_or(limit, |seen| seen.min(limit)))
}
