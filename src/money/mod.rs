//! Exact money: whole minor units, rates as decimals, every division with a named rounding.
//!
//! Nothing here knows what a promotion is. There is no floating point in this room or above it.

pub mod amount;
pub mod currency;
pub mod rounding;
pub mod rate;
pub mod spread;

pub use amount::Amount;
pub use currency::Currency;
pub use rate::Rate;
pub use rounding::Rounding;
