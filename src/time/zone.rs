//! Time zones: what a clock on the wall shows at an instant, and which instant a wall clock means.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::instant::Instant;

/// A time zone of the IANA database that is built into the binary.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// What the wall shows at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// The calendar day.
    pub date: Date,
    /// Monday is 0.
    pub weekday: u8,
    /// Seconds since midnight on the wall clock, `0..86_400`.
    pub second: u32,
}

/// Whether a wall-clock time exists once, never (clocks went forward) or twice (they went back).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// Once, as on any other day.
    Once,
    /// Daylight saving skips it.
    Never,
    /// Daylight saving repeats it.
    Twice,
}

impl Zone {
    /// The zone with this IANA name (`Europe/Kyiv`).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let rules = TimeZone::get(name).ok()?;
        Some(Zone { name: rules.iana_name().unwrap_or(name).to_owned(), rules })
    }

    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Zone { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the wall shows at `instant`.
    #[must_use]
    pub fn local(&self, instant: Instant) -> Local {
        let there = self.rules.to_datetime(instant.timestamp());
        let time = there.time();
        let seconds =
            i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second());
        Local {
            date: there.date(),
            weekday: u8::try_from(there.weekday().to_monday_zero_offset()).unwrap_or(0),
            second: u32::try_from(seconds).unwrap_or(0),
        }
    }

    /// The instant that a wall clock means, and whether that is plain. A skipped time means the instant at which the
    /// clocks go forward by as much, a repeated one its first occurrence: the customer's side at a start, and never
    /// more than an hour early at an end.
    #[must_use]
    pub fn instant(&self, wall: DateTime) -> Option<(Instant, Occurrence)> {
        let ambiguous = self.rules.to_ambiguous_timestamp(wall);
        let occurrence = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Occurrence::Once,
            AmbiguousOffset::Gap { .. } => Occurrence::Never,
            AmbiguousOffset::Fold { .. } => Occurrence::Twice,
        };
        let timestamp = ambiguous.compatible().ok()?;
        Some((Instant::from(timestamp), occurrence))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: &str, wall: &str) -> (String, Occurrence) {
        let (instant, occurrence) = Zone::named(zone).unwrap().instant(wall.parse().unwrap()).unwrap();
        (instant.to_string(), occurrence)
    }

    #[test]
    fn both_spellings_of_the_capital_are_one_zone() {
        let wall = "2026-07-01T12:00";
        assert_eq!(at("Europe/Kyiv", wall), at("Europe/Kiev", wall));
        assert!(Zone::named("Europe/Kyyiv").is_none());
    }

    #[test]
    fn daylight_saving_skips_and_repeats() {
        // Kyiv: 03:00 becomes 04:00 on 2026-03-29, 04:00 becomes 03:00 on 2026-10-25.
        assert_eq!(
            at("Europe/Kyiv", "2026-03-29T03:30"),
            ("2026-03-29T01:30:00Z".to_owned(), Occurrence::Never)
        );
        assert_eq!(
            at("Europe/Kyiv", "2026-10-25T03:30"),
            ("2026-10-25T00:30:00Z".to_owned(), Occurrence::Twice)
        );
        assert_eq!(
            at("Europe/Kyiv", "2026-11-27T00:00"),
            ("2026-11-26T22:00:00Z".to_owned(), Occurrence::Once)
        );
    }

    #[test]
    fn a_wall_shows_the_local_day() {
        let zone = Zone::named("Europe/Kyiv").unwrap();
        let local = zone.local(Instant::from_rfc3339("2026-11-26T22:30:15Z").unwrap());
        assert_eq!((local.date.to_string().as_str(), local.weekday, local.second), ("2026-11-27", 4, 1815));
    }
}
