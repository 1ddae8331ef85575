//! Days and moments of a command line: as people type them, and as they are shown.

use anyhow::{Result, anyhow};
use jiff::civil::Date;

use crate::lang::Lang;
use crate::rulebook::text::calendar::{Edge, moment};
use crate::server::timestamp::Timestamp;
use crate::time::{Instant, Zone};

/// The zone of that name.
///
/// # Errors
/// There is none.
pub fn zone(name: &str) -> Result<Zone> {
    Zone::named(name).ok_or_else(|| anyhow!("`{name}` is no time zone"))
}

/// A day as it is sent: of a flag of clap.
///
/// # Errors
/// This is none.
pub fn day(text: &str) -> Result<String, String> {
    match Date::strptime("%Y-%m-%d", text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("write a day such as 2026-11-30".to_owned()),
    }
}

/// A day or a moment, as rule files have it; nothing when it is none.
#[must_use]
pub fn timestamp(text: &str, zone: &Zone, edge: Edge) -> Option<Timestamp> {
    let (at, _) = moment(text, zone, edge).ok()?;
    Some(Timestamp { seconds: at.unix(), nanos: 0 })
}

/// The day or moment of the flag `name`, where it is said.
///
/// # Errors
/// This is none.
pub fn edge(name: &str, text: Option<&str>, zone: &Zone, edge: Edge) -> Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let at = timestamp(text, zone, edge);
    at.map(Some).ok_or_else(|| anyhow!("`{text}` in --{name} is no day or moment"))
}

/// A moment for a person: `27 November 2026, 14:05`, `27.11.2026, 14:05`; nothing when there is none.
#[must_use]
pub fn told(at: Option<&Timestamp>, zone: &Zone, lang: Lang) -> String {
    let Some(at) = at.and_then(|at| Instant::from_unix(at.seconds)) else { return String::new() };
    let local = zone.local(at);
    format!("{}, {}", date(local.date, lang), clock(local.second))
}

/// A day for a person.
#[must_use]
pub fn date(date: Date, lang: Lang) -> String {
    date.strftime(lang.pick("%-d %B %Y", "%d.%m.%Y")).to_string()
}

/// A second of the day for a person.
#[must_use]
pub fn clock(second: u32) -> String {
    format!("{:02}:{:02}", second / 3600, second / 60 % 60)
}
