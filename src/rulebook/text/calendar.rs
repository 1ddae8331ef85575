//! Dates, hours and weekdays as people type them.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use crate::rulebook::diagnostic::finding::{Finding, Never};
use crate::rulebook::text::number::{clean, shorten};
use crate::time::zone::Occurrence;
use crate::time::{Hours, Instant, Zone};

/// Whether a moment begins a window or ends it: a day that ends one is included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// `from`.
    From,
    /// `until`.
    Until,
}

/// A moment and whether its wall-clock time comes once; a whole day is always plain.
pub type Moment = (Instant, Occurrence);

/// The moment that a date, with or without a time, means in a zone.
///
/// # Errors
/// Not a date, or one that does not exist.
pub fn moment(text: &str, zone: &Zone, edge: Edge) -> Result<Moment, Finding> {
    let text = clean(text);
    let not_a_date = || Finding::NotADate(shorten(text));
    let no_such_day = || Finding::NoSuchDay(shorten(text));
    let (day, time) = match text.split_once(|c: char| c.is_whitespace() || matches!(c, 'T' | 't')) {
        Some((day, time)) => (day, Some(time.trim())),
        None => (text, None),
    };
    let date = date(day).map_err(|finding| match finding {
        Finding::NotADate(_) => not_a_date(),
        _ => no_such_day(),
    })?;
    let Some(time) = time else {
        let date = if edge == Edge::Until { date.tomorrow().map_err(|_| no_such_day())? } else { date };
        let (instant, _) = zone.instant(date.to_datetime(Time::midnight())).ok_or_else(no_such_day)?;
        return Ok((instant, Occurrence::Once));
    };
    if let Some(instant) = with_offset(date, time) {
        return Ok((instant, Occurrence::Once));
    }
    let second =
        clock(time).ok_or_else(|| if looks_like_clock(time) { no_such_day() } else { not_a_date() })?;
    let wall = wall(date, second).ok_or_else(no_such_day)?;
    zone.instant(wall).ok_or_else(no_such_day)
}

/// The calendar day of `2026-11-27`, `2026/11/27` or `27.11.2026`.
///
/// # Errors
/// Not a date, or one that does not exist.
pub fn date(text: &str) -> Result<Date, Finding> {
    let not_a_date = || Finding::NotADate(shorten(text));
    let sign = ['-', '/', '.'].into_iter().find(|&sign| text.contains(sign)).ok_or_else(not_a_date)?;
    let parts: Vec<&str> = text.split(sign).collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (year, month, day),
        // Only the point says for certain that the day comes first.
        [day, month, year] if year.len() == 4 && sign == '.' => (year, month, day),
        _ => return Err(not_a_date()),
    };
    let part =
        |text: &str| digits(text, 4).and_then(|number| i16::try_from(number).ok()).ok_or_else(not_a_date);
    let (year, month, day) = (part(year)?, part(month)?, part(day)?);
    let no_such_day = || Finding::NoSuchDay(shorten(text));
    let small = |number: i16| i8::try_from(number).map_err(|_| no_such_day());
    Date::new(year, small(month)?, small(day)?).map_err(|_| no_such_day())
}

/// `10:00-14:00`, past midnight when it ends before it starts.
///
/// # Errors
/// Not hours, or hours that hold nothing.
pub fn hours(text: &str) -> Result<Hours, Finding> {
    let text = clean(text);
    let not_hours = || Finding::NotHours(shorten(text));
    let (from, until) = text.split_once(['-', '–', '—', '−']).ok_or_else(not_hours)?;
    let second = |part: &str| {
        clock(part.trim())
            .or_else(|| digits(part.trim(), 2).filter(|&hour| hour <= 24).map(|hour| hour * 3600))
    };
    let (from, until) = (second(from).ok_or_else(not_hours)?, second(until).ok_or_else(not_hours)?);
    if from == until {
        return Err(Finding::Never(Never::Hours));
    }
    if from >= 86_400 {
        return Err(not_hours());
    }
    // The end of the day is written 24:00 or 00:00.
    Ok(Hours { from, until: if until == 0 { 86_400 } else { until } })
}

/// The days of the week in the spellings that are read, Monday first.
pub const WEEKDAYS: [[&str; 5]; 7] = [
    ["mon", "monday", "пн", "понеділок", "mo"],
    ["tue", "tuesday", "вт", "вівторок", "tu"],
    ["wed", "wednesday", "ср", "середа", "we"],
    ["thu", "thursday", "чт", "четвер", "th"],
    ["fri", "friday", "пт", "пʼятниця", "fr"],
    ["sat", "saturday", "сб", "субота", "sa"],
    ["sun", "sunday", "нд", "неділя", "su"],
];

/// The number of a weekday, Monday 0; the word is folded.
#[must_use]
pub fn weekday(word: &str) -> Option<u8> {
    let word = word.trim_end_matches('.').replace(['\'', '’'], "ʼ");
    let day = WEEKDAYS.iter().position(|names| names.contains(&word.as_str()))?;
    u8::try_from(day).ok()
}

/// The days of `mon` or `mon-fri`; the word is folded.
#[must_use]
pub fn weekdays(word: &str) -> Option<Vec<u8>> {
    if let Some(day) = weekday(word) {
        return Some(vec![day]);
    }
    let (from, until) = word.split_once(['-', '–', '—'])?;
    let (from, until) = (weekday(from.trim())?, weekday(until.trim())?);
    Some((0..7).map(|step| (from + step) % 7).take(usize::from((until + 7 - from) % 7) + 1).collect())
}

/// Seconds since midnight of `10:00`, `9:30`, `10:00:30`; 24:00 is 86,400.
fn clock(text: &str) -> Option<u32> {
    let mut parts = text.split([':', '.']);
    let hour = digits(parts.next()?, 2)?;
    let minute = parts.next().filter(|part| part.len() == 2).and_then(|part| digits(part, 2))?;
    let second = match parts.next() {
        None => 0,
        Some(part) => digits(part, 2).filter(|_| part.len() == 2)?,
    };
    let whole = hour * 3600 + minute * 60 + second;
    (parts.next().is_none() && minute < 60 && second < 60 && whole <= 86_400).then_some(whole)
}

fn looks_like_clock(text: &str) -> bool {
    text.contains(':') && text.chars().all(|letter| letter.is_ascii_digit() || letter == ':')
}

fn wall(date: Date, second: u32) -> Option<DateTime> {
    date.to_datetime(Time::midnight()).checked_add(i64::from(second).seconds()).ok()
}

/// A time that names its own offset, as computers write it.
fn with_offset(date: Date, time: &str) -> Option<Instant> {
    Instant::from_rfc3339(&format!("{date}T{time}"))
}

fn digits(text: &str, length_max: usize) -> Option<u32> {
    let is_number = (1..=length_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_mean_days_and_times_mean_seconds() {
        let zone = Zone::named("Europe/Kyiv").unwrap();
        let cases = [
            ("2026-11-27", Edge::From, Ok("2026-11-26T22:00:00Z")),
            ("2026-11-30", Edge::Until, Ok("2026-11-30T22:00:00Z")),
            ("27.11.2026", Edge::From, Ok("2026-11-26T22:00:00Z")),
            ("2026/11/27", Edge::From, Ok("2026-11-26T22:00:00Z")),
            ("2026-11-27 10:00", Edge::From, Ok("2026-11-27T08:00:00Z")),
            ("2026-11-27T10:00:30", Edge::Until, Ok("2026-11-27T08:00:30Z")),
            ("2026-11-27 24:00", Edge::Until, Ok("2026-11-27T22:00:00Z")),
            ("2026-11-27T10:00:00+02:00", Edge::From, Ok("2026-11-27T08:00:00Z")),
            ("2026-11-27T10:00:00Z", Edge::From, Ok("2026-11-27T10:00:00Z")),
            ("2026-03-29", Edge::From, Ok("2026-03-28T22:00:00Z")),
            ("2026-03-29", Edge::Until, Ok("2026-03-29T21:00:00Z")),
            ("2026-02-30", Edge::From, Err("no-such-day")),
            ("31.04.2026", Edge::From, Err("no-such-day")),
            ("2026-13-01", Edge::From, Err("no-such-day")),
            ("2026-11-27 25:00", Edge::From, Err("no-such-day")),
            ("2026-11-27 10:60", Edge::From, Err("no-such-day")),
            ("27/11/2026", Edge::From, Err("not-a-date")),
            ("27.11.26", Edge::From, Err("not-a-date")),
            ("tomorrow", Edge::From, Err("not-a-date")),
            ("2026-11-27 noon", Edge::From, Err("not-a-date")),
            ("", Edge::From, Err("not-a-date")),
        ];
        for (text, edge, expected) in cases {
            match (moment(text, &zone, edge), expected) {
                (Ok((instant, _)), Ok(expected)) => assert_eq!(instant.to_string(), expected, "{text}"),
                (Err(finding), Err(code)) => assert_eq!(finding.code(), code, "{text}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }

    #[test]
    fn hours_are_forgiven_and_may_pass_midnight() {
        let cases = [
            ("10:00-14:00", Ok((36_000, 50_400))),
            ("10:00 – 14:00", Ok((36_000, 50_400))),
            ("10-14", Ok((36_000, 50_400))),
            ("10.30-14.00", Ok((37_800, 50_400))),
            ("22:00-02:00", Ok((79_200, 7_200))),
            ("20:00-24:00", Ok((72_000, 86_400))),
            ("20:00-00:00", Ok((72_000, 86_400))),
            ("00:00-24:00", Ok((0, 86_400))),
            ("10:00-10:00", Err("never-applies")),
            ("24:00-02:00", Err("not-hours")),
            ("10:00", Err("not-hours")),
            ("10:0-14:00", Err("not-hours")),
            ("25:00-26:00", Err("not-hours")),
        ];
        for (text, expected) in cases {
            let got = hours(text).map(|hours| (hours.from, hours.until)).map_err(|finding| finding.code());
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn weekdays_have_many_spellings() {
        for (word, days) in [
            ("mon", Some(vec![0])),
            ("sunday", Some(vec![6])),
            ("mon-fri", Some(vec![0, 1, 2, 3, 4])),
            ("sat-mon", Some(vec![5, 6, 0])),
            ("п'ятниця", Some(vec![4])),
            ("mond", None),
        ] {
            assert_eq!(weekdays(word), days, "{word}");
        }
    }
}
