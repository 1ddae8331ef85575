//! What is counted where it happens: atomics, so that a price waits for nobody. Who reads them, and in which words, is not known here.
//!
//! Nothing of a customer is counted by name: names here are those of methods, status codes, reasons and promotions, all of them few.

mod histogram;
mod calls;
mod failures;
mod priced;
mod ledger;

pub use calls::{CODES, Calls, Method, Running};
pub use failures::Failures;
pub use histogram::{Counted, Histogram};
pub use ledger::LedgerMeters;
pub use priced::Priced;

/// What calls are counted by.
#[derive(Debug)]
pub struct Meters {
    /// Calls by method and status.
    pub calls: Calls,
    /// Failures by reason.
    pub failures: Failures,
    /// How long one basket took, of a call or of a stream.
    pub baskets: Histogram,
}

impl Default for Meters {
    fn default() -> Self {
        Meters { calls: Calls::default(), failures: Failures::default(), baskets: Histogram::of_times() }
    }
}
