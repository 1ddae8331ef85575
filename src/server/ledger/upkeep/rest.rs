//! A ledger that nobody else has.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{Error, disk};
use crate::server::folders;
use crate::server::ledger::embedded::{INDEX, JOURNAL, UNFINISHED, lock, whole};

/// Hears how many records are done, and of how many.
pub type Told<'a> = &'a mut dyn FnMut(u64, u64);

/// The file that a ledger is locked by.
const LOCK: &str = "lock";

/// Whether a service holds the ledger in `folder`, for whoever only asks: nothing is made, and its lock is let go at once.
///
/// # Errors
/// It is not whole, or the disk says no.
pub fn in_use(folder: &Path) -> Result<bool, Error> {
    whole(folder)?;
    let path = folder.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(error) => return Err(disk("read", &path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(disk("lock", &path)(error)),
    }
}

/// A ledger that no service holds, as long as this lives.
#[derive(Debug)]
pub struct Rest {
    folder: PathBuf,
    _lock: File,
}

impl Rest {
    /// Takes the ledger in `folder`.
    ///
    /// # Errors
    /// There is none, or a service has it.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        if !folder.join(JOURNAL).is_dir() {
            return Err(Error::None(folder.to_owned()));
        }
        let lock = lock(folder)?;
        whole(folder)?;
        Ok(Rest { folder: folder.to_owned(), _lock: lock })
    }

    /// Takes `folder`, made when it is not there, for a ledger that is not there yet. What an interrupted one left is taken away.
    ///
    /// # Errors
    /// A service has it, or something is in it.
    pub fn empty(folder: &Path) -> Result<Self, Error> {
        let rest = Rest { folder: folder.to_owned(), _lock: lock(folder)? };
        let unfinished = folder.join(UNFINISHED);
        if unfinished.exists() {
            rest.clear();
            fs::remove_file(&unfinished).map_err(disk("remove", &unfinished))?;
        }
        for entry in fs::read_dir(folder).map_err(disk("list", folder))? {
            if entry.map_err(disk("list", folder))?.file_name() != LOCK {
                return Err(Error::NotEmpty(folder.to_owned()));
            }
        }
        Ok(rest)
    }

    /// The folder of the journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.join(JOURNAL)
    }

    /// The folder of the index.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.folder.join(INDEX)
    }

    /// Makes a ledger here, and takes away what is there of it when that fails. Until it is whole the folder says that it is not.
    pub(super) fn filled<T>(&self, fill: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let unfinished = self.folder.join(UNFINISHED);
        File::create(&unfinished).and_then(|file| file.sync_all()).map_err(disk("make", &unfinished))?;
        folders::sync(&self.folder).map_err(disk("sync the folder", &self.folder))?;
        let filled = fill().inspect_err(|_| self.clear());
        if filled.is_err() && (self.journal().exists() || self.index().exists()) {
            return filled;
        }
        fs::remove_file(&unfinished).map_err(disk("remove", &unfinished))?;
        folders::sync(&self.folder).map_err(disk("sync the folder", &self.folder))?;
        filled
    }

    fn clear(&self) {
        // The index first: what is left without its journal would look like a ledger that has lost it.
        for folder in [self.index(), self.journal()] {
            let _ = fs::remove_dir_all(folder);
        }
    }
}
