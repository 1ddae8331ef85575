//! One code as the ledger has it.

use crate::catalog::word::fold_code;
use crate::ledger::code::GeneratedCode;
use crate::ledger::{Account, CodeKey, CodeState, CounterKey, Key, Pool, Terms};
use crate::server::ledger::{Error, Ledger};

/// The text under which a code is known: one of ours in its own alphabet, so that `O` is `0`; any other folded as campaign words are.
#[must_use]
pub fn text_of(typed: &str) -> String {
    let folded = fold_code(typed);
    match GeneratedCode::parse(&folded) {
        Ok(code) => code.as_str().to_owned(),
        Err(_) => folded,
    }
}

/// A code that there is.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its name in the ledger.
    pub key: CodeKey,
    /// Its pool.
    pub pool: String,
    /// What it may be used for.
    pub terms: Terms,
    /// Whether it, or its pool, was taken out of use.
    pub is_disabled: bool,
    /// Baskets that hold it.
    pub held: u64,
    /// Baskets in which it was used.
    pub used: u64,
}

impl Found {
    /// Reads the code of that name.
    ///
    /// # Errors
    /// The index cannot be read, or has no such code.
    pub(super) fn read(ledger: &Ledger, key: CodeKey) -> Result<Self, Error> {
        let missing = || Error::Damaged("a code or its batch is missing".to_owned());
        let Some(Account::Code(state)) = ledger.account(&Key::Code(key.clone()))? else {
            return Err(missing());
        };
        let CodeState { batch, terms, is_disabled, .. } = *state;
        let Some(Account::Batch(batch)) = ledger.account(&Key::Batch(batch))? else { return Err(missing()) };
        let pool = match ledger.account(&Key::Pool(batch.pool.clone()))? {
            Some(Account::Pool(pool)) => pool,
            _ => Pool::default(),
        };
        let counter = ledger.counters().get(&CounterKey::Code(key.clone()));
        Ok(Found {
            key,
            terms: terms.map_or(batch.terms, |terms| *terms),
            pool: batch.pool,
            is_disabled: is_disabled || pool.is_disabled,
            held: counter.held,
            used: counter.kept,
        })
    }

    /// Whether there is a use left, beside those that the purchase itself holds.
    #[must_use]
    pub fn has_use(&self) -> bool {
        self.terms.uses.is_none_or(|uses| self.held.saturating_add(self.used) < u64::from(uses))
    }
}
