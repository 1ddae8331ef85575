//! Rulebooks that were live once: an old purchase is priced again by its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::engine::Engine;
use super::store::{Error, History, Named, Publication};
use crate::rulebook::{Rulebook, compile};

/// Rulebooks that stay in memory once they were asked for.
const HELD_MAX: usize = 8;
/// Publications that are looked through at once for one that is whole.
const PAGE: usize = 64;

/// A rulebook and its digest.
#[derive(Debug, Clone)]
pub struct Archived {
    /// The rulebook.
    pub rulebook: Arc<Rulebook>,
    /// Its digest, written out.
    pub digest: String,
    /// Since when it is no longer live; `None` while it is.
    pub ended_at: Option<Timestamp>,
}

/// Every rulebook that was ever live.
#[derive(Debug)]
pub struct Archive {
    engine: Arc<Engine>,
    history: Arc<dyn History>,
    held: Mutex<VecDeque<Archived>>,
}

impl Archive {
    /// The rulebooks of `history`, and those that `engine` has at hand.
    #[must_use]
    pub fn new(history: Arc<dyn History>, engine: Arc<Engine>) -> Self {
        Archive { engine, history, held: Mutex::default() }
    }

    /// The live rulebook.
    #[must_use]
    pub fn live(&self) -> Option<Archived> {
        let live = self.engine.live()?;
        Some(Archived { rulebook: Arc::clone(&live.rulebook), digest: live.digest.clone(), ended_at: None })
    }

    /// The live rulebook; where none is live yet, the newest of those on the disk that is whole. Reads from the disk.
    #[must_use]
    pub fn newest(&self) -> Option<Archived> {
        self.live().or_else(|| {
            let mut before = None;
            loop {
                let page = self.history.page(before, PAGE);
                let page = page.inspect_err(|error| tracing::error!(%error, "old rulebooks")).ok()?;
                before = Some(page.last()?.number);
                let found = page.into_iter().find_map(|publication| self.load(publication).ok().flatten());
                if found.is_some() {
                    return found;
                }
            }
        })
    }

    /// A rulebook by version or digest. One that is not at hand is read and compiled: not on a thread that others wait for.
    ///
    /// # Errors
    /// The disk says no: it may be there all the same.
    pub fn find(&self, asked: &str) -> Result<Option<Archived>, Error> {
        let is_it = |one: &Archived| one.digest == asked || one.digest.get(..12) == Some(asked);
        if let Some(live) = self.live().filter(is_it) {
            return Ok(Some(live));
        }
        if let Some(former) = self.engine.former(asked) {
            let (rulebook, digest) = (Arc::clone(&former.live.rulebook), former.live.digest.clone());
            return Ok(Some(Archived { rulebook, digest, ended_at: Some(former.ended_at) }));
        }
        let at_hand = || {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|one| is_it(one)).cloned()
        };
        if let Some(found) = at_hand() {
            return Ok(Some(found));
        }
        // Compiled without the lock: others need not wait.
        let Some(named @ Named::Version(_)) = Named::parse(asked) else { return Ok(None) };
        let publication =
            self.history.find(&named).inspect_err(|error| tracing::error!(%error, "old rulebooks"))?;
        let Some(publication) = publication else { return Ok(None) };
        let Some(found) = self.load(publication)? else { return Ok(None) };
        // One that is in force at another node has an end that is not known yet: it is asked for each time.
        if found.ended_at.is_none() && self.history.is_shared() {
            return Ok(Some(found));
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.push_front(found.clone());
        held.truncate(HELD_MAX);
        Ok(Some(found))
    }

    fn load(&self, publication: Publication) -> Result<Option<Archived>, Error> {
        let ended_at: Option<Timestamp> = self.history.next(publication.number)?.map(|next| next.note.at);
        let digest = publication.digest;
        let loaded =
            self.history.load(&digest).inspect_err(|error| tracing::error!(%error, "an old rulebook"));
        let sources = match loaded {
            Ok(sources) => sources,
            // It will not come back: prices go by what is known without it.
            Err(error) if error.is_lost() => return Ok(None),
            Err(error) => return Err(error),
        };
        let rulebook = compile(&sources).rulebook.filter(|rulebook| rulebook.digest().to_string() == digest);
        Ok(rulebook.map(|rulebook| Archived { rulebook: Arc::new(rulebook), digest, ended_at }))
    }
}
