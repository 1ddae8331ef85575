//! What couples lines, decisions and sets: rows, each with what every option of every part adds to it.
//!
//! A line is a part whose units take its picks, a decision one that takes one of its settings. What a setting asks for stands on the left
//! of its row, with a minus: so an open decision costs what it asks for.

use std::ops::Range;

use smallvec::SmallVec;

use super::model::{Bits, GaugeOf, Kit, Pick, Table, bit};

/// Charges and multipliers are in parts of this.
pub(super) const ONE: i64 = 1 << 16;
/// The most that a minor unit of a sum, or a unit of goods, may be charged: what is multiplied stays far from the largest number.
const SUM_MULTIPLIER_MAX: i64 = ONE << 4;
const UNIT_MULTIPLIER_MAX: i64 = ONE << 22;

/// Something that takes one of its options, so many times.
#[derive(Debug)]
pub(super) struct Part {
    pub options: Range<usize>,
    pub times: i64,
}

/// What a row adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A gauge, against the sum that a setting needs.
    Need(usize),
    /// A gauge, against the sum that a setting must not pass.
    Limit(usize),
    /// Units that carry an offer.
    Carry(Bits),
    /// What falls under a maximum, by place.
    Maximum(usize),
    /// The room that an amount off the basket finds, against the amount.
    Room(Bits),
    /// What a level takes off with those above it.
    High(usize),
    /// Units with a role.
    Seats(usize),
    /// Units with the first role, and against them those with the second, each times the other's number in a set.
    Balance((usize, i64), (usize, i64)),
}

/// A row: what is added up must come to its bound in the sense of its multipliers.
#[derive(Debug)]
pub(super) struct Row {
    pub of: Of,
    pub bound: i64,
    /// The least and the most that a unit of it is paid: at least the bound from zero up, at most from zero down, else both.
    pub multipliers: (i64, i64),
    /// Whether what passes the bound, or falls short of it, is only lost.
    pub is_soft: bool,
    /// The parts with an option that adds something.
    pub parts: SmallVec<[usize; 16]>,
}

/// Parts and rows of a table.
pub(super) struct Frame {
    /// The lines, then the switches.
    pub parts: Vec<Part>,
    /// What each option takes off by itself, in parts of [`ONE`]: the picks, then the settings. What a set gets is with the units that
    /// have its first role.
    pub values: Vec<i64>,
    pub rows: Vec<Row>,
    /// What each option adds to each row, row by row, as long as nothing is hidden.
    pub adds: Vec<i64>,
}

impl Frame {
    pub(super) fn of(table: &Table<'_>) -> Self {
        let (picks, settings) = (table.picks.len(), table.settings.len());
        let mut parts = Vec::with_capacity(table.lines.len() + table.switches.len());
        let mut values = Vec::with_capacity(picks + settings);
        for line in &table.lines {
            parts.push(Part { options: line.picks.clone(), times: i64::from(line.quantity) });
        }
        values
            .extend(table.picks.iter().map(|pick| pick.value * ONE + shares(table, pick, table.level, ONE)));
        for switch in &table.switches {
            let options = picks + switch.settings.start..picks + switch.settings.end;
            parts.push(Part { options, times: 1 });
        }
        values.extend(table.settings.iter().map(|setting| setting.amount * ONE));
        let mut frame = Frame { parts, values, rows: Vec::with_capacity(16), adds: Vec::new() };
        frame.lay(table);
        frame
    }

    /// Multipliers to begin with: open amounts cost what they bring, so that none stands in the way of another.
    pub(super) fn begin(&self, table: &Table<'_>) -> SmallVec<[i64; 16]> {
        let begin = |row: &Row| {
            let Of::Need(gauge) = row.of else {
                return 0;
            };
            // The first may be had for nothing as yet.
            let rivals = table.switches.iter().flat_map(|switch| {
                let settings = table.settings(switch);
                let first = settings.first().and_then(|setting| setting.need).map(|(gauge, _)| gauge);
                settings
                    .iter()
                    .filter(move |setting| setting.on != 0 && setting.need.map(|(gauge, _)| gauge) != first)
            });
            let needs = rivals.filter_map(|setting| {
                let (_, sum) = setting.need.filter(|&(of, sum)| of == gauge && sum > 0)?;
                Some((setting.amount * ONE).div_euclid(sum) + i64::from(setting.amount > 0))
            });
            needs.max().unwrap_or_default().clamp(row.multipliers.0, row.multipliers.1)
        };
        self.rows.iter().map(begin).collect()
    }

    fn lay(&mut self, table: &Table<'_>) {
        let (up, down) = (|most| (0, most), |most: i64| (-most, 0));
        for gauge in 0..table.gauges.len() {
            let most = match table.gauges.get(gauge).map(|gauge| gauge.of) {
                Some(GaugeOf::Count(..)) => UNIT_MULTIPLIER_MAX,
                _ => SUM_MULTIPLIER_MAX,
            };
            if table.settings.iter().any(|setting| setting.need.is_some_and(|(of, _)| of == gauge)) {
                self.row(table, Of::Need(gauge), 0, up(most), false);
            }
            if table.settings.iter().any(|setting| setting.limit.is_some_and(|(of, _)| of == gauge)) {
                self.row(table, Of::Limit(gauge), 0, down(most), false);
            }
        }
        for setting in table.settings.iter().filter(|setting| setting.on != 0 && setting.need.is_none()) {
            if !self.rows.iter().any(|row| row.of == Of::Room(setting.on)) {
                self.row(table, Of::Room(setting.on), 0, up(ONE), true);
            }
        }
        for (level, &goal) in table.goals.iter().enumerate() {
            self.row(table, Of::High(level), goal, up(SUM_MULTIPLIER_MAX), false);
        }
        for &(offer, most) in &table.limited {
            self.row(table, Of::Carry(bit(offer)), most, down(UNIT_MULTIPLIER_MAX), false);
        }
        for (place, &(_, most)) in table.maxima.iter().enumerate() {
            self.row(table, Of::Maximum(place), most, down(ONE), true);
        }
        for kit in &table.kits {
            self.kit(table, kit);
        }
    }

    /// The roles of a set in balance: nothing must be left over. And no more sets than there may be.
    fn kit(&mut self, table: &Table<'_>, kit: &Kit) {
        let quantity = |role: usize| table.roles.get(role).map_or(1, |role| role.quantity.max(1));
        let first = kit.roles.start;
        for other in kit.roles.clone().skip(1) {
            let (one, two) = (quantity(first), quantity(other));
            let most = UNIT_MULTIPLIER_MAX / one.max(two);
            self.row(table, Of::Balance((first, two), (other, one)), 0, (-most, most), false);
        }
        // What is wanted most is scarce first.
        let is_wanted = |role: &usize| table.roles.get(*role).is_some_and(|role| role.is_benefited);
        if let Some(role) = kit.roles.clone().rev().find(is_wanted).filter(|_| kit.is_scarce) {
            let most = quantity(role) * kit.sets_max;
            self.row(table, Of::Seats(role), most, (-UNIT_MULTIPLIER_MAX, 0), false);
        }
    }

    fn row(&mut self, table: &Table<'_>, of: Of, bound: i64, multipliers: (i64, i64), is_soft: bool) {
        let begin = self.adds.len();
        self.picks(table, of);
        let most = match of {
            Of::Limit(gauge) => table.most(gauge),
            _ => 0,
        };
        for switch in &table.switches {
            let settings = table.settings(switch);
            let is_own =
                |gauge| settings.iter().any(|setting| setting.limit.is_some_and(|(of, _)| of == gauge));
            self.adds.extend(settings.iter().map(|setting| match of {
                Of::Need(gauge) => setting.need.filter(|&(of, _)| of == gauge).map_or(0, |(_, sum)| -sum),
                Of::Limit(gauge) if is_own(gauge) => {
                    setting.limit.filter(|&(of, _)| of == gauge).map_or(-most, |(_, sum)| -sum)
                }
                Of::Room(on) if setting.on == on => -setting.amount,
                _ => 0,
            }));
        }
        let own = self.adds.get(begin..).unwrap_or_default();
        let is_touched = |part: &Part| {
            own.get(part.options.clone()).is_some_and(|adds| adds.iter().any(|&adds| adds != 0))
        };
        let touched = self.parts.iter().enumerate().filter(|(_, part)| is_touched(part));
        let parts = touched.map(|(place, _)| place).collect();
        self.rows.push(Row { of, bound, multipliers, is_soft, parts });
    }

    /// What one unit with each pick adds to a row.
    fn picks(&mut self, table: &Table<'_>, of: Of) {
        let picks = table.picks.iter();
        match of {
            Of::Need(gauge) | Of::Limit(gauge) => {
                let sums = table.sums.iter().skip(gauge).step_by(table.gauges.len().max(1));
                self.adds.extend(sums.copied());
            }
            Of::Carry(offer) => self.adds.extend(picks.map(|pick| i64::from(pick.carried & offer != 0))),
            Of::Maximum(place) => self.adds.extend(picks.map(|pick| match pick.capped {
                Some((maximum, take)) if maximum == place => take,
                _ => 0,
            })),
            Of::Room(basket) => {
                self.adds.extend(picks.map(|pick| if pick.takers & basket == 0 { 0 } else { pick.room }));
            }
            Of::High(level) => self.adds.extend(picks.map(|pick| {
                pick.high.get(level).copied().unwrap_or_default() + shares(table, pick, level, 1)
            })),
            Of::Seats(role) => self.adds.extend(picks.map(|pick| i64::from(pick.seats & bit(role) != 0))),
            Of::Balance((first, one), (second, other)) => self.adds.extend(picks.map(|pick| {
                let has = |role: usize| i64::from(pick.seats & bit(role) != 0);
                has(first) * one - has(second) * other
            })),
        }
    }
}

/// What sets of a level and those above it get for a unit that has their first role, at most, in so many parts.
fn shares(table: &Table<'_>, pick: &Pick, level: usize, parts: i64) -> i64 {
    let is_first = |kit: &&Kit| kit.gain != 0 && kit.level <= level && pick.seats & bit(kit.roles.start) != 0;
    let share = |kit: &Kit| {
        let quantity = table.roles.get(kit.roles.start).map_or(1, |role| role.quantity.max(1));
        (kit.gain * parts).div_euclid(quantity) + 1
    };
    table.kits.iter().filter(is_first).map(share).sum()
}
