//! What is promised survives: killed processes, power cuts, rotten disks, full disks.
//!
//! Each module is a harness with a short run for every day and a variable for a long one; each prints what it did.

pub(crate) mod dice;
mod gifts;
pub(crate) mod phones;
pub(crate) mod served;
pub(crate) mod till;
pub(crate) mod shop;
pub(crate) mod audit;
mod kill;
pub(crate) mod shim;
mod disk;
mod truth;
mod files;
mod power;
mod rot;
mod full;
mod nodes;
