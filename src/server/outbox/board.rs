//! What is known of messages in memory: which are on their way, which were not delivered, whether the gateway fails.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::letters::LETTERS_MAX;
use super::message::{Delivery, Undelivered};
use crate::ledger::RequestId;
use crate::server::clock;

/// For how long a failure says that the next message will fail too. Twice the longest wait between two attempts at one message: while any
/// waits, it is known.
const OUTAGE: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(super) struct Board {
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    on_way: BTreeSet<RequestId>,
    // Oldest first.
    undelivered: VecDeque<Undelivered>,
    failed_at: Option<Instant>,
}

impl Board {
    /// With the entries of the dead-letter list, oldest first.
    pub(super) fn new(undelivered: VecDeque<Undelivered>) -> Self {
        let known = Known { on_way: BTreeSet::new(), undelivered, failed_at: None };
        Board { known: Mutex::new(known) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the message of a call is on its way; `false` when it was already.
    pub(super) fn begin(&self, id: RequestId) -> bool {
        self.known().on_way.insert(id)
    }

    /// Notes that it is not any more: delivered, or withdrawn.
    pub(super) fn end(&self, id: RequestId) {
        self.known().on_way.remove(&id);
    }

    /// Notes that it was given up.
    pub(super) fn bury(&self, letter: Undelivered) {
        let mut known = self.known();
        known.on_way.remove(&letter.id);
        known.undelivered.push_back(letter);
        if known.undelivered.len() > LETTERS_MAX {
            known.undelivered.pop_front();
        }
    }

    /// What became of the message of a call that the ledger has.
    pub(super) fn delivery(&self, id: RequestId) -> Delivery {
        let known = self.known();
        if known.on_way.contains(&id) {
            Delivery::Late
        } else if known.undelivered.iter().any(|letter| letter.id == id) {
            Delivery::Undelivered
        } else {
            Delivery::Sent
        }
    }

    /// The dead letters, newest first.
    pub(super) fn undelivered(&self) -> Vec<Undelivered> {
        self.known().undelivered.iter().rev().cloned().collect()
    }

    /// Notes whether the gateway works; whether that is news.
    pub(super) fn gateway(&self, works: bool) -> bool {
        let mut known = self.known();
        let knew = is_recent(known.failed_at);
        known.failed_at = (!works).then(clock::steady);
        knew == works
    }

    /// Whether the next message would fail, as far as is known.
    pub(super) fn is_failing(&self) -> bool {
        is_recent(self.known().failed_at)
    }
}

fn is_recent(failed_at: Option<Instant>) -> bool {
    failed_at.is_some_and(|at| clock::steady().saturating_duration_since(at) < OUTAGE)
}
