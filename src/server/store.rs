//! The good versions of the rule files, kept in the data folder: every rulebook that was ever live, file by file.
//!
//! `rules/files/<sha256>` holds the bytes of a file once, however many rulebooks have it; `rules/books/<digest>.json`
//! lists the files of a rulebook; `rules/live.jsonl` has a line each time one became live. A file is written beside its
//! place, synced and renamed, so what has a name is whole; what is damaged all the same is reported and passed over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::folders;
use crate::rulebook::{Digest, Source};

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no.
    #[error("cannot {action} `{path}`: {error}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file of the store is not what it was.
    #[error("`{path}` is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In which way.
        what: String,
    },
}

impl Error {
    /// Whether what was asked for is gone or spoilt, so that asking again does not help.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match self {
            Error::Damaged { .. } => true,
            Error::Disk { error, .. } => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

/// The good versions on disk.
#[derive(Debug)]
pub struct Store {
    files: PathBuf,
    books: PathBuf,
    journal: PathBuf,
}

/// A rulebook as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its sources.
    pub sources: Vec<Source>,
    /// Since when it is live.
    pub live_at: Timestamp,
}

/// What was found at start.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The rulebook that was live last; the newest that is whole.
    pub last: Option<Kept>,
    /// What is damaged.
    pub damage: Vec<Error>,
}

#[derive(Serialize, Deserialize)]
struct Book {
    files: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    path: String,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct BecameLive {
    // RFC 3339.
    at: String,
    digest: String,
}

impl Store {
    /// The store below `data`, made when it is not there.
    ///
    /// # Errors
    /// The folders cannot be made or written to.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let root = data.join("rules");
        let (files, books) = (root.join("files"), root.join("books"));
        for folder in [&files, &books] {
            folders::make(folder).map_err(|error| disk("make the folder", folder, error))?;
        }
        let journal = root.join("live.jsonl");
        end_last_line(&journal).map_err(|error| disk("write to", &journal, error))?;
        folders::sync(&root).map_err(|error| disk("sync the folder", &root, error))?;
        Ok(Store { files, books, journal })
    }

    /// The rulebook that was live last.
    #[must_use]
    pub fn recover(&self) -> Recovered {
        let mut found = Recovered::default();
        let lines = match fs::read(&self.journal) {
            Ok(bytes) => bytes,
            Err(error) => {
                found.damage.push(disk("read", &self.journal, error));
                return found;
            }
        };
        let mut tried = Vec::new();
        // From the end: the newest rulebook that is whole wins, and a torn last line costs one step back.
        for line in lines.split(|&byte| byte == b'\n').rev().filter(|line| !line.is_empty()) {
            let Some((digest, live_at)) = became_live(line) else {
                let what = "a line of it cannot be read".to_owned();
                found.damage.push(Error::Damaged { path: self.journal.clone(), what });
                continue;
            };
            if tried.contains(&digest) {
                continue;
            }
            match self.load(&digest) {
                Ok(sources) => {
                    found.last = Some(Kept { sources, live_at });
                    return found;
                }
                Err(error) => found.damage.push(error),
            }
            tried.push(digest);
        }
        found
    }

    /// Keeps `sources` and notes that the rulebook they make is live since `live_at`.
    ///
    /// # Errors
    /// The disk is full, read-only or broken.
    pub fn keep(&self, sources: &[Source], live_at: Timestamp) -> Result<(), Error> {
        let mut entries = Vec::with_capacity(sources.len());
        for source in sources {
            let sha256 = sha256(&source.bytes);
            let place = self.files.join(&sha256);
            if !holds(&place, &source.bytes) {
                write_durably(&place, &source.bytes).map_err(|error| disk("write", &place, error))?;
            }
            entries.push(Entry { path: source.path.clone(), sha256 });
        }
        let digest = Digest::of(sources).to_string();
        let place = self.books.join(format!("{digest}.json"));
        // Written again even when it is there: a damaged one heals, and nothing but a crash reads it.
        let book = json(&Book { files: entries }).map_err(|error| disk("write", &place, error))?;
        write_durably(&place, &book).map_err(|error| disk("write", &place, error))?;
        self.note(&BecameLive { at: live_at.to_string(), digest })
            .map_err(|error| disk("write to", &self.journal, error))
    }

    /// The sources of the rulebook with this digest.
    ///
    /// # Errors
    /// It is not there, or not whole.
    pub fn load(&self, digest: &str) -> Result<Vec<Source>, Error> {
        let damaged =
            |path: &Path, what: &str| Error::Damaged { path: path.to_owned(), what: what.to_owned() };
        // The digest comes from a file: it must not lead out of the folder.
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(damaged(&self.journal, "a digest in it is none"));
        }
        let place = self.books.join(format!("{digest}.json"));
        let bytes = fs::read(&place).map_err(|error| disk("read", &place, error))?;
        let book: Book =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&place, &error.to_string()))?;
        let mut sources = Vec::with_capacity(book.files.len());
        for entry in book.files {
            let file = self.files.join(&entry.sha256);
            if entry.sha256.len() != 64 || !entry.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(damaged(&place, "a digest in it is none"));
            }
            let bytes = fs::read(&file).map_err(|error| disk("read", &file, error))?;
            if sha256(&bytes) != entry.sha256 {
                return Err(damaged(&file, "its bytes are not those of its name"));
            }
            sources.push(Source { path: entry.path, bytes });
        }
        if Digest::of(&sources).to_string() == digest {
            Ok(sources)
        } else {
            Err(damaged(&place, "its files do not make its digest"))
        }
    }

    /// Every rulebook that became live, in order: its digest, and when. Lines that cannot be read are passed over.
    ///
    /// # Errors
    /// The disk says no.
    pub fn history(&self) -> Result<Vec<(String, Timestamp)>, Error> {
        let lines = fs::read(&self.journal).map_err(|error| disk("read", &self.journal, error))?;
        Ok(lines.split(|&byte| byte == b'\n').filter_map(became_live).collect())
    }

    fn note(&self, entry: &BecameLive) -> io::Result<()> {
        let mut line = json(entry)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.journal)?;
        file.write_all(&line)?;
        file.sync_data()
    }
}

/// Writes `bytes` beside `place`, syncs, renames, and syncs the folder: a crash leaves the old file or the new one.
///
/// # Errors
/// What the disk says.
pub fn write_durably(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = place.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(".pricewright-").tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    set_mode(beside.as_file())?;
    beside.persist(place).map_err(|error| error.error)?;
    folders::sync(folder)
}

/// A temporary file is for its owner alone; what replaces a file that others read must not be.
#[cfg(unix)]
fn set_mode(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_mode(_file: &File) -> io::Result<()> {
    Ok(())
}

/// A crash in the middle of a line must not swallow the next one.
fn end_last_line(journal: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(journal)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if bytes.last().is_some_and(|&byte| byte != b'\n') {
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// Whether the file is there with these bytes. It is read, so that a damaged one is written anew.
fn holds(place: &Path, bytes: &[u8]) -> bool {
    fs::read(place).is_ok_and(|found| found == bytes)
}

fn became_live(line: &[u8]) -> Option<(String, Timestamp)> {
    let entry: BecameLive = serde_json::from_slice(line).ok()?;
    Some((entry.digest, entry.at.parse().ok()?))
}

fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(io::Error::other)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn disk(action: &'static str, path: &Path, error: io::Error) -> Error {
    Error::Disk { action, path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(text: &str) -> Vec<Source> {
        let source = |path: &str, bytes: &str| Source { path: path.to_owned(), bytes: bytes.into() };
        vec![source("a.yaml", "promotions: []"), source("sub/b.yaml", text)]
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_was_live_last_comes_back_and_equal_files_are_kept_once() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        assert!(store.recover().last.is_none());
        for second in 0..10 {
            store.keep(&book(&second.to_string()), at(second)).unwrap();
        }
        let found = Store::open(data.path()).unwrap().recover();
        assert_eq!(found.last, Some(Kept { sources: book("9"), live_at: at(9) }));
        assert!(found.damage.is_empty());
        assert_eq!(fs::read_dir(data.path().join("rules/files")).unwrap().count(), 11);
        let first = Digest::of(&book("0")).to_string();
        assert_eq!(store.load(&first).unwrap(), book("0"));
    }

    #[test]
    fn damage_costs_a_step_back_and_is_told() {
        type Harm = fn(&Path, &str);
        let cases: [(&str, Harm); 5] = [
            ("a torn last line", |root, _| {
                let mut file = OpenOptions::new().append(true).open(root.join("live.jsonl")).unwrap();
                file.write_all(b"{\"at\":\"2026-").unwrap();
            }),
            ("a changed file", |root, _| fs::write(root.join("files").join(sha256(b"2")), "3").unwrap()),
            ("a missing file", |root, _| fs::remove_file(root.join("files").join(sha256(b"2"))).unwrap()),
            ("an empty book", |root, digest| {
                fs::write(root.join("books").join(format!("{digest}.json")), "").unwrap();
            }),
            ("a digest that leads away", |root, _| {
                let line = "{\"at\":\"2026-01-01T00:00:00Z\",\"digest\":\"../../x\"}\n";
                let mut file = OpenOptions::new().append(true).open(root.join("live.jsonl")).unwrap();
                file.write_all(line.as_bytes()).unwrap();
            }),
        ];
        for (what, harm) in cases {
            let data = tempfile::tempdir().unwrap();
            let store = Store::open(data.path()).unwrap();
            store.keep(&book("1"), at(1)).unwrap();
            store.keep(&book("2"), at(2)).unwrap();
            harm(&data.path().join("rules"), &Digest::of(&book("2")).to_string());
            let store = Store::open(data.path()).unwrap();
            let found = store.recover();
            let last = found.last.unwrap_or_else(|| panic!("{what}: nothing came back"));
            assert!(last.sources == book("1") || last.sources == book("2"), "{what}");
            assert_eq!(found.damage.len(), 1, "{what}");
            // And the next rulebook is kept as if nothing had happened.
            store.keep(&book("2"), at(3)).unwrap();
            assert_eq!(store.recover().last.unwrap().live_at, at(3), "{what}");
        }
    }
}
