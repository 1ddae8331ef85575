//! The answer: what every unit costs, what took how much off, and how far that is proven.

use smallvec::SmallVec;

use crate::money::Amount;
use crate::rulebook::PromotionIndex;

/// What a basket costs. Promotions are named by their place in the rulebook that priced it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What the goods cost before promotions.
    pub list_total: Amount,
    /// What is taken off the goods.
    pub discount_total: Amount,
    /// What the delivery costs in the end.
    pub delivery_total: Amount,
    /// What the customer pays for goods and delivery: `list_total − discount_total + delivery_total`.
    pub total: Amount,
    /// One a line of the request, in its order.
    pub lines: Vec<QuotedLine>,
    /// The promotion that applies to the delivery, and what it takes off.
    pub delivery: Option<(PromotionIndex, Amount)>,
    /// The promotions that took something off, by place.
    pub applied: Vec<Applied>,
    /// One a code of the request, in its order.
    pub codes: Vec<CodeResult>,
    /// What is near, by place.
    pub hints: Vec<Hint>,
    /// With `explain`: why each other promotion did not apply, by place.
    pub reasons: Vec<Reason>,
    /// How far the total is proven to be the best.
    pub optimality: Optimality,
}

/// One line, priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotedLine {
    /// The caller's name for it.
    pub id: String,
    /// The stock-keeping unit.
    pub sku: String,
    /// Pieces.
    pub quantity: u32,
    /// What one piece costs before promotions.
    pub list_price: Amount,
    /// What the line costs in the end.
    pub total: Amount,
    /// Its units, by what they carry and cost.
    pub groups: Vec<UnitGroup>,
}

/// Units of one line that carry the same promotions and cost the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitGroup {
    /// How many.
    pub quantity: u32,
    /// What one costs in the end.
    pub price: Amount,
    /// The promotions each carries, in the order in which they took effect, with what each took off; that may be nothing.
    pub carried: SmallVec<[Carried; 2]>,
}

/// One promotion on one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// Which.
    pub promotion: PromotionIndex,
    /// What it took off the unit.
    pub amount: Amount,
}

/// A promotion that took something off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Which.
    pub promotion: PromotionIndex,
    /// In all.
    pub amount: Amount,
    /// Units of goods that it reduced.
    pub units: u32,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeResult {
    /// As it was typed.
    pub code: String,
    /// Its fate.
    pub fate: CodeFate,
}

/// The fate of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeFate {
    /// Its promotion took something off.
    Applied,
    /// It opened a promotion that took nothing off.
    NotApplied(Reason),
    /// No live promotion waits for it.
    Unknown,
    /// The same code stands earlier in the request.
    Repeated,
}

/// Something near.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// The promotion.
    pub promotion: PromotionIndex,
    /// What is missing to its next tier, in money of the goods that it measures.
    pub missing: Amount,
}

/// Why a promotion did not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which.
    pub promotion: PromotionIndex,
    /// Why.
    pub why: Why,
}

/// The reasons, in order of precedence: the first that holds is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It has not begun.
    NotStarted,
    /// It is over.
    Ended,
    /// Not on this weekday.
    WrongWeekday,
    /// Not at this hour.
    WrongHour,
    /// Not on this channel.
    WrongChannel,
    /// Not in this store.
    WrongStore,
    /// The customer is in none of its segments.
    WrongSegment,
    /// The customer's card has another tier.
    WrongTier,
    /// Not near the customer's birthday, or it is not known.
    WrongBirthday,
    /// An attribute of the customer does not fit.
    WrongCustomer,
    /// Not with this way of paying.
    WrongPayment,
    /// Not with this delivery, or nothing to deliver.
    WrongDelivery,
    /// It waits for a code.
    CodeMissing,
    /// No such goods in the basket.
    NoSuchGoods,
    /// `basket_has` is not met.
    BasketLacks,
    /// Its spend is not reached.
    SpendMissing(Amount),
    /// A floor holds everything that it would take off; the ids of the caps, none for the lowest unit price.
    HeldByFloor(Vec<String>),
    /// Others take more: those on its goods that it cannot be combined with.
    Beaten(Vec<PromotionIndex>),
}

impl Why {
    /// The place in the order of precedence: a later reason came nearer to applying.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Why::NotStarted => 0,
            Why::Ended => 1,
            Why::WrongWeekday => 2,
            Why::WrongHour => 3,
            Why::WrongChannel => 4,
            Why::WrongStore => 5,
            Why::WrongSegment => 6,
            Why::WrongTier => 7,
            Why::WrongBirthday => 8,
            Why::WrongCustomer => 9,
            Why::WrongPayment => 10,
            Why::WrongDelivery => 11,
            Why::CodeMissing => 12,
            Why::NoSuchGoods => 13,
            Why::BasketLacks => 14,
            Why::SpendMissing(_) => 15,
            Why::HeldByFloor(_) => 16,
            Why::Beaten(_) => 17,
        }
    }
}

/// How far a total is proven to be the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimality {
    /// No better price exists.
    Proven,
    /// The search ended at its fixed amount of work: a better price could exist by at most this.
    Bounded(Amount),
}
