//! Opening the ledger: what is on disk becomes balances, and the writer begins.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use super::batch::Batch;
use super::catch_up::catch_up;
use super::counters::Counters;
use super::error::Error;
use super::glance::Glance;
use super::index::Index;
use super::memory::Memory;
use super::postgres::{self, Following, Lane, Tables, Turn};
use super::recent::Recent;
use super::shelf::Shelf;
use super::space::has_room;
use super::writer::{Answer, Job, Told, Writer};
use crate::ledger::{Account, Command, Fact, Key, Known, Rejection, RequestId, Sale, SaleId};
use crate::server::clock;
use crate::server::database::{self, Shared};
use crate::server::folders;
use crate::server::journal::{self, Journal};
use crate::server::secrets::Entropy;
use crate::time::Instant;

/// Commands that wait for the writer. With more, callers wait before they are let in.
const JOBS_WAITING_MAX: usize = 8_192;

/// A process that another is just being started by has its lock too, until it becomes the other: that is no second service.
const LOCK_TRIES: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Threads of a node over a database that keep what comes in: while the disk of the database works for one, another decides.
const LANES: usize = 2;
/// Looks that may find the index at the same work. It waits for no sync: what takes so long will not come back, for after a failed write sled
/// may wait for ever.
const LOOKS_MAX: u32 = 8;
/// How often the writer is looked after.
const WATCH: Duration = Duration::from_secs(1);

/// The folder of the journal, in that of the ledger.
pub(super) const JOURNAL: &str = "journal";
/// The folder of the index.
pub(super) const INDEX: &str = "index";
/// An empty file in a ledger that a restore or an import has not made whole yet.
pub(super) const UNFINISHED: &str = "unfinished";

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
            Options::Memory => Self::alone(Arc::new(Memory::default()), None, PathBuf::new(), None, now),
            Options::Embedded(folder) => {
                let lock = lock(folder)?;
                whole(folder)?;
                let (index, journal) = embedded(folder)?;
                Self::alone(index, Some(journal), folder.clone(), Some(lock), now)
            }
            Options::Shared(shared) => Self::shared(shared, now),
        }
    }

    /// One writer, and nobody beside it.
    fn alone(
        index: Arc<dyn Index>,
        journal: Option<Journal>,
        folder: PathBuf,
        lock: Option<File>,
        now: Now,
    ) -> Result<Self, Error> {
        let counters = Arc::new(Counters::default());
        counters.set(index.counters()?.into_iter());
        let holds = index.holds()?.into_iter().collect();
        let ends = index.ends()?.into_iter().collect();
        let told = Arc::new(Told::new(index.mark().sequence, has_room(&folder)));
        let (jobs, waiting) = sync_channel(JOBS_WAITING_MAX);
        let writer = Writer {
            jobs: waiting,
            index: Arc::clone(&index),
            journal,
            folder,
            counters: Arc::clone(&counters),
            told: Arc::clone(&told),
            holds,
            ends,
            now,
            ticked: clock::steady(),
        };
        let threads = vec![started(move || writer.run())?];
        let (jobs, recent, following) = (Some(jobs), None, None);
        Ok(Ledger(Arc::new(Inner {
            jobs,
            index,
            counters,
            told,
            threads,
            recent,
            following,
            tender: None,
            _lock: lock,
        })))
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
        // Nobody waits for a database that is known to be away.
        if self.is_away() {
            return None;
        }
        let _waits = self.0.told.meters.wait();
        let (answer, answered) = oneshot::channel();
        let jobs = self.0.jobs.clone()?;
        let mut job = Job { command, answer };
        loop {
            match jobs.try_send(job) {
                Ok(()) => break,
                Err(std::sync::mpsc::TrySendError::Full(back)) => {
                    job = back;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return None,
            }
        }
        answered.await.ok()
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
        match self.account(&Key::Request(request))? {
            Some(Account::Request(known)) => Ok(Some(known)),
            _ => Ok(None),
        }
    }

    /// A sale. May read from the disk, as [`Ledger::known`].
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn sale(&self, sale: SaleId) -> Result<Option<Sale>, Error> {
        match self.account(&Key::Sale(sale))? {
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

/// Takes `folder` for this process, before anything in it is looked at.
pub(super) fn lock(folder: &Path) -> Result<File, Error> {
    let disk = |action, error| Error::Disk { action, path: folder.to_owned(), error };
    folders::make(folder).map_err(|error| disk("make the folder", error))?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"));
    let file = file.map_err(|error| disk("write to", error))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(disk("lock", error)),
        }
    }
    Err(Error::InUse(folder.to_owned()))
}

/// Nothing where a restore or an import has not come to its end.
pub(super) fn whole(folder: &Path) -> Result<(), Error> {
    if folder.join(UNFINISHED).exists() { Err(Error::Unfinished(folder.to_owned())) } else { Ok(()) }
}

/// The journal below `folder`, and an index that has come to its end.
fn embedded(folder: &Path) -> Result<(Arc<dyn Index>, Journal), Error> {
    let (at, journal_at) = (folder.join(INDEX), folder.join(JOURNAL));
    let index = match Shelf::open(&at) {
        Ok(index) => index,
        Err(error) => anew(&at, &error)?,
    };
    let options = journal::Options { known_sequence: index.mark().sequence, ..journal::Options::default() };
    let (journal, recovery) = Journal::open(&journal_at, options)?;
    if recovery.cut_bytes > 0 {
        tracing::warn!(
            bytes = recovery.cut_bytes,
            "the journal ended in a write that nobody was answered; it is cut off"
        );
    }
    let ready = |index: &Shelf| {
        follow(index, &journal_at)?;
        // What is read at the start must be readable: else it is built anew like the rest.
        index.counters()?;
        index.holds()?;
        index.ends()?;
        Ok(())
    };
    let index = match ready(&index) {
        Ok(()) => index,
        // What cannot be read of the journal is no fault of the index.
        Err(error @ (Error::Journal(_) | Error::Record { .. })) => return Err(error),
        Err(error) => {
            drop(index);
            let index = anew(&at, &error)?;
            ready(&index)?;
            index
        }
    };
    Ok((Arc::new(index), journal))
}

/// Brings an index to the end of the journal, and says so when that takes long.
pub(super) fn follow(index: &Shelf, journal: &Path) -> Result<(), Error> {
    let begun = clock::steady();
    let mut told = begun;
    let count = catch_up(index, journal, u64::MAX, &mut |sequence| {
        let now = clock::steady();
        if now.duration_since(told).as_secs() >= 2 {
            told = now;
            tracing::info!(sequence, "the index of the ledger follows the journal");
        }
    })?;
    if count > 0 {
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(facts = count, millis, "the index of the ledger has followed the journal");
    }
    Ok(())
}

/// An empty index in the place of one that cannot be used.
pub(super) fn anew(at: &Path, error: &Error) -> Result<Shelf, Error> {
    tracing::warn!(%error, "the index of the ledger cannot be used; it is built anew from the journal");
    fs::remove_dir_all(at).map_err(|error| Error::Disk { action: "remove", path: at.to_owned(), error })?;
    Shelf::open(at)
}
