//! An index in memory, for tests and for whoever keeps no promises.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::encode;
use super::error::Error;
use super::index::{Index, Mark};
use crate::ledger::{Account, CertificateKey, Counter, CounterKey, Key, SaleId, State};
use crate::money::Amount;
use crate::time::Instant;

/// Accounts in memory.
#[derive(Debug, Default)]
pub struct Memory(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    accounts: BTreeMap<Key, Account>,
    mark: Mark,
}

impl Memory {
    fn read<T>(&self, look: impl FnOnce(&Held) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Index for Memory {
    fn get(&self, key: &Key) -> Result<Option<Account>, Error> {
        Ok(self.read(|held| held.accounts.get(key).cloned()))
    }

    fn apply(&self, changes: &BTreeMap<Key, Account>, sequence: u64) -> Result<(), Error> {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, account) in changes {
            let name = encode::key(key);
            held.mark.digest.add(&encode::account(&name, account));
            if let Some(before) = held.accounts.insert(key.clone(), account.clone()) {
                held.mark.digest.remove(&encode::account(&name, &before));
            }
        }
        held.mark.sequence = sequence;
        Ok(())
    }

    fn mark(&self) -> Mark {
        self.read(|held| held.mark)
    }

    fn holds(&self) -> Result<Vec<(Instant, SaleId)>, Error> {
        Ok(self.read(|held| {
            let sales = held.accounts.iter().filter_map(|(key, account)| match (key, account) {
                (Key::Sale(id), Account::Sale(sale)) if sale.state == State::Held => {
                    Some((sale.expires_at, *id))
                }
                _ => None,
            });
            sales.collect()
        }))
    }

    fn counters(&self) -> Result<Vec<(CounterKey, Counter)>, Error> {
        Ok(self.read(|held| {
            let counters = held.accounts.iter().filter_map(|(key, account)| match (key, account) {
                (Key::Counter(key), Account::Counter(counter)) => Some((key.clone(), *counter)),
                _ => None,
            });
            counters.collect()
        }))
    }

    fn ends(&self) -> Result<Vec<(Instant, CertificateKey)>, Error> {
        Ok(self.read(|held| {
            let ends = held.accounts.iter().filter_map(|(key, account)| match (key, account) {
                (Key::Certificate(key), Account::Certificate(one)) if one.balance > Amount::ZERO => {
                    Some((one.expires_at, key.clone()))
                }
                _ => None,
            });
            ends.collect()
        }))
    }

    fn each(&self, look: &mut dyn FnMut(&[u8], &Account)) -> Result<(), Error> {
        self.read(|held| held.accounts.iter().for_each(|(key, account)| look(&encode::key(key), account)));
        Ok(())
    }

    fn distrust(&self) {}

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}
