//! Generated codes at the edge of the ledger: here a code still is its text, and a phone its number. Below there are keyed hashes.
//!
//! Whoever guesses is told one thing, whatever was wrong, after the same work; and every failed attempt is a fact of the ledger,
//! so that a restart forgives nothing.

mod guard;
mod look;
pub mod trouble;
mod book;
pub mod make;
mod resolve;

pub use book::Codebook;
pub use look::{Found, text_of};
pub use trouble::Trouble;
