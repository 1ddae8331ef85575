//! From a way to serve the lines to assignments: which units make up which sets.
//!
//! The search gives units roles; which of them make up one set is left to here. Where a set takes its units one by one, any
//! grouping that is legal is as good as another. What the units of a set share may depend on who shares it, where a
//! floor holds or something takes effect after it: there other groupings are tried.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::choice::{Choices, Kit};
use super::orders::{Order, permuted};
use super::way::Served;
use crate::pricing::problem::Problem;
use crate::pricing::settle::{Assignment, Made, Offers, Part, Units};

/// The most units that are dealt out one by one.
const MIXED_MAX: u32 = 400;

/// In which order the units of a role are dealt out to sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deal {
    /// As they stand in the basket.
    Basket,
    /// The dearest first.
    Dearest,
    /// The dearest first in the first role, the cheapest first in the others.
    Opposed,
    /// One of the dearest and then the cheapest, set by set.
    Mixed,
    /// Turned by so many places in every role but the first.
    Turned(usize),
}

/// The assignment of a way, the units of each line in their order.
pub(super) fn assignment(
    problem: &Problem,
    choices: &Choices,
    served: &[Served],
    on: &FixedBitSet,
    deal: Deal,
    order: impl Fn(usize) -> Order,
) -> Assignment {
    let mut table = Table { problem, choices, pieces: Vec::new(), sets: Vec::new() };
    for units in served {
        table.lay(units);
    }
    for (place, kit) in choices.kits.iter().enumerate() {
        table.make_up(place, kit, deal);
    }
    table.finish(on, order)
}

/// Units of a line with one choice.
#[derive(Clone)]
struct Piece {
    line: usize,
    choice: usize,
    count: u32,
    /// The offers whose sets they left: they stood ready for nothing.
    left: SmallVec<[usize; 1]>,
}

struct Table<'a> {
    problem: &'a Problem,
    choices: &'a Choices,
    pieces: Vec<Piece>,
    sets: Vec<Made>,
}

impl Table<'_> {
    fn lay(&mut self, units: &Served) {
        let seats = self.choices.lines.get(units.line).and_then(|list| list.get(units.choice));
        let seats = seats.map_or(0, |choice| choice.seats.len());
        // Units in sets of two promotions are told apart: each of its sets may be another.
        let (pieces, count) = if seats > 1 { (units.count, 1) } else { (1, units.count) };
        for _ in 0..pieces {
            self.pieces.push(Piece { line: units.line, choice: units.choice, count, left: SmallVec::new() });
        }
    }

    /// Makes up the sets of a kit.
    fn make_up(&mut self, place: usize, kit: &Kit, deal: Deal) {
        let mut queues: Vec<Vec<(usize, u32)>> = kit
            .roles
            .iter()
            .enumerate()
            .map(|(role, numbers)| {
                let is_first = role == 0 && deal == Deal::Opposed;
                let deal = if is_first { Deal::Dearest } else { deal };
                self.queue(place, (role, numbers.quantity), kit.is_ordered, deal)
            })
            .collect();
        let benefited = kit.roles.iter().zip(&queues).filter(|(role, _)| role.is_benefited);
        let sets =
            benefited.map(|(role, queue)| units(queue) / role.quantity.max(1)).min().unwrap_or_default();
        let mut open = sets;
        while open > 0 {
            let mut parts: SmallVec<[(usize, usize, u32); 4]> = SmallVec::new();
            let mut times = open;
            for ((role, numbers), queue) in kit.roles.iter().enumerate().zip(&queues) {
                let mut needed = numbers.quantity;
                for &(piece, left) in queue {
                    let here = needed.min(left);
                    parts.push((role, piece, here));
                    times = times.min((left / here.max(1)).max(1));
                    needed -= here;
                    if needed == 0 {
                        break;
                    }
                    times = 1;
                }
            }
            for &(role, _, count) in &parts {
                if let Some(queue) = queues.get_mut(role) {
                    take(queue, count.saturating_mul(times));
                }
            }
            self.set(kit, times, &parts);
            open -= times;
        }
        // What still stands ready belongs to no set.
        for (piece, left) in queues.into_iter().flatten() {
            let piece = self.split(piece, left);
            if let Some(piece) = self.pieces.get_mut(piece) {
                piece.left.push(kit.offer);
            }
        }
    }

    /// The pieces with a role, in the order in which they are dealt out.
    fn queue(
        &self,
        kit: usize,
        (role, quantity): (usize, u32),
        is_ordered: bool,
        deal: Deal,
    ) -> Vec<(usize, u32)> {
        let has = |piece: &Piece| {
            let choice = self.choices.lines.get(piece.line).and_then(|list| list.get(piece.choice));
            piece.count > 0 && choice.is_some_and(|choice| choice.seats.contains(&(kit, role)))
        };
        let price = |piece: &Piece| self.problem.lines.get(piece.line).map_or(0, |line| line.list.minor());
        let mut pieces: Vec<(usize, &Piece)> =
            self.pieces.iter().enumerate().filter(|(_, piece)| has(piece)).collect();
        pieces.sort_by_key(|(_, piece)| piece.line);
        match deal {
            _ if is_ordered => pieces.sort_by_key(|(_, piece)| std::cmp::Reverse(price(piece))),
            Deal::Basket => {}
            Deal::Dearest | Deal::Mixed => pieces.sort_by_key(|(_, piece)| std::cmp::Reverse(price(piece))),
            Deal::Opposed => pieces.sort_by_key(|(_, piece)| price(piece)),
            Deal::Turned(by) => {
                let by = by.checked_rem(pieces.len()).filter(|_| role > 0).unwrap_or_default();
                pieces.rotate_left(by);
            }
        }
        let pieces: Vec<(usize, u32)> =
            pieces.into_iter().map(|(place, piece)| (place, piece.count)).collect();
        if deal == Deal::Mixed && !is_ordered { mixed(&pieces, quantity) } else { pieces }
    }

    /// Notes sets that are filled alike, and gives each part a piece of its own.
    fn set(&mut self, kit: &Kit, times: u32, parts: &[(usize, usize, u32)]) {
        let mut members = Vec::with_capacity(parts.len());
        for &(role, piece, count) in parts {
            let units = self.split(piece, count.saturating_mul(times));
            let role = kit.roles.get(role).map_or(0, |role| role.role);
            members.push(Part { units, role, count });
        }
        self.sets.push(Made { offer: kit.offer, times, members });
    }

    /// A piece of its own for so many units of a piece.
    fn split(&mut self, piece: usize, count: u32) -> usize {
        let Some(whole) = self.pieces.get_mut(piece).filter(|whole| whole.count > count) else {
            return piece;
        };
        whole.count -= count;
        let part = Piece { count, ..whole.clone() };
        self.pieces.push(part);
        self.pieces.len() - 1
    }

    fn finish(mut self, on: &FixedBitSet, order_of: impl Fn(usize) -> Order) -> Assignment {
        let carried = |piece: &Piece| -> Offers {
            let choice = self.choices.lines.get(piece.line).and_then(|list| list.get(piece.choice));
            let carried = choice.map(|choice| choice.carried.as_slice()).unwrap_or_default();
            carried.iter().copied().filter(|offer| !piece.left.contains(offer)).collect()
        };
        let seats = self.seats();
        let choice = |place: usize| self.pieces.get(place).map(|piece| piece.choice);
        let mut order: Vec<(usize, Units)> = self
            .pieces
            .iter()
            .enumerate()
            .map(|(place, piece)| {
                (place, Units { line: piece.line, count: piece.count, carried: carried(piece) })
            })
            .collect();
        order.sort_by(|(a, one), (b, other)| {
            let fewer = one.carried.len().cmp(&other.carried.len());
            let fewer = fewer
                .then_with(|| one.carried.cmp(&other.carried))
                .then_with(|| seats.get(*a).cmp(&seats.get(*b)))
                .then_with(|| choice(*a).cmp(&choice(*b)));
            let is_fewer_first = matches!(order_of(one.line), Order::Turned(order) if order % 2 == 1);
            one.line.cmp(&other.line).then(if is_fewer_first { fewer } else { fewer.reverse() })
        });
        let order = self.ordered(order, order_of);
        let mut places = vec![0; order.len()];
        let mut units: Vec<Units> = Vec::with_capacity(order.len());
        for (place, piece) in order {
            let is_plain = seats.get(place).is_some_and(Option::is_none);
            let last = units
                .last_mut()
                .filter(|last| is_plain && last.line == piece.line && last.carried == piece.carried);
            match last {
                Some(last) => last.count += piece.count,
                None => units.push(piece),
            }
            if let Some(slot) = places.get_mut(place) {
                *slot = units.len() - 1;
            }
        }
        for part in self.sets.iter_mut().flat_map(|made| &mut made.members) {
            part.units = places.get(part.units).copied().unwrap_or_default();
        }
        Assignment { units, on: on.clone(), sets: self.sets }
    }

    /// The pieces of each line in its order.
    fn ordered(
        &self,
        mut pieces: Vec<(usize, Units)>,
        order_of: impl Fn(usize) -> Order,
    ) -> Vec<(usize, Units)> {
        let mut ordered = Vec::with_capacity(pieces.len());
        for line in pieces.chunk_by_mut(|(_, one), (_, other)| one.line == other.line) {
            let place = line.first().map_or(0, |(_, units)| units.line);
            match order_of(place) {
                Order::Turned(order) => {
                    self.turn(line, order / 2);
                    ordered.extend_from_slice(line);
                }
                Order::Permuted(order) => ordered.extend(permuted_pieces(line, order)),
            }
        }
        ordered
    }

    /// Lets so many choices of a line go behind its others.
    fn turn(&self, line: &mut [(usize, Units)], by: usize) {
        let choice = |place: usize| self.pieces.get(place).map(|piece| piece.choice);
        let kinds: Vec<usize> =
            line.chunk_by(|(a, _), (b, _)| choice(*a) == choice(*b)).map(<[_]>::len).collect();
        let by = by.checked_rem(kinds.len()).unwrap_or_default();
        line.rotate_left(kinds.iter().take(by).sum());
    }

    /// For each piece whether it is in a set, and with which role in it.
    fn seats(&self) -> Vec<Option<std::cmp::Reverse<usize>>> {
        let mut seats = vec![None; self.pieces.len()];
        for part in self.sets.iter().flat_map(|made| &made.members) {
            if let Some(seat) = seats.get_mut(part.units) {
                *seat = Some(std::cmp::Reverse(part.role));
            }
        }
        seats
    }
}

/// The units of a line one by one, in the order with this place; none of them is in a set.
fn permuted_pieces(line: &[(usize, Units)], order: usize) -> Vec<(usize, Units)> {
    let mut kinds: Vec<(usize, Units)> = Vec::new();
    for (place, units) in line {
        match kinds.last_mut().filter(|(_, last)| last.carried == units.carried) {
            Some((_, last)) => last.count += units.count,
            None => kinds.push((*place, units.clone())),
        }
    }
    let counts: Vec<u32> = kinds.iter().map(|(_, units)| units.count).collect();
    let pieces = permuted(&counts, order).into_iter().filter_map(|kind| kinds.get(kind));
    pieces.map(|(place, units)| (*place, Units { count: 1, ..units.clone() })).collect()
}

/// Deals units, the dearest first, so that each set has one of the dearest that are left and otherwise the cheapest.
fn mixed(pieces: &[(usize, u32)], quantity: u32) -> Vec<(usize, u32)> {
    if units(pieces) > MIXED_MAX {
        return pieces.to_vec();
    }
    let mut left: std::collections::VecDeque<usize> = pieces
        .iter()
        .flat_map(|&(piece, count)| std::iter::repeat_n(piece, usize::try_from(count).unwrap_or_default()))
        .collect();
    let mut dealt = Vec::with_capacity(left.len());
    while let Some(dearest) = left.pop_front() {
        dealt.push((dearest, 1));
        dealt.extend((1..quantity).filter_map(|_| left.pop_back()).map(|piece| (piece, 1)));
    }
    dealt
}

fn units(queue: &[(usize, u32)]) -> u32 {
    queue.iter().map(|&(_, count)| count).sum()
}

/// Takes units off the front of a queue.
fn take(queue: &mut Vec<(usize, u32)>, mut count: u32) {
    while let Some((_, left)) = queue.first_mut().filter(|_| count > 0) {
        let here = count.min(*left);
        *left -= here;
        count -= here;
        if *left == 0 {
            queue.remove(0);
        }
    }
}
