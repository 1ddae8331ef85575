//! The ledger as a service: one writer that keeps facts, and an index that answers what follows from them.
//!
//! A command goes to the [`writer`]; it decides batch by batch, appends the facts to the journal, waits for the disk, and only then
//! changes the index and answers. The journal is the truth; an [`index`] can be thrown away and is built anew from it.

pub mod error;
pub mod encode;
pub mod index;
pub mod memory;
mod stamp;
pub mod shelf;
pub mod counters;
pub mod space;
mod batch;
mod record;
mod catch_up;
mod recent;
mod writer;
mod glance;
mod postgres;
mod embedded;
pub mod open;
pub mod upkeep;

pub use counters::Counters;
pub use error::Error;
pub use glance::Glance;
pub use open::{Ledger, Options};
pub use writer::{Answer, Settled};
