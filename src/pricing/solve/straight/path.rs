//! Where a way down stands: what is decided, what is chosen, what is behind.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::super::search::Best;
use super::super::solution::Worth;
use super::model::{Bits, ROLES_MAX, Setting, Table, bit};
use super::rows::{Lines, ONE, Rows, Sense};

/// The setting of a switch that is not decided.
pub(super) const OPEN: u16 = u16::MAX;
/// The most rows of a node.
pub(super) const ROWS_MAX: usize = 16;

/// Why a way down ends early.
pub(super) enum Halt {
    /// The best picks do not keep what this switch asks for.
    Broken(usize),
    /// Enough for a first look.
    Impatient,
    /// Too much work, or a price that sums do not tell.
    Lost,
}

/// Units of a line with a pick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen {
    /// The place of the line in the table.
    pub line: usize,
    pub pick: usize,
    pub count: u32,
}

/// Where a way through the lines stands.
#[derive(Clone, Copy)]
pub(super) struct Way {
    /// What it takes off with the amounts at most, charged by the multipliers and not.
    pub charged: i64,
    pub plain: i64,
    pub value: i64,
    pub used: Bits,
    pub rows: [i64; ROWS_MAX],
    pub roles: [i64; ROLES_MAX],
    /// Offers whose benefit, which the retailer assigns, went to dearer units, and to units of this price.
    pub given: Bits,
    pub giving: Bits,
}

/// What is behind each line at best.
#[derive(Default)]
pub(super) struct Behind {
    pub charged: Vec<i64>,
    pub plain: Vec<i64>,
    pub rows: Vec<[i64; ROWS_MAX]>,
    pub roles: Vec<[i64; ROLES_MAX]>,
}

/// What is decided, and what it takes off beside what units carry.
#[derive(Clone)]
pub(super) struct Node {
    /// For each switch the place of its setting among all; nothing where it is open.
    pub settings: SmallVec<[u16; 32]>,
    pub forbidden: Bits,
    /// The basket amounts that are on, and those that may be.
    pub on: Bits,
    pub may: Bits,
}

pub(super) struct Digger<'t> {
    pub table: &'t Table<'t>,
    pub worth: Option<&'t Worth<'t>>,
    pub most: u32,
    pub left: u32,
    /// Steps that a node may take, where they end for this one, and whether one was left for that.
    pub patience: u32,
    pub until: u32,
    pub has_left_out: bool,
    pub lines: Lines,
    pub behind: Behind,
    pub rows: Rows,
    pub chosen: Vec<Chosen>,
    pub best: Option<(i64, Best)>,
    pub used: Bits,
}

impl<'t> Digger<'t> {
    /// The settings that are decided, switch by switch.
    pub(super) fn decided<'n>(
        &self,
        node: &'n Node,
    ) -> impl Iterator<Item = Option<&'t Setting>> + use<'n, 't> {
        let settings = &self.table.settings;
        node.settings.iter().map(move |&at| settings.get(usize::from(at)))
    }

    pub(super) fn quantity(&self, line: usize) -> u32 {
        self.table.lines.get(line).map_or(0, |line| line.quantity)
    }

    pub(super) fn used_by(&self, setting: &Setting) -> Bits {
        let delivery = setting.delivery.map(|place| bit(self.table.problem.offers.len() + place));
        setting.on | delivery.filter(|_| setting.amount > 0).unwrap_or_default()
    }

    /// Whether nothing under a bound can replace the best: it is less, or as much and loses or repeats the tie.
    pub(super) fn is_hopeless(&self, bound: i64, used: Bits) -> bool {
        let Some((best, _)) = &self.best else {
            return false;
        };
        match bound.div_euclid(ONE).cmp(best) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => {
                let up = |used: Bits| (used & self.table.uses_up).count_ones();
                let by_use = (up(used), used.count_ones()).cmp(&(up(self.used), self.used.count_ones()));
                by_use == Ordering::Greater || by_use == Ordering::Equal && used == self.used
            }
        }
    }

    /// Sets that have begun.
    pub(super) fn begun(&self, kit: &super::model::Kit, way: &Way) -> i64 {
        let roles =
            kit.roles.clone().filter_map(|role| Some((self.table.roles.get(role)?, way.roles.get(role)?)));
        roles
            .map(|(role, &seated)| (seated + role.quantity - 1) / role.quantity.max(1))
            .max()
            .unwrap_or_default()
    }
}

impl Behind {
    /// Fills it in from the last line to the first.
    pub(super) fn of(&mut self, table: &Table<'_>, lines: &Lines, rows: &Rows) {
        let count = table.lines.len();
        self.charged.clear();
        self.charged.resize(count + 1, 0);
        self.plain.clear();
        self.plain.resize(count + 1, 0);
        self.rows.clear();
        self.rows.resize(count + 1, [0; ROWS_MAX]);
        self.roles.clear();
        self.roles.resize(count + 1, [0; ROLES_MAX]);
        let (mut charged, mut plain, mut sums, mut roles) = (0, 0, [0; ROWS_MAX], [0; ROLES_MAX]);
        for (at, line) in table.lines.iter().enumerate().rev() {
            let open = lines.of(at);
            let quantity = i64::from(line.quantity);
            charged += open.first().map_or(0, |best| best.charged) * quantity;
            plain += lines.dearest(at) * quantity;
            for ((place, row), sum) in rows.iter().enumerate().zip(&mut sums) {
                let adds = open.iter().map(|one| lines.adds(one, place));
                let best = if row.sense == Sense::AtLeast { adds.max() } else { adds.min() };
                *sum += best.unwrap_or_default() * quantity;
            }
            for (role, units) in roles.iter_mut().enumerate().take(table.roles.len()) {
                let has = |one: &super::rows::Open| {
                    table.picks.get(one.pick).is_some_and(|pick| pick.seats.contains(&role))
                };
                *units += if open.iter().any(has) { quantity } else { 0 };
            }
            if let Some(slot) = self.charged.get_mut(at) {
                *slot = charged;
            }
            if let Some(slot) = self.plain.get_mut(at) {
                *slot = plain;
            }
            if let Some(slot) = self.rows.get_mut(at) {
                *slot = sums;
            }
            if let Some(slot) = self.roles.get_mut(at) {
                *slot = roles;
            }
        }
    }
}
