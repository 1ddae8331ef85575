//! What can go wrong with a ledger at rest.

use std::io;
use std::path::PathBuf;

use crate::server::journal;
use crate::server::ledger;

/// Why it cannot be checked, copied or read in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// Nothing is there.
    #[error("there is no ledger in `{0}`")]
    None(PathBuf),
    /// Something is there that must not be written over.
    #[error("`{0}` is not empty: choose another folder, or move what is there away")]
    NotEmpty(PathBuf),
    /// Something is kept in a database already.
    #[error("the ledger in {0} is not empty: choose another database")]
    TablesNotEmpty(String),
    /// The backup says something else of itself than what is in it.
    #[error(
        "the backup in `{folder}` is not what was written: {what} is `{found}`, and its manifest says `{told}`"
    )]
    NotAsTold {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        what: &'static str,
        /// What it is.
        found: String,
        /// What the manifest says.
        told: String,
    },
    /// The manifest cannot be read.
    #[error("the manifest `{path}` cannot be read: {error}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: serde_json::Error,
    },
    /// The records end before the one that was asked for.
    #[error("record {asked} was asked for, and the last one is {last}")]
    Short {
        /// Up to which.
        asked: u64,
        /// The last one.
        last: u64,
    },
    /// A line of an export is none.
    #[error("line {line} of the export: {what}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
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
    /// A text cannot be read or written.
    #[error("cannot {action}: {error}")]
    Stream {
        /// What was tried.
        action: &'static str,
        /// Why not.
        #[source]
        error: io::Error,
    },
}

impl From<journal::Error> for Error {
    fn from(error: journal::Error) -> Self {
        Error::Ledger(error.into())
    }
}

impl Error {
    /// Whether what was kept is not what was written; else the disk, the place or the caller is at fault.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        use journal::Error as Journal;
        use ledger::Error as Ledger;
        matches!(
            self,
            Error::NotAsTold { .. }
                | Error::Line { .. }
                | Error::Ledger(
                    Ledger::Record { .. }
                        | Ledger::Damaged(_)
                        | Ledger::Journal(
                            Journal::Damaged { .. } | Journal::Foreign { .. } | Journal::Unfinished { .. }
                        )
                )
        )
    }
}

/// An [`Error::Disk`] for `map_err`.
pub(super) fn disk(action: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Disk { action, path, error }
}
