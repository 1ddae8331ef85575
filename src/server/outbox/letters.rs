//! The dead-letter list on disk: a JSON object a line, oldest first, without phones and passwords.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::{Error, disk};
use super::message::Undelivered;
use crate::server::folders;

/// Entries that are kept: two weeks of one every two minutes.
pub(super) const LETTERS_MAX: usize = 10_000;

const FILE: &str = "undelivered.jsonl";

/// The file; without a folder none.
#[derive(Debug)]
pub(super) struct LetterFile {
    path: Option<PathBuf>,
    // Whether an append failed: its part of a line must not spoil the next one.
    is_torn: bool,
}

impl LetterFile {
    /// The file in `folder`, and the last [`LETTERS_MAX`] of its entries, oldest first. Lines that are none are left out.
    pub(super) fn open(folder: Option<&Path>) -> Result<(Self, VecDeque<Undelivered>), Error> {
        let Some(folder) = folder else {
            return Ok((LetterFile { path: None, is_torn: false }, VecDeque::new()));
        };
        let path = folder.join(FILE);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(disk("read", &path))?,
        };
        let letters = last_of(&bytes);
        if render(&letters) != bytes {
            rewrite(folder, &path, &letters).map_err(disk("write", &path))?;
        }
        Ok((LetterFile { path: Some(path), is_torn: false }, letters))
    }

    /// Puts one more entry on disk.
    pub(super) fn append(&mut self, letter: &Undelivered) -> Result<(), Error> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut bytes = if self.is_torn { b"\n".to_vec() } else { Vec::new() };
        bytes.extend(line(letter));
        let done = append(path, &bytes);
        self.is_torn = done.is_err();
        done.map_err(disk("write to", path))
    }
}

fn last_of(bytes: &[u8]) -> VecDeque<Undelivered> {
    let newest_first = bytes.split(|&byte| byte == b'\n').rev();
    let newest_first = newest_first.filter_map(|line| serde_json::from_slice(line).ok()).take(LETTERS_MAX);
    newest_first.fold(VecDeque::new(), |mut letters, letter| {
        letters.push_front(letter);
        letters
    })
}

fn line(letter: &Undelivered) -> Vec<u8> {
    // Strings and numbers: nothing can fail.
    let mut line = serde_json::to_vec(letter).unwrap_or_default();
    line.push(b'\n');
    line
}

fn render(letters: &VecDeque<Undelivered>) -> Vec<u8> {
    letters.iter().flat_map(line).collect()
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    match path.parent() {
        Some(folder) if is_new => folders::sync(folder),
        _ => Ok(()),
    }
}

fn rewrite(folder: &Path, path: &Path, letters: &VecDeque<Undelivered>) -> io::Result<()> {
    let mut beside = tempfile::Builder::new().prefix(".pricewright-").tempfile_in(folder)?;
    beside.write_all(&render(letters))?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|failed| failed.error)?;
    folders::sync(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::RequestId;
    use crate::time::Instant;

    fn letter(number: u64) -> Undelivered {
        let mut id = [7; 16];
        id[8..].copy_from_slice(&number.to_be_bytes());
        let at = Instant::from_unix(1_795_773_600).unwrap();
        let (certificate, why) = ("7K2M".to_owned(), "no answer in time".to_owned());
        Undelivered {
            id: RequestId::from_bytes(id),
            certificate,
            created_at: at,
            ended_at: at,
            tries: 13,
            why,
        }
    }

    #[test]
    fn entries_are_read_again_whatever_stands_between_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let (mut file, letters) = LetterFile::open(Some(folder.path())).unwrap();
        assert!(letters.is_empty() && !path.exists());
        file.append(&letter(1)).unwrap();
        let whole = fs::read(&path).unwrap();
        // A part of a line, as of a disk that was full, and then a whole one.
        append(&path, &whole[..20]).unwrap();
        file.is_torn = true;
        file.append(&letter(2)).unwrap();
        append(&path, b"\xff\n\n{}\n{\"id\":").unwrap();
        let (mut file, letters) = LetterFile::open(Some(folder.path())).unwrap();
        assert_eq!(letters, [letter(1), letter(2)]);
        assert_eq!(fs::read(&path).unwrap(), render(&letters), "it was not made good");
        file.append(&letter(3)).unwrap();
        assert_eq!(LetterFile::open(Some(folder.path())).unwrap().1.len(), 3);
    }

    #[test]
    fn the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let more = 3;
        let all: VecDeque<_> = (0..u64::try_from(LETTERS_MAX).unwrap() + more).map(letter).collect();
        fs::write(&path, render(&all)).unwrap();
        let (_, letters) = LetterFile::open(Some(folder.path())).unwrap();
        assert_eq!((letters.len(), letters.front()), (LETTERS_MAX, Some(&letter(more))));
        assert_eq!(fs::read(&path).unwrap(), render(&letters));
    }
}
