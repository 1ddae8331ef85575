//! Profiles on the disk of one machine: the folder, one writer, and what is made of a disk that fails.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::fault::Fault;
use super::folder::{Error, caught, disk, locked, opened, put_aside, synced};
use super::phone::PhoneKey;
use super::profile::Profile;
use super::shelf::{Put, Shelf};

/// The profiles in a folder.
#[derive(Debug)]
pub(super) struct Embedded {
    // Nothing once closed.
    shelf: ArcSwapOption<Shelf>,
    // One writer: what is compared with must be what is replaced.
    writer: Mutex<()>,
    // After a write or a sync that failed nobody knows what is on disk: no change is confirmed until the next start.
    faulted: AtomicBool,
    // Stands when something went wrong while the service ran: the next start reads everything before it trusts it.
    suspect: PathBuf,
    _lock: File,
}

impl Embedded {
    /// Opens the profiles below `data`.
    ///
    /// # Errors
    /// The disk says no, or another process has them. Damage is none: see the log.
    pub(super) fn open(data: &Path) -> Result<Self, Error> {
        let folder = data.join("customers");
        fs::create_dir_all(data).map_err(|error| disk("make the folder", data, error))?;
        let lock = locked(&data.join("customers.lock"))?;
        let suspect = data.join("customers.suspect");
        let shelf = opened(&folder, suspect.exists()).or_else(|fault| match fault {
            Fault::Failed(error) => Err(disk("open the folder", &folder, error)),
            Fault::Damaged(what) => {
                let aside = put_aside(data, &folder)?;
                tracing::error!(
                    folder = %aside.display(),
                    what,
                    "the profiles of customers are damaged: they are put aside, and the CRM must import all of them again"
                );
                opened(&folder, false).map_err(|fault| disk("open the folder", &folder, fault.into_io()))
            }
        })?;
        if suspect.exists() {
            fs::remove_file(&suspect).map_err(|error| disk("remove", &suspect, error))?;
        }
        synced(data).map_err(|error| disk("sync", data, error))?;
        Ok(Embedded {
            shelf: ArcSwapOption::from_pointee(shelf),
            writer: Mutex::default(),
            faulted: AtomicBool::new(false),
            suspect,
            _lock: lock,
        })
    }

    /// The profile with this id; waits for the disk where it must.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn by_id(&self, id: &str) -> Result<Option<Profile>, Error> {
        self.guarded(|shelf| shelf.by_id(id))
    }

    /// The profile to which one of these leads, the first first.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn by_phone(&self, phones: &[PhoneKey]) -> Result<Option<Profile>, Error> {
        self.guarded(|shelf| {
            for phone in phones {
                if let Some(profile) = shelf.by_phone(*phone)? {
                    return Ok(Some(profile));
                }
            }
            Ok(None)
        })
    }

    /// What writing these profiles would do.
    ///
    /// # Errors
    /// They cannot be compared with what is kept.
    pub(super) fn would(&self, profiles: &[Profile]) -> Result<Vec<Put>, Error> {
        self.guarded(|shelf| profiles.iter().map(|profile| shelf.would(profile)).collect())
    }

    /// Writes profiles, one after the other. They are on disk after [`Embedded::sync`].
    ///
    /// # Errors
    /// Nobody knows how many are written.
    pub(super) fn put(&self, profiles: &[Profile]) -> Result<Vec<Put>, Error> {
        self.change(|shelf| profiles.iter().map(|profile| shelf.put(profile)).collect())
    }

    /// Brings what was written to the disk.
    ///
    /// # Errors
    /// It may not be there.
    pub(super) fn sync(&self) -> Result<(), Error> {
        // Not one at a time: flushes that meet are one.
        self.changed(Shelf::sync)
    }

    /// Forgets a customer, on disk too; whether there was one.
    ///
    /// # Errors
    /// Some of it may still be there.
    pub(super) fn delete(&self, id: &str) -> Result<bool, Error> {
        self.change(|shelf| shelf.delete(id))
    }

    /// Lets the folder go, when the last reader has. Whoever asks afterwards is told that profiles are unavailable.
    pub(super) fn close(&self) {
        let shelf = self.shelf.swap(None);
        // sled may panic here as anywhere.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(shelf)));
    }

    fn change<T>(&self, work: impl FnOnce(&Shelf) -> Result<T, Fault>) -> Result<T, Error> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed(work)
    }

    fn changed<T>(&self, work: impl FnOnce(&Shelf) -> Result<T, Fault>) -> Result<T, Error> {
        if self.faulted.load(Ordering::Acquire) {
            return Err(Error::Unavailable);
        }
        let done = self.guarded(work);
        // A failure is never tried again: after a failed sync Linux forgets what it could not write.
        if done.is_err() {
            self.faulted.store(true, Ordering::Release);
        }
        done
    }

    fn guarded<T>(&self, work: impl FnOnce(&Shelf) -> Result<T, Fault>) -> Result<T, Error> {
        let shelf = self.shelf.load_full().ok_or(Error::Unavailable)?;
        caught(|| work(&shelf)).map_err(|fault| {
            self.tell(&fault);
            Error::Unavailable
        })
    }

    fn tell(&self, fault: &Fault) {
        // Best effort: what is not noted now shows again.
        let is_first = !self.suspect.exists();
        let _ = File::create(&self.suspect).and_then(|file| file.sync_all());
        if is_first {
            let what = fault.say();
            tracing::error!(what, "the profiles of customers fail: the next start reads all of them");
        }
    }
}
