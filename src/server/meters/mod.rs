//! What is counted where it happens: atomics, so that a price waits for nobody. Who reads them, and in which words, is not known here.
//!
//! Nothing of a customer is counted by name: names here are those of methods, status codes, reasons and promotions, all of them few.

mod histogram;
mod calls;
mod failures;
mod priced;
mod ledger;
mod entrance;
mod all;
mod running;

pub use all::Meters;
pub use calls::{CODES, Calls, Method};
pub use entrance::EntranceMeters;
pub use failures::Failures;
pub use histogram::{Counted, Histogram};
pub use ledger::LedgerMeters;
pub use priced::Priced;
pub use running::Running;
