//! The nodes that wait to be looked at.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::super::relax::{Fixed, Known};
use super::super::switch::{Plan, Setting};
use crate::pricing::settle::Value;

/// What is decided at a node.
#[derive(Debug, Clone)]
pub(super) struct Decided {
    /// The setting of each switch.
    pub(super) settings: Vec<Option<Setting>>,
    /// Single units.
    pub(super) fixed: Fixed,
}

impl Decided {
    pub(super) fn nothing(plan: &Plan) -> Self {
        Decided { settings: vec![None; plan.switches.len()], fixed: Fixed::default() }
    }
}

/// A part of the problem that may hold something better.
pub(super) struct Node {
    /// No assignment of it takes off more.
    pub(super) bound: Value,
    pub(super) decided: Decided,
    /// Multipliers to begin with; those of one parent are one.
    pub(super) known: Rc<Known>,
    /// When it came: of those that promise the same the latest is looked at first, so that a way is gone to its end.
    turn: usize,
}

/// The nodes, the most promising first.
#[derive(Default)]
pub(super) struct Queue {
    nodes: BinaryHeap<Node>,
    turn: usize,
}

impl Queue {
    pub(super) fn push(&mut self, bound: Value, decided: Decided, known: Rc<Known>) {
        self.turn += 1;
        self.nodes.push(Node { bound, decided, known, turn: self.turn });
    }

    pub(super) fn pop(&mut self) -> Option<Node> {
        self.nodes.pop()
    }
}

impl Ord for Node {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.cmp(&other.bound).then(self.turn.cmp(&other.turn))
    }
}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Node {}
