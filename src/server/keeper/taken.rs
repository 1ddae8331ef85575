//! What was last taken up from the folder, across restarts: a folder that has not changed since must not undo what was published by
//! a call.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::rulebook::{Digest, Source};
use crate::server::folders;
use crate::server::store::{History, Origin, write_durably};

/// Publications that are looked through for the last of the folder, where an older service has left no mark.
const LOOKED_THROUGH: usize = 64;

/// What was last taken up from the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    /// The digest of what it put in force.
    pub(super) digest: String,
    /// The good version of each of its files.
    pub(super) sources: Vec<Source>,
    /// Whether `_ACCEPT` lay in it: one that cannot be taken away accepts once.
    pub(super) accepted: bool,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Marked {
    digest: String,
    accepted: bool,
}

/// The file with it.
#[derive(Debug)]
pub(super) struct Mark {
    place: PathBuf,
}

impl Mark {
    /// The file below the data folder. It belongs to the folder that this process looks at, wherever rulebooks are kept.
    pub(super) fn new(data: &Path) -> Self {
        Mark { place: data.join("rules").join("folder.json") }
    }

    /// What was taken up last; without a mark it is the newest publication of the folder. `good` is in force, and stands in for what is
    /// lost of it.
    pub(super) fn read(&self, history: &dyn History, good: &[Source]) -> Option<Taken> {
        let marked = fs::read(&self.place).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Marked { digest, accepted } = match marked {
            Some(marked) => marked,
            // What a folder published there was the folder of another node.
            None if history.is_shared() => return None,
            None => {
                let page = history.page(None, LOOKED_THROUGH).ok()?;
                let newest = page.into_iter().find(|one| one.note.origin == Origin::Folder)?;
                Marked { digest: newest.digest, accepted: false }
            }
        };
        match history.load(&digest) {
            Ok(sources) => Some(Taken { digest, sources, accepted }),
            Err(error) => {
                tracing::error!(%error, "what the folder last had is lost");
                // Where it was in force last, it shall be so again as soon as the folder is read: what is in force is older.
                let newest = history.newest().ok().flatten();
                let was_last = newest.is_none_or(|newest| newest.note.origin == Origin::Folder);
                let digest = if was_last { Digest::of(good).to_string() } else { digest };
                (!good.is_empty()).then(|| Taken { digest, sources: good.to_vec(), accepted })
            }
        }
    }

    /// Keeps what was taken up.
    pub(super) fn write(&self, taken: &Taken) -> io::Result<()> {
        let marked = Marked { digest: taken.digest.clone(), accepted: taken.accepted };
        let bytes = serde_json::to_vec(&marked).map_err(io::Error::other)?;
        if let Some(folder) = self.place.parent() {
            folders::make(folder)?;
        }
        write_durably(&self.place, &bytes)
    }
}
