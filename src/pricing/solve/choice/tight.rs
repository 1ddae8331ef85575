//! What sets get as a whole, worked out set by set.
//!
//! Where something takes effect after a set's amount or price, what a unit loses by it depends on the unit's share, and
//! [`super::kit`] knows a bound alone: it may count a minor unit too much for each unit of a set, or the whole of a percentage
//! that finds less than it counts on. Here every way to fill one set is settled by itself, and the most that it takes off beside what
//! its units lose is what a set gets. No basket amount is on then: sets take effect before them, there is one level. It is work that only those baskets are worth whose proof fails by such a trifle.

use smallvec::SmallVec;

use super::kit::Kit;
use super::listed::Choices;
use super::model::{Acts, Choice};
use crate::money::Amount;
use crate::pricing::problem::Problem;
use crate::pricing::settle::{Assignment, Made, Part, Units, settle};

/// The most ways to fill a set that are settled, and those of all sets together.
const FILLINGS_MAX: usize = 4_096;
const ALL_MAX: usize = 16_384;

/// Bounds what sets get more tightly; false where nothing changes.
pub(in crate::pricing::solve) fn tighten(problem: &Problem, choices: &mut Choices) -> bool {
    // A duty is done by the whole basket: one set by itself may not do it and be legal all the same.
    if problem.levels > 1 || !problem.duties.is_empty() {
        return false;
    }
    let mut is_tighter = false;
    let mut left = ALL_MAX;
    for place in 0..choices.kits.len() {
        let kit = choices.kits.get(place);
        let Some(gain) = kit.and_then(|kit| most(problem, choices, place, kit, &mut left)) else {
            continue;
        };
        if let Some(kit) = choices.kits.get_mut(place).filter(|kit| gain < kit.gain) {
            kit.gain = gain;
            is_tighter = true;
        }
    }
    is_tighter
}

/// A unit that may have a role: its line, and what it carries.
type Seat<'a> = (usize, &'a Choice);

/// The most that a set of a kit takes off beside what its units lose; nothing where that depends on more than its units.
fn most(problem: &Problem, choices: &Choices, place: usize, kit: &Kit, left: &mut usize) -> Option<i64> {
    let shares = problem.offers.get(kit.offer)?.set.as_ref()?.shared.is_some();
    if !shares || kit.is_exact || kit.retailer_assigns {
        return None;
    }
    // The units of a set, one after the other, with the seats that each may have.
    let mut units: Vec<(usize, Vec<Seat<'_>>)> = Vec::new();
    for (role, numbers) in kit.roles.iter().enumerate() {
        let mut seats: Vec<Seat<'_>> = Vec::new();
        for (line, list) in choices.lines.iter().enumerate() {
            seats.extend(list.iter().filter(|one| one.seats.contains(&(place, role))).map(|one| (line, one)));
        }
        if seats.iter().any(|(_, choice)| !stands_alone(problem, choices, &choice.acts, kit.offer)) {
            return None;
        }
        units.extend((0..numbers.quantity).map(|_| (numbers.role, seats.clone())));
    }
    let fillings = units.iter().try_fold(1_usize, |ways, (_, seats)| ways.checked_mul(seats.len()))?;
    if fillings == 0 || fillings > FILLINGS_MAX.min(*left) {
        return None;
    }
    *left -= fillings;
    let gains = (0..fillings).filter_map(|filling| gain(problem, kit.offer, &units, filling));
    gains.max()
}

/// Whether what a choice is worth depends on nothing but its own unit and the set.
fn stands_alone(problem: &Problem, choices: &Choices, acts: &Acts, set: usize) -> bool {
    acts.iter().filter(|act| act.offer != set).all(|act| {
        let is_plain = |offer: &crate::pricing::problem::Offer| {
            offer.spend.is_none() && offer.count.is_none() && offer.set.is_none()
        };
        problem.offers.get(act.offer).is_some_and(is_plain)
    }) && acts.iter().all(|act| !choices.capped.contains(&act.offer))
}

/// What one filling takes off beside what its units lose; nothing where it is not legal.
fn gain(
    problem: &Problem,
    offer: usize,
    units: &[(usize, Vec<Seat<'_>>)],
    mut filling: usize,
) -> Option<i64> {
    let mut seated: SmallVec<[(usize, usize, &Choice); 8]> = SmallVec::new();
    for (role, seats) in units {
        let &(line, choice) = seats.get(filling % seats.len())?;
        filling /= seats.len();
        seated.push((line, *role, choice));
    }
    seated.sort_by_key(|&(line, role, _)| (line, role));
    let mut assignment = Assignment::default();
    let mut members = Vec::with_capacity(seated.len());
    let mut lost = 0;
    for (at, (line, role, choice)) in seated.into_iter().enumerate() {
        lost += choice.value.last().copied().unwrap_or_default();
        members.push(Part { units: at, role, count: 1 });
        assignment.units.push(Units { line, count: 1, carried: choice.carried.clone() });
    }
    assignment.sets.push(Made { offer, times: 1, members });
    let settled = settle(problem, &assignment)?;
    Some(settled.taken.iter().copied().sum::<Amount>().minor() - lost)
}
