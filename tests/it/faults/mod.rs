//! What is promised survives: killed processes, power cuts, rotten disks, full disks.
//!
//! Each module is a harness with a short run for every day and a variable for a long one; each prints what it did.

mod dice;
mod gifts;
mod phones;
mod served;
mod till;
mod shop;
mod audit;
mod kill;
mod shim;
mod disk;
mod truth;
mod files;
mod power;
mod rot;
mod full;
mod nodes;
