//! The good versions of the rule files, kept in the data folder: every rulebook that was ever live, file by file.
//!
//! `rules/files/<sha256>` holds the bytes of a file once, however many rulebooks have it; `rules/books/<digest>.json`
//! lists the files of a rulebook; `rules/live.jsonl` has a line each time one became live. A file is written beside its
//! place, synced and renamed, so what has a name is whole; what is damaged all the same is reported and passed over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::durable::write_durably;
use super::history::{Error, History, Kept, Named, Note, Publication, Recovered};
use super::lines;
use crate::rulebook::{Digest, Source};
use crate::server::folders;

/// The good versions on disk.
#[derive(Debug)]
pub struct OnDisk {
    files: PathBuf,
    books: PathBuf,
    lines: PathBuf,
    // Numbers are given one at a time.
    writes: Mutex<()>,
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

impl OnDisk {
    /// The store below `data`, made when it is not there.
    ///
    /// # Errors
    /// The folders cannot be made or written to.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let store = OnDisk::at(data);
        for folder in [&store.files, &store.books] {
            folders::make(folder).map_err(|error| disk("make the folder", folder, error))?;
        }
        lines::open(&store.lines).map_err(|error| disk("write to", &store.lines, error))?;
        let root = data.join("rules");
        folders::sync(&root).map_err(|error| disk("sync the folder", &root, error))?;
        Ok(store)
    }

    /// The store below `data` for whoever only looks: nothing is made or written. A service may run on it.
    ///
    /// # Errors
    /// There is none.
    pub fn look(data: &Path) -> Result<Self, Error> {
        let store = OnDisk::at(data);
        fs::metadata(&store.lines).map_err(|error| disk("read", &store.lines, error))?;
        Ok(store)
    }

    fn at(data: &Path) -> Self {
        let root = data.join("rules");
        OnDisk {
            files: root.join("files"),
            books: root.join("books"),
            lines: root.join("live.jsonl"),
            writes: Mutex::default(),
        }
    }

    fn all(&self) -> Result<Vec<(u64, Option<Publication>)>, Error> {
        lines::read(&self.lines).map_err(|error| disk("read", &self.lines, error))
    }

    fn last_where(&self, is_it: impl Fn(&Publication) -> bool) -> Result<Option<Publication>, Error> {
        Ok(self.all()?.into_iter().rev().filter_map(|(_, found)| found).find(is_it))
    }

    fn keep(&self, sources: &[Source]) -> Result<String, Error> {
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
        let book = serde_json::to_vec(&Book { files: entries }).map_err(io::Error::other);
        book.and_then(|book| write_durably(&place, &book)).map_err(|error| disk("write", &place, error))?;
        Ok(digest)
    }
}

impl History for OnDisk {
    fn publish(&self, sources: &[Source], note: &Note, after: u64) -> Result<Publication, Error> {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all()?;
        let newest = all.iter().rev().find_map(|(number, found)| found.is_some().then_some(*number));
        if newest.is_some_and(|newest| newest > after) {
            return Err(Error::Moved);
        }
        let number = all.last().map_or(1, |(number, _)| number.saturating_add(1));
        let digest = self.keep(sources)?;
        lines::add(&self.lines, &digest, note).map_err(|error| disk("write to", &self.lines, error))?;
        Ok(Publication { number, digest, note: note.clone() })
    }

    fn recover(&self) -> Recovered {
        let mut found = Recovered::default();
        let all = match self.all() {
            Ok(all) => all,
            Err(error) => {
                found.damage.push(error);
                return found;
            }
        };
        let mut tried = Vec::new();
        // From the end: the newest rulebook that is whole wins, and a torn last line costs one step back.
        let mut lines = all.into_iter().rev();
        while let Some((number, publication)) = lines.next() {
            let Some(publication) = publication else {
                let what = format!("line {number} of it cannot be read");
                found.damage.push(Error::Damaged { path: self.lines.clone(), what });
                continue;
            };
            if tried.contains(&publication.digest) {
                continue;
            }
            match self.load(&publication.digest) {
                Ok(sources) => {
                    let is_same = |one: &Publication| one.digest == publication.digest;
                    let before = lines.map_while(|(_, before)| before.filter(is_same));
                    let live_at = before.last().map_or(publication.note.at, |first| first.note.at);
                    found.last = Some(Kept { sources, publication, live_at });
                    return found;
                }
                Err(error) => found.damage.push(error),
            }
            tried.push(publication.digest);
        }
        found
    }

    fn newest(&self) -> Result<Option<Publication>, Error> {
        self.last_where(|_| true)
    }

    fn find(&self, named: &Named) -> Result<Option<Publication>, Error> {
        self.last_where(|publication| named.is(publication))
    }

    fn next(&self, number: u64) -> Result<Option<Publication>, Error> {
        let mut all = self.all()?.into_iter().filter_map(|(_, found)| found);
        Ok(all.find(|publication| publication.number > number))
    }

    fn answered(&self, request: &str) -> Result<Option<Publication>, Error> {
        self.last_where(|one| one.note.request.as_ref().is_some_and(|asked| asked.id == request))
    }

    fn page(&self, before: Option<u64>, most: usize) -> Result<Vec<Publication>, Error> {
        let all = self.all()?.into_iter().rev().filter_map(|(_, found)| found);
        let older = all.filter(|publication| before.is_none_or(|before| publication.number < before));
        Ok(older.take(most).collect())
    }

    fn load(&self, digest: &str) -> Result<Vec<Source>, Error> {
        let damaged =
            |path: &Path, what: &str| Error::Damaged { path: path.to_owned(), what: what.to_owned() };
        // The digest comes from a file: it must not lead out of the folder.
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(damaged(&self.lines, "a digest in it is none"));
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
}

/// Whether the file is there with these bytes. It is read, so that a damaged one is written anew.
fn holds(place: &Path, bytes: &[u8]) -> bool {
    fs::read(place).is_ok_and(|found| found == bytes)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn disk(action: &'static str, path: &Path, error: io::Error) -> Error {
    Error::Disk { action, path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use jiff::Timestamp;

    use super::*;
    use crate::server::store::{Changed, Origin, Request};

    fn book(text: &str) -> Vec<Source> {
        let source = |path: &str, bytes: &str| Source { path: path.to_owned(), bytes: bytes.into() };
        vec![source("a.yaml", "promotions: []"), source("sub/b.yaml", text)]
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Publishes what `text` makes at `second`, after all that there is.
    fn publish(store: &OnDisk, text: &str, second: i64) -> Publication {
        let after = store.newest().unwrap().map_or(0, |newest| newest.number);
        store.publish(&book(text), &Note::of_folder(at(second), None), after).unwrap()
    }

    #[test]
    fn what_was_live_last_comes_back_and_equal_files_are_kept_once() {
        let data = tempfile::tempdir().unwrap();
        let store = OnDisk::open(data.path()).unwrap();
        assert!(store.recover().last.is_none());
        for second in 0..10 {
            publish(&store, &second.to_string(), second);
        }
        let found = OnDisk::open(data.path()).unwrap().recover();
        let last = found.last.unwrap();
        assert_eq!((last.sources, last.live_at, last.publication.number), (book("9"), at(9), 10));
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
            let store = OnDisk::open(data.path()).unwrap();
            publish(&store, "1", 1);
            publish(&store, "2", 2);
            harm(&data.path().join("rules"), &Digest::of(&book("2")).to_string());
            let store = OnDisk::open(data.path()).unwrap();
            let found = store.recover();
            let last = found.last.unwrap_or_else(|| panic!("{what}: nothing came back"));
            assert!(last.sources == book("1") || last.sources == book("2"), "{what}");
            assert_eq!(found.damage.len(), 1, "{what}");
            // And the next rulebook is kept as if nothing had happened.
            publish(&store, "2", 3);
            assert_eq!(store.recover().last.unwrap().publication.note.at, at(3), "{what}");
        }
    }

    #[test]
    fn publications_are_numbered_noted_and_found_again() {
        let data = tempfile::tempdir().unwrap();
        assert!(OnDisk::look(data.path()).is_err());
        let store = OnDisk::open(data.path()).unwrap();
        // As services wrote it that knew of no calls.
        let old = publish(&store, "old", 1);
        let line = fs::read_to_string(data.path().join("rules/live.jsonl")).unwrap();
        assert_eq!(line, format!("{{\"at\":\"1970-01-01T00:00:01Z\",\"digest\":\"{}\"}}\n", old.digest));
        let note = Note {
            origin: Origin::Call,
            by: "Олена".to_owned(),
            comment: "Black Friday".to_owned(),
            request: Some(Request { id: "id".to_owned(), content: "content".to_owned() }),
            changed: Some(Changed { files: 1, promotions: 2 }),
            ..Note::of_folder(at(2), None)
        };
        let new = store.publish(&book("new"), &note, 1).unwrap();
        assert!(matches!(store.publish(&book("late"), &note, 1), Err(Error::Moved)));
        let again = store.publish(&book("new"), &Note::of_folder(at(3), None), 2).unwrap();
        assert_eq!([old.number, new.number, again.number], [1, 2, 3]);

        let store = OnDisk::look(data.path()).unwrap();
        let (old, new, again) = (Some(old), Some(new), Some(again));
        assert_eq!(store.answered("id").unwrap(), new);
        assert_eq!(store.answered("other").unwrap(), None);
        let version = new.as_ref().map(|new| new.version().to_owned()).unwrap();
        assert_eq!(store.find(&Named::Version(version)).unwrap(), again);
        assert_eq!(store.find(&Named::Number(1)).unwrap(), old);
        assert_eq!(store.next(1).unwrap(), new);
        assert_eq!(store.next(3).unwrap(), None);
        let numbers = |before, most| -> Vec<u64> {
            store.page(before, most).unwrap().iter().map(|one| one.number).collect()
        };
        assert_eq!(numbers(None, 2), [3, 2]);
        assert_eq!(numbers(Some(2), 2), [1]);
        // Published twice in a row, it is live since the first time.
        let last = store.recover().last.unwrap();
        assert_eq!((last.live_at, last.publication), (at(2), again.unwrap()));
    }
}
