//! Phone numbers: what is taken is E.164, is taken again as itself, and never shown.

use pricewright::basket::{COUNTRIES, Country, Phone};

/// The first byte chooses the countries that are configured, the home country first; the rest is what was typed.
pub fn check(input: &[u8]) {
    let Some((&choice, typed)) = input.split_first() else { return };
    let Ok(typed) = std::str::from_utf8(typed) else { return };
    let countries = configured(choice);
    let phone = match Phone::parse(typed, &countries) {
        Ok(phone) => phone,
        Err(fault) => return assert!(!fault.to_string().is_empty()),
    };
    is_e164(phone.as_e164());
    // Wherever it is read again, in a shop with fewer countries too, it is the same number. In one with more it need not be: a country
    // that is not configured keeps the zero of `+44 (0)20…`, for in some countries it belongs to the number.
    for countries in [&countries[..], &countries[..1], &[]] {
        same(&phone, phone.as_e164(), countries);
    }
    let digits = phone.as_e164().trim_start_matches('+');
    same(&phone, &format!("00{digits}"), &countries);
    same(&phone, &spaced(digits), &countries);
    assert_eq!(format!("{phone:?}"), "Phone(hidden)");
}

/// One to four countries, from any place of the list on.
fn configured(choice: u8) -> Vec<Country> {
    let (first, count) = (usize::from(choice) % COUNTRIES.len(), 1 + usize::from(choice >> 6));
    COUNTRIES.iter().cycle().skip(first).take(count).copied().collect()
}

fn is_e164(text: &str) {
    let digits = text.strip_prefix('+').expect("a plus in front");
    assert!((8..=15).contains(&digits.len()), "8 to 15 digits");
    assert!(
        digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0'),
        "digits, no 0 first"
    );
}

fn same(phone: &Phone, typed: &str, countries: &[Country]) {
    assert_eq!(Phone::parse(typed, countries).as_ref(), Ok(phone), "`{typed}` is another number");
}

/// As people group digits.
fn spaced(digits: &str) -> String {
    let mut text = "+ (".to_owned();
    for (place, digit) in digits.chars().enumerate() {
        text.push(digit);
        text.push_str(["", ") ", "\u{a0}", "–", "."][place % 5]);
    }
    text
}
