//! What is known of messages in memory: which are on their way, which were not delivered, whether the gateway fails.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher as _, BuildHasherDefault};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::FxHasher;

use super::letters::LETTERS_MAX;
use super::message::{Delivery, Message, Standing, Undelivered};
use crate::ledger::RequestId;
use crate::server::clock;
use crate::time::Instant as Moment;

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
    // The newest message for a certificate and phone, by a hash of both, until its password ends: of two one is alive.
    newest: BTreeMap<u64, Newest>,
    // Oldest first.
    undelivered: VecDeque<Undelivered>,
    // Since the start: the list forgets.
    given_up: u64,
    failed_at: Option<Instant>,
}

/// When a message was asked for, its call, and when its password ends.
type Newest = (Moment, RequestId, Moment);

impl Board {
    /// With the entries of the dead-letter list, oldest first.
    pub(super) fn new(undelivered: VecDeque<Undelivered>) -> Self {
        let newest = BTreeMap::new();
        let known = Known { on_way: BTreeSet::new(), newest, undelivered, given_up: 0, failed_at: None };
        Board { known: Mutex::new(known) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the message of a call is on its way; `false` when it was already.
    pub(super) fn begin(&self, id: RequestId) -> bool {
        self.known().on_way.insert(id)
    }

    /// Notes that a message goes out, when no newer one does.
    pub(super) fn set_out(&self, message: &Message) {
        let own = (message.created_at, message.id, message.expires_at);
        let (mut known, now) = (self.known(), clock::now());
        known.newest.retain(|_, (_, _, ends)| *ends > now);
        let newest = known.newest.entry(certificate_of(message)).or_insert(own);
        *newest = (*newest).max(own);
    }

    /// Whether a newer one goes out for the same certificate and phone: then the password of this one is dead.
    pub(super) fn is_replaced(&self, message: &Message) -> bool {
        let known = self.known();
        known.newest.get(&certificate_of(message)).is_some_and(|(_, id, _)| *id != message.id)
    }

    /// Notes that it is not any more: delivered, or withdrawn.
    pub(super) fn end(&self, id: RequestId) {
        self.known().on_way.remove(&id);
    }

    /// Notes that it was given up.
    pub(super) fn bury(&self, letter: Undelivered) {
        let mut known = self.known();
        known.on_way.remove(&letter.id);
        known.given_up = known.given_up.saturating_add(1);
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

    /// How messages stand.
    pub(super) fn standing(&self) -> Standing {
        let known = self.known();
        Standing {
            on_way: known.on_way.len(),
            undelivered: known.undelivered.len(),
            given_up: known.given_up,
            is_failing: is_recent(known.failed_at),
        }
    }

    /// Whether the next message would fail, as far as is known.
    pub(super) fn is_failing(&self) -> bool {
        is_recent(self.known().failed_at)
    }
}

fn certificate_of(message: &Message) -> u64 {
    let named = (message.phone.as_e164(), message.certificate.as_str());
    BuildHasherDefault::<FxHasher>::default().hash_one(named)
}

fn is_recent(failed_at: Option<Instant>) -> bool {
    failed_at.is_some_and(|at| clock::steady().saturating_duration_since(at) < OUTAGE)
}
