//! What the search gives back.

use crate::money::Amount;
use crate::pricing::settle::Settled;

/// The best assignment found, and how far it is proven to be the best there is.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The assignment with its prices.
    pub settled: Settled,
    /// Nothing when it is proven; else the amount by which a better one could at most exist.
    pub possible_gain: Option<Amount>,
    /// The work done, in steps.
    pub steps: u64,
}

/// What breaks a tie before anything else: the value of the gifts that a settled basket earns, and its points; nothing where it
/// does not earn a gift that it owes.
pub type Worth<'a> = dyn Fn(&Settled) -> Option<(Amount, u64)> + 'a;
