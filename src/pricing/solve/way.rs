//! A way to serve the lines: so many units of each with a choice. What is to be known of it before it is priced.

use fixedbitset::FixedBitSet;

use super::choice::{Act, Choice, Choices, Kit};
use super::switch::Plan;
use crate::pricing::problem::Problem;

/// Units of a line that got a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Served {
    /// The line's place in the problem.
    pub line: usize,
    /// The choice's place in the line's list.
    pub choice: usize,
    /// How many.
    pub count: u32,
}

/// Whether the sets of a way may be grouped differently with another price: there are several that share something, and of what
/// they share a floor may hold a part, a later promotion take one, or a sum see one.
pub(super) fn is_open(choices: &Choices, served: &[Served]) -> bool {
    let mut units = vec![0_i64; choices.kits.len()];
    for entry in served {
        let choice = choices.lines.get(entry.line).and_then(|list| list.get(entry.choice));
        for &(kit, _) in choice.map_or(&[][..], |choice| &choice.seats) {
            if let Some(units) = units.get_mut(kit) {
                *units += i64::from(entry.count);
            }
        }
    }
    choices
        .kits
        .iter()
        .zip(units)
        .any(|(kit, units)| (!kit.is_exact || kit.is_watched) && units >= 2 * kit.size())
}

/// Whether a way has sets at all.
pub(super) fn has_sets(choices: &Choices, served: &[Served]) -> bool {
    seated(choices, served).next().is_some()
}

/// Whether some unit may lose nothing by its set: a set of such units alone is not made up. What a unit with other promotions
/// loses by which of them is not looked into, nor what a basket amount leaves of it.
pub(super) fn may_take_nothing(
    problem: &Problem,
    choices: &Choices,
    served: &[Served],
    on: &FixedBitSet,
) -> bool {
    let comes_late = |kit: &Kit| on.ones().any(|one| problem.is_followed(one, |other| other == kit.offer));
    seated(choices, served).any(|(kit, role, choice)| {
        let is_benefited = kit.roles.get(role).is_some_and(|role| role.is_benefited);
        let is_nothing = choice.value.last().is_none_or(|&take| take == 0);
        is_benefited && (kit.gain < 0 || choice.acts.len() > 1 || is_nothing || comes_late(kit))
    })
}

/// The places in sets, with the choice that has them.
fn seated<'a>(
    choices: &'a Choices,
    served: &'a [Served],
) -> impl Iterator<Item = (&'a Kit, usize, &'a Choice)> {
    let taken = served.iter().filter_map(|units| choices.lines.get(units.line)?.get(units.choice));
    taken.flat_map(move |choice| {
        choice.seats.iter().filter_map(move |&(kit, role)| Some((choices.kits.get(kit)?, role, choice)))
    })
}

/// A way without the units that stand ready for sets that are not made up.
pub(super) fn trimmed(choices: &Choices, served: &[Served]) -> Vec<Served> {
    let mut served = served.to_vec();
    for (place, kit) in choices.kits.iter().enumerate() {
        let seats = |served: &[Served], role: usize| -> Vec<usize> {
            let has = |units: &Served| {
                let choice = choices.lines.get(units.line).and_then(|list| list.get(units.choice));
                choice.is_some_and(|choice| choice.seats.contains(&(place, role)))
            };
            (0..served.len()).filter(|&at| served.get(at).is_some_and(has)).collect()
        };
        let count = |served: &[Served], role: usize| -> u32 {
            seats(served, role).iter().filter_map(|&at| served.get(at)).map(|units| units.count).sum()
        };
        let roles = || kit.roles.iter().enumerate();
        let benefited = roles().filter(|(_, role)| role.is_benefited);
        let sets =
            benefited.map(|(at, role)| count(&served, at) / role.quantity.max(1)).max().unwrap_or_default();
        for (at, role) in roles().filter(|(_, role)| !role.is_benefited) {
            let mut excess = count(&served, at).saturating_sub(sets * role.quantity);
            for seat in seats(&served, at).into_iter().rev() {
                let Some(units) = served.get(seat).copied().filter(|_| excess > 0) else {
                    break;
                };
                let Some(choice) = without(choices, &units, kit.offer) else {
                    continue;
                };
                let leaving = excess.min(units.count);
                excess -= leaving;
                if let Some(staying) = served.get_mut(seat) {
                    staying.count -= leaving;
                }
                served.push(Served { choice, count: leaving, ..units });
            }
        }
        served.retain(|units| units.count > 0);
    }
    served
}

/// The choice of units that leave the sets of an offer.
fn without(choices: &Choices, units: &Served, offer: usize) -> Option<usize> {
    let list = choices.lines.get(units.line)?;
    let own = list.get(units.choice)?;
    let is_other = |choice: &Choice| {
        let kept = own.acts.iter().filter(|act| act.offer != offer);
        choice.acts.iter().eq(kept)
    };
    list.iter().position(is_other)
}

/// What a way adds up to on each gauge, at most and at least.
pub(super) fn sums(choices: &Choices, served: &[Served]) -> Vec<(i64, i64)> {
    let mut sums = vec![(0, 0); choices.gauges.len()];
    for units in served {
        let choice = choices.lines.get(units.line).and_then(|list| list.get(units.choice));
        let Some(choice) = choice else {
            continue;
        };
        for (sum, &(most, least)) in sums.iter_mut().zip(&choice.adds) {
            sum.0 += most * i64::from(units.count);
            sum.1 += least * i64::from(units.count);
        }
    }
    let mut seats = vec![0_i64; choices.kits.len()];
    for units in served {
        let choice = choices.lines.get(units.line).and_then(|list| list.get(units.choice));
        for &(kit, _) in choice.map_or(&[][..], |choice| &choice.seats) {
            if let Some(seats) = seats.get_mut(kit) {
                *seats += i64::from(units.count);
            }
        }
    }
    for (kit, seats) in choices.kits.iter().zip(seats) {
        let sets = seats / kit.size().max(1);
        for (sum, &(most, least)) in sums.iter_mut().zip(&kit.adds) {
            sum.0 += most * sets;
            sum.1 += least * sets;
        }
    }
    sums
}

/// The acts of a way that a switch decides on.
pub(super) fn tiers(
    problem: &Problem,
    plan: &Plan,
    choices: &Choices,
    served: &[Served],
    switch: usize,
) -> Vec<Act> {
    let mut tiers: Vec<Act> = Vec::new();
    for units in served {
        let choice = choices.lines.get(units.line).and_then(|list| list.get(units.choice));
        let sku = problem.lines.get(units.line).map_or(0, |line| line.sku);
        let acts = choice.map_or(&[][..], |choice| choice.acts.as_slice());
        for act in acts.iter().filter(|act| plan.of(act.offer, sku) == Some(switch)) {
            if !tiers.contains(act) {
                tiers.push(*act);
            }
        }
    }
    tiers
}
