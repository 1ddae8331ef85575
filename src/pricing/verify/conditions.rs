//! What must hold of every promotion that a unit carries: its conditions, its goods, its limits, its company.

use super::audit::{Audit, Unit, is_gift};
use crate::promotion::{Benefit, Promotion};

impl Audit<'_> {
    /// "A promotion applies only when its `when` holds. Units match the selectors; `limits.units` hold."
    pub(super) fn conditions(&mut self) {
        for index in self.used() {
            let Some(promotion) = self.promotion(index) else {
                self.flaw("a promotion of another rulebook");
                continue;
            };
            // Gifts have conditions of their own kind.
            if is_gift(promotion) {
                continue;
            }
            if !promotion.is_price_promotion() {
                self.flaw(format!("`{}` does not lower prices and stands on a unit", promotion.id));
            }
            if self.refused(promotion).is_some() {
                self.flaw(format!("the conditions of `{}` do not hold", promotion.id));
            }
            let carrying = self.carrying(index);
            let mut units = carrying.iter().filter_map(|&at| self.units.get(at));
            if !units.all(|unit| self.fits(promotion, unit)) {
                self.flaw(format!("`{}` stands on goods that it does not mean", promotion.id));
            }
            let most = promotion.limits.units.and_then(|most| usize::try_from(most).ok());
            if most.is_some_and(|most| carrying.len() > most) {
                self.flaw(format!("`{}` stands on more units than its limit", promotion.id));
            }
        }
    }

    /// Whether a promotion is for the unit's goods.
    pub(super) fn fits(&self, promotion: &Promotion, unit: &Unit) -> bool {
        match &promotion.benefit {
            Benefit::Prices(list) => {
                self.means(&promotion.on, unit) && list.prices.contains_key(self.sku(unit))
            }
            // Which slot it is in is asked where the sets are taken apart.
            Benefit::Set(set) => set.slots.iter().any(|slot| self.means(&slot.on, unit)),
            _ => self.means(&promotion.on, unit),
        }
    }

    /// "What a unit carries must be compatible pair by pair."
    pub(super) fn stacking(&mut self) {
        let clash = self.units.iter().find_map(|unit| {
            let promotions: Vec<&Promotion> =
                unit.carried.iter().filter_map(|&index| self.promotion(index)).collect();
            let mut pairs = promotions
                .iter()
                .enumerate()
                .flat_map(|(at, one)| promotions.iter().skip(at + 1).map(move |o| (*one, *o)));
            pairs.find(|(one, other)| one.id == other.id || !one.is_compatible_with(other))
        });
        match clash {
            Some((one, other)) if one.id == other.id => {
                self.flaw(format!("`{}` stands twice on one unit", one.id));
            }
            Some((one, other)) => {
                self.flaw(format!("`{}` and `{}` do not stack and stand on one unit", one.id, other.id));
            }
            None => {}
        }
    }
}
