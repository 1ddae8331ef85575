//! Opening the ledger: what is on disk becomes balances, and the writer begins.

use std::fs::File;
use std::future::pending;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::sleep;
use tracing::Instrument;

use super::batch::Batch;
use super::counters::Counters;
use super::embedded::{embedded, in_memory, lock, whole};
use super::error::Error;
use super::glance::Glance;
use super::index::Index;
use super::memory::Memory;
use super::postgres::{self, Following, Lane, Tables, Turn};
use super::recent::Recent;
use super::space::has_room;
use super::writer::{Answer, Job, Told, Writer};
use crate::ledger::{Account, Command, Fact, Key, Known, Rejection, RequestId, Sale, SaleId};
use crate::server::clock;
use crate::server::database::{self, Shared};
use crate::server::journal::{self, Journal, Place};
use crate::server::secrets::Entropy;
use crate::server::spans;
use crate::time::Instant;

/// Commands that wait for the writer. With more, callers wait before they are let in.
const JOBS_WAITING_MAX: usize = 8_192;

/// Threads of a node over a database that keep what comes in: while the disk of the database works for one, another decides.
const LANES: usize = 2;
/// Looks that may find the index at the same work. It waits for no sync: what takes so long will not come back, for after a failed write sled
/// may wait for ever.
const LOOKS_MAX: u32 = 8;
/// How often the writer is looked after.
const WATCH: Duration = Duration::from_secs(1);

/// Where the ledger lies.
#[derive(Debug, Clone)]
pub enum Options {
    /// In memory: nothing outlives the process.
    Memory,
    /// Below this folder: `journal` and `index`.
    Embedded(PathBuf),
    /// In a database that many nodes share.
    Shared(Shared),
}

/// A clock of whole seconds.
pub type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The ledger. Clones are the same one; when the last is dropped it ends in good order.
#[derive(Debug, Clone)]
pub struct Ledger(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    jobs: Option<SyncSender<Job>>,
    index: Arc<dyn Index>,
    counters: Arc<Counters>,
    told: Arc<Told>,
    threads: Vec<JoinHandle<()>>,
    /// The writer, where it has no thread.
    in_place: Mutex<Option<Writer>>,
    /// What quotes ask of a database again and again.
    recent: Option<Arc<Recent>>,
    following: Option<Following>,
    /// As long as it is there, what is due is ended and the database is looked after.
    tender: Option<Sender<()>>,
    /// Held as long as the ledger is open: two writers would each promise the same.
    _lock: Option<File>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without senders the writer ends after what has come in.
        self.jobs = None;
        self.tender = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        if let Some(writer) = self.in_place().as_mut() {
            writer.end();
        }
    }
}

impl Inner {
    fn in_place(&self) -> MutexGuard<'_, Option<Writer>> {
        self.in_place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Opens the ledger: recovers the journal, brings the index up to it or builds it anew, and starts the writer.
    ///
    /// # Errors
    /// The journal is damaged, in use, or cannot be read; the disk says no.
    pub fn open(options: &Options) -> Result<Self, Error> {
        Self::open_at(options, Arc::new(clock::now))
    }

    /// The same by another clock, by which holds end.
    ///
    /// # Errors
    /// See [`Ledger::open`].
    pub fn open_at(options: &Options, now: Now) -> Result<Self, Error> {
        match options {
            Options::Memory => Self::alone(Arc::new(Memory::default()), None, None, now),
            Options::Embedded(folder) => {
                let lock = lock(folder)?;
                whole(folder)?;
                let (index, journal) = embedded(folder)?;
                Self::alone(index, Some(journal), Some(lock), now)
            }
            Options::Shared(shared) => Self::shared(shared, now),
        }
    }

    /// The ledger of a journal on any disk, with an index in memory and without a thread of its own: what has come in is decided when
    /// [`Ledger::turn`] is called. For who simulates disk and time, and repeats what came of it.
    ///
    /// # Errors
    /// See [`Ledger::open`].
    pub fn in_place(place: &Place, options: journal::Options, now: Now) -> Result<Self, Error> {
        let (index, journal) = in_memory(place, options)?;
        let (writer, mut inner) = Self::written(index, Some(journal), now)?;
        inner.in_place = Mutex::new(Some(writer));
        Ok(Ledger(Arc::new(inner)))
    }

    /// Decides what has come in, and ends what is due, where that is nobody else's work.
    pub fn turn(&self) {
        let mut writer = self.0.in_place();
        if writer.as_mut().is_some_and(|writer| !writer.turn()) {
            // Whoever waits hears that no answer comes.
            *writer = None;
        }
    }

    /// One writer, and nobody beside it.
    fn alone(
        index: Arc<dyn Index>,
        journal: Option<Journal>,
        lock: Option<File>,
        now: Now,
    ) -> Result<Self, Error> {
        let (writer, mut inner) = Self::written(index, journal, now)?;
        inner.threads.push(started(move || writer.run())?);
        inner._lock = lock;
        Ok(Ledger(Arc::new(inner)))
    }

    /// A writer, and what hands it its work.
    fn written(index: Arc<dyn Index>, journal: Option<Journal>, now: Now) -> Result<(Writer, Inner), Error> {
        let counters = Arc::new(Counters::default());
        counters.set(index.counters()?.into_iter());
        let holds = index.holds()?.into_iter().collect();
        let ends = index.ends()?.into_iter().collect();
        let told = Arc::new(Told::new(index.mark().sequence, has_room(journal.as_ref())));
        let (jobs, waiting) = sync_channel(JOBS_WAITING_MAX);
        let writer = Writer {
            jobs: waiting,
            index: Arc::clone(&index),
            journal,
            counters: Arc::clone(&counters),
            told: Arc::clone(&told),
            holds,
            ends,
            now,
            ticked: clock::steady(),
        };
        let inner = Inner {
            jobs: Some(jobs),
            index,
            counters,
            told,
            threads: Vec::new(),
            in_place: Mutex::default(),
            recent: None,
            following: None,
            tender: None,
            _lock: None,
        };
        Ok((writer, inner))
    }

    /// One node of many.
    fn shared(Shared { database, news }: &Shared, now: Now) -> Result<Self, Error> {
        let tables = Tables::new(database.clone());
        let (counters, sequence) = (Arc::new(Counters::default()), tables.sequence()?);
        counters.set(tables.counters()?.into_iter());
        counters.refreshed(clock::steady());
        let (told, recent) = (Arc::new(Told::new(sequence, true)), Arc::new(Recent::default()));
        let following = postgres::follow(database, news, (&counters, &recent), sequence);
        let (jobs, waiting) = sync_channel(JOBS_WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let lane = Arc::new(Lane {
            jobs: waiting,
            turn: Turn::new(database.clone(), own_part()),
            counters: Arc::clone(&counters),
            told: Arc::clone(&told),
            news: Arc::clone(news),
            recent: Arc::clone(&recent),
            now,
        });
        let (tender, open) = channel();
        let tends = Arc::clone(&lane);
        let mut threads = vec![started(move || tends.tend(&open))?];
        for _ in 0..LANES {
            let lane = Arc::clone(&lane);
            threads.push(started(move || lane.run())?);
        }
        let (jobs, recent, following) = (Some(jobs), Some(recent), Some(following));
        let index: Arc<dyn Index> = Arc::new(tables);
        Ok(Ledger(Arc::new(Inner {
            jobs,
            index,
            counters,
            told,
            threads,
            recent,
            following,
            tender: Some(tender),
            in_place: Mutex::default(),
            _lock: None,
        })))
    }

    /// Whether the database of many nodes is away: then nothing new is promised, and what was kept is safe.
    #[must_use]
    pub fn is_away(&self) -> bool {
        *self.0.told.is_away.borrow()
    }

    /// Tells when the database of many nodes is away, and when it is back.
    #[must_use]
    pub fn away(&self) -> watch::Receiver<bool> {
        self.0.told.is_away.subscribe()
    }

    /// Whether other nodes keep promises beside this one.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.following.is_some()
    }

    /// Decides on a command and keeps what follows. `None` when the writer has failed or is at its end: whether the command was kept is
    /// then unknown, and the caller must ask again with the same id.
    pub async fn submit(&self, command: Command) -> Option<Answer> {
        self.kept(command).instrument(spans::ledger()).await
    }

    async fn kept(&self, command: Command) -> Option<Answer> {
        // Nobody waits for a database that is known to be away.
        if self.is_away() {
            return None;
        }
        let _waits = self.0.told.meters.wait();
        let (answer, answered) = oneshot::channel();
        let jobs = self.0.jobs.as_ref()?;
        let mut job = Job { command, answer };
        loop {
            match jobs.try_send(job) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) => {
                    job = back;
                    sleep(Duration::from_millis(1)).await;
                }
                Err(TrySendError::Disconnected(_)) => return None,
            }
        }
        answered.await.ok()
    }

    /// The same on a thread that may wait.
    #[must_use]
    pub fn submit_waiting(&self, command: Command) -> Option<Answer> {
        let (answer, mut answered) = oneshot::channel();
        self.0.jobs.as_ref()?.send(Job { command, answer }).ok()?;
        if self.0.in_place().is_some() {
            self.turn();
            return answered.try_recv().ok();
        }
        answered.blocking_recv().ok()
    }

    /// What a command would be answered now: the facts that it would make. Nothing is kept. May read from the disk, as [`Ledger::known`].
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn trial(&self, command: &Command) -> Result<Result<Vec<Fact>, Rejection>, Error> {
        let mut batch = Batch::new(self.index());
        let decided = batch.decide(command).inspect_err(|error| self.poison(error))?;
        Ok(decided.map(|()| batch.facts().to_vec()))
    }

    /// What a call was answered, when it was. May read from the disk: not on a thread that others wait for.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn known(&self, request: RequestId) -> Result<Option<Known>, Error> {
        match spans::record().in_scope(|| self.account(&Key::Request(request)))? {
            Some(Account::Request(known)) => Ok(Some(known)),
            _ => Ok(None),
        }
    }

    /// A sale. May read from the disk, as [`Ledger::known`].
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn sale(&self, sale: SaleId) -> Result<Option<Sale>, Error> {
        match spans::record().in_scope(|| self.account(&Key::Sale(sale)))? {
            Some(Account::Sale(sale)) => Ok(Some(*sale)),
            _ => Ok(None),
        }
    }

    /// An account. May read from the disk, as [`Ledger::known`]. One that is damaged ends the ledger.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn account(&self, key: &Key) -> Result<Option<Account>, Error> {
        // How often somebody has failed is asked of the database, where it matters.
        if matches!(key, Key::Attempts(_)) { self.read(key, None) } else { self.lately(key) }
    }

    /// An account as it was a moment ago: from memory where it was read before, and no other node has said that it has changed.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn lately(&self, key: &Key) -> Result<Option<Account>, Error> {
        let recent = self.0.recent.as_ref().filter(|_| Recent::takes(key));
        self.read(key, recent)
    }

    fn read(&self, key: &Key, recent: Option<&Arc<Recent>>) -> Result<Option<Account>, Error> {
        if let Some(account) = recent.and_then(|recent| recent.get(key)) {
            return Ok(account);
        }
        // Nobody waits for what is known to be away.
        if self.is_away() {
            return Err(database::Error::Away("it does not answer".to_owned()).into());
        }
        let moment = recent.map(|recent| recent.moment());
        let account = self.0.index.get(key).inspect_err(|error| self.poison(error))?;
        if let (Some(recent), Some(moment)) = (recent, moment) {
            recent.put(key, account.as_ref(), moment);
        }
        Ok(account)
    }

    /// What a reader finds damaged, the next start must not trust: the ledger stops, and its index is built anew.
    pub fn poison(&self, error: &Error) {
        // What is away comes back, and nothing that it keeps is in doubt.
        if error.is_away() {
            return;
        }
        tracing::error!(%error, "the index of the ledger is damaged; the service ends and builds it anew at the next start");
        self.0.index.distrust();
        self.0.told.ended.send_replace(Some(Some(error.to_string())));
    }

    /// Counters, for quotes.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.0.counters
    }

    /// What is seen of the ledger from beside it; it does not keep it open.
    #[must_use]
    pub fn glance(&self) -> Glance {
        Glance::new(Arc::clone(&self.0.told), Arc::clone(&self.0.counters), self.is_shared())
    }

    /// Whether there is room on the disk for new holds.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.0.told.has_room.load(Ordering::Relaxed)
    }

    /// Records of the journal.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.0.told.sequence.load(Ordering::Relaxed)
    }

    /// The index, for whoever compares.
    #[must_use]
    pub fn index(&self) -> &dyn Index {
        self.0.index.as_ref()
    }

    /// The index, for whoever compares from beside the ledger: it is there as long as the ledger is, and does not keep it open.
    #[must_use]
    pub fn weak_index(&self) -> Weak<dyn Index> {
        Arc::downgrade(&self.0.index)
    }

    /// Waits until the ledger has failed, by its own word or because its index does not come back; why.
    pub async fn failed(&self) -> String {
        let mut ended = self.0.told.ended.subscribe();
        let said = async {
            let is_failed = |ended: &Option<Option<String>>| matches!(ended, Some(Some(_)));
            let reason = ended.wait_for(is_failed).await.ok().and_then(|ended| ended.clone().flatten());
            match reason {
                Some(reason) => reason,
                None => pending().await,
            }
        };
        let stalled = async {
            // Looks are counted, not time: a machine that stood still has not failed.
            let (mut seen, mut looks) = (None, 0);
            while looks < LOOKS_MAX {
                sleep(WATCH).await;
                let now = self.0.told.indexing();
                looks = if now.is_some() && now == seen { looks + 1 } else { 0 };
                seen = now;
            }
            let reason = "its index has not come back from a write";
            tracing::error!(
                reason,
                "the ledger has stopped; the service ends and reads its journal again at the next start"
            );
            reason.to_owned()
        };
        tokio::select! {
            reason = said => reason,
            reason = stalled => reason,
        }
    }
}

fn started(work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new().name("pricewright-ledger".to_owned()).spawn(work).map_err(Error::Thread)
}

/// The part of counters that this node has. Two that draw the same wait for each other now and then.
fn own_part() -> i16 {
    let drawn = Entropy.bytes::<2>().map(i16::from_be_bytes);
    drawn.unwrap_or_default()
}
