//! What a promotion gives: the field `give`, with `buy` and `spend`.

use std::collections::BTreeMap;

use crate::catalog::Selector;
use crate::money::{Amount, Rate};

/// The kinds of promotion.
#[derive(Debug, Clone, PartialEq)]
pub enum Benefit {
    /// Something off each unit that takes part.
    Units(UnitBenefit),
    /// A price for each SKU of a list.
    Prices(PriceList),
    /// Tiers by the number of units that take part.
    Quantity {
        /// Ascending by `from`.
        tiers: Vec<QuantityTier>,
        /// What is counted.
        count: Count,
        /// The most it takes off a basket.
        max_discount: Option<Amount>,
    },
    /// Slots to be filled, and a benefit for each complete set.
    Set(SetOf),
    /// Something for a basket whose measured goods reach a sum: tiers, ascending by `from`; one tier for a plain `spend`.
    Spend {
        /// What is measured and how.
        spend: Spend,
        /// Ascending by `from`.
        tiers: Vec<SpendTier>,
        /// The most it takes off a basket.
        max_discount: Option<Amount>,
    },
    /// An amount taken once off the goods together, whatever they cost.
    Basket(BasketAmount),
    /// A gift.
    Gift(Gift),
    /// Something off the delivery.
    Delivery(DeliveryBenefit),
    /// Points.
    Points(Points),
}

impl Benefit {
    /// The place within a stage at which it takes effect: fixed prices, percentages, amounts. Of several the earliest.
    #[must_use]
    pub fn turn(&self) -> u8 {
        let earliest = |turns: &mut dyn Iterator<Item = u8>| turns.min().unwrap_or(2);
        match self {
            Benefit::Units(unit) => unit.cut.turn(),
            Benefit::Prices(_) => 0,
            Benefit::Quantity { tiers, .. } => earliest(&mut tiers.iter().map(|tier| tier.cut.turn())),
            Benefit::Set(set) => match set.benefit {
                SetBenefit::Price(_) => 0,
                SetBenefit::Percent(..) | SetBenefit::Cheapest { .. } => 1,
                SetBenefit::Amount(_) => 2,
                SetBenefit::BySlot => {
                    earliest(&mut set.slots.iter().filter_map(|slot| Some(slot.cut?.turn())))
                }
            },
            Benefit::Spend { tiers, .. } => earliest(&mut tiers.iter().map(|tier| match tier.give {
                SpendBenefit::Units(cut) => cut.turn(),
                SpendBenefit::Basket(_) => 2,
            })),
            Benefit::Basket(_) | Benefit::Gift(_) | Benefit::Delivery(_) | Benefit::Points(_) => 2,
        }
    }

    /// The most it takes off a basket.
    #[must_use]
    pub fn max_discount(&self) -> Option<Amount> {
        match self {
            Benefit::Units(unit) => unit.max_discount,
            Benefit::Prices(list) => list.max_discount,
            Benefit::Set(set) => set.max_discount,
            Benefit::Basket(basket) => basket.max_discount,
            Benefit::Quantity { max_discount, .. } | Benefit::Spend { max_discount, .. } => *max_discount,
            Benefit::Gift(_) | Benefit::Delivery(_) | Benefit::Points(_) => None,
        }
    }
}

/// Something off each unit, and the most it takes off a basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitBenefit {
    /// What is taken off one unit.
    pub cut: UnitCut,
    /// `max_discount`: the most it takes off a basket.
    pub max_discount: Option<Amount>,
}

/// What is taken off one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitCut {
    /// `price`: the new unit price.
    Price(Amount),
    /// `percent`, of the current or the list price.
    Percent(Rate, Base),
    /// `amount`.
    Amount(Amount),
}

impl UnitCut {
    fn turn(self) -> u8 {
        match self {
            UnitCut::Price(_) => 0,
            UnitCut::Percent(..) => 1,
            UnitCut::Amount(_) => 2,
        }
    }
}

/// What a percentage is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Base {
    /// The price as it stands when the promotion takes effect.
    #[default]
    Current,
    /// `of: list`.
    List,
}

/// `prices: file.csv`: a unit price for each SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceList {
    /// The file's name, as the rule file names it.
    pub file: String,
    /// The prices.
    pub prices: BTreeMap<String, Amount>,
    /// The most it takes off a basket.
    pub max_discount: Option<Amount>,
}

/// One tier of `by_quantity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantityTier {
    /// The smallest number of units it is for.
    pub from: u32,
    /// What each unit gets.
    pub cut: UnitCut,
}

/// What `by_quantity` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Count {
    /// All units that take part.
    #[default]
    Together,
    /// Each SKU by itself.
    SameSku,
}

/// `buy` and the benefit of a complete set.
#[derive(Debug, Clone, PartialEq)]
pub struct SetOf {
    /// The slots, in the order of the file.
    pub slots: Vec<Slot>,
    /// What a complete set gets.
    pub benefit: SetBenefit,
    /// `assign: retailer`: the benefit goes to the cheapest units that count.
    pub retailer_assigns: bool,
    /// The most it takes off a basket.
    pub max_discount: Option<Amount>,
}

/// One slot of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Which goods fill it.
    pub on: Selector,
    /// How many units.
    pub quantity: u32,
    /// `same: sku`: they must be equal.
    pub same_sku: bool,
    /// The slot's own benefit for each unit in it.
    pub cut: Option<UnitCut>,
}

/// What a complete set gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBenefit {
    /// `percent` off each unit of the set.
    Percent(Rate, Base),
    /// `amount` once a set.
    Amount(Amount),
    /// `price`: the set costs this.
    Price(Amount),
    /// `cheapest`: so many of the cheapest by list price get a percentage off.
    Cheapest {
        /// How many units of each set.
        units: u32,
        /// The percentage.
        percent: Rate,
    },
    /// The slots carry their own.
    BySlot,
}

/// `spend`: what is measured and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Spend {
    /// `spend.on`; the promotion's own goods when absent.
    pub on: Option<Selector>,
    /// Which prices are added up.
    pub measured: Measured,
    /// `every: true`: a basket amount once for each full `from`.
    pub every: bool,
}

/// Which prices a spend adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measured {
    /// As they stand before the basket stage of the promotion's own level.
    #[default]
    Current,
    /// List prices.
    List,
}

/// One tier of a spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendTier {
    /// The sum from which it is for.
    pub from: Amount,
    /// What it gives.
    pub give: SpendBenefit,
}

/// What a tier of a spend gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendBenefit {
    /// Something off each unit that takes part.
    Units(UnitCut),
    /// An amount taken once off the goods together.
    Basket(Amount),
}

/// `basket_amount` without a spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasketAmount {
    /// Taken once off the goods together.
    pub amount: Amount,
    /// The most it takes off a basket.
    pub max_discount: Option<Amount>,
}

/// What triggers a gift, and which.
#[derive(Debug, Clone, PartialEq)]
pub struct Gift {
    /// What may be chosen from.
    pub skus: Vec<String>,
    /// How many of them.
    pub choose: u32,
    /// The sum that the goods must reach.
    pub spend: Option<(Spend, Amount)>,
    /// The set that must be complete; empty when there is none.
    pub slots: Vec<Slot>,
}

/// Something off the delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryBenefit {
    /// What is taken off the delivery's price.
    pub cut: UnitCut,
    /// The sum that the goods must reach, measured on final prices unless on list prices.
    pub spend: Option<(Spend, Amount)>,
}

/// Points on what was paid in the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// How many.
    pub earn: Earn,
    /// The sum that the goods must reach.
    pub spend: Option<(Spend, Amount)>,
}

/// How points are earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earn {
    /// So many points for each full amount.
    Per {
        /// The amount.
        amount: Amount,
        /// Points for it.
        points: u64,
    },
    /// So many times the points of the other promotions.
    Multiply(rust_decimal::Decimal),
}
