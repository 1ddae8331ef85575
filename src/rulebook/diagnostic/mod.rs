//! What was found in a rule file, and where: data first, words last, in English and Ukrainian.

pub mod finding;
pub mod english;
pub mod ukrainian;
pub mod report;

pub use finding::Finding;
pub use report::{Diagnostic, Place, Severity};
