//! The plain evaluator: what a good engineer writes first, and what most shops run.
//!
//! It goes through all promotions for every basket, compares words as they are typed, reckons in decimals and takes for each line
//! the best of what may meet on it. It is here to be measured against, and to be right where it answers: whatever would need a
//! search (sets, tiers by quantity, sums that a choice could reach or miss, amounts off the basket, levels) it leaves
//! alone, unless the basket is so far from it that nothing has to be searched.

use pricewright::basket::Request;
use pricewright::promotion::{Benefit, DeliveryBenefit, Promotion, Stacking, UnitCut};
use pricewright::rulebook::Rulebook;
use rust_decimal::Decimal;

mod money;
mod goods;
mod when;
mod reach;

use goods::{Line, matches};
use money::Money;

/// What the basket costs with its delivery, in major units; `None` when it meets a promotion that this evaluator cannot do.
pub(crate) fn total(rulebook: &Rulebook, request: &Request) -> Option<Decimal> {
    let money = Money::of(rulebook.settings());
    let lines = goods::lines(rulebook, request, money)?;
    let purchase = when::Purchase::of(request, &rulebook.settings().time_zone);
    let mut on_line: Vec<Vec<&Promotion>> = lines.iter().map(|_| Vec::new()).collect();
    let mut of_delivery: Vec<(&Promotion, &DeliveryBenefit)> = Vec::new();
    for promotion in rulebook.promotions() {
        if !purchase.fits(promotion) || !goods::basket_has(&promotion.when, &lines, money) {
            continue;
        }
        let touched: Vec<bool> = lines.iter().map(|line| matches(&promotion.on, line)).collect();
        if !touched.contains(&true) || reach::is_out(promotion, &lines, money) {
            continue;
        }
        match &promotion.benefit {
            Benefit::Units(_) | Benefit::Prices(_) => {
                reach::is_simple(promotion, &lines, &touched, money).then_some(())?;
                for (list, _) in on_line.iter_mut().zip(&touched).filter(|(_, is_touched)| **is_touched) {
                    list.push(promotion);
                }
            }
            Benefit::Delivery(benefit) => of_delivery.push((promotion, benefit)),
            // Without a choice of the customer's a gift comes on top, and points never change a price.
            Benefit::Gift(_) if request.context.gift_choices.is_empty() => {}
            Benefit::Points(_) => {}
            _ => return None,
        }
    }
    let units: Vec<Decimal> =
        lines.iter().zip(on_line).map(|(line, list)| best_price(line, list, money)).collect();
    let goods: Decimal = lines.iter().zip(&units).map(|(line, unit)| line.quantity * unit).sum();
    Some(goods + delivery(request, &of_delivery, &lines, &units, money)?)
}

/// The lowest price of one unit of the line.
fn best_price(line: &Line<'_>, mut promotions: Vec<&Promotion>, money: Money) -> Decimal {
    promotions.sort_by_key(|promotion| (promotion.stage, promotion.benefit.turn(), &promotion.id));
    lowest(line, line.list_price, &promotions, &mut Vec::new(), money)
}

/// The lowest price with what the unit carries, and any of the promotions that take effect later.
fn lowest<'a>(
    line: &Line<'_>,
    price: Decimal,
    later: &[&'a Promotion],
    carried: &mut Vec<&'a Promotion>,
    money: Money,
) -> Decimal {
    let mut best = price;
    let mut rest = later;
    while let Some((promotion, after)) = rest.split_first() {
        rest = after;
        if carried.iter().all(|other| promotion.is_compatible_with(other)) {
            carried.push(promotion);
            let reduced = reduced(line, price, promotion, money);
            best = best.min(lowest(line, reduced, after, carried, money));
            carried.pop();
        }
    }
    best
}

/// The price of a unit after one promotion, never below its floor.
fn reduced(line: &Line<'_>, price: Decimal, promotion: &Promotion, money: Money) -> Decimal {
    let off = match &promotion.benefit {
        Benefit::Units(units) => money.off(units.cut, price, line.list_price),
        Benefit::Prices(list) => match list.prices.get(line.sku) {
            Some(&listed) => money.off(UnitCut::Price(listed), price, line.list_price),
            None => Decimal::ZERO,
        },
        _ => Decimal::ZERO,
    };
    (price - off).max(line.floor.min(price))
}

/// What the delivery costs with the best promotion on it; `None` when a sum to reach is not plainly reached or missed.
fn delivery(
    request: &Request,
    promotions: &[(&Promotion, &DeliveryBenefit)],
    lines: &[Line<'_>],
    units: &[Decimal],
    money: Money,
) -> Option<Decimal> {
    let Some(asked) = &request.basket.delivery else {
        return Some(Decimal::ZERO);
    };
    let price = money.of_amount(asked.price);
    let mut best = price;
    for (promotion, benefit) in promotions {
        let is_plain = promotion.level == 0
            && promotion.stacks_with == Stacking::Unsaid
            && reach::is_reached(promotion, benefit.spend.as_ref(), lines, units, money);
        is_plain.then_some(())?;
        best = best.min(price - money.off(benefit.cut, price, price));
    }
    Some(best)
}
