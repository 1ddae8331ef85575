//! Purchases between the wire and the ledger: what is kept of a priced basket, and what is told of a sale.

use std::collections::BTreeSet;

use crate::basket::{self, Customer};
use crate::catalog::word::{fold, fold_code};
use crate::ledger::{
    self, CustomerKey, OpenedCode, Payment, Purchase, Return, SaleId, SoldGift, SoldLine, SoldPromotion,
    SoldUnits, State,
};
use crate::money::Amount;
use crate::rulebook::Rulebook;
use crate::server::timestamp::Timestamp;
use crate::server::wire;
use crate::time::Instant;

use super::names::number;

/// The year of every birthday that is kept: conditions ask for day and month alone, and this one has a 29 February.
const BIRTHDAY_YEAR: i16 = 1996;

/// The request as it is kept, to price it again: without who buys, and without codes that are no campaign words of the rulebook.
#[must_use]
pub fn kept_request(mut asked: wire::QuoteRequest, request: &basket::Request, rulebook: &Rulebook) -> String {
    asked.explain = false;
    let context = asked.context.get_or_insert_default();
    context.time = Some(timestamp(request.context.time));
    context.rulebook_version.clear();
    context.codes.retain(|code| !rulebook.waiting_for(&fold_code(code)).is_empty());
    context.code_pins.clear();
    if let Some(customer) = &mut context.customer {
        let born = request.context.customer.as_ref().and_then(birthday);
        asked_of(customer, born, rulebook);
    }
    // A request holds texts and numbers alone: there is nothing that JSON could refuse.
    serde_json::to_string(&asked).unwrap_or_default()
}

/// Leaves of a customer what conditions of the rulebook ask: a journal cannot forget, so it learns no more.
fn asked_of(customer: &mut wire::Customer, born: Option<String>, rulebook: &Rulebook) {
    let conditions = || rulebook.promotions().iter().map(|promotion| &promotion.when);
    customer.id.clear();
    customer.phone.clear();
    customer.segments.retain(|segment| conditions().any(|when| when.segments.contains(&fold(segment))));
    if !conditions().any(|when| when.tiers.contains(&fold(&customer.tier))) {
        customer.tier.clear();
    }
    customer.birthday = born.filter(|_| conditions().any(|when| when.birthday.is_some())).unwrap_or_default();
    customer.attributes.retain(|name, _| {
        let name = fold(name);
        conditions().any(|when| when.customer.iter().any(|(asked, _)| *asked == name))
    });
    customer.first_purchase &=
        conditions().any(|when| when.customer.iter().any(|(asked, _)| asked == "first_purchase"));
}

fn birthday(customer: &Customer) -> Option<String> {
    let born = customer.birthday?;
    jiff::civil::Date::new(BIRTHDAY_YEAR, born.month(), born.day()).ok().map(|day| day.to_string())
}

/// The lines of a basket that are gift certificates, by id.
#[must_use]
pub fn certificates(asked: &wire::QuoteRequest) -> BTreeSet<String> {
    let lines = asked.basket.iter().flat_map(|basket| &basket.lines);
    lines.filter(|line| line.gift_certificate).map(|line| line.id.clone()).collect()
}

/// A priced basket as the ledger keeps it; `certificates` are the lines that are some.
#[must_use]
pub fn purchase(
    asked: String,
    certificates: &BTreeSet<String>,
    request: &basket::Request,
    quote: wire::Quote,
    customer: Vec<CustomerKey>,
    codes: &[OpenedCode],
) -> Purchase {
    Purchase {
        rulebook: quote.rulebook_digest,
        asked,
        customer,
        codes: codes.to_vec(),
        channel: request.context.channel.clone().unwrap_or_default(),
        store: request.context.store.clone().unwrap_or_default(),
        currency: quote.currency_code,
        list_total: Amount::from_minor(quote.list_total),
        discount_total: Amount::from_minor(quote.discount_total),
        delivery_total: Amount::from_minor(quote.delivery_total),
        total: Amount::from_minor(quote.total),
        lines: quote
            .lines
            .into_iter()
            .map(|line| {
                let is_certificate = certificates.contains(&line.id);
                sold_line(line, is_certificate)
            })
            .collect(),
        promotions: quote.promotions.into_iter().map(sold_promotion).collect(),
        gifts: quote.gifts.into_iter().map(sold_gift).collect(),
        points: quote.points,
        payments: Vec::new(),
    }
}

fn sold_line(line: wire::QuotedLine, is_certificate: bool) -> SoldLine {
    let units = line.groups.into_iter().map(|group| SoldUnits {
        quantity: group.quantity,
        price: Amount::from_minor(group.unit_price),
        discounts: group
            .discounts
            .into_iter()
            .map(|discount| (discount.promotion_id, Amount::from_minor(discount.amount)))
            .collect(),
    });
    SoldLine {
        units: units.collect(),
        id: line.id,
        sku: line.sku,
        list_price: Amount::from_minor(line.list_unit_price),
        is_certificate,
    }
}

fn sold_promotion(applied: wire::AppliedPromotion) -> SoldPromotion {
    SoldPromotion {
        id: applied.id,
        name: applied.name,
        amount: Amount::from_minor(applied.amount),
        units: applied.quantity,
        points: applied.points,
    }
}

fn sold_gift(gift: wire::Gift) -> SoldGift {
    SoldGift { promotion: gift.promotion_id, sku: gift.sku, quantity: gift.quantity, line: gift.line_id }
}

/// A sale as it stands.
#[must_use]
pub fn sale(id: SaleId, sale: &ledger::Sale) -> wire::Sale {
    sale_as_of(id, sale, sale.state, sale.returns.len())
}

/// A sale as it stood when it was in `state` and `returns` had come back: the answer to a call does not change afterwards.
#[must_use]
pub fn sale_as_of(id: SaleId, sale: &ledger::Sale, state: State, returns: usize) -> wire::Sale {
    let purchase = if state == State::Committed { sale.sold() } else { &sale.reserved };
    let refunds: Vec<wire::SaleRefund> = sale.returns.iter().take(returns).map(refund).collect();
    wire::Sale {
        id: id.to_string(),
        state: match state {
            State::Held => wire::sale::State::Reserved,
            State::Committed => wire::sale::State::Committed,
            State::Cancelled => wire::sale::State::Cancelled,
            State::Expired => wire::sale::State::Expired,
        }
        .into(),
        reserve_time: Some(timestamp(sale.reserved_at)),
        expire_time: Some(timestamp(sale.expires_at)),
        end_time: sale.ended_at.filter(|_| state != State::Held).map(timestamp),
        refunded_total: refunds.iter().map(|refund| refund.amount).sum(),
        refunds,
        ..priced(purchase)
    }
}

/// What a purchase would be as a sale, before it is one.
#[must_use]
pub fn preview(id: SaleId, purchase: &Purchase, reserved_at: Instant, expires_at: Instant) -> wire::Sale {
    wire::Sale {
        id: id.to_string(),
        state: wire::sale::State::Reserved.into(),
        reserve_time: Some(timestamp(reserved_at)),
        expire_time: Some(timestamp(expires_at)),
        ..priced(purchase)
    }
}

/// The fields of a sale that tell its price.
fn priced(purchase: &Purchase) -> wire::Sale {
    wire::Sale {
        rulebook_version: purchase.rulebook.get(..12).unwrap_or_default().to_owned(),
        rulebook_digest: purchase.rulebook.clone(),
        currency_code: purchase.currency.clone(),
        list_total: purchase.list_total.minor(),
        discount_total: purchase.discount_total.minor(),
        delivery_total: purchase.delivery_total.minor(),
        total: purchase.total.minor(),
        lines: lines(purchase),
        promotions: purchase.promotions.iter().map(applied_promotion).collect(),
        gifts: purchase.gifts.iter().map(gift).collect(),
        points: purchase.points,
        payments: purchase.payments.iter().map(payment).collect(),
        amount_due: (purchase.total - purchase.paid_by_certificates()).minor(),
        ..wire::Sale::default()
    }
}

/// One refund.
#[must_use]
pub fn refund(back: &Return) -> wire::SaleRefund {
    let group = |line: &ledger::ReturnedLine| wire::ReturnedGroup {
        line_id: line.line.clone(),
        group: number(line.group),
        quantity: line.quantity,
        amount: line.amount.minor(),
    };
    wire::SaleRefund {
        create_time: Some(timestamp(back.at)),
        groups: back.lines.iter().map(group).collect(),
        delivery: back.delivery,
        amount: back.amount.minor(),
        points: back.points,
        lines_left: back.repriced.as_ref().map(lines).unwrap_or_default(),
        payments: back
            .payments
            .iter()
            .map(|back| wire::SalePayment { balance_left: 0, ..payment(back) })
            .collect(),
        amount_due: (back.amount - back.payments.iter().map(|payment| payment.amount).sum()).minor(),
    }
}

fn payment(payment: &Payment) -> wire::SalePayment {
    wire::SalePayment {
        certificate_id: payment.id.to_string(),
        last_four: payment.last_four.clone(),
        amount: payment.amount.minor(),
        balance_left: payment.left.minor(),
    }
}

fn lines(purchase: &Purchase) -> Vec<wire::QuotedLine> {
    let line = |line: &SoldLine| wire::QuotedLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        quantity: line.quantity(),
        list_unit_price: line.list_price.minor(),
        total: line.units.iter().map(|units| units.price.times(units.quantity).minor()).sum(),
        groups: line.units.iter().map(group).collect(),
        ..wire::QuotedLine::default()
    };
    purchase.lines.iter().map(line).collect()
}

fn group(units: &SoldUnits) -> wire::UnitGroup {
    let discount = |(promotion, amount): &(String, Amount)| wire::UnitDiscount {
        promotion_id: promotion.clone(),
        amount: amount.minor(),
        held_amount: 0,
    };
    wire::UnitGroup {
        quantity: units.quantity,
        unit_price: units.price.minor(),
        discounts: units.discounts.iter().map(discount).collect(),
    }
}

fn applied_promotion(promotion: &SoldPromotion) -> wire::AppliedPromotion {
    wire::AppliedPromotion {
        id: promotion.id.clone(),
        name: promotion.name.clone(),
        amount: promotion.amount.minor(),
        quantity: promotion.units,
        points: promotion.points,
        ..wire::AppliedPromotion::default()
    }
}

fn gift(gift: &SoldGift) -> wire::Gift {
    wire::Gift {
        promotion_id: gift.promotion.clone(),
        sku: gift.sku.clone(),
        quantity: gift.quantity,
        line_id: gift.line.clone(),
        ..wire::Gift::default()
    }
}

fn timestamp(instant: Instant) -> Timestamp {
    Timestamp { seconds: instant.unix(), nanos: 0 }
}
