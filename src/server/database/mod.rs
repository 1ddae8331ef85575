//! The database that many nodes share: its address, connections to it, its tables and what it tells.
//!
//! Whoever asks it waits on a thread of its own; the connections live on a small runtime that is this room's alone, so that nothing here
//! ends with the runtime of a caller. What is in the tables is the business of the rooms below.

pub mod address;
mod error;
mod tls;
mod migrate;
mod pool;
pub mod news;
mod shared;

pub use address::Address;
pub use error::Error;
pub use migrate::Tables;
pub use news::{News, Topic};
pub use pool::{Client, Database, TIMEOUT};
pub use shared::Shared;
