//! The answer: what every unit costs, what took how much off, and how far that is proven.

use smallvec::SmallVec;

use crate::money::Amount;
use crate::promotion::HasAtLeast;
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
    /// Which units make up which sets, by place of the promotion, then in basket order.
    pub sets: Vec<MadeUp>,
    /// What is given on top, by place of the promotion.
    pub gifts: Vec<Given>,
    /// The choices of gifts that could not be honored, in the order of the request.
    pub gifts_refused: Vec<GiftRefused>,
    /// The points earned in all.
    pub points: u64,
    /// One a code of the request, in its order.
    pub codes: Vec<CodeResult>,
    /// With `explain`: what is near and worth it, by place.
    pub hints: Vec<Hint>,
    /// With `explain`: why each other promotion did not apply, by place.
    pub reasons: Vec<Reason>,
    /// With `explain`: what promotions counted from which others keep goods, by place.
    pub counted: Vec<Counted>,
    /// How far the total is proven to be the best.
    pub optimality: Optimality,
    /// The work of the search, in steps: the same for the same request on every machine.
    pub steps: u64,
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
    /// The floor of its units, where it held something back.
    pub floor: Option<Floor>,
    /// With `explain`: the promotions that are for these goods and not on all units of them, by place.
    pub left_out: Vec<LeftOut>,
}

/// A promotion that applies elsewhere, or waits for a code or a card that the customer has, and is not on units of a line whose
/// goods it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which, and why it is not there.
    pub reason: Reason,
    /// The units of the line that it is not on.
    pub quantity: u32,
}

/// The lowest price of a unit, and what sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// No promotion takes a unit below it.
    pub price: Amount,
    /// The ids of the caps that set it, sorted; none for the lowest unit price of the settings.
    pub caps: Vec<String>,
}

/// Units of one line that carry the same promotions and cost the same, each held back alike.
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
    /// What the unit's floor held back: what the promotion would have taken off without floors, in whole minor units, less
    /// `amount`. Nothing unless the unit stands at its floor once the promotion has taken effect.
    pub held: Amount,
}

/// Sets of one promotion that are made up alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeUp {
    /// The promotion.
    pub promotion: PromotionIndex,
    /// How many such sets.
    pub times: u32,
    /// What one of them is made up of, in basket order; a group of units may fill several slots.
    pub members: Vec<Member>,
}

/// Units of one group in one slot of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The line's place in the quote.
    pub line: usize,
    /// The place of the group in the line.
    pub group: usize,
    /// The slot's place in the promotion.
    pub slot: usize,
    /// Units of one set.
    pub quantity: u32,
}

/// A gift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The promotion that gives it.
    pub promotion: PromotionIndex,
    /// Which goods, once that is decided: the customer chose, or there is no choice.
    pub sku: Option<String>,
    /// How many pieces.
    pub quantity: u32,
    /// What may be chosen from, in the order of the rule file, without what is out of stock.
    pub options: Vec<String>,
    /// The place of the line whose units became the gift; `None` for pieces on top of the basket.
    pub line: Option<usize>,
}

/// A choice of a gift that could not be honored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftRefused {
    /// The place of the choice in the request.
    pub choice: usize,
    /// Why.
    pub why: GiftWhy,
}

/// Why a choice of a gift could not be honored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GiftWhy {
    /// No live promotion has that id, or it gives no gift.
    NoSuchGift,
    /// Its goods are not among those that may be chosen.
    NotAnOption,
    /// Everything that is given has been chosen already.
    TooMany,
    /// There is none left.
    OutOfStock,
    /// The promotion did not apply.
    NotApplied(Why),
}

/// A promotion that took something off or gave something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Which.
    pub promotion: PromotionIndex,
    /// What it took off, in all.
    pub amount: Amount,
    /// Units of goods that it reduced.
    pub units: u32,
    /// Points that it earned; of a multiplier what it added. All of them together are the points of the quote.
    pub points: u64,
    /// What kept it from giving more.
    pub stop: Stop,
}

/// What a promotion that applies counted, where other promotions keep goods from it that it asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Which.
    pub promotion: PromotionIndex,
    /// How much counts.
    pub extent: Extent,
    /// The promotions whose goods do not count, by place.
    pub without: Vec<PromotionIndex>,
}

/// How much counts for a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A sum.
    Sum(Amount),
    /// Pieces.
    Pieces(u32),
}

/// What kept a promotion that applies from giving more; by default nothing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stop {
    /// Its maximum, where it took all of it off.
    pub maximum: Option<Amount>,
    /// Its limit of units, where it is used up and other units of its goods go without.
    pub units: Option<u32>,
    /// Its limit of sets, likewise.
    pub sets: Option<u32>,
    /// What floors held back in the end: what no other goods took over.
    pub lost: Amount,
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
    /// A generated code with a typing mistake.
    Mistyped,
}

/// Something near: with what is missing the customer pays less for the rest, or is given more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The promotion.
    pub promotion: PromotionIndex,
    /// What a little more would be.
    pub missing: Near,
    /// The goods of which pieces were added to work `gain` out, or one was chosen; nothing for a sum.
    pub sku: Option<String>,
    /// By how much all then costs less than the basket as it is and what is added, each at its price, delivery included; nothing where
    /// only a gift or points are gained.
    pub gain: Amount,
}

/// What is missing to more of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    /// To the next tier of its spend, in money of the goods that it measures.
    Amount(Amount),
    /// To the next tier by quantity: pieces of its goods.
    Pieces(u32),
    /// To one more set: pieces for one slot.
    Slot(Missing),
    /// Nothing: the customer may choose a piece of the line at this place, which is paid so far, as the gift.
    Choice(usize),
}

/// Why a promotion did not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which.
    pub promotion: PromotionIndex,
    /// Why.
    pub why: Why,
    /// The promotions whose goods do not count for its sum, by place. With [`Why::SpendMissing`] it would not be reached without them
    /// either, with [`Why::Beaten`] because of them.
    pub not_counted: Vec<PromotionIndex>,
    /// With [`Why::Beaten`]: what its sum lacks, because of what is not counted.
    pub short: Option<Amount>,
    /// What it would be like if on its goods it stood in place of those that `why` names, and of others that could not be
    /// combined with it there; `None` where that was not tried.
    pub instead: Option<Instead>,
}

/// What all would be with a promotion in place of those that it lost to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// By how much more all would cost.
    pub dearer_by: Amount,
    /// The promotions beside those that would not apply then, by place.
    pub loses: Vec<PromotionIndex>,
    /// Those that would apply then and do not now, by place.
    pub brings: Vec<PromotionIndex>,
}

impl Reason {
    /// A reason that nothing was tried for.
    #[must_use]
    pub fn new(promotion: PromotionIndex, why: Why) -> Self {
        Reason { promotion, why, not_counted: Vec::new(), short: None, instead: None }
    }
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
    /// The customer's card has another tier, or there is none.
    WrongTier,
    /// The customer's birthday is not known.
    BirthdayUnknown,
    /// Not near the customer's birthday.
    WrongBirthday,
    /// An attribute of the customer does not fit.
    WrongCustomer,
    /// Not with this way of paying.
    WrongPayment,
    /// Nothing is delivered, or the delivery costs nothing.
    NoDelivery,
    /// Not with this delivery.
    WrongDelivery,
    /// It waits for a code.
    CodeMissing,
    /// It was given to as many baskets as it may be.
    LimitReached,
    /// The customer has had it as often as may be.
    CustomerLimitReached,
    /// It is limited for each customer, and who buys is not known.
    CustomerNeeded,
    /// The money for it is given.
    BudgetSpent,
    /// No such goods in the basket.
    NoSuchGoods,
    /// The goods of the basket that would fit are excepted.
    Excepted,
    /// `basket_has` is not met.
    BasketLacks(Lacks),
    /// Its spend is not reached.
    SpendMissing(Amount),
    /// Its first tier by quantity is not reached.
    QuantityMissing {
        /// So many pieces are missing.
        pieces: u32,
        /// Of these goods, where each SKU is counted by itself: those that are nearest.
        sku: Option<String>,
    },
    /// Its set is not complete.
    SetMissing {
        /// What is missing, by slot.
        lacks: Vec<Missing>,
        /// The other slots for which as many pieces would do as well, where only one lacks some: what is there moves up.
        or: Vec<usize>,
    },
    /// Nothing that it gives is left.
    OutOfStock,
    /// A floor holds everything that it would take off; the ids of the caps that set it, none for the lowest unit price.
    HeldByFloor(Vec<String>),
    /// It would take nothing off: its goods cost no more than it asks for them.
    NoGain,
    /// So many units carry it already, and more may not.
    UnitsUsed(u32),
    /// So many sets are made up already, and more may not be.
    SetsUsed(u32),
    /// It has taken off all that it may.
    MaximumReached(Amount),
    /// With it the sums of these would no longer be reached, and they are worth more.
    Displaces(Vec<PromotionIndex>),
    /// Those on its goods that it cannot be combined with and that are of a higher level: they are served first.
    Outranked(Vec<PromotionIndex>),
    /// It would make no better price: those on its goods that it cannot be combined with.
    Beaten(Vec<PromotionIndex>),
}

/// What an entry of `basket_has` lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lacks {
    /// Its place in the promotion.
    pub place: usize,
    /// What is missing to it.
    pub missing: HasAtLeast,
}

/// Pieces that a slot lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The slot's place in the promotion.
    pub slot: usize,
    /// How many pieces.
    pub quantity: u32,
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
            Why::BirthdayUnknown => 8,
            Why::WrongBirthday => 9,
            Why::WrongCustomer => 10,
            Why::WrongPayment => 11,
            Why::NoDelivery => 12,
            Why::WrongDelivery => 13,
            Why::CodeMissing => 14,
            Why::LimitReached => 15,
            Why::CustomerLimitReached => 16,
            Why::CustomerNeeded => 17,
            Why::BudgetSpent => 18,
            Why::NoSuchGoods => 19,
            Why::Excepted => 20,
            Why::BasketLacks(_) => 21,
            Why::SpendMissing(_) => 22,
            Why::QuantityMissing { .. } => 23,
            Why::SetMissing { .. } => 24,
            Why::OutOfStock => 25,
            Why::HeldByFloor(_) => 26,
            Why::NoGain => 27,
            Why::UnitsUsed(_) => 28,
            Why::SetsUsed(_) => 29,
            Why::MaximumReached(_) => 30,
            Why::Displaces(_) => 31,
            Why::Outranked(_) => 32,
            Why::Beaten(_) => 33,
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
