//! A counter in parts: each has room that it may give away without asking the others.
//!
//! INVARIANT: what all parts have given and the room that they have together is never more than the limit that was divided. So a part
//! that stays within its room never passes the limit, whatever the others do. Near the limit a counter is whole again, and the last one
//! is given exactly once.

use crate::ledger::{Counter, CounterKey};

/// Parts of a divided counter. Nodes beyond it share parts, which costs them a wait and nothing else.
pub(super) const PARTS: i16 = 16;
/// So many purchases of one batch want a counter before it is divided: what is wanted now and then is better whole.
const WANTED_MIN: u32 = 3;
/// A counter is divided while each part can give so many times what the largest purchase at hand takes of it.
const TIMES_MIN: i64 = 64;

/// One part as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) part: i16,
    // A release where another part has held makes them negative: only their sums mean something.
    pub(super) held: i64,
    pub(super) kept: i64,
    /// What it may still give; nothing where the counter is whole.
    pub(super) room: Option<i64>,
    /// The limit that was divided.
    pub(super) divided: Option<i64>,
}

impl Part {
    pub(super) fn new(part: i16) -> Self {
        Part { part, held: 0, kept: 0, room: None, divided: None }
    }

    fn change(&mut self, held: i64, kept: i64) {
        self.held = self.held.saturating_add(held);
        self.kept = self.kept.saturating_add(kept);
    }
}

/// What a batch does to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Need {
    /// What its purchases take, without what others of it give back.
    pub(super) taken: i64,
    /// How many of them there are.
    pub(super) count: u32,
    /// The largest of them.
    pub(super) largest: i64,
    /// The least limit that one of them named.
    pub(super) limit: Option<i64>,
}

/// The counter that parts make up.
pub(super) fn whole(parts: &[Part]) -> Counter {
    let sum = |of: fn(&Part) -> i64| {
        let sum = parts.iter().map(of).fold(0_i64, i64::saturating_add);
        u64::try_from(sum).unwrap_or_default()
    };
    Counter { held: sum(|part| part.held), kept: sum(|part| part.kept) }
}

/// Whether so much may be given back and the sums are what they are: a sum of moments that do not belong together may be too small.
pub(super) fn may_give_back(parts: &[Part], held: i64, kept: i64) -> bool {
    let sum = |of: fn(&Part) -> i64| parts.iter().map(of).fold(0_i64, i64::saturating_add);
    sum(|part| part.held) >= held && sum(|part| part.kept) >= kept
}

/// Whether a batch may take what it needs of this part alone.
pub(super) fn has_room(part: &Part, need: &Need) -> bool {
    match (part.room, part.divided) {
        (Some(room), Some(divided)) => {
            need.taken == 0 || need.taken <= room && need.limit.is_some_and(|limit| divided <= limit)
        }
        _ => false,
    }
}

/// One part after a batch.
pub(super) fn part_after(part: &Part, before: Counter, after: Counter) -> Part {
    let (held, kept) = (change(before.held, after.held), change(before.kept, after.kept));
    let mut part = *part;
    part.change(held, kept);
    // What is given back may be given again, by this part.
    part.room = part.room.map(|room| room.saturating_sub(held.saturating_add(kept)));
    part
}

/// All parts after a batch that had the whole counter, `own` being the part of this node: divided anew where that is worth it.
pub(super) fn whole_after(
    key: &CounterKey,
    parts: &[Part],
    own: i16,
    (before, after): (Counter, Counter),
    need: &Need,
) -> Vec<Part> {
    let mut all: Vec<Part> = parts.to_vec();
    let change = (change(before.held, after.held), change(before.kept, after.kept));
    let is_wanted = need.count >= WANTED_MIN || parts.len() > 1;
    let share = share(key, after, need).filter(|_| is_wanted).or_else(|| {
        // Nothing was taken: what was divided stays so.
        (need.taken == 0).then(|| all.first().and_then(|part| part.divided)).flatten().and_then(|limit| {
            let left = limit.saturating_sub(given(after));
            (left > 0).then_some((limit, left / i64::from(PARTS)))
        })
    });
    if let Some((limit, room)) = share {
        for part in 0..PARTS {
            if !all.iter().any(|one| one.part == part) {
                all.push(Part::new(part));
            }
        }
        for part in &mut all {
            (part.room, part.divided) = (Some(room), Some(limit));
        }
    } else {
        for part in &mut all {
            (part.room, part.divided) = (None, None);
        }
    }
    if all.is_empty() {
        all.push(Part::new(0));
    }
    let place = all.iter().position(|part| part.part == own).unwrap_or_default();
    if let Some(part) = all.get_mut(place) {
        part.change(change.0, change.1);
    }
    all
}

/// The limit and what each part gets of what is left of it, where a counter is worth dividing. Of one customer or one gift never: few want
/// it at once.
fn share(key: &CounterKey, after: Counter, need: &Need) -> Option<(i64, i64)> {
    match key {
        CounterKey::Total(_) | CounterKey::Budget(_) | CounterKey::Code(_) => {}
        CounterKey::Customer(..) | CounterKey::Stock(..) => return None,
    }
    let limit = need.limit?;
    let room = limit.saturating_sub(given(after)) / i64::from(PARTS);
    (room >= need.largest.max(1).saturating_mul(TIMES_MIN)).then_some((limit, room))
}

fn given(counter: Counter) -> i64 {
    i64::try_from(counter.given()).unwrap_or(i64::MAX)
}

fn change(before: u64, after: u64) -> i64 {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    number(after).saturating_sub(number(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(held: u64, kept: u64) -> Counter {
        Counter { held, kept }
    }

    fn need(taken: i64, limit: i64) -> Need {
        Need { taken, count: WANTED_MIN, largest: taken.min(1), limit: Some(limit) }
    }

    fn total() -> CounterKey {
        CounterKey::Total("spring".to_owned())
    }

    fn invariant(parts: &[Part]) {
        let Some(divided) = parts.first().and_then(|part| part.divided) else {
            assert!(parts.iter().all(|part| part.room.is_none() && part.divided.is_none()), "{parts:?}");
            return;
        };
        let room: i64 = parts.iter().map(|part| part.room.unwrap()).sum();
        assert!(parts.iter().all(|part| part.divided == Some(divided) && part.room >= Some(0)), "{parts:?}");
        assert!(room + given(whole(parts)) <= divided, "{parts:?}");
    }

    #[test]
    fn a_counter_is_divided_far_from_its_limit_and_whole_near_it() {
        for (key, taken, limit, is_divided) in [
            (total(), 1, 100, false),
            (total(), 1, 1_024, false),
            (total(), 1, 1_025, true),
            (total(), 1, i64::MAX, true),
            (CounterKey::Budget("spring".to_owned()), 1, 1_000_000, true),
            (CounterKey::Stock("pouch".to_owned(), String::new()), 1, 1_000_000, false),
        ] {
            let after = counter(u64::try_from(taken).unwrap(), 0);
            let parts = whole_after(&key, &[], 3, (counter(0, 0), after), &need(taken, limit));
            assert_eq!(parts.len(), if is_divided { 16 } else { 1 }, "{key:?} of {limit}");
            assert_eq!(whole(&parts), after, "{key:?} of {limit}");
            invariant(&parts);
        }
    }

    #[test]
    fn what_is_wanted_now_and_then_is_not_divided() {
        let need = Need { count: WANTED_MIN - 1, ..need(1, i64::MAX) };
        let parts = whole_after(&total(), &[], 3, (counter(0, 0), counter(1, 0)), &need);
        assert_eq!((parts.len(), parts[0].room), (1, None));
    }

    #[test]
    fn parts_never_give_more_than_the_limit_and_not_less() {
        for limit in [1_u64, 90, 1_100, 5_000] {
            let most = i64::try_from(limit).unwrap();
            let (mut parts, mut dice, mut given_in_all) = (Vec::new(), 7_u64, 0_u64);
            // Takes and releases by any of the nodes, many more takes than there is room for.
            for _ in 0..limit * 40 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let own = i16::try_from((dice >> 33) % 16).unwrap();
                let before = whole(&parts);
                let is_release = (dice >> 45).is_multiple_of(3) && before.held > 0;
                let after = if is_release {
                    counter(before.held - 1, before.kept)
                } else {
                    counter(before.held + 1, before.kept)
                };
                let need = if is_release { Need::default() } else { need(1, most) };
                let place = parts.iter().position(|part: &Part| part.part == own);
                let own_part = place.map(|place| parts[place]).filter(|part| has_room(part, &need));
                if let Some(part) = own_part {
                    parts[place.unwrap()] = part_after(&part, before, after);
                } else if is_release || before.given() < limit {
                    parts = whole_after(&total(), &parts, own, (before, after), &need);
                } else {
                    assert_eq!(before.given(), limit, "refused though there is room");
                    continue;
                }
                given_in_all = given_in_all.max(whole(&parts).given());
                assert_eq!(whole(&parts), after);
                assert!(given_in_all <= limit);
                invariant(&parts);
            }
            assert_eq!(given_in_all, limit, "the last one was never given");
        }
    }

    #[test]
    fn a_smaller_limit_is_no_room_and_a_larger_one_is_divided_anew() {
        let parts = whole_after(&total(), &[], 0, (counter(0, 0), counter(1, 0)), &need(1, 16_000));
        assert!(has_room(&parts[0], &need(1, 16_000)) && has_room(&parts[0], &need(1, 20_000)));
        assert!(!has_room(&parts[0], &need(1, 15_999)));
        assert!(!has_room(&parts[0], &need(1_000, 16_000)));
        let before = whole(&parts);
        let smaller = whole_after(&total(), &parts, 0, (before, counter(2, 0)), &need(1, 3));
        assert!(smaller.iter().all(|part| part.room.is_none()));
        assert_eq!(whole(&smaller), counter(2, 0));
        let larger = whole_after(&total(), &smaller, 1, (counter(2, 0), counter(3, 0)), &need(1, 32_003));
        assert_eq!(larger[0].room, Some(2_000));
        invariant(&larger);
    }
}
