//! What the sets of a promotion take off: a cut by role, or an amount that the units of each set share.

use smallvec::SmallVec;

use super::model::{Batch, Group, Seat};
use super::till::{Effect, Till};
use crate::money::Amount;
use crate::money::spread::{Holder, spread};
use crate::pricing::problem::{Cut, Give, SetShare};

/// What a unit of the group gets for its role in the sets of the offer; `None` where it is in none.
pub(super) fn cut<'a>(effect: &Effect<'a>, batches: &[Batch], group: &Group) -> Option<&'a Cut> {
    let role = group.seats.iter().find_map(|seat| {
        let batch = batches.get(seat.batch).filter(|batch| batch.offer == effect.place)?;
        batch.members.get(seat.member).map(|&(role, _)| role)
    })?;
    match &effect.offer.tiers.get(role)?.give {
        Give::Units(cut) => Some(cut),
        Give::Basket(_) => None,
    }
}

/// Units of a group that get the same from their set.
struct Piece {
    group: usize,
    count: u32,
    take: Amount,
    /// The batch that they were in, and the seat that they have now.
    before: usize,
    seat: Seat,
}

/// Lets every set of the offer share its own amount; `None` where a set takes nothing.
pub(super) fn apply(till: &mut Till<'_>, effect: &Effect<'_>, share: SetShare) -> Option<()> {
    let mut pieces = Vec::new();
    for batch in 0..till.batches.len() {
        if till.batches.get(batch).is_some_and(|batch| batch.offer == effect.place) {
            for run in runs(till, batch) {
                one_run(till, batch, &run, share, &mut pieces)?;
            }
            if let Some(batch) = till.batches.get_mut(batch) {
                batch.times = 0;
            }
        }
    }
    hold_back(effect, &mut pieces);
    let total = pieces.iter().map(|piece| piece.take.times(piece.count)).sum();
    let groups = std::mem::take(&mut till.groups);
    for (place, group) in groups.into_iter().enumerate() {
        deal(till, effect.place, group, pieces.iter().filter(|piece| piece.group == place));
    }
    till.note(effect.place, total);
    Some(())
}

/// Sets that are filled alike from the same groups.
struct Run {
    times: u32,
    /// The member, the group and the units of one set.
    parts: SmallVec<[(usize, usize, u32); 4]>,
}

/// Deals the units of a batch out to its sets, in basket order.
fn runs(till: &Till<'_>, batch: usize) -> Vec<Run> {
    let Some(numbers) = till.batches.get(batch) else {
        return Vec::new();
    };
    let mut queues: Vec<Vec<(usize, u32)>> = numbers
        .members
        .iter()
        .enumerate()
        .map(|(member, _)| {
            let seated = till.groups.iter().enumerate();
            let seated = seated.filter(|(_, group)| group.seats.contains(&Seat { batch, member }));
            seated.map(|(place, group)| (place, group.count)).rev().collect()
        })
        .collect();
    let mut open = numbers.times;
    let mut runs = Vec::new();
    while open > 0 {
        let mut parts: SmallVec<[(usize, usize, u32); 4]> = SmallVec::new();
        let mut times = open;
        for ((member, &(_, count)), queue) in numbers.members.iter().enumerate().zip(&queues) {
            let mut needed = count;
            for &(group, left) in queue.iter().rev() {
                let here = needed.min(left);
                if here > 0 {
                    parts.push((member, group, here));
                    times = times.min((left / here).max(1));
                    needed -= here;
                }
                if needed == 0 {
                    break;
                }
                // This set needs units of several groups: the next one may need others.
                times = 1;
            }
        }
        for &(member, group, count) in &parts {
            let queue = queues.get_mut(member);
            let place = queue.and_then(|queue: &mut Vec<(usize, u32)>| {
                queue.iter_mut().find(|(other, _)| *other == group)
            });
            if let Some((_, left)) = place {
                *left = left.saturating_sub(count.saturating_mul(times));
            }
        }
        queues.iter_mut().for_each(|queue| queue.retain(|&(_, left)| left > 0));
        open -= times;
        runs.push(Run { times, parts });
    }
    runs
}

/// The shares of one set of a run, which all its sets have.
fn one_run(
    till: &mut Till<'_>,
    before: usize,
    run: &Run,
    share: SetShare,
    pieces: &mut Vec<Piece>,
) -> Option<()> {
    let mut parts = run.parts.clone();
    parts.sort_by_key(|&(_, group, _)| group);
    let priced = parts.iter().filter_map(|&(_, group, count)| {
        let group = till.groups.get(group)?;
        let floor = till.problem.lines.get(group.line)?.floor;
        Some(Holder { count, weight: group.price, room: group.price.above(floor) })
    });
    let holders: Vec<Holder> = priced.collect();
    let sum: Amount = holders.iter().map(|holder| holder.weight.times(holder.count)).sum();
    let amount = match share {
        SetShare::Amount(amount) => amount,
        SetShare::Price(price) => sum.above(price),
    };
    let batch = till.batches.len();
    let mut members = Vec::new();
    let mut total = Amount::ZERO;
    for part in spread(amount, &holders) {
        let &(member, group, _) = parts.get(part.holder)?;
        let role = till.batches.get(before)?.members.get(member)?.0;
        pieces.push(Piece {
            group,
            count: part.count.saturating_mul(run.times),
            take: part.amount,
            before,
            seat: Seat { batch, member: members.len() },
        });
        members.push((role, part.count));
        total += part.amount.times(part.count);
    }
    let offer = till.batches.get(before)?.offer;
    till.batches.push(Batch { offer, times: run.times, members });
    (!total.is_zero()).then_some(())
}

/// Cuts the total to the promotion's maximum, in proportion to what each unit would have had.
fn hold_back(effect: &Effect<'_>, pieces: &mut Vec<Piece>) {
    let total: Amount = pieces.iter().map(|piece| piece.take.times(piece.count)).sum();
    let Some(most) = effect.offer.max_discount.filter(|&most| most < total) else {
        return;
    };
    // In basket order: the spare minor unit goes to the earlier line.
    pieces.sort_by_key(|piece| piece.group);
    let holder = |piece: &Piece| Holder { count: piece.count, weight: piece.take, room: piece.take };
    let holders: Vec<Holder> = pieces.iter().map(holder).collect();
    let cut = spread(most, &holders).into_iter().filter_map(|share| {
        let piece = pieces.get(share.holder)?;
        Some(Piece { count: share.count, take: share.amount, ..*piece })
    });
    *pieces = cut.collect();
}

/// Gives the units of a group their pieces; what is in no set of the offer stays as it is.
fn deal<'p>(till: &mut Till<'_>, place: usize, group: Group, pieces: impl Iterator<Item = &'p Piece>) {
    let mut left = group.count;
    for piece in pieces {
        let mut part = Group { count: piece.count, ..group.clone() };
        part.reduce(place, piece.take);
        for seat in part.seats.iter_mut().filter(|seat| seat.batch == piece.before) {
            *seat = piece.seat;
        }
        left = left.saturating_sub(piece.count);
        till.groups.push(part);
    }
    if left > 0 {
        till.groups.push(Group { count: left, ..group });
    }
}
