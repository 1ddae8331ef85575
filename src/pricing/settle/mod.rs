//! What an assignment costs: every promotion takes effect in its order, floors and maxima hold, every unit ends at a
//! whole price. Exact; the search asks it for the last word on each assignment that it tries.

mod model;
mod till;
mod sets;
mod retailer;
mod serve;
mod held;

pub use model::{
    Assignment, Batch, Group, Made, Offers, Part, Seat, Settled, Units, Value, multiples, reached,
};

pub use held::{Held, HeldBack, held};

use super::problem::Problem;
use crate::money::Amount;
use till::Till;

/// The prices of an assignment; `None` where it is not legal.
#[must_use]
pub fn settle(problem: &Problem, assignment: &Assignment) -> Option<Settled> {
    if !limits_hold(problem, assignment) {
        return None;
    }
    let mut till = Till::open(problem, assignment)?;
    let mut value = Value::new();
    for level in 0..problem.levels {
        till.serve(level, assignment)?;
        value.push(till.taken.iter().copied().sum::<Amount>().minor());
    }
    if !till.does_duties() {
        return None;
    }
    let delivery = till.delivery();
    if let (Some(offer), Some(last)) = (delivery.and_then(|at| problem.deliveries.get(at)), value.last_mut())
    {
        *last += offer.takes.minor();
    }
    Some(Settled { value, groups: till.groups, batches: till.batches, taken: till.taken, delivery })
}

fn limits_hold(problem: &Problem, assignment: &Assignment) -> bool {
    problem.offers.iter().enumerate().all(|(place, offer)| {
        let units = offer.units_max.is_none_or(|most| {
            let carrying = assignment.units.iter().filter(|units| units.carried.contains(&place));
            carrying.map(|units| u64::from(units.count)).sum::<u64>() <= u64::from(most)
        });
        let sets_max = offer.set.as_ref().and_then(|rules| rules.sets_max);
        units
            && sets_max.is_none_or(|most| {
                let made = assignment.sets.iter().filter(|made| made.offer == place);
                made.map(|made| u64::from(made.times)).sum::<u64>() <= u64::from(most)
            })
    })
}
