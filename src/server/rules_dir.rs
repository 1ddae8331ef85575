//! The rules folder: what it holds at a moment, and a hint when it may have changed.
//!
//! This room reads and listens; what a reading puts in force it does not know.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::rulebook::text::folder::{Role, role};
use crate::rulebook::text::page::{CSV_BYTES_MAX, RULES_BYTES_MAX};
use crate::rulebook::{Source, is_rule_file};

/// Names met on the way, folders and links included: links may lead through one folder many times.
const ENTRIES_MAX: usize = 65_536;
/// Files of one folder: many times what the largest chain has, and still read in a moment.
pub const FILES_MAX: usize = 4_096;
/// Bytes of all files together: a catalogue of a hundred thousand goods has some ten million.
pub const FOLDER_BYTES_MAX: u64 = 128 << 20;
/// How deep folders may stand in folders; a circle of links ends here.
pub const DEPTH_MAX: usize = 16;

/// What the folder says beside its rules: this file in it makes the service take a folder that it holds.
pub const ACCEPT: &str = "_ACCEPT";
/// What the service writes into the folder.
pub const STATUS: &str = "_STATUS.txt";

/// The folder at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Its rule files and tables, by path.
    pub sources: Vec<Source>,
    /// Files that are there and cannot be read, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Whether the folder says that it is to be taken as it is.
    pub accept: bool,
}

/// Why there is no reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The folder is not there, or not to be looked into.
    #[error("the folder cannot be read: {0}")]
    Unreadable(String),
    /// Too much to be a rules folder.
    #[error("the folder holds more than {FILES_MAX} rule files")]
    TooManyFiles,
    /// Too much to be a rules folder.
    #[error("the files of the folder hold more than {FOLDER_BYTES_MAX} bytes together")]
    TooManyBytes,
}

/// Reads the folder.
///
/// Links are followed: Kubernetes swaps a whole folder by one. Names that begin with `.` are left out, so a file
/// behind `..data` is met by the link that people see. A file that goes while it is read counts as unreadable: the
/// next reading differs, so nobody takes this one up.
///
/// # Errors
/// It cannot be read, or it is too large.
pub fn read(root: &Path) -> Result<Reading, Error> {
    let mut listing = Listing::default();
    listing.list(root, "")?;
    let mut reading =
        Reading { accept: root.join(ACCEPT).exists(), unreadable: listing.unreadable, sources: Vec::new() };
    let mut left = FOLDER_BYTES_MAX;
    for path in listing.paths {
        match read_file(&root.join(&path), bytes_to_read(&path)) {
            Ok(bytes) => {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                left = left.checked_sub(length).ok_or(Error::TooManyBytes)?;
                reading.sources.push(Source { path, bytes });
            }
            Err(error) => reading.unreadable.push((path, error.kind().to_string())),
        }
    }
    reading.unreadable.sort();
    Ok(reading)
}

#[derive(Default)]
struct Listing {
    paths: BTreeSet<String>,
    unreadable: Vec<(String, String)>,
    // Everything met so far, folders too: links may lead through one folder many times.
    met: usize,
    // The folders around the one at hand, as they are without links: a link back to one of them is a circle.
    around: Vec<PathBuf>,
}

impl Listing {
    fn list(&mut self, folder: &Path, below: &str) -> Result<(), Error> {
        let told = |error: io::Error| match below {
            "" => Error::Unreadable(error.kind().to_string()),
            below => Error::Unreadable(format!("`{below}`: {}", error.kind())),
        };
        let real = fs::canonicalize(folder).map_err(told)?;
        if self.around.contains(&real) || self.around.len() >= DEPTH_MAX {
            return Ok(());
        }
        self.around.push(real);
        for entry in fs::read_dir(folder).map_err(told)? {
            // A name that is not text is nobody's rule file: no one could speak of it. Nor is anything below `.git`.
            if let Ok(name) = entry.map_err(told)?.file_name().into_string()
                && !name.starts_with(['.', '_', '~'])
            {
                let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
                self.meet(&folder.join(name), path)?;
            }
        }
        self.around.pop();
        Ok(())
    }

    fn meet(&mut self, place: &Path, path: String) -> Result<(), Error> {
        self.met += 1;
        if self.met > ENTRIES_MAX {
            return Err(Error::TooManyFiles);
        }
        match fs::metadata(place) {
            Ok(found) if found.is_dir() => self.list(place, &path)?,
            Ok(found) if found.is_file() && is_source(&path) => {
                self.paths.insert(path);
            }
            Err(error) if is_source(&path) => self.unreadable.push((path, error.kind().to_string())),
            _ => {}
        }
        let most = self.paths.len() <= FILES_MAX && self.unreadable.len() <= FILES_MAX;
        most.then_some(()).ok_or(Error::TooManyFiles)
    }
}

fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file of the folder is a source of its rulebook: a rule file, or a table that one may name.
fn is_source(path: &str) -> bool {
    is_rule_file(path) || role(path) == Role::Table
}

/// One byte more than a file of its kind may have is enough to refuse it.
fn bytes_to_read(path: &str) -> u64 {
    let most = if role(path) == Role::Table { CSV_BYTES_MAX } else { RULES_BYTES_MAX };
    u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1)
}

/// Listens to file events below a folder and sends a hint for each that may have changed a rule file. It only makes
/// the next look sooner: a network share sends no events, so nothing may depend on them.
#[derive(Debug)]
pub struct Events {
    // Dropping it ends the listening.
    _watcher: RecommendedWatcher,
    listens_to: PathBuf,
}

impl Events {
    /// Listens to `root`; `None` where the system cannot.
    #[must_use]
    pub fn listen<T: Send + 'static>(root: &Path, hints: Sender<T>, hint: fn() -> T) -> Option<Self> {
        let listens_to = fs::canonicalize(root).ok()?;
        let send = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| may_matter(&event)) {
                let _ = hints.send(hint());
            }
        };
        let mut watcher = notify::recommended_watcher(send).ok()?;
        watcher.watch(&listens_to, RecursiveMode::Recursive).ok()?;
        Some(Events { _watcher: watcher, listens_to })
    }

    /// Whether `root` still is the folder that is listened to: not another one behind the same link.
    #[must_use]
    pub fn still_listen_to(&self, root: &Path) -> bool {
        fs::canonicalize(root).is_ok_and(|path| path == self.listens_to)
    }
}

/// Our own reading and our own status file are no news.
fn may_matter(event: &Event) -> bool {
    let opened =
        matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name == STATUS || name.starts_with(".pricewright-")
    };
    !opened && !event.paths.iter().all(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(reading: &Reading) -> Vec<&str> {
        reading.sources.iter().map(|source| source.path.as_str()).collect()
    }

    #[test]
    fn rule_files_and_tables_are_read_and_leftovers_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        let good = ["a.yaml", "b.yml", "c.json", "deep/er/d.YAML", "list.csv", "settings.yaml"];
        let left_out =
            [".a.yaml", "_b.yaml", "~c.yaml", "a.yaml~", "a.yaml.swp", "4913", "x.test.yaml", ".git/a.yaml"];
        good.iter().chain(&left_out).for_each(|name| put(name));
        assert_eq!(names(&read(folder.path()).unwrap()), good);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_circles_end() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("..2026_1")).unwrap();
        fs::write(root.join("..2026_1/x.yaml"), "x").unwrap();
        symlink("..2026_1", root.join("..data")).unwrap();
        symlink("..data/x.yaml", root.join("x.yaml")).unwrap();
        assert_eq!(names(&read(root).unwrap()), ["x.yaml"]);
        fs::create_dir(root.join("sub")).unwrap();
        symlink("..", root.join("sub/up")).unwrap();
        assert_eq!(names(&read(root).unwrap()), ["x.yaml"]);
        // A link that leads nowhere is one file that cannot be read, not the end of the folder.
        fs::remove_file(root.join("..data")).unwrap();
        let reading = read(root).unwrap();
        assert_eq!((reading.sources.len(), reading.unreadable.len()), (0, 1));
    }

    #[test]
    fn a_folder_that_is_not_there_is_unreadable() {
        assert!(matches!(read(Path::new("/nowhere/at/all")), Err(Error::Unreadable(_))));
    }
}
