//! The best price a basket can have under hundreds of live promotions: exact, explained, and the same everywhere.
//!
//! *Text in, rulebook out. Rulebook and request in, quote out.* Two pure functions carry the crate,
//! [`rulebook::compile`] and [`pricing::price`]; whatever waits (disk, socket, clock) lives in `server`
//! and `cli`, and the rest does not know that it exists.
//!
//! The order of the lines below is the floor plan: **a module imports only modules declared above it.**

pub mod basket;
pub mod catalog;
#[cfg(feature = "server")]
pub mod cli;
pub mod lang;
pub mod money;
pub mod pricing;
pub mod promotion;
pub mod rulebook;
#[cfg(feature = "server")]
pub mod server;
pub mod time;
