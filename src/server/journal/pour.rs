//! A whole journal made at once: a copy, an import. Records are not synced one by one, for nobody is answered meanwhile.
//!
//! Until [`Pour::finish`] the folder says of itself that it is no journal yet, so that one that was interrupted is refused, and never
//! taken for a shorter one. The same records make the same files, byte by byte, as [`Journal`](super::Journal) made of them.

use std::fmt;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::disk::{Cursor, Lock, Place};
use super::error::{Error, disk};
use super::folder;
use super::frame::{Chain, Mark, Position, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader, VERSION, wide};
use super::mark::{self, MarkFile};
use super::segments;

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 1 << 20;

/// A journal in the making.
pub struct Pour {
    place: Place,
    segment_bytes: u64,
    growing: Option<Growing>,
    /// The last record.
    last: Mark,
    /// A record before it is written, kept for its memory.
    bytes: Vec<u8>,
    /// Held for the lock, which ends with it.
    _lock: Lock,
}

/// The segment that grows.
#[derive(Debug)]
struct Growing {
    file: BufWriter<Cursor>,
    path: PathBuf,
    first: u64,
    length: u64,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poured {
    /// Records, which is also the number of the last.
    pub records: u64,
    /// The hash of all of them.
    pub chain: Chain,
}

impl Pour {
    /// Begins a journal in `folder`, made when it is not there. A new segment is begun after `segment_bytes`.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] when there is one already, [`Error::Unfinished`] when one was begun there, [`Error::Locked`],
    /// [`Error::Disk`].
    pub fn begin(folder: &Path, segment_bytes: u64) -> Result<Self, Error> {
        let place = Place::system(folder);
        folder::make(&place)?;
        let lock = folder::lock(&place)?;
        if !folder::list(&place)?.is_empty() || mark::read(&place)?.mark.is_some() {
            return Err(Error::NotEmpty { folder: folder.to_owned() });
        }
        folder::begin(&place)?;
        Ok(Pour {
            place,
            segment_bytes,
            growing: None,
            last: Mark { sequence: 0, chain: Chain::EMPTY },
            bytes: Vec::new(),
            _lock: lock,
        })
    }

    /// Adds one record, of at most [`PAYLOAD_BYTES_MAX`](super::PAYLOAD_BYTES_MAX) bytes; its number.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::TooLarge`]: the journal in the making is then of no use.
    pub fn append(&mut self, payload: &[u8]) -> Result<u64, Error> {
        let sequence = self.last.sequence.saturating_add(1);
        let mut growing = match self.growing.take() {
            Some(growing) if !growing.is_full(self.segment_bytes) => growing,
            before => self.next(before)?,
        };
        let position = Position { sequence, segment: growing.first, offset: growing.length };
        let chain = RecordHeader::encode(position, self.last.chain, payload, &mut self.bytes);
        let chain = chain.ok_or(Error::TooLarge { bytes: wide(payload.len()) })?;
        growing.file.write_all(&self.bytes).map_err(disk("write", &growing.path))?;
        growing.length = growing.length.saturating_add(wide(self.bytes.len()));
        self.growing = Some(growing);
        self.last = Mark { sequence, chain };
        Ok(sequence)
    }

    /// Syncs all of it, and makes it a journal.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn finish(mut self) -> Result<Poured, Error> {
        if let Some(growing) = self.growing.take() {
            growing.close()?;
        }
        let found = mark::read(&self.place)?;
        MarkFile::open(&self.place, found, &self.last)?;
        folder::finish(&self.place)?;
        Ok(Poured { records: self.last.sequence, chain: self.last.chain })
    }

    /// Begins the segment behind `before`.
    fn next(&self, before: Option<Growing>) -> Result<Growing, Error> {
        let (before, before_bytes) = match before {
            Some(before) => before.close()?,
            None => (0, 0),
        };
        let first = self.last.sequence.saturating_add(1);
        let header = SegmentHeader { version: VERSION, first, chain: self.last.chain, before, before_bytes };
        let file = segments::start(&self.place, &header)?;
        let (path, length) = (folder::segment_path(&self.place.folder, first), wide(SEGMENT_HEADER_BYTES));
        let file = Cursor { file, offset: length };
        Ok(Growing { file: BufWriter::with_capacity(BUFFER_BYTES, file), path, first, length })
    }
}

impl fmt::Debug for Pour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pour").field("place", &self.place).field("last", &self.last).finish_non_exhaustive()
    }
}

impl Growing {
    fn is_full(&self, segment_bytes: u64) -> bool {
        self.length >= segment_bytes && self.length > wide(SEGMENT_HEADER_BYTES)
    }

    /// All of it is on the disk: its first record, and its length.
    fn close(mut self) -> Result<(u64, u64), Error> {
        self.file.flush().map_err(disk("write", &self.path))?;
        self.file.get_ref().file.sync_all().map_err(disk("sync", &self.path))?;
        Ok((self.first, self.length))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::super::folder::temporary;
    use super::super::{Journal, Options, reader, verify};
    use super::*;

    const SEGMENT_BYTES: u64 = 900;

    fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
        named.map(|(name, path)| (name, fs::read(path).unwrap())).collect()
    }

    #[test]
    fn the_same_records_make_the_same_files() {
        let (written, poured) = (temporary(), temporary());
        let options = Options { segment_bytes: SEGMENT_BYTES, known_sequence: 0 };
        let (mut journal, _) = Journal::open(written.path(), options).unwrap();
        for size in 0..40 {
            journal.append(&vec![b'x'; size * 31 % 257]).unwrap();
        }
        let chain = journal.chain();
        drop(journal);
        let mut pour = Pour::begin(poured.path(), SEGMENT_BYTES).unwrap();
        for record in reader(written.path(), 1).unwrap() {
            pour.append(&record.unwrap().payload).unwrap();
        }
        assert_eq!(pour.finish().unwrap(), Poured { records: 40, chain });
        let (mut one, mut other) = (files(written.path()), files(poured.path()));
        // The slots of the mark tell the last two records, or the last twice.
        one.remove(folder::MARK_NAME);
        other.remove(folder::MARK_NAME);
        assert!(one.len() > 5 && one == other);
        assert_eq!(verify(poured.path()).unwrap(), verify(written.path()).unwrap());
        let again = Pour::begin(poured.path(), SEGMENT_BYTES).unwrap_err();
        assert!(matches!(again, Error::NotEmpty { .. }), "{again}");
        assert_eq!(Journal::open(poured.path(), options).unwrap().1.last_sequence, 40);
    }

    #[test]
    fn one_that_was_interrupted_is_no_journal() {
        for records in [0, 1, 30] {
            let folder = temporary();
            let mut pour = Pour::begin(folder.path(), SEGMENT_BYTES).unwrap();
            for _ in 0..records {
                pour.append(&[1; 100]).unwrap();
            }
            drop(pour);
            for error in [
                Journal::open(folder.path(), Options::default()).unwrap_err(),
                reader(folder.path(), 1).unwrap_err(),
                Pour::begin(folder.path(), SEGMENT_BYTES).unwrap_err(),
            ] {
                assert!(matches!(error, Error::Unfinished { .. }), "{records}: {error}");
            }
        }
    }

    #[test]
    fn one_without_records_is_a_young_journal() {
        let folder = temporary();
        let poured = Pour::begin(folder.path(), SEGMENT_BYTES).unwrap().finish().unwrap();
        assert_eq!(poured, Poured { records: 0, chain: Chain::EMPTY });
        let (mut journal, _) = Journal::open(folder.path(), Options::default()).unwrap();
        assert_eq!(journal.append(b"a").unwrap().sequence, 1);
    }
}
