//! What becomes of a folder: the rulebook, the findings, how each file stands. Plain data.

use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::index::Rulebook;
use crate::rulebook::source::Source;

/// What became of a set of sources.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The rulebook; absent when anything is an error.
    pub rulebook: Option<Rulebook>,
    /// Every finding, by path, line and column.
    pub diagnostics: Vec<Diagnostic>,
}

/// Whether and how a file is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it is in the folder.
    Live,
    /// At fault: its last good version is in force instead.
    Held,
    /// At fault, and it never had a good version.
    Out,
    /// What is in force came another way than from the folder; the core never says so.
    Superseded,
}

/// How one file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The file.
    pub path: String,
    /// Whether and how it is in force.
    pub state: State,
}

/// What a folder puts in force.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// The rulebook; absent when nothing good was ever seen.
    pub rulebook: Option<Rulebook>,
    /// The sources it is made of: the good versions to keep.
    pub sources: Vec<Source>,
    /// How each file of the folder stands, by path.
    pub standings: Vec<Standing>,
    /// What was found in the files as they are in the folder.
    pub diagnostics: Vec<Diagnostic>,
}
