//! One batch of commands: the accounts they look at, the facts they make, what those change.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::index::Source;
use crate::ledger::{
    self, Account, Balances, CertificateKey, Command, Event, Fact, Key, Rejection, SaleId, State,
};
use crate::money::Amount;
use crate::time::Instant;

/// Commands decided on and not kept yet.
pub(super) struct Batch<'a, S: Source + ?Sized> {
    source: &'a S,
    balances: Balances,
    /// The accounts that were asked for, those that are not open among them.
    loaded: BTreeSet<Key>,
    facts: Vec<Fact>,
    changed: Vec<Key>,
}

impl<'a, S: Source + ?Sized> Batch<'a, S> {
    pub(super) fn new(source: &'a S) -> Self {
        let (balances, loaded) = (Balances::default(), BTreeSet::new());
        Batch { source, balances, loaded, facts: Vec::new(), changed: Vec::new() }
    }

    pub(super) fn balances(&self) -> &Balances {
        &self.balances
    }

    pub(super) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Decides on a command, as all before it in the batch have left things.
    pub(super) fn decide(&mut self, command: &Command) -> Result<Result<(), Rejection>, Error> {
        self.load(|balances| ledger::touched(balances, command))?;
        match ledger::decide(&self.balances, command) {
            Ok(facts) => {
                facts.into_iter().for_each(|fact| self.add(fact));
                Ok(Ok(()))
            }
            Err(rejection) => Ok(Err(rejection)),
        }
    }

    /// Ends the hold of a sale, when it still has one and its time is over.
    pub(super) fn expire(&mut self, sale: SaleId, now: Instant) -> Result<(), Error> {
        self.load(|balances| ledger::touched_by_sale(balances, sale))?;
        let is_due = |sale: &ledger::Sale| sale.state == State::Held && sale.expires_at <= now;
        if self.balances.sale(sale).is_some_and(is_due) {
            self.add(Fact { at: now, call: None, event: Event::Expired { sale } });
        }
        Ok(())
    }

    /// The certificates that the batch has touched and that have a balance, with their ends.
    pub(super) fn ends(&self) -> BTreeSet<(Instant, CertificateKey)> {
        let end = |key: &Key| match (key, self.balances.get(key)) {
            (Key::Certificate(key), Some(Account::Certificate(one))) if one.balance > Amount::ZERO => {
                Some((one.expires_at, key.clone()))
            }
            _ => None,
        };
        self.changed.iter().filter_map(end).collect()
    }

    /// Ends a certificate, when it still has a balance and `end` still is its own. An end that was moved has an entry of its own in the
    /// writer's list: by the old one it would end before those that are due earlier.
    pub(super) fn expire_certificate(
        &mut self,
        (end, key): &(Instant, CertificateKey),
        now: Instant,
    ) -> Result<(), Error> {
        self.load(|_| vec![Key::Certificate(key.clone())])?;
        let is_due = |one: &ledger::Certificate| {
            one.expires_at == *end && one.is_over(now) && one.balance > Amount::ZERO
        };
        if self.balances.certificate(key).is_some_and(is_due) {
            let event = Event::CertificateExpired { certificate: key.clone() };
            self.add(Fact { at: now, call: None, event });
        }
        Ok(())
    }

    /// Takes in a fact that is kept already.
    pub(super) fn take(&mut self, fact: Fact) -> Result<(), Error> {
        self.load(|balances| ledger::touched_by_fact(balances, &fact))?;
        self.add(fact);
        Ok(())
    }

    /// What the facts changed.
    pub(super) fn changes(&self) -> BTreeMap<Key, Account> {
        let account = |key: &Key| Some((key.clone(), self.balances.get(key)?.clone()));
        self.changed.iter().filter_map(account).collect()
    }

    fn add(&mut self, fact: Fact) {
        self.changed.extend(self.balances.apply(&fact));
        self.facts.push(fact);
    }

    /// Fetches what is asked for until nothing more is.
    fn load(&mut self, asked: impl Fn(&Balances) -> Vec<Key>) -> Result<(), Error> {
        loop {
            let mut missing = asked(&self.balances);
            missing.retain(|key| self.loaded.insert(key.clone()));
            if missing.is_empty() {
                return Ok(());
            }
            for (key, account) in missing.iter().zip(self.source.load(&missing)?) {
                if let Some(account) = account {
                    self.balances.put(key.clone(), account);
                }
            }
        }
    }
}
