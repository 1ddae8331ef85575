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
use super::seal::{Sealed, seal, seal_owner};
use crate::server::locks;

/// Bytes of pages that the trees keep in memory. The hot part of two and a half million profiles: what is not in it costs a
/// read of a page, which the system mostly has.
const CACHE_BYTES: u64 = 128 << 20;

/// The tree of phones, and the one of a form in which the ids that phones lead to could be read.
const BY_PHONE: &str = "by-phone";
const BY_PHONE_PLAIN: &[u8] = b"phones";

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
        let db = locks::open(&config)?;
        if db.tree_names().iter().any(|name| name == BY_PHONE_PLAIN) {
            return Err(Fault::Damaged(
                "it is of an older form, in which a customer who was deleted can be read",
            ));
        }
        let (profiles, phones) = (db.open_tree("profiles")?, db.open_tree(BY_PHONE)?);
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
        if kept.is_none() {
            self.shred_damaged(&profile.id)?;
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
            let value = seal_owner(phone, &profile.id, slot, &key).map_err(io::Error::other)?;
            self.phones.insert(phone.0, value)?;
        }
        Ok(Put::Taken)
    }

    /// Forgets a profile; whether there was one. The key goes first: when it is gone, so is the profile, whatever happens next.
    pub(super) fn delete(&self, id: &str) -> Result<bool, Fault> {
        let Some(value) = self.profiles.get(id)? else { return Ok(false) };
        let kept = self.open_value(id, &value)?;
        match kept {
            Some((_, slot)) => self.keys.shred(slot)?,
            None => self.shred_damaged(id)?,
        }
        if let Some(phone) = kept.as_ref().and_then(|(profile, _)| profile.phone) {
            self.leave(phone, id)?;
        }
        self.profiles.remove(id)?;
        self.sync()?;
        Ok(true)
    }

    /// Overwrites the key of a profile that cannot be opened: older versions of it in the log are whole, and would outlive it.
    fn shred_damaged(&self, id: &str) -> Result<(), Fault> {
        let Some(value) = self.profiles.get(id)? else { return Ok(()) };
        let Some(sealed) = Sealed::of(&value) else { return Ok(()) };
        let mut slot = sealed.slot;
        // Where the bit that flipped is one of the slot, the key that opens it stands a bit away.
        for near in (0..u32::BITS).map(|bit| sealed.slot ^ 1 << bit) {
            if self.keys.get(near)?.is_some_and(|key| sealed.open(id, &key).is_some()) {
                slot = near;
            }
        }
        if self.keys.get(slot)?.is_some() && !self.is_of_another(slot, id)? {
            self.keys.shred(slot)?;
        }
        Ok(())
    }

    /// Whether the key in a slot opens the profile of another customer. Reads all of them, which damage is rare enough for.
    fn is_of_another(&self, slot: u32, id: &str) -> Result<bool, Fault> {
        for entry in self.profiles.iter() {
            let (other, value) = entry?;
            let is_there = Sealed::of(&value).is_some_and(|sealed| sealed.slot == slot);
            if !is_there || other == id.as_bytes() {
                continue;
            }
            let other = std::str::from_utf8(&other);
            if other.is_ok_and(|other| matches!(self.open_value(other, &value), Ok(Some(_)))) {
                return Ok(true);
            }
        }
        Ok(false)
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
        let Some(sealed) = Sealed::of(&value) else { return Ok(None) };
        let key = self.keys.get(sealed.slot)?;
        Ok(key.and_then(|key| sealed.open_owner(phone, &key)))
    }

    /// Takes a phone off a customer, where it has not gone to another already.
    fn leave(&self, phone: PhoneKey, id: &str) -> Result<(), Fault> {
        if self.owner(phone)?.is_none_or(|owner| owner == id) {
            self.phones.remove(phone.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: PhoneKey = PhoneKey([7; 16]);

    /// A folder with two profiles, the first in slot 0 and with a phone.
    fn two() -> (tempfile::TempDir, Shelf) {
        let home = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&home.path().join("customers")).unwrap();
        for (id, phone) in [("one", Some(PHONE)), ("two", None)] {
            shelf.put(&profile(id, phone)).unwrap();
        }
        (home, shelf)
    }

    fn profile(id: &str, phone: Option<PhoneKey>) -> Profile {
        Profile { id: id.to_owned(), phone, tier: "gold".to_owned(), ..Profile::default() }
    }

    /// Flips bits of the first profile's value, and gives what it was and its key.
    fn harm(shelf: &Shelf, places: &[usize]) -> (IVec, [u8; 32]) {
        let whole = shelf.profiles.get("one").unwrap().unwrap();
        let mut value = whole.to_vec();
        places.iter().for_each(|&place| value[place] ^= 1);
        shelf.profiles.insert("one", value).unwrap();
        assert!(shelf.by_id("one").unwrap().is_none());
        (whole, shelf.keys.get(0).unwrap().unwrap())
    }

    #[test]
    fn what_led_from_a_phone_to_a_deleted_customer_is_noise() {
        let (_home, shelf) = two();
        assert_eq!(shelf.by_phone(PHONE).unwrap(), Some(profile("one", Some(PHONE))));
        let kept = shelf.phones.get(PHONE.0).unwrap().unwrap();
        assert!(!kept.windows(3).any(|part| part == b"one"));
        assert!(shelf.delete("one").unwrap());
        // As an old page of the log has it.
        shelf.phones.insert(PHONE.0, kept).unwrap();
        assert_eq!(shelf.owner(PHONE).unwrap(), None);
    }

    #[test]
    fn the_key_of_a_damaged_profile_goes_too() {
        // In what it says, and in where its key stands: that is the place of the other profile's then.
        for place in [20, 0] {
            for is_deleted in [true, false] {
                let (_home, shelf) = two();
                let (whole, key) = harm(&shelf, &[place]);
                if is_deleted {
                    assert!(shelf.delete("one").unwrap());
                } else {
                    shelf.put(&profile("one", None)).unwrap();
                }
                assert_ne!(shelf.keys.get(0).unwrap(), Some(key), "{place}");
                assert!(shelf.open_value("one", &whole).unwrap().is_none(), "{place}");
                assert!(shelf.by_id("two").unwrap().is_some(), "{place}");
                assert_eq!(shelf.by_id("one").unwrap().is_none(), is_deleted, "{place}");
            }
        }
    }

    #[test]
    fn the_key_of_another_profile_stays() {
        let (_home, shelf) = two();
        // Nobody can tell any more which key was its own, and the one that it names is not.
        harm(&shelf, &[0, 20]);
        assert!(shelf.delete("one").unwrap());
        assert_eq!(shelf.by_id("two").unwrap(), Some(profile("two", None)));
    }

    #[test]
    fn a_folder_of_the_older_form_is_not_opened() {
        let (home, shelf) = two();
        shelf.db.open_tree(BY_PHONE_PLAIN).unwrap();
        shelf.sync().unwrap();
        drop(shelf);
        let fault = Shelf::open(&home.path().join("customers")).unwrap_err();
        assert!(matches!(fault, Fault::Damaged(_)) && fault.say().contains("older form"), "{fault:?}");
    }
}
