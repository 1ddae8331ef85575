//! The open picks of the lines with what is behind each line: where a way through them can still lead.

use smallvec::SmallVec;

use super::bound::Bounds;
use super::model::{Bits, Chosen, Kit, ROLES_MAX, Table, bit};
use super::node::Node;
use super::rows::{ONE, Of};

/// What a sum must come to.
#[derive(Debug, Clone, Copy)]
struct Mark {
    row: usize,
    is_least: bool,
    bound: i64,
}

impl Mark {
    fn is_held(self, sum: i64) -> bool {
        if self.is_least { sum >= self.bound } else { sum <= self.bound }
    }
}

/// The open picks of the lines, and what is behind each line at best.
#[derive(Default)]
pub(super) struct Trail {
    /// Line by line, the best charged first.
    picks: Vec<usize>,
    begins: Vec<usize>,
    /// The most that a pick of each line takes off a unit.
    pub dearest: Vec<i64>,
    /// Before each line, and at the end.
    pub charged: Vec<i64>,
    pub plain: Vec<i64>,
    /// What every way uses that takes off as much as the bound says.
    pub must: Vec<Bits>,
    roles: Vec<[i64; ROLES_MAX]>,
    marks: SmallVec<[Mark; 16]>,
    /// What a unit of each line adds to each mark at best, line by line, and what all from a line on add.
    here: Vec<i64>,
    behind: Vec<i64>,
    /// What the way adds up to so far.
    sums: SmallVec<[i64; 16]>,
    pub seated: [i64; ROLES_MAX],
    pub chosen: Vec<Chosen>,
    /// Where only one line is wanted, which, and the ways through it.
    pub last: Option<usize>,
    pub ways: Vec<Node>,
}

impl Trail {
    pub(super) fn lay(&mut self, table: &Table<'_>, bounds: &Bounds, node: &Node) {
        self.chosen.clear();
        self.seated = [0; ROLES_MAX];
        self.mark(table, bounds, node);
        self.sums.clear();
        self.sums.resize(self.marks.len(), 0);
        self.picks.clear();
        self.begins.clear();
        for line in &table.lines {
            let begin = self.picks.len();
            self.begins.push(begin);
            self.picks.extend(line.picks.clone().filter(|&pick| bounds.is_allowed(pick)));
            let own = self.picks.get_mut(begin..).unwrap_or_default();
            own.sort_by_key(|&pick| std::cmp::Reverse(bounds.charged(pick)));
        }
        self.begins.push(self.picks.len());
        self.look_behind(table, bounds);
    }

    /// What must hold under what is decided.
    fn mark(&mut self, table: &Table<'_>, bounds: &Bounds, node: &Node) {
        self.marks.clear();
        let mut mark = |of, is_least, bound| {
            self.marks.extend(bounds.row(of).map(|row| Mark { row, is_least, bound }));
        };
        for setting in node.decided(table).flatten() {
            if let Some((gauge, sum)) = setting.need {
                mark(Of::Need(gauge), true, sum);
            }
            if let Some((gauge, sum)) = setting.limit {
                mark(Of::Limit(gauge), false, sum);
            }
        }
        for (level, &goal) in table.goals.iter().enumerate() {
            mark(Of::High(level), true, goal);
        }
        for &(offer, most) in &table.limited {
            mark(Of::Carry(bit(offer)), false, most);
        }
    }

    /// What is behind each line, from the last to the first.
    fn look_behind(&mut self, table: &Table<'_>, bounds: &Bounds) {
        let (lines, marks) = (table.lines.len(), self.marks.len());
        for list in [&mut self.charged, &mut self.plain, &mut self.dearest] {
            list.clear();
            list.resize(lines + 1, 0);
        }
        self.here.clear();
        self.here.resize(lines * marks, 0);
        self.behind.clear();
        self.behind.resize((lines + 1) * marks, 0);
        self.roles.clear();
        self.roles.resize(if table.roles.is_empty() { 0 } else { lines + 1 }, [0; ROLES_MAX]);
        self.must.clear();
        self.must.resize(lines + 1, 0);
        for (at, line) in table.lines.iter().enumerate().rev() {
            let quantity = i64::from(line.quantity);
            self.promise(table, bounds, at, quantity);
            self.reach(bounds, at, quantity);
            if !table.roles.is_empty() {
                self.seat(table, at, quantity);
            }
        }
    }

    /// What the lines from one on take off at most, and what they use then.
    fn promise(&mut self, table: &Table<'_>, bounds: &Bounds, at: usize, quantity: i64) {
        let own = self.of(at);
        let picks = || own.iter().filter_map(|&pick| table.picks.get(pick));
        let best = own.first().map_or(0, |&best| bounds.charged(best));
        // What falls short by less than a minor unit may be what the bound says.
        let ties = own.iter().take_while(|&&pick| bounds.charged(pick) > best - ONE).count();
        let must = picks().take(ties).map(|pick| pick.used).reduce(|all, used| all & used);
        let dearest = picks().map(|pick| pick.value).max().unwrap_or_default() * ONE;
        let later = |list: &[i64]| list.get(at + 1).copied().unwrap_or_default();
        let (charged, plain) = (later(&self.charged), later(&self.plain));
        let must = must.unwrap_or_default() | self.must.get(at + 1).copied().unwrap_or_default();
        set(&mut self.charged, at, charged + best * quantity);
        set(&mut self.plain, at, plain + dearest * quantity);
        set(&mut self.dearest, at, dearest);
        set(&mut self.must, at, must);
    }

    /// What the lines from one on add to each mark at best.
    fn reach(&mut self, bounds: &Bounds, at: usize, quantity: i64) {
        let marks = self.marks.len();
        for place in 0..marks {
            let Some(mark) = self.marks.get(place).copied() else {
                continue;
            };
            let adds = self.of(at).iter().map(|&pick| bounds.adds(mark.row, pick));
            let best = if mark.is_least { adds.max() } else { adds.min() }.unwrap_or_default();
            let later = self.behind.get((at + 1) * marks + place).copied().unwrap_or_default();
            set(&mut self.here, at * marks + place, best);
            set(&mut self.behind, at * marks + place, later + best * quantity);
        }
    }

    /// The units from a line on that can have each role.
    fn seat(&mut self, table: &Table<'_>, at: usize, quantity: i64) {
        let picks = self.of(at).iter().filter_map(|&pick| table.picks.get(pick));
        let has = picks.fold(0, |all, pick| all | pick.seats);
        let mut roles = self.roles.get(at + 1).copied().unwrap_or([0; ROLES_MAX]);
        for (role, units) in roles.iter_mut().enumerate().take(table.roles.len()) {
            *units += if has & bit(role) != 0 { quantity } else { 0 };
        }
        set(&mut self.roles, at, roles);
    }

    /// The open picks of a line.
    fn of(&self, line: usize) -> &[usize] {
        let range = self.begins.get(line).zip(self.begins.get(line + 1));
        range.and_then(|(&from, &until)| self.picks.get(from..until)).unwrap_or_default()
    }

    pub(super) fn pick(&self, line: usize, slot: usize) -> Option<usize> {
        self.of(line).get(slot).copied()
    }

    pub(super) fn count(&self, line: usize) -> usize {
        self.of(line).len()
    }

    /// Whether every sum comes to its mark.
    pub(super) fn has_reached(&self) -> bool {
        self.marks.iter().zip(&self.sums).all(|(mark, &sum)| mark.is_held(sum))
    }

    /// Whether every sum can still come to its mark.
    pub(super) fn can_reach(&self, at: usize, left: u32) -> bool {
        let marks = self.marks.len();
        let here = self.here.iter().skip(at * marks);
        let behind = self.behind.iter().skip((at + 1) * marks);
        let mut sums = self.marks.iter().zip(&self.sums).zip(here.zip(behind));
        sums.all(|((mark, sum), (here, behind))| mark.is_held(sum + here * i64::from(left) + behind))
    }

    /// Whether every set that has begun can still be completed.
    pub(super) fn can_complete(&self, table: &Table<'_>, at: usize, left: u32) -> bool {
        table.kits.iter().all(|kit| {
            let begun = self.begun(table, kit);
            begun == 0
                || kit.roles.clone().all(|role| {
                    let of = |list: &[i64; ROLES_MAX]| list.get(role).copied().unwrap_or_default();
                    let behind = |at: usize| self.roles.get(at).map_or(0, of);
                    let quantity = table.roles.get(role).map_or(0, |role| role.quantity);
                    let later = behind(at + 1);
                    let here = if behind(at) > later { i64::from(left) } else { 0 };
                    begun * quantity <= of(&self.seated) + later + here
                })
        })
    }

    /// Sets that have begun.
    pub(super) fn begun(&self, table: &Table<'_>, kit: &Kit) -> i64 {
        let roles = table.roles.iter().zip(&self.seated).skip(kit.roles.start).take(kit.roles.len());
        let begun = roles.map(|(role, &seated)| (seated + role.quantity - 1) / role.quantity.max(1));
        begun.max().unwrap_or_default()
    }

    /// Adds so many units with a pick to the sums; fewer, to take them back.
    pub(super) fn add(&mut self, bounds: &Bounds, pick: usize, times: i64) {
        for (mark, sum) in self.marks.iter().zip(&mut self.sums) {
            *sum += bounds.adds(mark.row, pick) * times;
        }
    }
}

fn set<T>(list: &mut [T], at: usize, value: T) {
    if let Some(slot) = list.get_mut(at) {
        *slot = value;
    }
}
