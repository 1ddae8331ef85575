//! What can go wrong with a journal. Messages name files and numbers of records, never a byte of a payload.

use std::io;
use std::path::{Path, PathBuf};

/// Why the journal does not go on.
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
    /// A file of the journal is not what was written. Nothing was changed.
    #[error(
        "`{file}` is damaged at record {sequence} (byte {offset}): {what}; nothing was changed: restore a backup with \
         `pricewright ledger restore`, see what is whole with `pricewright ledger verify`"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The number of the record that should stand there.
        sequence: u64,
        /// Where, in bytes from the start of the file.
        offset: u64,
        /// In which way.
        what: Damage,
    },
    /// A newer program wrote the file.
    #[error("`{file}` is written in version {version} of the format, which this program does not read")]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: u32,
    },
    /// Another process, or another [`Journal`](super::Journal) of this one, has the folder.
    #[error("the journal in `{folder}` is in use by another process")]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A file that no journal writes.
    #[error("`{file}` does not belong to the journal: move it to another folder")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// A copy that was begun and did not come to its end.
    #[error(
        "the journal in `{folder}` is not whole: making it was interrupted; empty the folder, and make it again"
    )]
    Unfinished {
        /// The folder.
        folder: PathBuf,
    },
    /// A journal where none may be.
    #[error("there is a journal in `{folder}` already")]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// A batch above [`PAYLOAD_BYTES_MAX`](super::PAYLOAD_BYTES_MAX). Nothing of it was written.
    #[error("a batch of {bytes} bytes is more than a record of the journal takes")]
    TooLarge {
        /// Its length.
        bytes: u64,
    },
    /// An earlier call failed: what is on disk is known again only after the journal is opened anew.
    #[error("the journal takes nothing more after an error: open it again")]
    Poisoned,
}

/// In which way a file is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The header of a segment that has records, or that is not the last.
    #[error("the header of the segment is not whole")]
    SegmentHeader,
    /// A file under another segment's name.
    #[error("the header of the segment is that of another file")]
    SegmentName,
    /// Segments out of order, one missing, or one whose end is gone.
    #[error("it does not continue the segment before it, which is missing or has another length or end")]
    SegmentBefore,
    /// A bad record with a later one behind it.
    #[error("the record is not whole, and more was written behind it")]
    Inside,
    /// A bad record at the end that is no torn tail, for its fact was acknowledged.
    #[error("the record is not whole, and the records up to {promised} were acknowledged")]
    Acknowledged {
        /// The highest number of the marks.
        promised: u64,
    },
    /// Records are missing at the end.
    #[error("the journal ends here, and the records up to {promised} were acknowledged")]
    Short {
        /// The highest number of the marks.
        promised: u64,
    },
    /// A whole record with another number.
    #[error("record {found} stands in its place")]
    Sequence {
        /// That number.
        found: u64,
    },
    /// A whole record that was not written behind the one before it.
    #[error("the record does not continue the chain of hashes")]
    Chain,
    /// The record that a position names is not there, or not whole.
    #[error("the record is not whole")]
    Record,
    /// The mark was written beside other records.
    #[error("the high-water mark has another chain of hashes: it belongs to another history")]
    MarkChain,
    /// No mark of any place says where the journal ends.
    #[error(
        "the high-water mark cannot be read and the index knows no record, so nothing shows that the end is whole"
    )]
    MarkLost,
}

/// An [`Error::Disk`] for `map_err`.
pub(super) fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Disk { action, path, error }
}
