//! Choices that another of their line makes needless.

use smallvec::SmallVec;

use super::build::{Builder, RETAILERS_MAX};
use super::model::{Pick, Sense, SourceOf};
use crate::pricing::problem::Give;
use crate::pricing::solve::choice::Choice;

impl Builder<'_> {
    /// Leaves out a choice where another of the line is worth more and adds at least as well to every row, so that it keeps
    /// the settings. Only where nothing is shared: there a unit's worth depends on the others. With the same seats the other may be one
    /// on which its set takes nothing, which alone is not made up: `way::may_take_nothing` leaves the bound open then.
    pub(super) fn undominated(&self, list: &[Choice], picks: Vec<Pick>) -> Vec<Pick> {
        let is_open = self.settings.iter().any(Option::is_none);
        // Beyond the most that are watched a choice may withhold from a retailer's benefit unseen.
        let is_blind = self.retailers.len() >= RETAILERS_MAX;
        let is_tied = |pick: &Pick| {
            list.get(pick.choice).is_none_or(|choice| self.is_bound(choice, pick) || self.is_vague(choice))
        };
        if !self.plan.deliveries_fall || is_blind || is_open || picks.iter().any(is_tied) {
            return picks;
        }
        let takers = |pick: &Pick| list.get(pick.choice).map(|choice| self.takers(choice));
        let is_alike = |one: &Pick, other: &Pick| {
            (&one.seats, one.withholds, one.receives) == (&other.seats, other.withholds, other.receives)
                && takers(one) == takers(other)
        };
        let mut kept: Vec<Pick> = Vec::with_capacity(picks.len());
        for pick in picks {
            if !kept.iter().any(|better| self.dominates(better, &pick) && is_alike(better, &pick)) {
                kept.push(pick);
            }
        }
        kept
    }

    /// The basket amounts that are on and take the unit.
    fn takers(&self, choice: &Choice) -> SmallVec<[usize; 2]> {
        choice.takers.iter().map(|&(offer, _)| offer).filter(|&offer| self.is_on(offer)).collect()
    }

    /// Whether what a choice is worth depends on other units, or what they are worth on it.
    fn is_bound(&self, choice: &Choice, pick: &Pick) -> bool {
        // Off the whole basket an amount counts only where it is on; with open settings nothing is left out anyway.
        let is_used = |offer: usize| {
            let tiers = self.problem.offers.get(offer).map_or(&[][..], |offer| offer.tiers.as_slice());
            self.is_on(offer) || tiers.iter().any(|tier| matches!(tier.give, Give::Units(_)))
        };
        let spreads = |&offer: &usize| {
            self.problem.is_followed(offer, is_used) || self.problem.is_measured_apart(offer)
        };
        let mut kits = pick.seats.iter().filter_map(|&(kit, _)| self.choices.kits.get(kit));
        // What a maximum cuts back depends on the others even where nothing is owed to it.
        !choice.capped.is_empty()
            || self.rows.iter().zip(&pick.adds).any(|(row, &one)| row.sense == Sense::Shared && one != 0)
            || self.takers(choice).iter().any(spreads)
            || kits.any(|kit| !kit.is_exact || kit.is_watched)
    }

    /// Whether a sum does not see a choice exactly. Then nothing is known of two: the one may add less than it says, the other more.
    fn is_vague(&self, choice: &Choice) -> bool {
        self.sources.iter().any(|source| match source {
            SourceOf::Gauge(gauge) | SourceOf::Limit(gauge) => {
                choice.adds.get(*gauge).is_some_and(|(most, least)| most != least)
            }
            _ => false,
        })
    }

    /// Whether `better` makes `pick` needless. Choices come with the best value first, so an equal one stays only for the sake
    /// of ties: it may use fewer promotions.
    fn dominates(&self, better: &Pick, pick: &Pick) -> bool {
        better.value > pick.value
            && self.rows.iter().zip(better.adds.iter().zip(&pick.adds)).all(|(row, (&ours, &theirs))| {
                match row.sense {
                    Sense::AtLeast => ours >= theirs,
                    Sense::AtMost => ours <= theirs,
                    Sense::Shared => true,
                }
            })
    }
}
