//! What a caller asks to be priced.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::Amount;
use crate::time::Instant;

/// A basket and all that conditions may ask about the purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is bought.
    pub basket: Basket,
    /// By whom, where and when.
    pub context: Context,
    /// Whether the quote is to say why each promotion did not apply.
    pub explain: bool,
}

/// What is bought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basket {
    /// ISO 4217; the rulebook's currency when empty.
    pub currency_code: String,
    /// The lines, in the order of the receipt.
    pub lines: Vec<Line>,
    /// How the goods reach the customer, when that costs something or a promotion asks for it.
    pub delivery: Option<Delivery>,
}

/// One line of a basket. Fields that are absent come from the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The caller's name for the line, unique in the basket.
    pub id: String,
    /// The stock-keeping unit.
    pub sku: String,
    /// Pieces, at least one.
    pub quantity: u32,
    /// Kilograms or meters of one piece: its list price is `round(unit_price × measure)`.
    pub measure: Option<Decimal>,
    /// The list price of one piece, or of one kilogram or meter.
    pub unit_price: Option<Amount>,
    /// The house that makes it.
    pub brand: Option<String>,
    /// Category paths.
    pub categories: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// What the retailer paid for one piece.
    pub cost: Option<Amount>,
    /// Matches nothing and counts nowhere: a gift certificate, a deposit, a bag.
    pub no_promotions: bool,
}

/// How the goods reach the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The method, `courier`.
    pub method: String,
    /// What it costs before promotions.
    pub price: Amount,
}

/// The purchase around the basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The moment the price is for.
    pub time: Instant,
    /// The sales channel, `pos`.
    pub channel: Option<String>,
    /// The store's id, `kyiv-01`.
    pub store: Option<String>,
    /// Who buys, as far as known.
    pub customer: Option<Customer>,
    /// How it is paid, `mono`.
    pub payment_method: Option<String>,
    /// Codes as they were typed.
    pub codes: Vec<String>,
    /// What the customer chose among the gifts; one entry a piece.
    pub gift_choices: Vec<GiftChoice>,
    /// How much is left of goods that are given away; goods that are not named are not limited.
    pub gift_stock: Vec<GiftStock>,
    /// The pools that generated codes open.
    pub opened: Vec<Opened>,
    /// How much is left of promotions that are limited beyond one basket, by id in byte order; what is not named is not limited.
    pub left: Vec<Left>,
}

impl Context {
    /// A purchase of which only the moment is known.
    #[must_use]
    pub fn at(time: Instant) -> Self {
        Context {
            time,
            channel: None,
            store: None,
            customer: None,
            payment_method: None,
            codes: Vec::new(),
            gift_choices: Vec::new(),
            gift_stock: Vec::new(),
            opened: Vec::new(),
            left: Vec::new(),
        }
    }

    /// How much is left of a promotion.
    #[must_use]
    pub fn room(&self, promotion: &str) -> Room {
        let place = self.left.binary_search_by(|left| left.promotion.as_str().cmp(promotion));
        place.ok().and_then(|place| self.left.get(place)).map_or(Room::Enough, |left| left.room)
    }
}

/// A pool that a generated code opens. That the code is good, whose it is and that it was proven to be theirs has been found out
/// before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The pool's name.
    pub pool: String,
    /// The place of the code in [`Context::codes`].
    #[serde(default)]
    pub place: usize,
    /// Whether it is bound to a phone, and that is the customer's.
    #[serde(default)]
    pub by_phone: bool,
    /// Whether a PIN belongs to it, and that was told.
    #[serde(default)]
    pub by_pin: bool,
}

impl Opened {
    /// Whether it opens a promotion that waits for a code of `pool`, and asks for a phone or a PIN.
    #[must_use]
    pub fn opens(&self, pool: &str, phone: bool, pin: bool) -> bool {
        self.pool == pool && (self.by_phone || !phone) && (self.by_pin || !pin)
    }
}

/// How much is left of one promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its id.
    pub promotion: String,
    /// What there is room for.
    pub room: Room,
}

/// What one more basket may have of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// As much as it gives.
    Enough,
    /// At most this: the rest of its budget.
    AtMost(Amount),
    /// Nothing: it was given to as many baskets as it may be.
    LimitReached,
    /// Nothing: this customer has had it as often as may be.
    CustomerLimitReached,
    /// Nothing, as long as it is not known who buys: it is limited for each customer.
    CustomerUnknown,
}

/// One piece that the customer chose as a gift.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GiftChoice {
    /// The id of the promotion that gives it.
    pub promotion: String,
    /// The goods.
    pub sku: String,
}

/// How much is left to be given away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GiftStock {
    /// The goods.
    pub sku: String,
    /// Pieces.
    pub quantity: u32,
}

/// Who buys.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// The retailer's id.
    pub id: String,
    /// The phone number; never shown in a log or an error.
    pub phone: String,
    /// Segments the customer is in.
    pub segments: Vec<String>,
    /// The tier of the loyalty card.
    pub tier: Option<String>,
    /// The day of birth.
    pub birthday: Option<Date>,
    /// Whether this is the first purchase.
    pub first_purchase: bool,
    /// Whatever else the CRM knows, by name.
    pub attributes: BTreeMap<String, String>,
}

impl std::fmt::Debug for Customer {
    /// Personal data stays out of every log: only the shape is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Customer").field("segments", &self.segments.len()).finish_non_exhaustive()
    }
}
