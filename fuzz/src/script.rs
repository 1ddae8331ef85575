//! A sound journal, and what an input makes of it: bytes changed, cut, moved, files lost or old. Whatever happens, each record that
//! is read was written, in order and from the first on; and where all that was acknowledged is not there, that is said.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pricewright::server::journal::{Journal, Options, Position, Record, read_at, reader, verify};
use tempfile::TempDir;

/// Segments are followed by new ones after so many bytes: three or four records, and several segments.
const SEGMENT_BYTES: u64 = 700;
const RECORDS: u64 = 14;
const MARK: &str = "high-water";
/// Changes of one input: more of them hide one another.
const CHANGES_MAX: usize = 6;

thread_local! {
    static SOUND: RefCell<Sound> = RefCell::new(Sound::new());
}

/// The first byte says whether the journal is opened afterwards, too; then come changes of seven bytes.
pub fn check(input: &[u8]) {
    let Some((&how, changes)) = input.split_first() else { return };
    SOUND.with_borrow_mut(|sound| sound.harmed(how, changes));
}

struct Sound {
    /// In memory where the system has such a place: an input costs some thirty calls of it.
    folder: TempDir,
    /// The names of the files, in order.
    names: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    /// The same journal three records before its end: old files that somebody copied back.
    old: BTreeMap<String, Vec<u8>>,
    payloads: Vec<Vec<u8>>,
    positions: Vec<Position>,
}

impl Sound {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
        let options = Options { segment_bytes: SEGMENT_BYTES, known_sequence: 0 };
        let (mut journal, _) = Journal::open(folder.path(), options).expect("a new journal");
        let (mut payloads, mut positions, mut old) = (Vec::new(), Vec::new(), BTreeMap::new());
        for sequence in 1..=RECORDS {
            let payload = payload(sequence, folder.path());
            positions.push(journal.append(&payload).expect("a record"));
            payloads.push(payload);
            if sequence == RECORDS - 3 {
                old = files(folder.path());
            }
        }
        drop(journal);
        let files = files(folder.path());
        Sound { names: files.keys().cloned().collect(), folder, files, old, payloads, positions }
    }

    fn harmed(&mut self, how: u8, changes: &[u8]) {
        let mut files = self.files.clone();
        for change in changes.chunks_exact(7).take(CHANGES_MAX) {
            self.change(&mut files, change);
        }
        self.lay(&files);
        self.look(&files);
        if how.is_multiple_of(4) {
            self.open(&files);
        }
        self.restore(&files);
    }

    /// One change: what, in which file, where, how much, and a byte.
    fn change(&self, files: &mut BTreeMap<String, Vec<u8>>, change: &[u8]) {
        let [what, file, at, at_high, length, length_high, byte] = *change else { return };
        let name = &self.names[usize::from(file) % self.names.len()];
        let Some(bytes) = files.get_mut(name) else { return };
        let at = usize::from(u16::from_le_bytes([at, at_high])) % (bytes.len() + 1);
        let length = usize::from(u16::from_le_bytes([length, length_high]));
        let end = at.saturating_add(length).min(bytes.len());
        match what % 10 {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|one| *one = byte),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|one| *one ^= 1 << (byte % 8)),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, std::iter::repeat_n(byte, length % 200))),
            5 => bytes[at..end].fill(byte),
            // A piece of the file, or of another, is written elsewhere.
            6 => {
                let from = &self.files[&self.names[usize::from(byte) % self.names.len()]];
                let from = &from[length.min(from.len())..];
                let piece = from.len().min(bytes.len() - at).min(256);
                bytes[at..at + piece].copy_from_slice(&from[..piece]);
            }
            7 => drop(bytes.splice(at..at, self.files[name][at.min(self.files[name].len())..].to_vec())),
            8 => drop(files.remove(name)),
            _ => match self.old.get(name) {
                Some(old) => *bytes = old.clone(),
                None => drop(files.remove(name)),
            },
        }
    }

    /// Reads all of it.
    fn look(&self, files: &BTreeMap<String, Vec<u8>>) {
        let folder = self.folder.path();
        let (mut seen, mut is_whole) = (0, true);
        match reader(folder, 1) {
            Err(error) => is_whole = told(&error.to_string()),
            Ok(records) => {
                for record in records {
                    match record {
                        Ok(record) => seen = self.written(&record, seen),
                        Err(error) => is_whole = told(&error.to_string()),
                    }
                }
            }
        }
        match verify(folder) {
            Ok(summary) => {
                // Without a mark `verify` tells what is there, and a reader nothing.
                if let Some(marked) = summary.acknowledged {
                    assert_eq!(
                        (summary.records, is_whole),
                        (seen, true),
                        "`verify` has seen another journal"
                    );
                    assert!(marked <= seen, "records up to {marked} were acknowledged, the end is at {seen}");
                }
            }
            Err(_) => assert!(!is_whole, "`verify` finds damage that a reader does not"),
        }
        // As it was left, or one of its two marks: nothing that was acknowledged may be missing.
        let is_marked = files.get(MARK).is_some_and(|mark| *mark == self.files[MARK]);
        assert!(!is_whole || !is_marked || seen == RECORDS, "{} records are lost in silence", RECORDS - seen);
        let at = self.positions[files.len() % self.positions.len()];
        if let Ok(payload) = read_at(folder, at) {
            assert!(payload == self.payload(at.sequence), "other bytes in record {}", at.sequence);
        }
    }

    /// Opens it as a start of the service does, goes on writing, and reads again.
    fn open(&self, files: &BTreeMap<String, Vec<u8>>) {
        let folder = self.folder.path();
        let options = Options { segment_bytes: SEGMENT_BYTES, known_sequence: 0 };
        let Ok((mut journal, recovery)) = Journal::open(folder, options) else { return };
        let is_marked = files.get(MARK).is_some_and(|mark| *mark == self.files[MARK]);
        assert!(!is_marked || recovery.last_sequence == RECORDS, "a start has cut what was acknowledged");
        let next = journal.append(b"next").expect("a record").sequence;
        assert_eq!(next, recovery.last_sequence + 1);
        drop(journal);
        let Ok(records) = reader(folder, next) else { panic!("a journal that was opened cannot be read") };
        let last: Vec<Record> = records.filter_map(Result::ok).collect();
        // A segment before the last is looked into by a reader alone: there damage may show only now.
        assert!(last.iter().all(|record| record.payload == b"next"));
    }

    fn written(&self, record: &Record, before: u64) -> u64 {
        assert_eq!(record.sequence, before + 1, "a record is left out");
        assert!(record.payload == self.payload(record.sequence), "other bytes in record {}", record.sequence);
        record.sequence
    }

    fn payload(&self, sequence: u64) -> &[u8] {
        let place = usize::try_from(sequence).unwrap_or(usize::MAX).wrapping_sub(1);
        self.payloads
            .get(place)
            .map(Vec::as_slice)
            .unwrap_or_else(|| panic!("nobody wrote record {sequence}"))
    }

    fn lay(&self, files: &BTreeMap<String, Vec<u8>>) {
        for (name, sound) in &self.files {
            let path = self.folder.path().join(name);
            match files.get(name) {
                None => fs::remove_file(path).expect("a file that is there"),
                Some(bytes) if bytes != sound => fs::write(path, bytes).expect("a file"),
                Some(_) => {}
            }
        }
    }

    /// The folder is sound again.
    fn restore(&self, harmed: &BTreeMap<String, Vec<u8>>) {
        let folder = self.folder.path();
        let is_changed = |name: &str| harmed.get(name) != self.files.get(name);
        let entries = fs::read_dir(folder).expect("the folder");
        for entry in entries.flatten() {
            let name = entry.file_name();
            if !name.to_str().is_some_and(|name| self.files.contains_key(name)) {
                fs::remove_file(entry.path()).expect("a file that is there");
            }
        }
        for (name, sound) in &self.files {
            let path = folder.join(name);
            // Opening may have cut or continued any of them.
            if is_changed(name)
                || fs::metadata(&path).map_or(true, |at| at.len() != length(sound))
                || name == MARK
            {
                fs::write(path, sound).expect("a file");
            }
        }
    }
}

fn told(error: &str) -> bool {
    assert!(!error.is_empty());
    false
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Facts, nothing, noise, and images of records: whoever looks for the next record by its magic finds those too.
fn payload(sequence: u64, folder: &Path) -> Vec<u8> {
    match sequence % 5 {
        0 => fs::read(folder.join("00000000000000000001.log"))
            .map(|bytes| bytes[..200].to_vec())
            .unwrap_or_default(),
        1 => format!(r#"[{{"at":{sequence},"event":"key_used"}}]"#).into_bytes(),
        2 => Vec::new(),
        3 => (0..=u8::MAX).map(|byte| byte.wrapping_mul(91)).take(130).collect(),
        _ => vec![b'x'; 60],
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder").flatten();
    let named = entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())));
    named.map(|(name, path)| (name, fs::read(path).unwrap_or_default())).collect()
}
