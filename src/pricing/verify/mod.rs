//! Checks a quote against the definition of the price, without knowing how it was found.
//!
//! Everything is worked out again from the basket, unit by unit: conditions, goods, stacking, measured sums, tiers, the order
//! of effect, roundings, shares, floors and totals. Nothing is taken from the rooms that search and settle; those stand
//! below in the floor plan and cannot be imported here. Whether a *better* price exists is not asked: that is the
//! solution's proof, and the oracle of the tests.

mod effect;
mod audit;

pub use audit::{Flaw, verify};
