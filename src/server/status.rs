//! `_STATUS.txt` beside the rules: what is live and since when, what is not and why, in a marketer's words.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::engine::{Folder, Live};
use super::rules_dir::STATUS;
use super::store::{Origin, Publication, write_durably};
use crate::lang::Lang;
use crate::rulebook::{Diagnostic, Severity, State};
use crate::time::{Instant, Zone};

/// Findings that are shown; past these a person mends what is there and looks again.
const FINDINGS_MAX: usize = 100;

/// Where promotions stand in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Between their start and their end.
    pub running: usize,
    /// Not begun.
    pub scheduled: usize,
    /// Over.
    pub ended: usize,
}

impl Counts {
    /// The counts of a rulebook at `now`.
    #[must_use]
    pub fn of(live: &Live, now: Instant) -> Self {
        let mut counts = Counts::default();
        for promotion in live.rulebook.promotions() {
            let window = &promotion.when.window;
            let place = if window.is_over(now) {
                &mut counts.ended
            } else if window.has_begun(now) {
                &mut counts.running
            } else {
                &mut counts.scheduled
            };
            *place += 1;
        }
        counts
    }
}

/// The text, in each language after the other.
#[must_use]
pub fn text(live: Option<&Live>, folder: &Folder, counts: Counts, languages: &[Lang]) -> String {
    let parts: Vec<String> = languages.iter().map(|&lang| part(live, folder, counts, lang)).collect();
    parts.join("\n----------------------------------------\n\n")
}

fn part(live: Option<&Live>, folder: &Folder, counts: Counts, lang: Lang) -> String {
    let mut out = String::new();
    say_live(&mut out, live, counts, lang);
    if let Some(superseded) = live.and_then(|live| superseded(live, lang)) {
        let title = lang.pick("NOT FROM THIS FOLDER", "НЕ З ЦІЄЇ ПАПКИ");
        let _ = writeln!(out, "\n{title}\n  {superseded}");
    }
    if let Some(held) = &folder.held {
        let _ = writeln!(out, "\n{}\n  {}", lang.pick("FOLDER HELD", "ПАПКУ ПРИТРИМАНО"), held.say(lang));
    }
    for standing in folder.standings.iter().filter(|standing| standing.state != State::Live) {
        let fate = match standing.state {
            State::Live => continue,
            State::Held => lang.pick(
                "not live: its last good version is in force instead",
                "не діє: замість нього діє його остання справна версія",
            ),
            State::Out => lang.pick(
                "not live: it never had a good version, so nothing of it is in force",
                "не діє: справної версії ще не було, тож нічого з нього не діє",
            ),
            State::Superseded => lang.pick(
                "not live as it is here: what was published otherwise is in force",
                "не діє в тому вигляді, в якому лежить тут: діє опубліковане іншим шляхом",
            ),
        };
        let _ = writeln!(out, "\n{} — {fate}", standing.path);
        if let Some((_, why)) = folder.unreadable.iter().find(|(path, _)| *path == standing.path) {
            let _ = writeln!(out, "  {} ({why})", lang.pick("it cannot be read", "його неможливо прочитати"));
        }
    }
    for (severity, title) in [
        (Severity::Error, lang.pick("ERRORS", "ПОМИЛКИ")),
        (Severity::Warning, lang.pick("WARNINGS", "ЗАУВАЖЕННЯ")),
    ] {
        let found: Vec<&Diagnostic> =
            folder.diagnostics.iter().filter(|found| found.severity == severity).collect();
        if !found.is_empty() {
            let _ = writeln!(out, "\n{title}: {}", found.len());
        }
        for finding in found.into_iter().take(FINDINGS_MAX) {
            let _ = writeln!(out, "\n{}", finding.render(lang, false).trim_end());
        }
    }
    out
}

fn say_live(out: &mut String, live: Option<&Live>, counts: Counts, lang: Lang) {
    let Some(live) = live else {
        let _ = writeln!(out, "{}", lang.pick("NO RULES ARE LIVE", "ЖОДНІ ПРАВИЛА НЕ ДІЮТЬ"));
        return;
    };
    let rulebook = &live.rulebook;
    let zone = &rulebook.settings().time_zone;
    let Counts { running, scheduled, ended } = counts;
    let (promotions, caps) = (rulebook.promotions().len(), rulebook.caps().len());
    let products = rulebook.catalog().products().len();
    let (version, since) = (&live.version, wall(zone, live.live_at));
    let _ = match lang {
        Lang::En => writeln!(
            out,
            "LIVE\n  version {version} since {since} ({zone})\n  promotions: {promotions} (running {running}, \
             scheduled {scheduled}, ended {ended})\n  caps: {caps}, products: {products}",
            zone = zone.name()
        ),
        Lang::Uk => writeln!(
            out,
            "ДІЄ\n  версія {version} від {since} ({zone})\n  акцій: {promotions} (тривають {running}, \
             заплановано {scheduled}, завершено {ended})\n  обмежень: {caps}, товарів: {products}",
            zone = zone.name()
        ),
    };
    let publication = live.publication.as_ref().filter(|_| !live.folder.is_superseded);
    if let Some(origin) = publication.and_then(|publication| origin(publication, zone, lang)) {
        let _ = writeln!(out, "  {origin}");
    }
}

/// How a rulebook came into force when it did not come from the folder: in one sentence, by whom, when and why.
fn origin(publication: &Publication, zone: &Zone, lang: Lang) -> Option<String> {
    let note = &publication.note;
    let (by, at) = (&note.by, wall(zone, note.at));
    let said = match note.origin {
        Origin::Folder => return None,
        Origin::Call => lang.pick(format!("published by {by} at {at}"), format!("опубліковано: {by}, {at}")),
        Origin::Rollback => {
            let number = note.restored.unwrap_or_default();
            lang.pick(
                format!("publication {number} was put back by {by} at {at}"),
                format!("повернено публікацію {number}: {by}, {at}"),
            )
        }
    };
    let comment = note.comment.split_whitespace().collect::<Vec<_>>().join(" ");
    let zone = zone.name();
    Some(match comment.as_str() {
        "" => format!("{said} ({zone})"),
        comment => {
            lang.pick(format!("{said} ({zone}): “{comment}”"), format!("{said} ({zone}): «{comment}»"))
        }
    })
}

/// Why the files of the folder are not what is in force, when that came another way.
#[must_use]
pub fn superseded(live: &Live, lang: Lang) -> Option<String> {
    if !live.folder.is_superseded {
        return None;
    }
    let zone = &live.rulebook.settings().time_zone;
    let origin = live.publication.as_ref().and_then(|publication| origin(publication, zone, lang));
    let origin = origin
        .unwrap_or_else(|| lang.pick("published from elsewhere", "опубліковано з іншого місця").to_owned());
    Some(lang.pick(
        format!(
            "What is in force did not come from this folder: {origin}. It stays in force until a file here changes. To \
             put this folder in force as it is, put an empty file named _ACCEPT into it."
        ),
        format!(
            "Те, що діє, не з цієї папки: {origin}. Воно діятиме, доки тут не зміниться якийсь файл. Щоб увести в дію \
             цю папку такою, як є, покладіть у неї порожній файл _ACCEPT."
        ),
    ))
}

fn wall(zone: &Zone, at: Timestamp) -> String {
    let local = zone.local(Instant::from(at));
    let (hours, minutes, seconds) = (local.second / 3600, local.second / 60 % 60, local.second % 60);
    format!("{} {hours:02}:{minutes:02}:{seconds:02}", local.date)
}

/// Writes the text where the marketer looks, when it is another one than before.
#[derive(Debug)]
pub struct File {
    place: PathBuf,
    written: Option<String>,
    /// Whether the last text could not be written.
    has_failed: bool,
}

impl File {
    /// The file in the rules folder `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let place = root.join(STATUS);
        let written = std::fs::read_to_string(&place).ok();
        File { place, written, has_failed: false }
    }

    /// Whether somebody took the file away.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.written.is_some() && !self.has_failed && !self.place.exists()
    }

    /// Writes `text` unless it is what is there.
    ///
    /// # Errors
    /// The folder cannot be written to: it is not tried again before there is another text.
    pub fn write(&mut self, text: String) -> io::Result<()> {
        if self.written.as_ref() == Some(&text) && !self.is_gone() {
            return Ok(());
        }
        let done = write_durably(&self.place, text.as_bytes());
        self.written = Some(text);
        self.has_failed = done.is_err();
        done
    }
}
