//! What must hold of all lines together under what is decided, and the multipliers that charge the picks for it.

use smallvec::SmallVec;

use super::model::{Bits, GaugeOf, Setting, Table, bit};

/// Multipliers are in parts of this.
pub(super) const ONE: i64 = 1 << 10;
/// The most that a minor unit of a sum, or a unit of goods, may be charged: what is multiplied stays far from the largest number.
const SUM_MULTIPLIER_MAX: i64 = ONE << 6;
const UNIT_MULTIPLIER_MAX: i64 = ONE << 22;
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
enum Of {
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
    of: Of,
    pub bound: i64,
    multiplier: i64,
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
    fn adds(&self, table: &Table<'_>, pick: usize, on: Bits) -> i64 {
        let Some(numbers) = table.picks.get(pick) else {
            return 0;
        };
        match self.of {
            Of::Gauge(gauge) => table.sum(pick, gauge, on),
            Of::Carry(offer) => i64::from(numbers.carried & offer != 0),
            Of::Maximum(place) => {
                numbers.capped.filter(|&(maximum, _)| maximum == place).map_or(0, |(_, take)| take)
            }
            Of::Room(basket) => {
                if numbers.takers & basket != 0 {
                    numbers.room
                } else {
                    0
                }
            }
            Of::Balance((first, one), (second, other)) => {
                let has = |role: usize| i64::from(numbers.seats.contains(&role));
                has(first) * other - has(second) * one
            }
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

    fn breaks(&self, sum: i64) -> bool {
        match self.sense {
            Sense::AtLeast | Sense::Filled => sum < self.bound,
            Sense::AtMost | Sense::Shared => sum > self.bound,
            Sense::Even => sum != 0,
        }
    }
}

/// A pick that may be taken under what is decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub pick: usize,
    /// Its place among all, before they were sorted.
    at: usize,
    /// What it takes off, charged, in parts of [`ONE`].
    pub charged: i64,
}

/// The lines under what is decided.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Line by line, the best charged first.
    open: Vec<Open>,
    /// Where each line's begin, and the end.
    begins: Vec<usize>,
    /// What each pick adds to each row, row by row.
    adds: Vec<i64>,
    /// The place of each line's best charged.
    best: Vec<usize>,
    /// What each line's best takes off, not charged.
    dearest: Vec<i64>,
}

impl Lines {
    /// Fills in the picks that may be taken; false where a line has none, or a row cannot hold.
    pub(super) fn fill(
        &mut self,
        table: &Table<'_>,
        rows: &Rows,
        forbidden: Bits,
        (on, may): (Bits, Bits),
    ) -> bool {
        self.open.clear();
        self.begins.clear();
        self.dearest.clear();
        self.best.clear();
        for line in &table.lines {
            let begin = self.open.len();
            self.begins.push(begin);
            let picks = line.picks.clone().zip(table.picks.get(line.picks.clone()).unwrap_or_default());
            for (at, pick) in picks {
                if pick.tiers & forbidden == 0 && table.may_share(pick, on) {
                    self.open.push(Open { pick: at, at: self.open.len(), charged: pick.value * ONE });
                }
            }
            // Picks stand in the order of what they take off.
            let Some(best) = self.open.get(begin) else {
                return false;
            };
            self.dearest.push(best.charged);
            self.best.push(begin);
        }
        self.begins.push(self.open.len());
        self.adds.clear();
        for row in rows {
            // To its favor, as long as basket amounts that may be on are not decided.
            let on = if row.sense == Sense::AtMost { may } else { on };
            self.adds.extend(self.open.iter().map(|open| row.adds(table, open.pick, on)));
        }
        (0..rows.len()).all(|at| rows.get(at).is_none_or(|row| self.can_hold(table, row, at)))
    }

    /// Whether the lines can keep a row at all.
    fn can_hold(&self, table: &Table<'_>, row: &Row, at: usize) -> bool {
        let adds = self.of_row(at);
        let ends = self.begins.iter().zip(self.begins.iter().skip(1)).zip(&table.lines);
        let sum = |best: fn(&[i64]) -> i64| -> i64 {
            let lines = ends.clone().map(|((&from, &until), line)| {
                best(adds.get(from..until).unwrap_or_default()) * i64::from(line.quantity)
            });
            lines.sum()
        };
        match row.sense {
            Sense::AtLeast => row.bound <= sum(|adds| adds.iter().copied().max().unwrap_or_default()),
            Sense::AtMost => sum(|adds| adds.iter().copied().min().unwrap_or_default()) <= row.bound,
            Sense::Shared | Sense::Filled | Sense::Even => true,
        }
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
        self.adds.get(row * self.open.len() + open.at).copied().unwrap_or_default()
    }

    /// What each open pick adds to a row, line by line, as long as they are not sorted.
    fn of_row(&self, row: usize) -> &[i64] {
        let count = self.open.len();
        self.adds.get(row * count..(row + 1) * count).unwrap_or_default()
    }

    /// Finds multipliers for the rows that the best picks break, and puts the best charged first.
    pub(super) fn tune(&mut self, table: &Table<'_>, rows: &mut Rows) {
        for _ in 0..ROUNDS {
            let mut is_broken = false;
            for at in 0..rows.len() {
                let Some(row) = rows.get(at).copied() else {
                    continue;
                };
                let sum = self.sum(table, at);
                if row.breaks(sum) {
                    is_broken = true;
                    let toward = if sum < row.bound { 1 } else { -1 };
                    let more = self.price(table, at, (sum - row.bound).abs(), toward);
                    let most = row.multiplier_max(table);
                    let more = if row.sense == Sense::Even && toward > 0 { -more } else { more };
                    let least = if row.sense == Sense::Even { -most } else { 0 };
                    self.charge(rows, at, row.multiplier.saturating_add(more).clamp(least, most));
                }
            }
            if !is_broken {
                break;
            }
        }
        if rows.iter().all(|row| row.multiplier == 0) {
            return;
        }
        for (&from, &until) in self.begins.iter().zip(self.begins.iter().skip(1)) {
            if let Some(open) = self.open.get_mut(from..until) {
                open.sort_by_key(|open| std::cmp::Reverse(open.charged));
            }
        }
    }

    fn charge(&mut self, rows: &mut Rows, at: usize, multiplier: i64) {
        let Some(row) = rows.get_mut(at) else {
            return;
        };
        let change = Row { multiplier: multiplier - row.multiplier, ..*row };
        row.multiplier = multiplier;
        let count = self.open.len();
        let adds = self.adds.get(at * count..(at + 1) * count).unwrap_or_default();
        for (open, &adds) in self.open.iter_mut().zip(adds) {
            open.charged += change.charge(adds);
        }
        for ((&from, &until), best) in self.begins.iter().zip(self.begins.iter().skip(1)).zip(&mut self.best)
        {
            let open = self.open.get(from..until).unwrap_or_default();
            let mut most = i64::MIN;
            for (place, one) in open.iter().enumerate() {
                if one.charged > most {
                    (most, *best) = (one.charged, from + place);
                }
            }
        }
    }

    /// What the best picks add to a row.
    fn sum(&self, table: &Table<'_>, row: usize) -> i64 {
        let adds = self.of_row(row);
        let best = self.best.iter().zip(&table.lines);
        best.map(|(&best, line)| adds.get(best).copied().unwrap_or_default() * i64::from(line.quantity)).sum()
    }

    /// What must be paid more for a unit of a row so that `open` units of it change: the cheapest changes first.
    fn price(&self, table: &Table<'_>, row: usize, open: i64, toward: i64) -> i64 {
        let adds = self.of_row(row);
        let mut changes: SmallVec<[(i64, i64); 64]> = SmallVec::new();
        let ends = self.begins.iter().zip(self.begins.iter().skip(1));
        for ((line, (&from, &until)), &best) in table.lines.iter().zip(ends).zip(&self.best) {
            let (Some(own), Some(most)) = (adds.get(best), self.open.get(best).map(|best| best.charged))
            else {
                continue;
            };
            let others = self.open.get(from..until).unwrap_or_default();
            for (other, adds) in others.iter().zip(adds.get(from..until).unwrap_or_default()) {
                let gain = (adds - own) * toward;
                if gain > 0 {
                    let lost = most - other.charged;
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
