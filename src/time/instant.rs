//! A second on the time line.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment in whole seconds since 1970-01-01T00:00:00Z: promotions start and end at a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// The moment `seconds` after the epoch; `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(|_| Instant(seconds))
    }

    /// The moment an RFC 3339 text names (`2026-11-27T10:00:00+02:00`); fractions of a second are cut off.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(Self::from)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The same moment as the time library holds it.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_second(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Self {
        // A fraction before the epoch must still fall into the second that began before it.
        let second = timestamp.as_second() - i64::from(timestamp.subsec_nanosecond() < 0);
        Instant(second)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}
