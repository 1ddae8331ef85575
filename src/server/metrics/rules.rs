//! The rulebook in force, what is priced by it, and the rules folder.

use std::fmt::Error;

use super::text::{Text, Value, moment};
use crate::rulebook::{Severity, State};
use crate::server::engine::{Engine, Live};
use crate::server::keeper::Glance;

pub(super) fn tell(text: &mut Text<'_>, engine: &Engine, keeper: &Glance) -> Result<(), Error> {
    let live = engine.live();
    let before = engine.before();
    let live = live.as_deref();
    tell_live(text, live)?;
    // Two versions alone: with every change of a rule file another one would stay for ever.
    let books = live.into_iter().chain(before.as_deref().filter(|_| live.is_some()));
    let quotes: Vec<_> = books
        .flat_map(|book| {
            let count = |name, count| {
                (vec![("version", book.version.as_str()), ("optimality", name)], Value::Whole(count))
            };
            [count("PROVEN", book.priced.proven()), count("BOUNDED", book.priced.bounded())]
        })
        .collect();
    text.counters("quotes", "Quotes by the live rulebook and the one before.", quotes)?;
    let (applied, other) = live.map(|live| live.priced.applied()).unwrap_or_default();
    let applied = applied.into_iter().chain([("other", other)]);
    text.counters(
        "promotion_quotes",
        "Quotes by the live rulebook in which a promotion applied; those that applied first by name, all others together.",
        applied.map(|(promotion, count)| (vec![("promotion", promotion)], Value::Whole(count))),
    )?;
    tell_folder(text, live, keeper)
}

fn tell_live(text: &mut Text<'_>, live: Option<&Live>) -> Result<(), Error> {
    let info = live.map(|live| {
        (vec![("version", live.version.as_str()), ("digest", live.digest.as_str())], Value::Whole(1))
    });
    text.gauges("rulebook_info", "The rulebook in force.", info)?;
    let (promotions, caps) =
        live.map_or((0, 0), |live| (live.rulebook.promotions().len(), live.rulebook.caps().len()));
    text.gauge("rulebook_promotions", "Promotions of the rulebook in force.", promotions)?;
    text.gauge("rulebook_caps", "Caps of the rulebook in force.", caps)?;
    let since = live.map_or(0, |live| live.live_at.as_second());
    text.gauge(
        "rulebook_live_timestamp",
        "Since when the rulebook is in force; 0 where none is.",
        moment(since),
    )
}

fn tell_folder(text: &mut Text<'_>, live: Option<&Live>, keeper: &Glance) -> Result<(), Error> {
    let folder = live.map(|live| &live.folder);
    let states = [
        ("live", State::Live),
        ("held", State::Held),
        ("out", State::Out),
        ("superseded", State::Superseded),
    ];
    let standings = folder.map(|folder| folder.standings.as_slice()).unwrap_or_default();
    let files = states.map(|(name, state)| {
        let count = standings.iter().filter(|standing| standing.state == state).count();
        (vec![("state", name)], Value::from(count))
    });
    text.gauges("rule_files", "Rule files by how they stand.", files)?;
    let found = folder.map(|folder| folder.diagnostics.as_slice()).unwrap_or_default();
    let severities = [("error", Severity::Error), ("warning", Severity::Warning)].map(|(name, severity)| {
        let count = found.iter().filter(|found| found.severity == severity).count();
        (vec![("severity", name)], Value::from(count))
    });
    text.gauges("rule_findings", "What was found in the rule files.", severities)?;
    let unreadable = folder.map_or(0, |folder| folder.unreadable.len());
    text.gauge("rule_files_unreadable", "Rule files that are there and cannot be read.", unreadable)?;
    text.gauge("folder_held", "Whether the rules folder as a whole is held.", keeper.is_held())?;
    let is_superseded = folder.is_some_and(|folder| folder.is_superseded);
    text.gauge(
        "folder_superseded",
        "Whether what is in force came another way than from the folder.",
        is_superseded,
    )?;
    let (looked, taken) = (moment(keeper.looked_at()), moment(keeper.taken_at()));
    text.gauge("folder_looked_timestamp", "When the rules folder was looked at last.", looked)?;
    text.gauge(
        "folder_taken_timestamp",
        "When a reading of the folder was last taken up, and not held.",
        taken,
    )
}
