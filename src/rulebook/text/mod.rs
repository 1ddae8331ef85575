//! Files as text: which they are, their numbers, dates and lines, and the tree that YAML and JSON make of them.
//!
//! Nothing here knows a word of the rule files.

pub mod folder;
pub mod suggest;
pub mod number;
pub mod calendar;
pub mod page;
pub mod syntax;
