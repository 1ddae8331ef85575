//! What must hold of a purchase before a promotion may apply: the field `when`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::Selector;
use crate::money::Amount;
use crate::time::{Hours, Weekdays, Window};

/// Every entry must hold; an absent one always does. Words are folded (see `catalog::word`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conditions {
    /// `from` and `until`, as instants of the settings' time zone.
    pub window: Window,
    /// `weekdays`.
    pub weekdays: Option<Weekdays>,
    /// `hours`; any of them.
    pub hours: Vec<Hours>,
    /// `channels`; any of them.
    pub channels: Vec<String>,
    /// `stores`, with cities and regions already turned into the stores they hold; any of them.
    pub stores: Vec<String>,
    /// `segments`; the customer is in any of them.
    pub segments: Vec<String>,
    /// `tiers`; any of them.
    pub tiers: Vec<String>,
    /// `birthday`.
    pub birthday: Option<Birthday>,
    /// `customer`: every attribute must pass its test.
    pub customer: Vec<(String, AttributeTest)>,
    /// `payment`; any of the methods.
    pub payment: Vec<String>,
    /// `delivery`; any of the methods.
    pub delivery: Vec<String>,
    /// `code`.
    pub code: Option<Code>,
    /// `basket_has`; every one of them.
    pub basket_has: Vec<BasketHas>,
}

/// Days around the customer's birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birthday {
    /// So many days before it, and the day itself.
    pub days_before: u16,
    /// So many days after it.
    pub days_after: u16,
}

/// What is asked of an attribute of the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeTest {
    /// A number at least the first and below the second.
    Range {
        /// The lowest that passes.
        at_least: Option<Decimal>,
        /// The first that is too high.
        below: Option<Decimal>,
    },
    /// One of these words, folded. `true` and `false` are words.
    OneOf(Vec<String>),
}

/// The code a promotion waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A campaign word, folded as codes are.
    Word(String),
    /// A pool of generated codes.
    Pool {
        /// The pool's name.
        pool: String,
        /// Bound to a phone.
        phone: bool,
        /// Opened by a PIN.
        pin: bool,
    },
}

/// Goods that must be in the basket, without using them up.
#[derive(Debug, Clone, PartialEq)]
pub struct BasketHas {
    /// Which goods.
    pub on: Selector,
    /// How many or for how much.
    pub least: HasAtLeast,
}

/// How much of the goods `basket_has` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasAtLeast {
    /// `quantity`: pieces.
    Pieces(u32),
    /// `at_least`: a sum of list prices.
    ListPrices(Amount),
}
