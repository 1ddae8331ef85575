//! Text in, rulebook out: `compile` reads and checks rule files, `adopt` decides what a folder puts in force.
//!
//! Nothing here opens a file: sources come in as bytes, findings go out as data.

pub mod settings;
pub mod source;
pub mod finding;
pub mod english;
pub mod ukrainian;
pub mod diagnostic;
pub mod folder;
pub mod number;
pub mod calendar;
pub mod suggest;
pub mod vocabulary;
pub mod page;
pub mod syntax;
pub mod reader;
pub mod lower_settings;
pub mod lower_goods;
pub mod lower_when;
pub mod lower_give;
pub mod lower_rules;
pub mod table;
pub mod reading;
pub mod lint;
pub mod library;
pub mod matcher;
pub mod index;
pub mod compile;
pub mod adopt;
pub mod cases;
pub mod schema;

pub use adopt::adopt;
pub use cases::{Expected, TestCase, read_tests, untested};
pub use compile::compile;
pub use diagnostic::{Diagnostic, Place, Severity};
pub use folder::is_rule_file;
pub use index::{PromotionIndex, PromotionMatchers, Rulebook, measured_goods, spend_of};
pub use matcher::{Marks, Matcher};
pub use schema::{schema, settings_schema, tests_schema};
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
