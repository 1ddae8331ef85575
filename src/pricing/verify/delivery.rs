//! The delivery: which promotion applies to it, and what that takes off.

use super::audit::{Audit, Unit};
use crate::money::Amount;
use crate::promotion::{Benefit, Promotion, UnitCut};
use crate::rulebook::{PromotionIndex, measured_goods};

impl Audit<'_> {
    /// "One applies: of the highest level that takes anything off, the one that takes most."
    pub(super) fn delivery(&mut self) {
        let price = self.delivery_price();
        let mut best: Option<(i32, Amount, PromotionIndex)> = None;
        for (index, _) in self.rulebook.indexed() {
            let promotion = self.promotion(index);
            let take = promotion.and_then(|promotion| self.delivery_take(promotion, price));
            let (Some(promotion), Some(take)) = (promotion, take) else {
                continue;
            };
            if best.is_none_or(|(level, most, _)| (promotion.level, take) > (level, most)) {
                best = Some((promotion.level, take, index));
            }
        }
        if best.map(|(_, take, index)| (index, take)) != self.quote.delivery {
            self.flaw("another promotion applies to the delivery");
        }
    }

    pub(super) fn delivery_price(&self) -> Amount {
        self.request.basket.delivery.as_ref().map_or(Amount::ZERO, |delivery| delivery.price)
    }

    /// What a promotion takes off the delivery; nothing where it does not apply.
    fn delivery_take(&self, promotion: &Promotion, price: Amount) -> Option<Amount> {
        let Benefit::Delivery(benefit) = &promotion.benefit else {
            return None;
        };
        // Its goods must be in the basket; that they became a gift does not take them out of it.
        let mut items = self.checked.items.iter();
        let has_goods = items.any(|item| !item.no_promotions && promotion.on.matches(&item.goods()));
        let selector = measured_goods(promotion);
        let counts = |unit: &Unit| self.means(selector, unit) && self.is_accepted(promotion, unit);
        let applies = has_goods
            && self.refused(promotion).is_none()
            && self.units.iter().any(counts)
            && self.is_reached(promotion, benefit.spend.as_ref());
        let off = match benefit.cut {
            UnitCut::Price(new) => price.above(new),
            UnitCut::Percent(rate, _) => rate.of(price, self.rounding),
            UnitCut::Amount(amount) => amount.min(price),
        };
        (applies && !off.is_zero()).then_some(off)
    }
}
