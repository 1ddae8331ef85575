//! What the lines behind a place can add at best, worked out once from the last line to the first.

use smallvec::SmallVec;

use super::relax::{Bound, Pick, Relaxation, Sense, add};

/// What the lines from each place on can add at best.
pub(super) struct Rests {
    /// One more than there are lines; the last is nothing.
    pub(super) bounds: Vec<Bound>,
    /// To each row, in its favor.
    sums: Vec<SmallVec<[i64; 8]>>,
    /// Units for each role of each kit.
    roles: Vec<Vec<u32>>,
}

impl Rests {
    pub(super) fn of(relaxation: &Relaxation, seats: &Seats) -> Self {
        let levels = relaxation.open().len();
        let mut bounds = vec![Bound::from_elem(0, levels)];
        let mut sums = vec![SmallVec::from_elem(0, relaxation.rows.len())];
        let mut roles = vec![vec![0; seats.count()]];
        for line in relaxation.lines.iter().rev() {
            let mut bound = bounds.last().cloned().unwrap_or_default();
            if let Some(best) = line.picks.first() {
                add(&mut bound, &best.charged, i128::from(line.quantity));
            }
            bounds.push(bound);
            let behind = sums.last().cloned().unwrap_or_default();
            let rows = relaxation.rows.iter().enumerate().zip(behind).map(|((row, numbers), sum)| {
                let adds = line.picks.iter().filter_map(|pick| pick.reach.get(row).copied());
                let best = if numbers.sense == Sense::AtLeast { adds.max() } else { adds.min() };
                sum + best.unwrap_or_default() * i64::from(line.quantity)
            });
            let rows = rows.collect();
            sums.push(rows);
            let mut fitting: SmallVec<[usize; 8]> = SmallVec::new();
            for pick in &line.picks {
                fitting.extend(pick.seats.iter().map(|&(kit, role)| seats.place(kit, role)));
            }
            fitting.sort_unstable();
            fitting.dedup();
            let mut units: Vec<u32> = roles.last().cloned().unwrap_or_default();
            for seat in fitting {
                if let Some(units) = units.get_mut(seat) {
                    *units = units.saturating_add(line.quantity);
                }
            }
            roles.push(units);
        }
        bounds.reverse();
        sums.reverse();
        roles.reverse();
        Rests { bounds, sums, roles }
    }

    /// Whether every row can still hold: `sums` from the units that are served, `left` units of the line at `place` that may
    /// have the picks of `open`, and everything behind.
    pub(super) fn can_hold(
        &self,
        relaxation: &Relaxation,
        place: usize,
        open: &[Pick],
        left: u32,
        sums: &SmallVec<[i64; 8]>,
    ) -> bool {
        let Some(behind) = self.sums.get(place + 1) else {
            return true;
        };
        relaxation.rows.iter().enumerate().all(|(row, numbers)| {
            let adds = || open.iter().filter_map(|pick| pick.reach.get(row).copied());
            let reach = |one: Option<i64>| {
                let sum = |list: &SmallVec<[i64; 8]>| list.get(row).copied().unwrap_or_default();
                sum(sums) + sum(behind) + one.unwrap_or_default() * i64::from(left)
            };
            match numbers.sense {
                Sense::AtLeast => reach(adds().max()) >= numbers.bound,
                Sense::AtMost => reach(adds().min()) <= numbers.bound,
                Sense::Shared => true,
            }
        })
    }

    /// The units that could still have a role: of `left` units of the line at `place` that may have the picks of `open`, and
    /// of the lines behind.
    pub(super) fn units(
        &self,
        place: usize,
        open: &[Pick],
        left: u32,
        seat: usize,
        own: (usize, usize),
    ) -> u32 {
        let behind = self.roles.get(place + 1).and_then(|roles| roles.get(seat)).copied().unwrap_or_default();
        let here = left > 0 && open.iter().any(|pick| pick.seats.contains(&own));
        if here { behind.saturating_add(left) } else { behind }
    }
}

/// The roles of all kits in one row.
pub(super) struct Seats {
    begins: Vec<usize>,
    count: usize,
}

impl Seats {
    pub(super) fn of(relaxation: &Relaxation) -> Self {
        let mut count = 0;
        let begins = relaxation.kits.iter().map(|kit| {
            let begin = count;
            count += kit.roles.len();
            begin
        });
        let begins = begins.collect();
        Seats { begins, count }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn place(&self, kit: usize, role: usize) -> usize {
        self.begins.get(kit).map_or(usize::MAX, |begin| begin + role)
    }
}
