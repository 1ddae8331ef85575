//! What the quote says of what kept promotions from giving more, and of the lines that they are not on: that what it tells is so.

use super::audit::{Audit, Unit, is_gift};
use super::effect::Effect;
use crate::money::Amount;
use crate::pricing::quote::{Applied, LeftOut, Why};
use crate::promotion::limits::Sets;
use crate::promotion::{Benefit, Promotion, SetBenefit, SetOf, UnitCut};
use crate::rulebook::{PromotionIndex, slots_of};

impl Audit<'_> {
    /// Maxima and limits that are told are reached, and what is told to be lost is what floors held back in the end.
    pub(super) fn stops(&mut self) {
        for applied in &self.quote.applied {
            let Some(promotion) = self.promotion(applied.promotion) else {
                continue;
            };
            let most = promotion.benefit.max_discount();
            let stop = applied.stop;
            if stop.maximum.is_some() && (stop.maximum != most || most != Some(applied.amount)) {
                self.flaw(format!("`{}` is told to have reached a maximum and has not", promotion.id));
            }
            let is_used =
                stop.units.is_none_or(|most| self.has_used_units(applied.promotion, promotion, most))
                    && stop.sets.is_none_or(|most| self.has_used_sets(applied.promotion, promotion, most));
            if !is_used {
                self.flaw(format!("`{}` is told to have used up a limit and has not", promotion.id));
            }
            if !stop.lost.is_zero() && self.lost(applied).is_some_and(|lost| lost != stop.lost) {
                self.flaw(format!("of `{}` floors held back something else in the end", promotion.id));
            }
        }
    }

    /// What a promotion would have taken off without floors, less what it took; `None` where that is not worked out here.
    fn lost(&self, applied: &Applied) -> Option<Amount> {
        let became = self.units.iter().filter(|unit| unit.gift == Some(applied.promotion));
        if self.promotion(applied.promotion).is_some_and(is_gift) {
            return Some(became.map(|unit| unit.price).sum());
        }
        let wanted = self.wanted.get(&applied.promotion)?;
        Some(wanted.above(applied.amount))
    }

    /// What a promotion would take off all its units together now, if there were no floors. Of sets that a maximum cuts and that do
    /// not share an amount it is not worked out.
    pub(super) fn wanted_in_all(&self, index: PromotionIndex, effect: &Effect<'_>) -> Option<Amount> {
        let carrying = self.carrying(index);
        let units = || carrying.iter().filter_map(|&at| self.units.get(at));
        let (total, most) = match effect {
            Effect::Units(cuts, most) => {
                let wanted =
                    |(unit, cut): (&Unit, &Option<UnitCut>)| cut.map(|cut| self.cut(unit, cut).wanted);
                (units().zip(cuts).filter_map(wanted).sum(), self.left_to_take(index, *most))
            }
            Effect::Basket(amount) => (units().map(|unit| unit.price).sum::<Amount>().min(*amount), None),
            Effect::Sets(set) => (self.wanted_by_sets(index, set)?, set.max_discount),
        };
        Some(most.map_or(total, |most| most.min(total)))
    }

    fn wanted_by_sets(&self, index: PromotionIndex, set: &SetOf) -> Option<Amount> {
        let of = |sum: Amount| match set.benefit {
            SetBenefit::Amount(amount) => Some(amount.min(sum)),
            SetBenefit::Price(price) => Some(sum.above(price)),
            SetBenefit::Percent(..) | SetBenefit::Cheapest { .. } | SetBenefit::BySlot => None,
        };
        let sets = self.sets.get(&index).into_iter().flatten();
        sets.map(|seats| {
            let units = seats.iter().filter_map(|seat| self.units.get(seat.at));
            of(units.map(|unit| unit.price).sum())
        })
        .sum()
    }

    fn has_used_units(&self, index: PromotionIndex, promotion: &Promotion, most: u32) -> bool {
        let of_set: u32 = slots_of(promotion).iter().map(|slot| slot.quantity).sum();
        let used = u32::try_from(self.carrying(index).len()).unwrap_or(u32::MAX);
        promotion.limits.units == Some(most) && most < used.saturating_add(of_set.max(1))
    }

    fn has_used_sets(&self, index: PromotionIndex, promotion: &Promotion, most: u32) -> bool {
        if let Benefit::Gift(gift) = &promotion.benefit {
            // Without a limit of its own it is given once.
            let limit = promotion.limits.sets.unwrap_or(Sets::AtMost(1));
            let is_set = !gift.slots.is_empty() && limit == Sets::AtMost(most);
            return is_set && self.trigger(promotion, gift).is_ok_and(|times| times == most);
        }
        let made = self.sets.get(&index).map_or(0, Vec::len);
        promotion.limits.sets == Some(Sets::AtMost(most)) && usize::try_from(most) == Ok(made)
    }

    /// Every promotion that is told not to be on a line could be on it, is not on as many units, and for the reason told.
    pub(super) fn left_out(&mut self) {
        let quote = self.quote;
        for (line, quoted) in quote.lines.iter().enumerate() {
            for left_out in &quoted.left_out {
                if !self.is_left_out(line, left_out) {
                    let id = self.promotion(left_out.reason.promotion).map_or("", |one| one.id.as_str());
                    self.flaw(format!("line `{}`: `{id}` is not left out so", quoted.id));
                }
            }
        }
    }

    fn is_left_out(&self, line: usize, left_out: &LeftOut) -> bool {
        let index = left_out.reason.promotion;
        let Some(promotion) = self.promotion(index).filter(|one| one.is_price_promotion()) else {
            return false;
        };
        let is_without =
            |unit: &&Unit| unit.line == line && self.fits(promotion, unit) && !unit.carried.contains(&index);
        let without: Vec<&Unit> = self.units.iter().filter(is_without).collect();
        let applied = self.quote.applied.iter().find(|applied| applied.promotion == index);
        let is_named = promotion.when.code.is_some() || !promotion.when.tiers.is_empty();
        usize::try_from(left_out.quantity) == Ok(without.len())
            && !without.is_empty()
            && (applied.is_some() || is_named)
            && self.refused(promotion).is_none()
            && match &left_out.reason.why {
                Why::Beaten(by) => self.stand_on(promotion, &without, by, |_| true),
                Why::Outranked(by) => {
                    self.stand_on(promotion, &without, by, |other| other.level > promotion.level)
                }
                Why::HeldByFloor(_) => without.iter().all(|unit| unit.floor >= unit.list),
                Why::UnitsUsed(most) => self.has_used_units(index, promotion, *most),
                Why::SetsUsed(most) => self.has_used_sets(index, promotion, *most),
                Why::MaximumReached(most) => {
                    promotion.benefit.max_discount() == Some(*most)
                        && applied.is_some_and(|applied| applied.amount == *most)
                }
                _ => false,
            }
    }

    /// Whether each of some promotions stands on one of the units and cannot be combined with a promotion.
    fn stand_on(
        &self,
        promotion: &Promotion,
        units: &[&Unit],
        by: &[PromotionIndex],
        is_fit: impl Fn(&Promotion) -> bool,
    ) -> bool {
        !by.is_empty()
            && by.iter().all(|index| {
                let other = self.promotion(*index);
                units.iter().any(|unit| unit.carried.contains(index))
                    && other.is_some_and(|other| !other.is_compatible_with(promotion) && is_fit(other))
            })
    }
}
