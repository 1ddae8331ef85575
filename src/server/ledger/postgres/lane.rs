//! Threads that keep facts in the database: each takes what has come in, has its turn, and lets the answers go.
//!
//! While the database is away nobody is kept waiting: what comes in is told at once that nothing is known, and one thread beside the others
//! asks now and then whether it is back. A call whose answer was lost is asked again with its id, and then has one answer, whichever it was.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant as Steady};

use super::turn::{Back, Done, Turn};
use crate::ledger::Command;
use crate::server::clock;
use crate::server::database::{News, Topic};
use crate::server::ledger::counters::Counters;
use crate::server::ledger::error::Error;
use crate::server::ledger::recent::Recent;
use crate::server::ledger::writer::{Answer, Job, Told};
use crate::time::Instant;

/// Commands of one batch.
const COMMANDS_AT_ONCE: usize = 256;
/// How often what is due is asked for when nothing comes in, and whether the database is there.
const TICK: Duration = Duration::from_millis(250);
/// Ticks between two looks at all that is due.
const WHOLLY: u32 = 40;
/// How often a database that is away is asked whether it is back.
const PROBE: Duration = Duration::from_millis(200);
/// How long a command may wait in all for a database that gives way or stumbles. Then its caller had better ask again.
const PATIENCE: Duration = Duration::from_secs(3);
/// The first pause after the database has given way; each is twice as long, up to the last.
const PAUSE: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(100);
/// How often something that is due at once is looked for behind a batch.
const DUE_MAX: u32 = 16;

/// What the threads of one node share.
pub(in crate::server::ledger) struct Lane {
    pub(in crate::server::ledger) jobs: Arc<Mutex<Receiver<Job>>>,
    pub(in crate::server::ledger) turn: Turn,
    pub(in crate::server::ledger) counters: Arc<Counters>,
    pub(in crate::server::ledger) told: Arc<Told>,
    pub(in crate::server::ledger) news: Arc<News>,
    pub(in crate::server::ledger) recent: Arc<Recent>,
    pub(in crate::server::ledger) now: Arc<dyn Fn() -> Instant + Send + Sync>,
}

type To = tokio::sync::oneshot::Sender<Answer>;

/// Commands of one batch, and who waits for them.
#[derive(Default)]
struct Waiting {
    commands: VecDeque<Command>,
    answers: VecDeque<To>,
    since: Option<Steady>,
}

impl Waiting {
    fn push(&mut self, job: Job) {
        self.since.get_or_insert_with(clock::steady);
        self.commands.push_back(job.command);
        self.answers.push_back(job.answer);
    }

    fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

impl Lane {
    /// Keeps what comes in, until nobody is left who could send.
    pub(in crate::server::ledger) fn run(&self) {
        self.guarded(|| {
            let mut waiting = Waiting::default();
            while self.wait(&mut waiting) {
                if self.is_away() {
                    waiting = Waiting::default();
                    continue;
                }
                if waiting.is_empty() {
                    continue;
                }
                let mut is_due = self.turn(&mut waiting, Back::Lately);
                // What a batch has left with its end behind it ends at once, with nobody asking.
                for _ in 0..DUE_MAX {
                    if !is_due {
                        break;
                    }
                    is_due = self.turn(&mut Waiting::default(), Back::Wholly);
                }
            }
        });
    }

    /// Ends what is due and looks after the database, until `open` is closed.
    pub(in crate::server::ledger) fn tend(&self, open: &Receiver<()>) {
        self.guarded(|| {
            let mut ticks = 0_u32;
            loop {
                let pause = if self.is_away() { PROBE } else { TICK };
                if !matches!(open.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                    return;
                }
                if self.is_away() {
                    self.probe();
                    continue;
                }
                let back = if ticks.is_multiple_of(WHOLLY) { Back::Wholly } else { Back::Lately };
                ticks = ticks.wrapping_add(1);
                self.turn(&mut Waiting::default(), back);
            }
        });
    }

    fn guarded(&self, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            let error = Error::Panicked;
            tracing::error!(%error, "the ledger has stopped");
            self.told.ended.send_replace(Some(Some(error.to_string())));
        }
    }

    fn is_away(&self) -> bool {
        *self.told.is_away.borrow()
    }

    /// Waits for something to do. False when nothing will ever come.
    fn wait(&self, waiting: &mut Waiting) -> bool {
        let jobs = if waiting.is_empty() {
            self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
        } else {
            // Another waits there for what comes: what is at hand does not.
            match self.jobs.try_lock() {
                Ok(jobs) => jobs,
                Err(TryLockError::Poisoned(jobs)) => jobs.into_inner(),
                Err(TryLockError::WouldBlock) => return true,
            }
        };
        if waiting.is_empty() {
            match jobs.recv_timeout(TICK) {
                Ok(job) => waiting.push(job),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        while waiting.commands.len() < COMMANDS_AT_ONCE {
            match jobs.try_recv() {
                Ok(job) => waiting.push(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        true
    }

    fn probe(&self) {
        match self.turn.probe() {
            Ok(()) => {
                tracing::warn!("the database is back");
                self.told.is_away.send_replace(false);
            }
            Err(error) => tracing::debug!(%error, "the database is still away"),
        }
    }

    /// Whether the database takes no writes; from then on nobody waits for it.
    fn has_gone(&self, error: &Error) -> bool {
        let has_gone = self.turn.probe().is_err();
        if has_gone && !self.told.is_away.send_replace(true) {
            tracing::error!(%error, "the database is away; prices go on, nothing is reserved until it is back");
        }
        has_gone
    }

    /// One batch, again where somebody was quicker. Whether more is due at once.
    fn turn(&self, waiting: &mut Waiting, back: Back) -> bool {
        let commands: Arc<Vec<Command>> = Arc::new(waiting.commands.drain(..).collect());
        let mut answers = std::mem::take(&mut waiting.answers);
        let begun = waiting.since.take().unwrap_or_else(clock::steady);
        let done = match self.taken(&commands, back, begun) {
            Ok(done) => done,
            Err(error) if error.is_away() => return false,
            Err(error) => {
                tracing::error!(%error, "the database has refused a batch");
                self.one_by_one(&commands, answers);
                return false;
            }
        };
        let taken = done.answers.len();
        for answer in done.answers {
            if let Some(to) = answers.pop_front() {
                // Who no longer waits will ask again with the same id.
                let _ = to.send(answer);
            }
        }
        // What was too much for one batch comes first in the next.
        for command in commands.iter().skip(taken) {
            waiting.since.get_or_insert(begun);
            waiting.commands.push_back(command.clone());
        }
        waiting.answers = answers;
        done.is_due
    }

    /// Has its turn, as often as the database gives way and somebody may still wait.
    fn taken(&self, commands: &Arc<Vec<Command>>, back: Back, begun: Steady) -> Result<Done, Error> {
        let mut pause = PAUSE;
        loop {
            let left = PATIENCE.saturating_sub(clock::steady().duration_since(begun)).max(PAUSE_MAX);
            let turn = clock::steady();
            let error = match self.turn.take(Arc::clone(commands), (self.now)(), back, left) {
                Ok(done) => {
                    if done.sequence.is_some() {
                        self.told.meters.syncs.time(turn.elapsed());
                    }
                    self.told.meters.batch(done.answers.len());
                    self.settle(&done);
                    return Ok(done);
                }
                Err(error) => error,
            };
            let has_given_way = matches!(&error, Error::Database(error) if error.has_given_way());
            if !error.is_away() || !has_given_way && self.has_gone(&error) {
                return Err(error);
            }
            if clock::steady().duration_since(begun) >= PATIENCE {
                tracing::warn!(%error, commands = commands.len(), "a batch is given up: whoever asked will ask again");
                return Err(error);
            }
            sleep(pause);
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }

    /// What the database refuses together is asked one by one: one of them at fault must not take the others with it.
    fn one_by_one(&self, commands: &Arc<Vec<Command>>, answers: VecDeque<To>) {
        if commands.len() < 2 {
            return;
        }
        for (command, to) in commands.iter().zip(answers) {
            match self.taken(&Arc::new(vec![command.clone()]), Back::Lately, clock::steady()) {
                Ok(mut done) => {
                    if let Some(answer) = done.answers.pop() {
                        let _ = to.send(answer);
                    }
                }
                Err(error) if error.is_away() => return,
                Err(error) => tracing::error!(%error, "the database has refused a command"),
            }
        }
    }

    fn settle(&self, done: &Done) {
        if let Some(sequence) = done.sequence {
            self.told.sequence.fetch_max(sequence, std::sync::atomic::Ordering::Relaxed);
            self.news.tell(Topic::Ledger);
        }
        self.counters.set(done.counters.iter().cloned());
        self.recent.forget(&done.changed);
        for sale in &done.expired {
            tracing::info!(%sale, "a hold has expired");
        }
    }
}
