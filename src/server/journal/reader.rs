//! Reading: all records from a number on, one by its position, and the check of everything.
//!
//! No lock is taken: records are never changed once they are acknowledged, so any number of readers may run beside the
//! writer.

use std::path::Path;

use super::disk::{How, Place};
use super::error::{Damage, Error, disk};
use super::folder::{MARK_NAME, segment_path};
use super::frame::{Chain, Position, RECORD_HEADER_BYTES, RecordHeader, VERSION, wide};
use super::mark;
use super::segments;
use super::stream::{Promise, Stream};

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number: 1 is the first, without gaps.
    pub sequence: u64,
    /// Where it stands.
    pub position: Position,
    /// The bytes that were appended.
    pub payload: Vec<u8>,
}

/// What [`verify`] has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Files with records.
    pub segments: u64,
    /// Whole records, which is also the number of the last.
    pub records: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// The hash of all of them.
    pub chain: Chain,
    /// Bytes behind the last whole record that the next [`Journal::open`](super::Journal::open) would cut; beside a
    /// writer, the beginning of its next record.
    pub torn_bytes: u64,
    /// The number of the last record that was acknowledged; `None` when the high-water mark cannot be read.
    pub acknowledged: Option<u64>,
}

/// The records of a journal from a number on. After an error it is at its end.
#[derive(Debug)]
pub struct Reader {
    stream: Option<Stream>,
    from: u64,
}

/// All records of the journal in `folder` with the number `from` and above, in order, up to the end as it is now. Holds
/// one record in memory, at most [`PAYLOAD_BYTES_MAX`](super::PAYLOAD_BYTES_MAX).
///
/// The records before `from` in the same segment are read and checked too. When what was acknowledged is not there or
/// not whole, the iterator gives an error, never a silent end.
///
/// # Errors
/// [`Error::Disk`], [`Error::Foreign`], [`Error::Version`], and [`Error::Damaged`] when the segments do not follow one
/// another or the high-water mark cannot be read.
pub fn reader(folder: &Path, from: u64) -> Result<Reader, Error> {
    reader_at(&Place::system(folder), from)
}

/// The same on another disk.
///
/// # Errors
/// As [`reader`].
pub fn reader_at(place: &Place, from: u64) -> Result<Reader, Error> {
    let mark = mark::read(place)?.mark;
    let segments = segments::find(place)?;
    if mark.is_none() && !segments.firsts.is_empty() {
        let (file, what) = (place.join(MARK_NAME), Damage::MarkLost);
        return Err(Error::Damaged { file, sequence: 0, offset: 0, what });
    }
    let stream = Stream::open(place, segments, from, Promise { mark, known: 0 })?;
    Ok(Reader { stream: Some(stream), from })
}

impl Iterator for Reader {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.stream.as_mut()?;
        let mut payload = Vec::new();
        loop {
            match stream.next(&mut payload) {
                Ok(Some(position)) if position.sequence < self.from => {}
                Ok(Some(position)) => {
                    return Some(Ok(Record { sequence: position.sequence, position, payload }));
                }
                Ok(None) => break,
                Err(error) => {
                    self.stream = None;
                    return Some(Err(error));
                }
            }
        }
        self.stream = None;
        None
    }
}

/// The payload of the record at `position`, which [`Journal::append`](super::Journal::append) or a [`Reader`] gave. Its
/// CRC and its number are checked; the chain is not, for it needs the record before.
///
/// # Errors
/// [`Error::Disk`], [`Error::Version`], and [`Error::Damaged`] when this record is not there or not whole.
pub fn read_at(folder: &Path, position: Position) -> Result<Vec<u8>, Error> {
    let path = segment_path(folder, position.segment);
    let damaged = |what| {
        let Position { sequence, offset, .. } = position;
        Err(Error::Damaged { file: path.clone(), sequence, offset, what })
    };
    let file = Place::system(folder).disk.open(&path, How::Read).map_err(disk("open", &path))?;
    let length = file.length().map_err(disk("read", &path))?;
    let left = length.saturating_sub(position.offset);
    if left < wide(RECORD_HEADER_BYTES) {
        return damaged(Damage::Record);
    }
    let mut head = [0; RECORD_HEADER_BYTES];
    file.read_exact_at(&mut head, position.offset).map_err(disk("read", &path))?;
    let Some(header) = RecordHeader::decode(&head, position.segment, position.offset) else {
        return damaged(Damage::Record);
    };
    if header.version != VERSION {
        return Err(Error::Version { file: path, version: header.version });
    }
    if header.sequence != position.sequence {
        return damaged(Damage::Sequence { found: header.sequence });
    }
    if left < header.record_bytes() {
        return damaged(Damage::Record);
    }
    let mut payload = vec![0; header.payload_bytes()];
    let start = position.offset.saturating_add(wide(RECORD_HEADER_BYTES));
    file.read_exact_at(&mut payload, start).map_err(disk("read", &path))?;
    if header.fits(&payload) { Ok(payload) } else { damaged(Damage::Record) }
}

/// The number of the last record that was acknowledged; `None` when the high-water mark cannot be read. Beside the writer it may be a
/// moment old.
///
/// # Errors
/// [`Error::Disk`].
pub fn acknowledged(folder: &Path) -> Result<Option<u64>, Error> {
    Ok(mark::read(&Place::system(folder))?.mark.map(|mark| mark.sequence))
}

/// Checks every record of the journal in `folder`, CRC, number and chain, and that it reaches its high-water mark.
/// Changes nothing, and may run beside the writer.
///
/// # Errors
/// The first thing that is wrong, as [`reader`] and its records tell it.
pub fn verify(folder: &Path) -> Result<Summary, Error> {
    let place = &Place::system(folder);
    let mark = mark::read(place)?.mark;
    let segments = segments::find(place)?;
    let count = wide(segments.firsts.len());
    let mut stream = Stream::open(place, segments, 1, Promise { mark, known: 0 })?;
    let (mut payload, mut payload_bytes) = (Vec::new(), 0_u64);
    while stream.next(&mut payload)?.is_some() {
        payload_bytes = payload_bytes.saturating_add(wide(payload.len()));
    }
    let end = stream.end();
    Ok(Summary {
        segments: count,
        records: end.sequence,
        payload_bytes,
        chain: end.chain,
        torn_bytes: end.torn_bytes,
        acknowledged: mark.map(|mark| mark.sequence),
    })
}
