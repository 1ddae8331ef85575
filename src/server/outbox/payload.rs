//! What the gateway gets: the body of the webhook. Its form is the contract of `docs/passwords.md`.

use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use super::message::{Message, Purpose};
use super::text::text;
use crate::time::Instant;

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    phone: &'a str,
    password: &'a str,
    certificate: &'a str,
    purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    till: Option<&'a str>,
    expire_time: String,
    language: &'static str,
    text: &'a str,
}

/// Room for a body, so that it does not grow.
const BODY_BYTES: usize = 4 * 1024;

/// The body of an attempt at `now`. It differs from that of another attempt in `text` alone, which says for how long the password still
/// lives.
pub(super) fn body(message: &Message, now: Instant) -> Zeroizing<Vec<u8>> {
    let text = text(message, message.expires_at.unix().saturating_sub(now.unix()));
    let (purpose, amount, currency_code, till) = match &message.purpose {
        Purpose::Pay { amount, currency, till } => {
            ("pay", Some(amount.minor()), Some(currency.as_str()), Some(till.as_str()))
        }
        Purpose::Look => ("look", None, None, None),
    };
    let data = Data {
        phone: message.phone.as_e164(),
        password: message.password.expose(),
        certificate: &message.certificate,
        purpose,
        amount,
        currency_code,
        till,
        expire_time: message.expires_at.to_string(),
        language: message.lang.pick("en", "uk"),
        text: &text,
    };
    let body = Body { kind: "certificate.password", timestamp: message.created_at.to_string(), data };
    let mut bytes = Zeroizing::new(Vec::with_capacity(BODY_BYTES));
    // Strings and numbers into memory: nothing can fail.
    let _ = serde_json::to_writer(&mut *bytes, &body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::{message, pay};
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn the_body_is_what_the_manual_says() {
        let now = Instant::from_unix(1_795_773_601).unwrap();
        for (lang, purpose, expected) in [
            (
                Lang::Uk,
                pay(35_000),
                "{\"type\":\"certificate.password\",\"timestamp\":\"2026-11-27T10:00:00Z\",\"data\":{\"phone\":\"+380671234567\",\
                 \"password\":\"012345\",\"certificate\":\"7K2M\",\"purpose\":\"pay\",\"amount\":35000,\"currency_code\":\"UAH\",\
                 \"till\":\"kyiv-01-\\\"3\\\"\",\"expire_time\":\"2026-11-27T10:05:00Z\",\"language\":\"uk\",\
                 \"text\":\"012345 — пароль для оплати 350,00\u{a0}грн подарунковим сертифікатом …7K2M. Діє 5\u{a0}хвилин. \
                 Нікому, крім касира, його не кажіть.\"}}",
            ),
            (
                Lang::En,
                Purpose::Look,
                "{\"type\":\"certificate.password\",\"timestamp\":\"2026-11-27T10:00:00Z\",\"data\":{\"phone\":\"+380671234567\",\
                 \"password\":\"012345\",\"certificate\":\"7K2M\",\"purpose\":\"look\",\
                 \"expire_time\":\"2026-11-27T10:05:00Z\",\"language\":\"en\",\
                 \"text\":\"012345 is your password to see the balance of gift certificate ...7K2M. Valid for 5 minutes. \
                 Tell it to nobody but the cashier.\"}}",
            ),
        ] {
            let body = body(&message(lang, purpose), now);
            assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
        }
    }
}
