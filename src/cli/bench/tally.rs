//! Latencies as counted, and what is read off them: percentiles, medians of rounds, ratios. Whole numbers throughout.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// What takes longer counts as this long.
const LATENCY_MAX: u64 = 3_600_000_000_000;
/// Kept aside before they go into the histogram that all share: one lock for so many.
const BUFFERED: usize = 256;

/// A histogram of latencies that several tasks fill.
#[derive(Debug)]
pub struct Shared(Mutex<Histogram<u64>>);

impl Shared {
    /// An empty one, with three significant digits.
    ///
    /// # Errors
    /// Never: the bounds are good ones.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Shared(Mutex::new(Histogram::new_with_bounds(1, LATENCY_MAX, 3)?)))
    }

    /// What was counted.
    pub fn take(self) -> Histogram<u64> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One task's way into a shared histogram.
#[derive(Debug)]
pub struct Recorder<'a> {
    shared: &'a Shared,
    waiting: Vec<u64>,
}

impl<'a> Recorder<'a> {
    /// Counts into `shared`.
    pub fn new(shared: &'a Shared) -> Self {
        Recorder { shared, waiting: Vec::with_capacity(BUFFERED) }
    }

    /// Counts one.
    pub fn record(&mut self, latency: Duration) {
        self.waiting.push(nanos(latency));
        if self.waiting.len() >= BUFFERED {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut histogram = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.drain(..).for_each(|latency| histogram.saturating_record(latency));
    }
}

impl Drop for Recorder<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}

/// A time in nanoseconds.
#[must_use]
pub fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Latencies in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50: u64,
    /// Nine of ten.
    pub p90: u64,
    /// All but one in a hundred.
    pub p99: u64,
    /// All but one in a thousand.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

/// One round, or the medians of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were refused: they count nowhere else.
    pub refused: u64,
    /// How long all of it took.
    pub elapsed: u64,
    /// How long a request took.
    pub latency: Latency,
    /// CPU of the server a request, where it can be told.
    pub server_cpu: Option<u64>,
    /// How late a request was sent, at most, but for one in a hundred; in an open loop.
    pub sent_late: Option<u64>,
}

impl Figures {
    /// What a histogram says.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>, elapsed: Duration) -> Self {
        let latency = Latency {
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
        };
        Figures { answered: histogram.len(), elapsed: nanos(elapsed), latency, ..Figures::default() }
    }

    /// Requests answered in a second.
    #[must_use]
    pub fn per_second(&self) -> u64 {
        let second = u128::from(self.answered) * 1_000_000_000;
        u64::try_from(second / u128::from(self.elapsed.max(1))).unwrap_or(u64::MAX)
    }
}

/// The medians of rounds, with the sums of what was counted and the longest of all latencies.
#[must_use]
pub fn medians(rounds: &[Figures]) -> Figures {
    let of = |read: fn(&Figures) -> u64| median(rounds.iter().map(read).collect());
    let told = |read: fn(&Figures) -> Option<u64>| {
        let told: Option<Vec<u64>> = rounds.iter().map(read).collect();
        told.filter(|values| !values.is_empty()).map(median)
    };
    Figures {
        answered: rounds.iter().map(|round| round.answered).sum(),
        refused: rounds.iter().map(|round| round.refused).sum(),
        elapsed: rounds.iter().map(|round| round.elapsed).sum(),
        latency: Latency {
            p50: of(|round| round.latency.p50),
            p90: of(|round| round.latency.p90),
            p99: of(|round| round.latency.p99),
            p999: of(|round| round.latency.p999),
            max: rounds.iter().map(|round| round.latency.max).max().unwrap_or_default(),
        },
        server_cpu: told(|round| round.server_cpu),
        sent_late: told(|round| round.sent_late),
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    let upper = values.get(values.len() / 2).copied().unwrap_or_default();
    let lower = values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    lower.midpoint(upper)
}

/// How many thousandths of the floor a figure is; nothing over nothing.
fn permille(value: u64, floor: u64) -> Option<u64> {
    let thousand = u128::from(value) * 1_000;
    thousand.checked_div(u128::from(floor)).and_then(|ratio| u64::try_from(ratio).ok())
}

/// Ratios of two rows in thousandths: the medians of what they are round by round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ratios {
    /// Of the medians.
    pub p50: Option<u64>,
    /// Of the 90th percentiles.
    pub p90: Option<u64>,
    /// Of the 99th percentiles.
    pub p99: Option<u64>,
    /// Of the 99.9th percentiles.
    pub p999: Option<u64>,
    /// Of the requests a second: below 1,000 where the row is slower.
    pub per_second: Option<u64>,
    /// Of the server's CPU a request.
    pub server_cpu: Option<u64>,
}

/// Compares a row with its floor, round by round.
#[must_use]
pub fn ratios(rounds: &[Figures], floor: &[Figures]) -> Ratios {
    let of = |read: fn(&Figures) -> u64| {
        let each = rounds.iter().zip(floor).map(|(round, floor)| permille(read(round), read(floor)));
        each.collect::<Option<Vec<u64>>>().filter(|each| !each.is_empty()).map(median)
    };
    Ratios {
        p50: of(|round| round.latency.p50),
        p90: of(|round| round.latency.p90),
        p99: of(|round| round.latency.p99),
        p999: of(|round| round.latency.p999),
        per_second: of(Figures::per_second),
        server_cpu: of(|round| round.server_cpu.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(p50: u64, answered: u64) -> Figures {
        Figures {
            answered,
            elapsed: 1_000_000_000,
            latency: Latency { p50, max: p50 * 10, ..Latency::default() },
            ..Figures::default()
        }
    }

    #[test]
    fn medians_are_of_rounds_and_the_longest_is_of_all() {
        let rounds = [round(30, 10), round(10, 30), round(20, 20)];
        let all = medians(&rounds);
        assert_eq!((all.latency.p50, all.latency.max, all.answered), (20, 300, 60));
        assert_eq!(median(vec![1, 4]), 2);
        assert_eq!(median(Vec::new()), 0);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // A slow moment of the machine slows both rows of its round.
        let (quote, floor) = ([round(30, 10), round(300, 1)], [round(10, 30), round(100, 3)]);
        assert_eq!(ratios(&quote, &floor).p50, Some(3_000));
        assert_eq!(ratios(&quote, &floor).server_cpu, None);
    }

    #[test]
    fn tasks_fill_one_histogram() {
        let shared = Shared::new().unwrap();
        for _ in 0..3 {
            let mut recorder = Recorder::new(&shared);
            (1..=300).for_each(|micros| recorder.record(Duration::from_micros(micros)));
        }
        let figures = Figures::of(&shared.take(), Duration::from_secs(3));
        assert_eq!((figures.answered, figures.per_second()), (900, 300));
        assert!(figures.latency.p50.abs_diff(150_000) < 1_000, "{figures:?}");
    }
}
