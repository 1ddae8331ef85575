//! The file of publications: a line of JSON each, only ever added to.
//!
//! A publication's number is the place of its line. Lines of services before publications were told by whom have a time and a digest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::history::{Changed, Note, Origin, Publication, Request};

#[derive(Serialize, Deserialize)]
struct Line {
    // RFC 3339.
    at: String,
    digest: String,
    #[serde(default, skip_serializing_if = "is_folder")]
    origin: Origin,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    by: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restored: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Changed>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_folder(origin: &Origin) -> bool {
    *origin == Origin::Folder
}

/// Every line from the first to the last with its number; nothing for one that cannot be read.
pub(super) fn read(place: &Path) -> io::Result<Vec<(u64, Option<Publication>)>> {
    let bytes = fs::read(place)?;
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    Ok((1..).zip(lines).map(|(number, line)| (number, publication(number, line))).collect())
}

/// One publication, out of what is said of it.
pub(super) fn publication(number: u64, line: &[u8]) -> Option<Publication> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let at: Timestamp = line.at.parse().ok()?;
    let Line { digest, origin, by, comment, request, restored, changed, .. } = line;
    Some(Publication { number, digest, note: Note { at, origin, by, comment, request, restored, changed } })
}

/// What is said of a publication.
pub(super) fn text(digest: &str, note: &Note) -> Result<String, serde_json::Error> {
    let note = note.clone();
    let line = Line {
        at: note.at.to_string(),
        digest: digest.to_owned(),
        origin: note.origin,
        by: note.by,
        comment: note.comment,
        request: note.request,
        restored: note.restored,
        changed: note.changed,
    };
    serde_json::to_string(&line)
}

/// Adds a line, whole or not at all as far as the disk lets us: a line that was answered with an error must not come back.
pub(super) fn add(place: &Path, digest: &str, note: &Note) -> io::Result<()> {
    let mut line = text(digest, note).map_err(io::Error::other)?.into_bytes();
    line.push(b'\n');
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(place)?;
    end_last_line(&mut file)?;
    let before = file.metadata()?.len();
    let done = file.write_all(&line).and_then(|()| file.sync_data());
    if done.is_err() {
        let _ = file.set_len(before);
    }
    done
}

/// Makes the file when it is not there, and ends a line that a crash has torn.
pub(super) fn open(place: &Path) -> io::Result<()> {
    end_last_line(&mut OpenOptions::new().create(true).read(true).append(true).open(place)?)
}

/// A crash in the middle of a line must not swallow the next one.
fn end_last_line(file: &mut File) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}
