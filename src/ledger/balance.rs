//! What follows from the facts: the answer to each call, the state of each sale, each counter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::certificate::{Certificate, Entry, Sent, SentKey};
use super::codes::{AttemptKey, Attempts, Batch, CodeKey, CodeState, Pool};
use super::counter::{Counter, CounterKey};
use super::id::{CertificateKey, Content, RequestId, SaleId};
use super::rejection::Rejection;
use super::sale::Sale;
use crate::time::Instant;

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
    /// A gift certificate.
    Certificate(CertificateKey),
    /// An entry of a certificate, by its place.
    Entry(CertificateKey, u32),
    /// Passwords that were sent.
    Sent(SentKey),
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
    /// A gift certificate.
    Certificate(Box<Certificate>),
    /// An entry of a certificate.
    Entry(Box<Entry>),
    /// Passwords that were sent.
    Sent(Sent),
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
    /// A certificate was issued.
    Issued(CertificateKey),
    /// A password was sent, and lives until then.
    OtpSent(Instant),
    /// A certificate was looked at, or changed: it had so many entries at that moment.
    Certificate(CertificateKey, u32, Instant),
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
            Outcome::Done
            | Outcome::Issued(_)
            | Outcome::OtpSent(_)
            | Outcome::Certificate(..)
            | Outcome::Refused(_) => None,
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

    /// A certificate.
    #[must_use]
    pub fn certificate(&self, certificate: &CertificateKey) -> Option<&Certificate> {
        match self.accounts.get(&Key::Certificate(certificate.clone())) {
            Some(Account::Certificate(certificate)) => Some(certificate),
            _ => None,
        }
    }

    /// Passwords that were sent.
    #[must_use]
    pub fn sent(&self, to: &SentKey) -> Option<&Sent> {
        match self.accounts.get(&Key::Sent(to.clone())) {
            Some(Account::Sent(sent)) => Some(sent),
            _ => None,
        }
    }

    /// Changes an account, where it is open.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Account> {
        self.accounts.get_mut(key)
    }

    /// Failed attempts.
    #[must_use]
    pub fn attempts(&self, of: &AttemptKey) -> Option<Attempts> {
        match self.accounts.get(&Key::Attempts(of.clone())) {
            Some(Account::Attempts(attempts)) => Some(*attempts),
            _ => None,
        }
    }
}
