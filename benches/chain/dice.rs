//! Chance that is the same on every machine.

use super::Outcome;

/// SplitMix64, as in `examples/sample_chain.rs`: eight lines, and the same numbers everywhere.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The bias of a remainder does not matter for samples.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// Both ends included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> Outcome<&'a T> {
        let place = self.below(u64::try_from(among.len())?);
        among.get(usize::try_from(place)?).ok_or_else(|| "nothing to choose from".into())
    }

    /// One of a list by weight.
    pub(super) fn weighted<T: Copy>(&mut self, among: &[(u64, T)]) -> Outcome<T> {
        let mut left = self.below(among.iter().map(|(weight, _)| weight).sum());
        for &(weight, choice) in among {
            if left < weight {
                return Ok(choice);
            }
            left -= weight;
        }
        Err("nothing to choose from".into())
    }

    /// `count` different ones in the order of the list; all when there are not so many.
    pub(super) fn some<'a, T>(&mut self, among: &'a [T], count: usize) -> Outcome<Vec<&'a T>> {
        let mut places: Vec<usize> = (0..among.len()).collect();
        while places.len() > count {
            let place = self.below(u64::try_from(places.len())?);
            places.remove(usize::try_from(place)?);
        }
        Ok(places.into_iter().filter_map(|place| among.get(place)).collect())
    }
}
