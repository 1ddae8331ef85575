//! Quotes of one rulebook: how many, whether proven, and which promotions they had. It lives and ends with its rulebook.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Promotions that are told apart. Those that apply first have a name; all others together are `other`.
const NAMED_MAX: usize = 100;

/// Quotes by one rulebook.
#[derive(Debug)]
pub struct Priced {
    proven: AtomicU64,
    bounded: AtomicU64,
    /// In how many quotes each promotion is, by id in byte order.
    applied: Box<[(Box<str>, AtomicU64)]>,
    /// The places of those that have a name. They keep it: a number must not move from one name to another. Asked by the reader alone.
    named: Mutex<BTreeSet<usize>>,
}

impl Priced {
    /// Of a rulebook with these promotions, by id in byte order.
    pub fn of<'a>(ids: impl Iterator<Item = &'a str>) -> Self {
        let applied = ids.map(|id| (Box::from(id), AtomicU64::new(0))).collect();
        Priced { proven: AtomicU64::new(0), bounded: AtomicU64::new(0), applied, named: Mutex::default() }
    }

    /// Counts a quote with these promotions.
    pub fn note<'a>(&self, is_proven: bool, applied: impl Iterator<Item = &'a str>) {
        let quotes = if is_proven { &self.proven } else { &self.bounded };
        quotes.fetch_add(1, Ordering::Relaxed);
        for id in applied {
            let place = self.applied.binary_search_by(|(known, _)| known.as_ref().cmp(id));
            if let Some((_, count)) = place.ok().and_then(|place| self.applied.get(place)) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Quotes whose price is proven.
    #[must_use]
    pub fn proven(&self) -> u64 {
        self.proven.load(Ordering::Relaxed)
    }

    /// Quotes whose search ended before that.
    #[must_use]
    pub fn bounded(&self) -> u64 {
        self.bounded.load(Ordering::Relaxed)
    }

    /// In how many quotes promotions were: a bounded number of them by id, and what all others come to.
    #[must_use]
    pub fn applied(&self) -> (Vec<(&str, u64)>, u64) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = self.applied.iter().map(|(id, count)| (id.as_ref(), count.load(Ordering::Relaxed)));
        let counts: Vec<(&str, u64)> = counts.collect();
        let mut new: Vec<(u64, usize)> = (0..)
            .zip(&counts)
            .filter(|(place, (_, count))| *count > 0 && !named.contains(place))
            .map(|(place, (_, count))| (*count, place))
            .collect();
        new.sort_unstable_by(|one, other| other.cmp(one));
        let room = NAMED_MAX.saturating_sub(named.len());
        named.extend(new.into_iter().take(room).map(|(_, place)| place));
        let (mut told, mut other) = (Vec::with_capacity(named.len()), 0_u64);
        for (place, (id, count)) in (0..).zip(counts) {
            if named.contains(&place) {
                told.push((id, count));
            } else {
                other = other.saturating_add(count);
            }
        }
        (told, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_stay() {
        let ids: Vec<String> = (1_000..2_000).map(|number| number.to_string()).collect();
        let priced = Priced::of(ids.iter().map(String::as_str));
        priced.note(true, ["1500", "nobody"].into_iter());
        assert_eq!(priced.applied(), (vec![("1500", 1)], 0));
        for _ in 0..3 {
            priced.note(true, ids.iter().map(String::as_str));
        }
        let (told, other) = priced.applied();
        assert_eq!((told.len(), other), (NAMED_MAX, 3 * 900));
        assert!(told.contains(&("1500", 4)));
        for _ in 0..100 {
            priced.note(false, ids.iter().take(1).map(String::as_str));
        }
        let (again, other) = priced.applied();
        let names = |told: &[(&str, u64)]| told.iter().map(|(id, _)| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&again), names(&told));
        assert_eq!((priced.proven(), priced.bounded(), other), (4, 100, 3 * 900 + 100));
    }
}
