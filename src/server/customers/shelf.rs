//! Profiles in an open folder: two trees, by id and by phone, and the file of keys.
//!
//! Knows no locks and no panics: [`super::Customers`] lets one writer in at a time and catches what the tree throws.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sled::{Db, IVec, Tree};

use super::fault::Fault;
use super::keys::Keys;
use super::phone::PhoneKey;
use super::profile::Profile;
use super::seal::{Sealed, checksum, seal};

/// Bytes of pages that the trees keep in memory. The hot part of two and a half million profiles: what is not in it costs a
/// read of a page, which the system mostly has.
const CACHE_BYTES: u64 = 128 << 20;

/// What became of a profile that was to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was new, or other than before.
    Taken,
    /// It was there as it came.
    Unchanged,
}

/// An open folder.
pub(super) struct Shelf {
    db: Db,
    db_file: File,
    profiles: Tree,
    phones: Tree,
    keys: Keys,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shelf")
    }
}

impl Shelf {
    /// Opens a folder, makes it when it is not there.
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        fs::create_dir_all(folder)?;
        // No thread that flushes now and then: each answer waits for a flush of its own.
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let db = config.open()?;
        let (profiles, phones) = (db.open_tree("profiles")?, db.open_tree("phones")?);
        let keys = Keys::open(&folder.join("keys"))?;
        // A log that lost its beginning opens as a new one: the keys tell that there was more.
        if keys.is_empty() != profiles.first()?.is_none() {
            return Err(Fault::Damaged("its keys or its profiles are gone"));
        }
        db.flush()?;
        // On Linux a flush alone is not durable: sled calls `sync_file_range`.
        for name in ["conf", "db", "keys", "blobs", "."] {
            File::open(folder.join(name))?.sync_all()?;
        }
        let db_file = File::open(folder.join("db"))?;
        let shelf = Shelf { db, db_file, profiles, phones, keys };
        if shelf.keys_fit()? { Ok(shelf) } else { Err(Fault::Damaged("its keys do not fit its profiles")) }
    }

    /// Whether the file of keys belongs to the profiles: one profile alone may be damaged, not the first and the last.
    fn keys_fit(&self) -> Result<bool, Fault> {
        let mut any = false;
        for (id, value) in [self.profiles.first()?, self.profiles.last()?].into_iter().flatten() {
            any = true;
            let id = std::str::from_utf8(&id);
            if id.is_ok_and(|id| matches!(self.open_value(id, &value), Ok(Some(_)))) {
                return Ok(true);
            }
        }
        Ok(!any)
    }

    /// Reads everything once: what cannot be read shows now and not at a till. Answers how many profiles there are.
    pub(super) fn read_through(&self) -> Result<u64, Fault> {
        let mut count = 0;
        for entry in self.profiles.iter() {
            entry?;
            count += 1;
        }
        for entry in self.phones.iter() {
            entry?;
        }
        Ok(count)
    }

    /// The profile with this id.
    pub(super) fn by_id(&self, id: &str) -> Result<Option<Profile>, Fault> {
        Ok(self.read(id)?.map(|(profile, _)| profile))
    }

    /// The profile that was written with this phone last.
    pub(super) fn by_phone(&self, phone: PhoneKey) -> Result<Option<Profile>, Fault> {
        let Some(id) = self.owner(phone)? else { return Ok(None) };
        Ok(self.by_id(&id)?.filter(|profile| profile.phone == Some(phone)))
    }

    /// What writing this profile would do.
    pub(super) fn would(&self, profile: &Profile) -> Result<Put, Fault> {
        let kept = self.by_id(&profile.id)?;
        self.compared(kept.as_ref(), profile)
    }

    /// Writes a profile. It is on disk after [`Shelf::sync`].
    pub(super) fn put(&self, profile: &Profile) -> Result<Put, Fault> {
        let (kept, slot) = self.read(&profile.id)?.unzip();
        if self.compared(kept.as_ref(), profile)? == Put::Unchanged {
            return Ok(Put::Unchanged);
        }
        let (slot, key) = match slot {
            Some(slot) => (slot, self.keys.get(slot)?.ok_or(Fault::Damaged("its keys are gone"))?),
            None => self.keys.add()?,
        };
        let value = seal(profile, slot, &key).map_err(io::Error::other)?;
        self.profiles.insert(&profile.id, value)?;
        let old = kept.and_then(|kept| kept.phone);
        if let Some(old) = old.filter(|_| old != profile.phone) {
            self.leave(old, &profile.id)?;
        }
        if let Some(phone) = profile.phone {
            let crc = checksum(&phone.0, profile.id.as_bytes()).to_le_bytes();
            self.phones.insert(phone.0, [profile.id.as_bytes(), &crc].concat())?;
        }
        Ok(Put::Taken)
    }

    /// Forgets a profile; whether there was one. The key goes first: when it is gone, so is the profile, whatever happens next.
    pub(super) fn delete(&self, id: &str) -> Result<bool, Fault> {
        let Some(value) = self.profiles.get(id)? else { return Ok(false) };
        let kept = self.open_value(id, &value)?;
        if let Some((_, slot)) = kept {
            self.keys.shred(slot)?;
        }
        if let Some(phone) = kept.as_ref().and_then(|(profile, _)| profile.phone) {
            self.leave(phone, id)?;
        }
        self.profiles.remove(id)?;
        self.sync()?;
        Ok(true)
    }

    /// Brings everything to the disk, keys first: a profile without its key is none.
    pub(super) fn sync(&self) -> Result<(), Fault> {
        self.keys.sync()?;
        self.db.flush()?;
        // See `open`: the flush has written, this makes it last.
        self.db_file.sync_data()?;
        Ok(())
    }

    fn compared(&self, kept: Option<&Profile>, profile: &Profile) -> Result<Put, Fault> {
        let is_same = kept.is_some_and(|kept| kept.says_the_same(profile));
        // The phone must lead here, too: a crash may have come between the two trees, or another profile taken it.
        let leads_here = match profile.phone {
            Some(phone) if is_same => self.owner(phone)?.is_some_and(|id| id == profile.id),
            _ => true,
        };
        Ok(if is_same && leads_here { Put::Unchanged } else { Put::Taken })
    }

    fn read(&self, id: &str) -> Result<Option<(Profile, u32)>, Fault> {
        let Some(mut value) = self.profiles.get(id)? else { return Ok(None) };
        loop {
            if let Some(found) = self.open_value(id, &value)? {
                return Ok(Some(found));
            }
            // A writer may have come between the value and its key.
            match self.profiles.get(id)? {
                None => return Ok(None),
                Some(again) if again == value => break,
                Some(other) => value = other,
            }
        }
        tracing::error!("a customer profile on disk is damaged and counts as unknown: import it again");
        Ok(None)
    }

    fn open_value(&self, id: &str, value: &IVec) -> Result<Option<(Profile, u32)>, Fault> {
        let Some(sealed) = Sealed::of(value) else { return Ok(None) };
        let key = self.keys.get(sealed.slot)?;
        Ok(key.and_then(|key| sealed.open(id, &key)).map(|profile| (profile, sealed.slot)))
    }

    /// Whose phone it is.
    fn owner(&self, phone: PhoneKey) -> Result<Option<String>, Fault> {
        let Some(value) = self.phones.get(phone.0)? else { return Ok(None) };
        let whole = value.split_last_chunk::<4>();
        let sound = whole.filter(|(id, crc)| u32::from_le_bytes(**crc) == checksum(&phone.0, id));
        Ok(sound.and_then(|(id, _)| String::from_utf8(id.to_vec()).ok()))
    }

    /// Takes a phone off a customer, where it has not gone to another already.
    fn leave(&self, phone: PhoneKey, id: &str) -> Result<(), Fault> {
        if self.owner(phone)?.is_none_or(|owner| owner == id) {
            self.phones.remove(phone.0)?;
        }
        Ok(())
    }
}
