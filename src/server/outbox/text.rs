//! The text message that a customer reads, English or Ukrainian.
//!
//! In English it is plain ASCII, which fits one SMS of 160 characters; a Ukrainian one fits two (134 characters).

use secrecy::zeroize::Zeroizing;

use super::message::{Message, Purpose};
use crate::lang::Lang;
use crate::money::{Amount, Currency};

/// Room for a text, so that it does not grow.
const TEXT_BYTES: usize = 1024;

/// The text of a message whose password lives for `left` seconds more.
pub(super) fn text(message: &Message, left: i64) -> Zeroizing<String> {
    let (lang, certificate) = (message.lang, message.certificate.as_str());
    let use_of_it = match (&message.purpose, lang) {
        (Purpose::Pay { amount, currency, .. }, Lang::En) => {
            format!(
                "to pay {currency} {} with gift certificate ...{certificate}",
                money(*amount, currency, lang)
            )
        }
        (Purpose::Pay { amount, currency, .. }, Lang::Uk) => {
            let (sum, currency) = (money(*amount, currency, lang), called(currency));
            format!("для оплати {sum}\u{a0}{currency} подарунковим сертифікатом …{certificate}")
        }
        (Purpose::Look, Lang::En) => {
            format!("to see the balance of gift certificate ...{certificate}")
        }
        (Purpose::Look, Lang::Uk) => {
            format!("для перегляду залишку на подарунковому сертифікаті …{certificate}")
        }
    };
    let life = life(left, lang);
    let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES));
    let parts: [&str; 5] = match lang {
        Lang::En => {
            [" is your password ", &use_of_it, ". Valid for ", &life, ". Tell it to nobody but the cashier."]
        }
        Lang::Uk => [" — пароль ", &use_of_it, ". Діє ", &life, ". Нікому, крім касира, його не кажіть."],
    };
    text.push_str(message.password.expose());
    parts.into_iter().for_each(|part| text.push_str(part));
    text
}

/// A currency, as people write it.
fn called(code: &str) -> &str {
    if code == "UAH" { "грн" } else { code }
}

/// `1 234.50`, in Ukrainian `1 234,50`. In English the blank is a plain one: a no-break space would make the SMS twice as long.
fn money(amount: Amount, currency: &str, lang: Lang) -> String {
    let digits = Currency::from_code(currency).map_or(2, Currency::digits);
    let major = amount.to_major(digits).to_string();
    let (whole, rest) = major.split_once('.').unwrap_or((&major, ""));
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(lang.pick(' ', '\u{a0}'));
        }
        text.push(digit);
    }
    if !rest.is_empty() {
        text.push(lang.pick('.', ','));
        text.push_str(rest);
    }
    text
}

/// `5 minutes`, by the nearest minute: a moment of the day would need the customer's time zone.
fn life(left: i64, lang: Lang) -> String {
    let minutes = left.saturating_add(30) / 60;
    let ukrainian = match (minutes % 10, minutes % 100) {
        (1, rest) if rest != 11 => "хвилину",
        (2..=4, rest) if !(12..=14).contains(&rest) => "хвилини",
        _ => "хвилин",
    };
    match minutes {
        ..=0 => lang.pick("less than a minute", "менше хвилини").to_owned(),
        1 => lang.pick("1 minute", "1\u{a0}хвилину").to_owned(),
        _ => lang.pick(format!("{minutes} minutes"), format!("{minutes}\u{a0}{ukrainian}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::{message, pay};
    use super::*;

    #[test]
    fn texts_say_what_for_how_much_and_how_long() {
        for (lang, purpose, left, expected) in [
            (
                Lang::En,
                pay(123_450),
                300,
                "012345 is your password to pay UAH 1 234.50 with gift certificate ...7K2M. Valid for 5 minutes. \
                 Tell it to nobody but the cashier.",
            ),
            (
                Lang::En,
                Purpose::Look,
                62,
                "012345 is your password to see the balance of gift certificate ...7K2M. Valid for 1 minute. \
                 Tell it to nobody but the cashier.",
            ),
            (
                Lang::Uk,
                pay(123_450),
                299,
                "012345 — пароль для оплати 1\u{a0}234,50\u{a0}грн подарунковим сертифікатом …7K2M. Діє 5\u{a0}хвилин. \
                 Нікому, крім касира, його не кажіть.",
            ),
            (
                Lang::Uk,
                Purpose::Look,
                100,
                "012345 — пароль для перегляду залишку на подарунковому сертифікаті …7K2M. Діє 2\u{a0}хвилини. \
                 Нікому, крім касира, його не кажіть.",
            ),
        ] {
            assert_eq!(*text(&message(lang, purpose), left), expected);
            let (most, length) = (lang.pick(160, 134), expected.chars().count());
            assert!(length <= most && (lang == Lang::Uk || expected.is_ascii()), "{length}: {expected}");
        }
    }

    #[test]
    fn a_life_is_told_by_the_nearest_minute() {
        for (left, english, ukrainian) in [
            (i64::MIN, "less than a minute", "менше хвилини"),
            (29, "less than a minute", "менше хвилини"),
            (30, "1 minute", "1\u{a0}хвилину"),
            (89, "1 minute", "1\u{a0}хвилину"),
            (120, "2 minutes", "2\u{a0}хвилини"),
            (660, "11 minutes", "11\u{a0}хвилин"),
            (1_260, "21 minutes", "21\u{a0}хвилину"),
        ] {
            assert_eq!((life(left, Lang::En).as_str(), life(left, Lang::Uk).as_str()), (english, ukrainian));
        }
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        for (minor, currency, english, ukrainian) in [
            (5, "UAH", "0.05", "0,05"),
            (100_000_000, "UAH", "1 000 000.00", "1\u{a0}000\u{a0}000,00"),
            (1_234, "JPY", "1 234", "1\u{a0}234"),
            (1_234, "???", "12.34", "12,34"),
        ] {
            let amount = Amount::from_minor(minor);
            assert_eq!(money(amount, currency, Lang::En), english);
            assert_eq!(money(amount, currency, Lang::Uk), ukrainian);
        }
    }
}
