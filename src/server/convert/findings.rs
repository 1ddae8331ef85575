//! A rulebook and what was found in it, from the core to the wire.

use super::versions::publication;
use crate::lang::Lang;
use crate::rulebook::{Diagnostic, Severity, State};
use crate::server::engine::Live;
use crate::server::status;
use crate::server::timestamp::Timestamp;
use crate::server::wire;

/// Findings in one message, and characters of one that a terminal shows: more would not help a person.
const FINDINGS_MAX: usize = 500;
const RENDERED_MAX: usize = 4_096;

/// What is live, as a person who speaks `lang` is told.
#[must_use]
pub fn active(live: &Live, lang: Lang) -> wire::Rulebook {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let rulebook = &live.rulebook;
    let unreadable = live.folder.unreadable.iter().map(|(path, why)| unreadable(path, why, lang));
    let found = live.folder.diagnostics.iter().map(|found| diagnostic(found, lang));
    wire::Rulebook {
        version: live.version.clone(),
        digest: rulebook.digest().to_string(),
        live_at: Some(Timestamp {
            seconds: live.live_at.as_second(),
            nanos: live.live_at.subsec_nanosecond(),
        }),
        promotion_count: count(rulebook.promotions().len()),
        cap_count: count(rulebook.caps().len()),
        product_count: count(rulebook.catalog().products().len()),
        files: live
            .folder
            .standings
            .iter()
            .map(|standing| {
                let state = match standing.state {
                    State::Live => wire::file_standing::State::Live,
                    State::Held => wire::file_standing::State::Held,
                    State::Out => wire::file_standing::State::Out,
                    State::Superseded => wire::file_standing::State::Superseded,
                };
                wire::FileStanding { path: standing.path.clone(), state: state.into() }
            })
            .collect(),
        diagnostics: unreadable.chain(found).take(FINDINGS_MAX).collect(),
        held: live.folder.held.as_ref().map(|held| held.say(lang)).unwrap_or_default(),
        publication: live.publication.as_ref().map(publication),
        superseded: status::superseded(live, lang).unwrap_or_default(),
    }
}

fn unreadable(path: &str, why: &str, lang: Lang) -> wire::Diagnostic {
    let message = lang.pick(format!("cannot be read: {why}"), format!("неможливо прочитати: {why}"));
    wire::Diagnostic {
        severity: wire::diagnostic::Severity::Error.into(),
        code: "unreadable-file".to_owned(),
        path: path.to_owned(),
        rendered: format!("{path}: {message}"),
        message,
        ..wire::Diagnostic::default()
    }
}

/// Findings, as a person who speaks `lang` is told.
#[must_use]
pub fn diagnostics(found: &[Diagnostic], lang: Lang) -> Vec<wire::Diagnostic> {
    found.iter().take(FINDINGS_MAX).map(|found| diagnostic(found, lang)).collect()
}

fn diagnostic(found: &Diagnostic, lang: Lang) -> wire::Diagnostic {
    let severity = match found.severity {
        Severity::Error => wire::diagnostic::Severity::Error,
        Severity::Warning => wire::diagnostic::Severity::Warning,
    };
    let place = found.place.as_ref();
    wire::Diagnostic {
        severity: severity.into(),
        code: found.code.to_owned(),
        path: found.path.clone(),
        line: place.map_or(0, |place| place.line),
        column: place.map_or(0, |place| place.column),
        message: found.message(lang),
        advice: found.advice(lang).unwrap_or_default(),
        rendered: found.render(lang, false).chars().take(RENDERED_MAX).collect(),
    }
}
