//! What was found in a rule file, and where: data first, words last.

use crate::lang::Lang;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file is not taken.
    Error,
    /// The file is taken; look at it all the same.
    Warning,
}

/// Where in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// How many characters the caret underlines, at least 1.
    pub length: u32,
    /// The line itself, without its end.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub path: String,
    /// Where in it; nowhere when it is about the file as a whole.
    pub place: Option<Place>,
    /// A fixed name for the kind of finding.
    pub code: &'static str,
}

impl Diagnostic {
    /// What is wrong, in one sentence.
    #[must_use]
    pub fn message(&self, _lang: Lang) -> String {
        String::new()
    }

    /// What to write instead.
    #[must_use]
    pub fn advice(&self, _lang: Lang) -> Option<String> {
        None
    }

    /// The finding as a terminal shows it: file, line, column, the line itself, a caret, the advice.
    #[must_use]
    pub fn render(&self, _lang: Lang, _color: bool) -> String {
        String::new()
    }
}
