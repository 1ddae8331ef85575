//! What follows from the facts: the answer to each call, the state of each sale, each counter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::codes::{AttemptKey, Attempts, Batch, CodeKey, CodeState, NewCode, Pool, Terms};
use super::counter::{Counter, CounterKey, Take};
use super::fact::{Event, Fact};
use super::id::{Content, RequestId, SaleId};
use super::rejection::Rejection;
use super::sale::{Sale, State};

/// The name of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// A call.
    Request(RequestId),
    /// A sale.
    Sale(SaleId),
    /// A counter.
    Counter(CounterKey),
    /// A code.
    Code(CodeKey),
    /// Codes that came into being by one call.
    Batch(RequestId),
    /// A pool of codes.
    Pool(String),
    /// Failed attempts.
    Attempts(AttemptKey),
}

/// What an account holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// A call.
    Request(Known),
    /// A sale.
    Sale(Box<Sale>),
    /// A counter.
    Counter(Counter),
    /// A code.
    Code(Box<CodeState>),
    /// Codes that came into being by one call.
    Batch(Box<Batch>),
    /// A pool of codes.
    Pool(Pool),
    /// Failed attempts.
    Attempts(Attempts),
}

/// A call that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What it said.
    pub content: Content,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call. With the sale it gives the same answer again, whatever happened to the sale since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A sale was reserved.
    Reserved(SaleId),
    /// It was paid.
    Committed(SaleId),
    /// It was called off.
    Cancelled(SaleId),
    /// Units came back: the place of the return in the sale.
    Refunded(SaleId, usize),
    /// Codes came into being, or were taken out of use; an attempt was counted.
    Done,
    /// It was refused.
    Refused(Rejection),
}

impl Outcome {
    /// The sale it is about.
    #[must_use]
    pub fn sale(&self) -> Option<SaleId> {
        match self {
            Outcome::Reserved(sale)
            | Outcome::Committed(sale)
            | Outcome::Cancelled(sale)
            | Outcome::Refunded(sale, _) => Some(*sale),
            Outcome::Done | Outcome::Refused(_) => None,
        }
    }
}

/// Accounts by name. Those that were never opened are as good as empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balances {
    accounts: BTreeMap<Key, Account>,
}

impl Balances {
    /// Puts an account in its place, as a store has it.
    pub fn put(&mut self, key: Key, account: Account) {
        self.accounts.insert(key, account);
    }

    /// An account.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Account> {
        self.accounts.get(key)
    }

    /// All accounts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Account)> {
        self.accounts.iter()
    }

    /// A call that was answered.
    #[must_use]
    pub fn known(&self, request: RequestId) -> Option<&Known> {
        match self.accounts.get(&Key::Request(request)) {
            Some(Account::Request(known)) => Some(known),
            _ => None,
        }
    }

    /// A sale.
    #[must_use]
    pub fn sale(&self, sale: SaleId) -> Option<&Sale> {
        match self.accounts.get(&Key::Sale(sale)) {
            Some(Account::Sale(sale)) => Some(sale),
            _ => None,
        }
    }

    /// A counter.
    #[must_use]
    pub fn counter(&self, counter: &CounterKey) -> Counter {
        match self.accounts.get(&Key::Counter(counter.clone())) {
            Some(Account::Counter(counter)) => *counter,
            _ => Counter::default(),
        }
    }

    /// A code.
    #[must_use]
    pub fn code(&self, code: &CodeKey) -> Option<&CodeState> {
        match self.accounts.get(&Key::Code(code.clone())) {
            Some(Account::Code(code)) => Some(code),
            _ => None,
        }
    }

    /// What the codes of one call have in common.
    #[must_use]
    pub fn batch(&self, batch: RequestId) -> Option<&Batch> {
        match self.accounts.get(&Key::Batch(batch)) {
            Some(Account::Batch(batch)) => Some(batch),
            _ => None,
        }
    }

    /// A pool of codes.
    #[must_use]
    pub fn pool(&self, pool: &str) -> Option<&Pool> {
        match self.accounts.get(&Key::Pool(pool.to_owned())) {
            Some(Account::Pool(pool)) => Some(pool),
            _ => None,
        }
    }

    /// Whether a code can still be used, as far as it was not taken out of use.
    #[must_use]
    pub fn is_in_use(&self, code: &CodeKey) -> bool {
        let pool = |state: &CodeState| self.pool(&self.batch(state.batch)?.pool);
        let is_in_use =
            |state: &CodeState| !state.is_disabled && pool(state).is_none_or(|pool| !pool.is_disabled);
        self.code(code).is_some_and(is_in_use)
    }

    /// Failed attempts.
    #[must_use]
    pub fn attempts(&self, of: &AttemptKey) -> Option<Attempts> {
        match self.accounts.get(&Key::Attempts(of.clone())) {
            Some(Account::Attempts(attempts)) => Some(*attempts),
            _ => None,
        }
    }

    /// Applies a fact. Which accounts it changes is told, so that a store can write them.
    pub fn apply(&mut self, fact: &Fact) -> Vec<Key> {
        let mut changed = Vec::new();
        let outcome = match &fact.event {
            Event::Reserved { sale, expires_at, purchase, takes } => {
                let account = Sale {
                    state: State::Held,
                    reserved_at: fact.at,
                    expires_at: *expires_at,
                    ended_at: None,
                    reserved: (**purchase).clone(),
                    paid: None,
                    takes: takes.clone(),
                    returns: Vec::new(),
                };
                self.put(Key::Sale(*sale), Account::Sale(Box::new(account)));
                self.hold(takes, &mut changed);
                Some(Outcome::Reserved(*sale))
            }
            Event::Committed { sale, part, takes } => {
                self.release(*sale, &mut changed);
                self.keep(takes, &mut changed);
                self.change(*sale, |account| {
                    account.state = State::Committed;
                    account.ended_at = Some(fact.at);
                    account.paid = part.as_deref().cloned();
                    account.takes.clone_from(takes);
                });
                Some(Outcome::Committed(*sale))
            }
            Event::Cancelled { sale } => {
                self.end(*sale, State::Cancelled, fact, &mut changed);
                Some(Outcome::Cancelled(*sale))
            }
            Event::Expired { sale } => {
                self.end(*sale, State::Expired, fact, &mut changed);
                None
            }
            Event::Refunded { sale, back, takes } => {
                let before = self.sale(*sale).map(|account| account.takes.clone()).unwrap_or_default();
                self.unkeep(&before, &mut changed);
                self.keep(takes, &mut changed);
                let mut place = 0;
                self.change(*sale, |account| {
                    place = account.returns.len();
                    account.returns.push((**back).clone());
                    account.takes.clone_from(takes);
                });
                Some(Outcome::Refunded(*sale, place))
            }
            Event::CodesAdded { pool, terms, codes } => {
                if let Some((request, _)) = &fact.call {
                    self.add_codes(*request, pool, terms, codes, &mut changed);
                }
                Some(Outcome::Done)
            }
            Event::CodeDisabled { code } => {
                if let Some(Account::Code(state)) = self.accounts.get_mut(&Key::Code(code.clone())) {
                    state.is_disabled = true;
                    changed.push(Key::Code(code.clone()));
                }
                Some(Outcome::Done)
            }
            Event::PoolDisabled { pool } => {
                let held = self.pool(pool).cloned().unwrap_or_default();
                self.put(Key::Pool(pool.clone()), Account::Pool(Pool { is_disabled: true, ..held }));
                changed.push(Key::Pool(pool.clone()));
                Some(Outcome::Done)
            }
            Event::Missed { by } => {
                for of in by {
                    let attempts = Attempts::and_one(self.attempts(of), fact.at);
                    self.put(Key::Attempts(of.clone()), Account::Attempts(attempts));
                    changed.push(Key::Attempts(of.clone()));
                }
                Some(Outcome::Done)
            }
            Event::Refused { rejection } => Some(Outcome::Refused(rejection.clone())),
            Event::KeyUsed => Some(Outcome::Done),
        };
        changed.extend(fact.event.sale().map(Key::Sale));
        if let (Some((request, content)), Some(outcome)) = (&fact.call, outcome) {
            let known = Known { content: content.clone(), outcome };
            self.put(Key::Request(*request), Account::Request(known));
            changed.push(Key::Request(*request));
        }
        changed
    }

    fn add_codes(
        &mut self,
        request: RequestId,
        pool: &str,
        terms: &Terms,
        codes: &[NewCode],
        changed: &mut Vec<Key>,
    ) {
        let held = self.pool(pool).cloned().unwrap_or_default();
        let count = held.codes.saturating_add(u64::try_from(codes.len()).unwrap_or(u64::MAX));
        self.put(Key::Pool(pool.to_owned()), Account::Pool(Pool { codes: count, ..held }));
        let batch = Batch { pool: pool.to_owned(), terms: terms.clone() };
        self.put(Key::Batch(request), Account::Batch(Box::new(batch)));
        changed.extend([Key::Pool(pool.to_owned()), Key::Batch(request)]);
        for code in codes {
            let (number, terms) = (code.number, code.terms.clone());
            let state = CodeState { batch: request, number, terms, is_disabled: false };
            self.put(Key::Code(code.key.clone()), Account::Code(Box::new(state)));
            changed.push(Key::Code(code.key.clone()));
        }
    }

    /// Ends a sale that was not paid.
    fn end(&mut self, sale: SaleId, state: State, fact: &Fact, changed: &mut Vec<Key>) {
        self.release(sale, changed);
        self.change(sale, |account| {
            account.state = state;
            account.ended_at = Some(fact.at);
        });
    }

    fn change(&mut self, sale: SaleId, change: impl FnOnce(&mut Sale)) {
        if let Some(Account::Sale(account)) = self.accounts.get_mut(&Key::Sale(sale)) {
            change(account);
        }
    }

    fn hold(&mut self, takes: &[Take], changed: &mut Vec<Key>) {
        self.count(takes, changed, |counter, amount| counter.held = counter.held.saturating_add(amount));
    }

    fn keep(&mut self, takes: &[Take], changed: &mut Vec<Key>) {
        self.count(takes, changed, |counter, amount| counter.kept = counter.kept.saturating_add(amount));
    }

    fn unkeep(&mut self, takes: &[Take], changed: &mut Vec<Key>) {
        self.count(takes, changed, |counter, amount| counter.kept = counter.kept.saturating_sub(amount));
    }

    /// What a sale holds is held no longer; a sale that holds nothing has nothing to release.
    fn release(&mut self, sale: SaleId, changed: &mut Vec<Key>) {
        let held = self.sale(sale).filter(|account| account.state == State::Held);
        let takes = held.map(|account| account.takes.clone()).unwrap_or_default();
        self.count(&takes, changed, |counter, amount| counter.held = counter.held.saturating_sub(amount));
    }

    fn count(&mut self, takes: &[Take], changed: &mut Vec<Key>, change: impl Fn(&mut Counter, u64)) {
        for take in takes {
            let key = Key::Counter(take.counter.clone());
            let mut counter = self.counter(&take.counter);
            change(&mut counter, take.amount);
            self.put(key.clone(), Account::Counter(counter));
            changed.push(key);
        }
    }
}
