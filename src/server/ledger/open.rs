//! Opening the ledger: what is on disk becomes balances, and the writer begins.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;

use super::catch_up::catch_up;
use super::counters::Counters;
use super::error::Error;
use super::index::Index;
use super::memory::Memory;
use super::shelf::Shelf;
use super::writer::{Answer, Job, Told, Writer};
use crate::ledger::{Account, Command, Key, Known, RequestId, Sale, SaleId};
use crate::server::clock;
use crate::server::folders;
use crate::server::journal::{self, Journal};
use crate::time::Instant;

/// Commands that wait for the writer. With more, callers wait before they are let in.
const JOBS_WAITING_MAX: usize = 8_192;

/// The folder of the journal, in that of the ledger.
pub(super) const JOURNAL: &str = "journal";
/// The folder of the index.
pub(super) const INDEX: &str = "index";

/// Where the ledger lies.
#[derive(Debug, Clone)]
pub enum Options {
    /// In memory: nothing outlives the process.
    Memory,
    /// Below this folder: `journal` and `index`.
    Embedded(PathBuf),
}

impl Options {
    fn folder(&self) -> PathBuf {
        match self {
            Options::Memory => PathBuf::new(),
            Options::Embedded(folder) => folder.clone(),
        }
    }
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
    thread: Option<JoinHandle<()>>,
    /// Held as long as the ledger is open: two writers would each promise the same.
    _lock: Option<File>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without senders the writer ends after what has come in.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
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
        let (index, journal, lock): (Arc<dyn Index>, Option<Journal>, Option<File>) = match options {
            Options::Memory => (Arc::new(Memory::default()), None, None),
            Options::Embedded(folder) => {
                let lock = lock(folder)?;
                let (index, journal) = embedded(folder)?;
                (index, Some(journal), Some(lock))
            }
        };
        let counters = Arc::new(Counters::default());
        counters.set(index.counters()?.into_iter());
        let holds = index.holds()?.into_iter().collect();
        let told = Arc::new(Told {
            ended: watch::Sender::new(None),
            has_room: AtomicBool::new(true),
            sequence: AtomicU64::new(index.mark().sequence),
        });
        let (jobs, waiting) = sync_channel(JOBS_WAITING_MAX);
        let writer = Writer {
            jobs: waiting,
            index: Arc::clone(&index),
            journal,
            folder: options.folder(),
            counters: Arc::clone(&counters),
            told: Arc::clone(&told),
            holds,
            now,
            ticked: clock::steady(),
        };
        let thread = thread::Builder::new().name("pricewright-ledger".to_owned()).spawn(move || writer.run());
        let thread = Some(thread.map_err(Error::Thread)?);
        Ok(Ledger(Arc::new(Inner { jobs: Some(jobs), index, counters, told, thread, _lock: lock })))
    }

    /// Decides on a command and keeps what follows. `None` when the writer has failed or is at its end: whether the command was kept is
    /// then unknown, and the caller must ask again with the same id.
    pub async fn submit(&self, command: Command) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        let jobs = self.0.jobs.clone()?;
        let mut job = Job { command, answer };
        loop {
            match jobs.try_send(job) {
                Ok(()) => break,
                Err(std::sync::mpsc::TrySendError::Full(back)) => {
                    job = back;
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return None,
            }
        }
        answered.await.ok()
    }

    /// What a call was answered, when it was.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn known(&self, request: RequestId) -> Result<Option<Known>, Error> {
        match self.get(Key::Request(request)).await? {
            Some(Account::Request(known)) => Ok(Some(known)),
            _ => Ok(None),
        }
    }

    /// A sale.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn sale(&self, sale: SaleId) -> Result<Option<Sale>, Error> {
        match self.get(Key::Sale(sale)).await? {
            Some(Account::Sale(sale)) => Ok(Some(*sale)),
            _ => Ok(None),
        }
    }

    /// The index may read from the disk: not on a thread that others wait for.
    async fn get(&self, key: Key) -> Result<Option<Account>, Error> {
        let index = Arc::clone(&self.0.index);
        let read = spawn_blocking(move || index.get(&key)).await;
        let read = read.unwrap_or_else(|_| Err(Error::Index("reading it has failed".to_owned())));
        read.inspect_err(|error| self.poison(error))
    }

    /// What a reader finds damaged, the next start must not trust: the ledger stops, and its index is built anew.
    pub fn poison(&self, error: &Error) {
        tracing::error!(%error, "the index of the ledger is damaged; the service ends and builds it anew at the next start");
        self.0.index.distrust();
        self.0.told.ended.send_replace(Some(Some(error.to_string())));
    }

    /// Counters, for quotes.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.0.counters
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
    pub fn accounts(&self) -> Weak<dyn Index> {
        Arc::downgrade(&self.0.index)
    }

    /// Tells when the writer has ended: with the reason when it has failed.
    #[must_use]
    pub fn ended(&self) -> watch::Receiver<Option<Option<String>>> {
        self.0.told.ended.subscribe()
    }
}

/// Takes `folder` for this process, before anything in it is looked at.
pub(super) fn lock(folder: &Path) -> Result<File, Error> {
    let disk = |action, error| Error::Disk { action, path: folder.to_owned(), error };
    folders::make(folder).map_err(|error| disk("make the folder", error))?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"));
    let file = file.map_err(|error| disk("write to", error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(disk("lock", error)),
    }
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
