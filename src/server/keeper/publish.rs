//! What is published by calls, and by others on the same store.

use super::call::{Asked, Done, Refusal, What};
use super::work::{Work, adopt};
use crate::rulebook::{Adoption, Diagnostic, Rulebook, Severity, Source};
use crate::server::clock;
use crate::server::store::{Error, Named, Note, Origin, Publication};

/// So often an order is looked at anew where others publish at the same moment.
const TRIES_MAX: usize = 4;

/// What is to be in force, ready.
struct Ready {
    rulebook: Rulebook,
    sources: Vec<Source>,
    diagnostics: Vec<Diagnostic>,
    origin: Origin,
    restored: Option<u64>,
}

impl Work {
    /// Publishes what is asked for. What the same call was answered before comes first; then what else could be in force.
    pub(super) fn order(&mut self, what: What, asked: &Asked) -> Result<Done, Refusal> {
        if let Some(publication) = self.answered(asked)? {
            let diagnostics = match what {
                What::Draft(Ok(adoption)) => adoption.diagnostics,
                _ => Vec::new(),
            };
            return Ok(Done { publication, diagnostics });
        }
        if self.history.is_shared() {
            // Others may have published what the caller has seen there.
            self.news();
        }
        self.expects(asked)?;
        let mut ready = self.ready(what)?;
        for _ in 0..TRIES_MAX {
            let note = Note {
                at: clock::timestamp(),
                origin: ready.origin,
                by: asked.by.clone(),
                comment: asked.comment.clone(),
                request: Some(asked.request.clone()),
                restored: ready.restored,
                changed: self.changed(&ready.sources, &ready.rulebook),
            };
            if asked.is_trial {
                let publication =
                    Publication { number: 0, digest: ready.rulebook.digest().to_string(), note };
                return Ok(Done { publication, diagnostics: ready.diagnostics });
            }
            // Kept before it is live; unlike a folder, a caller can ask again.
            match self.history.publish(&ready.sources, &note, self.newest) {
                Ok(publication) => {
                    let diagnostics = std::mem::take(&mut ready.diagnostics);
                    self.published(publication.clone(), ready.rulebook, ready.sources);
                    return Ok(Done { publication, diagnostics });
                }
                Err(Error::Moved) => {
                    self.news();
                    if let Some(publication) = self.answered(asked)? {
                        return Ok(Done { publication, diagnostics: ready.diagnostics });
                    }
                    self.expects(asked)?;
                }
                Err(error) => return Err(unkept(&error)),
            }
        }
        Err(Refusal::Unkept)
    }

    /// Puts in force what somebody else has published on the same store.
    pub(super) fn news(&mut self) {
        let newest = match self.history.newest() {
            Ok(newest) => newest.filter(|newest| newest.number > self.newest),
            Err(error) => return tracing::error!(%error, "the history of rulebooks cannot be read"),
        };
        let Some(publication) = newest else { return };
        let loaded = self.history.load(&publication.digest);
        let adoption = loaded.map(|sources| adopt(&sources, &sources));
        match adoption {
            Ok(Some(Adoption { rulebook: Some(rulebook), sources, .. })) => {
                self.published(publication, rulebook, sources);
            }
            Ok(_) => {
                // It is passed over for good: what comes after it is newer.
                self.now_at(publication.number);
                tracing::error!(
                    number = publication.number,
                    "a rulebook of another service cannot be read here"
                );
            }
            Err(error) => tracing::error!(%error, "the newest rulebook cannot be read"),
        }
    }

    pub(super) fn published(&mut self, publication: Publication, rulebook: Rulebook, sources: Vec<Source>) {
        let at = publication.note.at;
        tracing::info!(number = publication.number, origin = ?publication.note.origin, "rules were published");
        self.now_at(publication.number);
        self.publication = Some(publication);
        self.forget_unkept();
        self.put(rulebook, sources, at);
    }

    /// What the call was answered before.
    fn answered(&self, asked: &Asked) -> Result<Option<Publication>, Refusal> {
        let found = self.history.answered(&asked.request.id).map_err(|error| unkept(&error))?;
        match found {
            Some(found) if found.note.request.as_ref() != Some(&asked.request) => Err(Refusal::Reused),
            found => Ok(found),
        }
    }

    /// Whether that is live which the caller takes for live.
    fn expects(&self, asked: &Asked) -> Result<(), Refusal> {
        let Some(expected) = &asked.expected else { return Ok(()) };
        let live = self.engine.live();
        let is_it = live.as_ref().is_some_and(|live| match expected {
            Named::Version(text) => live.version == *text || live.digest == *text,
            Named::Number(_) => self.publication.as_ref().is_some_and(|one| expected.is(one)),
        });
        if is_it { Ok(()) } else { Err(Refusal::OtherLive(live.map(|live| live.version.clone()))) }
    }

    fn ready(&self, what: What) -> Result<Ready, Refusal> {
        let named = match what {
            What::Draft(Err(diagnostics)) => return Err(Refusal::AtFault(diagnostics)),
            What::Draft(Ok(adoption)) => return ready(*adoption, Origin::Call, None),
            What::Old(named) => named,
        };
        let found = self.history.find(&named).map_err(|error| unkept(&error))?;
        let old = found.ok_or(Refusal::Unknown)?;
        let sources = self.history.load(&old.digest).map_err(|error| match error.is_lost() {
            true => {
                tracing::error!(%error, "an old rulebook");
                Refusal::Damaged
            }
            false => unkept(&error),
        })?;
        // As at a start: what was in force may name promotions that have left.
        let adoption = adopt(&sources, &sources).ok_or_else(|| Refusal::AtFault(Vec::new()))?;
        ready(adoption, Origin::Rollback, Some(old.number))
    }
}

fn ready(adoption: Adoption, origin: Origin, restored: Option<u64>) -> Result<Ready, Refusal> {
    let Adoption { rulebook, sources, diagnostics, .. } = adoption;
    let is_clean = diagnostics.iter().all(|found| found.severity != Severity::Error);
    match rulebook.filter(|_| is_clean) {
        Some(rulebook) => Ok(Ready { rulebook, sources, diagnostics, origin, restored }),
        None => Err(Refusal::AtFault(diagnostics)),
    }
}

fn unkept(error: &Error) -> Refusal {
    tracing::error!(%error, "the history of rulebooks cannot be read or written");
    if error.is_away() {
        return Refusal::Away;
    }
    Refusal::Unkept
}
