//! The folder of a journal: names of files, the lock, and syncs that make a name last.

use std::path::{Path, PathBuf};

use super::disk::{How, Lock, Place};
use super::error::{Error, disk};

/// The file of the high-water mark.
pub(super) const MARK_NAME: &str = "high-water";
/// An empty file that the writer holds locked.
const LOCK_NAME: &str = "lock";
/// An empty file in a journal that is being made at once, by a copy or an import, and is not whole yet.
const UNFINISHED_NAME: &str = "unfinished";
/// A folder that file systems put where they are mounted.
const LOST_FOUND_NAME: &str = "lost+found";

/// The file of the segment whose first record has this number: 20 digits, so that names sort as numbers do.
pub(super) fn segment_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.log"))
}

/// The first numbers of all segments, in order, by the names of the files alone.
pub(super) fn list(place: &Place) -> Result<Vec<u64>, Error> {
    let (mut firsts, folder) = (Vec::new(), &place.folder);
    for name in place.disk.list(folder).map_err(disk("list", folder))? {
        if [MARK_NAME, LOCK_NAME, LOST_FOUND_NAME].iter().any(|known| name == *known) {
            continue;
        }
        if name == UNFINISHED_NAME {
            return Err(Error::Unfinished { folder: folder.to_owned() });
        }
        let first = name.to_str().and_then(first_of);
        firsts.push(first.ok_or_else(|| Error::Foreign { file: folder.join(&name) })?);
    }
    firsts.sort_unstable();
    Ok(firsts)
}

fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    let first = digits.parse().ok().filter(|&first| first > 0)?;
    // A sign or a missing zero would be a second name of the same segment.
    (format!("{first:020}") == digits).then_some(first)
}

/// Makes the folder when it is not there, and its name last.
pub(super) fn make(place: &Place) -> Result<(), Error> {
    place.disk.make(&place.folder).map_err(disk("make the folder", &place.folder))
}

/// Takes the folder for this process until what is given back is dropped.
pub(super) fn lock(place: &Place) -> Result<Lock, Error> {
    let path = place.join(LOCK_NAME);
    let lock = place.disk.lock(&path).map_err(disk("lock", &path))?;
    lock.ok_or_else(|| Error::Locked { folder: place.folder.clone() })
}

/// Says, for as long as [`finish`] was not called, that what is in the folder is no journal yet.
pub(super) fn begin(place: &Place) -> Result<(), Error> {
    let path = place.join(UNFINISHED_NAME);
    place.disk.open(&path, How::Write).and_then(|file| file.sync_all()).map_err(disk("make", &path))?;
    sync(place)
}

/// What is in the folder is a journal from now on.
pub(super) fn finish(place: &Place) -> Result<(), Error> {
    let path = place.join(UNFINISHED_NAME);
    place.disk.remove(&path).map_err(disk("remove", &path))?;
    sync(place)
}

/// Makes the names in a folder last: syncing a file does not.
pub(super) fn sync(place: &Place) -> Result<(), Error> {
    place.disk.sync(&place.folder).map_err(disk("sync the folder", &place.folder))
}

/// A folder for a test; in memory where the system has such a place, for a test syncs thousands of times.
#[cfg(test)]
pub(super) fn temporary() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_one_name() {
        for (name, first) in [
            ("00000000000000000001.log", Some(1)),
            ("18446744073709551615.log", Some(u64::MAX)),
            ("00000000000000000000.log", None),
            ("99999999999999999999.log", None),
            ("+0000000000000000001.log", None),
            ("1.log", None),
            ("00000000000000000001.log~", None),
            ("", None),
        ] {
            assert_eq!(first_of(name), first, "{name}");
        }
    }
}
