//! Counters as quotes see them: in memory, changed once the facts are on disk. A quote never waits for the ledger and may be a
//! moment old; the reservation decides.

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant as Steady};

use rustc_hash::FxHashMap;

use crate::ledger::{Counter, CounterKey};
use crate::server::clock;

/// Every counter that is not zero.
#[derive(Debug, Default)]
pub struct Counters {
    held: RwLock<FxHashMap<CounterKey, Counter>>,
    /// When they were last what the database had; never said where nobody else keeps any.
    fresh_at: Mutex<Option<Steady>>,
}

impl Counters {
    /// A counter.
    #[must_use]
    pub fn get(&self, key: &CounterKey) -> Counter {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(key).copied().unwrap_or_default()
    }

    /// Sets counters to what they are now.
    pub fn set(&self, counters: impl Iterator<Item = (CounterKey, Counter)>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for (key, counter) in counters {
            if counter == Counter::default() {
                held.remove(&key);
            } else {
                held.insert(key, counter);
            }
        }
    }

    /// They were, at that moment, what the database had.
    pub fn refreshed(&self, at: Steady) {
        *self.fresh_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// How old they may be at most; nothing where this node is the only one that keeps any.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let fresh_at = *self.fresh_at.lock().unwrap_or_else(PoisonError::into_inner);
        fresh_at.map(|at| clock::steady().saturating_duration_since(at))
    }
}
