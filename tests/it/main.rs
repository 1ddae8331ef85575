//! One test binary for all that looks at the crate from outside.

mod tidy;
