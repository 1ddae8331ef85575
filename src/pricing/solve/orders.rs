//! In which orders the units of lines are tried.
//!
//! The units of a line are alike, so their order is ours. The spare minor unit of what is shared goes to earlier units, and what
//! takes effect later, or is measured, may find it worth more on one than on another.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::choice::{Choice, Choices, Kit};
use super::way::Served;
use crate::pricing::problem::Problem;
use crate::promotion::Measured;

/// The most choices of one line of which all turns are tried.
const TURNED_MAX: usize = 6;
/// The most orders of one line of which each is tried.
const PERMUTED_MAX: u64 = 24;
/// The most orders of all lines together.
const ORDERS_MAX: usize = 64;

/// An order of a line's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Choice by choice, those with more promotions first or last, and turned by half as many choices.
    Turned(usize),
    /// Any, by its place among all that there are of units with the same choice.
    Permuted(usize),
}

/// The orders that are tried.
pub(super) struct Orders {
    /// The lines on which the order of units matters.
    lines: SmallVec<[OfLine; 4]>,
    /// How many there are, each line's with each other's.
    pub count: usize,
    /// Whether there are no others that matter.
    pub is_whole: bool,
}

/// The orders of one line.
struct OfLine {
    line: usize,
    count: usize,
    is_permuted: bool,
}

impl Orders {
    /// Those of a way with these basket amounts on. What is shared goes over the lines, so each order of one meets each of another.
    pub(super) fn of(problem: &Problem, choices: &Choices, served: &[Served], on: &FixedBitSet) -> Self {
        let table = Table { problem, choices, served, on };
        let (followed, is_measured) = (table.followed(), table.is_measured());
        let mut lines: Vec<usize> = served.iter().map(|units| units.line).collect();
        lines.sort_unstable();
        lines.dedup();
        let mut orders = Orders { lines: SmallVec::new(), count: 1, is_whole: true };
        for line in lines {
            let (kinds, shares) = (table.kinds(line), table.shares(line, &followed));
            if kinds.len() < 2 || shares.is_empty() {
                continue;
            }
            let several = kinds.iter().filter(|&&(_, count)| count > 1).count();
            // Shared once, in one round, an amount leaves a unit at one of two prices: what is taken off afterwards is linear in how
            // many units of each choice have the spare minor unit, and one of the turns takes most. A sum may be reached just by
            // another number of them, but of a single choice with several units the turns have them all.
            let is_linear = matches!(shares.as_slice(), [share] if share.is_one_round);
            let is_linear = is_linear && (!is_measured || several <= 1);
            let is_turned_whole = kinds.len() <= 3 && (several == 0 || is_linear);
            let permuted = permutations(kinds.iter().map(|&(_, count)| count));
            let is_permuted = !is_turned_whole && table.is_plain(line) && permuted <= PERMUTED_MAX;
            let turned = if kinds.len() == 2 { 2 } else { 2 * kinds.len().min(TURNED_MAX) };
            let count = if is_permuted { usize::try_from(permuted).unwrap_or(turned) } else { turned };
            orders.is_whole &= (is_turned_whole || is_permuted) && orders.count * count <= ORDERS_MAX;
            orders.count = (orders.count * count).min(ORDERS_MAX);
            orders.lines.push(OfLine { line, count, is_permuted });
        }
        // Units with fewer promotions may as well come first: where nothing is shared that is a matter of legality alone.
        if orders.lines.is_empty() {
            orders.count = 2;
        }
        orders
    }

    /// The order of a line's units in one of them all.
    pub(super) fn of_line(&self, line: usize, mut order: usize) -> Order {
        if self.lines.is_empty() {
            return Order::Turned(order);
        }
        for one in &self.lines {
            if one.line == line {
                let order = order % one.count;
                return if one.is_permuted { Order::Permuted(order) } else { Order::Turned(order) };
            }
            order /= one.count;
        }
        Order::Turned(0)
    }
}

/// In how many orders units of so many kinds may stand; a bound of it, where those are many.
fn permutations(counts: impl Iterator<Item = u32>) -> u64 {
    let (mut all, mut found) = (0_u64, 1_u64);
    for count in counts {
        for one in 1..=u64::from(count) {
            all += 1;
            // Each step divides evenly: what is found so far is a binomial coefficient times a whole number.
            found = found.saturating_mul(all) / one;
            if found > PERMUTED_MAX {
                return u64::MAX;
            }
        }
    }
    found
}

/// The kinds of units, so many of each, in the order with this place among all; after the last it begins anew.
pub(super) fn permuted(counts: &[u32], place: usize) -> Vec<usize> {
    let mut place = u64::try_from(place).unwrap_or_default() % permutations(counts.iter().copied());
    let mut left = counts.to_vec();
    let mut order = Vec::new();
    while left.iter().any(|&count| count > 0) {
        for kind in 0..left.len() {
            let Some(count) = left.get_mut(kind).filter(|count| **count > 0) else {
                continue;
            };
            *count -= 1;
            let behind = permutations(left.iter().copied());
            if place < behind {
                order.push(kind);
                break;
            }
            place -= behind;
            if let Some(count) = left.get_mut(kind) {
                *count += 1;
            }
        }
    }
    order
}

/// What units of a line share of which it matters who has the spare minor unit.
struct Share {
    offer: usize,
    /// Whether it is shared once: what one unit's floor holds back is else shared again.
    is_one_round: bool,
}

/// What the orders are told from.
#[derive(Clone, Copy)]
struct Table<'a> {
    problem: &'a Problem,
    choices: &'a Choices,
    served: &'a [Served],
    /// The basket amounts that are on.
    on: &'a FixedBitSet,
}

impl<'a> Table<'a> {
    fn of_line(self, line: usize) -> impl Iterator<Item = &'a Served> {
        self.served.iter().filter(move |units| units.line == line)
    }

    /// The choices of a line, each with the number of its units.
    fn kinds(self, line: usize) -> SmallVec<[(usize, u32); 4]> {
        let mut kinds: SmallVec<[(usize, u32); 4]> = SmallVec::new();
        for units in self.of_line(line) {
            match kinds.iter_mut().find(|(choice, _)| *choice == units.choice) {
                Some((_, count)) => *count = count.saturating_add(units.count),
                None => kinds.push((units.choice, units.count)),
            }
        }
        kinds
    }

    /// Whether no unit of a line is in a set.
    fn is_plain(self, line: usize) -> bool {
        self.of_line(line).filter_map(|units| self.choice(units)).all(|choice| choice.seats.is_empty())
    }

    fn choice(self, units: &Served) -> Option<&'a Choice> {
        self.choices.lines.get(units.line)?.get(units.choice)
    }

    /// Whether no floor holds back anything of what an offer takes off its goods.
    fn is_free(self, offer: usize) -> bool {
        let has_floor = |line: usize| self.problem.lines.get(line).is_none_or(|line| !line.floor.is_zero());
        self.problem.offers.get(offer).is_some_and(|offer| !offer.on.ones().any(has_floor))
    }

    fn is_used(self, offer: usize) -> bool {
        let mut carrying = self.served.iter().filter_map(|units| self.choice(units));
        self.on.contains(offer) || carrying.any(|choice| choice.carried.contains(&offer))
    }

    /// The basket amounts after which something takes effect or measures a part of their goods.
    fn followed(self) -> SmallVec<[usize; 2]> {
        let problem = self.problem;
        let is_followed = |&one: &usize| {
            problem.is_measured_apart(one) || problem.is_followed(one, |other| self.is_used(other))
        };
        self.on.ones().filter(is_followed).collect()
    }

    /// Whether current prices decide something.
    fn is_measured(self) -> bool {
        let mut offers = self.problem.offers.iter().enumerate();
        self.problem.measures_in_the_end()
            || offers.any(|(place, offer)| {
                let measures = offer.spend.as_ref().is_some_and(|spend| spend.of == Measured::Current);
                measures && self.is_used(place)
            })
    }

    /// The amounts that are shared by units of a line and of which it matters who has the spare minor unit.
    fn shares(self, line: usize, followed: &[usize]) -> SmallVec<[Share; 4]> {
        let mut shares: SmallVec<[Share; 4]> = SmallVec::new();
        for choice in self.of_line(line).filter_map(|units| self.choice(units)) {
            let is_loose = |kit: &&Kit| !kit.is_exact || kit.is_watched;
            let takers = || choice.takers.iter().map(|&(offer, _)| offer);
            let may_be_cut = choice.acts.len() > 1 || takers().any(|offer| self.on.contains(offer));
            let capped = choice.capped.iter().map(|&(offer, _)| offer).filter(|_| may_be_cut);
            let kits = choice.seats.iter().filter_map(|&(kit, _)| self.choices.kits.get(kit));
            let kits = kits.filter(is_loose).map(|kit| kit.offer);
            let spread = takers().filter(|offer| followed.contains(offer)).chain(kits);
            let spread = spread.map(|offer| Share { offer, is_one_round: self.is_free(offer) });
            // What a maximum leaves is never more than a unit can take.
            let capped = capped.map(|offer| Share { offer, is_one_round: true });
            for share in spread.chain(capped) {
                match shares.iter_mut().find(|one| one.offer == share.offer) {
                    Some(one) => one.is_one_round &= share.is_one_round,
                    None => shares.push(share),
                }
            }
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_order_has_its_place() {
        for (counts, number) in
            [(vec![2, 2], 6), (vec![3, 1], 4), (vec![1, 1, 1, 1], 24), (vec![2, 1, 1], 12)]
        {
            assert_eq!(usize::try_from(permutations(counts.iter().copied())), Ok(number));
            let all: BTreeSet<Vec<usize>> = (0..number).map(|place| permuted(&counts, place)).collect();
            assert_eq!(all.len(), number, "{counts:?}");
            let has = |order: &Vec<usize>, kind: usize| order.iter().filter(|&&one| one == kind).count();
            let is_right = |order: &Vec<usize>| {
                counts.iter().enumerate().all(|(kind, &count)| u32::try_from(has(order, kind)) == Ok(count))
            };
            assert!(all.iter().all(is_right), "{counts:?}");
        }
        assert!(permutations([3, 3, 3].into_iter()) > PERMUTED_MAX);
        assert!(permutations([100_000, 1].into_iter()) > PERMUTED_MAX);
    }
}
