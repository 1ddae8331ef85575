//! When a promotion runs: from a second to a second, on weekdays, between hours of the day.

use super::instant::Instant;

/// From an instant, that second included, until an instant, that second excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first second; always, when absent.
    pub from: Option<Instant>,
    /// The first second that is too late; never, when absent.
    pub until: Option<Instant>,
}

impl Window {
    /// Whether the window has begun by `now`.
    #[must_use]
    pub fn has_begun(&self, now: Instant) -> bool {
        self.from.is_none_or(|from| from <= now)
    }

    /// Whether the window is over at `now`.
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// A set of weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(
    // One bit a day, Monday lowest.
    u8,
);

impl Weekdays {
    /// No day yet.
    pub const NONE: Weekdays = Weekdays(0);

    /// With `day` too; Monday is 0, and a day past Sunday changes nothing.
    #[must_use]
    pub fn with(self, day: u8) -> Self {
        if day < 7 { Weekdays(self.0 | (1 << day)) } else { self }
    }

    /// Whether `day` is in the set.
    #[must_use]
    pub fn contains(self, day: u8) -> bool {
        day < 7 && self.0 & (1 << day) != 0
    }
}

/// Hours of the day on the wall clock, the first second included, the last excluded; past midnight when they end
/// before they start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Seconds since midnight.
    pub from: u32,
    /// Seconds since midnight, up to 86,400.
    pub until: u32,
}

impl Hours {
    /// Whether `second` of the day lies within.
    #[must_use]
    pub fn contains(self, second: u32) -> bool {
        if self.from < self.until {
            self.from <= second && second < self.until
        } else {
            self.from <= second || second < self.until
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_cross_midnight() {
        let night = Hours { from: 22 * 3600, until: 2 * 3600 };
        for (second, inside) in
            [(22 * 3600, true), (0, true), (2 * 3600 - 1, true), (2 * 3600, false), (12 * 3600, false)]
        {
            assert_eq!(night.contains(second), inside, "{second}");
        }
        let day = Hours { from: 10 * 3600, until: 14 * 3600 };
        assert!(day.contains(10 * 3600) && !day.contains(14 * 3600));
    }
}
