//! What the CRM knows of customers: found by the retailer's id or by phone. On the disk of one machine, or in a database that many nodes
//! share.
//!
//! The CRM is the truth. A folder that is damaged is put aside and an empty one begun, for the CRM can import again; what it
//! must never be is wrong, or a reason not to start. Nothing of a customer is in a log, an error, or readable in the files or tables.

mod bytes;
pub mod phone;
pub mod profile;
mod keys;
mod seal;
mod fault;
mod shelf;
mod folder;
mod embedded;
mod known;
mod plan;
mod cipher;
mod cache;
mod tables;
mod follow;
mod shared;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

pub use folder::Error;
pub use known::Known;
pub use phone::{NoPhone, PhoneKey, Phones};
pub use profile::{PROFILE_BYTES_MAX, Profile};
pub use shelf::Put;

use cache::Name;
use embedded::Embedded;
use shared::Shared;

use super::database::{Database, News};

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
    phones: Phones,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    /// On this machine.
    Folder(Box<Embedded>),
    /// In a database, with a part of them in memory.
    Tables(Box<Shared>),
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
        Ok(Customers { phones, kept: Kept::Folder(Box::new(Embedded::open(data)?)) })
    }

    /// Those of a database, enciphered and found by phone under the keys of `phones`. What other nodes write is heard by `news`; while
    /// `away` is true nobody waits for it. Not on a thread that others wait for.
    ///
    /// # Errors
    /// The database is away.
    pub fn shared(
        database: &Database,
        news: &Arc<News>,
        phones: Phones,
        away: watch::Receiver<bool>,
    ) -> Result<Self, Error> {
        let shared = Shared::open(database, news, &phones, away)?;
        Ok(Customers { phones, kept: Kept::Tables(Box::new(shared)) })
    }

    /// Whether other nodes write them too.
    #[must_use]
    pub fn are_shared(&self) -> bool {
        matches!(self.kept, Kept::Tables(_))
    }

    /// Profiles and phones of a database that are in memory; nothing where they are on this machine.
    #[must_use]
    pub fn cached(&self) -> Option<usize> {
        match &self.kept {
            Kept::Folder(_) => None,
            Kept::Tables(kept) => Some(kept.cached()),
        }
    }

    /// What a phone is found by.
    ///
    /// # Errors
    /// It is no phone number.
    pub fn phone_key(&self, typed: &str) -> Result<PhoneKey, NoPhone> {
        self.phones.phone_key(typed)
    }

    /// The profile asked for, as it is kept; waits for the disk or the database where it must.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn find(&self, who: &Who) -> Result<Option<Profile>, Error> {
        let name = self.name(who);
        match &self.kept {
            Kept::Folder(kept) => match &name {
                Name::Id(id) => kept.by_id(id),
                Name::Phone(phones) => kept.by_phone(phones),
            },
            Kept::Tables(kept) => kept.find(&name),
        }
    }

    /// What a price can know of a customer without waiting for anything; `None` where somebody must look.
    #[must_use]
    pub fn at_once(&self, who: &Who) -> Option<Known> {
        match &self.kept {
            Kept::Folder(_) => None,
            Kept::Tables(kept) => kept.at_once(&self.name(who)),
        }
    }

    /// What a price knows of a customer; waits for the disk or the database where it must. What was looked up is known at once the next
    /// time.
    #[must_use]
    pub fn known(&self, who: &Who) -> Known {
        match &self.kept {
            Kept::Folder(_) => self.find(who).into(),
            Kept::Tables(kept) => kept.known(&self.name(who)),
        }
    }

    /// What writing these profiles would do.
    ///
    /// # Errors
    /// They cannot be compared with what is kept.
    pub fn would(&self, profiles: &[Profile]) -> Result<Vec<Put>, Error> {
        match &self.kept {
            Kept::Folder(kept) => kept.would(profiles),
            Kept::Tables(kept) => kept.would(profiles),
        }
    }

    /// Writes profiles, one after the other. They are on disk after [`Customers::sync`].
    ///
    /// # Errors
    /// Nobody knows how many are written.
    pub fn put(&self, profiles: &[Profile]) -> Result<Vec<Put>, Error> {
        match &self.kept {
            Kept::Folder(kept) => kept.put(profiles),
            Kept::Tables(kept) => kept.put(profiles),
        }
    }

    /// Brings what was written to the disk. A database has done so before it answered.
    ///
    /// # Errors
    /// It may not be there.
    pub fn sync(&self) -> Result<(), Error> {
        match &self.kept {
            Kept::Folder(kept) => kept.sync(),
            Kept::Tables(_) => Ok(()),
        }
    }

    /// Forgets a customer, on disk too; whether there was one.
    ///
    /// # Errors
    /// Some of it may still be there.
    pub fn delete(&self, id: &str) -> Result<bool, Error> {
        match &self.kept {
            Kept::Folder(kept) => kept.delete(id),
            Kept::Tables(kept) => kept.delete(id),
        }
    }

    /// Lets the folder go, when the last reader has. Whoever asks afterwards is told that profiles are unavailable.
    pub fn close(&self) {
        match &self.kept {
            Kept::Folder(kept) => kept.close(),
            // Nothing of it is this process's alone.
            Kept::Tables(_) => {}
        }
    }

    fn name(&self, who: &Who) -> Name {
        match who {
            Who::Id(id) => Name::Id(id.clone()),
            Who::Phone(typed) => Name::Phone(self.phones.phone_keys(typed)),
        }
    }
}
