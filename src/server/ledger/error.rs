//! What can go wrong with the ledger.

use std::io;
use std::path::PathBuf;

use crate::server::database;
use crate::server::journal;

/// Why the ledger does not open, or has stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// A record of the journal holds something that is no fact.
    #[error(
        "record {sequence} of the journal cannot be read: {what}; restore a backup, or ask `pricewright ledger verify`"
    )]
    Record {
        /// Its number.
        sequence: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The index has failed; it is built anew at the next start.
    #[error("the index of the ledger has failed: {0}")]
    Index(String),
    /// The index holds something else than was written.
    #[error("the index of the ledger is damaged: {0}")]
    Damaged(String),
    /// The database that many nodes share.
    #[error(transparent)]
    Database(#[from] database::Error),
    /// The disk said no.
    #[error("cannot {action} `{path}`: {error}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Another process has it.
    #[error("another process keeps its ledger in `{0}`; stop it, or choose another `--data`")]
    InUse(PathBuf),
    /// A restore or an import did not come to its end.
    #[error("the ledger in `{0}` is not whole: a restore or an import of it was interrupted; run it again")]
    Unfinished(PathBuf),
    /// The program has failed.
    #[error("the writer of the ledger has failed")]
    Panicked,
    /// The thread cannot be started.
    #[error("cannot start the writer of the ledger: {0}")]
    Thread(io::Error),
}

impl Error {
    /// Whether it may work again by itself: then nothing that is kept is in doubt.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Error::Database(error) if error.is_away() || error.has_given_way())
    }
}
