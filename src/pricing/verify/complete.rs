//! How many complete sets goods make up, each unit in one of them at most.

use crate::promotion::Slot;

/// Ways to hand out equal goods that are tried before the sets at hand are said to be all. Slots for equal goods are few and
/// so are the goods that fill them; what needs more is a rulebook of puzzles.
const TRIES_MAX: u32 = 20_000;

/// Units that are alike to the slots.
#[derive(Debug, Clone)]
pub(super) struct Pile<'a> {
    pub(super) sku: &'a str,
    pub(super) count: u32,
    /// Which slots they fit into, by place.
    pub(super) fits: Vec<bool>,
}

/// Units that a slot needs, of one SKU where they must be equal.
#[derive(Debug, Clone, Copy)]
struct Need<'a> {
    slot: usize,
    sku: Option<&'a str>,
    count: u64,
}

/// How many disjoint complete sets the piles make up, at most `most`.
pub(super) fn complete_sets(piles: &[Pile<'_>], slots: &[Slot], most: u32) -> u32 {
    let mut table = Table { piles, slots, tries: TRIES_MAX };
    let pieces = u64::from(slots.iter().map(|slot| slot.quantity).fold(0, u32::saturating_add)).max(1);
    let have: u64 = piles.iter().map(|pile| u64::from(pile.count)).sum();
    let (mut fewest, mut most) = (0, most.min(u32::try_from(have / pieces).unwrap_or(u32::MAX)));
    // Where so many sets can be made up, fewer can.
    while fewest < most {
        let middle = fewest + (most - fewest).div_ceil(2);
        if table.holds(middle, 0, &mut Vec::new()) { fewest = middle } else { most = middle - 1 }
    }
    fewest
}

struct Table<'a> {
    piles: &'a [Pile<'a>],
    slots: &'a [Slot],
    tries: u32,
}

impl<'a> Table<'a> {
    /// Whether so many sets can be made up, the needs of the slots before `place` being settled.
    fn holds(&mut self, sets: u32, place: usize, needs: &mut Vec<Need<'a>>) -> bool {
        let Some(slot) = self.slots.get(place) else {
            return meets(self.piles, needs);
        };
        if !slot.same_sku || slot.quantity < 2 {
            needs.push(Need { slot: place, sku: None, count: u64::from(sets) * u64::from(slot.quantity) });
            let holds = self.holds(sets, place + 1, needs);
            needs.pop();
            return holds;
        }
        let fits = |pile: &&Pile<'_>| pile.fits.get(place).copied().unwrap_or_default();
        let mut skus: Vec<&'a str> = self.piles.iter().filter(fits).map(|pile| pile.sku).collect();
        skus.sort_unstable();
        skus.dedup();
        self.hands_out(sets, place, &skus, sets, needs)
    }

    /// Hands the slot's places in the sets out to equal goods, every way in turn.
    fn hands_out(
        &mut self,
        sets: u32,
        place: usize,
        skus: &[&'a str],
        left: u32,
        needs: &mut Vec<Need<'a>>,
    ) -> bool {
        if left == 0 {
            let Some(tries) = self.tries.checked_sub(1) else {
                return false;
            };
            self.tries = tries;
            return meets(self.piles, needs) && self.holds(sets, place + 1, needs);
        }
        let (Some((&sku, others)), Some(slot)) = (skus.split_first(), self.slots.get(place)) else {
            return false;
        };
        let fits = |pile: &&Pile<'_>| pile.sku == sku && pile.fits.get(place).copied().unwrap_or_default();
        let have = self.piles.iter().filter(fits).map(|pile| pile.count).fold(0, u32::saturating_add);
        for sets_of_it in (0..=left.min(have / slot.quantity)).rev() {
            let count = u64::from(sets_of_it) * u64::from(slot.quantity);
            needs.push(Need { slot: place, sku: Some(sku), count });
            let holds = self.hands_out(sets, place, others, left - sets_of_it, needs);
            needs.pop();
            if holds || self.tries == 0 {
                return holds;
            }
        }
        false
    }
}

/// Whether the piles meet all needs at once: a flow from piles to needs, made larger step by step.
fn meets(piles: &[Pile<'_>], needs: &[Need<'_>]) -> bool {
    let fits = |pile: &Pile<'_>, need: &Need<'_>| {
        need.sku.is_none_or(|sku| sku == pile.sku) && pile.fits.get(need.slot).copied().unwrap_or_default()
    };
    let edges: Vec<Vec<bool>> =
        piles.iter().map(|pile| needs.iter().map(|need| fits(pile, need)).collect()).collect();
    let mut flow = Flow {
        left: piles.iter().map(|pile| u64::from(pile.count)).collect(),
        given: vec![vec![0; needs.len()]; piles.len()],
        edges,
    };
    needs.iter().enumerate().all(|(place, need)| {
        let mut open = need.count;
        while open > 0 {
            let brought = flow.bring(place, open, &mut vec![false; piles.len()]);
            if brought == 0 {
                return false;
            }
            open -= brought;
        }
        true
    })
}

struct Flow {
    /// What each pile still has.
    left: Vec<u64>,
    /// What each pile gives to each need.
    given: Vec<Vec<u64>>,
    edges: Vec<Vec<bool>>,
}

impl Flow {
    /// Brings up to `open` units to a need, if another need must then be served from elsewhere.
    fn bring(&mut self, need: usize, open: u64, seen: &mut [bool]) -> u64 {
        for pile in 0..self.left.len() {
            let reaches = self.edges.get(pile).and_then(|edges| edges.get(need)).copied().unwrap_or_default();
            if !reaches || seen.get(pile).copied().unwrap_or(true) {
                continue;
            }
            if let Some(seen) = seen.get_mut(pile) {
                *seen = true;
            }
            let free = self.left.get(pile).copied().unwrap_or_default().min(open);
            if free > 0 {
                self.left.iter_mut().skip(pile).take(1).for_each(|left| *left -= free);
                self.give(pile, need, free);
                return free;
            }
            for other in 0..self.given.get(pile).map_or(0, Vec::len) {
                let given = self.given(pile, other).min(open);
                if other == need || given == 0 {
                    continue;
                }
                let moved = self.bring(other, given, seen);
                if moved > 0 {
                    self.give(pile, need, moved);
                    self.take_back(pile, other, moved);
                    return moved;
                }
            }
        }
        0
    }

    fn given(&self, pile: usize, need: usize) -> u64 {
        self.given.get(pile).and_then(|given| given.get(need)).copied().unwrap_or_default()
    }

    fn give(&mut self, pile: usize, need: usize, units: u64) {
        if let Some(given) = self.given.get_mut(pile).and_then(|given| given.get_mut(need)) {
            *given += units;
        }
    }

    fn take_back(&mut self, pile: usize, need: usize, units: u64) {
        if let Some(given) = self.given.get_mut(pile).and_then(|given| given.get_mut(need)) {
            *given -= units;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Selector;

    fn slot(quantity: u32, same_sku: bool) -> Slot {
        Slot { on: Selector::default(), quantity, same_sku, cut: None }
    }

    fn pile<'a>(sku: &'a str, count: u32, fits: &[bool]) -> Pile<'a> {
        Pile { sku, count, fits: fits.to_vec() }
    }

    #[test]
    fn a_unit_that_fits_two_slots_goes_where_it_is_needed() {
        let slots = [slot(1, false), slot(1, false)];
        let piles = [pile("a", 2, &[true, true]), pile("b", 3, &[true, false])];
        assert_eq!(complete_sets(&piles, &slots, u32::MAX), 2);
        assert_eq!(complete_sets(&piles, &slots, 1), 1);
        assert_eq!(complete_sets(&piles[1..], &slots, 9), 0);
        // The first slot would take what only the second could do without.
        let piles = [pile("a", 1, &[true, true]), pile("b", 1, &[true, false]), pile("c", 1, &[false, true])];
        assert_eq!(complete_sets(&piles, &slots, 9), 1);
    }

    #[test]
    fn equal_goods_are_counted_by_sku() {
        let piles = [pile("a", 3, &[true, true]), pile("b", 3, &[true, true]), pile("a", 1, &[true, true])];
        assert_eq!(complete_sets(&piles, &[slot(2, true)], 9), 3);
        assert_eq!(complete_sets(&piles, &[slot(2, false)], 9), 3);
        assert_eq!(complete_sets(&piles, &[slot(3, true)], 9), 2);
        assert_eq!(complete_sets(&piles, &[slot(3, true), slot(1, false)], 9), 1);
        assert_eq!(complete_sets(&piles, &[slot(4, true), slot(3, true)], 9), 1);
        assert_eq!(complete_sets(&piles, &[slot(5, true)], 9), 0);
    }
}
