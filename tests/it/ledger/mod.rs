//! The ledger suite: what each command is answered, and that every engine keeps the same.

mod table;
mod random;
mod engines;
mod upkeep;
