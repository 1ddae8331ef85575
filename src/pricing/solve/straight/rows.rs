//! What must hold of all lines together under what is decided, and the multipliers that charge the picks for it.

use smallvec::SmallVec;

use super::model::{Bits, GaugeOf, Setting, Table, bit};

/// Multipliers are in parts of this.
pub(super) const ONE: i64 = 1 << 10;
/// The most that a minor unit of a sum, or a unit of goods, may be charged: what is multiplied stays far from the largest number.
const SUM_MULTIPLIER_MAX: i64 = ONE << 6;
const UNIT_MULTIPLIER_MAX: i64 = ONE << 26;
/// How often the multipliers are gone through.
const ROUNDS: usize = 2;

/// How a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    AtLeast,
    AtMost,
    /// What passes the bound is lost.
    Shared,
    /// What falls short of the bound is lost.
    Filled,
    /// The roles of a set in balance: nothing must be left over.
    Even,
}

/// What a row adds up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Gauge(usize),
    /// Units that carry an offer.
    Carry(Bits),
    /// What falls under a maximum.
    Maximum(usize),
    /// The room that an amount off the basket finds.
    Room(Bits),
    /// Units with the first role, and against them those with the second, each times the other's number in a set.
    Balance((usize, i64), (usize, i64)),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub sense: Sense,
    pub of: Of,
    pub bound: i64,
    pub multiplier: i64,
}

pub(super) type Rows = SmallVec<[Row; 8]>;

/// The rows under what is decided.
pub(super) fn rows<'s>(table: &Table<'_>, decided: impl Iterator<Item = &'s Setting>) -> Rows {
    let mut rows = Rows::new();
    let mut row = |sense, of, bound| rows.push(Row { sense, of, bound, multiplier: 0 });
    for setting in decided {
        if let Some((gauge, sum)) = setting.need {
            row(Sense::AtLeast, Of::Gauge(gauge), sum);
        }
        if let Some((gauge, sum)) = setting.limit {
            row(Sense::AtMost, Of::Gauge(gauge), sum);
        }
        if setting.on != 0 {
            row(Sense::Filled, Of::Room(setting.on), setting.amount);
        }
    }
    for &(offer, most) in &table.limited {
        row(Sense::AtMost, Of::Carry(bit(offer)), most);
    }
    for (place, &(_, most)) in table.maxima.iter().enumerate() {
        row(Sense::Shared, Of::Maximum(place), most);
    }
    for kit in &table.kits {
        let quantity = |role: usize| table.roles.get(role).map_or(0, |role| role.quantity);
        let mut roles = kit.roles.clone();
        let first = roles.next().unwrap_or_default();
        for other in roles {
            row(Sense::Even, Of::Balance((first, quantity(first)), (other, quantity(other))), 0);
        }
    }
    rows
}

impl Row {
    /// What one unit with a pick adds: to its favor, as long as basket amounts that `may` be on are not decided.
    fn adds(&self, table: &Table<'_>, pick: usize, (on, may): (Bits, Bits)) -> i64 {
        let on = if self.sense == Sense::AtMost { may } else { on };
        match self.of {
            Of::Gauge(gauge) => table.sum(pick, gauge, on),
            Of::Carry(offer) => table.picks.get(pick).map_or(0, |pick| i64::from(pick.carried & offer != 0)),
            Of::Maximum(place) => match table.picks.get(pick).and_then(|pick| pick.capped) {
                Some((maximum, take)) if maximum == place => take,
                _ => 0,
            },
            Of::Room(basket) => {
                table.picks.get(pick).map_or(0, |pick| if pick.takers & basket != 0 { pick.room } else { 0 })
            }
            Of::Balance((first, one), (second, other)) => table.picks.get(pick).map_or(0, |pick| {
                let has = |role: usize| i64::from(pick.seats.contains(&role));
                has(first) * other - has(second) * one
            }),
        }
    }

    fn multiplier_max(&self, table: &Table<'_>) -> i64 {
        match self.of {
            Of::Maximum(_) | Of::Room(_) => ONE,
            Of::Carry(_) | Of::Balance(..) => UNIT_MULTIPLIER_MAX,
            Of::Gauge(gauge) => match table.gauges.get(gauge).map(|gauge| gauge.of) {
                Some(GaugeOf::Count(..)) => UNIT_MULTIPLIER_MAX,
                _ => SUM_MULTIPLIER_MAX,
            },
        }
    }

    /// What is lost where the row comes to `sum`.
    pub(super) fn lost(&self, sum: i64) -> i64 {
        match self.sense {
            Sense::Shared => (sum - self.bound).max(0),
            Sense::Filled => (self.bound - sum).max(0),
            Sense::AtLeast | Sense::AtMost | Sense::Even => 0,
        }
    }

    /// What the row itself adds to a bound, in parts of [`ONE`].
    pub(super) fn side(&self) -> i64 {
        self.charge(-self.bound)
    }

    fn charge(&self, adds: i64) -> i64 {
        match self.sense {
            Sense::AtLeast | Sense::Filled => adds * self.multiplier,
            Sense::AtMost | Sense::Shared | Sense::Even => -adds * self.multiplier,
        }
    }
}

/// A pick that may be taken under what is decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub pick: usize,
    /// Its place among the lines' `adds`.
    pub adds: usize,
    /// What it takes off, charged, in parts of [`ONE`].
    pub charged: i64,
}

/// The lines under what is decided.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Line by line, the best charged first.
    pub open: Vec<Open>,
    /// Where each line's begin, and the end.
    pub begins: Vec<usize>,
    /// What each pick adds to each row.
    pub adds: Vec<i64>,
    /// What each line's best takes off, not charged.
    dearest: Vec<i64>,
}

impl Lines {
    /// Fills in the picks that may be taken; false where a line has none.
    pub(super) fn fill(&mut self, table: &Table<'_>, rows: &Rows, forbidden: Bits, on: (Bits, Bits)) -> bool {
        self.open.clear();
        self.begins.clear();
        self.adds.clear();
        self.dearest.clear();
        for line in &table.lines {
            let begin = self.open.len();
            self.begins.push(begin);
            for at in line.picks.clone() {
                let Some(pick) = table.picks.get(at) else {
                    continue;
                };
                if pick.tiers & forbidden == 0 && table.may_share(pick, on.0) {
                    self.open.push(Open { pick: at, adds: self.adds.len(), charged: pick.value * ONE });
                    self.adds.extend(rows.iter().map(|row| row.adds(table, at, on)));
                }
            }
            // Picks stand in the order of what they take off.
            let Some(best) = self.open.get(begin) else {
                return false;
            };
            self.dearest.push(best.charged);
        }
        self.begins.push(self.open.len());
        true
    }

    pub(super) fn of(&self, line: usize) -> &[Open] {
        let range = self.begins.get(line).zip(self.begins.get(line + 1));
        range.and_then(|(&from, &until)| self.open.get(from..until)).unwrap_or_default()
    }

    /// What the best pick of a line takes off, not charged, in parts of [`ONE`].
    pub(super) fn dearest(&self, line: usize) -> i64 {
        self.dearest.get(line).copied().unwrap_or_default()
    }

    pub(super) fn adds(&self, open: &Open, row: usize) -> i64 {
        self.adds.get(open.adds + row).copied().unwrap_or_default()
    }

    fn best(&self, line: usize) -> Option<&Open> {
        self.of(line).iter().max_by_key(|open| open.charged)
    }

    /// The bound of everything, in parts of [`ONE`], without what is constant.
    pub(super) fn bound(&self, table: &Table<'_>, rows: &Rows) -> i64 {
        let lines = table.lines.iter().enumerate();
        let best =
            lines.map(|(at, line)| self.best(at).map_or(0, |one| one.charged) * i64::from(line.quantity));
        best.sum::<i64>() + rows.iter().map(Row::side).sum::<i64>()
    }

    /// Finds multipliers for the rows that the best picks break, and puts the best charged first.
    pub(super) fn tune(&mut self, table: &Table<'_>, rows: &mut Rows) {
        for _ in 0..ROUNDS {
            let mut is_broken = false;
            for at in 0..rows.len() {
                let Some(&row) = rows.get(at) else {
                    continue;
                };
                let sum = self.sum(table, at);
                let breaks = match row.sense {
                    Sense::AtLeast | Sense::Filled => sum < row.bound,
                    Sense::AtMost | Sense::Shared => sum > row.bound,
                    Sense::Even => sum != 0,
                };
                if breaks {
                    is_broken = true;
                    let toward = if sum < row.bound { 1 } else { -1 };
                    let more = self.price(table, at, (sum - row.bound).abs(), toward);
                    let most = row.multiplier_max(table);
                    let more = if row.sense == Sense::Even && toward > 0 { -more } else { more };
                    let least = if row.sense == Sense::Even { -most } else { 0 };
                    let multiplier = row.multiplier.saturating_add(more).clamp(least, most);
                    self.charge(rows, at, multiplier);
                }
            }
            if !is_broken {
                break;
            }
        }
        for line in 0..table.lines.len() {
            let range = self.begins.get(line).zip(self.begins.get(line + 1));
            if let Some(open) = range.and_then(|(&from, &until)| self.open.get_mut(from..until)) {
                open.sort_by_key(|open| std::cmp::Reverse(open.charged));
            }
        }
    }

    fn charge(&mut self, rows: &mut Rows, at: usize, multiplier: i64) {
        let Some(row) = rows.get_mut(at) else {
            return;
        };
        let before = *row;
        row.multiplier = multiplier;
        let row = *row;
        for open in &mut self.open {
            let adds = self.adds.get(open.adds + at).copied().unwrap_or_default();
            open.charged += row.charge(adds) - before.charge(adds);
        }
    }

    /// What the best picks add to a row.
    fn sum(&self, table: &Table<'_>, row: usize) -> i64 {
        let lines = table.lines.iter().enumerate();
        lines
            .map(|(at, line)| self.best(at).map_or(0, |open| self.adds(open, row)) * i64::from(line.quantity))
            .sum()
    }

    /// What must be paid more for a unit of a row so that `open` units of it change: the cheapest changes first.
    fn price(&self, table: &Table<'_>, row: usize, open: i64, toward: i64) -> i64 {
        let mut changes: SmallVec<[(i64, i64); 32]> = SmallVec::new();
        for (at, line) in table.lines.iter().enumerate() {
            let Some(best) = self.best(at) else {
                continue;
            };
            let own = self.adds(best, row);
            for other in self.of(at) {
                let gain = (self.adds(other, row) - own) * toward;
                if gain > 0 {
                    let lost = best.charged - other.charged;
                    changes
                        .push((lost / gain + i64::from(lost % gain != 0), gain * i64::from(line.quantity)));
                }
            }
        }
        changes.sort_unstable();
        let mut left = open;
        for &(price, gain) in &changes {
            left -= gain;
            if left <= 0 {
                return price;
            }
        }
        changes.last().map_or(0, |&(price, _)| price)
    }
}
