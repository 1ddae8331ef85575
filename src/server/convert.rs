//! Between the wire and the core: requests come in, quotes go out, and wire types die here.
//!
//! The command line and every service go through [`price`], so they give the same bytes.

use prost::Message;
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::engine::Live;
use super::wire;
use crate::basket::{self, Fault, Problem, Request};
use crate::lang::Lang;
use crate::money::Amount;
use crate::pricing::{self, CodeFate, Effort, Optimality, Quote, Why};
use crate::promotion::Promotion;
use crate::rulebook::{Diagnostic, PromotionIndex, Rulebook, Severity, State};
use crate::time::Instant;

/// Findings in one message, and characters of one that a terminal shows: more would not help a person.
const FINDINGS_MAX: usize = 500;
const RENDERED_MAX: usize = 4_096;

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

/// A quote in proto3 JSON on one line.
#[must_use]
pub fn quote_json(quote: &wire::Quote) -> String {
    // A quote holds texts and whole numbers alone, so there is nothing that JSON could refuse.
    serde_json::to_string(quote).unwrap_or_default()
}

/// Prices a request of the wire: the one way for the command line and for every service. `now` is the moment when the
/// request names none.
///
/// # Errors
/// Every fault of the request, each with its field.
pub fn price(
    rulebook: &Rulebook,
    asked: &wire::QuoteRequest,
    now: Instant,
) -> Result<wire::Quote, Vec<Fault>> {
    let (request, mut faults) = request(asked, now);
    if faults.is_empty() {
        let priced = pricing::price(rulebook, &request, Effort::default())?;
        let id = quote_id(rulebook, asked, request.context.time);
        return Ok(quote(rulebook, id, priced));
    }
    let settings = rulebook.settings();
    let others = basket::check(&request, rulebook.catalog(), settings.currency, settings.rounding);
    faults.extend(others.err().unwrap_or_default());
    Err(faults)
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
    };
    (Request { basket, context, explain: asked.explain }, faults)
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn readable<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ()> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some).ok_or(()) }
}

/// Equal for equal requests under equal rules, on every node: a UUID (version 8) of their hash.
///
/// The moment counts as it was used, in seconds; how the rulebook was named does not, for its digest does.
fn quote_id(rulebook: &Rulebook, asked: &wire::QuoteRequest, time: Instant) -> String {
    let mut canonical = asked.clone();
    let context = canonical.context.get_or_insert_default();
    context.time = Some(pbjson_types::Timestamp { seconds: time.unix(), nanos: 0 });
    context.rulebook_version.clear();
    let mut hash = Sha256::new();
    hash.update("pricewright.v1.Quote\n");
    hash.update(rulebook.digest().to_string());
    hash.update(canonical.encode_to_vec());
    let bytes: [u8; 32] = hash.finalize().into();
    let hex: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let mut id = String::with_capacity(36);
    for (place, digit) in hex.chars().enumerate() {
        if [8, 12, 16, 20].contains(&place) {
            id.push('-');
        }
        id.push(match place {
            12 => '8',
            // The variant of RFC 9562: two bits `10`, two of the hash.
            16 => match digit.to_digit(16).unwrap_or_default() & 3 {
                0 => '8',
                1 => '9',
                2 => 'a',
                _ => 'b',
            },
            _ => digit,
        });
    }
    id
}

/// A quote as the wire has it.
#[must_use]
pub fn quote(rulebook: &Rulebook, id: String, priced: Quote) -> wire::Quote {
    let (optimality, possible_gain) = match priced.optimality {
        Optimality::Proven => (wire::quote::Optimality::Proven, 0),
        Optimality::Bounded(gain) => (wire::quote::Optimality::Bounded, gain.minor()),
    };
    wire::Quote {
        id,
        rulebook_version: rulebook.digest().version(),
        rulebook_digest: rulebook.digest().to_string(),
        currency_code: rulebook.settings().currency.code().to_owned(),
        list_total: priced.list_total.minor(),
        discount_total: priced.discount_total.minor(),
        delivery_total: priced.delivery_total.minor(),
        total: priced.total.minor(),
        lines: priced.lines.into_iter().map(|line| quoted_line(rulebook, line)).collect(),
        promotions: priced
            .applied
            .iter()
            .map(|applied| wire::AppliedPromotion {
                id: promotion_id(rulebook, applied.promotion),
                name: promotion_name(rulebook, applied.promotion),
                amount: applied.amount.minor(),
                quantity: applied.units,
            })
            .collect(),
        codes: priced.codes.into_iter().map(|code| code_result(rulebook, code)).collect(),
        hints: priced
            .hints
            .iter()
            .map(|hint| wire::Hint {
                promotion_id: promotion_id(rulebook, hint.promotion),
                name: promotion_name(rulebook, hint.promotion),
                missing_amount: hint.missing.minor(),
            })
            .collect(),
        reasons: priced.reasons.into_iter().map(|why| reason(rulebook, why)).collect(),
        optimality: optimality.into(),
        possible_gain,
    }
}

/// A discount of nothing is not told; groups that then look the same are one.
fn quoted_line(rulebook: &Rulebook, line: pricing::QuotedLine) -> wire::QuotedLine {
    let mut groups: Vec<wire::UnitGroup> = Vec::with_capacity(line.groups.len());
    for group in line.groups {
        let visible = group.carried.iter().filter(|carried| !carried.amount.is_zero());
        let discounts: Vec<wire::UnitDiscount> = visible
            .map(|carried| wire::UnitDiscount {
                promotion_id: promotion_id(rulebook, carried.promotion),
                amount: carried.amount.minor(),
            })
            .collect();
        let unit_price = group.price.minor();
        match groups.iter_mut().find(|one| one.unit_price == unit_price && one.discounts == discounts) {
            Some(same) => same.quantity = same.quantity.saturating_add(group.quantity),
            None => groups.push(wire::UnitGroup { quantity: group.quantity, unit_price, discounts }),
        }
    }
    wire::QuotedLine {
        id: line.id,
        sku: line.sku,
        quantity: line.quantity,
        list_unit_price: line.list_price.minor(),
        total: line.total.minor(),
        groups,
    }
}

fn code_result(rulebook: &Rulebook, result: pricing::CodeResult) -> wire::CodeResult {
    use wire::code_result::Status;
    let (status, told) = match result.fate {
        CodeFate::Applied => (Status::Applied, None),
        CodeFate::NotApplied(why) => (Status::NotApplied, Some(reason(rulebook, why))),
        CodeFate::Unknown => (Status::Unknown, None),
        CodeFate::Repeated => (Status::Repeated, None),
    };
    wire::CodeResult { code: result.code, status: status.into(), reason: told }
}

fn reason(rulebook: &Rulebook, told: pricing::Reason) -> wire::Reason {
    use wire::reason::Code;
    let mut out =
        wire::Reason { promotion_id: promotion_id(rulebook, told.promotion), ..wire::Reason::default() };
    let code = match told.why {
        Why::NotStarted => Code::NotStarted,
        Why::Ended => Code::Ended,
        Why::WrongWeekday => Code::WrongWeekday,
        Why::WrongHour => Code::WrongHour,
        Why::WrongChannel => Code::WrongChannel,
        Why::WrongStore => Code::WrongStore,
        Why::WrongSegment => Code::WrongSegment,
        Why::WrongTier => Code::WrongTier,
        Why::WrongBirthday => Code::WrongBirthday,
        Why::WrongCustomer => Code::WrongCustomer,
        Why::WrongPayment => Code::WrongPayment,
        Why::WrongDelivery => Code::WrongDelivery,
        // The generator takes the name of the enum off `CODE_MISSING`.
        Why::CodeMissing => Code::Missing,
        Why::NoSuchGoods => Code::NoSuchGoods,
        Why::BasketLacks => Code::BasketLacks,
        Why::SpendMissing(missing) => {
            out.missing_amount = missing.minor();
            Code::SpendMissing
        }
        Why::HeldByFloor(caps) => {
            out.held_by = caps;
            Code::HeldByFloor
        }
        Why::Beaten(by) => {
            out.beaten_by = by.into_iter().map(|index| promotion_id(rulebook, index)).collect();
            Code::Beaten
        }
    };
    out.code = code.into();
    out
}

fn promotion_id(rulebook: &Rulebook, index: PromotionIndex) -> String {
    named(rulebook, index, |promotion| &promotion.id)
}

fn promotion_name(rulebook: &Rulebook, index: PromotionIndex) -> String {
    named(rulebook, index, |promotion| &promotion.name)
}

fn named(rulebook: &Rulebook, index: PromotionIndex, name: fn(&Promotion) -> &String) -> String {
    rulebook.promotion(index).map(name).cloned().unwrap_or_default()
}

/// What is live, as a person who speaks `lang` is told.
#[must_use]
pub fn active(live: &Live, lang: Lang) -> wire::Rulebook {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let rulebook = &live.rulebook;
    let unreadable = live.folder.unreadable.iter().map(|(path, why)| unreadable(path, why, lang));
    let found = live.folder.diagnostics.iter().map(|found| diagnostic(found, lang));
    wire::Rulebook {
        version: live.version.clone(),
        digest: rulebook.digest().to_string(),
        live_at: Some(pbjson_types::Timestamp {
            seconds: live.live_at.as_second(),
            nanos: live.live_at.subsec_nanosecond(),
        }),
        promotion_count: count(rulebook.promotions().len()),
        cap_count: count(rulebook.caps().len()),
        product_count: count(rulebook.catalog().products().len()),
        files: live
            .folder
            .standings
            .iter()
            .map(|standing| {
                let state = match standing.state {
                    State::Live => wire::file_standing::State::Live,
                    State::Held => wire::file_standing::State::Held,
                    State::Out => wire::file_standing::State::Out,
                };
                wire::FileStanding { path: standing.path.clone(), state: state.into() }
            })
            .collect(),
        diagnostics: unreadable.chain(found).take(FINDINGS_MAX).collect(),
        held: live.folder.held.as_ref().map(|held| held.say(lang)).unwrap_or_default(),
    }
}

fn unreadable(path: &str, why: &str, lang: Lang) -> wire::Diagnostic {
    let message = lang.pick(format!("cannot be read: {why}"), format!("неможливо прочитати: {why}"));
    wire::Diagnostic {
        severity: wire::diagnostic::Severity::Error.into(),
        code: "unreadable-file".to_owned(),
        path: path.to_owned(),
        rendered: format!("{path}: {message}"),
        message,
        ..wire::Diagnostic::default()
    }
}

/// Findings, as a person who speaks `lang` is told.
#[must_use]
pub fn diagnostics(found: &[Diagnostic], lang: Lang) -> Vec<wire::Diagnostic> {
    found.iter().take(FINDINGS_MAX).map(|found| diagnostic(found, lang)).collect()
}

fn diagnostic(found: &Diagnostic, lang: Lang) -> wire::Diagnostic {
    let severity = match found.severity {
        Severity::Error => wire::diagnostic::Severity::Error,
        Severity::Warning => wire::diagnostic::Severity::Warning,
    };
    let place = found.place.as_ref();
    wire::Diagnostic {
        severity: severity.into(),
        code: found.code.to_owned(),
        path: found.path.clone(),
        line: place.map_or(0, |place| place.line),
        column: place.map_or(0, |place| place.column),
        message: found.message(lang),
        advice: found.advice(lang).unwrap_or_default(),
        rendered: found.render(lang, false).chars().take(RENDERED_MAX).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::rulebook::{Digest, Settings};

    fn empty() -> Rulebook {
        Rulebook::new(Settings::default(), Catalog::default(), Vec::new(), Vec::new(), Digest::of(&[]))
    }

    fn now() -> Instant {
        Instant::from_rfc3339("2026-11-27T10:00:00Z").unwrap()
    }

    const PLAIN: &str = r#"{"basket": {"lines": [
        {"id": "1", "sku": "A", "quantity": 2, "unit_price": 1000}
    ]}}"#;

    #[test]
    fn the_same_request_under_the_same_rules_has_the_same_id() {
        let plain = request_from_json(PLAIN).unwrap();
        let id = price(&empty(), &plain, now()).unwrap().id;
        let mut same = plain.clone();
        same.context = Some(wire::Context {
            time: Some(pbjson_types::Timestamp { seconds: now().unix(), nanos: 5 }),
            rulebook_version: empty().digest().version(),
            ..wire::Context::default()
        });
        assert_eq!(price(&empty(), &same, Instant::from_unix(0).unwrap()).unwrap().id, id);
        let shape: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(shape, [8, 4, 4, 4, 12]);
        assert!(id.chars().nth(14) == Some('8') && "89ab".contains(id.chars().nth(19).unwrap()), "{id}");
        let mut other = plain;
        other.explain = true;
        assert_ne!(price(&empty(), &other, now()).unwrap().id, id);
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let asked = request_from_json(
            r#"{"basket": {"lines": [
                {"id": "1", "sku": "A", "quantity": 0, "unitPrice": "1000", "measure": "half"},
                {"id": "1", "sku": "B", "quantity": 1, "unit_price": -5},
                {"id": "3", "sku": "", "quantity": 1}
            ], "delivery": {"method": "courier", "price": -1}},
            "context": {"customer": {"birthday": "1990-02-30"}, "time": "9999-12-31T23:59:59Z"}}"#,
        )
        .unwrap();
        let faults = price(&empty(), &asked, now()).unwrap_err();
        let mut fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "basket.delivery.price",
                "basket.lines[0].measure",
                "basket.lines[0].quantity",
                "basket.lines[1].id",
                "basket.lines[1].unit_price",
                "basket.lines[2].sku",
                "basket.lines[2].unit_price",
                "context.customer.birthday",
                "context.time",
            ]
        );
        let nothing = price(&empty(), &wire::QuoteRequest::default(), now()).unwrap_err();
        assert_eq!(nothing.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["basket.lines"]);
    }

    #[test]
    fn json_at_fault_is_pointed_at() {
        for (text, path, line) in [
            (
                "{\"basket\": {\"lines\": [\n{\"id\": \"1\", \"quantity\": \"many\"}]}}",
                "basket.lines[0].quantity",
                2,
            ),
            ("{\"baskit\": 1}", "baskit", 1),
            ("{", ".", 1),
            ("{} {}", ".", 1),
            ("[]", ".", 1),
        ] {
            let error = request_from_json(text).unwrap_err();
            assert_eq!((error.path.as_str(), error.line), (path, line), "{text}: {error}");
        }
    }

    #[test]
    fn groups_that_look_the_same_are_one() {
        let group = |quantity, price| pricing::UnitGroup {
            quantity,
            price: Amount::from_minor(price),
            carried: smallvec::SmallVec::new(),
        };
        let line = pricing::QuotedLine {
            id: "1".to_owned(),
            sku: "A".to_owned(),
            quantity: 6,
            list_price: Amount::from_minor(10),
            total: Amount::from_minor(59),
            groups: vec![group(1, 10), group(1, 9), group(4, 10)],
        };
        let told: Vec<(u32, i64)> =
            quoted_line(&empty(), line).groups.iter().map(|one| (one.quantity, one.unit_price)).collect();
        assert_eq!(told, [(5, 10), (1, 9)]);
    }
}
