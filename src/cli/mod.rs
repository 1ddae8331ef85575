//! The command line: one file a command.

pub mod terminal;
pub mod paper;
pub mod words;
pub mod receipt;
