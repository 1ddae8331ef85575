//! Down through what couples the lines, what promises most first: only what the best options break is decided.

use std::collections::BinaryHeap;

use smallvec::SmallVec;

use super::super::search::Best;
use super::super::solution::Worth;
use super::bound::Bounds;
use super::model::{Bits, Setting, Table};
use super::node::Node;
use super::path::{Digger, Halt};
use super::rows::{ONE, Of};
use super::trail::Trail;

/// Steps that a node takes, and how many numbers of its rows take one more.
const NODE_STEPS: u32 = 8;
const ADDS_A_STEP: usize = 512;
/// Steps that the lines of a node may take in haste.
const HASTY: u32 = 200;

impl<'t> Digger<'t> {
    pub(super) fn new(table: &'t Table<'t>, most: u32, worth: Option<&'t Worth<'t>>) -> Self {
        let bounds = Bounds::of(table);
        Digger {
            table,
            worth,
            left: most,
            node_steps: NODE_STEPS + u32::try_from(bounds.frame.adds.len() / ADDS_A_STEP).unwrap_or(u32::MAX),
            until: 0,
            bounds,
            trail: Trail::default(),
            open: BinaryHeap::new(),
            made: 0,
            ceiling: i64::MAX,
            best: None,
        }
    }

    /// The best assignment; where the steps did not last, with what everything takes off at most; and the steps that are left.
    pub(super) fn best(mut self) -> Option<(Best, Option<i64>, u32)> {
        let ceiling = match self.search() {
            Ok(()) => None,
            Err(Halt::Weary) => {
                let waits = self.open.peek().map_or(i64::MIN, |node| node.bound);
                Some(self.ceiling.max(waits).div_euclid(ONE))
            }
            Err(_) => return None,
        };
        let best = self.best?;
        Some((best.priced(self.table)?, ceiling, self.left))
    }

    /// The most that is taken off, and the steps that are left.
    pub(super) fn most(mut self) -> Option<(i64, u32)> {
        self.search().ok()?;
        let mut best = self.best?;
        best.price(self.table)?;
        Some((best.value, self.left))
    }

    fn search(&mut self) -> Result<(), Halt> {
        let root = self.root();
        self.weigh(root)?;
        while let Some(node) = self.open.pop() {
            if self.is_hopeless(node.bound, node.used) {
                continue;
            }
            self.ceiling = node.bound;
            if !self.bounds.charge(self.table, &node) {
                return Err(Halt::Lost);
            }
            match self.broken(&node) {
                Some(switch) => self.decide(&node, switch)?,
                None => self.look(node)?,
            }
        }
        Ok(())
    }

    /// The root from the better of two beginnings.
    fn root(&mut self) -> Node {
        let rows = self.bounds.frame.rows.len();
        let one = Node::root(self.table, SmallVec::from_elem(0, rows));
        let begin = self.bounds.frame.begin(self.table);
        if begin.iter().all(|&multiplier| multiplier == 0) {
            return one;
        }
        let other = Node::root(self.table, begin);
        let mut tuned = |mut node: Node| {
            self.bounds.charge(self.table, &node);
            self.bounds.tune(&mut node);
            node
        };
        let (one, other) = (tuned(one), tuned(other));
        if one.bound <= other.bound { one } else { other }
    }

    /// Puts a node among those that wait, if it promises anything.
    fn weigh(&mut self, mut node: Node) -> Result<(), Halt> {
        self.left = self.left.checked_sub(self.node_steps).ok_or(Halt::Weary)?;
        if !self.bounds.charge(self.table, &node) || !self.bounds.tune(&mut node) {
            return Ok(());
        }
        if !self.is_hopeless(node.bound, node.used) {
            self.made += 1;
            node.made = self.made;
            self.open.push(node);
        }
        Ok(())
    }

    /// Looks at the lines of a node where the best options break nothing.
    fn look(&mut self, node: Node) -> Result<(), Halt> {
        self.until = self.left.saturating_sub(HASTY);
        let switch = match self.dig(&node) {
            Err(Halt::Broken(switch)) => switch,
            Err(Halt::Impatient) => match (0..self.table.switches.len()).find(|&switch| node.is_open(switch))
            {
                Some(switch) => switch,
                None => return self.deal(&node),
            },
            ended => return ended,
        };
        self.decide(&node, switch)
    }

    /// Goes on with the next line. What is put in last is looked at first among equals.
    fn deal(&mut self, node: &Node) -> Result<(), Halt> {
        self.ways(node)?.into_iter().rev().try_for_each(|child| self.weigh(child))
    }

    fn decide(&mut self, node: &Node, switch: usize) -> Result<(), Halt> {
        let table = self.table;
        let settings = table.switches.get(switch).filter(|_| node.is_open(switch));
        for at in settings.ok_or(Halt::Lost)?.settings.clone() {
            self.weigh(node.with(table, switch, at).ok_or(Halt::Lost)?)?;
        }
        Ok(())
    }

    /// The open switch that has most at stake of those whose setting the best options do not keep.
    fn broken(&self, node: &Node) -> Option<usize> {
        let lines = self.table.lines.len();
        let mut most: Option<(i64, usize)> = None;
        for (place, switch) in
            self.table.switches.iter().enumerate().filter(|&(place, _)| node.is_open(place))
        {
            let stake = if switch.tiers == 0 {
                let best = self.bounds.best(lines + place).saturating_sub(self.table.picks.len());
                let setting = self.table.settings.get(best);
                setting.filter(|setting| !self.is_kept(node, setting)).map(|setting| setting.amount)
            } else {
                self.tiers_at_stake(node, switch.tiers, self.table.settings(switch))
            };
            if let Some(stake) = stake.filter(|&stake| most.is_none_or(|(most, _)| stake > most)) {
                most = Some((stake, place));
            }
        }
        most.map(|(_, place)| place)
    }

    /// What units with these tiers take off, where no setting is kept that has those of the best picks.
    fn tiers_at_stake(&self, node: &Node, tiers: Bits, settings: &[Setting]) -> Option<i64> {
        let (mut own, mut stake) = (0, 0);
        let lines = self.table.lines.iter().enumerate().skip(node.lines);
        let open = lines.map(|(part, line)| (self.bounds.best(part), line.quantity));
        for (pick, count) in open.chain(node.given.iter().map(|one| (one.pick, one.count))) {
            if let Some(pick) = self.table.picks.get(pick).filter(|pick| pick.tiers & tiers != 0) {
                own |= pick.tiers & tiers;
                stake += pick.value * i64::from(count);
            }
        }
        let mut carried = settings.iter().filter(|setting| own & !setting.tiers == 0);
        (own != 0 && !carried.any(|setting| self.is_kept(node, setting))).then_some(stake)
    }

    /// Whether the best picks reach what a setting asks for, and no more.
    fn is_kept(&self, node: &Node, setting: &Setting) -> bool {
        let sum = |of| self.bounds.row(of).map_or(0, |row| self.bounds.sum(self.table, node, row));
        setting.need.is_none_or(|(gauge, least)| least <= sum(Of::Need(gauge)))
            && setting.limit.is_none_or(|(gauge, most)| sum(Of::Limit(gauge)) <= most)
    }
}
