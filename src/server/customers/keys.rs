//! One key a profile, in a file whose slots are overwritten in place.
//!
//! The tree beside it writes a log: what was removed from it stays readable in its file until that part is used again. So
//! profiles stand there enciphered, each with a key of its own, and to forget one is to overwrite its key.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;
const SLOT_BYTES: u64 = 32;
/// Slots read at once when the file is opened.
const CHUNK_SLOTS: usize = 1 << 15;

/// A key: zeros stand for none.
pub(super) type Key = [u8; KEY_BYTES];

/// The file of keys.
#[derive(Debug)]
pub(super) struct Keys {
    file: File,
    free: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    vacant: Vec<u32>,
    end: u32,
}

impl Keys {
    /// Opens the file, makes it when it is not there, and finds the slots that are vacant.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let mut free = Free::default();
        let mut chunk = vec![0; CHUNK_SLOTS * KEY_BYTES];
        let slots = u32::try_from(file.metadata()?.len() / SLOT_BYTES).map_err(io::Error::other)?;
        while free.end < slots {
            let rest = usize::try_from(slots - free.end).unwrap_or(CHUNK_SLOTS).min(CHUNK_SLOTS);
            let (part, _) = chunk.split_at_mut(rest * KEY_BYTES);
            file.read_exact_at(part, place(free.end))?;
            for slot in part.chunks_exact(KEY_BYTES) {
                if slot.iter().all(|&byte| byte == 0) {
                    free.vacant.push(free.end);
                }
                free.end += 1;
            }
        }
        Ok(Keys { file, free: Mutex::new(free) })
    }

    /// The key in a slot; nothing where it was overwritten or never was.
    pub(super) fn get(&self, slot: u32) -> io::Result<Option<Key>> {
        let mut key = [0; KEY_BYTES];
        match self.file.read_exact_at(&mut key, place(slot)) {
            Ok(()) => Ok((key != [0; KEY_BYTES]).then_some(key)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A new key in a slot that was vacant. It is on disk after [`Keys::sync`].
    pub(super) fn add(&self) -> io::Result<(u32, Key)> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let slot = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            match free.vacant.pop() {
                Some(slot) => slot,
                None => {
                    let slot = free.end;
                    free.end =
                        slot.checked_add(1).ok_or_else(|| io::Error::other("there is no slot left"))?;
                    slot
                }
            }
        };
        self.file.write_all_at(&key, place(slot))?;
        Ok((slot, key))
    }

    /// Overwrites a key, on disk too: what it enciphers is gone.
    pub(super) fn shred(&self, slot: u32) -> io::Result<()> {
        self.file.write_all_at(&[0; KEY_BYTES], place(slot))?;
        self.sync()?;
        self.free.lock().unwrap_or_else(PoisonError::into_inner).vacant.push(slot);
        Ok(())
    }

    /// Brings every key to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Whether there is no key.
    pub(super) fn is_empty(&self) -> bool {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        u32::try_from(free.vacant.len()).is_ok_and(|vacant| vacant == free.end)
    }
}

/// Overwrites all keys of a file: nothing that stands beside it can be read any more.
pub(super) fn shred_all(path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let zeros = vec![0; CHUNK_SLOTS * KEY_BYTES];
    let (mut at, end) = (0, file.metadata()?.len());
    while at < end {
        let rest = usize::try_from(end - at).unwrap_or(zeros.len()).min(zeros.len());
        let (part, _) = zeros.split_at(rest);
        file.write_all_at(part, at)?;
        at = at.saturating_add(u64::try_from(rest).unwrap_or(u64::MAX));
    }
    file.sync_all()
}

fn place(slot: u32) -> u64 {
    u64::from(slot) * SLOT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_until_it_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let keys = Keys::open(&path).unwrap();
        assert!(keys.is_empty());
        let (first, key) = keys.add().unwrap();
        let (second, _) = keys.add().unwrap();
        assert_ne!(first, second);
        keys.shred(first).unwrap();
        assert_eq!((keys.get(first).unwrap(), keys.get(99).unwrap()), (None, None));
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(KEY_BYTES).any(|part| part == key));
        // The slot is used again, also after a restart.
        let keys = Keys::open(&path).unwrap();
        assert!(keys.get(second).unwrap().is_some() && !keys.is_empty());
        let (again, other) = keys.add().unwrap();
        assert_eq!(again, first);
        assert_ne!(other, key);
        shred_all(&path).unwrap();
        assert_eq!(keys.get(second).unwrap(), None);
    }
}
