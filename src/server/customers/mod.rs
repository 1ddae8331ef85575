//! What the CRM knows of customers, on disk: found by the retailer's id or by phone.
//!
//! The CRM is the truth. A folder that is damaged is put aside and an empty one begun, for the CRM can import again; what it
//! must never be is wrong, or a reason not to start. Nothing of a customer is in a log, an error, or readable in the files.

mod bytes;
pub mod phone;
pub mod profile;
mod keys;
mod seal;
mod fault;
mod shelf;
mod folder;

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwapOption;

pub use folder::Error;
pub use phone::{NoPhone, PhoneKey, Phones};
pub use profile::{PROFILE_BYTES_MAX, Profile};
pub use shelf::Put;

use fault::Fault;
use folder::{caught, disk, locked, opened, put_aside, synced};
use shelf::Shelf;

/// Who is asked for.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// The customer with this id.
    Id(String),
    /// The customer with this phone, as it was typed.
    Phone(String),
}

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Who::Id(_) => "Id",
            Who::Phone(_) => "Phone",
        })
    }
}

/// The profiles of all customers.
#[derive(Debug)]
pub struct Customers {
    // Nothing once closed.
    shelf: ArcSwapOption<Shelf>,
    phones: Phones,
    // One writer: what is compared with must be what is replaced.
    writer: Mutex<()>,
    // After a write or a sync that failed nobody knows what is on disk: no change is confirmed until the next start.
    faulted: AtomicBool,
    // Stands when something went wrong while the service ran: the next start reads everything before it trusts it.
    suspect: PathBuf,
    _lock: File,
}

impl Customers {
    /// Whether there are profiles below `data`, or were.
    #[must_use]
    pub fn are_below(data: &Path) -> bool {
        fs::metadata(data.join("customers").join("keys")).is_ok_and(|keys| keys.len() > 0)
    }

    /// Opens the profiles below `data`, found by phone as `phones` hash them.
    ///
    /// # Errors
    /// The disk says no, or another process has them. Damage is none: see the log.
    pub fn open(data: &Path, phones: Phones) -> Result<Self, Error> {
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
        Ok(Customers {
            shelf: ArcSwapOption::from_pointee(shelf),
            phones,
            writer: Mutex::default(),
            faulted: AtomicBool::new(false),
            suspect,
            _lock: lock,
        })
    }

    /// What a phone is found by.
    ///
    /// # Errors
    /// It is no phone number.
    pub fn phone_key(&self, typed: &str) -> Result<PhoneKey, NoPhone> {
        self.phones.phone_key(typed)
    }

    /// The profile asked for; waits for the disk where it must.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn find(&self, who: &Who) -> Result<Option<Profile>, Error> {
        self.guarded(|shelf| match who {
            Who::Id(id) => shelf.by_id(id),
            Who::Phone(typed) => {
                for phone in self.phones.phone_keys(typed) {
                    if let Some(profile) = shelf.by_phone(phone)? {
                        return Ok(Some(profile));
                    }
                }
                Ok(None)
            }
        })
    }

    /// What writing these profiles would do.
    ///
    /// # Errors
    /// They cannot be compared with what is kept.
    pub fn would(&self, profiles: &[Profile]) -> Result<Vec<Put>, Error> {
        self.guarded(|shelf| profiles.iter().map(|profile| shelf.would(profile)).collect())
    }

    /// Writes profiles, one after the other. They are on disk after [`Customers::sync`].
    ///
    /// # Errors
    /// Nobody knows how many are written.
    pub fn put(&self, profiles: &[Profile]) -> Result<Vec<Put>, Error> {
        self.change(|shelf| profiles.iter().map(|profile| shelf.put(profile)).collect())
    }

    /// Brings what was written to the disk.
    ///
    /// # Errors
    /// It may not be there.
    pub fn sync(&self) -> Result<(), Error> {
        // Not one at a time: flushes that meet are one.
        self.changed(Shelf::sync)
    }

    /// Forgets a customer, on disk too; whether there was one.
    ///
    /// # Errors
    /// Some of it may still be there.
    pub fn delete(&self, id: &str) -> Result<bool, Error> {
        self.change(|shelf| shelf.delete(id))
    }

    /// Lets the folder go, when the last reader has. Whoever asks afterwards is told that profiles are unavailable.
    pub fn close(&self) {
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
