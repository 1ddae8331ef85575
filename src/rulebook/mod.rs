//! Text in, rulebook out: `compile` reads and checks rule files, `adopt` decides what a folder puts in force.
//!
//! Nothing here opens a file: sources come in as bytes, findings go out as data.

pub mod settings;
pub mod source;
pub mod diagnostic;
pub mod text;
pub mod read;
pub mod matcher;
mod postings;
mod gates;
pub mod index;
pub mod lint;
pub mod library;
pub mod outcome;
pub mod compile;
pub mod adopt;
pub mod diff;
pub mod cases;
pub mod schema;

pub use adopt::adopt;
pub use cases::{Expected, ExpectedGift, TestCase, read_tests, untested};
pub use compile::compile;
pub use diagnostic::{Diagnostic, Place, Severity};
pub use gates::Pass;
pub use index::{PromotionIndex, Rulebook, measured_goods, slots_of, spend_of};
pub use matcher::{Marks, Matcher, PromotionMatchers};
pub use outcome::{Adoption, Compiled, Standing, State};
pub use schema::{schema, settings_schema, tests_schema};
pub use settings::{Settings, Store};
pub use source::{Digest, Source};
pub use text::folder::is_rule_file;
