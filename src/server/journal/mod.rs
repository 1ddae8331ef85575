//! The journal of the embedded ledger: segments of records that only grow, and the truth that every index is built from.
//!
//! A record is one batch of facts, bytes that mean nothing here. It is written with one call and synced before the next
//! one is begun. From that follows what a bad record is: with a later one behind it, or with its number at or below a
//! high-water mark, it is damage, and the journal refuses and names it; at the very end and above the marks it is a
//! torn tail, a batch that nobody was answered, and it is cut. The marks stand in two places: `high-water` beside the
//! segments, and the index, whose number the caller passes to [`Journal::open`].
//!
//! This room knows no fact, no clock and no network. [`Journal`] writes, and [`Pour`] makes a whole journal at once, for copies: readers
//! need no lock.

mod error;
mod frame;
pub mod disk;
mod folder;
mod mark;
mod walk;
mod segments;
mod stream;
mod reader;
mod recover;
mod writer;
mod pour;
#[cfg(test)]
mod harm;

pub use disk::Place;
pub use error::{Damage, Error};
pub use frame::{Chain, PAYLOAD_BYTES_MAX, Position};
pub use pour::{Pour, Poured};
pub use reader::{Reader, Record, Summary, acknowledged, read_at, reader, reader_at, verify};
pub use recover::{Options, Recovery, SEGMENT_BYTES};
pub use writer::Journal;
