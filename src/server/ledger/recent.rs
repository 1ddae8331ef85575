//! Accounts that quotes ask for again and again: codes, what they have in common, and failed attempts. A price waits for no database, so
//! each is asked for once, and forgotten when another node has changed it.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::encode;
use crate::ledger::{Account, Key};

/// Accounts that are remembered, some hundred bytes each; with more, all are forgotten.
const RECENT_MAX: usize = 100_000;

/// What was read lately.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    accounts: FxHashMap<Vec<u8>, Option<Account>>,
    /// How often something was forgotten: what was read before that may be old.
    forgotten: u64,
}

/// A moment before which something was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(u64);

impl Recent {
    /// Whether accounts of that name are remembered.
    pub(super) fn takes(key: &Key) -> bool {
        matches!(key, Key::Code(_) | Key::Batch(_) | Key::Pool(_) | Key::Attempts(_))
    }

    /// The account, where it is remembered; that there is none is remembered too.
    pub(super) fn get(&self, key: &Key) -> Option<Option<Account>> {
        self.held(|held| held.accounts.get(&encode::key(key)).cloned())
    }

    /// Now, for what is about to be read.
    pub(super) fn moment(&self) -> Moment {
        self.held(|held| Moment(held.forgotten))
    }

    /// Remembers what was read, unless something was forgotten since: it may be that.
    pub(super) fn put(&self, key: &Key, account: Option<&Account>, read: Moment) {
        // A code that is not there may come into being any moment, with thousands of others.
        if account.is_none() && !matches!(key, Key::Attempts(_)) {
            return;
        }
        self.held(|held| {
            if held.forgotten != read.0 {
                return;
            }
            if held.accounts.len() >= RECENT_MAX {
                held.accounts.clear();
            }
            held.accounts.insert(encode::key(key), account.cloned());
        });
    }

    /// Forgets accounts that have changed.
    pub(super) fn forget(&self, names: &[Vec<u8>]) {
        if names.is_empty() {
            return;
        }
        self.held(|held| {
            held.forgotten = held.forgotten.wrapping_add(1);
            names.iter().for_each(|name| drop(held.accounts.remove(name)));
        });
    }

    fn held<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{AttemptKey, Attempts, CodeKey, Pool};
    use crate::time::Instant;

    #[test]
    fn what_changed_is_forgotten_also_where_it_was_just_being_read() {
        let recent = Recent::default();
        let (key, pool) = (Key::Pool("march".to_owned()), Account::Pool(Pool::default()));
        let read = recent.moment();
        recent.put(&key, Some(&pool), read);
        assert_eq!(recent.get(&key), Some(Some(pool.clone())));
        let late = recent.moment();
        recent.forget(&[encode::key(&key)]);
        assert_eq!(recent.get(&key), None);
        recent.put(&key, Some(&pool), late);
        assert_eq!(recent.get(&key), None, "it was read before it changed");
        // That nobody has failed is remembered, that there is no such code is not.
        let (code, attempts) = (Key::Code(CodeKey("x".to_owned())), Key::Attempts(AttemptKey::All));
        for key in [&code, &attempts] {
            recent.put(key, None, recent.moment());
        }
        assert_eq!((recent.get(&code), recent.get(&attempts)), (None, Some(None)));
        let one = Account::Attempts(Attempts::and_one(None, Instant::from_unix(5).unwrap()));
        recent.put(&attempts, Some(&one), recent.moment());
        assert_eq!(recent.get(&attempts), Some(Some(one)));
    }
}
