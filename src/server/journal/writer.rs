//! The one writer: a record is written, synced, marked, and only then acknowledged.

use std::fmt;
use std::io;
use std::path::Path;

use super::disk::{Lock, Place};
use super::error::{Error, disk};
use super::folder::segment_path;
use super::frame::{Chain, Mark, Position, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader, VERSION, wide};
use super::mark::MarkFile;
use super::recover::{Growing, Opened, Options, Recovery, recover};
use super::segments;

/// A journal that grows. One at a time has a folder, in this process and in all others.
pub struct Journal {
    place: Place,
    segment_bytes: u64,
    growing: Growing,
    marks: MarkFile,
    /// The last record.
    last: Mark,
    // INVARIANT: once true it stays true: after a failed write or sync nobody knows what is on the disk.
    poisoned: bool,
    /// A record before it is written, kept for its memory.
    bytes: Vec<u8>,
    /// Held for the lock, which ends with it.
    _lock: Lock,
}

impl Journal {
    /// Opens the journal in `folder`, made when it is not there, and mends what a crash may leave: a torn tail, a segment
    /// without its header. The last segment is read in full, so this takes up to a second.
    ///
    /// # Errors
    /// [`Error::Locked`] when another writer has it, [`Error::Damaged`], [`Error::Version`] or [`Error::Foreign`] when it is
    /// not what was written, and then nothing is changed; [`Error::Disk`].
    pub fn open(folder: &Path, options: Options) -> Result<(Self, Recovery), Error> {
        Self::open_at(&Place::system(folder), options)
    }

    /// The same on another disk.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_at(place: &Place, options: Options) -> Result<(Self, Recovery), Error> {
        let Opened { growing, marks, mark, lock, recovery } = recover(place, options.known_sequence)?;
        let journal = Journal {
            place: place.clone(),
            segment_bytes: options.segment_bytes,
            growing,
            marks,
            last: mark,
            poisoned: false,
            bytes: Vec::new(),
            _lock: lock,
        };
        Ok((journal, recovery))
    }

    /// Writes one record and waits until it is on the disk. The payload may be empty and has at most
    /// [`PAYLOAD_BYTES_MAX`](super::PAYLOAD_BYTES_MAX) bytes.
    ///
    /// # Errors
    /// [`Error::Disk`] or [`Error::TooLarge`]: whether the record is on the disk is not known then, save that one too large
    /// is not, and every later call gives [`Error::Poisoned`]. To go on, open the journal anew.
    pub fn append(&mut self, payload: &[u8]) -> Result<Position, Error> {
        self.unless_poisoned(|journal| journal.try_append(payload))
    }

    /// Makes the high-water mark last, for the case of a power cut. Not needed for the records, which always last; once
    /// a second is enough.
    ///
    /// # Errors
    /// [`Error::Disk`], and then, as after every error, [`Error::Poisoned`].
    pub fn sync_mark(&mut self) -> Result<(), Error> {
        self.unless_poisoned(|journal| journal.marks.sync())
    }

    /// The number of the last record that was acknowledged, 0 when there is none.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.last.sequence
    }

    /// The hash of all records up to the last that was acknowledged.
    #[must_use]
    pub fn chain(&self) -> Chain {
        self.last.chain
    }

    /// Bytes that are free on its disk.
    ///
    /// # Errors
    /// What the disk says.
    pub fn free_bytes(&self) -> io::Result<u64> {
        self.place.disk.free_bytes(&self.place.folder)
    }

    fn unless_poisoned<T>(&mut self, call: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        let result = call(self);
        self.poisoned = result.is_err();
        result
    }

    fn try_append(&mut self, payload: &[u8]) -> Result<Position, Error> {
        let is_full = self.growing.length >= self.segment_bytes;
        if is_full && self.growing.length > wide(SEGMENT_HEADER_BYTES) {
            self.rotate()?;
        }
        // Numbers do not run out: at a million batches a second they last half a million years.
        let sequence = self.last.sequence.saturating_add(1);
        let position = Position { sequence, segment: self.growing.first, offset: self.growing.length };
        let chain = RecordHeader::encode(position, self.last.chain, payload, &mut self.bytes);
        let chain = chain.ok_or(Error::TooLarge { bytes: wide(payload.len()) })?;
        self.growing.write(&self.bytes)?;
        self.last = Mark { sequence, chain };
        self.marks.write(&self.last)?;
        Ok(position)
    }

    /// Begins a new segment. The mark is synced first, so that it is never older than the last segment.
    fn rotate(&mut self) -> Result<(), Error> {
        self.marks.sync()?;
        let first = self.last.sequence.saturating_add(1);
        let (before, before_bytes) = (self.growing.first, self.growing.length);
        let header = SegmentHeader { version: VERSION, first, chain: self.last.chain, before, before_bytes };
        let file = segments::start(&self.place, &header)?;
        let (path, length) = (segment_path(&self.place.folder, first), wide(SEGMENT_HEADER_BYTES));
        self.growing = Growing { file, path, first, length };
        Ok(())
    }
}

impl Growing {
    /// Appends with one call, for a record that the disk took in two parts could be torn in other ways, and syncs.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.file.write_at(bytes, self.length).map_err(disk("write", &self.path))?;
        if written != bytes.len() {
            return Err(disk("write", &self.path)(io::Error::from(io::ErrorKind::WriteZero)));
        }
        self.file.sync_data().map_err(disk("sync", &self.path))?;
        self.length = self.length.saturating_add(wide(bytes.len()));
        Ok(())
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("place", &self.place)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

/// Closing syncs the mark when nothing has failed; a sync that fails here costs nothing but its freshness.
impl Drop for Journal {
    fn drop(&mut self) {
        let _ = self.sync_mark();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::super::folder::temporary;
    use super::super::{Error, PAYLOAD_BYTES_MAX, Record, read_at, reader, verify};
    use super::*;

    const SHORT: Options = Options { segment_bytes: 1000, known_sequence: 0 };

    /// 0 to 299 bytes that differ from record to record.
    fn payload(sequence: u64) -> Vec<u8> {
        (0..sequence * 37 % 300).map(|byte| (byte + sequence).to_le_bytes()[0]).collect()
    }

    fn read_all(folder: &Path, from: u64) -> Vec<Record> {
        reader(folder, from).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn what_was_appended_comes_back_over_segments_and_openings() {
        let folder = temporary();
        let path = &folder.path().join("a").join("journal");
        let mut positions = Vec::new();
        let mut chain = Chain::EMPTY;
        for opening in 0..5_u64 {
            let known_sequence = opening * 20;
            let (mut journal, recovery) = Journal::open(path, Options { known_sequence, ..SHORT }).unwrap();
            assert_eq!(recovery, Recovery { last_sequence: opening * 20, ..Recovery::default() });
            assert_eq!(journal.chain(), chain);
            for sequence in known_sequence + 1..=known_sequence + 20 {
                positions.push(journal.append(&payload(sequence)).unwrap());
                assert_eq!(journal.last_sequence(), sequence);
            }
            journal.sync_mark().unwrap();
            chain = journal.chain();
        }
        for from in [0, 1, 2, 50, 99, 100, 101, u64::MAX] {
            let expected: Vec<Record> = (from.max(1)..=100)
                .map(|sequence| {
                    let position = positions[usize::try_from(sequence - 1).unwrap()];
                    Record { sequence, position, payload: payload(sequence) }
                })
                .collect();
            assert_eq!(read_all(path, from), expected, "from {from}");
        }
        for position in &positions {
            assert_eq!(read_at(path, *position).unwrap(), payload(position.sequence));
        }
        let summary = verify(path).unwrap();
        assert_eq!((summary.records, summary.chain, summary.torn_bytes), (100, chain, 0));
        assert_eq!(summary.acknowledged, Some(100));
        assert!(summary.segments > 10, "{summary:?}");
    }

    #[test]
    fn a_position_that_names_no_record_is_refused() {
        let folder = temporary();
        let (mut journal, _) = Journal::open(folder.path(), Options::default()).unwrap();
        let at = journal.append(b"a").unwrap();
        for wrong in [
            Position { sequence: 2, ..at },
            Position { offset: at.offset + 1, ..at },
            Position { offset: u64::MAX, ..at },
        ] {
            let found = read_at(folder.path(), wrong);
            assert!(matches!(found, Err(Error::Damaged { .. })), "{wrong:?}: {found:?}");
        }
    }

    #[test]
    fn after_an_error_nothing_is_taken_until_it_is_opened_again() {
        type Harm = fn(&mut Journal) -> Result<Position, Error>;
        let cases: [(&str, u64, Harm); 4] = [
            ("the write fails", 1, |journal| {
                journal.growing.file = Box::new(File::open(&journal.growing.path).unwrap());
                journal.append(b"b")
            }),
            // Writes to it succeed, syncs do not.
            ("the sync fails", 1, |journal| {
                journal.growing.file = Box::new(File::options().write(true).open("/dev/null").unwrap());
                journal.append(b"b")
            }),
            // The record is on the disk by then, and counts after the next opening.
            ("the mark cannot be written", 2, |journal| {
                journal.marks.file = Box::new(File::open("/dev/null").unwrap());
                journal.append(b"b")
            }),
            ("the batch is too large", 1, |journal| journal.append(&vec![0; PAYLOAD_BYTES_MAX + 1])),
        ];
        for (what, last, harm) in cases {
            let folder = temporary();
            let (mut journal, _) = Journal::open(folder.path(), SHORT).unwrap();
            journal.append(b"a").unwrap();
            let found = harm(&mut journal);
            assert!(matches!(found, Err(Error::Disk { .. } | Error::TooLarge { .. })), "{what}: {found:?}");
            assert!(matches!(journal.append(b"c"), Err(Error::Poisoned)), "{what}");
            assert!(matches!(journal.sync_mark(), Err(Error::Poisoned)), "{what}");
            drop(journal);
            let (mut journal, recovery) = Journal::open(folder.path(), SHORT).unwrap();
            assert_eq!(recovery, Recovery { last_sequence: last, ..Recovery::default() }, "{what}");
            journal.append(b"d").unwrap();
            assert_eq!(read_all(folder.path(), last + 1)[0].payload, b"d", "{what}");
        }
    }

    #[test]
    fn the_largest_batch_fits_and_comes_back() {
        let folder = temporary();
        let (mut journal, _) = Journal::open(folder.path(), Options::default()).unwrap();
        let largest = vec![7; PAYLOAD_BYTES_MAX];
        journal.append(&largest).unwrap();
        journal.append(b"").unwrap();
        drop(journal);
        assert_eq!(Journal::open(folder.path(), Options::default()).unwrap().1.last_sequence, 2);
        assert!(read_all(folder.path(), 1)[0].payload == largest);
    }

    #[test]
    fn a_second_writer_is_refused_and_told_where() {
        let folder = temporary();
        let first = Journal::open(folder.path(), SHORT).unwrap();
        let error = Journal::open(folder.path(), SHORT).unwrap_err();
        assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
        assert!(matches!(error, Error::Locked { .. }), "{error}");
        drop(first);
        Journal::open(folder.path(), SHORT).unwrap();
    }

    #[test]
    fn readers_beside_the_writer_find_all_that_was_acknowledged() {
        let folder = temporary();
        let path = folder.path();
        let (mut journal, _) = Journal::open(path, SHORT).unwrap();
        let acknowledged = AtomicU64::new(0);
        std::thread::scope(|scope| {
            let look = || {
                while acknowledged.load(Ordering::SeqCst) < 1000 {
                    let before = acknowledged.load(Ordering::SeqCst);
                    let from = before.saturating_sub(50);
                    let mut last = before;
                    for record in read_all(path, from) {
                        assert_eq!(record.payload, payload(record.sequence));
                        assert_eq!(read_at(path, record.position).unwrap(), record.payload);
                        last = record.sequence;
                    }
                    assert!(last >= before, "{last} of {before}");
                    assert!(verify(path).unwrap().records >= before);
                }
            };
            scope.spawn(look);
            scope.spawn(look);
            for sequence in 1..=1000 {
                journal.append(&payload(sequence)).unwrap();
                acknowledged.store(sequence, Ordering::SeqCst);
            }
        });
    }
}
