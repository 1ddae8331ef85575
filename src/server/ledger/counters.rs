//! Counters as quotes see them: in memory, changed once the facts are on disk. A quote never waits for the ledger and may be a
//! moment old; the reservation decides.

use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::ledger::{Counter, CounterKey};

/// Every counter that is not zero.
#[derive(Debug, Default)]
pub struct Counters(RwLock<FxHashMap<CounterKey, Counter>>);

impl Counters {
    /// A counter.
    #[must_use]
    pub fn get(&self, key: &CounterKey) -> Counter {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).copied().unwrap_or_default()
    }

    /// Sets counters to what they are now.
    pub fn set(&self, counters: impl Iterator<Item = (CounterKey, Counter)>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, counter) in counters {
            if counter == Counter::default() {
                held.remove(&key);
            } else {
                held.insert(key, counter);
            }
        }
    }
}
