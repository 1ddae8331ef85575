//! Down through what couples the lines: only what the best picks break is decided.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::super::solution::{Solution, Worth};
use super::model::{Bits, ROLES_MAX, Table, bit};
use super::path::{Behind, Chosen, Digger, Halt, Node, OPEN, ROWS_MAX, Way};
use super::rows::{Lines, ONE, Open, Row, Rows, Sense, rows};

/// Steps that a node may take in haste.
const HASTY: u32 = 96;

impl<'t> Digger<'t> {
    pub(super) fn new(table: &'t Table<'t>, most: u32, worth: Option<&'t Worth<'t>>) -> Self {
        Digger {
            table,
            worth,
            most,
            left: most,
            patience: u32::MAX,
            until: 0,
            has_left_out: false,
            lines: Lines::default(),
            behind: Behind::default(),
            rows: Rows::new(),
            chosen: Vec::new(),
            best: None,
            used: 0,
        }
    }

    /// The best assignment with its proof.
    pub(super) fn best(mut self) -> Option<Solution> {
        let settings = SmallVec::from_elem(OPEN, self.table.switches.len());
        let may = self.table.switches.iter().fold(0, |all, switch| all | switch.on);
        let root = Node { settings, forbidden: 0, on: 0, may };
        // First in haste, for a good assignment; where nothing had to be left out that is the proof already.
        self.patience = HASTY;
        self.node(&root).ok()?;
        if std::mem::take(&mut self.has_left_out) {
            self.patience = u32::MAX;
            self.node(&root).ok()?;
        }
        let (_, best) = self.best?;
        Some(Solution { settled: best.settled, possible_gain: None, steps: u64::from(self.most - self.left) })
    }

    /// Looks at everything under what is decided.
    fn node(&mut self, node: &Node) -> Result<(), Halt> {
        let Some(way) = self.open(node)? else {
            return Ok(());
        };
        self.chosen.clear();
        self.until = self.left.saturating_sub(self.patience);
        match self.dig(node, 0, 0, self.quantity(0), way) {
            Err(Halt::Broken(switch)) => self.decide(node, switch),
            Err(Halt::Impatient) => {
                self.has_left_out = true;
                Ok(())
            }
            ended => ended,
        }
    }

    /// The lines under what is decided; nothing where they promise no more than the best.
    fn open(&mut self, node: &Node) -> Result<Option<Way>, Halt> {
        let table = self.table;
        let (constant, used) = self.beside(node);
        // What sets get is counted in full from the beginning, whatever is made up of them.
        let gains: i64 = table.kits.iter().map(|kit| kit.gain.max(0) * kit.sets_max).sum();
        let most = (constant + gains) * ONE;
        if self.is_hopeless(most + self.plain(node), used) {
            return Ok(None);
        }
        self.rows = rows(table, self.decided(node).flatten());
        if self.rows.len() > ROWS_MAX {
            return Err(Halt::Lost);
        }
        if !self.lines.fill(table, &self.rows, node.forbidden, (node.on, node.may)) {
            return Ok(None);
        }
        self.lines.tune(table, &mut self.rows);
        self.behind.of(table, &self.lines, &self.rows);
        let side: i64 = self.rows.iter().map(Row::side).sum();
        let way = Way {
            plain: most,
            charged: most + side,
            value: constant,
            used,
            rows: [0; ROWS_MAX],
            roles: [0; ROLES_MAX],
            given: 0,
            giving: 0,
        };
        let rest = self.behind.charged.first().copied().unwrap_or_default();
        Ok((!self.is_hopeless(way.charged + rest, used)).then_some(way))
    }

    /// What all lines take off at best without any multiplier, in parts of [`ONE`].
    fn plain(&self, node: &Node) -> i64 {
        let table = self.table;
        let best = table.lines.iter().map(|line| {
            let picks = table.picks.get(line.picks.clone()).unwrap_or_default();
            let open = picks.iter().find(|pick| pick.tiers & node.forbidden == 0);
            open.map_or(0, |pick| pick.value) * i64::from(line.quantity)
        });
        best.sum::<i64>() * ONE
    }

    /// What the switches take off at most beside what units carry, and what is used by those that are decided.
    fn beside(&self, node: &Node) -> (i64, Bits) {
        let (mut constant, mut used) = (0, 0);
        for (switch, setting) in self.table.switches.iter().zip(self.decided(node)) {
            match setting {
                Some(setting) => {
                    constant += setting.amount;
                    used |= self.used_by(setting);
                }
                None => constant += self.table.settings(switch).first().map_or(0, |first| first.amount),
            }
        }
        (constant, used)
    }

    fn decide(&mut self, node: &Node, switch: usize) -> Result<(), Halt> {
        let Some(numbers) = self.table.switches.get(switch) else {
            return Err(Halt::Lost);
        };
        let mut below: SmallVec<[(i64, Node); 4]> = SmallVec::new();
        for (at, setting) in numbers.settings.clone().zip(self.table.settings(numbers)) {
            let mut child = node.clone();
            if let (Some(slot), Ok(at)) = (child.settings.get_mut(switch), u16::try_from(at)) {
                *slot = at;
            }
            child.forbidden |= numbers.tiers & !setting.tiers;
            child.on |= setting.on;
            child.may &= !(numbers.on & !setting.on);
            if let Some(way) = self.open(&child)? {
                let rest = self.behind.charged.first().copied().unwrap_or_default();
                below.push((way.charged + rest, child));
            }
        }
        // What promises most first: the better the best that is known, the less is to be looked at.
        below.sort_by_key(|(bound, _)| Reverse(*bound));
        below.iter().try_for_each(|(_, child)| self.node(child))
    }

    /// Gives picks to the open units of the line at `at`, those from `slot` on.
    fn dig(&mut self, node: &Node, at: usize, slot: usize, left: u32, way: Way) -> Result<(), Halt> {
        self.left = self.left.checked_sub(1).ok_or(Halt::Lost)?;
        if self.left < self.until {
            return Err(Halt::Impatient);
        }
        if left == 0 {
            if !self.may_close(at, &way) {
                return Ok(());
            }
            if at + 1 >= self.table.lines.len() {
                return self.leaf(node, &way);
            }
            let given = if self.is_last_at_price(at) { way.given | way.giving } else { way.given };
            return self.dig(node, at + 1, 0, self.quantity(at + 1), Way { given, ..way });
        }
        let Some(&open) = self.lines.of(at).get(slot) else {
            return Ok(());
        };
        let rest =
            |sums: &[i64], own: i64| own * i64::from(left) + sums.get(at + 1).copied().unwrap_or_default();
        let charged = way.charged + rest(&self.behind.charged, open.charged);
        // Where a sum is reached already, what the multipliers pay for more of it is worth nothing.
        let plain = way.plain + rest(&self.behind.plain, self.lines.dearest(at));
        if self.is_hopeless(charged.min(plain), way.used) || !self.can_hold(at, left, &way) {
            return Ok(());
        }
        let is_last = slot + 1 == self.lines.of(at).len();
        for count in (if is_last { left } else { 0 }..=left).rev() {
            let mut next = way;
            if count > 0 && !self.take(&open, count, &mut next) {
                continue;
            }
            if count > 0 {
                self.chosen.push(Chosen { line: at, pick: open.pick, count });
            }
            let ended = self.dig(node, at, slot + 1, left - count, next);
            if count > 0 {
                self.chosen.pop();
            }
            ended?;
        }
        Ok(())
    }

    /// Adds units with a pick to a way; false where no set could be made of them any more.
    fn take(&self, open: &Open, count: u32, way: &mut Way) -> bool {
        let Some(pick) = self.table.picks.get(open.pick) else {
            return false;
        };
        let times = i64::from(count);
        way.charged += open.charged * times;
        way.value += pick.value * times;
        way.plain += pick.value * times * ONE;
        way.used |= pick.used;
        for (row, sum) in way.rows.iter_mut().enumerate().take(self.rows.len()) {
            *sum += self.lines.adds(open, row) * times;
        }
        if pick.withholds & way.given != 0 {
            return false;
        }
        for &seat in &pick.seats {
            let Some(kit) = self.table.kits.iter().find(|kit| kit.roles.contains(&seat)) else {
                return false;
            };
            let before = self.begun(kit, way);
            if let Some(seated) = way.roles.get_mut(seat) {
                *seated += times;
            }
            let sets = self.begun(kit, way) - before;
            way.giving |= if kit.retailer_assigns { bit(kit.offer) } else { 0 };
            way.charged += kit.gain.min(0) * sets * ONE;
            way.plain += kit.gain.min(0) * sets * ONE;
            way.value += kit.gain * sets;
            if before + sets > kit.sets_max {
                return false;
            }
        }
        true
    }

    /// Whether every row can still hold, and every set that has begun be completed.
    fn can_hold(&self, at: usize, left: u32, way: &Way) -> bool {
        let rows = self.rows.iter().enumerate().all(|(row, numbers)| {
            if !matches!(numbers.sense, Sense::AtLeast | Sense::AtMost) {
                return true;
            }
            let adds = self.lines.of(at).iter().map(|open| self.lines.adds(open, row));
            let behind = self.behind.rows.get(at + 1).and_then(|rows| rows.get(row)).copied();
            let sum = way.rows.get(row).copied().unwrap_or_default() + behind.unwrap_or_default();
            match numbers.sense {
                Sense::AtLeast => sum + adds.max().unwrap_or_default() * i64::from(left) >= numbers.bound,
                _ => sum + adds.min().unwrap_or_default() * i64::from(left) <= numbers.bound,
            }
        });
        rows && self.table.kits.iter().all(|kit| {
            let begun = self.begun(kit, way);
            begun == 0
                || kit.roles.clone().all(|role| {
                    let quantity = self.table.roles.get(role).map_or(0, |role| role.quantity);
                    let seated = way.roles.get(role).copied().unwrap_or_default();
                    let behind = self.behind.roles.get(at + 1).and_then(|roles| roles.get(role)).copied();
                    let fits = |open: &Open| {
                        self.table.picks.get(open.pick).is_some_and(|pick| pick.seats.contains(&role))
                    };
                    let here = if self.lines.of(at).iter().any(fits) { i64::from(left) } else { 0 };
                    begun * quantity <= seated + behind.unwrap_or_default() + here
                })
        })
    }

    fn is_last_at_price(&self, at: usize) -> bool {
        let list = |line: usize| self.table.lines.get(line).map(|line| line.list);
        list(at + 1) != list(at)
    }

    /// Whether a line may be left: its price rank is over, so sets of the cheapest have their dearer units by now.
    fn may_close(&self, at: usize, way: &Way) -> bool {
        if !self.is_last_at_price(at) {
            return true;
        }
        self.table.kits.iter().filter(|kit| kit.is_ordered).all(|kit| {
            let roles = || {
                kit.roles.clone().filter_map(|role| Some((self.table.roles.get(role)?, way.roles.get(role)?)))
            };
            let benefited = roles().filter(|(role, _)| role.is_benefited);
            let begun = benefited.map(|(role, &seated)| (seated + role.quantity - 1) / role.quantity.max(1));
            let begun = begun.max().unwrap_or_default();
            roles()
                .filter(|(role, _)| !role.is_benefited)
                .all(|(role, &seated)| seated >= begun * role.quantity)
        })
    }
}
