//! Why a promotion did not apply, from the core to the wire.

use super::goods::{counted_goods, counted_pieces, goods, slot_goods};
use super::names::{number, promotion_id};
use crate::money::Amount;
use crate::pricing::{Lacks, Reason, Why};
use crate::promotion::{Benefit, Earn, HasAtLeast, Measured, Promotion};
use crate::rulebook::{PromotionIndex, Rulebook, spend_of};
use crate::server::wire;
use crate::server::wire::reason::Code;

/// A reason, as the wire has it.
pub(super) fn reason(rulebook: &Rulebook, told: Reason) -> wire::Reason {
    let mut out =
        wire::Reason { promotion_id: promotion_id(rulebook, told.promotion), ..wire::Reason::default() };
    if let Some(instead) = told.instead {
        out.dearer_by = Some(instead.dearer_by.minor());
        out.loses = ids(rulebook, instead.loses);
        out.brings = ids(rulebook, instead.brings);
    }
    let code = match told.why {
        Why::NoSuchGoods => {
            out.goods = own_goods(rulebook, told.promotion);
            Code::NoSuchGoods
        }
        Why::Excepted => {
            out.goods = own_goods(rulebook, told.promotion);
            Code::Excepted
        }
        Why::BasketLacks(lacks) => {
            basket_lacks(rulebook, told.promotion, lacks, &mut out);
            Code::BasketLacks
        }
        Why::SpendMissing(missing) => {
            out.goods = counted_goods(rulebook, told.promotion);
            out.not_counted = ids(rulebook, told.not_counted);
            sum_missing(rulebook, told.promotion, missing, &mut out);
            Code::SpendMissing
        }
        Why::QuantityMissing { pieces, sku } => {
            out.missing_quantity = pieces;
            out.goods = counted_pieces(rulebook, told.promotion, sku.as_ref());
            Code::QuantityMissing
        }
        Why::SetMissing { lacks, or } => {
            let goods = |slot: usize| slot_goods(rulebook, told.promotion, slot);
            let missing = lacks.into_iter().map(|missing| wire::MissingGoods {
                slot: number(missing.slot),
                quantity: missing.quantity,
                goods: goods(missing.slot),
                // Where one of the slots takes any goods, any will do.
                or_goods: or.iter().map(|&slot| goods(slot).unwrap_or_default()).collect(),
            });
            out.missing_goods = missing.collect();
            Code::SetMissing
        }
        Why::HeldByFloor(caps) => {
            out.held_by = caps;
            Code::HeldByFloor
        }
        Why::UnitsUsed(limit) => {
            out.limit = limit;
            Code::UnitsUsed
        }
        Why::SetsUsed(limit) => {
            out.limit = limit;
            Code::SetsUsed
        }
        Why::MaximumReached(most) => {
            out.maximum_amount = most.minor();
            Code::MaximumReached
        }
        Why::Displaces(others) => {
            out.beaten_by = ids(rulebook, others);
            Code::Displaces
        }
        Why::Outranked(by) => {
            out.beaten_by = ids(rulebook, by);
            Code::Outranked
        }
        Why::Beaten(by) => {
            out.beaten_by = ids(rulebook, by);
            if let Some(short) = told.short {
                out.not_counted = ids(rulebook, told.not_counted);
                sum_missing(rulebook, told.promotion, short, &mut out);
            }
            Code::Beaten
        }
        why => bare(&why),
    };
    out.code = code.into();
    out
}

/// The codes of reasons that say all by themselves.
fn bare(why: &Why) -> Code {
    match why {
        Why::NotStarted => Code::NotStarted,
        Why::Ended => Code::Ended,
        Why::WrongWeekday => Code::WrongWeekday,
        Why::WrongHour => Code::WrongHour,
        Why::WrongChannel => Code::WrongChannel,
        Why::WrongStore => Code::WrongStore,
        Why::WrongSegment => Code::WrongSegment,
        Why::WrongTier => Code::WrongTier,
        Why::BirthdayUnknown => Code::BirthdayUnknown,
        Why::WrongBirthday => Code::WrongBirthday,
        Why::WrongCustomer => Code::WrongCustomer,
        Why::WrongPayment => Code::WrongPayment,
        Why::NoDelivery => Code::NoDelivery,
        Why::WrongDelivery => Code::WrongDelivery,
        // The generator takes the name of the enum off `CODE_MISSING`.
        Why::CodeMissing => Code::Missing,
        Why::LimitReached => Code::LimitReached,
        Why::CustomerLimitReached => Code::CustomerLimitReached,
        Why::CustomerNeeded => Code::CustomerNeeded,
        Why::BudgetSpent => Code::BudgetSpent,
        Why::OutOfStock => Code::OutOfStock,
        Why::NoGain => Code::NoGain,
        Why::NoSuchGoods
        | Why::Excepted
        | Why::BasketLacks(_)
        | Why::SpendMissing(_)
        | Why::QuantityMissing { .. }
        | Why::SetMissing { .. }
        | Why::HeldByFloor(_)
        | Why::UnitsUsed(_)
        | Why::SetsUsed(_)
        | Why::MaximumReached(_)
        | Why::Displaces(_)
        | Why::Outranked(_)
        | Why::Beaten(_) => Code::Unspecified,
    }
}

fn basket_lacks(rulebook: &Rulebook, index: PromotionIndex, lacks: Lacks, out: &mut wire::Reason) {
    match lacks.missing {
        HasAtLeast::Pieces(pieces) => out.missing_quantity = pieces,
        HasAtLeast::ListPrices(sum) => out.missing_amount = sum.minor(),
    }
    let has = rulebook.promotion(index).and_then(|one| one.when.basket_has.get(lacks.place));
    out.goods = has.and_then(|has| goods(rulebook, &has.on));
}

fn sum_missing(rulebook: &Rulebook, index: PromotionIndex, missing: Amount, out: &mut wire::Reason) {
    let promotion = rulebook.promotion(index);
    out.missing_amount = missing.minor();
    out.needed_amount = promotion.and_then(needed).map_or(0, Amount::minor);
    out.at_list_prices = promotion.and_then(spend_of).is_some_and(|spend| spend.measured == Measured::List);
}

/// The sum that a promotion asks for first; `None` where points have two and either may be the one that is missing.
fn needed(promotion: &Promotion) -> Option<Amount> {
    match &promotion.benefit {
        Benefit::Spend { tiers, .. } => tiers.first().map(|tier| tier.from),
        Benefit::Gift(gift) => gift.spend.as_ref().map(|(_, from)| *from),
        Benefit::Delivery(delivery) => delivery.spend.as_ref().map(|(_, from)| *from),
        Benefit::Points(points) => {
            let from = points.spend.as_ref().map(|(_, from)| *from);
            match (from, points.earn) {
                (None, Earn::Per { amount, .. }) => Some(amount),
                (Some(from), Earn::Per { amount, .. }) => Some(from).filter(|&from| amount <= from),
                (from, Earn::Multiply(_)) => from,
            }
        }
        _ => None,
    }
}

fn own_goods(rulebook: &Rulebook, index: PromotionIndex) -> Option<wire::Goods> {
    rulebook.promotion(index).and_then(|promotion| goods(rulebook, &promotion.on))
}

fn ids(rulebook: &Rulebook, promotions: Vec<PromotionIndex>) -> Vec<String> {
    promotions.into_iter().map(|index| promotion_id(rulebook, index)).collect()
}
