//! What was found in a rule file, and where: data first, words last.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{english, ukrainian};
use crate::lang::Lang;
use crate::rulebook::diagnostic::finding::Finding;

pub use crate::rulebook::diagnostic::finding::Severity;

/// Columns of a terminal that a rendered diagnostic is laid out for.
const WIDTH: usize = 120;

/// Where in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// How many characters the caret underlines, at least 1.
    pub length: u32,
    /// The line itself, without its end; of a very long line the part around the place.
    pub text: String,
    /// The column of the first character of `text`: 1 unless the line is very long.
    pub text_column: u32,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub path: String,
    /// Where in it; nowhere when it is about the file as a whole.
    pub place: Option<Place>,
    /// A second file and place: where an id or a key stood first.
    pub also: Option<(String, Place)>,
    /// A fixed name for the kind of finding.
    pub code: &'static str,
    /// What was found.
    pub finding: Finding,
}

impl Diagnostic {
    /// A finding about a file, at `place` if it has one.
    #[must_use]
    pub fn new(path: &str, place: Option<Place>, finding: Finding) -> Self {
        Diagnostic {
            severity: finding.severity(),
            path: path.to_owned(),
            place,
            also: None,
            code: finding.code(),
            finding,
        }
    }

    /// The same with a second place.
    #[must_use]
    pub fn with_also(mut self, path: &str, place: Option<Place>) -> Self {
        self.also = place.map(|place| (path.to_owned(), place));
        self
    }

    /// Whether the file is not taken because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        match lang {
            Lang::En => english::message(&self.finding),
            Lang::Uk => ukrainian::message(&self.finding),
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn advice(&self, lang: Lang) -> Option<String> {
        match lang {
            Lang::En => english::advice(&self.finding),
            Lang::Uk => ukrainian::advice(&self.finding),
        }
    }

    /// The finding as a terminal shows it: file, line, column, the line itself, a caret, the advice.
    #[must_use]
    pub fn render(&self, lang: Lang, color: bool) -> String {
        let message = self.message(lang);
        let (level, name) = match self.severity {
            Severity::Error => (Level::ERROR, lang.pick("error", "помилка")),
            Severity::Warning => (Level::WARNING, lang.pick("warning", "увага")),
        };
        let mut group = Group::with_title(level.with_name(name).primary_title(message));
        group = match &self.place {
            Some(place) => shown(group, &self.path, place, AnnotationKind::Primary),
            None => group.element(Origin::path(self.path.as_str())),
        };
        let mut report = vec![group];
        if let Some((path, place)) = &self.also {
            let title = Level::NOTE
                .with_name(lang.pick("note", "примітка"))
                .secondary_title(lang.pick("the other one is here", "інше місце тут"));
            report.push(shown(Group::with_title(title), path, place, AnnotationKind::Context));
        }
        if let Some(advice) = self.advice(lang) {
            let help = Level::HELP.with_name(lang.pick("help", "порада"));
            report.push(Group::with_title(help.secondary_title(advice)));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let rendered = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH).render(&report);
        match &self.place {
            Some(place) => corrected(rendered, &self.path, place),
            None => rendered,
        }
    }
}

/// Adds a file, a line and a caret to a group.
fn shown<'a>(group: Group<'a>, path: &'a str, place: &'a Place, kind: AnnotationKind) -> Group<'a> {
    let first = whole(place.column.saturating_sub(place.text_column));
    let start = byte_of(&place.text, first);
    let end = byte_of(&place.text, first.saturating_add(whole(place.length.max(1)))).max(start);
    let snippet = Snippet::source(place.text.as_str()).line_start(whole(place.line)).path(path);
    group.element(snippet.annotation(kind.span(start..end)))
}

/// The renderer counts columns in the text it is given: where that is a part of a long line, the column is put right.
fn corrected(rendered: String, path: &str, place: &Place) -> String {
    if place.text_column == 1 {
        return rendered;
    }
    let counted = place.column.saturating_sub(place.text_column) + 1;
    let (wrong, right) =
        (format!("{path}:{}:{counted}", place.line), format!("{path}:{}:{}", place.line, place.column));
    rendered.replacen(&wrong, &right, 1)
}

/// The byte at which the character with this number begins, or the end of the text.
fn byte_of(text: &str, number: usize) -> usize {
    text.char_indices().nth(number).map_or(text.len(), |(byte, _)| byte)
}

fn whole(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Puts findings into the order in which people read them: by path, line and column.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    let key = |d: &Diagnostic| d.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
    diagnostics.sort_by(|one, other| {
        (one.path.as_str(), key(one), one.code).cmp(&(other.path.as_str(), key(other), other.code))
    });
}

/// Findings of one file that are shown; a file with more mistakes than this has one mistake a thousand times.
pub const SHOWN_MAX: usize = 100;

/// Keeps the first findings of every file and counts the rest; the findings are in order. Errors go before warnings
/// when something has to give way, so that no file looks better than it is.
#[must_use]
pub fn capped(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for file in diagnostics.chunk_by(|one, other| one.path == other.path) {
        let errors = file.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let mut errors_left = SHOWN_MAX.min(errors);
        let mut warnings_left = SHOWN_MAX - errors_left;
        let mut more = 0;
        for diagnostic in file {
            let left = if diagnostic.is_error() { &mut errors_left } else { &mut warnings_left };
            match &diagnostic.finding {
                Finding::More(count) => more += count,
                _ if *left == 0 => more += 1,
                _ => {
                    *left -= 1;
                    kept.push(diagnostic.clone());
                }
            }
        }
        if let (true, Some(first)) = (more > 0, file.first()) {
            kept.push(more_of(&first.path, more, errors > 0));
        }
    }
    kept
}

/// "And so many more in this file."
#[must_use]
pub fn more_of(path: &str, count: usize, errors: bool) -> Diagnostic {
    let mut more = Diagnostic::new(path, None, Finding::More(count));
    more.severity = if errors { Severity::Error } else { Severity::Warning };
    more
}
