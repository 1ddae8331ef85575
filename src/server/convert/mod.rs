//! Between the wire and the core: requests come in, quotes go out, and wire types die here.
//!
//! The command line and every service go through [`Asked`], so they give the same bytes.

pub mod request;
pub mod goods;
mod names;
mod reason;
pub mod quote;
pub mod customer;
pub mod sale;
pub mod statement;
pub mod report;
pub mod versions;
pub mod findings;

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::wire;
use crate::basket::{self, Fault};
use crate::ledger::OpenedCode;
use crate::pricing::{self, Effort};
use crate::rulebook::Rulebook;
use crate::time::Instant;

pub use findings::{active, diagnostics};
pub use names::Rules;
pub use quote::{quote, quote_json};
pub use request::{JsonError, request, request_from_json};

/// A request that could be read.
#[derive(Debug)]
pub struct Asked {
    request: basket::Request,
    id: String,
}

impl Asked {
    /// Reads a request of the wire. `now` is the moment when it names none.
    ///
    /// # Errors
    /// Every fault of the request, each with its field, when there is one that keeps it from being read.
    pub fn read(rules: Rules<'_>, mut asked: wire::QuoteRequest, now: Instant) -> Result<Self, Vec<Fault>> {
        let named = asked.context.as_ref().and_then(|context| context.time.as_ref());
        let id = request::moment(named, now).map(|time| {
            let context = asked.context.get_or_insert_default();
            context.time = Some(super::timestamp::Timestamp { seconds: time.unix(), nanos: 0 });
            context.rulebook_version.clear();
            // Who buys and with which code is not in it: a phone, a birthday or a PIN could be found from its hash by trying them all.
            let (customer, codes) = (context.customer.take(), std::mem::take(&mut context.codes));
            let pins = std::mem::take(&mut context.code_pins);
            let id = quote_id(rules.digest, &asked);
            let context = asked.context.get_or_insert_default();
            (context.customer, context.codes, context.code_pins) = (customer, codes, pins);
            id
        });
        let (request, mut faults) = request::taken(asked, now);
        if let Some(id) = id.filter(|_| faults.is_empty()) {
            return Ok(Asked { request, id });
        }
        let settings = rules.rulebook.settings();
        let others = basket::check(&request, rules.rulebook.catalog(), settings.currency, settings.rounding);
        faults.extend(others.err().unwrap_or_default());
        Err(faults)
    }

    /// What is asked.
    #[must_use]
    pub fn request(&self) -> &basket::Request {
        &self.request
    }

    /// The same with the gifts that others hold taken off what is on the shelf of the store.
    #[must_use]
    pub fn with_stock(mut self, held: impl FnOnce(&mut [basket::GiftStock], Option<&str>)) -> Self {
        let context = &mut self.request.context;
        held(&mut context.gift_stock, context.store.as_deref());
        self
    }

    /// The same where so much is left of what is limited.
    #[must_use]
    pub fn with_left(mut self, left: Vec<basket::Left>) -> Self {
        self.request.context.left = left;
        self
    }

    /// The same with the pools that generated codes open.
    #[must_use]
    pub fn with_opened(mut self, codes: &[OpenedCode]) -> Self {
        self.request.context.opened = codes.iter().map(|code| code.opened.clone()).collect();
        self
    }

    /// Prices the request, and hands the price as the core has it to `look`.
    ///
    /// # Errors
    /// Every fault of the request, each with its field.
    pub fn price_and<T>(
        self,
        rules: Rules<'_>,
        look: impl FnOnce(&basket::Request, &pricing::Quote) -> T,
    ) -> Result<(wire::Quote, T), Vec<Fault>> {
        let priced = pricing::price(rules.rulebook, &self.request, Effort::default())?;
        let seen = look(&self.request, &priced);
        Ok((quote::told(rules, &self.request, self.id, priced), seen))
    }

    /// Prices the request.
    ///
    /// # Errors
    /// Every fault of the request, each with its field.
    pub fn price(self, rules: Rules<'_>) -> Result<wire::Quote, Vec<Fault>> {
        let priced = pricing::price(rules.rulebook, &self.request, Effort::default())?;
        Ok(quote::told(rules, &self.request, self.id, priced))
    }

    /// Prices the request where that takes little time, else gives it back.
    ///
    /// # Errors
    /// Every fault of the request, each with its field.
    pub fn price_at_once(self, rules: Rules<'_>) -> Result<Result<wire::Quote, Self>, Vec<Fault>> {
        Ok(match pricing::price_at_once(rules.rulebook, &self.request)? {
            Some(priced) => Ok(quote::told(rules, &self.request, self.id, priced)),
            None => Err(self),
        })
    }
}

/// Prices a request of the wire. `now` is the moment when the request names none.
///
/// # Errors
/// Every fault of the request, each with its field.
pub fn price(
    rulebook: &Rulebook,
    asked: &wire::QuoteRequest,
    now: Instant,
) -> Result<wire::Quote, Vec<Fault>> {
    let rules = Rules { rulebook, digest: &rulebook.digest().to_string() };
    Asked::read(rules, copied(asked), now)?.price(rules)
}

/// A copy; of a basket of too many lines one too many, which is enough to refuse it.
fn copied(asked: &wire::QuoteRequest) -> wire::QuoteRequest {
    let basket = asked.basket.as_ref().map(|whole| wire::Basket {
        currency_code: whole.currency_code.clone(),
        lines: whole.lines.iter().take(basket::limits::LINES_MAX + 1).cloned().collect(),
        delivery: whole.delivery.clone(),
    });
    wire::QuoteRequest { basket, context: asked.context.clone(), explain: asked.explain }
}

/// Equal for equal requests under equal rules, on every node: a UUID (version 8) of their hash.
///
/// `asked` has the moment as it is used, in seconds; how the rulebook was named is not in it, for its digest is.
fn quote_id(digest: &str, asked: &wire::QuoteRequest) -> String {
    const HEAD: &str = "pricewright.v1.Quote\n";
    let mut hashed = Vec::with_capacity(HEAD.len() + digest.len() + asked.encoded_len());
    hashed.extend_from_slice(HEAD.as_bytes());
    hashed.extend_from_slice(digest.as_bytes());
    asked.encode_raw(&mut hashed);
    let bytes: [u8; 32] = Sha256::digest(&hashed).into();
    let mut id = Vec::with_capacity(36);
    for (place, byte) in bytes.into_iter().take(16).enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            id.push(b'-');
        }
        let byte = match place {
            // The version of RFC 9562.
            6 => byte & 0x0f | 0x80,
            // Its variant: two bits `10`, two of the hash.
            8 => byte & 0x3f | 0x80,
            _ => byte,
        };
        for digit in [byte >> 4, byte & 15] {
            id.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        }
    }
    String::from_utf8(id).unwrap_or_default()
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
            time: Some(crate::server::timestamp::Timestamp { seconds: now().unix(), nanos: 5 }),
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
        let mut asked = request_from_json(
            r#"{"basket": {"lines": [
                {"id": "1", "sku": "A", "quantity": 0, "unitPrice": "1000", "measure": "half"},
                {"id": "1", "sku": "B", "quantity": 1, "unit_price": -5},
                {"id": "3", "sku": "", "quantity": 1}
            ], "delivery": {"method": "courier", "price": -1}},
            "context": {"customer": {"birthday": "1990-02-30"}}}"#,
        )
        .unwrap();
        // JSON has no such moment, the wire has.
        asked.context.get_or_insert_default().time =
            Some(crate::server::timestamp::Timestamp { seconds: i64::MAX, nanos: 0 });
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
            ("{\"\": 1}", ".", 1),
            ("{", ".", 1),
            ("{} {}", ".", 1),
            ("[]", ".", 1),
        ] {
            let error = request_from_json(text).unwrap_err();
            assert_eq!((error.path.as_str(), error.line), (path, line), "{text}: {error}");
        }
    }
}
