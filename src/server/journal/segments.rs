//! All segments of a journal: their order, seen from their headers alone, and the start of a new one.
//!
//! A header names the segment before it and that one's length, so a segment that is missing, cut or longer than it was
//! is found in one look at each file, however many records there are.

use super::disk::{DiskFile, How, Place};
use super::error::{Damage, Error, disk};
use super::folder::{list, segment_path, sync};
use super::frame::{SEGMENT_HEADER_BYTES, SegmentHeader, wide};
use super::walk::{self, Start};

/// The segments in order, each behind the one before.
#[derive(Debug, Default)]
pub(super) struct Segments {
    /// Their first numbers.
    pub(super) firsts: Vec<u64>,
    /// A last one without a whole header and with nothing behind it: a crash came between its creation and its sync,
    /// or the writer is just there.
    pub(super) unborn: Option<u64>,
}

/// Finds the segments and checks their headers.
pub(super) fn find(place: &Place) -> Result<Segments, Error> {
    let names = list(place)?;
    let mut found = Segments::default();
    let mut before = (0, 0);
    for (at, &first) in names.iter().enumerate() {
        let path = segment_path(&place.folder, first);
        let damaged = |what| Error::Damaged { file: path.clone(), sequence: first, offset: 0, what };
        let Start { header, length, .. } = walk::start(place, &path)?;
        let Some(header) = header else {
            let last = at.saturating_add(1) == names.len();
            if !last || length > wide(SEGMENT_HEADER_BYTES) {
                return Err(damaged(Damage::SegmentHeader));
            }
            found.unborn = Some(first);
            break;
        };
        if header.first != first {
            return Err(damaged(Damage::SegmentName));
        }
        if (header.before, header.before_bytes) != before || (before.0 == 0 && first != 1) {
            return Err(damaged(Damage::SegmentBefore));
        }
        before = (first, length);
        found.firsts.push(first);
    }
    Ok(found)
}

/// Makes a new segment with nothing in it but its header, synced, and its name too.
pub(super) fn start(place: &Place, header: &SegmentHeader) -> Result<Box<dyn DiskFile>, Error> {
    let path = segment_path(&place.folder, header.first);
    // Never over a file that is there.
    let file = place.disk.open(&path, How::New).map_err(disk("make", &path))?;
    file.write_all_at(&header.encode(), 0).map_err(disk("write", &path))?;
    file.sync_all().map_err(disk("sync", &path))?;
    sync(place)?;
    Ok(file)
}
