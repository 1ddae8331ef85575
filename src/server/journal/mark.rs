//! The high-water mark beside the segments: which record was acknowledged last.
//!
//! Two slots are written in turn, each in a page of its own, so that a power cut in the middle of one leaves the other.
//! A mark is written after its record is synced and is not synced itself: when the process dies the page is still
//! there, and after a power cut the mark is at most as old as its last sync.

use std::io::{self, Read};
use std::path::PathBuf;

use super::disk::{Cursor, DiskFile, How, Place};
use super::error::{Error, disk};
use super::folder::MARK_NAME;
use super::frame::{Mark, wide};

/// From one slot to the next, in bytes: a page, which is also the largest sector that disks write at once.
const SLOT_BYTES: usize = 4096;
/// A writer may be in the middle of one slot, and with bad luck of the other: a second look sees one of them whole.
const LOOKS: usize = 3;

/// The file of the mark, open for the writer.
#[derive(Debug)]
pub(super) struct MarkFile {
    pub(super) file: Box<dyn DiskFile>,
    path: PathBuf,
}

/// What `high-water` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The highest mark that is whole.
    pub(super) mark: Option<Mark>,
    /// Its slot.
    slot: usize,
    /// Whether both slots are whole.
    pub(super) whole: bool,
}

/// Reads the mark; also while another process writes it.
pub(super) fn read(place: &Place) -> Result<Found, Error> {
    let path = place.join(MARK_NAME);
    let mut found = of(&[]);
    for _ in 0..LOOKS {
        let mut bytes = Vec::with_capacity(2 * SLOT_BYTES);
        let file = place.disk.open(&path, How::Read).map(|file| Cursor { file, offset: 0 });
        match file.and_then(|file| file.take(wide(2 * SLOT_BYTES)).read_to_end(&mut bytes)) {
            Ok(_) => found = of(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(disk("read", &path)(error)),
        }
        if found.mark.is_some() {
            break;
        }
    }
    Ok(found)
}

fn of(bytes: &[u8]) -> Found {
    let slots = [0, SLOT_BYTES].map(|at| bytes.get(at..).and_then(Mark::decode));
    let highest = slots.iter().enumerate().filter_map(|(slot, mark)| Some((slot, (*mark)?)));
    let (slot, mark) = highest.max_by_key(|(_, mark)| mark.sequence).unzip();
    Found { mark, slot: slot.unwrap_or_default(), whole: slots.iter().all(Option::is_some) }
}

impl MarkFile {
    /// Opens the file, or makes it, so that both slots are whole, `mark` is the highest, and all of it is synced.
    pub(super) fn open(place: &Place, found: Found, mark: &Mark) -> Result<Self, Error> {
        let path = place.join(MARK_NAME);
        let file = place.disk.open(&path, How::Write).map_err(disk("open", &path))?;
        let marks = MarkFile { file, path };
        if !found.whole || found.mark != Some(*mark) {
            // The highest mark that was found stays until the new one is on disk.
            for slot in [found.slot ^ 1, found.slot] {
                marks.put(slot, mark)?;
                marks.sync()?;
            }
        }
        marks.sync()?;
        Ok(marks)
    }

    /// Writes the mark of the record that was just synced.
    pub(super) fn write(&self, mark: &Mark) -> Result<(), Error> {
        self.put(usize::from(mark.sequence % 2 == 1), mark)
    }

    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(disk("sync", &self.path))
    }

    fn put(&self, slot: usize, mark: &Mark) -> Result<(), Error> {
        let offset = wide(SLOT_BYTES.saturating_mul(slot));
        self.file.write_all_at(&mark.encode(), offset).map_err(disk("write", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Chain;
    use super::*;

    #[test]
    fn one_slot_outlives_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::system(folder.path());
        let mark = |sequence| Mark { sequence, chain: Chain::EMPTY };
        let seen = || read(&place).map(|found| (found.mark.map(|mark| mark.sequence), found.whole)).unwrap();
        assert_eq!(seen(), (None, false));
        let marks = MarkFile::open(&place, of(&[]), &mark(4)).unwrap();
        for sequence in 5..9 {
            marks.write(&mark(sequence)).unwrap();
            assert_eq!(seen(), (Some(sequence), true));
        }
        // The newest is lost, then both, and either way opening heals them.
        marks.file.write_all_at(&[0; 512], 0).unwrap();
        assert_eq!(seen(), (Some(7), false));
        MarkFile::open(&place, read(&place).unwrap(), &mark(8)).unwrap();
        assert_eq!(seen(), (Some(8), true));
        marks.file.set_length(0).unwrap();
        assert_eq!(seen(), (None, false));
        MarkFile::open(&place, read(&place).unwrap(), &mark(9)).unwrap();
        assert_eq!(seen(), (Some(9), true));
    }
}
