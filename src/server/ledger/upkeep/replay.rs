//! Everything derived again from the facts, somewhere else.

use std::path::Path;

use tempfile::TempDir;

use super::error::{Error, disk};
use crate::ledger::{Account, Books, State};
use crate::server::journal::{self, Place};
use crate::server::ledger::catch_up::catch_up;
use crate::server::ledger::index::{Index, Mark};
use crate::server::ledger::memory::Memory;
use crate::server::ledger::shelf::Shelf;

/// Bytes of facts of which all that follows fits into memory; it takes some four times as many. What follows from more goes to a
/// temporary folder.
const MEMORY_BYTES_MAX: u64 = 128 << 20;

/// What is in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accounts of all kinds.
    pub accounts: u64,
    /// Calls whose answers are known.
    pub calls: u64,
    /// Sales that are reserved and not paid.
    pub reserved: u64,
    /// Sales that are paid.
    pub committed: u64,
    /// Sales that were called off.
    pub cancelled: u64,
    /// Sales whose time was over.
    pub expired: u64,
    /// Refunds of the sales that are paid.
    pub refunds: u64,
    /// Counters of limits, budgets, codes and stock.
    pub counters: u64,
    /// Generated codes.
    pub codes: u64,
    /// Gift certificates.
    pub certificates: u64,
}

impl Counts {
    /// What an index holds, and the books of its certificates.
    pub(super) fn of(index: &dyn Index) -> Result<(Self, Books), Error> {
        let (mut counts, mut books) = (Counts::default(), Books::default());
        index.each(&mut |_, account| {
            counts.add(account);
            books.add(account);
        })?;
        Ok((counts, books))
    }

    fn add(&mut self, account: &Account) {
        self.accounts += 1;
        match account {
            Account::Request(_) => self.calls += 1,
            Account::Counter(_) => self.counters += 1,
            Account::Code(_) => self.codes += 1,
            Account::Certificate(_) => self.certificates += 1,
            Account::Batch(_)
            | Account::Pool(_)
            | Account::Attempts(_)
            | Account::Entry(_)
            | Account::Sent(_) => {}
            Account::Sale(sale) => {
                self.refunds += u64::try_from(sale.returns.len()).unwrap_or_default();
                match sale.state {
                    State::Held => self.reserved += 1,
                    State::Committed => self.committed += 1,
                    State::Cancelled => self.cancelled += 1,
                    State::Expired => self.expired += 1,
                }
            }
        }
    }
}

/// An index of its own, thrown away in the end.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) index: Box<dyn Index>,
    /// Facts that were applied.
    pub(super) facts: u64,
    // Below the index, so that it goes after it.
    _folder: Option<TempDir>,
}

impl Replay {
    /// For the facts of a journal of so many bytes.
    pub(super) fn new(summary: &journal::Summary) -> Result<Self, Error> {
        if summary.payload_bytes <= MEMORY_BYTES_MAX {
            return Ok(Replay { index: Box::new(Memory::default()), facts: 0, _folder: None });
        }
        let folder = scratch()?;
        Ok(Replay { index: Box::new(Shelf::temporary(folder.path())?), facts: 0, _folder: Some(folder) })
    }

    /// Applies what follows in the journal, up to record `until`.
    pub(super) fn follow(
        &mut self,
        journal: &Path,
        until: u64,
        told: &mut dyn FnMut(u64),
    ) -> Result<Mark, Error> {
        self.facts += catch_up(self.index.as_ref(), &Place::system(journal), until, told)?;
        Ok(self.index.mark())
    }
}

/// A folder that goes away by itself, where the system has room for such.
pub(super) fn scratch() -> Result<TempDir, Error> {
    let made = tempfile::Builder::new().prefix("pricewright-ledger-").tempdir();
    made.map_err(disk("make a folder in", &std::env::temp_dir()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Content, Event, Fact, Rejection, RequestId};
    use crate::server::journal::{Pour, SEGMENT_BYTES, verify};
    use crate::server::ledger::encode;
    use crate::time::Instant;

    #[test]
    fn much_is_derived_on_the_disk_and_little_in_memory_and_both_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        let mut pour = Pour::begin(&journal, SEGMENT_BYTES).unwrap();
        for number in 1..=50_u8 {
            let call = Some((RequestId::from_bytes([number; 16]), Content("said".to_owned())));
            let event = Event::Refused { rejection: Rejection::SaleUnknown };
            let mut bytes = b"[".to_vec();
            encode::fact(&Fact { at: Instant::from_unix(1).unwrap(), call, event }, &mut bytes);
            bytes.push(b']');
            pour.append(&bytes).unwrap();
        }
        pour.finish().unwrap();
        let summary = verify(&journal).unwrap();
        let seen = [0, MEMORY_BYTES_MAX + 1].map(|payload_bytes| {
            let mut replay = Replay::new(&journal::Summary { payload_bytes, ..summary }).unwrap();
            let place = replay._folder.as_ref().map(|folder| folder.path().to_owned());
            assert_eq!(place.is_some(), payload_bytes > MEMORY_BYTES_MAX);
            let half = replay.follow(&journal, 20, &mut |_| ()).unwrap();
            let whole = replay.follow(&journal, u64::MAX, &mut |_| ()).unwrap();
            let (counts, _) = Counts::of(replay.index.as_ref()).unwrap();
            assert_eq!((half.sequence, whole.sequence, replay.facts, counts.calls), (20, 50, 50, 50));
            drop(replay);
            assert!(!place.is_some_and(|place| place.exists()), "it is left behind");
            (half.digest, whole.digest)
        });
        assert_eq!(seen[0], seen[1]);
    }
}
