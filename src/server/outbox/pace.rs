//! How long is waited: for the first attempt, and between attempts.

use std::time::Duration;

use crate::server::secrets::Entropy;

/// The waits of an outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// For the first attempt, before a caller is told that it is late.
    pub answer: Duration,
    /// After each attempt that failed, the last one again and again. Each is made up to a fifth longer or shorter.
    pub waits: Vec<Duration>,
}

impl Default for Pace {
    /// A second for the first attempt; then 1, 2, 4, 8, 15 and 30 seconds between attempts: 14 or 15 in five minutes.
    fn default() -> Self {
        let waits = [1, 2, 4, 8, 15, 30].map(Duration::from_secs).to_vec();
        Pace { answer: Duration::from_secs(1), waits }
    }
}

impl Pace {
    /// The wait after so many attempts.
    pub(super) fn wait(&self, tries: u32) -> Duration {
        let place = usize::try_from(tries).unwrap_or(usize::MAX).saturating_sub(1);
        let wait = self.waits.get(place).or(self.waits.last()).copied().unwrap_or_default();
        // Messages that failed together come again apart. Without random numbers they come together, which harms less than none at all.
        let per_mille = 800 + Entropy.below(401).unwrap_or(200);
        wait.saturating_mul(per_mille) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_differ_by_a_fifth() {
        let pace = Pace::default();
        for (tries, seconds) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (6, 30), (7, 30), (u32::MAX, 30)] {
            let wait = Duration::from_secs(seconds);
            let drawn: Vec<Duration> = (0..200).map(|_| pace.wait(tries)).collect();
            assert!(
                drawn.iter().all(|one| (wait * 4 / 5..=wait * 6 / 5).contains(one)),
                "{tries}: {drawn:?}"
            );
            // Of 200 draws one is in each outer eighth, but for once in 10¹¹ runs.
            assert!(
                drawn.iter().any(|one| *one < wait * 17 / 20)
                    && drawn.iter().any(|one| *one > wait * 23 / 20)
            );
        }
        assert_eq!(Pace { waits: Vec::new(), ..pace }.wait(1), Duration::ZERO);
    }
}
