//! The service as it is, over a network, a disk and clocks that are simulated: tills that ask again through cut lines, lines that hold
//! everything back, killed processes, power cuts, full and failing disks, and clocks that are set. One number, the seed, makes a whole run, and
//! the same number makes it again.
//!
//! What is real: every gRPC service and its layers, HTTP/2, pricing, the ledger's decisions, its journal to the last byte, the recovery.
//! What is not: the threads (all of it runs on one, turn by turn), the index, which is built in memory from the journal at each start, and the
//! rules folder. Those have harnesses of their own in `tests/it/faults`, with real processes on a real disk.
//!
//! `SIMULATION_SEEDS=20000 cargo test --release --test simulation -- --nocapture` for a long run, `SIMULATION_SEED=17` for that one alone and what
//! happened in it, step by step; with `SIMULATION_LOG=1` also every message on the network and every line of the service's log.

#[cfg(test)]
#[path = "../it/faults/dice.rs"]
mod dice;
#[cfg(test)]
mod phones;
#[cfg(test)]
#[path = "../it/faults/gifts.rs"]
mod gifts;
#[cfg(test)]
#[path = "../it/faults/till.rs"]
#[expect(dead_code, reason = "the harnesses of real processes use all of it")]
mod till;
#[cfg(test)]
#[path = "../it/faults/audit.rs"]
#[expect(dead_code, reason = "the harnesses of real processes use all of it")]
mod audit;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod service;
#[cfg(test)]
mod callers;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod run;
#[cfg(test)]
mod seeds;
