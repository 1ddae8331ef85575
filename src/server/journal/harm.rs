//! Journals that were harmed: by crashes, by disks, by people. Nothing that was promised is lost in silence.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::error::{Damage, Error};
use super::folder::{MARK_NAME, segment_path, temporary};
use super::frame::{Chain, Mark, PAYLOAD_BYTES_MAX, Position, RECORD_HEADER_BYTES, SegmentHeader, wide};
use super::reader::{reader, verify};
use super::recover::{Options, Recovery};
use super::writer::Journal;

const SEGMENT_BYTES: u64 = 7000;
const RECORDS: u64 = 45;

/// A sound journal in memory, and what it must give back.
struct Sound {
    files: BTreeMap<String, Vec<u8>>,
    payloads: Vec<Vec<u8>>,
    chains: Vec<Chain>,
    positions: Vec<Position>,
}

impl Sound {
    /// 45 records of 0 to 999 bytes in some five segments; some payloads are images of records.
    fn new() -> Self {
        let folder = temporary();
        let mut random = Random(7);
        let (mut journal, _) = Journal::open(folder.path(), options(0)).unwrap();
        let mut sound = Sound {
            files: BTreeMap::new(),
            payloads: Vec::new(),
            chains: vec![journal.chain()],
            positions: Vec::new(),
        };
        for sequence in 1..=RECORDS {
            let mut payload: Vec<u8> = (0..random.below(1000)).map(|_| random.byte()).collect();
            if sequence % 8 == 0 {
                payload = fs::read(segment_path(folder.path(), 1)).unwrap()[..1000].to_vec();
            }
            sound.positions.push(journal.append(&payload).unwrap());
            sound.chains.push(journal.chain());
            sound.payloads.push(payload);
        }
        drop(journal);
        for entry in fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            sound.files.insert(name, fs::read(entry.path()).unwrap());
        }
        sound
    }

    /// The files with the mark at `sequence`, as a power cut may leave it.
    fn marked(&self, sequence: u64) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        let mut bytes = vec![0; 4096 + 52];
        for sequence in [sequence, sequence.saturating_sub(1)] {
            let mark = Mark { sequence, chain: self.chains[small(sequence)] }.encode();
            bytes[small(sequence % 2) * 4096..][..mark.len()].copy_from_slice(&mark);
        }
        files.insert(MARK_NAME.to_owned(), bytes);
        files
    }

    /// What was appended as this record, or what the test appends behind all of them.
    fn payload(&self, sequence: u64) -> &[u8] {
        self.payloads.get(small(sequence - 1)).map_or(b"more", Vec::as_slice)
    }

    fn last(&self) -> (String, Position) {
        let position = *self.positions.last().unwrap();
        (format!("{:020}.log", position.segment), position)
    }

    /// Reads everything; an error, or the number of records, which are those that were appended.
    fn read(&self, folder: &Path) -> Result<u64, Error> {
        let mut count = 0;
        for record in reader(folder, 1)? {
            let record = record?;
            count += 1;
            assert_eq!(record.sequence, count);
            assert!(record.payload == self.payload(count), "other bytes in record {count}");
        }
        Ok(count)
    }
}

fn options(known_sequence: u64) -> Options {
    Options { segment_bytes: SEGMENT_BYTES, known_sequence }
}

fn lay(files: &BTreeMap<String, Vec<u8>>, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if !files.contains_key(entry.file_name().to_str().unwrap()) {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    for (name, bytes) in files {
        if fs::read(folder.join(name)).is_ok_and(|found| found == *bytes) {
            continue;
        }
        fs::write(folder.join(name), bytes).unwrap();
    }
}

fn small(number: u64) -> usize {
    number.try_into().unwrap()
}

/// xorshift64, for cases that are the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        small(self.next() >> 11) % end
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}

/// What became of a harmed journal.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Fate {
    Refused,
    FoundByReading,
    Cut,
    Unharmed,
}

/// Opens harmed files, reads them, goes on with them, and fails when anything up to a mark is lost in silence.
fn check(sound: &Sound, folder: &Path, marked: u64, known: u64, what: &str) -> Fate {
    let found = |error: &Error| matches!(error, Error::Damaged { .. });
    // Before anybody has mended: the reader knows the mark beside the segments, not the index.
    match sound.read(folder) {
        Ok(count) => assert!(count >= marked, "{what}: {count}"),
        Err(error) => assert!(found(&error), "{what}: {error}"),
    }
    let (mut journal, recovery) = match Journal::open(folder, options(known)) {
        Ok(opened) => opened,
        Err(error) => {
            assert!(found(&error), "{what}: {error}");
            return Fate::Refused;
        }
    };
    let last = recovery.last_sequence;
    assert!(last >= marked.max(known), "{what}: {recovery:?}");
    journal.append(sound.payload(last + 1)).unwrap();
    drop(journal);
    let (read, verified) = (sound.read(folder), verify(folder));
    match (read, verified) {
        (Ok(count), Ok(summary)) => {
            assert_eq!((count, summary.records, summary.torn_bytes), (last + 1, last + 1, 0), "{what}");
        }
        (Err(read), Err(verified)) => {
            assert!(found(&read) && read.to_string() == verified.to_string(), "{what}: {read}, {verified}");
            return Fate::FoundByReading;
        }
        differ => panic!("{what}: {differ:?}"),
    }
    if last < RECORDS { Fate::Cut } else { Fate::Unharmed }
}

#[test]
fn no_flipped_bit_zeroed_sector_cut_or_noise_is_silent() {
    let sound = Sound::new();
    let folder = temporary();
    let mut random = Random(1);
    let mut fates = BTreeMap::new();
    for case in 0..3400 {
        let marked = RECORDS - wide(random.below(4));
        // The index is lost, behind, or knows it all.
        let known = [0, marked, RECORDS - wide(random.below(4))][random.below(3)];
        let mut files = sound.marked(marked);
        let mut names: Vec<String> = files.keys().filter(|name| *name != "lock").cloned().collect();
        // The end is where crashes are: it is harmed as often as all the rest.
        names.extend(vec![sound.last().0; names.len()]);
        let name = &names[random.below(names.len())];
        let bytes = files.get_mut(name).unwrap();
        let at = random.below(bytes.len());
        let what = match case % 3 {
            _ if case >= 3000 => {
                bytes[at..].fill_with(|| random.byte());
                "noise to the end"
            }
            0 => {
                bytes[at] ^= 1 << random.below(8);
                "a flipped bit"
            }
            1 => {
                let end = bytes.len().min(at / 512 * 512 + 512);
                bytes[at / 512 * 512..end].fill(0);
                "a zeroed sector"
            }
            _ => {
                bytes.truncate(at);
                "a cut"
            }
        };
        lay(&files, folder.path());
        let what = format!("case {case}: {what} at {at} of `{name}`, mark {marked}, index {known}");
        let fate = check(&sound, folder.path(), marked, known, &what);
        *fates.entry(fate).or_insert(0) += 1;
    }
    // Every fate is met often enough to mean something.
    assert!(fates.len() == 4 && fates.values().all(|&count| count > 50), "{fates:?}");
}

#[test]
fn a_torn_tail_of_any_shape_is_cut_above_the_marks_and_refused_below() {
    let sound = Sound::new();
    let folder = temporary();
    let (name, position) = sound.last();
    let (start, whole) = (small(position.offset), sound.files[&name].len());
    let mut tails: Vec<Vec<u8>> = (start..whole).map(|end| sound.files[&name][..end].to_vec()).collect();
    // A file system may give the length first, and sectors in any order: zeros to the end, zeros in between.
    for sector in start / 512..=whole / 512 {
        let (from, to) = ((sector * 512).max(start), whole.min(sector * 512 + 512));
        for end in [to, whole] {
            let mut bytes = sound.files[&name].clone();
            bytes[from..end].fill(0);
            tails.push(bytes);
        }
    }
    lay(&sound.files, folder.path());
    for tail in tails {
        let length = tail.len();
        for marked in [RECORDS - 1, RECORDS] {
            fs::write(folder.path().join(MARK_NAME), &sound.marked(marked)[MARK_NAME]).unwrap();
            fs::write(folder.path().join(&name), &tail).unwrap();
            let opened = Journal::open(folder.path(), options(marked));
            if tail == sound.files[&name] {
                assert_eq!(opened.unwrap().1.cut_bytes, 0);
            } else if marked == RECORDS {
                let promised = RECORDS;
                let short = length == start;
                let expected =
                    if short { Damage::Short { promised } } else { Damage::Acknowledged { promised } };
                match opened {
                    Err(Error::Damaged { sequence: RECORDS, what, .. }) => assert_eq!(what, expected),
                    other => panic!("{length} bytes: {other:?}"),
                }
                assert_eq!(fs::read(folder.path().join(&name)).unwrap(), tail, "nothing is changed");
            } else {
                let cut_bytes = wide(length - start);
                let expected = Recovery { last_sequence: RECORDS - 1, cut_bytes, ..Recovery::default() };
                let (mut journal, recovery) = opened.unwrap();
                assert_eq!(recovery, expected, "{length} bytes");
                // The same batch again makes the same file.
                assert_eq!(journal.append(sound.payloads.last().unwrap()).unwrap(), position);
                drop(journal);
                assert_eq!(fs::read(folder.path().join(&name)).unwrap(), sound.files[&name]);
            }
        }
    }
}

type Harm = fn(&Sound, &mut BTreeMap<String, Vec<u8>>);

fn names(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    files.keys().filter(|name| name.ends_with(".log")).cloned().collect()
}

#[test]
fn what_people_and_disks_do_is_named() {
    let cases: [(&str, u64, u64, Harm, &str); 16] = [
        ("a segment missing in the middle", 45, 45, drop_second, "does not continue the segment before it"),
        ("the first segment missing", 45, 45, drop_first, "does not continue the segment before it"),
        ("the last segment missing", 45, 0, drop_last, "the records up to 45 were acknowledged"),
        ("all segments missing", 45, 0, drop_all, "the journal ends here"),
        ("nothing left but the index", 0, 45, |_, files| files.clear(), "up to 45 were acknowledged"),
        ("two segments swapped", 45, 45, swap, "the header of the segment is that of another file"),
        ("a segment of a later time", 45, 45, cut_first, "does not continue the segment before it"),
        ("a file of somebody", 45, 45, |_, files| put(files, "notes.txt", b"x"), "does not belong"),
        ("a copy of a segment", 45, 45, |_, files| put(files, "1.log", b"x"), "does not belong"),
        ("a lost mark and no index", 45, 0, lose_mark, "nothing shows that the end is whole"),
        ("a mark of another journal", 45, 0, other_mark, "belongs to another history"),
        ("the index is ahead", 45, 46, |_, _| {}, "the records up to 46 were acknowledged"),
        ("a newer format", 45, 45, newer, "version 2 of the format"),
        ("a bad record with a later one behind", 40, 0, bad_inside, "more was written behind it"),
        ("a bad record with the beginning of one behind", 40, 0, bad_then_torn, "more was written behind it"),
        ("more bytes at the end than a record has", 45, 0, add_zeros, "more was written behind it"),
    ];
    let (sound, folder) = (Sound::new(), temporary());
    for (what, marked, known, harm, expected) in cases {
        let mut files = sound.marked(marked);
        harm(&sound, &mut files);
        lay(&files, folder.path());
        let error = Journal::open(folder.path(), options(known)).map(|opened| opened.1).unwrap_err();
        assert!(error.to_string().contains(expected), "{what}: {error}");
        assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{what}: {error}");
        for (name, bytes) in &files {
            assert!(fs::read(folder.path().join(name)).unwrap() == *bytes, "{what}: `{name}` was changed");
        }
    }
}

fn put(files: &mut BTreeMap<String, Vec<u8>>, name: &str, bytes: &[u8]) {
    files.insert(name.to_owned(), bytes.to_vec());
}

fn drop_first(_: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    files.remove(&names(files)[0]);
}

fn drop_second(_: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    files.remove(&names(files)[1]);
}

fn drop_last(sound: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    files.remove(&sound.last().0);
}

fn drop_all(_: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    files.retain(|name, _| !name.ends_with(".log"));
}

fn swap(_: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    let names = names(files);
    let (one, other) = (files[&names[1]].clone(), files[&names[2]].clone());
    files.insert(names[1].clone(), other);
    files.insert(names[2].clone(), one);
}

fn cut_first(_: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    files.get_mut(&names(files)[0]).unwrap().pop();
}

fn lose_mark(_: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    files.remove(MARK_NAME);
}

fn other_mark(_: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    let mark = Mark { sequence: RECORDS, chain: Chain::EMPTY };
    files.insert(MARK_NAME.to_owned(), mark.encode());
}

fn newer(sound: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    let bytes = files.get_mut(&sound.last().0).unwrap();
    let header = SegmentHeader::decode(bytes).unwrap();
    bytes.splice(..72, SegmentHeader { version: 2, ..header }.encode());
}

/// The last record but one of the last segment has a bad length.
fn bad_inside(sound: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    let at = sound.positions[sound.positions.len() - 2];
    assert_eq!(at.segment, sound.last().1.segment);
    files.get_mut(&sound.last().0).unwrap()[small(at.offset) + 13] ^= 8;
}

/// A bad payload, and fewer bytes behind it than a header has.
fn bad_then_torn(sound: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    let [.., at, last] = sound.positions[..] else { panic!() };
    let bytes = files.get_mut(&sound.last().0).unwrap();
    bytes.truncate(small(last.offset) + 10);
    bytes[small(at.offset) + 64] ^= 1;
}

fn add_zeros(sound: &Sound, files: &mut BTreeMap<String, Vec<u8>>) {
    let bytes = files.get_mut(&sound.last().0).unwrap();
    bytes.resize(bytes.len() + PAYLOAD_BYTES_MAX + RECORD_HEADER_BYTES + 1, 0);
}

#[test]
fn a_segment_without_its_header_is_mended() {
    let (sound, folder) = (Sound::new(), temporary());
    let unborn = segment_path(Path::new(""), RECORDS + 1).to_str().unwrap().to_owned();
    for bytes in [vec![], vec![0; 1], vec![0; 72], vec![0xF5; 71]] {
        let mut files = sound.marked(RECORDS);
        put(&mut files, &unborn, &bytes);
        lay(&files, folder.path());
        let recovery = Journal::open(folder.path(), options(RECORDS)).unwrap().1;
        let expected = Recovery { last_sequence: RECORDS, mended_segment: true, ..Recovery::default() };
        assert_eq!(recovery, expected);
        assert_eq!(check(&sound, folder.path(), RECORDS, RECORDS, "mended"), Fate::Unharmed);
        // Under any other number it is no segment that was about to be.
        let wrong = segment_path(Path::new(""), RECORDS + 2).to_str().unwrap().to_owned();
        let bytes = files.remove(&unborn).unwrap();
        put(&mut files, &wrong, &bytes);
        lay(&files, folder.path());
        let found = Journal::open(folder.path(), options(RECORDS)).map(|opened| opened.1);
        assert!(matches!(found, Err(Error::Damaged { what: Damage::SegmentBefore, .. })), "{found:?}");
    }
    // The very first one, and a mark that the index stands in for.
    lay(&BTreeMap::from([(unborn.replace("46", "01"), vec![0; 9])]), folder.path());
    let recovery = Journal::open(folder.path(), options(0)).unwrap().1;
    assert_eq!(recovery, Recovery { mended_segment: true, ..Recovery::default() });
    let mut files = sound.files.clone();
    files.remove(MARK_NAME);
    lay(&files, folder.path());
    let recovery = Journal::open(folder.path(), options(RECORDS)).unwrap().1;
    assert_eq!(recovery, Recovery { last_sequence: RECORDS, mended_mark: true, ..Recovery::default() });
}
