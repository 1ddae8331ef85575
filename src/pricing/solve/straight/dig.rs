//! Down through what couples the lines: only what the best picks break is decided.

use std::cmp::{Ordering, Reverse};

use smallvec::SmallVec;

use super::super::search::Best;
use super::super::solution::{Solution, Worth};
use super::model::{Bits, ROLES_MAX, Setting, Table, bit};
use super::price;
use super::rows::{Lines, ONE, Rows, Sense, rows};

/// The most rows of a node.
const ROWS_MAX: usize = 16;

/// Why a way down ends early.
enum Halt {
    /// The best picks do not keep what this switch asks for.
    Broken(usize),
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
struct Way {
    /// What it takes off with the amounts at most, charged by the multipliers and not.
    charged: i64,
    plain: i64,
    value: i64,
    used: Bits,
    rows: [i64; ROWS_MAX],
    roles: [i64; ROLES_MAX],
    /// Offers whose benefit, which the retailer assigns, went to dearer units, and to units of this price.
    given: Bits,
    giving: Bits,
}

/// What is behind each line at best.
#[derive(Default)]
struct Behind {
    charged: Vec<i64>,
    plain: Vec<i64>,
    rows: Vec<[i64; ROWS_MAX]>,
    roles: Vec<[i64; ROLES_MAX]>,
}

/// What is decided, and what it takes off beside what units carry.
#[derive(Clone)]
struct Node {
    settings: SmallVec<[Option<Setting>; 16]>,
    forbidden: Bits,
    /// The basket amounts that are on, and those that may be.
    on: Bits,
    may: Bits,
}

pub(super) struct Digger<'t> {
    table: &'t Table<'t>,
    worth: Option<&'t Worth<'t>>,
    most: u32,
    left: u32,
    lines: Lines,
    behind: Behind,
    rows: Rows,
    chosen: Vec<Chosen>,
    best: Option<(i64, Best)>,
    used: Bits,
}

impl<'t> Digger<'t> {
    pub(super) fn new(table: &'t Table<'t>, most: u32, worth: Option<&'t Worth<'t>>) -> Self {
        Digger {
            table,
            worth,
            most,
            left: most,
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
        let settings = SmallVec::from_elem(None, self.table.switches.len());
        let may = self.table.switches.iter().fold(0, |all, switch| all | switch.on);
        self.node(&Node { settings, forbidden: 0, on: 0, may }).ok()?;
        let (_, best) = self.best?;
        Some(Solution { settled: best.settled, possible_gain: None, steps: u64::from(self.most - self.left) })
    }

    /// Looks at everything under what is decided.
    fn node(&mut self, node: &Node) -> Result<(), Halt> {
        let Some(way) = self.open(node)? else {
            return Ok(());
        };
        self.chosen.clear();
        match self.dig(node, 0, 0, self.quantity(0), way) {
            Err(Halt::Broken(switch)) => self.decide(node, switch),
            ended => ended,
        }
    }

    /// The lines under what is decided; nothing where they promise no more than the best.
    fn open(&mut self, node: &Node) -> Result<Option<Way>, Halt> {
        let table = self.table;
        self.rows = rows(table, node.settings.iter().flatten());
        if self.rows.len() > ROWS_MAX {
            return Err(Halt::Lost);
        }
        if !self.lines.fill(table, &self.rows, node.forbidden, (node.on, node.may)) {
            return Ok(None);
        }
        let (constant, used) = self.beside(node);
        // What sets get is counted in full from the beginning, whatever is made up of them.
        let gains: i64 = table.kits.iter().map(|kit| kit.gain.max(0) * kit.sets_max).sum();
        let most = (constant + gains) * ONE;
        if self.is_hopeless(most + self.lines.bound(table, &self.rows), used) {
            return Ok(None);
        }
        self.lines.tune(table, &mut self.rows);
        self.behind.of(table, &self.lines, &self.rows);
        let side: i64 = self.rows.iter().map(super::rows::Row::side).sum();
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

    fn quantity(&self, line: usize) -> u32 {
        self.table.lines.get(line).map_or(0, |line| line.quantity)
    }

    /// What the switches take off at most beside what units carry, and what is used by those that are decided.
    fn beside(&self, node: &Node) -> (i64, Bits) {
        let (mut constant, mut used) = (0, 0);
        for (switch, setting) in self.table.switches.iter().zip(&node.settings) {
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

    fn used_by(&self, setting: &Setting) -> Bits {
        let delivery = setting.delivery.map(|place| bit(self.table.problem.offers.len() + place));
        setting.on | delivery.filter(|_| setting.amount > 0).unwrap_or_default()
    }

    fn decide(&mut self, node: &Node, switch: usize) -> Result<(), Halt> {
        let Some(numbers) = self.table.switches.get(switch) else {
            return Err(Halt::Lost);
        };
        let mut below: SmallVec<[(i64, Node); 4]> = SmallVec::new();
        for setting in self.table.settings(numbers) {
            let mut child = node.clone();
            if let Some(slot) = child.settings.get_mut(switch) {
                *slot = Some(*setting);
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

    /// Whether nothing under a bound can replace the best: it is less, or as much and loses or repeats the tie.
    fn is_hopeless(&self, bound: i64, used: Bits) -> bool {
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

    /// Gives picks to the open units of the line at `at`, those from `slot` on.
    fn dig(&mut self, node: &Node, at: usize, slot: usize, left: u32, way: Way) -> Result<(), Halt> {
        self.left = self.left.checked_sub(1).ok_or(Halt::Lost)?;
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
    fn take(&self, open: &super::rows::Open, count: u32, way: &mut Way) -> bool {
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

    /// Sets that have begun.
    fn begun(&self, kit: &super::model::Kit, way: &Way) -> i64 {
        let roles =
            kit.roles.clone().filter_map(|role| Some((self.table.roles.get(role)?, way.roles.get(role)?)));
        roles
            .map(|(role, &seated)| (seated + role.quantity - 1) / role.quantity.max(1))
            .max()
            .unwrap_or_default()
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
                    let fits = |open: &super::rows::Open| {
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

    /// All units have a pick.
    fn leaf(&mut self, node: &Node, way: &Way) -> Result<(), Halt> {
        let holds = self.rows.iter().zip(&way.rows).all(|(row, &sum)| match row.sense {
            Sense::AtLeast => sum >= row.bound,
            Sense::AtMost => sum <= row.bound,
            Sense::Shared | Sense::Filled | Sense::Even => true,
        });
        if !holds || !self.are_complete(way) {
            return Ok(());
        }
        let lost: i64 = self.rows.iter().zip(&way.rows).map(|(row, &sum)| row.lost(sum)).sum();
        let value = way.value - lost;
        if self.is_hopeless(value * ONE, way.used) {
            return Ok(());
        }
        let (on, used) = self.settled_switches(node)?;
        let used = way.used | used;
        if self.is_hopeless(value * ONE, used) {
            return Ok(());
        }
        if !self.are_cheapest(on) {
            return Ok(());
        }
        let found = price::price(self.table, &self.chosen, on).ok_or(Halt::Lost)?;
        if found.settled.value.last() != Some(&value) {
            return Err(Halt::Lost);
        }
        let is_better = match &self.best {
            Some((_, best)) => found.beats(best, self.table.problem, self.worth),
            None => true,
        };
        if is_better {
            self.best = Some((value, found));
            self.used = used;
        }
        Ok(())
    }

    fn are_complete(&self, way: &Way) -> bool {
        self.table.kits.iter().all(|kit| {
            let begun = self.begun(kit, way);
            kit.roles.clone().all(|role| {
                let quantity = self.table.roles.get(role).map_or(0, |role| role.quantity);
                way.roles.get(role).copied().unwrap_or_default() == begun * quantity
            })
        })
    }

    /// What the switches that are not decided come to with the chosen picks, if each keeps what it promised.
    fn settled_switches(&self, node: &Node) -> Result<(Bits, Bits), Halt> {
        let table = self.table;
        let picks = || self.chosen.iter().filter_map(|one| table.picks.get(one.pick));
        let tiers = picks().fold(0, |all, pick| all | pick.tiers);
        let (mut on, mut used) = (node.on, 0);
        let mut first: SmallVec<[(usize, Setting); 16]> = SmallVec::new();
        for (place, (switch, decided)) in table.switches.iter().zip(&node.settings).enumerate() {
            if decided.is_some() {
                continue;
            }
            let settings = table.settings(switch);
            let own = tiers & switch.tiers;
            let setting = if switch.tiers == 0 {
                settings.first()
            } else {
                settings.iter().find(|setting| own & !setting.tiers == 0 && (own != 0 || setting.tiers == 0))
            };
            let Some(setting) = setting else {
                return Err(Halt::Broken(place));
            };
            on |= setting.on;
            used |= self.used_by(setting);
            first.push((place, *setting));
        }
        for &(place, setting) in &first {
            let sum = |gauge: usize| -> i64 {
                let sums =
                    self.chosen.iter().map(|one| table.sum(one.pick, gauge, on) * i64::from(one.count));
                sums.sum()
            };
            let room = || -> i64 {
                let room = |one: &Chosen| {
                    let pick = table.picks.get(one.pick).filter(|pick| pick.takers & setting.on != 0)?;
                    Some(pick.room * i64::from(one.count))
                };
                self.chosen.iter().filter_map(room).sum()
            };
            let keeps = (setting.on == 0 || setting.amount <= room())
                && setting.need.is_none_or(|(gauge, least)| least <= sum(gauge))
                && setting.limit.is_none_or(|(gauge, most)| sum(gauge) <= most);
            if !keeps {
                return Err(Halt::Broken(place));
            }
        }
        // Amounts that are not decided may hide units from sums that are, or meet where they cannot.
        let undecided = node.may & !node.on;
        if undecided != 0 {
            let is_legal = picks().all(|pick| table.may_share(pick, on)) && self.decided_hold(node, on);
            if !is_legal {
                let place = first.iter().find(|&&(place, _)| {
                    table.switches.get(place).is_some_and(|switch| switch.on & undecided != 0)
                });
                return Err(place.map_or(Halt::Lost, |&(place, _)| Halt::Broken(place)));
            }
        }
        Ok((on, used))
    }

    /// Whether every benefit that the retailer assigns goes to the cheapest of all that count for it.
    fn are_cheapest(&self, on: Bits) -> bool {
        let table = self.table;
        let list = |one: &&Chosen| table.lines.get(one.line).map_or(0, |line| line.list);
        let pick = |one: &Chosen| table.picks.get(one.pick);
        table.kits.iter().filter(|kit| kit.retailer_assigns).all(|kit| {
            let gets = |one: &&Chosen| pick(one).is_some_and(|pick| pick.carried & bit(kit.offer) != 0);
            let counts = |one: &&Chosen| {
                let (Some(pick), Some(line)) = (pick(one), table.lines.get(one.line)) else {
                    return false;
                };
                let fits =
                    table.problem.offers.get(kit.offer).is_some_and(|offer| offer.on.contains(line.place));
                fits && (pick.carried | pick.takers & on) & !kit.compatible == 0
            };
            let dearest = self.chosen.iter().filter(gets).map(|one| list(&one)).max();
            let left_out = self.chosen.iter().filter(|one| !gets(one) && counts(one));
            dearest.is_none_or(|dearest| left_out.map(|one| list(&one)).all(|list| dearest <= list))
        })
    }

    fn decided_hold(&self, node: &Node, on: Bits) -> bool {
        let sum = |gauge: usize| -> i64 {
            let sums =
                self.chosen.iter().map(|one| self.table.sum(one.pick, gauge, on) * i64::from(one.count));
            sums.sum()
        };
        node.settings.iter().flatten().all(|setting| {
            setting.need.is_none_or(|(gauge, least)| least <= sum(gauge))
                && setting.limit.is_none_or(|(gauge, most)| sum(gauge) <= most)
        })
    }
}

impl Behind {
    fn of(&mut self, table: &Table<'_>, lines: &Lines, rows: &Rows) {
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
