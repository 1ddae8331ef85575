//! Numbers as people type them, forgiven where they have one meaning. Text becomes a decimal, never through a float.

use rust_decimal::Decimal;

use crate::rulebook::diagnostic::finding::Finding;

/// Characters of a number: twice what an amount can need.
const LENGTH_MAX: usize = 40;

/// Characters of an amount that is read without a decimal: so many digits fit.
const PLAIN_MAX: usize = 16;

/// What a number is for: that decides what a comma before three digits can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Money of a currency with so many digits.
    Money(u32),
    /// A percentage, which is never a thousand.
    Percent,
    /// Anything else.
    Plain,
}

/// A value without the blanks, invisible characters and curly quotes that word processors put around it.
#[must_use]
pub fn clean(text: &str) -> &str {
    // What begins and ends with a plain sign has none of those around it.
    if let (Some(first), Some(last)) = (text.as_bytes().first(), text.as_bytes().last())
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    let trimmed = text.trim_matches(is_noise);
    for (open, close) in [('“', '”'), ('„', '“'), ('„', '”'), ('‘', '’'), ('”', '”'), ('’', '’')]
    {
        if let Some(inner) = trimmed.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return inner.trim_matches(is_noise);
        }
    }
    trimmed
}

fn is_noise(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{feff}' | '\u{200b}' | '\u{2060}')
}

/// Minor units of money as most of it is written, digits with or without a fraction of one or two; `None` is no fault, but work
/// for [`decimal`], which comes to the same.
#[must_use]
pub fn plain_minor(text: &str, digits: u32) -> Option<i64> {
    if text.len() > PLAIN_MAX {
        return None;
    }
    let (mut minor, mut fraction) = (0_i64, None);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                minor = 10 * minor + i64::from(byte - b'0');
                fraction = fraction.map(|length: u32| length + 1);
            }
            b'.' if fraction.is_none() && !text.starts_with('.') => fraction = Some(0),
            _ => return None,
        }
    }
    let written = match fraction {
        None if !text.is_empty() => 0,
        Some(written @ 1..=2) => written,
        _ => return None,
    };
    minor.checked_mul(10_i64.checked_pow(digits.checked_sub(written)?)?)
}

/// The number a text means.
///
/// # Errors
/// The finding that says why it means none, or two.
pub fn decimal(text: &str, purpose: Use) -> Result<Decimal, Finding> {
    let shown = clean(text);
    let not_a_number = || Finding::NotANumber(shorten(shown));
    if shown.len() > 4 * LENGTH_MAX || shown.chars().count() > LENGTH_MAX {
        return Err(not_a_number());
    }
    let mut body = shown;
    if purpose == Use::Percent {
        body = body.strip_suffix(['%', '％']).unwrap_or(body).trim_end();
    }
    let unsigned = body.strip_prefix(['-', '−', '–']).map(str::trim_start);
    let digits = plain_digits(unsigned.unwrap_or(body), purpose).map_err(|fault| match fault {
        Fault::NoNumber => not_a_number(),
        Fault::TwoMeanings { thousands, fraction } => {
            let digits = if purpose == Use::Plain { 3 } else { 2 };
            let plainly =
                Decimal::from_str_exact(&fraction).unwrap_or_default().trunc_with_scale(digits).to_string();
            Finding::AmbiguousNumber { text: shown.to_owned(), thousands, fraction, plainly }
        }
    })?;
    let number = Decimal::from_str_exact(&digits).map_err(|_| not_a_number())?;
    Ok(if unsigned.is_some() { -number } else { number })
}

/// A text that is long is quoted by its beginning.
#[must_use]
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(LENGTH_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

enum Fault {
    NoNumber,
    TwoMeanings { thousands: String, fraction: String },
}

/// Digits with at most one point, out of digits with group marks and a point or a comma.
fn plain_digits(text: &str, purpose: Use) -> Result<String, Fault> {
    let is_group_blank = |c: char| c.is_whitespace() || matches!(c, '\'' | '’');
    let (head, tail) = split_fraction(text, purpose)?;
    let groups: Vec<&str> = if head.contains(is_group_blank) {
        head.split(is_group_blank).collect()
    } else if head.contains(',') {
        head.split(',').collect()
    } else {
        head.split('.').collect()
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let grouped_well = groups.len() == 1
        || (groups.first().is_some_and(|first| first.len() <= 3)
            && groups.iter().skip(1).all(|group| group.len() == 3));
    if !groups.iter().all(|group| all_digits(group)) || !grouped_well {
        return Err(Fault::NoNumber);
    }
    match tail {
        None => Ok(groups.concat()),
        Some(tail) if all_digits(tail) => Ok(format!("{}.{tail}", groups.concat())),
        Some(_) => Err(Fault::NoNumber),
    }
}

/// Splits at the sign that begins the fraction, if there is one.
fn split_fraction(text: &str, purpose: Use) -> Result<(&str, Option<&str>), Fault> {
    let (points, commas) = (text.matches('.').count(), text.matches(',').count());
    let last = text.rfind(['.', ',']);
    let (Some(last), true) = (last, points <= 1 || commas <= 1) else {
        return Ok((text, None));
    };
    let (head, tail) = (text.get(..last).unwrap_or_default(), text.get(last + 1..).unwrap_or_default());
    if points + commas == 1 {
        let is_point = points == 1;
        let could_group = tail.len() == 3
            && (1..=3).contains(&head.len())
            && !head.starts_with('0')
            && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
        let is_unsure = match purpose {
            Use::Money(digits) => !is_point || digits < 3,
            Use::Percent => false,
            Use::Plain => !is_point,
        };
        if could_group && is_unsure {
            let fraction = format!("{head}.{tail}");
            return Err(Fault::TwoMeanings { thousands: format!("{head}{tail}"), fraction });
        }
        return Ok((head, Some(tail)));
    }
    let once = if text.get(last..=last) == Some(".") { points == 1 } else { commas == 1 };
    Ok(if once { (head, Some(tail)) } else { (text, None) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_amounts_are_what_decimals_make_of_them() {
        let mut plain = 0;
        for text in [
            "0",
            "007",
            "5569.00",
            "12.5",
            "12.55",
            "0.05",
            "1.999",
            "12.",
            ".5",
            "",
            "1.2.3",
            "-5",
            "1,5",
            " 5",
            "5 ",
            "1 999",
            "9999999999999999",
            "99999999999999.99",
            "99999999999999999",
            "12.500",
            "000.10",
            "1e3",
            "٣",
        ] {
            for digits in [0, 2, 3] {
                let Some(minor) = plain_minor(text, digits) else {
                    continue;
                };
                plain += 1;
                let number = decimal(text, Use::Money(digits)).unwrap();
                let amount = crate::money::Amount::from_major(number, digits).unwrap();
                assert_eq!(minor, amount.minor(), "{text} of {digits} digits");
            }
        }
        assert_eq!(plain, 18);
    }

    #[test]
    fn what_has_one_meaning_is_forgiven_and_what_has_two_is_not() {
        use Use::{Money, Percent, Plain};
        let cases = [
            ("15", Percent, Ok("15")),
            ("15%", Percent, Ok("15")),
            ("15 %", Percent, Ok("15")),
            ("15\u{a0}%", Percent, Ok("15")),
            ("12,5", Percent, Ok("12.5")),
            ("12,500", Percent, Ok("12.500")),
            ("“15%”", Percent, Ok("15")),
            ("15%", Money(2), Err("not-a-number")),
            ("-5", Plain, Ok("-5")),
            ("−5", Plain, Ok("-5")),
            ("1 999", Money(2), Ok("1999")),
            ("1\u{a0}999,50", Money(2), Ok("1999.50")),
            ("1\u{202f}999.50", Money(2), Ok("1999.50")),
            ("1\u{2009}999\u{2009}000", Money(2), Ok("1999000")),
            ("1'999", Money(2), Ok("1999")),
            ("1 99", Money(2), Err("not-a-number")),
            ("1999 50", Money(2), Err("not-a-number")),
            ("1,999.50", Money(2), Ok("1999.50")),
            ("1.999,50", Money(2), Ok("1999.50")),
            ("1,999,500", Money(2), Ok("1999500")),
            ("1.999.500", Money(2), Ok("1999500")),
            ("1,999,500.25", Money(2), Ok("1999500.25")),
            ("1,999", Money(2), Err("ambiguous-number")),
            ("1.999", Money(2), Err("ambiguous-number")),
            ("1.999", Money(3), Ok("1.999")),
            ("1.999", Plain, Ok("1.999")),
            ("1,999", Plain, Err("ambiguous-number")),
            ("0,125", Money(2), Ok("0.125")),
            ("1234,567", Money(2), Ok("1234.567")),
            ("1 999,500", Money(2), Ok("1999.500")),
            ("12,5,3", Money(2), Err("not-a-number")),
            ("1.2.3,4,5", Money(2), Err("not-a-number")),
            (".5", Money(2), Err("not-a-number")),
            ("5.", Money(2), Err("not-a-number")),
            ("", Money(2), Err("not-a-number")),
            ("%", Percent, Err("not-a-number")),
            ("1e3", Money(2), Err("not-a-number")),
            ("0x10", Money(2), Err("not-a-number")),
            ("yes", Money(2), Err("not-a-number")),
            ("NaN", Money(2), Err("not-a-number")),
            ("1_000", Money(2), Err("not-a-number")),
            ("+5", Money(2), Err("not-a-number")),
            ("٣", Money(2), Err("not-a-number")),
            ("99999999999999999999999999999999", Money(2), Err("not-a-number")),
        ];
        for (text, purpose, expected) in cases {
            let got = decimal(text, purpose);
            match expected {
                Ok(number) => assert_eq!(got.unwrap().to_string(), number, "{text}"),
                Err(code) => assert_eq!(got.unwrap_err().code(), code, "{text}"),
            }
        }
    }
}
