//! Is what is kept what was written, and does what was derived follow from it?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::error::{Error, disk};
use super::replay::{Counts, Replay, scratch};
use super::rest::{Rest, Told};
use crate::ledger::RequestId;
use crate::ledger::books::Sums;
use crate::server::journal::{self, Summary};
use crate::server::ledger::index::{Index as _, Mark, StateDigest};
use crate::server::ledger::shelf::Shelf;
use crate::server::ledger::stamp;

/// What was seen of a ledger whose journal is sound.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The journal.
    pub journal: Summary,
    /// Facts in it.
    pub facts: u64,
    /// What is in the ledger.
    pub counts: Counts,
    /// The sums of the certificates by currency.
    pub certificates: BTreeMap<String, Sums>,
    /// The ids of certificates whose accounts do not add up, or are not what the purchases say.
    pub wrong: Vec<RequestId>,
    /// The digest of all accounts that follow from the facts.
    pub digest: StateDigest,
    /// The index.
    pub index: Index,
}

/// How the index stands to the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Index {
    /// There is none. The next start builds it.
    None,
    /// It holds what follows from all records up to this one; the next start goes on from there.
    Same(u64),
    /// It does not open, or is not what was written. The next start builds it anew.
    Unusable(String),
    /// It holds something else than what follows from the records up to its own.
    Differs {
        /// Its last record.
        sequence: u64,
        /// The digest of what it holds.
        digest: StateDigest,
    },
    /// It knows of records that the journal does not have: the journal has lost its end.
    Ahead(u64),
}

/// Checks all of it and changes nothing: the index is opened as a copy in a temporary folder.
///
/// # Errors
/// The journal is damaged; [`Error::is_damage`] tells that from a disk that says no.
pub fn check(ledger: &Rest, told: Told<'_>) -> Result<Checked, Error> {
    let journal = journal::verify(&ledger.journal())?;
    let mut follow = Follow { summary: journal, replay: Replay::new(&journal)?, at: ledger, told };
    let index = match opened(&ledger.index())? {
        Opened::None => Index::None,
        Opened::Unusable(why) => Index::Unusable(why),
        Opened::At(mark) if mark.sequence > journal.records => Index::Ahead(mark.sequence),
        Opened::At(mark) => {
            if follow.until(mark.sequence)?.digest == mark.digest {
                Index::Same(mark.sequence)
            } else {
                Index::Differs { sequence: mark.sequence, digest: mark.digest }
            }
        }
    };
    let digest = follow.until(u64::MAX)?.digest;
    let Replay { facts, index: derived, .. } = &follow.replay;
    let (counts, books) = Counts::of(derived.as_ref())?;
    let (certificates, wrong) = (books.sums().clone(), books.wrong());
    Ok(Checked { journal, facts: *facts, counts, certificates, wrong, digest, index })
}

struct Follow<'a> {
    summary: Summary,
    replay: Replay,
    at: &'a Rest,
    told: Told<'a>,
}

impl Follow<'_> {
    fn until(&mut self, sequence: u64) -> Result<Mark, Error> {
        let (told, records) = (&mut self.told, self.summary.records);
        self.replay.follow(&self.at.journal(), sequence, &mut |done| told(done, records))
    }
}

/// An index that was looked at.
enum Opened {
    None,
    Unusable(String),
    At(Mark),
}

/// Opens a copy of the index. Without the word that it was closed in good order, all of it is read and held against its digest.
fn opened(index: &Path) -> Result<Opened, Error> {
    if !index.is_dir() {
        return Ok(Opened::None);
    }
    let copy = scratch()?;
    for entry in fs::read_dir(index).map_err(disk("list", index))? {
        let entry = entry.map_err(disk("list", index))?;
        let path = entry.path();
        if entry.file_name() != stamp::NAME && path.is_file() {
            fs::copy(&path, copy.path().join(entry.file_name())).map_err(disk("copy", &path))?;
        }
    }
    Ok(match Shelf::open(copy.path()) {
        Ok(shelf) => Opened::At(shelf.mark()),
        Err(error) => Opened::Unusable(error.to_string()),
    })
}
