//! `assign: retailer`: the units that get the benefit are the cheapest, by list price, of all that count for it.

use super::model::{Batch, Group};
use super::till::Till;
use crate::money::Amount;
use crate::pricing::problem::SetRules;

/// Whether every benefit that the retailer assigns goes to the cheapest.
pub(super) fn holds(till: &Till<'_>) -> bool {
    till.problem.offers.iter().enumerate().all(|(place, offer)| match &offer.set {
        Some(rules) if rules.retailer_assigns => is_cheapest(till, place, rules),
        _ => true,
    })
}

/// Slot by slot: nothing that counts and does not get the benefit is cheaper than something that does.
fn is_cheapest(till: &Till<'_>, place: usize, rules: &SetRules) -> bool {
    rules.slots.iter().enumerate().all(|(slot, lines)| {
        let dearest = till
            .groups
            .iter()
            .filter(|group| benefits(till, place, rules, group) == Some(slot))
            .map(|group| till.list(group.line))
            .max();
        let left_out = till.groups.iter().filter(|group| {
            lines.contains(group.line)
                && till.problem.goes_with(place, &group.carried)
                && benefits(till, place, rules, group).is_none()
        });
        let cheapest: Option<Amount> = left_out.map(|group| till.list(group.line)).min();
        !matches!((dearest, cheapest), (Some(dearest), Some(cheapest)) if cheapest < dearest)
    })
}

/// The slot in which the units of a group get the benefit of an offer.
fn benefits(till: &Till<'_>, place: usize, rules: &SetRules, group: &Group) -> Option<usize> {
    let is_mine = |batch: &&Batch| batch.offer == place;
    let role = group.seats.iter().find_map(|seat| {
        let batch = till.batches.get(seat.batch).filter(is_mine)?;
        batch.members.get(seat.member).map(|&(role, _)| role)
    })?;
    rules.roles.get(role).filter(|role| role.is_benefited).map(|role| role.slot)
}
