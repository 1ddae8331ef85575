//! What a caller asks, from the wire into the core.

use rust_decimal::Decimal;

use crate::basket::{self, Fault, Problem, Request};
use crate::money::Amount;
use crate::server::wire;
use crate::time::Instant;

/// A request in JSON that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: `{path}`: {message}")]
pub struct JsonError {
    /// The field, `basket.lines[2].quantity`; `.` for the whole.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// From 1; 0 when nothing stands on the line.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads a request in proto3 JSON.
///
/// # Errors
/// It is not JSON, or a field is unknown or of the wrong type.
pub fn request_from_json(text: &str) -> Result<wire::QuoteRequest, JsonError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let told = |path: String, error: &serde_json::Error| {
        let all = error.to_string();
        let message = all.split(" at line ").next().unwrap_or_default().to_owned();
        let path = if path == "?" { ".".to_owned() } else { path };
        JsonError { path, line: error.line(), column: error.column(), message }
    };
    let request = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| told(error.path().to_string(), error.inner()))?;
    reader.end().map_err(|error| told(".".to_owned(), &error))?;
    Ok(request)
}

/// The request as the core has it, and the fields that cannot be read.
#[must_use]
pub fn request(asked: &wire::QuoteRequest, now: Instant) -> (Request, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut unreadable = |field: String| faults.push(Fault { field, problem: Problem::Unreadable });
    let nothing = wire::Basket::default();
    let basket = asked.basket.as_ref().unwrap_or(&nothing);
    // One line too many is enough to refuse the basket: a message of empty lines would cost its memory twice.
    let lines = basket.lines.iter().take(basket::limits::LINES_MAX + 1);
    let lines = lines.enumerate().map(|(place, line)| basket::Line {
        id: line.id.clone(),
        sku: line.sku.clone(),
        quantity: line.quantity,
        measure: readable(&line.measure, |text| text.parse::<Decimal>().ok()).unwrap_or_else(|()| {
            unreadable(format!("basket.lines[{place}].measure"));
            None
        }),
        unit_price: line.unit_price.map(Amount::from_minor),
        brand: line.brand.clone(),
        categories: line.categories.clone(),
        tags: line.tags.clone(),
        cost: line.cost.map(Amount::from_minor),
        no_promotions: line.no_promotions,
    });
    let basket = basket::Basket {
        currency_code: basket.currency_code.clone(),
        lines: lines.collect(),
        delivery: basket.delivery.as_ref().map(|delivery| basket::Delivery {
            method: delivery.method.clone(),
            price: Amount::from_minor(delivery.price),
        }),
    };
    let nothing = wire::Context::default();
    let context = asked.context.as_ref().unwrap_or(&nothing);
    let customer = context.customer.as_ref().map(|customer| basket::Customer {
        id: customer.id.clone(),
        phone: customer.phone.clone(),
        segments: customer.segments.clone(),
        tier: said(&customer.tier),
        birthday: readable(&customer.birthday, |text| text.parse().ok()).unwrap_or_else(|()| {
            unreadable("context.customer.birthday".to_owned());
            None
        }),
        first_purchase: customer.first_purchase,
        attributes: customer.attributes.clone(),
    });
    let time = match context.time {
        None => now,
        Some(time) => Instant::from_unix(time.seconds).unwrap_or_else(|| {
            unreadable("context.time".to_owned());
            now
        }),
    };
    let context = basket::Context {
        time,
        channel: said(&context.channel),
        store: said(&context.store),
        customer,
        payment_method: said(&context.payment_method),
        codes: context.codes.clone(),
        gift_choices: gift_choices(context),
        gift_stock: gift_stock(context),
    };
    (Request { basket, context, explain: asked.explain }, faults)
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn readable<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ()> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some).ok_or(()) }
}

/// One choice too many is enough to refuse them all: see the lines.
fn gift_choices(context: &wire::Context) -> Vec<basket::GiftChoice> {
    let choices = context.gift_choices.iter().take(basket::limits::GIFT_CHOICES_MAX + 1);
    let choices = choices
        .map(|choice| basket::GiftChoice { promotion: choice.promotion_id.clone(), sku: choice.sku.clone() });
    choices.collect()
}

fn gift_stock(context: &wire::Context) -> Vec<basket::GiftStock> {
    let stock = context.gift_stock.iter().take(basket::limits::GIFT_STOCK_MAX + 1);
    stock.map(|left| basket::GiftStock { sku: left.sku.clone(), quantity: left.quantity }).collect()
}
