//! The ledger suite: what each command is answered, and that every engine keeps the same.

pub(crate) mod table;
mod certificates;
mod random;
mod engines;
mod race;
mod served;
mod shared;
mod nodes;
mod carried;
mod pace;
mod upkeep;
mod verified;
