//! How the ledger works: who waits for it, how much it keeps at once, how long that takes.

use std::sync::atomic::{AtomicU64, Ordering};

use super::histogram::Histogram;

/// Of one ledger.
#[derive(Debug)]
pub struct LedgerMeters {
    waiting: AtomicU64,
    /// Commands of a batch.
    pub batches: Histogram,
    /// How long a batch took to be safe: on the disk of the journal, or in the database.
    pub syncs: Histogram,
}

impl Default for LedgerMeters {
    fn default() -> Self {
        LedgerMeters {
            waiting: AtomicU64::new(0),
            batches: Histogram::of_sizes(),
            syncs: Histogram::of_times(),
        }
    }
}

impl LedgerMeters {
    /// Somebody waits for an answer, for as long as what comes back is there.
    #[must_use]
    pub fn wait(&self) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waits(self)
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Counts the commands of a batch; one without any ends what is due, and is not counted.
    pub fn batch(&self, commands: usize) {
        if commands > 0 {
            self.batches.note(u64::try_from(commands).unwrap_or(u64::MAX));
        }
    }
}

/// Somebody who waits.
#[derive(Debug)]
pub struct Waits<'a>(&'a LedgerMeters);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
