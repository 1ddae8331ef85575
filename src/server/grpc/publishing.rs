//! Rulebooks are put in force by calls, listed, compared and put back.

use std::sync::Arc;

use prost::Message;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::admit::Speaker;
use super::aside::aside;
use super::failure::Failure;
use super::fields::{fault, missing_or_unreadable, request_id, text};
use super::four_eyes::FourEyes;
use super::gate::Call;
use crate::basket::Problem;
use crate::ledger::Rejection;
use crate::rulebook::diff::diff;
use crate::rulebook::{Source, is_rule_file};
use crate::server::convert;
use crate::server::engine::Engine;
use crate::server::keeper::{Asked, Done, Handle, Refusal};
use crate::server::store::{Error, History, Named, Publication, Request};
use crate::server::wire;

/// Bytes of the name of who publishes: 200 Cyrillic letters.
const BY_BYTES_MAX: usize = 400;
/// Bytes of what they say about it.
const COMMENT_BYTES_MAX: usize = 2_000;
/// Publications of one page.
const PAGE_MAX: u32 = 200;
/// The same where the caller does not say.
const PAGE_DEFAULT: u32 = 50;
/// What stands for the rulebook in force.
const LIVE: &str = "live";

/// What the calls need.
#[derive(Debug, Clone)]
pub(super) struct Publishing {
    pub(super) engine: Arc<Engine>,
    pub(super) keeper: Handle,
    pub(super) history: Arc<dyn History>,
    /// Places for what compiles.
    pub(super) places: Arc<Semaphore>,
    /// What two must ask for.
    pub(super) eyes: FourEyes,
}

impl Publishing {
    /// Puts files in force.
    pub(super) async fn publish(
        &self,
        mut request: wire::PublishRequest,
        sources: Vec<Source>,
        call: Call,
        speaker: &Speaker,
    ) -> Result<wire::PublishResponse, Failure> {
        // Nothing but leftovers would be a rulebook without promotions: list prices must be meant.
        if !sources.iter().any(|source| is_rule_file(&source.path)) {
            return Err(fault("files", Problem::Missing));
        }
        let approval = std::mem::take(&mut request.approval);
        let content = content("Publish", &request);
        speaker.about(&request.request_id, request.validate_only);
        let asked = asked(
            &request.request_id,
            content,
            request.by,
            request.comment,
            &request.expected_version,
            request.validate_only,
        )?;
        let order = move |keeper: &Handle, asked| keeper.publish(&sources, asked);
        let (version, diagnostics) = self.carried_out(asked, &approval, call, speaker, order).await?;
        Ok(wire::PublishResponse { ok: version.is_some(), version, diagnostics })
    }

    /// Puts an old rulebook in force again.
    pub(super) async fn roll_back(
        &self,
        mut request: wire::RollbackRequest,
        call: Call,
        speaker: &Speaker,
    ) -> Result<wire::RollbackResponse, Failure> {
        let approval = std::mem::take(&mut request.approval);
        let content = content("Rollback", &request);
        let to = named("version", &request.version)?;
        speaker.about(&request.request_id, request.validate_only);
        let asked = asked(
            &request.request_id,
            content,
            request.by,
            request.comment,
            &request.expected_version,
            request.validate_only,
        )?;
        let order = move |keeper: &Handle, asked| keeper.roll_back(to, asked);
        let (version, diagnostics) = self.carried_out(asked, &approval, call, speaker, order).await?;
        Ok(wire::RollbackResponse { ok: version.is_some(), version, diagnostics })
    }

    /// Has the keeper do it. Where another must ask for it too, only what would come of it is worked out: whoever comes second is not to
    /// find that the files are at fault.
    async fn carried_out(
        &self,
        asked: Asked,
        approval: &str,
        call: Call,
        speaker: &Speaker,
        order: impl FnOnce(&Handle, Asked) -> Result<Done, Refusal> + Send + 'static,
    ) -> Result<Told, Failure> {
        let is_for_two = speaker.four_eyes().publish && !asked.is_trial;
        let seen = match is_for_two {
            true => self.eyes.see(speaker, asked.request.content.as_bytes(), approval),
            false => Ok(()),
        };
        let is_trial = asked.is_trial || seen.is_err();
        let asked = Asked { by: said_by(asked.by, speaker), is_trial, ..asked };
        let keeper = self.keeper.clone();
        let answer = aside(&self.places, call, move || order(&keeper, asked)).await?;
        match (&answer, seen) {
            // What has a number was done before, and is told to whoever asks again.
            (Ok(done), Err(failure)) if done.publication.number == 0 => Err(failure),
            _ => told(answer, call),
        }
    }

    /// A page of history.
    pub(super) async fn versions(
        &self,
        request: wire::ListVersionsRequest,
        call: Call,
    ) -> Result<wire::ListVersionsResponse, Failure> {
        let most = match request.page_size {
            0 => PAGE_DEFAULT,
            size if size <= PAGE_MAX => size,
            _ => return Err(fault("page_size", Problem::OutOfRange(0, i64::from(PAGE_MAX)))),
        };
        let before = match request.page_token.as_str() {
            "" => None,
            token => Some(token.parse().map_err(|_| fault("page_token", Problem::Unreadable))?),
        };
        let history = Arc::clone(&self.history);
        aside(&self.places, call, move || page(history.as_ref(), before, most)).await?.map_err(failure)
    }

    /// What is other in one rulebook than in another.
    pub(super) async fn diff(
        &self,
        request: wire::DiffRequest,
        call: Call,
    ) -> Result<wire::DiffResponse, Failure> {
        if request.from.is_empty() {
            return Err(fault("from", Problem::Missing));
        }
        let from = self.asked_for("from", &request.from)?;
        let to = self.asked_for("to", if request.to.is_empty() { LIVE } else { &request.to })?;
        let history = Arc::clone(&self.history);
        aside(&self.places, call, move || {
            let (from, was) = found(history.as_ref(), &from)?;
            let (to, is) = found(history.as_ref(), &to)?;
            Ok(convert::versions::diff(&from, &to, diff(&was, &is)))
        })
        .await?
    }

    fn asked_for(&self, field: &str, text: &str) -> Result<Named, Failure> {
        if text != LIVE {
            return named(field, text);
        }
        let live = self.engine.live().ok_or(Failure::NoRulebook)?;
        Ok(Named::Version(live.digest.clone()))
    }
}

fn page(history: &dyn History, before: Option<u64>, most: u32) -> Result<wire::ListVersionsResponse, Error> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    // One more than is told, to know whether there is more.
    let mut found = history.page(before, most.saturating_add(1))?;
    let is_more = found.len() > most;
    found.truncate(most);
    let end = found.last().filter(|_| is_more).map(|last| last.number.to_string());
    Ok(wire::ListVersionsResponse {
        versions: found.iter().map(convert::versions::publication).collect(),
        next_page_token: end.unwrap_or_default(),
    })
}

fn found(history: &dyn History, named: &Named) -> Result<(Publication, Vec<Source>), Failure> {
    let publication = history.find(named).map_err(failure)?.ok_or(Failure::RulebookUnknown)?;
    let sources = history.load(&publication.digest).map_err(|error| match error.is_lost() {
        true => {
            tracing::error!(%error, "an old rulebook");
            Failure::RulebookDamaged
        }
        false => failure(error),
    })?;
    Ok((publication, sources))
}

fn failure(error: Error) -> Failure {
    tracing::error!(%error, "the history of rulebooks cannot be read");
    if error.is_away() {
        return Failure::LedgerAway;
    }
    Failure::RulebooksUnavailable
}

/// Who publishes: as they say and, where it is known who calls, as that; and who has asked for it first, where two must.
fn said_by(by: String, speaker: &Speaker) -> String {
    match (speaker.name(), speaker.first()) {
        (Some(name), Some(first)) => format!("{by} ({name} after {first})"),
        (Some(name), None) if name != by => format!("{by} ({name})"),
        _ => by,
    }
}

/// What a call says, as it is known again after years.
fn content(method: &str, message: &impl Message) -> String {
    let mut hash = Sha256::new();
    hash.update(method);
    hash.update(b"\n");
    hash.update(message.encode_to_vec());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn asked(
    id: &str,
    content: String,
    by: String,
    comment: String,
    expected: &str,
    is_trial: bool,
) -> Result<Asked, Failure> {
    request_id(id)?;
    text("by", &by, BY_BYTES_MAX)?;
    // It is shown on terminals and in a text file: nothing in it may move their cursor.
    if by.trim().is_empty() || by.chars().any(char::is_control) {
        return Err(fault("by", Problem::Unreadable));
    }
    if comment.len() > COMMENT_BYTES_MAX {
        return Err(fault("comment", Problem::TooLong(COMMENT_BYTES_MAX)));
    }
    if comment.chars().any(|char| char.is_control() && char != '\n' && char != '\t') {
        return Err(fault("comment", Problem::Unreadable));
    }
    let expected = match expected {
        "" => None,
        text => Some(named("expected_version", text)?),
    };
    let request = Request { id: id.to_ascii_lowercase(), content };
    Ok(Asked { by, comment, request, expected, is_trial })
}

fn named(field: &str, text: &str) -> Result<Named, Failure> {
    Named::parse(text).ok_or_else(|| fault(field, missing_or_unreadable(text)))
}

type Told = (Option<wire::RulebookVersion>, Vec<wire::Diagnostic>);

/// Files at fault are an answer; all else that keeps a rulebook from being published is not.
fn told(answer: Result<Done, Refusal>, call: Call) -> Result<Told, Failure> {
    let found = |found: &[_]| convert::diagnostics(found, call.lang);
    match answer {
        Ok(Done { publication, diagnostics }) => {
            Ok((Some(convert::versions::publication(&publication)), found(&diagnostics)))
        }
        Err(Refusal::AtFault(diagnostics)) => Ok((None, found(&diagnostics))),
        Err(Refusal::Reused) => Err(Failure::Refused(Rejection::RequestIdReused)),
        Err(Refusal::OtherLive(live)) => Err(Failure::RulebookChanged(live)),
        Err(Refusal::Unknown) => Err(Failure::RulebookUnknown),
        Err(Refusal::Damaged) => Err(Failure::RulebookDamaged),
        Err(Refusal::Unkept) => Err(Failure::RulebooksUnavailable),
        Err(Refusal::Away) => Err(Failure::LedgerAway),
        Err(Refusal::Stopped) => Err(Failure::ShuttingDown),
    }
}
