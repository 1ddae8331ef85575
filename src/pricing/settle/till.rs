//! The basket while promotions take effect one by one.

use super::model::{Batch, Group};
use crate::money::Amount;
use crate::pricing::problem::{Cut, Offer, Problem, SetShare};

pub(super) struct Till<'a> {
    pub(super) problem: &'a Problem,
    pub(super) groups: Vec<Group>,
    pub(super) batches: Vec<Batch>,
    pub(super) taken: Vec<Amount>,
}

/// An offer that takes effect.
pub(super) struct Effect<'a> {
    pub(super) place: usize,
    pub(super) offer: &'a Offer,
    /// The place within the stage: fixed prices, percentages, amounts.
    pub(super) order: u8,
    pub(super) act: Act<'a>,
}

impl Effect<'_> {
    /// Whether units of a group have their part in it, if they carry the offer: where each SKU reaches a tier by itself, those whose
    /// tier is of the kind that takes effect now.
    pub(super) fn is_for(&self, problem: &Problem, group: &Group) -> bool {
        let Act::BySku(cuts) = &self.act else {
            return true;
        };
        let sku = problem.lines.get(group.line).map(|line| line.sku);
        sku.and_then(|sku| cuts.get(sku)).is_some_and(Option::is_some)
    }
}

/// What an offer does.
pub(super) enum Act<'a> {
    /// The same cut for each unit.
    Units(&'a Cut),
    /// A cut by SKU: the tier that each reaches by itself.
    BySku(Vec<Option<&'a Cut>>),
    /// A cut by the unit's role in its set.
    ByRole,
    /// An amount off each set, or a price for it.
    Sets(SetShare),
    /// An amount off the goods together.
    Basket(Amount),
}

impl Till<'_> {
    pub(super) fn list(&self, line: usize) -> Amount {
        self.problem.lines.get(line).map_or(Amount::ZERO, |line| line.list)
    }

    pub(super) fn note(&mut self, place: usize, total: Amount) {
        if let Some(taken) = self.taken.get_mut(place) {
            *taken += total;
        }
    }

    /// What is left of an offer's maximum: tiers of different kinds use it up one after the other.
    pub(super) fn left_to_take(&self, effect: &Effect<'_>) -> Option<Amount> {
        let taken = self.taken.get(effect.place).copied().unwrap_or_default();
        effect.offer.max_discount.map(|most| most.above(taken))
    }

    /// What a cut takes off a unit of the group.
    pub(super) fn take(&self, group: &Group, cut: &Cut) -> Amount {
        self.problem
            .lines
            .get(group.line)
            .map_or(Amount::ZERO, |line| cut.take(group.line, line, group.price, self.problem.rounding))
    }
}
