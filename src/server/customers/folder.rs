//! The folder of the profiles: had by one process, opened, put aside when it is damaged.

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::keys;
use super::shelf::Shelf;
use crate::server::locks;

/// Damaged folders that stand beside each other.
const ASIDE_MAX: u32 = 10_000;

/// Why profiles cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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
    /// Another process has the folder.
    #[error("another process uses `{0}`: give each a data folder of its own")]
    InUse(PathBuf),
    /// Reading or writing has failed, now or before; it is in the log.
    #[error("the profiles of customers cannot be read or written")]
    Unavailable,
    /// The database that has them does not answer: it may again by itself.
    #[error("the database of the profiles of customers is away")]
    Away,
}

/// sled may panic on files that are damaged.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Fault::Damaged("it makes sled panic")))
}

/// Opens a folder; one that is suspect is read through before it is trusted.
pub(super) fn opened(folder: &Path, is_suspect: bool) -> Result<Shelf, Fault> {
    caught(|| {
        let shelf = Shelf::open(folder)?;
        if is_suspect {
            let profiles = shelf.read_through()?;
            tracing::info!(profiles, "the profiles of customers can be read");
        }
        Ok(shelf)
    })
}

/// Gives a damaged folder another name. Its keys are overwritten first: nobody could delete a customer from it any more.
pub(super) fn put_aside(data: &Path, folder: &Path) -> Result<PathBuf, Error> {
    keys::shred_all(&folder.join("keys")).map_err(|error| disk("overwrite the keys in", folder, error))?;
    let free = (1..ASIDE_MAX)
        .map(|number| data.join(format!("customers.damaged-{number}")))
        .find(|aside| !aside.exists());
    let aside =
        free.ok_or_else(|| disk("put aside", folder, io::Error::other("too many damaged folders")))?;
    fs::rename(folder, &aside).map_err(|error| disk("put aside", folder, error))?;
    Ok(aside)
}

/// Two processes in one folder would damage it.
pub(super) fn locked(path: &Path) -> Result<File, Error> {
    let lock = locks::take(path).map_err(|error| disk("take the lock", path, error))?;
    lock.ok_or_else(|| Error::InUse(path.to_owned()))
}

/// Brings the names in a folder to the disk.
pub(super) fn synced(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The disk said no.
pub(super) fn disk(action: &'static str, path: &Path, error: io::Error) -> Error {
    Error::Disk { action, path: path.to_owned(), error }
}
