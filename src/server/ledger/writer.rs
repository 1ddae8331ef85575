//! The one thread that keeps facts: it takes what has come in, decides, appends, waits for the disk, and lets the answers go.

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Steady};

use tokio::sync::{oneshot, watch};

use super::batch::Batch;
use super::counters::Counters;
use super::error::Error;
use super::index::Index;
use super::record::Record;
use super::space::has_room;
use crate::ledger::{
    Account, Action, CertificateKey, Command, Event, Key, Outcome, Rejection, Sale, SaleId, State,
};
use crate::server::clock;
use crate::server::journal::Journal;
use crate::server::meters::LedgerMeters;
use crate::time::Instant;

/// Commands of one batch: with one sync for all of them a hot code is no slower than a thousand cold ones.
const COMMANDS_AT_ONCE: usize = 1_024;
/// Bytes of facts after which a batch takes no more commands; the largest purchase of all is a quarter of it.
const BATCH_BYTES: usize = 4 << 20;
/// Holds that are ended at once, so that an expiry of thousands does not keep a till waiting.
const EXPIRED_AT_ONCE: usize = 256;
/// How often what has no other occasion is done: the journal's mark is synced, and the disk asked for room.
const TICK: Duration = Duration::from_secs(1);

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What.
    pub outcome: Outcome,
    /// The sale it is about, as it is now.
    pub sale: Option<Sale>,
}

/// The answer to a command. A rejection here is not on the record: the caller may put it there.
pub type Answer = Result<Settled, Rejection>;

/// A command that waits for its answer. Where the writer has failed the answer never comes: whether the command was kept is unknown.
pub(super) struct Job {
    pub(super) command: Command,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// What the writer tells everybody.
#[derive(Debug)]
pub(super) struct Told {
    /// Set when the writer has ended; why, when it has failed.
    pub(super) ended: watch::Sender<Option<Option<String>>>,
    /// Since when the index has been at work, while it is.
    pub(super) indexing: Mutex<Option<Steady>>,
    /// Whether there is room on the disk for new holds.
    pub(super) has_room: AtomicBool,
    /// Records of the journal.
    pub(super) sequence: AtomicU64,
    /// Whether the database of many nodes is away.
    pub(super) is_away: watch::Sender<bool>,
    /// How the work goes.
    pub(super) meters: LedgerMeters,
}

impl Told {
    /// Of a ledger with so many records.
    pub(super) fn new(sequence: u64, has_room: bool) -> Self {
        Told {
            ended: watch::Sender::new(None),
            indexing: Mutex::default(),
            has_room: AtomicBool::new(has_room),
            sequence: AtomicU64::new(sequence),
            is_away: watch::Sender::new(false),
            meters: LedgerMeters::default(),
        }
    }

    /// Says that the index is at work on something new, or that it is not.
    fn index_at_work(&self, is_at_work: bool) {
        let since = is_at_work.then(clock::steady);
        *self.indexing.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Since when the index has been at work on one thing, while it is.
    pub(super) fn indexing(&self) -> Option<Steady> {
        *self.indexing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer's belongings.
pub(super) struct Writer {
    pub(super) jobs: Receiver<Job>,
    pub(super) index: Arc<dyn Index>,
    pub(super) journal: Option<Journal>,
    pub(super) counters: Arc<Counters>,
    pub(super) told: Arc<Told>,
    pub(super) holds: BTreeSet<(Instant, SaleId)>,
    /// When certificates end. One whose end was moved may be here twice: what it has is asked then.
    pub(super) ends: BTreeSet<(Instant, CertificateKey)>,
    pub(super) now: Arc<dyn Fn() -> Instant + Send + Sync>,
    pub(super) ticked: Steady,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("told", &self.told).finish_non_exhaustive()
    }
}

impl Writer {
    /// Works until nobody is left who could send, or until something fails: then nothing is answered any more.
    pub(super) fn run(mut self) {
        if self.guarded(|writer| writer.work().and_then(|()| writer.close())) {
            self.told.ended.send_replace(Some(None));
        }
    }

    /// Does what has come in, and what is due, and does not wait for more. False when something has failed: then nothing is answered any more.
    pub(super) fn turn(&mut self) -> bool {
        self.guarded(|writer| {
            let mut waiting = VecDeque::new();
            writer.take(&mut waiting);
            writer.round(&mut waiting)
        })
    }

    /// Closes it in good order; false when that has failed.
    pub(super) fn end(&mut self) -> bool {
        self.guarded(Self::close)
    }

    /// A panic ends it like any other fault: nothing is answered any more, and the process starts anew from its journal.
    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Error>) -> bool {
        let done = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or(Err(Error::Panicked));
        let Err(error) = done else { return true };
        self.index.distrust();
        tracing::error!(%error, "the ledger has stopped; the service ends and reads its journal again at the next start");
        self.told.ended.send_replace(Some(Some(error.to_string())));
        false
    }

    fn work(&mut self) -> Result<(), Error> {
        let mut waiting: VecDeque<Job> = VecDeque::new();
        loop {
            if !self.wait(&mut waiting) {
                return Ok(());
            }
            self.round(&mut waiting)?;
        }
    }

    fn round(&mut self, waiting: &mut VecDeque<Job>) -> Result<(), Error> {
        self.tick()?;
        self.told.index_at_work(true);
        self.batch(waiting)?;
        self.told.index_at_work(false);
        Ok(())
    }

    /// Waits for something to do. False when nothing will ever come.
    fn wait(&mut self, waiting: &mut VecDeque<Job>) -> bool {
        if waiting.is_empty() {
            match self.jobs.recv_timeout(self.until_due()) {
                Ok(job) => waiting.push_back(job),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        self.take(waiting);
        true
    }

    /// Takes what has come in.
    fn take(&self, waiting: &mut VecDeque<Job>) {
        while waiting.len() < COMMANDS_AT_ONCE {
            match self.jobs.try_recv() {
                Ok(job) => waiting.push_back(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
    }

    /// Until the next hold ends, and at most until the next tick.
    fn until_due(&self) -> Duration {
        let holds = self.holds.first().map(|(at, _)| *at);
        let first = holds.into_iter().chain(self.ends.first().map(|(at, _)| *at)).min();
        let seconds = first.map(|at| at.unix().saturating_sub((self.now)().unix()));
        let due = seconds.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()));
        due.map_or(TICK, |due| due.clamp(Duration::from_millis(1), TICK))
    }

    fn tick(&mut self) -> Result<(), Error> {
        let now = clock::steady();
        let Some(journal) = self.journal.as_mut().filter(|_| now.duration_since(self.ticked) >= TICK) else {
            return Ok(());
        };
        self.ticked = now;
        journal.sync_mark()?;
        let has_room = has_room(Some(journal));
        if self.told.has_room.swap(has_room, Ordering::Relaxed) != has_room {
            tracing::warn!(has_room, "room on the disk of the ledger");
        }
        Ok(())
    }

    fn batch(&mut self, waiting: &mut VecDeque<Job>) -> Result<(), Error> {
        let index = Arc::clone(&self.index);
        let mut batch = Batch::new(index.as_ref());
        self.expire(&mut batch)?;
        let mut record = Record::default();
        record.take(&batch);
        let mut answers = Vec::new();
        while record.len() < BATCH_BYTES {
            let Some(job) = waiting.pop_front() else { break };
            self.told.index_at_work(true);
            let decided = batch.decide(&job.command)?;
            record.take(&batch);
            let request = job.command.request;
            let is_miss = matches!(job.command.action, Action::Miss(_));
            answers.push((job.answer, decided.map(|()| (!is_miss).then_some(request))));
        }
        self.told.meters.batch(answers.len());
        if !record.is_empty() {
            self.keep(&batch, &record.closed())?;
        }
        for (answer, decided) in answers {
            let settled = decided.and_then(|request| {
                let Some(request) = request else {
                    return Ok(Settled { outcome: Outcome::Done, sale: None });
                };
                let known = batch.balances().known(request);
                // What was decided without a rejection is known.
                let outcome = known.map(|known| known.outcome.clone()).ok_or(Rejection::SaleUnknown)?;
                let sale = outcome.sale().and_then(|sale| self.sale(&batch, sale));
                Ok(Settled { outcome, sale })
            });
            // Who no longer waits will ask again with the same id.
            let _ = answer.send(settled);
        }
        Ok(())
    }

    /// A sale as the batch leaves it. A call that was answered before is about a sale that the batch need not have looked at.
    fn sale(&self, batch: &Batch<'_, dyn Index>, id: SaleId) -> Option<Sale> {
        batch.balances().sale(id).cloned().or_else(|| match self.index.get(&Key::Sale(id)) {
            Ok(Some(Account::Sale(sale))) => Some(*sale),
            _ => None,
        })
    }

    fn expire(&mut self, batch: &mut Batch<'_, dyn Index>) -> Result<(), Error> {
        let now = (self.now)();
        let due: Vec<(Instant, SaleId)> =
            self.holds.iter().take_while(|(at, _)| *at <= now).take(EXPIRED_AT_ONCE).copied().collect();
        for hold in due {
            self.told.index_at_work(true);
            batch.expire(hold.1, now)?;
            self.holds.remove(&hold);
        }
        // What a hold gives back to a certificate that is over expires with it.
        self.ends.extend(batch.ends());
        let due: Vec<(Instant, CertificateKey)> =
            self.ends.iter().take_while(|(at, _)| *at <= now).take(EXPIRED_AT_ONCE).cloned().collect();
        for end in due {
            self.told.index_at_work(true);
            batch.expire_certificate(&end, now)?;
            self.ends.remove(&end);
        }
        Ok(())
    }

    /// First the disk, then everybody else.
    fn keep(&mut self, batch: &Batch<'_, dyn Index>, record: &[u8]) -> Result<(), Error> {
        self.told.index_at_work(false);
        let sequence = match &mut self.journal {
            Some(journal) => {
                let begun = clock::steady();
                let sequence = journal.append(record)?.sequence;
                self.told.meters.syncs.time(begun.elapsed());
                sequence
            }
            None => self.told.sequence.load(Ordering::Relaxed).saturating_add(1),
        };
        self.told.index_at_work(true);
        let changes = batch.changes();
        self.index.apply(&changes, sequence)?;
        self.ends.extend(batch.ends());
        self.told.sequence.store(sequence, Ordering::Relaxed);
        for (key, account) in &changes {
            if let (Key::Sale(id), Account::Sale(sale)) = (key, account) {
                match sale.state {
                    State::Held => self.holds.insert((sale.expires_at, *id)),
                    State::Committed | State::Cancelled | State::Expired => {
                        self.holds.remove(&(sale.expires_at, *id))
                    }
                };
            }
        }
        self.counters.set(changes.into_iter().filter_map(|change| match change {
            (Key::Counter(key), Account::Counter(counter)) => Some((key, counter)),
            _ => None,
        }));
        for fact in batch.facts() {
            if let Event::Expired { sale } = &fact.event {
                tracing::info!(%sale, "a hold has expired");
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        if let Some(journal) = &mut self.journal {
            journal.sync_mark()?;
        }
        self.told.index_at_work(true);
        let closed = self.index.close();
        self.told.index_at_work(false);
        closed
    }
}
