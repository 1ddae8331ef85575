//! Technical rules that give nothing and limit what promotions may take off.

use crate::catalog::Selector;
use crate::money::{Amount, Rate};

/// One cap: a contract of a luxury house, a price that must not be undercut.
#[derive(Debug, Clone, PartialEq)]
pub struct Cap {
    /// Unique among caps and promotions.
    pub id: String,
    /// What the quote shows when the cap held something back.
    pub name: String,
    /// The goods it protects.
    pub on: Selector,
    /// What it allows.
    pub floor: CapFloor,
}

/// How a cap sets the floor of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapFloor {
    /// `max_percent`: at most so much off the list price, the floor rounded up.
    MaxPercent(Rate),
    /// `min_price`.
    MinPrice(Amount),
    /// `min_margin_percent`: the price that leaves this margin over the line's cost.
    MinMarginPercent(Rate),
}

impl CapFloor {
    /// The lowest price this allows for a unit of `list_price` and `cost`: never above the list price, for a cap forbids
    /// reductions and does not raise prices. Without a cost a margin cannot be kept, and nothing may be taken off.
    #[must_use]
    pub fn floor(&self, list_price: Amount, cost: Option<Amount>) -> Amount {
        let floor = match *self {
            CapFloor::MaxPercent(rate) => rate.rest().of_up(list_price),
            CapFloor::MinPrice(price) => price,
            CapFloor::MinMarginPercent(rate) => {
                cost.and_then(|cost| rate.price_with_margin(cost)).unwrap_or(list_price)
            }
        };
        floor.min(list_price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_never_rises_above_the_list_price() {
        let list = Amount::from_minor(1_000);
        let rate = |text: &str| Rate::from_percent(text.parse().unwrap()).unwrap();
        let cases = [
            (CapFloor::MaxPercent(rate("15")), None, 850),
            (CapFloor::MinPrice(Amount::from_minor(1_200)), None, 1_000),
            (CapFloor::MinMarginPercent(rate("20")), Some(Amount::from_minor(500)), 625),
            (CapFloor::MinMarginPercent(rate("20")), Some(Amount::from_minor(950)), 1_000),
            (CapFloor::MinMarginPercent(rate("20")), None, 1_000),
        ];
        for (cap, cost, floor) in cases {
            assert_eq!(cap.floor(list, cost).minor(), floor, "{cap:?}");
        }
    }
}
