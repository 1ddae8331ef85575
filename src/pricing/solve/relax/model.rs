//! The lines under settings, as types, and the bound that multipliers give.

use smallvec::SmallVec;

use super::bound::{Bound, ONE, add};
use super::kits::{Paid, RelaxedKit};
use crate::pricing::settle::Value;

/// How a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pricing::solve) enum Sense {
    /// The sum must reach the bound.
    AtLeast,
    /// The sum must not pass the bound.
    AtMost,
    /// What passes the bound is lost.
    Shared,
}

/// One coupling of the lines.
#[derive(Debug, Clone, Copy)]
pub(in crate::pricing::solve) struct Row {
    pub sense: Sense,
    /// The level from which on it counts.
    pub level: usize,
    pub bound: i64,
    pub(super) multiplier_max: i64,
    /// Whether no unit and no set adds less than nothing: then what passes the bound may be forgotten.
    pub is_rising: bool,
}

/// One choice of a line under the settings.
#[derive(Debug, Clone)]
pub(in crate::pricing::solve) struct Pick {
    /// The choice's place in its line's list.
    pub choice: usize,
    /// What a unit takes off, before it is charged.
    pub value: Value,
    /// What a unit adds to each row, beside what its sets add.
    pub adds: SmallVec<[i64; 4]>,
    /// What a unit adds to each row in its favor, whatever its sets.
    pub reach: SmallVec<[i64; 4]>,
    /// Its places in sets: the relaxed kit and the role.
    pub seats: SmallVec<[(usize, usize); 1]>,
    /// The benefits of retailers that it would withhold, as bits: it counts for them and does not get them.
    pub withholds: u64,
    /// The benefits of retailers that it gets, as bits.
    pub receives: u64,
    /// What a unit takes off, charged by the multipliers.
    pub charged: Bound,
}

/// One line under the settings.
pub(in crate::pricing::solve) struct LinePicks {
    /// The line's place in the problem.
    pub line: usize,
    pub quantity: u32,
    /// Lines of one list price have one number; the dearest have the lowest.
    pub rank: usize,
    /// The best charged first; never empty.
    pub picks: Vec<Pick>,
}

/// A part of the problem: what a first attempt looks at by itself.
pub(in crate::pricing::solve) struct Only<'a> {
    /// The offer whose sets may be made up; those of others may not.
    pub offer: usize,
    /// The units of each line of the problem that are there.
    pub left: &'a [u32],
}

/// Decisions on single units, made where the bound alone does not tell choices apart.
#[derive(Debug, Clone, Default)]
pub(in crate::pricing::solve) struct Fixed {
    /// So many units of the line have the choice.
    pub forced: Vec<(usize, usize, u32)>,
    /// No other unit of the line has it.
    pub barred: Vec<(usize, usize)>,
}

/// How much is done for good multipliers.
#[derive(Clone, Copy)]
pub(in crate::pricing::solve) enum Begin<'a> {
    /// A first guess: for an attempt that is no proof.
    Guess,
    /// From a first guess on.
    Anew,
    /// From known ones on.
    From(&'a Known),
    /// The same with little work: to compare what could be decided.
    Try(&'a Known),
    /// Known ones as they are: for an attempt that is no proof.
    As(&'a Known),
}

/// Multipliers of the rows, by what they are of, and of the kits.
#[derive(Debug, Clone)]
pub(in crate::pricing::solve) struct Known {
    pub(super) rows: Vec<(RowKey, i64)>,
    pub(super) kits: Vec<Paid>,
}

/// What a row is of: the same under other settings.
pub(super) type RowKey = (SourceOf, Sense, i64);

/// Where a row's coefficients come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceOf {
    Gauge(usize),
    Limit(usize),
    Units(usize),
    Sets(usize),
    Capped(usize),
    Room(usize),
}

/// The lines under the settings.
pub(in crate::pricing::solve) struct Relaxation {
    pub rows: Vec<Row>,
    pub(super) sources: Vec<SourceOf>,
    pub(super) multipliers: Vec<i64>,
    pub kits: Vec<RelaxedKit>,
    /// In the order in which they are served.
    pub lines: Vec<LinePicks>,
    /// What is taken off whatever is chosen.
    pub constant: Value,
    /// Whether a unit may leave its sets where it gets nothing from them, and the assignment stays as good.
    pub may_leave: bool,
    /// Lines with seats that their units choose and the sets do not take, or the other way round.
    pub torn: Vec<(usize, (usize, usize))>,
    pub(super) steps: u64,
}

impl Relaxation {
    /// The multipliers, for a relaxation under further settings to begin with.
    pub(in crate::pricing::solve) fn known(&self) -> Known {
        let keys = self.sources.iter().zip(&self.rows).map(|(&source, row)| (source, row.sense, row.bound));
        Known {
            rows: keys.zip(self.multipliers.iter().copied()).collect(),
            kits: self.kits.iter().map(RelaxedKit::paid).collect(),
        }
    }

    /// The bound of everything.
    pub(in crate::pricing::solve) fn bound(&self) -> Bound {
        let mut bound = self.open();
        for line in &self.lines {
            if let Some(best) = line.picks.first() {
                add(&mut bound, &best.charged, i128::from(line.quantity));
            }
        }
        bound
    }

    /// The bound before any line: what is constant, and the own side of rows and kits.
    pub(in crate::pricing::solve) fn open(&self) -> Bound {
        let mut bound: Bound = self.constant.iter().map(|&sum| i128::from(sum) * i128::from(ONE)).collect();
        for (row, &multiplier) in self.rows.iter().zip(&self.multipliers) {
            let side = i128::from(row.bound) * i128::from(multiplier);
            let side = if row.sense == Sense::AtLeast { -side } else { side };
            bound.iter_mut().skip(row.level).for_each(|sum| *sum += side);
        }
        for kit in &self.kits {
            for (level, sum) in bound.iter_mut().enumerate() {
                *sum += kit.side(level, self.set_worth(kit, level));
            }
        }
        bound
    }

    /// What one set of a kit is worth down to a level beside its units, charged by the rows.
    pub(super) fn set_worth(&self, kit: &RelaxedKit, level: usize) -> i128 {
        let gain = if level >= kit.level { i128::from(kit.gain) * i128::from(ONE) } else { 0 };
        let rows = self.rows.iter().zip(&self.multipliers).zip(&kit.adds);
        let charged = rows.filter(|((row, multiplier), _)| row.level <= level && **multiplier != 0);
        gain + charged
            .map(|((row, &multiplier), &adds)| {
                let part = i128::from(adds) * i128::from(multiplier);
                if row.sense == Sense::AtLeast { part } else { -part }
            })
            .sum::<i128>()
    }

    /// What a unit takes off, charged.
    pub(super) fn charged(&self, pick: &Pick, at: (usize, usize)) -> Bound {
        let mut charged: Bound = pick.value.iter().map(|&sum| i128::from(sum) * i128::from(ONE)).collect();
        for ((row, &multiplier), &one) in self.rows.iter().zip(&self.multipliers).zip(&pick.adds) {
            if multiplier != 0 && one != 0 {
                let part = i128::from(one) * i128::from(multiplier);
                let part = if row.sense == Sense::AtLeast { part } else { -part };
                charged.iter_mut().skip(row.level).for_each(|sum| *sum += part);
            }
        }
        for &(kit, role) in &pick.seats {
            if let Some(kit) = self.kits.get(kit) {
                let part = kit.potential(role, at);
                charged.iter_mut().skip(kit.level).for_each(|sum| *sum += part);
            }
        }
        charged
    }

    /// How far apart two choices are in what the rows and the kits charge them for.
    pub(in crate::pricing::solve) fn apart(&self, one: &Pick, other: &Pick) -> i128 {
        let rows = self.multipliers.iter().zip(one.adds.iter().zip(&other.adds));
        let rows: i128 =
            rows.map(|(&multiplier, (a, b))| i128::from((a - b).abs()) * i128::from(multiplier)).sum();
        let alone =
            |pick: &Pick| i128::from(pick.value.last().copied().unwrap_or_default()) * i128::from(ONE);
        let seats = if one.seats == other.seats { 0 } else { (alone(one) - alone(other)).abs() };
        rows + seats
    }

    pub(super) fn charge(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        for (place, line) in lines.iter_mut().enumerate() {
            for pick in &mut line.picks {
                pick.charged = self.charged(pick, (place, line.rank));
            }
            // Stable: among equal ones the choices keep their own order.
            line.picks.sort_by(|one, other| {
                other.charged.cmp(&one.charged).then_with(|| other.value.cmp(&one.value))
            });
        }
        self.lines = lines;
    }
}
