//! Promotions as they are for one purchase: one whose budget is nearly given takes no more than is left of it, as if that were its
//! `max_discount`.

use crate::basket::{Request, Room};
use crate::money::Amount;
use crate::promotion::{Benefit, Promotion, UnitCut};
use crate::rulebook::{PromotionIndex, Rulebook};

/// The promotions that are not as the rulebook has them; with nothing near its end, none.
#[derive(Default)]
pub struct Terms {
    cut: Vec<(PromotionIndex, Promotion)>,
}

impl Terms {
    /// What a request says is left of budgets.
    #[must_use]
    pub fn of(request: &Request, rulebook: &Rulebook) -> Self {
        let mut cut = Vec::new();
        for left in &request.context.left {
            let Room::AtMost(most) = left.room else { continue };
            let index = rulebook.find(&left.promotion);
            if let Some((index, promotion)) =
                index.and_then(|index| Some((index, rulebook.promotion(index)?)))
            {
                let mut promotion = promotion.clone();
                limit(&mut promotion.benefit, most, request, rulebook);
                cut.push((index, promotion));
            }
        }
        Terms { cut }
    }

    /// A promotion that is not as the rulebook has it.
    #[must_use]
    pub fn promotion(&self, index: PromotionIndex) -> Option<&Promotion> {
        self.cut.iter().find(|(cut, _)| *cut == index).map(|(_, promotion)| promotion)
    }
}

/// What gives money takes at most `most`; gifts and points are not counted in money.
fn limit(benefit: &mut Benefit, most: Amount, request: &Request, rulebook: &Rulebook) {
    let lower = |maximum: &mut Option<Amount>| *maximum = Some(maximum.map_or(most, |old| old.min(most)));
    match benefit {
        Benefit::Units(unit) => lower(&mut unit.max_discount),
        Benefit::Prices(list) => lower(&mut list.max_discount),
        Benefit::Set(set) => lower(&mut set.max_discount),
        Benefit::Basket(basket) => lower(&mut basket.max_discount),
        Benefit::Quantity { max_discount, .. } | Benefit::Spend { max_discount, .. } => lower(max_discount),
        Benefit::Delivery(delivery) => {
            let price = request.basket.delivery.as_ref().map_or(Amount::ZERO, |delivery| delivery.price);
            let takes = match delivery.cut {
                UnitCut::Price(new) => price.above(new),
                UnitCut::Percent(rate, _) => rate.of(price, rulebook.settings().rounding),
                UnitCut::Amount(amount) => amount.min(price),
            };
            if most < takes {
                delivery.cut = UnitCut::Amount(most);
            }
        }
        Benefit::Gift(_) | Benefit::Points(_) => {}
    }
}
