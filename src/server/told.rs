//! A flood of the same fills no disk: of each second so many are told, and the rest is counted.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::time::Instant;

/// What is told of one second.
const TOLD_MAX: u64 = 10;

/// How many were told of this second.
#[derive(Debug, Default)]
pub struct Told {
    second: AtomicI64,
    count: AtomicU64,
    untold: AtomicU64,
}

impl Told {
    /// Whether one more is told, and how many before it were not. At the turn of a second two may both begin it: then a few more are told.
    pub fn turn(&self, now: Instant) -> Option<u64> {
        // The highest counts: who read the clock before the turn and comes behind it begins nothing anew.
        if self.second.fetch_max(now.unix(), Ordering::Relaxed) < now.unix() {
            self.count.store(0, Ordering::Relaxed);
        }
        if self.count.fetch_add(1, Ordering::Relaxed) < TOLD_MAX {
            return Some(self.untold.swap(0, Ordering::Relaxed));
        }
        self.untold.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_a_few_are_told_and_the_rest_is_counted() {
        let (told, at) = (Told::default(), |second| Instant::from_unix(second).unwrap());
        let turns: Vec<_> = (0..25).map(|_| told.turn(at(7))).collect();
        assert_eq!(turns.iter().filter(|turn| **turn == Some(0)).count(), 10);
        assert_eq!(told.turn(at(8)), Some(15));
        assert_eq!(told.turn(at(8)), Some(0));
        // Nine late ones of the second before, and this one begins no second.
        assert_eq!((0..9).filter(|_| told.turn(at(7)).is_some()).count(), 8);
        assert_eq!(told.turn(at(8)), None);
    }
}
