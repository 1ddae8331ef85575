//! What a store of rulebooks is asked, and what it answers. Nothing here knows where they are kept.

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rulebook::Source;
use crate::server::database;

/// Digits of a version: the first of the digest.
const VERSION_DIGITS: usize = 12;
/// Digits of a digest.
const DIGEST_DIGITS: usize = 64;
/// A text of more digits is no number of a publication: a version may be all digits.
const NUMBER_DIGITS_MAX: usize = 10;

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
    /// A row of the database is not what it was.
    #[error("the history of rulebooks is damaged: {0}")]
    Row(String),
    /// The database.
    #[error(transparent)]
    Database(database::Error),
    /// Somebody else has published meanwhile, or the request is on record: nothing was published.
    #[error("another rulebook was published meanwhile")]
    Moved,
}

impl Error {
    /// Whether the database is away, so that what was asked may have been done all the same.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Error::Database(error) if error.is_away() || error.has_given_way())
    }

    /// Whether what was asked for is gone or spoilt, so that asking again does not help.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match self {
            Error::Damaged { .. } | Error::Row(_) => true,
            Error::Disk { error, .. } => error.kind() == io::ErrorKind::NotFound,
            Error::Moved | Error::Database(_) => false,
        }
    }
}

/// Which way a rulebook came into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From the rules folder.
    #[default]
    Folder,
    /// By a call with files.
    Call,
    /// By a call that names an old one.
    Rollback,
}

/// The call that published: asked again it is answered alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// SHA-256 of what it said.
    pub content: String,
}

/// How much a publication changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Changed {
    /// Files that came, went or changed.
    pub files: usize,
    /// Promotions and caps that came, went or changed.
    pub promotions: usize,
}

/// What is known of a publication beside its rulebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Which way.
    pub origin: Origin,
    /// Who; empty for the folder.
    pub by: String,
    /// Why, in that person's words.
    pub comment: String,
    /// By which call.
    pub request: Option<Request>,
    /// The publication whose rulebook is in force again.
    pub restored: Option<u64>,
    /// How much is other than before; not known of old ones.
    pub changed: Option<Changed>,
}

impl Note {
    /// The folder has changed.
    #[must_use]
    pub fn of_folder(at: Timestamp, changed: Option<Changed>) -> Self {
        Note {
            at,
            origin: Origin::Folder,
            by: String::new(),
            comment: String::new(),
            request: None,
            restored: None,
            changed,
        }
    }
}

/// A rulebook came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Its place in history, from 1. Later ones have higher numbers; there may be gaps.
    pub number: u64,
    /// The rulebook.
    pub digest: String,
    /// How it came.
    pub note: Note,
}

impl Publication {
    /// The version of its rulebook, which people know.
    #[must_use]
    pub fn version(&self) -> &str {
        self.digest.get(..VERSION_DIGITS).unwrap_or(&self.digest)
    }
}

/// A publication as people name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its number.
    Number(u64),
    /// By the version or the digest of its rulebook: the newest of them is meant.
    Version(String),
}

impl Named {
    /// Reads a number, a version or a digest; nothing when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() <= NUMBER_DIGITS_MAX {
            let number = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
            return Some(Named::Number(number));
        }
        let is_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let is_known = is_hex && [VERSION_DIGITS, DIGEST_DIGITS].contains(&text.len());
        is_known.then(|| Named::Version(text.to_owned()))
    }

    /// Whether `publication` is meant, or could be.
    #[must_use]
    pub fn is(&self, publication: &Publication) -> bool {
        match self {
            Named::Number(number) => publication.number == *number,
            Named::Version(text) => publication.digest == *text || publication.version() == text,
        }
    }
}

/// A rulebook as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its sources.
    pub sources: Vec<Source>,
    /// Its newest publication.
    pub publication: Publication,
    /// Since when it is live: it may have been published several times in a row.
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

/// Every rulebook that was ever live. All of it may wait for a disk or a network.
pub trait History: Send + Sync + Debug {
    /// Whether others publish in it from folders of their own.
    fn is_shared(&self) -> bool {
        false
    }

    /// Keeps `sources` and notes that the rulebook they make has come into force. `after` is the number of the newest publication
    /// that the caller knows of, 0 for none: where there is a newer one, nothing is published.
    ///
    /// # Errors
    /// It could not be kept: then it is not in the history. [`Error::Moved`] where somebody was quicker.
    fn publish(&self, sources: &[Source], note: &Note, after: u64) -> Result<Publication, Error>;

    /// The rulebook that was live last, with all that is damaged told.
    fn recover(&self) -> Recovered;

    /// The newest publication.
    ///
    /// # Errors
    /// The store cannot be read.
    fn newest(&self) -> Result<Option<Publication>, Error>;

    /// The newest publication that is named so.
    ///
    /// # Errors
    /// The store cannot be read.
    fn find(&self, named: &Named) -> Result<Option<Publication>, Error>;

    /// The first publication after the one of this number.
    ///
    /// # Errors
    /// The store cannot be read.
    fn next(&self, number: u64) -> Result<Option<Publication>, Error>;

    /// What the call of this id published.
    ///
    /// # Errors
    /// The store cannot be read.
    fn answered(&self, request: &str) -> Result<Option<Publication>, Error>;

    /// Publications of lower numbers than `before`, the newest first, and no more than `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    fn page(&self, before: Option<u64>, most: usize) -> Result<Vec<Publication>, Error>;

    /// The sources of the rulebook with this digest.
    ///
    /// # Errors
    /// It is not there, or not whole.
    fn load(&self, digest: &str) -> Result<Vec<Source>, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_versions_and_digests_are_told_apart() {
        let digest = "0123456789ab".repeat(6).get(..64).map(str::to_owned).unwrap();
        let version = |text: &str| Some(Named::Version(text.to_owned()));
        for (text, named) in [
            ("7", Some(Named::Number(7))),
            ("0000000012", Some(Named::Number(12))),
            ("123456789012", version("123456789012")),
            ("0123456789ab", version("0123456789ab")),
            (digest.as_str(), version(&digest)),
            ("", None),
            ("+7", None),
            ("live", None),
            ("0123456789AB", None),
            ("../../../x.js", None),
        ] {
            assert_eq!(Named::parse(text), named, "{text}");
        }
    }
}
