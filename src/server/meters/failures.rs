//! Failures by reason. They are rarer than answers, and a lock for a moment costs little beside their words.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Reasons that are told apart; `docs/errors.md` has some seventy. What comes later counts as `other`.
const REASONS_MAX: usize = 128;
/// What somebody is woken for stands at 0 from the start: of a number that appears with 1 nobody can say that it has grown.
const FROM_THE_START: [&str; 7] = [
    "CREDENTIAL_REFUSED",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "LEDGER_STOPPED",
    "LEDGER_UNAVAILABLE",
    "NO_RULEBOOK",
    "OVERLOADED",
];

/// How often each reason was told.
#[derive(Debug)]
pub struct Failures(Mutex<BTreeMap<String, u64>>);

impl Default for Failures {
    fn default() -> Self {
        Failures(Mutex::new(FROM_THE_START.map(|reason| (reason.to_owned(), 0)).into()))
    }
}

impl Failures {
    /// Counts a failure.
    pub fn note(&self, reason: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(reason) {
            *count = count.saturating_add(1);
            return;
        }
        let reason = if counts.len() < REASONS_MAX { reason } else { "other" };
        let count = counts.entry(reason.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// All of them.
    #[must_use]
    pub fn counted(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bounded() {
        let failures = Failures::default();
        (0..1_000).for_each(|number| failures.note(&number.to_string()));
        failures.note("OVERLOADED");
        let counts = failures.counted();
        assert_eq!((counts.len(), counts["OVERLOADED"]), (REASONS_MAX + 1, 1));
        assert_eq!(counts.values().sum::<u64>(), 1_001);
    }
}
