//! The file of access in force: read at the start, and again when it changes. One that is at fault changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::directory::Directory;
use super::file::{self, Error};
use crate::server::settled::Settled;

/// Who is known now.
#[derive(Debug)]
pub struct Guard {
    path: PathBuf,
    known: ArcSwap<Directory>,
}

/// What the file had when it was last looked at: its bytes, or why it cannot be read.
#[derive(Debug)]
pub struct Seen(Settled<Result<Vec<u8>, String>>);

impl Guard {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or is at fault.
    pub fn open(path: &Path) -> Result<(Self, Seen), Error> {
        let bytes = file::read(path)?;
        let known = ArcSwap::from_pointee(file::parse(path, &bytes)?);
        Ok((Guard { path: path.to_owned(), known }, Seen(Settled::new(Ok(bytes)))))
    }

    /// Who is known now.
    #[must_use]
    pub fn known(&self) -> arc_swap::Guard<Arc<Directory>> {
        self.known.load()
    }

    /// Reads the file again, and tells the log when that changes anything. Where it does: whether the file is at fault now. Reads from the disk.
    pub fn look(&self, seen: &mut Seen) -> Option<bool> {
        let news = seen.0.look(file::read(&self.path).map_err(|error| error.to_string()))?;
        let directory = news.as_ref().map_err(Clone::clone).and_then(|bytes| {
            let directory = file::parse(&self.path, bytes).map_err(|error| error.to_string())?;
            // Who wanted that would take the file away and start anew; a tool that writes it anew begins with nothing.
            if directory.is_empty() { Err("nobody is named in it".to_owned()) } else { Ok(directory) }
        });
        match directory {
            Ok(directory) => {
                tracing::info!(credentials = directory.len(), "the file of access has changed");
                self.known.store(Arc::new(directory));
                Some(false)
            }
            Err(error) => {
                tracing::error!(error, "the file of access is at fault; what it said before stays in force");
                Some(true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_half_written_or_empty_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("access.toml");
        let entry = |name: &str| {
            format!("[[caller]]\nname = \"{name}\"\nroles = [\"till\"]\ncertificates = [\"dns:{name}\"]\n")
        };
        let both = entry("a") + &entry("b");
        fs::write(&path, &both).unwrap();
        let (guard, mut seen) = Guard::open(&path).unwrap();
        // A first half that reads well, and is the whole a moment later.
        fs::write(&path, entry("a")).unwrap();
        assert_eq!(guard.look(&mut seen), None);
        let mut look = |text: Option<&str>| {
            match text {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            [guard.look(&mut seen), guard.look(&mut seen), guard.look(&mut seen)]
        };
        assert_eq!(look(Some(&both)), [None, None, None]);
        for fault in [Some(""), Some("[open]\nchannels = [\"web\"]\n"), Some("[[caller]]\n"), None] {
            assert_eq!(look(fault), [None, Some(true), None], "{fault:?}");
            assert_eq!(guard.known().len(), 2, "{fault:?}");
        }
        assert_eq!(look(Some(&entry("c"))), [None, Some(false), None]);
        assert_eq!(guard.known().len(), 1);
    }
}
