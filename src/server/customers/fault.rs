//! Why a folder of profiles does not work: damage, which the CRM can heal, or a disk, which it cannot.

use std::io;

/// Why a folder of profiles does not work.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its files are not what they were.
    Damaged(&'static str),
    /// The disk, or the system, said no.
    Failed(io::Error),
}

impl Fault {
    /// For the log.
    pub(super) fn say(&self) -> String {
        match self {
            Fault::Damaged(what) => (*what).to_owned(),
            Fault::Failed(error) => error.to_string(),
        }
    }

    /// As what the disk says.
    pub(super) fn into_io(self) -> io::Error {
        match self {
            Fault::Damaged(what) => io::Error::other(what),
            Fault::Failed(error) => error,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
                Fault::Damaged("a file ends too soon")
            }
            _ => Fault::Failed(error),
        }
    }
}

impl From<sled::Error> for Fault {
    // The texts of sled could hold what it found: they are not repeated.
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => error.into(),
            sled::Error::Corruption { .. } => Fault::Damaged("a page cannot be read"),
            sled::Error::Unsupported(_) => Fault::Damaged("its configuration makes no sense"),
            sled::Error::ReportableBug(_) | sled::Error::CollectionNotFound(_) => {
                Fault::Damaged("its trees make no sense")
            }
        }
    }
}
