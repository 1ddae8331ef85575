//! The best price a basket can have under hundreds of live promotions: exact, explained, and the same everywhere.
//!
//! *Text in, rulebook out. Rulebook and request in, quote out.* Two pure functions carry the crate,
//! [`rulebook::compile`] and [`pricing::price`]; whatever waits (disk, socket, clock) lives in `server`
//! and `cli`, and the rest does not know that it exists.
//!
//! The order of the lines below is the floor plan: **a module imports only modules declared above it.**

pub mod lang;
pub mod money;
pub mod time;
pub mod catalog;
pub mod basket;
pub mod promotion;
pub mod rulebook;
pub mod pricing;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod cli;
