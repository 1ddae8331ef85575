//! What is decided of a problem, and how much that promises.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::model::{Bits, Chosen, Setting, Table};

/// The setting of a switch that is not decided.
pub(super) const OPEN: u16 = u16::MAX;

/// What is decided.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// For each switch the place of its setting among all.
    pub settings: SmallVec<[u16; 16]>,
    /// The tiers that no unit may carry.
    pub forbidden: Bits,
    /// The basket amounts that are on, and those that may be.
    pub on: Bits,
    pub may: Bits,
    /// The promotions that are used by what is decided.
    pub used: Bits,
    /// The units that have a pick: those of the first lines.
    pub given: SmallVec<[Chosen; 4]>,
    pub lines: usize,
    /// What a unit of each row is paid.
    pub multipliers: SmallVec<[i64; 16]>,
    /// What it takes off at most, in parts of `ONE`.
    pub bound: i64,
    /// When it was made: what promises as much is looked at the later first.
    pub made: u32,
}

impl Node {
    /// Nothing is decided.
    pub(super) fn root(table: &Table<'_>, multipliers: SmallVec<[i64; 16]>) -> Self {
        Node {
            settings: SmallVec::from_elem(OPEN, table.switches.len()),
            forbidden: 0,
            on: 0,
            may: table.switches.iter().fold(0, |all, switch| all | switch.on),
            used: 0,
            given: SmallVec::new(),
            lines: 0,
            multipliers,
            bound: i64::MAX,
            made: 0,
        }
    }

    /// The same with a setting, by place among all, for a switch.
    pub(super) fn with(&self, table: &Table<'_>, switch: usize, at: usize) -> Option<Self> {
        let (numbers, setting) = (table.switches.get(switch)?, table.settings.get(at)?);
        let mut child = self.clone();
        *child.settings.get_mut(switch)? = u16::try_from(at).ok()?;
        child.forbidden |= numbers.tiers & !setting.tiers;
        child.on |= setting.on;
        child.may &= !(numbers.on & !setting.on);
        child.used |= table.used_by(setting);
        Some(child)
    }

    /// The same with picks for the units of one line more.
    pub(super) fn with_line(&self, table: &Table<'_>, given: &[Chosen]) -> Self {
        let mut child = self.clone();
        child.given = SmallVec::from_slice(given);
        child.lines += 1;
        let used = given.iter().filter_map(|one| table.picks.get(one.pick));
        child.used |= used.fold(0, |all, pick| all | pick.used);
        child
    }

    /// The settings that are decided, switch by switch.
    pub(super) fn decided<'n, 't>(
        &'n self,
        table: &'t Table<'_>,
    ) -> impl Iterator<Item = Option<&'t Setting>> + use<'n, 't> {
        let settings = &table.settings;
        self.settings.iter().map(move |&at| settings.get(usize::from(at)))
    }

    /// Whether a switch is not decided.
    pub(super) fn is_open(&self, switch: usize) -> bool {
        self.settings.get(switch).is_some_and(|&setting| setting == OPEN)
    }

    fn key(&self) -> (i64, u32) {
        (self.bound, self.made)
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Node {}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Node {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
