//! What a caller asks, from the wire into the core.

use rust_decimal::Decimal;

use crate::basket::{self, Fault, Problem, Request};
use crate::ledger::certificate::ISSUED_MAX;
use crate::money::Amount;
use crate::server::timestamp::Timestamp;
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
        // A key without a letter has an empty path: it names nothing that could be looked for.
        let path = if path.is_empty() || path == "?" { ".".to_owned() } else { path };
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
    taken(asked.clone(), now)
}

/// The same of a request that nobody needs any more: its texts move.
pub(super) fn taken(asked: wire::QuoteRequest, now: Instant) -> (Request, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut basket = asked.basket.unwrap_or_default();
    // One line too many is enough to refuse the basket: a message of empty lines would keep its memory for longer.
    basket.lines.truncate(basket::limits::LINES_MAX + 1);
    basket.lines.shrink_to_fit();
    faults.extend(certificates_at_fault(&basket.lines));
    let mut unreadable = |field: String| faults.push(Fault { field, problem: Problem::Unreadable });
    let lines = basket.lines.into_iter().enumerate().map(|(place, line)| basket::Line {
        id: line.id,
        sku: line.sku,
        quantity: line.quantity,
        measure: readable(&line.measure, |text| text.parse::<Decimal>().ok()).unwrap_or_else(|()| {
            unreadable(format!("basket.lines[{place}].measure"));
            None
        }),
        unit_price: line.unit_price.map(Amount::from_minor),
        brand: line.brand,
        categories: line.categories,
        tags: line.tags,
        cost: line.cost.map(Amount::from_minor),
        no_promotions: line.no_promotions || line.gift_certificate,
    });
    let basket = basket::Basket {
        currency_code: basket.currency_code,
        lines: lines.collect(),
        delivery: basket.delivery.map(|delivery| basket::Delivery {
            method: delivery.method,
            price: Amount::from_minor(delivery.price),
        }),
    };
    let context = asked.context.unwrap_or_default();
    let customer = context.customer.map(|customer| basket::Customer {
        birthday: readable(&customer.birthday, |text| text.parse().ok()).unwrap_or_else(|()| {
            unreadable("context.customer.birthday".to_owned());
            None
        }),
        id: customer.id,
        phone: customer.phone,
        segments: customer.segments,
        tier: said(customer.tier),
        first_purchase: customer.first_purchase,
        attributes: customer.attributes,
    });
    let time = moment(context.time.as_ref(), now).unwrap_or_else(|| {
        unreadable("context.time".to_owned());
        now
    });
    if context.code_pins.len() > basket::limits::CODES_MAX {
        let problem = Problem::TooMany(basket::limits::CODES_MAX);
        faults.push(Fault { field: "context.code_pins".to_owned(), problem });
    }
    // One choice too many is enough to refuse them all: see the lines.
    let choices = context.gift_choices.into_iter().take(basket::limits::GIFT_CHOICES_MAX + 1);
    let stock = context.gift_stock.into_iter().take(basket::limits::GIFT_STOCK_MAX + 1);
    let context = basket::Context {
        time,
        channel: said(context.channel),
        store: said(context.store),
        customer,
        payment_method: said(context.payment_method),
        codes: context.codes,
        gift_choices: choices
            .map(|choice| basket::GiftChoice { promotion: choice.promotion_id, sku: choice.sku })
            .collect(),
        gift_stock: stock.map(|left| basket::GiftStock { sku: left.sku, quantity: left.quantity }).collect(),
        opened: Vec::new(),
        left: Vec::new(),
    };
    (Request { basket, context, explain: asked.explain }, faults)
}

/// What is wrong with lines of gift certificates: more pieces than a sale can keep, or some that are weighed.
fn certificates_at_fault(lines: &[wire::Line]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut pieces = 0_u32;
    for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.gift_certificate) {
        pieces = pieces.saturating_add(line.quantity);
        if pieces > ISSUED_MAX {
            let problem = Problem::OutOfRange(1, i64::from(ISSUED_MAX));
            faults.push(Fault { field: format!("basket.lines[{place}].quantity"), problem });
        }
        if !line.measure.is_empty() {
            let field = format!("basket.lines[{place}].measure");
            faults.push(Fault { field, problem: Problem::Unreadable });
        }
    }
    faults
}

/// The moment that a request is for; nothing where it cannot be read.
pub(super) fn moment(time: Option<&Timestamp>, now: Instant) -> Option<Instant> {
    time.map_or(Some(now), |time| Instant::from_unix(time.seconds))
}

fn said(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn readable<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ()> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some).ok_or(()) }
}
