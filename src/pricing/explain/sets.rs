//! Which units of the quote make up which sets.

use smallvec::SmallVec;

use crate::pricing::problem::Problem;
use crate::pricing::quote::{MadeUp, Member};
use crate::pricing::settle::{Batch, Seat, Settled};

/// Units in a group of a quoted line.
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) group: usize,
    pub(super) count: u32,
}

/// Deals the units of every batch out to its sets. `dealt` says for each settled group where its units stand.
pub(super) fn made_up(problem: &Problem, settled: &Settled, dealt: &[Vec<Place>]) -> Vec<MadeUp> {
    let mut sets: Vec<MadeUp> = Vec::new();
    for (place, batch) in settled.batches.iter().enumerate() {
        let queues =
            (0..batch.members.len()).map(|member| queue(settled, dealt, Seat { batch: place, member }));
        sets.extend(of_batch(problem, batch, queues.collect()));
    }
    sets.sort_by(|one, other| {
        let first = |set: &MadeUp| set.members.iter().map(|member| (member.line, member.group)).min();
        one.promotion.cmp(&other.promotion).then_with(|| first(one).cmp(&first(other)))
    });
    // Sets that are filled alike are told once.
    sets.dedup_by(|later, first| {
        let is_same = later.promotion == first.promotion && later.members == first.members;
        if is_same {
            first.times += later.times;
        }
        is_same
    });
    sets
}

/// The units with a seat, the last in front.
fn queue(settled: &Settled, dealt: &[Vec<Place>], seat: Seat) -> Vec<(usize, usize, u32)> {
    let groups = settled.groups.iter().zip(dealt).filter(|(group, _)| group.seats.contains(&seat));
    let places = groups.flat_map(|(_, places)| places).map(|place| (place.line, place.group, place.count));
    let mut queue: Vec<(usize, usize, u32)> = places.collect();
    queue.reverse();
    queue
}

fn of_batch(problem: &Problem, batch: &Batch, mut queues: Vec<Vec<(usize, usize, u32)>>) -> Vec<MadeUp> {
    let Some(offer) = problem.offers.get(batch.offer) else {
        return Vec::new();
    };
    let slot =
        |role: usize| offer.set.as_ref().and_then(|rules| rules.roles.get(role)).map_or(0, |role| role.slot);
    let mut open = batch.times;
    let mut sets = Vec::new();
    while open > 0 {
        let mut times = open;
        let mut members: Vec<Member> = Vec::with_capacity(batch.members.len());
        for (&(role, count), queue) in batch.members.iter().zip(&queues) {
            let mut needed = count;
            for &(line, group, left) in queue.iter().rev() {
                let quantity = needed.min(left);
                times = if quantity < needed { 1 } else { times.min((left / quantity.max(1)).max(1)) };
                members.push(Member { line, group, slot: slot(role), quantity });
                needed -= quantity;
                if needed == 0 {
                    break;
                }
            }
            if count > 0 && needed > 0 {
                // A seat has all its units: see `Batch`.
                return sets;
            }
            if members.len() > batch.members.len() {
                times = 1;
            }
        }
        for (&(_, count), queue) in batch.members.iter().zip(&mut queues) {
            take(queue, count.saturating_mul(times));
        }
        let mut members = offer.set.as_ref().map_or_else(Vec::new, |rules| seated(&rules.alike, members));
        members.sort_unstable_by_key(|member| (member.line, member.group, member.slot));
        members.dedup_by(|later, first| {
            let is_same = (later.line, later.group, later.slot) == (first.line, first.group, first.slot);
            if is_same {
                first.quantity += later.quantity;
            }
            is_same
        });
        sets.push(MadeUp { promotion: offer.index, times, members });
        open -= times;
    }
    sets
}

/// Deals the members of one set out to the slots that theirs stand for.
fn seated(alike: &[SmallVec<[(usize, u32); 1]>], members: Vec<Member>) -> Vec<Member> {
    let mut open = alike.to_vec();
    let mut seated = Vec::with_capacity(members.len());
    for mut member in members {
        for (slot, left) in open.get_mut(member.slot).into_iter().flatten() {
            let quantity = member.quantity.min(*left);
            *left -= quantity;
            member.quantity -= quantity;
            if quantity > 0 {
                seated.push(Member { slot: *slot, quantity, ..member });
            }
        }
    }
    seated
}

fn take(queue: &mut Vec<(usize, usize, u32)>, mut count: u32) {
    while let Some((_, _, left)) = queue.last_mut().filter(|_| count > 0) {
        let here = count.min(*left);
        *left -= here;
        count -= here;
        if *left == 0 {
            queue.pop();
        }
    }
}
