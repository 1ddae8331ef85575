//! Every rulebook that was ever live, and how it came to be.
//!
//! A **publication** is the moment at which a rulebook came into force: by the folder, by a call, or because somebody went back to an
//! old one. Publications are numbered 1, 2, 3 …; the same rulebook may be published many times. Who needs them asks for a [`History`];
//! which one there is, only the place of wiring knows.

mod durable;
mod history;
mod lines;
pub mod disk;
pub mod shared;

pub use durable::write_durably;
pub use history::{Changed, Error, History, Kept, Named, Note, Origin, Publication, Recovered, Request};
