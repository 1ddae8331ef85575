//! What is seen of the ledger from beside it, without keeping it open.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::counters::Counters;
use super::writer::Told;
use crate::server::meters::LedgerMeters;

/// A look at the ledger, as often as one likes.
#[derive(Debug, Clone)]
pub struct Glance {
    told: Arc<Told>,
    counters: Arc<Counters>,
    is_shared: bool,
}

impl Glance {
    pub(super) fn new(told: Arc<Told>, counters: Arc<Counters>, is_shared: bool) -> Self {
        Glance { told, counters, is_shared }
    }

    /// Whether other nodes keep promises beside this one.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Whether the database of many nodes is away.
    #[must_use]
    pub fn is_away(&self) -> bool {
        *self.told.is_away.borrow()
    }

    /// How old counters may be at most; nothing where this node is the only one that keeps any.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.counters.age()
    }

    /// Whether there is room on the disk for new holds.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.told.has_room.load(Ordering::Relaxed)
    }

    /// Records that are kept.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.told.sequence.load(Ordering::Relaxed)
    }

    /// How the work goes.
    #[must_use]
    pub fn meters(&self) -> &LedgerMeters {
        &self.told.meters
    }
}
