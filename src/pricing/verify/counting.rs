//! Which units count towards a promotion, and what they add up to.

use super::audit::{Audit, Unit};
use crate::money::Amount;
use crate::promotion::{Benefit, Measured, Promotion, Spend, SpendBenefit, Stacking, Stage};
use crate::rulebook::{PromotionIndex, measured_goods};

impl Audit<'_> {
    /// Whether a unit carries nothing that a price promotion could not meet.
    pub(super) fn goes_with(&self, promotion: &Promotion, unit: &Unit) -> bool {
        let mut others = unit.carried.iter().filter_map(|&other| self.promotion(other));
        others.all(|other| other.id == promotion.id || other.is_compatible_with(promotion))
    }

    /// Gifts, delivery and points "go with everything unless they carry a `stacks_with` of their own".
    pub(super) fn is_accepted(&self, promotion: &Promotion, unit: &Unit) -> bool {
        let mut others = unit.carried.iter().filter_map(|&other| self.promotion(other));
        promotion.stacks_with == Stacking::Unsaid || others.all(|other| promotion.accepts(other))
    }

    /// "Only units that count are measured": those that match and carry nothing incompatible.
    pub(super) fn counted_sum(
        &self,
        promotion: &Promotion,
        spend: &Spend,
        price: impl Fn(&Unit) -> Amount,
    ) -> Amount {
        let selector = measured_goods(promotion);
        let counting =
            self.units.iter().filter(|unit| self.means(selector, unit) && self.goes_with(promotion, unit));
        counting.map(|unit| if spend.measured == Measured::List { unit.list } else { price(unit) }).sum()
    }

    /// Whether the final prices (list prices where it says so) reach the sum that a gift, a delivery or points wait for.
    pub(super) fn is_reached(&self, promotion: &Promotion, spend: Option<&(Spend, Amount)>) -> bool {
        let Some((spend, from)) = spend else {
            return true;
        };
        let selector = measured_goods(promotion);
        let counting =
            self.units.iter().filter(|unit| self.means(selector, unit) && self.is_accepted(promotion, unit));
        let is_list = spend.measured == Measured::List;
        counting.map(|unit| if is_list { unit.list } else { unit.price }).sum::<Amount>() >= *from
    }

    /// "It is on or off for the whole basket: every unit that counts towards it takes part."
    pub(super) fn everybody_takes_part(&mut self, index: PromotionIndex, carrying: &[usize]) {
        let Some(promotion) = self.promotion(index) else {
            return;
        };
        let by_choice = |unit: &Unit| {
            let mut others =
                unit.carried.iter().filter(|&&other| other != index && !self.is_basket_amount(other));
            others.all(|&other| self.promotion(other).is_none_or(|other| other.is_compatible_with(promotion)))
        };
        let counting = self
            .units
            .iter()
            .enumerate()
            .filter(|(_, unit)| self.means(&promotion.on, unit) && by_choice(unit));
        let counting: Vec<usize> = counting.map(|(at, _)| at).collect();
        if counting != carrying {
            self.flaw(format!("`{}` does not stand on every unit that counts towards it", promotion.id));
        }
    }

    fn is_basket_amount(&self, index: PromotionIndex) -> bool {
        let Some(promotion) = self.promotion(index) else {
            return false;
        };
        match &promotion.benefit {
            Benefit::Basket(_) => true,
            // Of tiers of both kinds the one counts that the sum reaches, once the promotions before it took effect.
            Benefit::Spend { spend, tiers, .. } => {
                let sum = self.counted_sum(promotion, spend, |unit| self.quoted_before(unit, promotion));
                let tier = tiers.iter().filter(|tier| tier.from <= sum).max_by_key(|tier| tier.from);
                tier.is_some_and(|tier| matches!(tier.give, SpendBenefit::Basket(_)))
            }
            _ => false,
        }
    }

    /// A unit's price before the basket stage of a promotion's level, as the quote has it.
    fn quoted_before(&self, unit: &Unit, promotion: &Promotion) -> Amount {
        let is_before = |other: &Promotion| {
            other.level > promotion.level || (other.level == promotion.level && other.stage == Stage::Item)
        };
        let takes = unit.quoted.iter().filter(|one| self.promotion(one.promotion).is_some_and(is_before));
        unit.list - takes.map(|one| one.amount).sum()
    }
}
