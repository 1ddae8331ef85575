//! Opening: what the crash left becomes a journal that can grow, or an error that names what is wrong.
//!
//! The last segment is checked in full, of the earlier ones the headers and lengths: a start takes as long for a
//! million records as for a billion. A reader and `verify` check the rest.

use std::io;
use std::path::PathBuf;

use super::disk::{DiskFile, How, Lock, Place};
use super::error::{Damage, Error, disk};
use super::folder::{self, MARK_NAME, segment_path};
use super::frame::{Mark, SEGMENT_HEADER_BYTES, SegmentHeader, VERSION, wide};
use super::mark::{self, Found, MarkFile};
use super::segments::{self, Segments};
use super::stream::{End, Promise, Stream};

/// The length after which a segment is followed by a new one: a last segment is checked in under a second at start, and
/// ten million records are some tens of files.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// How a journal is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The length in bytes after which a new segment is begun, [`SEGMENT_BYTES`] unless a test wants it shorter.
    pub segment_bytes: u64,
    /// The highest number of a record that the index knows, 0 when there is no index: the second of the two marks. An
    /// operator who has lost both says here what `pricewright ledger verify` has shown.
    pub known_sequence: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { segment_bytes: SEGMENT_BYTES, known_sequence: 0 }
    }
}

/// What opening has found and mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// The number of the last record, 0 when there is none.
    pub last_sequence: u64,
    /// Bytes of a torn tail that were cut: a batch whose answers never left. 0 after a clean stop.
    pub cut_bytes: u64,
    /// Whether a segment was found that a crash had left without its header.
    pub mended_segment: bool,
    /// Whether the high-water mark was damaged and the other of the two places stood in.
    pub mended_mark: bool,
}

/// The segment that grows.
#[derive(Debug)]
pub(super) struct Growing {
    pub(super) file: Box<dyn DiskFile>,
    pub(super) path: PathBuf,
    pub(super) first: u64,
    /// Its length in bytes.
    pub(super) length: u64,
}

/// A journal at rest.
pub(super) struct Opened {
    pub(super) growing: Growing,
    pub(super) marks: MarkFile,
    pub(super) mark: Mark,
    pub(super) lock: Lock,
    pub(super) recovery: Recovery,
}

pub(super) fn recover(place: &Place, known: u64) -> Result<Opened, Error> {
    folder::make(place)?;
    let lock = folder::lock(place)?;
    let found = mark::read(place)?;
    let segments = segments::find(place)?;
    let had_segments = !segments.firsts.is_empty();
    let end = find_end(place, segments, Promise { mark: found.mark, known })?;
    if found.mark.is_none() && known == 0 && end.sequence > 0 {
        let (file, what) = (place.join(MARK_NAME), Damage::MarkLost);
        return Err(Error::Damaged { file, sequence: end.sequence, offset: 0, what });
    }
    // Nothing was changed so far, and from here on nothing refuses but the disk.
    let mark = Mark { sequence: end.sequence, chain: end.chain };
    let (growing, marks) = if had_segments {
        (mend(place, &end, found)?, MarkFile::open(place, found, &mark)?)
    } else {
        // The mark is there before the first segment: a journal without one is never a young journal.
        let marks = MarkFile::open(place, found, &mark)?;
        (follow(place, &end)?, marks)
    };
    folder::sync(place)?;
    let recovery = Recovery {
        last_sequence: end.sequence,
        cut_bytes: end.torn_bytes,
        mended_segment: end.unborn.is_some(),
        mended_mark: had_segments && !found.whole,
    };
    Ok(Opened { growing, marks, mark, lock, recovery })
}

/// Checks the last segment, and the one before it when the last is unborn.
fn find_end(place: &Place, segments: Segments, promise: Promise) -> Result<End, Error> {
    let from = segments.firsts.last().copied().unwrap_or(1);
    let mut stream = Stream::open(place, segments, from, promise)?;
    let mut payload = Vec::new();
    while stream.next(&mut payload)?.is_some() {}
    Ok(stream.end())
}

/// Cuts the torn tail and makes sure that the rest is on the disk and not only in the memory of the system.
fn mend(place: &Place, end: &End, found: Found) -> Result<Growing, Error> {
    let path = segment_path(&place.folder, end.segment);
    let file = place.disk.open(&path, How::ReadWrite).map_err(disk("open", &path))?;
    if end.torn_bytes > 0 {
        file.set_length(end.length).map_err(disk("cut", &path))?;
    }
    let acknowledged = found.mark.map_or(0, |mark| mark.sequence);
    if let Some(from) = doubtful(end, acknowledged) {
        write_again(file.as_ref(), from, end.length).map_err(disk("write", &path))?;
    }
    file.sync_all().map_err(disk("sync", &path))?;
    if end.unborn.is_some() {
        return follow(place, end);
    }
    Ok(Growing { file, path, first: end.segment, length: end.length })
}

/// Where the part begins whose sync may have failed. After a failed sync the system may call its pages clean: they are
/// read, and are not on the disk. Only what was written since the last acknowledged record can be so, and that is the
/// last record, or the header of a segment without records.
fn doubtful(end: &End, acknowledged: u64) -> Option<u64> {
    if end.is_empty_segment() {
        return Some(0);
    }
    end.last_offset.filter(|_| acknowledged < end.sequence)
}

/// Writes the same bytes to the same place, which makes them new to the system.
fn write_again(file: &dyn DiskFile, from: u64, until: u64) -> io::Result<()> {
    let mut bytes = vec![0; usize::try_from(until.saturating_sub(from)).unwrap_or_default()];
    file.read_exact_at(&mut bytes, from)?;
    file.write_all_at(&bytes, from)
}

/// Begins the segment behind `end`, in the place of an unborn one.
fn follow(place: &Place, end: &End) -> Result<Growing, Error> {
    let first = end.sequence.saturating_add(1);
    let path = segment_path(&place.folder, first);
    if end.unborn.is_some() {
        place.disk.remove(&path).map_err(disk("remove", &path))?;
    }
    let (before, before_bytes) = (end.segment, end.length);
    let header = SegmentHeader { version: VERSION, first, chain: end.chain, before, before_bytes };
    let file = segments::start(place, &header)?;
    Ok(Growing { file, path, first, length: wide(SEGMENT_HEADER_BYTES) })
}
