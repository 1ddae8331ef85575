//! The basket while promotions take effect one by one, each in its order.

use std::collections::BTreeMap;

use super::audit::{Audit, Take};
use super::benefit::together;
use super::effect::Effect;
use super::shares::{Sharer, shares_as_quoted};
use crate::money::Amount;
use crate::promotion::{Promotion, Stage, UnitCut};
use crate::rulebook::PromotionIndex;

impl Audit<'_> {
    /// Lets every promotion take effect in its order and notes what each takes off each unit.
    pub(super) fn effects(&mut self) {
        let is_price =
            |index: &PromotionIndex| self.promotion(*index).is_some_and(Promotion::is_price_promotion);
        let used: Vec<PromotionIndex> = self.used().into_iter().filter(is_price).collect();
        let mut levels: Vec<i32> =
            used.iter().filter_map(|&index| self.promotion(index)).map(|p| p.level).collect();
        levels.sort_unstable_by(|one, other| other.cmp(one));
        levels.dedup();
        for level in levels {
            for stage in [Stage::Item, Stage::Basket] {
                let is_here = |index: &PromotionIndex| {
                    self.promotion(*index).is_some_and(|one| one.level == level && one.stage == stage)
                };
                let here: Vec<PromotionIndex> = used.iter().copied().filter(is_here).collect();
                let mut effects: Vec<(u8, PromotionIndex, Effect<'_>)> = Vec::new();
                for index in here {
                    match self.effect(index) {
                        Ok(effect) => {
                            let parts = effect.by_kind().into_iter();
                            effects.extend(parts.map(|part| (part.kind(), index, part)));
                        }
                        Err(flaw) => self.flaw(flaw),
                    }
                }
                effects.sort_by_key(|&(kind, index, _)| (kind, index));
                for (_, index, effect) in effects {
                    self.apply(index, &effect);
                }
            }
        }
    }

    fn apply(&mut self, index: PromotionIndex, effect: &Effect<'_>) {
        let carrying = self.carrying(index);
        if let Some(wanted) = self.wanted_in_all(index, effect) {
            *self.wanted.entry(index).or_default() += wanted;
        }
        let takes: BTreeMap<usize, Take> = match effect {
            Effect::Units(cuts, most) => self.take_units(index, &carrying, cuts, *most),
            Effect::Sets(set) => self.take_sets(index, set),
            Effect::Basket(amount) => {
                self.everybody_takes_part(index, &carrying);
                self.take_together(index, &carrying, *amount)
            }
        };
        let is_for = |place: usize| match effect {
            Effect::Units(cuts, _) => cuts.get(place).is_some_and(Option::is_some),
            Effect::Sets(_) | Effect::Basket(_) => true,
        };
        for (_, at) in carrying.into_iter().enumerate().filter(|(place, _)| is_for(*place)) {
            let take = takes.get(&at).copied().unwrap_or_default();
            if let Some(unit) = self.units.get_mut(at) {
                unit.take(index, take);
            }
        }
    }

    /// What is left of a maximum: tiers of different kinds use it up one after the other.
    pub(super) fn left_to_take(&self, index: PromotionIndex, most: Option<Amount>) -> Option<Amount> {
        let takes = self.units.iter().flat_map(|unit| &unit.takes);
        let taken: Amount = takes.filter(|take| take.promotion == index).map(|take| take.amount).sum();
        most.map(|most| most.above(taken))
    }

    fn take_units(
        &self,
        index: PromotionIndex,
        carrying: &[usize],
        cuts: &[Option<UnitCut>],
        most: Option<Amount>,
    ) -> BTreeMap<usize, Take> {
        let takes: BTreeMap<usize, Take> = carrying
            .iter()
            .zip(cuts)
            .filter_map(|(&at, &cut)| Some((at, self.cut(self.units.get(at)?, cut?))))
            .collect();
        self.at_most(index, self.left_to_take(index, most), takes, shares_as_quoted)
    }

    fn take_together(
        &self,
        index: PromotionIndex,
        carrying: &[usize],
        amount: Amount,
    ) -> BTreeMap<usize, Take> {
        let sharer = |&at: &usize| {
            let unit = self.units.get(at)?;
            self.sharer(index, at, unit.price, unit.price.above(unit.floor))
        };
        let sharers: Vec<Sharer> = carrying.iter().filter_map(sharer).collect();
        let shares = shares_as_quoted(amount, &sharers);
        carrying.iter().copied().zip(together(amount, &sharers, shares)).collect()
    }
}
