//! Everything derived again from the facts, somewhere else.

use std::path::Path;

use tempfile::TempDir;

use super::error::{Error, disk};
use crate::ledger::{Account, State};
use crate::server::journal;
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
}

impl Counts {
    /// What an index holds.
    pub(super) fn of(index: &dyn Index) -> Result<Self, Error> {
        let mut counts = Counts::default();
        index.each(&mut |_, account| counts.add(account))?;
        Ok(counts)
    }

    fn add(&mut self, account: &Account) {
        self.accounts += 1;
        match account {
            Account::Request(_) => self.calls += 1,
            Account::Counter(_) => self.counters += 1,
            Account::Code(_) => self.codes += 1,
            Account::Batch(_) | Account::Pool(_) | Account::Attempts(_) => {}
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
        Ok(Replay { index: Box::new(Shelf::open(folder.path())?), facts: 0, _folder: Some(folder) })
    }

    /// Applies what follows in the journal, up to record `until`.
    pub(super) fn follow(
        &mut self,
        journal: &Path,
        until: u64,
        told: &mut dyn FnMut(u64),
    ) -> Result<Mark, Error> {
        self.facts += catch_up(self.index.as_ref(), journal, until, told)?;
        Ok(self.index.mark())
    }
}

/// A folder that goes away by itself, where the system has room for such.
pub(super) fn scratch() -> Result<TempDir, Error> {
    let made = tempfile::Builder::new().prefix("pricewright-ledger-").tempdir();
    made.map_err(disk("make a folder in", &std::env::temp_dir()))
}
