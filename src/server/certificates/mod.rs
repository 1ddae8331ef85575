//! Gift certificates at the edge of the ledger: here a certificate still is its number, a phone its digits, a password six of them. Below
//! there are keyed hashes.

mod book;
mod statement;

pub use book::{Certificates, Purpose, Typed};
pub use statement::{Day, Statement, statement};
