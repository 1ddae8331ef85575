//! The model of a promotion: conditions, goods, benefit, stacking and limits. Plain data, no search.

pub mod conditions;
pub mod benefit;
pub mod stacking;
pub mod limits;
pub mod cap;

use crate::catalog::Selector;

pub use benefit::{
    Base, BasketAmount, Benefit, Count, DeliveryBenefit, Earn, Gift, Measured, Points, PriceList,
    QuantityTier, SetBenefit, SetOf, Slot, Spend, SpendBenefit, SpendTier, UnitBenefit, UnitCut,
};
pub use cap::{Cap, CapFloor};
pub use conditions::{AttributeTest, BasketHas, Birthday, Code, Conditions, HasAtLeast};
pub use limits::{Limits, OnRefund, Sets};
pub use stacking::Stacking;

/// The stage of a level in which a price promotion takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Before any spend is measured.
    Item,
    /// After the spends of the level are measured.
    Basket,
}

/// One promotion, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Promotion {
    /// Unique in the rulebook; its byte order decides ties.
    pub id: String,
    /// What the receipt shows.
    pub name: String,
    /// The group by which others may name it in `stacks_with`.
    pub group: Option<String>,
    /// The place in the hierarchy: the highest level is served first. 0 unless said otherwise.
    pub level: i32,
    /// What must hold of the purchase.
    pub when: Conditions,
    /// The goods that the benefit touches. For a set see its slots.
    pub on: Selector,
    /// When within the level it takes effect.
    pub stage: Stage,
    /// What it gives.
    pub benefit: Benefit,
    /// What it may meet on one unit.
    pub stacks_with: Stacking,
    /// How much of it there is.
    pub limits: Limits,
}

impl Promotion {
    /// Whether the benefit lowers unit prices; gifts, delivery and points do not.
    #[must_use]
    pub fn is_price_promotion(&self) -> bool {
        !matches!(self.benefit, Benefit::Gift(_) | Benefit::Delivery(_) | Benefit::Points(_))
    }

    /// Whether both accept each other on one unit.
    #[must_use]
    pub fn is_compatible_with(&self, other: &Promotion) -> bool {
        self.accepts(other) && other.accepts(self)
    }

    /// Whether this promotion names the other, by id or group, or everything.
    #[must_use]
    pub fn accepts(&self, other: &Promotion) -> bool {
        self.stacks_with.names(&other.id, other.group.as_deref())
    }
}
