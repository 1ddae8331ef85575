//! Between the wire and the core: requests come in, quotes go out, and wire types die here.
//!
//! The command line and every service go through [`price`], so they give the same bytes.

pub mod request;
pub mod goods;
mod names;
mod reason;
pub mod quote;
pub mod findings;

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::wire;
use crate::basket::{self, Fault};
use crate::pricing::{self, Effort};
use crate::rulebook::Rulebook;
use crate::time::Instant;

pub use findings::{active, diagnostics};
pub use quote::{quote, quote_json};
pub use request::{JsonError, request, request_from_json};

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
        return Ok(quote(rulebook, &request, id, priced));
    }
    let settings = rulebook.settings();
    let others = basket::check(&request, rulebook.catalog(), settings.currency, settings.rounding);
    faults.extend(others.err().unwrap_or_default());
    Err(faults)
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
    let halves = bytes.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    let mut id = String::with_capacity(36);
    for (place, digit) in halves.filter_map(|half| char::from_digit(half.into(), 16)).enumerate() {
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
    fn gifts_are_read_as_they_were_sent() {
        let asked = request_from_json(
            r#"{"context": {"gift_choices": [{"promotion_id": "pouch", "sku": "P"}, {"promotionId": "pouch", "sku": "Q"}],
                "gift_stock": [{"sku": "P", "quantity": 3}, {"sku": "Q"}]}}"#,
        )
        .unwrap();
        let (request, _) = request(&asked, now());
        let choice = |sku: &str| basket::GiftChoice { promotion: "pouch".to_owned(), sku: sku.to_owned() };
        assert_eq!(request.context.gift_choices, [choice("P"), choice("Q")]);
        let left = |sku: &str, quantity| basket::GiftStock { sku: sku.to_owned(), quantity };
        assert_eq!(request.context.gift_stock, [left("P", 3), left("Q", 0)]);
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
}
