//! What everything under what is decided takes off at most: each part takes its best option, charged for the rows by multipliers.

use smallvec::SmallVec;

use super::model::{Bits, Pick, Table};
use super::node::{Node, OPEN};
use super::rows::{Frame, Of, Part};

/// What an option is charged that must not be taken.
const FORBIDDEN: i64 = -1 << 60;

/// A frame with the charges of the node that was weighed last.
pub(super) struct Bounds {
    pub frame: Frame,
    /// As in the frame, with what is hidden by the amounts that are on and those that may be.
    adds: Vec<i64>,
    hidden: (Bits, Bits),
    /// The amounts that hide anything.
    hiding: Bits,
    /// What each option takes off, charged, in parts of [`super::rows::ONE`].
    charged: Vec<i64>,
    /// The best option of each part.
    best: Vec<usize>,
}

/// What came of moving a multiplier.
enum Balance {
    Held,
    Moved,
    /// Whatever the parts take, the row does not hold.
    Broken,
}

impl Bounds {
    pub(super) fn of(table: &Table<'_>) -> Self {
        let frame = Frame::of(table);
        let adds = frame.adds.clone();
        let hiding = table.gauges.iter().fold(0, |all, gauge| all | gauge.hidden_by);
        Bounds { adds, hidden: (0, 0), hiding, charged: Vec::new(), best: Vec::new(), frame }
    }

    pub(super) fn is_allowed(&self, option: usize) -> bool {
        self.charged(option) > FORBIDDEN / 2
    }

    pub(super) fn charged(&self, option: usize) -> i64 {
        self.charged.get(option).copied().unwrap_or(FORBIDDEN)
    }

    pub(super) fn best(&self, part: usize) -> usize {
        self.best.get(part).copied().unwrap_or_default()
    }

    /// What an option adds to a row.
    pub(super) fn adds(&self, row: usize, option: usize) -> i64 {
        self.adds.get(row * self.frame.values.len() + option).copied().unwrap_or_default()
    }

    /// The place of a row.
    pub(super) fn row(&self, of: Of) -> Option<usize> {
        self.frame.rows.iter().position(|row| row.of == of)
    }

    /// What the best options of the lines add to a row.
    pub(super) fn sum(&self, table: &Table<'_>, node: &Node, row: usize) -> i64 {
        let parts = self.frame.parts.iter().zip(&self.best).take(table.lines.len()).skip(node.lines);
        let open: i64 = parts.map(|(part, &best)| part.times * self.adds(row, best)).sum();
        open + node.given.iter().map(|one| i64::from(one.count) * self.adds(row, one.pick)).sum::<i64>()
    }

    /// Charges the options for the multipliers of a node; false where a part has none left.
    pub(super) fn charge(&mut self, table: &Table<'_>, node: &Node) -> bool {
        self.hide(table, node);
        self.charged.clone_from(&self.frame.values);
        // Where one amount is on at most, none meets another.
        let is_shared = node.on & node.on.wrapping_sub(1) != 0;
        let may =
            |pick: &Pick| pick.tiers & node.forbidden == 0 && (!is_shared || table.may_share(pick, node.on));
        for (charged, pick) in self.charged.iter_mut().zip(&table.picks) {
            *charged = if may(pick) { *charged } else { FORBIDDEN };
        }
        let first = table.picks.len();
        for (switch, &setting) in table.switches.iter().zip(&node.settings) {
            if setting != OPEN {
                for at in switch.settings.clone().filter(|&at| at != usize::from(setting)) {
                    self.charged.get_mut(first + at).into_iter().for_each(|charged| *charged = FORBIDDEN);
                }
            }
        }
        for (row, &multiplier) in
            node.multipliers.iter().enumerate().filter(|&(_, &multiplier)| multiplier != 0)
        {
            self.add(row, multiplier);
        }
        self.best.clear();
        for part in &self.frame.parts {
            let Some(best) = best(&self.charged, part) else {
                return false;
            };
            self.best.push(best);
        }
        true
    }

    /// Finds multipliers that lower the bound, and puts it into the node; false where the rows cannot hold.
    pub(super) fn tune(&mut self, node: &mut Node) -> bool {
        for row in 0..self.frame.rows.len() {
            match self.balance(row, node) {
                Balance::Held => {}
                Balance::Moved => self.find_best(row, node),
                Balance::Broken => return false,
            }
        }
        node.bound = self.total(node);
        true
    }

    fn total(&self, node: &Node) -> i64 {
        let best = self.frame.parts.iter().zip(&self.best).skip(node.lines);
        let open: i64 = best.map(|(part, &best)| part.times * self.charged(best)).sum();
        let given = node.given.iter().map(|one| i64::from(one.count) * self.charged(one.pick));
        open + given.sum::<i64>() + self.side(node)
    }

    /// What the rows themselves add to a bound.
    fn side(&self, node: &Node) -> i64 {
        self.frame.rows.iter().zip(&node.multipliers).map(|(row, multiplier)| -multiplier * row.bound).sum()
    }

    /// What the parts that are no lines take off at best, charged, with the rows themselves.
    pub(super) fn beside(&self, table: &Table<'_>, node: &Node) -> i64 {
        let others = self.frame.parts.iter().zip(&self.best).skip(table.lines.len());
        others.map(|(part, &best)| part.times * self.charged(best)).sum::<i64>() + self.side(node)
    }

    /// What the amounts that are on, or may be, keep from counting.
    fn hide(&mut self, table: &Table<'_>, node: &Node) {
        let hidden = (node.on & self.hiding, node.may & self.hiding);
        if hidden == self.hidden {
            return;
        }
        let old = std::mem::replace(&mut self.hidden, hidden);
        let count = self.frame.values.len().max(1);
        let columns = self.adds.chunks_exact_mut(count).zip(self.frame.adds.chunks_exact(count));
        for (row, (columns, whole)) in self.frame.rows.iter().zip(columns) {
            let (gauge, before, now) = match row.of {
                Of::Need(gauge) => (gauge, old.0, hidden.0),
                // To its favor, as long as it is not decided whether they are on.
                Of::Limit(gauge) => (gauge, old.1, hidden.1),
                _ => continue,
            };
            let by = table.gauges.get(gauge).map_or(0, |gauge| gauge.hidden_by);
            if by & before != by & now {
                for ((slot, &adds), pick) in columns.iter_mut().zip(whole).zip(&table.picks) {
                    *slot = if pick.takers & by & now == 0 { adds } else { 0 };
                }
            }
        }
    }

    /// Finds the best options of the open parts that a row touches.
    fn find_best(&mut self, row: usize, node: &Node) {
        let Some(numbers) = self.frame.rows.get(row) else {
            return;
        };
        for &at in numbers.parts.iter().filter(|&&at| at >= node.lines) {
            if let (Some(part), Some(slot)) = (self.frame.parts.get(at), self.best.get_mut(at)) {
                *slot = best(&self.charged, part).unwrap_or(*slot);
            }
        }
    }

    /// Adds so many times what options add to a row to what they are charged.
    fn add(&mut self, row: usize, times: i64) {
        let count = self.frame.values.len();
        let (Some(numbers), Some(adds)) =
            (self.frame.rows.get(row), self.adds.get(row * count..(row + 1) * count))
        else {
            return;
        };
        for part in numbers.parts.iter().filter_map(|&at| self.frame.parts.get(at)) {
            let own = self.charged.get_mut(part.options.clone()).unwrap_or_default();
            for (charged, &adds) in own.iter_mut().zip(adds.get(part.options.clone()).unwrap_or_default()) {
                // Far from the largest number, see `TOTAL_MAX`.
                *charged = charged.wrapping_add(times.wrapping_mul(adds));
            }
        }
    }

    /// Moves the multiplier of a row to where the bound is least, as the others stand.
    fn balance(&mut self, row: usize, node: &mut Node) -> Balance {
        let count = self.frame.values.len();
        let (Some(numbers), Some(adds), Some(multiplier)) = (
            self.frame.rows.get(row),
            self.adds.get(row * count..(row + 1) * count),
            node.multipliers.get_mut(row),
        ) else {
            return Balance::Held;
        };
        let walk = Walk {
            parts: &self.frame.parts,
            touched: numbers.parts.as_slice(),
            first: node.lines,
            charged: &self.charged,
            best: &self.best,
            adds,
        };
        let own = |option: usize| adds.get(option).copied().unwrap_or_default();
        let given: i64 = node.given.iter().map(|one| i64::from(one.count) * own(one.pick)).sum();
        let sum = walk.sum() + given - numbers.bound;
        let (least, most) = numbers.multipliers;
        let (toward, far) = if sum < 0 { (1, most - *multiplier) } else { (-1, *multiplier - least) };
        if sum == 0 || far == 0 {
            return Balance::Held;
        }
        let moved = match walk.until(toward, sum.abs()) {
            Some(moved) => moved.min(far),
            // Only a charge is taken back.
            None if numbers.is_soft || *multiplier * toward < 0 && (least == 0 || most == 0) => far,
            None => return Balance::Broken,
        };
        if moved == 0 {
            return Balance::Held;
        }
        *multiplier += moved * toward;
        self.add(row, moved * toward);
        Balance::Moved
    }
}

/// The option of a part that takes most off; nothing where it may take none.
fn best(charged: &[i64], part: &Part) -> Option<usize> {
    let (mut most, mut best) = (FORBIDDEN / 2, None);
    for (at, &charged) in part.options.clone().zip(charged.get(part.options.clone())?) {
        if charged > most {
            (most, best) = (charged, Some(at));
        }
    }
    best
}

/// Where a part would take another option.
#[derive(Clone, Copy)]
struct Change {
    /// How much further the multiplier is then.
    at: i64,
    part: usize,
    option: usize,
    /// What a unit adds more, in the direction in which the row lacks.
    gain: i64,
}

/// The way of a multiplier from where it stands.
struct Walk<'b> {
    parts: &'b [Part],
    /// The parts that matter, and the first of all that is open.
    touched: &'b [usize],
    first: usize,
    charged: &'b [i64],
    best: &'b [usize],
    adds: &'b [i64],
}

impl<'b> Walk<'b> {
    /// The open parts with their best options.
    fn open(&self) -> impl Iterator<Item = (usize, &'b Part, usize)> {
        let touched = self.touched.iter().filter(|&&at| at >= self.first);
        touched.filter_map(|&at| Some((at, self.parts.get(at)?, *self.best.get(at)?)))
    }

    /// What they add.
    fn sum(&self) -> i64 {
        let adds = |option: usize| self.adds.get(option).copied().unwrap_or_default();
        self.open().map(|(_, part, best)| part.times * adds(best)).sum()
    }

    /// How far up or down until the parts add so much more or less; nothing where they never do.
    fn until(&self, toward: i64, mut lacks: i64) -> Option<i64> {
        let mut changes: SmallVec<[Change; 32]> = SmallVec::new();
        changes.extend(self.open().filter_map(|(at, part, best)| self.change(at, part, best, toward)));
        loop {
            let (place, change) = changes.iter().copied().enumerate().min_by_key(|(_, change)| change.at)?;
            let part = self.parts.get(change.part)?;
            lacks -= change.gain * part.times;
            if lacks <= 0 {
                return Some(change.at);
            }
            match self.change(change.part, part, change.option, toward) {
                Some(next) => {
                    let next = Change { at: next.at.max(change.at), ..next };
                    changes.get_mut(place).into_iter().for_each(|slot| *slot = next);
                }
                None => drop(changes.swap_remove(place)),
            }
        }
    }

    /// Where a part leaves an option for another that adds more.
    fn change(&self, place: usize, part: &Part, from: usize, toward: i64) -> Option<Change> {
        let (own, most) = (self.adds.get(from)?, self.charged.get(from)?);
        let range = part.options.clone();
        let others = self.charged.get(range.clone())?.iter().zip(self.adds.get(range.clone())?);
        let mut first: Option<Change> = None;
        for (option, (&charged, &adds)) in range.zip(others) {
            let gain = adds.wrapping_sub(*own).wrapping_mul(toward);
            if gain <= 0 || charged < FORBIDDEN / 2 {
                continue;
            }
            let lost = most.wrapping_sub(charged);
            let at = lost.div_euclid(gain) + i64::from(lost.rem_euclid(gain) != 0);
            if first.is_none_or(|first| at < first.at || at == first.at && gain > first.gain) {
                first = Some(Change { at, part: place, option, gain });
            }
        }
        first
    }
}
