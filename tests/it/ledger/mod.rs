//! The ledger suite: what each command is answered, and that every engine keeps the same.

pub(crate) mod table;
mod random;
mod engines;
mod served;
mod upkeep;
