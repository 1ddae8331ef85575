//! Threads that keep facts in the database: each takes what has come in, has its turn, and lets the answers go.
//!
//! While the database is away nobody is kept waiting: what comes in is told at once that nothing is known, and one thread asks now and
//! then whether it is back. A call whose answer was lost is asked again with its id, and then has one answer, whichever it was.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Steady};

use super::turn::{Done, Turn};
use crate::ledger::Command;
use crate::server::clock;
use crate::server::database::{News, Topic};
use crate::server::ledger::counters::Counters;
use crate::server::ledger::error::Error;
use crate::server::ledger::writer::{Answer, Job, Told};
use crate::time::Instant;

/// Threads of one node: while the disk of the database works for one, another decides.
const LANES: usize = 2;
/// Commands of one batch.
const COMMANDS_AT_ONCE: usize = 256;
/// How often what is due is asked for when nothing comes in.
const TICK: Duration = Duration::from_millis(500);
/// How often a database that is away is asked whether it is back.
const PROBE: Duration = Duration::from_millis(200);
/// How long a command may wait in all for a database that gives way or stumbles. Then its caller had better ask again.
const PATIENCE: Duration = Duration::from_secs(3);

/// The threads of one node, and what they share.
#[derive(Debug)]
pub(in crate::server::ledger) struct Lanes;

impl Lanes {
    /// How many there are.
    pub(in crate::server::ledger) const COUNT: usize = LANES;
}

/// One thread's belongings.
pub(in crate::server::ledger) struct Lane {
    pub(in crate::server::ledger) jobs: Arc<Mutex<Receiver<Job>>>,
    pub(in crate::server::ledger) turn: Turn,
    pub(in crate::server::ledger) counters: Arc<Counters>,
    pub(in crate::server::ledger) told: Arc<Told>,
    pub(in crate::server::ledger) news: Arc<News>,
    pub(in crate::server::ledger) now: Arc<dyn Fn() -> Instant + Send + Sync>,
    /// Whether it looks after what is due and whether the database is back.
    pub(in crate::server::ledger) is_first: bool,
}

/// Commands of one batch, and who waits for them.
#[derive(Default)]
struct Waiting {
    commands: VecDeque<Command>,
    answers: VecDeque<tokio::sync::oneshot::Sender<Answer>>,
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
    /// Works until nobody is left who could send.
    pub(in crate::server::ledger) fn run(self) {
        if catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            let error = Error::Panicked;
            tracing::error!(%error, "the ledger has stopped");
            self.told.ended.send_replace(Some(Some(error.to_string())));
        }
    }

    fn work(&self) {
        let mut waiting = Waiting::default();
        let mut is_due = false;
        loop {
            let pause = if is_due { Duration::ZERO } else { self.pause() };
            if !self.wait(&mut waiting, pause) {
                return;
            }
            if *self.told.is_away.borrow() {
                waiting = Waiting::default();
                is_due = false;
                if self.is_first {
                    self.probe();
                }
                continue;
            }
            if waiting.is_empty() && !self.is_first && !is_due {
                continue;
            }
            is_due = self.turn(&mut waiting);
        }
    }

    fn pause(&self) -> Duration {
        if *self.told.is_away.borrow() { PROBE } else { TICK }
    }

    /// Waits for something to do. False when nothing will ever come.
    fn wait(&self, waiting: &mut Waiting, pause: Duration) -> bool {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            match jobs.recv_timeout(pause) {
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

    /// One batch, again where somebody was quicker. Whether more is due at once.
    fn turn(&self, waiting: &mut Waiting) -> bool {
        let commands: Arc<Vec<Command>> = Arc::new(waiting.commands.drain(..).collect());
        let mut answers = std::mem::take(&mut waiting.answers);
        let begun = waiting.since.take().unwrap_or_else(clock::steady);
        loop {
            match self.turn.take(Arc::clone(&commands), (self.now)()) {
                Ok(done) => {
                    self.settle(&done);
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
                    return done.is_due;
                }
                Err(error) if error.is_away() => {
                    let is_lost = clock::steady().duration_since(begun) >= PATIENCE;
                    let has_given_way = matches!(&error, Error::Database(error) if error.has_given_way());
                    if has_given_way && !is_lost {
                        continue;
                    }
                    if !has_given_way {
                        // The next probe tells; a connection that was cut is no outage.
                        if !is_lost && self.turn.probe().is_ok() {
                            continue;
                        }
                        if !self.told.is_away.send_replace(true) {
                            tracing::error!(%error, "the database is away; prices go on, nothing is reserved until it is back");
                        }
                    }
                    return false;
                }
                Err(error) => {
                    tracing::error!(%error, "the database has refused a batch");
                    return self.one_by_one(&commands, answers);
                }
            }
        }
    }

    /// What the database refuses together is asked one by one: one of them at fault must not take the others with it.
    fn one_by_one(
        &self,
        commands: &Arc<Vec<Command>>,
        answers: VecDeque<tokio::sync::oneshot::Sender<Answer>>,
    ) -> bool {
        if commands.len() < 2 {
            return false;
        }
        for (command, to) in commands.iter().zip(answers) {
            match self.turn.take(Arc::new(vec![command.clone()]), (self.now)()) {
                Ok(mut done) => {
                    self.settle(&done);
                    if let Some(answer) = done.answers.pop() {
                        let _ = to.send(answer);
                    }
                }
                Err(error) => tracing::error!(%error, "the database has refused a command"),
            }
        }
        false
    }

    fn settle(&self, done: &Done) {
        if let Some(sequence) = done.sequence {
            self.told.sequence.fetch_max(sequence, Ordering::Relaxed);
            self.news.tell(Topic::Ledger);
        }
        self.counters.set(done.counters.iter().cloned());
        for sale in &done.expired {
            tracing::info!(%sale, "a hold has expired");
        }
    }
}
