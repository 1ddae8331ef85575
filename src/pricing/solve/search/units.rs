//! Every assignment under settings of all switches, one after the other: for what labels cannot tell apart.

use std::cmp::Ordering;
use std::iter::Rev;
use std::ops::RangeInclusive;

use fixedbitset::FixedBitSet;

use super::super::relax::whole;
use super::super::route::{Label, Route};
use super::super::tie::Used;
use super::super::way::Served;
use super::state::Search;
use crate::pricing::settle::Value;

impl Search<'_> {
    /// Gives choices to the units, line by line, pick by pick: each pick to as many of the line's open units as may be, then
    /// to fewer. A stack of its own keeps a basket of a thousand lines off the thread's.
    pub(super) fn units(
        &mut self,
        route: &Route<'_>,
        root: Node,
        on: &FixedBitSet,
        ceiling: &Value,
        steps: u64,
    ) {
        let end = self.left - steps;
        let mut served: Vec<Served> = Vec::with_capacity(route.relaxation.lines.len());
        let mut stack = vec![Frame { node: root, counts: None, has_units: false }];
        while let Some(top) = stack.last_mut() {
            if self.left <= end {
                self.leave_open(ceiling);
                return;
            }
            self.left -= 1;
            if std::mem::take(&mut top.has_units) {
                served.pop();
            }
            let next = match &mut top.counts {
                Some(counts) => counts.next(),
                None => {
                    let mut counts = self.open(route, &mut top.node, &served, on);
                    let next = counts.next();
                    top.counts = Some(counts);
                    next
                }
            };
            let Some(count) = next else {
                stack.pop();
                continue;
            };
            if let Some((child, units)) = child(route, &top.node, count) {
                top.has_units = units.is_some();
                served.extend(units);
                stack.push(Frame { node: child, counts: None, has_units: false });
            }
        }
    }

    /// Opens a node: how many units its pick may be given to, the most first; none where there is nothing to be found, or
    /// where everything is given and the assignment could be priced.
    fn open(
        &mut self,
        route: &Route<'_>,
        node: &mut Node,
        served: &[Served],
        on: &FixedBitSet,
    ) -> Rev<RangeInclusive<u32>> {
        let nothing = RangeInclusive::new(1, 0).rev();
        if node.label.left == 0 {
            if !route.end(&mut node.label, node.line) {
                return nothing;
            }
            node.line += 1;
            node.pick = 0;
        }
        let Some(line) = route.relaxation.lines.get(node.line) else {
            let most = route.total(&node.label);
            if !self.leaf(served, on, &most) {
                self.leave_open(&most);
            }
            return nothing;
        };
        let open = line.picks.get(node.pick..).unwrap_or_default();
        if open.is_empty() {
            return nothing;
        }
        let bound = whole(&route.prospect(&node.label, node.line, open));
        if self.is_hopeless(&bound, &node.label.used) || !route.can_hold(&node.label, node.line, open) {
            return nothing;
        }
        let is_last = node.pick + 1 == line.picks.len();
        (if is_last { node.label.left } else { 0 }..=node.label.left).rev()
    }

    /// Whether nothing under a bound can replace the best: it is worse, or equal and loses or repeats the tie.
    fn is_hopeless(&self, bound: &Value, used: &Used) -> bool {
        match bound.cmp(&self.best.settled.value) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => {
                let best = &self.best.used;
                let by_use = used.up.cmp(&best.up).then(used.count().cmp(&best.count()));
                used.up > best.up
                    || (by_use != Ordering::Less && (by_use == Ordering::Greater || used == best))
            }
        }
    }
}

/// The node after `count` units got the pick, and the units; `None` where that is not legal.
fn child(route: &Route<'_>, node: &Node, count: u32) -> Option<(Node, Option<Served>)> {
    let line = route.relaxation.lines.get(node.line)?;
    let pick = line.picks.get(node.pick)?;
    let label = route.grown(&node.label, node.line, pick, count)?;
    let served = (count > 0).then_some(Served { line: line.line, choice: pick.choice, count });
    Some((Node { line: node.line, pick: node.pick + 1, label }, served))
}

/// A node on the stack, with the counts that are still to be tried.
struct Frame {
    node: Node,
    counts: Option<Rev<RangeInclusive<u32>>>,
    /// Whether the last units of the assignment are this node's.
    has_units: bool,
}

/// A place in the lower search.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) pick: usize,
    pub(super) label: Label,
}
