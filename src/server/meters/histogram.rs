//! How often a value fell where: whole numbers in atomics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of times in nanoseconds, 50 µs to 10 s: a small basket takes some hundred microseconds, a call may take ten seconds.
const TIMES: [u64; 17] = [
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];
/// Upper bounds of how many commands are kept together.
const SIZES: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/// How often values fell between bounds.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is above the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Values up to each bound that are above the one before; the last has no bound.
    pub counts: Vec<(Option<u64>, u64)>,
    /// All values together.
    pub sum: u64,
}

impl Histogram {
    /// Of times, in nanoseconds.
    #[must_use]
    pub fn of_times() -> Self {
        Self::of(&TIMES)
    }

    /// Of sizes.
    #[must_use]
    pub fn of_sizes() -> Self {
        Self::of(&SIZES)
    }

    fn of(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn note(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a time.
    pub fn time(&self, time: Duration) {
        self.note(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// As it is now. Values that are counted meanwhile may be in one part of it and not in another.
    #[must_use]
    pub fn counted(&self) -> Counted {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let counts = bounds.zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed))).collect();
        Counted { counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_is_below_it() {
        let sizes = Histogram::of_sizes();
        [0, 1, 2, 3, 1_024, 1_025].into_iter().for_each(|size| sizes.note(size));
        let Counted { counts, sum } = sizes.counted();
        assert_eq!(counts[..3], [(Some(1), 2), (Some(2), 1), (Some(4), 1)]);
        assert_eq!(counts[10..], [(Some(1_024), 1), (None, 1)]);
        assert_eq!(sum, 2_055);
        let times = Histogram::of_times();
        times.time(Duration::from_micros(50));
        times.time(Duration::from_secs(11));
        let counts = times.counted().counts;
        assert_eq!((counts[0], counts[17]), ((Some(50_000), 1), (None, 1)));
    }
}
