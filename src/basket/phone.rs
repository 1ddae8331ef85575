//! Phone numbers in one form: what people type becomes E.164, `+380671234567`, so that one phone is one phone.
//!
//! A number without a country is read as one of the first country that is configured, the home of the shop: a guess
//! among several would make somebody else's number of a digit left out. Which numbers are in use is not known here.

use std::fmt;

use super::country::Country;

/// Digits of any number in the world, with its country code: E.164 allows 15, and none that is dialed has under 8.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Longer inputs are not looked at: 17 digits with a separator of three bytes after each are 68 bytes.
const TYPED_BYTES_MAX: usize = 128;

/// A phone number in E.164.
///
/// It is personal: `Debug` does not show it, and there is no `Display` that a log could take by accident.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(
    // INVARIANT: `+`, then 8 to 15 digits, the first of them not 0.
    String,
);

/// Why what was typed is no phone number. None of it repeats what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneFault {
    /// No digit in it.
    #[error("the phone number is empty")]
    Empty,
    /// A letter, a second `+`, or anything else that a number does not have.
    #[error("a phone number has digits, blanks, dashes, dots, brackets and a `+` in front")]
    Character,
    /// Too few digits, or too many.
    #[error("the phone number has too few digits or too many")]
    Length,
    /// With neither a country code nor the form of the home country.
    #[error("the phone number is not one of this country; others begin with `+` and their country code")]
    Form,
}

impl Phone {
    /// The number that was typed. Blanks, dashes, dots, slashes and brackets do not matter; with `+` or `00` in front it
    /// is an international one; otherwise one of the first of `countries`, with or without its trunk prefix, or one of
    /// any of them with its country code and no `+`.
    ///
    /// # Errors
    /// It is none, or one of `countries` with a digit too few or too many.
    pub fn parse(typed: &str, countries: &[Country]) -> Result<Self, PhoneFault> {
        let (is_international, digits) = digits_of(typed)?;
        if is_international {
            return international(&digits, countries);
        }
        if let Some(digits) = digits.strip_prefix("00") {
            return international(digits, countries);
        }
        if let Some(home) = countries.first()
            && let Some(number) = home.number_at_home(&digits)
        {
            return Ok(Phone::of(home, number));
        }
        let with_code = |country: &Country| {
            let number = country.number_abroad(digits.strip_prefix(country.calling_code)?)?;
            Some(Phone::of(country, number))
        };
        countries.iter().find_map(with_code).ok_or(PhoneFault::Form)
    }

    fn of(country: &Country, number: &str) -> Self {
        Phone(format!("+{}{number}", country.calling_code))
    }

    /// `+` and 8 to 15 digits: what is hashed and what a message is sent to. Never for a log.
    #[must_use]
    pub fn as_e164(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(hidden)")
    }
}

/// The number behind a `+` or `00`: of a country that is configured by its lengths, of another one by those of E.164.
fn international(digits: &str, countries: &[Country]) -> Result<Phone, PhoneFault> {
    // No country code begins with 0.
    if digits.starts_with('0') {
        return Err(PhoneFault::Form);
    }
    match countries.iter().find(|country| digits.starts_with(country.calling_code)) {
        Some(country) => {
            let rest = digits.strip_prefix(country.calling_code).unwrap_or_default();
            country.number_abroad(rest).map(|number| Phone::of(country, number)).ok_or(PhoneFault::Length)
        }
        None if DIGITS.contains(&digits.len()) => Ok(Phone(format!("+{digits}"))),
        None => Err(PhoneFault::Length),
    }
}

/// Whether there is a `+` in front, and the digits.
fn digits_of(typed: &str) -> Result<(bool, String), PhoneFault> {
    if typed.len() > TYPED_BYTES_MAX {
        return Err(PhoneFault::Length);
    }
    let (mut plus, mut digits) = (false, String::new());
    for letter in typed.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            '+' if !plus && digits.is_empty() => plus = true,
            '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            // Marks of direction that phones put around a number when it is copied.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {}
            blank if blank.is_whitespace() => {}
            _ => return Err(PhoneFault::Character),
        }
    }
    if digits.is_empty() { Err(PhoneFault::Empty) } else { Ok((plus, digits)) }
}

#[cfg(test)]
mod tests {
    use super::super::country::COUNTRIES;
    use super::*;

    /// What each text is where these countries are configured, the first one as home.
    fn check(configured: &[&str], cases: &[(&str, Result<&str, PhoneFault>)]) {
        let countries: Vec<Country> = configured.iter().map(|iso| Country::by_iso(iso).unwrap()).collect();
        for (typed, expected) in cases {
            let phone = Phone::parse(typed, &countries);
            assert_eq!(phone.as_ref().map(Phone::as_e164).map_err(|&fault| fault), *expected, "{typed}");
            if let Ok(phone) = phone {
                assert_eq!(Phone::parse(phone.as_e164(), &countries), Ok(phone), "{typed}: once more");
            }
        }
    }

    #[test]
    fn one_ukrainian_phone_is_one_phone() {
        let one = Ok("+380671234567");
        check(
            &["UA"],
            &[
                ("+380671234567", one),
                ("+38 (067) 123-45-67", one),
                ("380 67 123 45 67", one),
                ("00380671234567", one),
                ("067 123 45 67", one),
                ("(067)123.45.67", one),
                ("67 123 45 67", one),
                ("8 067 123 45 67", one),
                ("+380 (0) 67 123 45 67", one),
                ("+ 380\u{a0}67\u{a0}123–45–67", one),
                ("\u{202a}+380671234567\u{202c}", one),
                ("0 800 123 456", Ok("+380800123456")),
                ("800 123 456", Ok("+380800123456")),
                ("+380800123456", Ok("+380800123456")),
            ],
        );
    }

    #[test]
    fn a_digit_too_few_or_too_many_is_nobody_elses_number() {
        use PhoneFault::{Character, Empty, Form, Length};
        check(
            &["UA", "DE", "PL", "HU"],
            &[
                ("+38067123456", Err(Length)),
                ("+3806712345678", Err(Length)),
                ("+380012345678", Err(Length)),
                ("067 123 45 6", Err(Form)),
                ("067 123 45 678", Err(Form)),
                ("8 067 123 45 6", Err(Form)),
                ("38067123456", Err(Form)),
                ("", Err(Empty)),
                ("+", Err(Empty)),
                (" ( ) ", Err(Empty)),
                ("067 CALL ME", Err(Character)),
                ("++380671234567", Err(Character)),
                ("380+671234567", Err(Character)),
                ("٠٦٧١٢٣٤٥٦٧", Err(Character)),
                ("+067 123 45 67", Err(Form)),
                ("+00380671234567", Err(Form)),
                (&"1".repeat(200), Err(Length)),
            ],
        );
    }

    #[test]
    fn each_country_has_its_own_form() {
        for (home, typed, expected) in [
            ("PL", "512 345 678", "+48512345678"),
            ("PL", "48 512 345 678", "+48512345678"),
            ("MD", "060 123 456", "+37360123456"),
            ("MD", "60123456", "+37360123456"),
            ("RO", "0712 345 678", "+40712345678"),
            ("DE", "0151 12345678", "+4915112345678"),
            ("DE", "030/123456", "+4930123456"),
            ("DE", "+49 (0) 30 123456", "+4930123456"),
            ("DE", "4915112345678", "+4915112345678"),
            ("CZ", "601 123 456", "+420601123456"),
            ("SK", "0905 123 456", "+421905123456"),
            ("HU", "06 20 123 4567", "+36201234567"),
            ("HU", "06 1 234 5678", "+3612345678"),
            ("HU", "+36 06 20 123 4567", "+36201234567"),
            ("GB", "07911 123456", "+447911123456"),
            ("GB", "+44 (0)20 7946 0018", "+442079460018"),
            ("US", "(415) 555-2671", "+14155552671"),
            ("US", "1-415-555-2671", "+14155552671"),
        ] {
            check(&[home, "UA"], &[(typed, Ok(expected)), ("380671234567", Ok("+380671234567"))]);
        }
    }

    #[test]
    fn any_other_country_is_taken_in_international_form_alone() {
        use PhoneFault::{Form, Length};
        check(
            &["UA"],
            &[
                ("+39 06 698 12345", Ok("+390669812345")),
                ("0039 06 698 12345", Ok("+390669812345")),
                ("+48 512 345 678", Ok("+48512345678")),
                ("48 512 345 678", Err(Form)),
                ("+290 1234", Err(Length)),
                ("+290 12345", Ok("+29012345")),
                ("+123456789012345", Ok("+123456789012345")),
                ("+1234567890123456", Err(Length)),
            ],
        );
        check(&[], &[("0671234567", Err(Form)), ("+380671234567", Ok("+380671234567"))]);
    }

    #[test]
    fn a_phone_is_not_shown() {
        let phone = Phone::parse("0671234567", &COUNTRIES).unwrap();
        assert_eq!(format!("{phone:?} {phone:#?}"), "Phone(hidden) Phone(hidden)");
        let fault = Phone::parse("067123456", &COUNTRIES).unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains("67"));
    }
}
