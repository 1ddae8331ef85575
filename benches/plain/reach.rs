//! What is plainly out of a basket's reach, and what plainly is not, so that nothing has to be searched.

use pricewright::money::Amount;
use pricewright::promotion::{Benefit, Measured, Promotion, Spend, UnitCut};
use rust_decimal::Decimal;

use super::goods::{Line, list_of, matches, pieces_of};
use super::money::Money;

/// Whether the basket has too few pieces for one set or the lowest tier, or too little at list prices for a sum.
pub(super) fn is_out(promotion: &Promotion, lines: &[Line<'_>], money: Money) -> bool {
    let has = || lines.iter().filter(|line| matches(&promotion.on, line));
    match &promotion.benefit {
        Benefit::Set(set) => set.slots.iter().any(|slot| {
            let fit = lines.iter().filter(|line| matches(&slot.on, line));
            pieces_of(fit) < Decimal::from(slot.quantity)
        }),
        Benefit::Quantity { tiers, .. } => {
            tiers.iter().all(|tier| pieces_of(has()) < Decimal::from(tier.from))
        }
        Benefit::Spend { spend, tiers, .. } => {
            tiers.iter().all(|tier| list_sum(promotion, spend, lines) < money.of_amount(tier.from))
        }
        Benefit::Delivery(benefit) => benefit
            .spend
            .as_ref()
            .is_some_and(|(spend, from)| list_sum(promotion, spend, lines) < money.of_amount(*from)),
        _ => false,
    }
}

fn list_sum(promotion: &Promotion, spend: &Spend, lines: &[Line<'_>]) -> Decimal {
    let on = spend.on.as_ref().unwrap_or(&promotion.on);
    list_of(lines.iter().filter(|line| matches(on, line)))
}

/// Whether the sum is reached at the lowest prices that the units can have: then it stands in the way of none of them.
pub(super) fn is_reached(
    promotion: &Promotion,
    asked: Option<&(Spend, Amount)>,
    lines: &[Line<'_>],
    units: &[Decimal],
    money: Money,
) -> bool {
    let Some((spend, from)) = asked else {
        return true;
    };
    let on = spend.on.as_ref().unwrap_or(&promotion.on);
    let measured = lines.iter().zip(units).filter(|(line, _)| matches(on, line));
    let price = |line: &Line<'_>, unit: &Decimal| match spend.measured {
        Measured::Current => *unit,
        Measured::List => line.list_price,
    };
    let sum: Decimal = measured.map(|(line, unit)| line.quantity * price(line, unit)).sum();
    sum >= money.of_amount(*from)
}

/// Whether each unit stands for itself: no level above the others, no limit and no maximum that the basket comes up to.
pub(super) fn is_simple(promotion: &Promotion, lines: &[Line<'_>], touched: &[bool], money: Money) -> bool {
    let there = || lines.iter().zip(touched).filter(|(_, is_touched)| **is_touched).map(|(line, _)| line);
    let limit = promotion.limits.units.map(Decimal::from);
    let most = promotion.benefit.max_discount().map(|most| money.of_amount(most));
    let off = || there().map(|line| line.quantity * most_off(promotion, line, money)).sum::<Decimal>();
    promotion.level == 0
        && limit.is_none_or(|limit| pieces_of(there()) <= limit)
        && most.is_none_or(|most| off() <= most)
}

/// What a promotion takes off a unit at most: at its list price.
fn most_off(promotion: &Promotion, line: &Line<'_>, money: Money) -> Decimal {
    match &promotion.benefit {
        Benefit::Units(units) => money.off(units.cut, line.list_price, line.list_price),
        Benefit::Prices(list) => {
            let listed = list.prices.get(line.sku).copied();
            listed.map_or(Decimal::ZERO, |price| {
                money.off(UnitCut::Price(price), line.list_price, line.list_price)
            })
        }
        _ => Decimal::ZERO,
    }
}
