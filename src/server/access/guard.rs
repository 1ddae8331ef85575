//! The file of access in force: read at the start, and again when it changes. One that is at fault changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::directory::Directory;
use super::file::{self, Error};

/// Who is known now.
#[derive(Debug)]
pub struct Guard {
    path: PathBuf,
    known: ArcSwap<Directory>,
}

/// What the file had when it was last looked at.
#[derive(Debug, Default)]
pub struct Seen(Vec<u8>);

impl Guard {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or is at fault.
    pub fn open(path: &Path) -> Result<(Self, Seen), Error> {
        let bytes = file::read(path)?;
        let known = ArcSwap::from_pointee(file::parse(path, &bytes)?);
        Ok((Guard { path: path.to_owned(), known }, Seen(bytes)))
    }

    /// Who is known now.
    #[must_use]
    pub fn known(&self) -> Arc<Directory> {
        self.known.load_full()
    }

    /// Reads the file again, and tells the log when that changes anything. Reads from the disk.
    pub fn look(&self, seen: &mut Seen) {
        let told = |error: &Error| {
            tracing::error!(%error, "the file of access is at fault; what it said before stays in force");
        };
        match file::read(&self.path) {
            Ok(bytes) if bytes == seen.0 => {}
            Ok(bytes) => {
                match file::parse(&self.path, &bytes) {
                    Ok(directory) => {
                        tracing::info!(credentials = directory.len(), "the file of access has changed");
                        self.known.store(Arc::new(directory));
                    }
                    Err(error) => told(&error),
                }
                seen.0 = bytes;
            }
            // An editor may put it there again in a moment; said once.
            Err(error) if !seen.0.is_empty() => {
                told(&error);
                seen.0.clear();
            }
            Err(_) => {}
        }
    }
}
