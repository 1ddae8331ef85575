//! The ledger of one machine on its disk: a lock, a journal, and an index that has come to its end.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use super::catch_up::catch_up;
use super::error::Error;
use super::index::Index;
use super::memory::Memory;
use super::shelf::Shelf;
use crate::server::clock;
use crate::server::folders;
use crate::server::journal::{self, Journal, Place};
use crate::server::locks;

/// The folder of the journal, in that of the ledger.
pub(super) const JOURNAL: &str = "journal";
/// The folder of the index.
pub(super) const INDEX: &str = "index";
/// An empty file in a ledger that a restore or an import has not made whole yet.
pub(super) const UNFINISHED: &str = "unfinished";

/// Takes `folder` for this process, before anything in it is looked at.
pub(super) fn lock(folder: &Path) -> Result<File, Error> {
    let disk = |action, error| Error::Disk { action, path: folder.to_owned(), error };
    folders::make(folder).map_err(|error| disk("make the folder", error))?;
    let path = folder.join("lock");
    let lock = locks::take(&path).map_err(|error| Error::Disk { action: "take the lock", path, error })?;
    lock.ok_or_else(|| Error::InUse(folder.to_owned()))
}

/// Nothing where a restore or an import has not come to its end.
pub(super) fn whole(folder: &Path) -> Result<(), Error> {
    if folder.join(UNFINISHED).exists() { Err(Error::Unfinished(folder.to_owned())) } else { Ok(()) }
}

/// The journal below `folder`, and an index that has come to its end.
pub(super) fn embedded(folder: &Path) -> Result<(Arc<dyn Index>, Journal), Error> {
    let (at, journal_at) = (folder.join(INDEX), folder.join(JOURNAL));
    let index = match Shelf::open(&at) {
        Ok(index) => index,
        Err(error) => anew(&at, &error)?,
    };
    let options = journal::Options { known_sequence: index.mark().sequence, ..journal::Options::default() };
    let journal = opened(&Place::system(&journal_at), options)?;
    let ready = |index: &Shelf| {
        follow(index, &journal_at)?;
        // What is read at the start must be readable: else it is built anew like the rest.
        index.counters()?;
        index.holds()?;
        index.ends()?;
        Ok(())
    };
    let index = match ready(&index) {
        Ok(()) => index,
        // What cannot be read of the journal is no fault of the index.
        Err(error @ (Error::Journal(_) | Error::Record { .. })) => return Err(error),
        Err(error) => {
            drop(index);
            let index = anew(&at, &error)?;
            ready(&index)?;
            index
        }
    };
    Ok((Arc::new(index), journal))
}

/// An index in memory of the journal at `place`, whatever disk that is on.
pub(super) fn in_memory(
    place: &Place,
    options: journal::Options,
) -> Result<(Arc<dyn Index>, Journal), Error> {
    let journal = opened(place, options)?;
    let index = Memory::default();
    catch_up(&index, place, u64::MAX, &mut |_| {})?;
    Ok((Arc::new(index), journal))
}

fn opened(place: &Place, options: journal::Options) -> Result<Journal, Error> {
    let (journal, recovery) = Journal::open_at(place, options)?;
    if recovery.cut_bytes > 0 {
        tracing::warn!(
            bytes = recovery.cut_bytes,
            "the journal ended in a write that nobody was answered; it is cut off"
        );
    }
    Ok(journal)
}

/// Brings an index to the end of the journal, and says so when that takes long.
pub(super) fn follow(index: &Shelf, journal: &Path) -> Result<(), Error> {
    let begun = clock::steady();
    let mut told = begun;
    let count = catch_up(index, &Place::system(journal), u64::MAX, &mut |sequence| {
        let now = clock::steady();
        if now.duration_since(told).as_secs() >= 2 {
            told = now;
            tracing::info!(sequence, "the index of the ledger follows the journal");
        }
    })?;
    if count > 0 {
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(facts = count, millis, "the index of the ledger has followed the journal");
    }
    Ok(())
}

/// An empty index in the place of one that cannot be used.
pub(super) fn anew(at: &Path, error: &Error) -> Result<Shelf, Error> {
    tracing::warn!(%error, "the index of the ledger cannot be used; it is built anew from the journal");
    fs::remove_dir_all(at).map_err(|error| Error::Disk { action: "remove", path: at.to_owned(), error })?;
    Shelf::open(at)
}
