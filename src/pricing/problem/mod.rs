//! A basket and its candidates as numbers: what the search sees. Lines, promotions and levels are places in lists.

mod model;
mod set;
mod number;

pub use model::{
    Cut, DeliveryOffer, Duty, Give, Line, Measure, Offer, Pattern, Problem, Role, SetRules, SetShare, Tier,
};
pub use number::{held, number};
pub use set::dearest_units;
