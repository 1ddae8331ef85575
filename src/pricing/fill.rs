//! How many disjoint sets units can make up: every set has units of its own for each slot, and a unit fills one slot.
//!
//! Slots may overlap, so this is a flow from units to slots, found by augmenting paths. A slot of equal units asks in bundles
//! of one SKU; which SKUs give the bundles is searched, within a fixed number of steps.

use std::collections::{BTreeMap, VecDeque};

/// Steps of the search for bundles. Only slots of equal units that overlap other slots need more than a few; behind this the
/// number of sets found may be too low, never too high.
const STEPS_MAX: u32 = 20_000;

/// What a slot asks of one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Units.
    pub quantity: u32,
    /// Whether they must be of one SKU.
    pub same_sku: bool,
}

/// Units that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool<'a> {
    /// Their SKU.
    pub sku: &'a str,
    /// The places of the slots that they may fill, ascending.
    pub slots: Vec<usize>,
    /// How many.
    pub count: u32,
}

/// How many sets the units make up, at most `most`; none where nothing is asked.
#[must_use]
pub fn sets(needs: &[Need], pools: &[Pool<'_>], most: u32) -> u32 {
    let ceiling = |(slot, need): (usize, &Need)| {
        let fit = pools.iter().filter(|pool| pool.slots.contains(&slot));
        let units = fit.map(|pool| u64::from(pool.count)).sum::<u64>();
        u32::try_from(units / u64::from(need.quantity.max(1))).unwrap_or(u32::MAX)
    };
    let Some(ceiling) = needs.iter().enumerate().map(ceiling).min() else {
        return 0;
    };
    let (mut fits, mut least_not) = (0, ceiling.min(most).saturating_add(1));
    // The usual basket makes up all that its scarcest slot allows: that is tried first.
    let mut next = least_not - 1;
    while least_not - fits > 1 {
        if Filling::of(needs, pools, next).fits() == Some(true) {
            fits = next;
        } else {
            least_not = next;
        }
        next = fits + (least_not - fits) / 2;
    }
    fits
}

/// Whether the units may make up one set: only a search that came to its end says no.
#[must_use]
pub fn may_fit(needs: &[Need], pools: &[Pool<'_>]) -> bool {
    Filling::of(needs, pools, 1).fits() != Some(false)
}

/// What each slot lacks to `times` sets, by place: something wherever they cannot be made up. Where several slots of equal units
/// share goods it may be less than what is needed in the end.
#[must_use]
pub fn lacking(needs: &[Need], pools: &[Pool<'_>], times: u32) -> Vec<u32> {
    let mut filling = Filling::of(needs, pools, times);
    let mut lacks = filling.bundle_greedily();
    for (demand, lack) in filling.demands().iter().zip(filling.unfilled()) {
        if let Some(lacks) = lacks.get_mut(demand.slot) {
            *lacks = lacks.saturating_add(u32::try_from(lack).unwrap_or(u32::MAX));
        }
    }
    lacks
}

/// SKUs whose units may fill the same slots, with the units by the slots they may fill.
struct Kind {
    skus: Vec<Vec<(Vec<usize>, u32)>>,
}

/// Units asked for in one slot, of one kind where they come as bundles.
struct Demand {
    slot: usize,
    kind: Option<usize>,
    units: u64,
}

/// The work on one number of sets.
struct Filling<'a> {
    needs: &'a [Need],
    times: u32,
    kinds: Vec<Kind>,
    /// Bundles: the slot, the kind, how many units.
    bundles: Vec<(usize, usize, u64)>,
    left: u32,
}

impl<'a> Filling<'a> {
    fn of(needs: &'a [Need], pools: &[Pool<'_>], times: u32) -> Self {
        let same = needs.iter().filter(|need| need.same_sku).count();
        let mut by_sku: BTreeMap<&str, BTreeMap<Vec<usize>, u32>> = BTreeMap::new();
        for pool in pools {
            // Without slots of equal units the SKUs tell nothing apart.
            let sku = if same == 0 { "" } else { pool.sku };
            let count = by_sku.entry(sku).or_default().entry(pool.slots.clone()).or_default();
            *count = count.saturating_add(pool.count);
        }
        let skus = by_sku.into_values().map(|rows| rows.into_iter().collect::<Vec<_>>());
        let mut kinds: Vec<Kind> = Vec::new();
        for rows in skus {
            let slots = |rows: &Vec<(Vec<usize>, u32)>| match rows.as_slice() {
                [(slots, _)] => Some(slots.clone()),
                _ => None,
            };
            // With one slot of equal units at most, only the number of its bundles matters, not whose they are.
            let like = kinds.iter_mut().find(|kind| {
                same <= 1 && slots(&rows).is_some() && kind.skus.first().and_then(slots) == slots(&rows)
            });
            match like {
                Some(kind) => kind.skus.push(rows),
                None => kinds.push(Kind { skus: vec![rows] }),
            }
        }
        // Units that fit few slots are bundled first: the others may be wanted elsewhere.
        kinds.sort_by_key(|kind| kind.skus.iter().flatten().map(|(slots, _)| slots.len()).max());
        Filling { needs, times, kinds, bundles: Vec::new(), left: STEPS_MAX }
    }

    /// Nothing where the steps were not enough to find out.
    fn fits(mut self) -> Option<bool> {
        let same = self.needs.iter().enumerate().filter(|(_, need)| need.same_sku);
        let same: Vec<usize> = same.map(|(slot, _)| slot).collect();
        let fits = self.bundle(&same, 0, self.times);
        (fits || self.left > 0).then_some(fits)
    }

    /// Gives bundles to the slots of equal units, from a kind on, then fills the rest by flow.
    fn bundle(&mut self, same: &[usize], kind: usize, open: u32) -> bool {
        let Some((&slot, later)) = same.split_first() else {
            return self.unfilled().iter().all(|&lack| lack == 0);
        };
        if open == 0 {
            return self.bundle(later, 0, self.times);
        }
        let room: u64 = (kind..self.kinds.len()).map(|kind| self.room(kind, slot)).sum();
        if self.left == 0 || room < u64::from(open) {
            return false;
        }
        self.left -= 1;
        let quantity = self.quantity(slot);
        let most = u32::try_from(self.room(kind, slot)).unwrap_or(u32::MAX).min(open);
        (0..=most).rev().any(|count| {
            self.bundles.push((slot, kind, u64::from(count) * quantity));
            let fits = self.bundle(same, kind + 1, open - count);
            self.bundles.pop();
            fits
        })
    }

    /// Bundles as they come, and what the slots of equal units lack, by place.
    fn bundle_greedily(&mut self) -> Vec<u32> {
        let mut lacks = vec![0_u32; self.needs.len()];
        for (slot, lack) in lacks.iter_mut().enumerate() {
            if !self.needs.get(slot).is_some_and(|need| need.same_sku) {
                continue;
            }
            let mut open = u64::from(self.times);
            let quantity = self.quantity(slot);
            for kind in 0..self.kinds.len() {
                let count = self.room(kind, slot).min(open);
                self.bundles.push((slot, kind, count * quantity));
                open -= count;
            }
            let best = (0..self.kinds.len()).map(|kind| self.rest(kind, slot)).max().unwrap_or_default();
            let missing = (open * quantity).saturating_sub(best);
            *lack = u32::try_from(missing).unwrap_or(u32::MAX);
        }
        lacks
    }

    fn quantity(&self, slot: usize) -> u64 {
        self.needs.get(slot).map_or(1, |need| u64::from(need.quantity.max(1)))
    }

    /// The units of each SKU of a kind that may fill a slot.
    fn fitting(&self, kind: usize, slot: usize) -> impl Iterator<Item = u64> {
        let skus = self.kinds.get(kind).map_or(&[][..], |kind| kind.skus.as_slice());
        skus.iter().map(move |rows| {
            rows.iter().filter(|(slots, _)| slots.contains(&slot)).map(|(_, count)| u64::from(*count)).sum()
        })
    }

    /// How many bundles a kind has for a slot.
    fn room(&self, kind: usize, slot: usize) -> u64 {
        let quantity = self.quantity(slot);
        self.fitting(kind, slot).map(|units| units / quantity).sum()
    }

    /// The largest part of a bundle that is left of a SKU.
    fn rest(&self, kind: usize, slot: usize) -> u64 {
        let quantity = self.quantity(slot);
        self.fitting(kind, slot).map(|units| units % quantity).max().unwrap_or_default()
    }

    fn demands(&self) -> Vec<Demand> {
        let plain = self.needs.iter().enumerate().filter(|(_, need)| !need.same_sku);
        let plain = plain.map(|(slot, need)| Demand {
            slot,
            kind: None,
            units: u64::from(need.quantity.max(1)) * u64::from(self.times),
        });
        let bundles = self.bundles.iter().filter(|(_, _, units)| *units > 0);
        plain.chain(bundles.map(|&(slot, kind, units)| Demand { slot, kind: Some(kind), units })).collect()
    }

    /// What a greatest flow leaves open of each demand.
    fn unfilled(&self) -> Vec<u64> {
        let demands = self.demands();
        let rows: Vec<(usize, &[usize], u64)> = self
            .kinds
            .iter()
            .enumerate()
            .flat_map(|(at, kind)| kind.skus.iter().flatten().map(move |row| (at, row)))
            .map(|(kind, (slots, count))| (kind, slots.as_slice(), u64::from(*count)))
            .collect();
        let accepts: Vec<Vec<usize>> = demands
            .iter()
            .map(|demand| {
                let fits = |(_, (kind, slots, _)): &(usize, &(usize, &[usize], u64))| {
                    demand.kind.is_none_or(|wanted| wanted == *kind) && slots.contains(&demand.slot)
                };
                rows.iter().enumerate().filter(fits).map(|(row, _)| row).collect()
            })
            .collect();
        let mut flow = Flow {
            accepts,
            spare: rows.iter().map(|(_, _, count)| *count).collect(),
            given: vec![BTreeMap::new(); demands.len()],
        };
        // The choosiest first, so that what is missing in the end is missed where most goods would do.
        let mut order: Vec<(usize, usize, &Demand)> = flow
            .accepts
            .iter()
            .zip(&demands)
            .enumerate()
            .map(|(place, (rows, demand))| (rows.len(), place, demand))
            .collect();
        order.sort_by_key(|&(rows, place, _)| (rows, place));
        let mut unfilled = vec![0; demands.len()];
        for (_, place, demand) in order {
            if let Some(unfilled) = unfilled.get_mut(place) {
                *unfilled = flow.fill(place, demand.units);
            }
        }
        unfilled
    }
}

/// Units on their way from rows to demands.
struct Flow {
    /// By demand: the rows that it takes from.
    accepts: Vec<Vec<usize>>,
    /// By row: units not given yet.
    spare: Vec<u64>,
    /// By demand: units it has of each row.
    given: Vec<BTreeMap<usize, u64>>,
}

impl Flow {
    /// Fills one demand as far as it goes; what stays open.
    fn fill(&mut self, demand: usize, mut open: u64) -> u64 {
        while open > 0 {
            let Some(path) = self.path(demand) else {
                break;
            };
            open -= self.push(&path, open);
        }
        open
    }

    /// A shortest way from a demand to a row with spare units: each step names a demand and the row that it would take from,
    /// which the next demand gives up.
    fn path(&self, demand: usize) -> Option<Vec<(usize, usize)>> {
        let mut came: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut seen = vec![false; self.spare.len()];
        let mut queue = VecDeque::from([demand]);
        while let Some(at) = queue.pop_front() {
            for &row in self.accepts.get(at).into_iter().flatten() {
                if std::mem::replace(seen.get_mut(row)?, true) {
                    continue;
                }
                if self.spare.get(row).is_some_and(|&spare| spare > 0) {
                    let mut path = vec![(at, row)];
                    let mut at = at;
                    while let Some(&(from, row)) = came.get(&at) {
                        path.push((from, row));
                        at = from;
                    }
                    path.reverse();
                    return Some(path);
                }
                for (other, given) in self.given.iter().enumerate() {
                    let is_new = other != demand && !came.contains_key(&other);
                    if is_new && given.get(&row).is_some_and(|&units| units > 0) {
                        came.insert(other, (at, row));
                        queue.push_back(other);
                    }
                }
            }
        }
        None
    }

    /// Moves as many units along a path as it carries.
    fn push(&mut self, path: &[(usize, usize)], most: u64) -> u64 {
        let end = path.last().and_then(|(_, row)| self.spare.get(*row)).copied().unwrap_or_default();
        let mut units = most.min(end);
        for pair in path.windows(2) {
            if let [(_, row), (giver, _)] = pair {
                let held = self.given.get(*giver).and_then(|given| given.get(row)).copied();
                units = units.min(held.unwrap_or_default());
            }
        }
        let mut freed: Option<usize> = None;
        for &(demand, row) in path {
            if let Some(given) = self.given.get_mut(demand) {
                if let Some(held) = freed.and_then(|row| given.get_mut(&row)) {
                    *held -= units;
                }
                *given.entry(row).or_default() += units;
            }
            freed = Some(row);
        }
        if let Some(spare) = freed.and_then(|row| self.spare.get_mut(row)) {
            *spare -= units;
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Needs as `(quantity, same_sku)`, pools as `(sku, slots, count)`.
    fn check(
        needs: &[(u32, bool)],
        pools: &[(&'static str, &[usize], u32)],
        most: u32,
        lacks: &[u32],
    ) -> u32 {
        let needs: Vec<Need> =
            needs.iter().map(|&(quantity, same_sku)| Need { quantity, same_sku }).collect();
        let pools: Vec<Pool<'_>> =
            pools.iter().map(|&(sku, slots, count)| Pool { sku, slots: slots.to_vec(), count }).collect();
        let found = sets(&needs, &pools, most);
        assert_eq!(lacking(&needs, &pools, found + 1), lacks, "{needs:?} of {pools:?}");
        found
    }

    #[test]
    fn disjoint_slots_are_divided() {
        assert_eq!(check(&[(3, false)], &[("A", &[0], 4), ("B", &[0], 4)], 9, &[1]), 2);
        assert_eq!(check(&[(2, false), (1, false)], &[("A", &[0], 7), ("B", &[1], 2)], 9, &[0, 1]), 2);
        assert_eq!(check(&[(1, false)], &[], 9, &[1]), 0);
        assert_eq!(check(&[(1, false)], &[("A", &[0], 5)], 2, &[0]), 2, "no more than asked for");
        assert_eq!(check(&[], &[("A", &[], 5)], 2, &[]), 0);
    }

    #[test]
    fn overlapping_slots_do_not_share_a_unit() {
        assert_eq!(check(&[(1, false), (1, false)], &[("A", &[0, 1], 1)], 9, &[0, 1]), 0);
        assert_eq!(check(&[(1, false), (1, false)], &[("A", &[0, 1], 3), ("B", &[0], 2)], 9, &[1, 0]), 2);
        assert_eq!(check(&[(1, false), (1, false)], &[("A", &[0, 1], 3), ("B", &[0], 3)], 9, &[1, 1]), 3);
        // The first slot must leave the common unit to the second.
        assert_eq!(
            check(
                &[(1, false), (1, false), (1, false)],
                &[("A", &[0, 1], 1), ("B", &[1, 2], 1), ("C", &[2], 1)],
                9,
                &[1, 1, 1]
            ),
            1
        );
    }

    #[test]
    fn equal_units_are_of_one_sku() {
        assert_eq!(check(&[(2, true)], &[("A", &[0], 3), ("B", &[0], 3)], 9, &[1]), 2);
        assert_eq!(check(&[(2, true)], &[("A", &[0], 1), ("B", &[0], 1)], 9, &[1]), 0);
        // Two of A for the equal ones leave nothing for the other slot, two of B leave A.
        assert_eq!(check(&[(2, true), (2, false)], &[("A", &[0, 1], 2), ("B", &[0], 2)], 9, &[2, 2]), 1);
        assert_eq!(check(&[(2, true), (1, false)], &[("A", &[0, 1], 2)], 9, &[1, 0]), 0);
        // Three and two of five equal ones.
        assert_eq!(check(&[(3, true), (2, true)], &[("A", &[0, 1], 5), ("B", &[0, 1], 1)], 1, &[1, 2]), 1);
    }

    /// Every way to hand single units to slots, for small numbers.
    fn slowly(needs: &[Need], units: &[(usize, Vec<usize>)], times: u32) -> bool {
        let slots: Vec<usize> = (0..times)
            .flat_map(|_| needs.iter().enumerate().flat_map(|(slot, n)| (0..n.quantity).map(move |_| slot)))
            .collect();
        // Places in the order of sets; a slot of equal units takes what its last unit was.
        fn place(
            needs: &[Need],
            slots: &[usize],
            at: usize,
            units: &[(usize, Vec<usize>)],
            used: &mut Vec<usize>,
        ) -> bool {
            let Some(&slot) = slots.get(at) else { return true };
            let per_set: u32 = needs.iter().map(|n| n.quantity).sum();
            let first: u32 = needs[..slot].iter().map(|n| n.quantity).sum();
            let is_first = at % usize::try_from(per_set).unwrap() == usize::try_from(first).unwrap();
            for (unit, (sku, fits)) in units.iter().enumerate() {
                let equal = is_first || !needs[slot].same_sku || units[used[at - 1]].0 == *sku;
                if fits.contains(&slot) && !used.contains(&unit) && equal {
                    used.push(unit);
                    if place(needs, slots, at + 1, units, used) {
                        return true;
                    }
                    used.pop();
                }
            }
            false
        }
        place(needs, &slots, 0, units, &mut Vec::new())
    }

    #[test]
    fn the_number_is_exact_for_small_baskets() {
        let mut seed = 7_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        const SKUS: [&str; 3] = ["A", "B", "C"];
        for _ in 0..300 {
            let needs: Vec<Need> = (0..1 + next(3))
                .map(|_| Need { quantity: 1 + u32::try_from(next(2)).unwrap(), same_sku: next(3) == 0 })
                .collect();
            let units: Vec<(usize, Vec<usize>)> = (0..next(7))
                .map(|_| {
                    let sku = usize::try_from(next(3)).unwrap();
                    (sku, (0..needs.len()).filter(|_| next(2) == 0).collect())
                })
                .collect();
            let pools: Vec<Pool<'_>> = units
                .iter()
                .map(|(sku, slots)| Pool { sku: SKUS[*sku], slots: slots.clone(), count: 1 })
                .collect();
            let expected = (1..=6).take_while(|&times| slowly(&needs, &units, times)).last().unwrap_or(0);
            assert_eq!(sets(&needs, &pools, 6), expected, "{needs:?} of {units:?}");
        }
    }
}
