//! One test binary for all that looks at the crate from outside.
//!
//! `cfg(test)` says to the lints that helper functions, too, are tests.

#[cfg(test)]
mod tidy;
