//! One segment, record by record, with every check: CRC, number, chain.
//!
//! The length is taken before the first byte is read and holds for the whole walk. So a walk beside the writer sees
//! what was written before it began, and of a later record at most the beginning.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::disk::{Cursor, How, Place};
use super::error::{Damage, Error, disk};
use super::folder::segment_path;
use super::frame::{
    Chain, PAYLOAD_BYTES_MAX, Position, RECORD_HEADER_BYTES, RECORD_MAGIC, RecordHeader,
    SEGMENT_HEADER_BYTES, SegmentHeader, VERSION, wide,
};

/// Small records are read thousands at a time; what is larger than this goes past the buffer.
const BUFFER_BYTES: usize = 256 << 10;

/// A segment on the way from its first record to its last.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) path: PathBuf,
    bytes: BufReader<Cursor>,
    pub(super) header: SegmentHeader,
    /// The length of the file when the walk began.
    length: u64,
    /// Where the next record begins.
    pub(super) offset: u64,
    /// Where the last one began.
    pub(super) last_offset: Option<u64>,
    /// The number of the record before the next.
    pub(super) sequence: u64,
    /// The chain after it.
    pub(super) chain: Chain,
}

/// What stands where the next record should.
#[derive(Debug)]
pub(super) enum Step {
    /// It.
    Record(Position),
    /// The end of the file.
    End,
    /// Bytes that are no whole record; its length, when its header is whole all the same.
    Unwhole(Option<u64>),
}

/// The start of a segment.
pub(super) struct Start {
    /// `None` when it is not whole.
    pub(super) header: Option<SegmentHeader>,
    /// Bytes of the file.
    pub(super) length: u64,
    /// Read up to the end of the header.
    file: Cursor,
}

pub(super) fn start(place: &Place, path: &Path) -> Result<Start, Error> {
    let file = place.disk.open(path, How::Read).map_err(disk("open", path))?;
    let length = file.length().map_err(disk("read", path))?;
    let mut file = Cursor { file, offset: 0 };
    let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
    let head = file.by_ref().take(wide(SEGMENT_HEADER_BYTES)).read_to_end(&mut bytes);
    head.map_err(disk("read", path))?;
    let header = SegmentHeader::decode(&bytes);
    match header.map(|header| header.version) {
        Some(version) if version != VERSION => Err(Error::Version { file: path.to_owned(), version }),
        _ => Ok(Start { header, length, file }),
    }
}

impl Walk {
    /// Begins at the first record of the segment `first`.
    pub(super) fn open(place: &Place, first: u64) -> Result<Self, Error> {
        let path = segment_path(&place.folder, first);
        let Start { header, length, file } = start(place, &path)?;
        let Some(header) = header else {
            return Err(Error::Damaged {
                file: path,
                sequence: first,
                offset: 0,
                what: Damage::SegmentHeader,
            });
        };
        let offset = wide(SEGMENT_HEADER_BYTES);
        let bytes = BufReader::with_capacity(BUFFER_BYTES, file);
        let sequence = first.saturating_sub(1);
        Ok(Walk { path, bytes, header, length, offset, last_offset: None, sequence, chain: header.chain })
    }

    /// Goes over the next record and leaves its payload in `payload`.
    pub(super) fn step(&mut self, payload: &mut Vec<u8>) -> Result<Step, Error> {
        let left = self.left();
        if left == 0 {
            return Ok(Step::End);
        }
        let mut head = [0; RECORD_HEADER_BYTES];
        if left < wide(RECORD_HEADER_BYTES) {
            return Ok(Step::Unwhole(None));
        }
        self.fill(&mut head)?;
        let Some(header) = RecordHeader::decode(&head, self.header.first, self.offset) else {
            return Ok(Step::Unwhole(None));
        };
        if header.version != VERSION {
            return Err(Error::Version { file: self.path.clone(), version: header.version });
        }
        if header.record_bytes() > left {
            return Ok(Step::Unwhole(Some(header.record_bytes())));
        }
        payload.resize(header.payload_bytes(), 0);
        self.fill(payload)?;
        if !header.fits(payload) {
            return Ok(Step::Unwhole(Some(header.record_bytes())));
        }
        self.take(&header, payload).map(Step::Record)
    }

    /// Decides what a record that is not whole is, in the last segment and above the marks: its bytes when it is a torn
    /// tail. The record behind it was begun only after it was synced, so a trace of that one proves damage.
    pub(super) fn tail(&self, claimed: Option<u64>) -> Result<u64, Error> {
        let most = claimed.unwrap_or(wide(RECORD_HEADER_BYTES + PAYLOAD_BYTES_MAX));
        if self.left() > most || self.followed()? {
            return Err(self.damaged(Damage::Inside));
        }
        Ok(self.left())
    }

    /// An error that names the next record.
    pub(super) fn damaged(&self, what: Damage) -> Error {
        let sequence = self.sequence.saturating_add(1);
        Error::Damaged { file: self.path.clone(), sequence, offset: self.offset, what }
    }

    fn left(&self) -> u64 {
        self.length.saturating_sub(self.offset)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.bytes.read_exact(bytes).map_err(disk("read", &self.path))
    }

    /// A whole record that does not belong here was not torn: no crash makes a CRC fit.
    fn take(&mut self, header: &RecordHeader, payload: &[u8]) -> Result<Position, Error> {
        let sequence = self.sequence.saturating_add(1);
        if header.sequence != sequence {
            return Err(self.damaged(Damage::Sequence { found: header.sequence }));
        }
        if !header.continues(self.chain, payload) {
            return Err(self.damaged(Damage::Chain));
        }
        let position = Position { sequence, segment: self.header.first, offset: self.offset };
        self.last_offset = Some(self.offset);
        self.offset = self.offset.saturating_add(header.record_bytes());
        self.sequence = sequence;
        self.chain = header.chain;
        Ok(position)
    }

    /// Whether the header of a later record stands behind the next one: at any offset, for the length of a bad record
    /// is as doubtful as the rest of it. The header alone is enough, its CRC knows its place.
    fn followed(&self) -> Result<bool, Error> {
        // At most one record, as `tail` has asked before.
        let mut bytes = vec![0; usize::try_from(self.left()).unwrap_or_default()];
        self.bytes.get_ref().file.read_exact_at(&mut bytes, self.offset).map_err(disk("read", &self.path))?;
        let behind = bytes.get(1..).unwrap_or_default();
        Ok(memmem::find_iter(behind, &RECORD_MAGIC).any(|at| {
            let offset = self.offset.saturating_add(1).saturating_add(wide(at));
            let header = behind.get(at..).and_then(|at| RecordHeader::decode(at, self.header.first, offset));
            header.is_some_and(|header| header.sequence > self.sequence)
        }))
    }
}
