//! Where a way down stands: what waits, what is chosen, what is known to be best.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::super::solution::Worth;
use super::bound::Bounds;
use super::model::{Bits, Table};
use super::node::Node;
use super::price::Found;
use super::rows::ONE;
use super::trail::Trail;

/// Where a way through the lines stands.
#[derive(Clone, Copy)]
pub(super) struct Way {
    /// What it takes off with the amounts at most, charged by the multipliers and not.
    pub charged: i64,
    pub plain: i64,
    pub value: i64,
    pub used: Bits,
    /// Offers whose benefit, which the retailer assigns, went to dearer units, and to units of this price.
    pub given: Bits,
    pub giving: Bits,
}

/// Why a way down ends early.
pub(super) enum Halt {
    /// The picks do not keep what this switch asks for.
    Broken(usize),
    /// Enough for a first look.
    Impatient,
    /// Too much work.
    Weary,
    /// A price that sums do not tell.
    Lost,
}

pub(super) struct Digger<'t> {
    pub table: &'t Table<'t>,
    pub worth: Option<&'t Worth<'t>>,
    pub left: u32,
    /// Steps that a node takes.
    pub node_steps: u32,
    /// Where the steps end that the lines of a node may take.
    pub until: u32,
    pub bounds: Bounds,
    pub trail: Trail,
    /// What waits to be looked at.
    pub open: BinaryHeap<Node>,
    pub made: u32,
    /// What everything takes off at most that is not looked at yet.
    pub ceiling: i64,
    pub best: Option<Found>,
}

impl Digger<'_> {
    /// Whether nothing under a bound can replace the best: it is less, or as much and loses or repeats the tie.
    pub(super) fn is_hopeless(&self, bound: i64, used: Bits) -> bool {
        let Some(best) = &self.best else {
            return false;
        };
        match bound.div_euclid(ONE).cmp(&best.value) {
            Ordering::Less => true,
            Ordering::Greater => false,
            // Of a level above the last only the sum is wanted.
            Ordering::Equal if self.table.level + 1 < self.table.problem.levels => true,
            Ordering::Equal => {
                let up = |used: Bits| (used & self.table.uses_up).count_ones();
                let by_use = (up(used), used.count_ones()).cmp(&(up(best.used), best.used.count_ones()));
                by_use == Ordering::Greater || by_use == Ordering::Equal && used == best.used
            }
        }
    }
}
