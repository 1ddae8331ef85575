//! The index on disk: sled, pinned to a version that has transactions, and never trusted.
//!
//! Every account is sealed and cut into pieces of at most [`PIECE_BYTES`]. How far the index has come and the digest of all it holds
//! are written with the accounts, in one batch. Unless its files are those that were closed in good order, opening reads every account
//! and compares the digest: sled's own flush leaves pages in the cache of the system, so that a power cut may take any of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::encode::{self, SEAL_BYTES};
use super::error::Error;
use super::index::{Index, LookAtEntry, LookAtSale, Mark, StateDigest};
use super::stamp;
use crate::ledger::{Account, CertificateKey, Counter, CounterKey, Key, SaleId, State};
use crate::money::Amount;
use crate::server::locks;
use crate::time::Instant;

/// Bytes of one value: sled holds values up to some 8 KiB in its pages and puts larger ones into files of their own.
const PIECE_BYTES: usize = 4_096;
/// Bytes of pages that sled keeps in memory.
const CACHE_BYTES: u64 = 128 << 20;
/// How often an account is read before it counts as damaged: beside a writer two pieces of it may be of two moments.
const READS_MAX: usize = 4;
/// The entry that says how far the index has come. Names of accounts begin with letters.
const MARK: &[u8] = b"!";

/// Looks at one account: its name, and its content with the seal.
type Look<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), Error> + 'a;

/// Looks at one account and its name, and says whether it wants more.
type LookAtOne<'a> = dyn FnMut(&[u8], &Account) -> Result<ControlFlow<()>, Error> + 'a;

/// Accounts on disk.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    /// Nothing once it is closed.
    db: Option<sled::Db>,
    mark: Mutex<Mark>,
    is_distrusted: AtomicBool,
    /// Whether all that was applied is on the disk, and nothing is applied any more.
    is_closed: AtomicBool,
}

impl Shelf {
    /// Opens the index in `folder`, made when it is not there.
    ///
    /// # Errors
    /// It does not open or is not what was written: it must be thrown away and built anew.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_as(folder, false)
    }

    /// An index that goes away with this, in an empty folder. sled does not wait for the disk then, which is most of the time that
    /// filling one takes.
    ///
    /// # Errors
    /// It does not open.
    pub fn temporary(folder: &Path) -> Result<Self, Error> {
        Self::open_as(folder, true)
    }

    fn open_as(folder: &Path, is_temporary: bool) -> Result<Self, Error> {
        let disk = |action, error| Error::Disk { action, path: folder.to_owned(), error };
        fs::create_dir_all(folder).map_err(|error| disk("make the folder", error))?;
        let is_clean = stamp::take_off(folder).map_err(|error| disk("read", error))?;
        let is_new = !folder.join("db").exists();
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE_BYTES)
            // What is not flushed is read again from the journal, and sled's own thread for it, once it has failed, keeps the process.
            .flush_every_ms(None)
            .temporary(is_temporary)
            .mode(sled::Mode::HighThroughput);
        let db = guarded(|| locks::open(&config))?;
        if is_new {
            for name in ["conf", "db"] {
                sync(&folder.join(name))?;
            }
            sync(folder)?;
        }
        let mark = guarded(|| db.get(MARK))?.map(|bytes| read_mark(&bytes)).transpose()?;
        let mark = Mutex::new(mark.unwrap_or_default());
        let shelf = Shelf {
            folder: folder.to_owned(),
            db: Some(db),
            mark,
            is_distrusted: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        if !is_clean {
            shelf.check()?;
        }
        Ok(shelf)
    }

    fn db(&self) -> Result<&sled::Db, Error> {
        self.db.as_ref().ok_or_else(|| Error::Index("it is closed".to_owned()))
    }

    /// Reads all, and compares with the digest; the list of holds, which is not in the digest, with the sales that are held.
    fn check(&self) -> Result<(), Error> {
        let mut digest = StateDigest::default();
        let mut held = BTreeSet::new();
        self.each_sealed(&mut |name, sealed| {
            if let Account::Sale(sale) = encode::read_account(name, sealed)?
                && sale.state == State::Held
            {
                let id = name.get(1..).and_then(|id| SaleId::parse(std::str::from_utf8(id).ok()?));
                held.insert((sale.expires_at, id.ok_or_else(|| damaged("a sale has no name"))?));
            }
            digest.add(sealed);
            Ok(())
        })?;
        if digest != self.mark().digest {
            return Err(damaged("accounts are missing or old"));
        }
        let listed: BTreeSet<(Instant, SaleId)> = self.holds()?.into_iter().collect();
        if listed == held { Ok(()) } else { Err(damaged("holds are missing or old")) }
    }

    /// An account. One of several pieces may be written between the reading of two of them: then it is read once more.
    fn read(&self, name: &[u8]) -> Result<Option<Account>, Error> {
        let once = || self.sealed(name)?.map(|sealed| encode::read_account(name, &sealed)).transpose();
        let mut read = once();
        for _ in 1..READS_MAX {
            if !matches!(read, Err(Error::Damaged(_))) {
                break;
            }
            read = once();
        }
        read
    }

    /// An account with its seal.
    fn sealed(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let db = self.db()?;
        let mut whole: Vec<u8> = Vec::new();
        for place in 0..=u16::MAX {
            let Some(piece) = guarded(|| db.get(piece_name(name, place)))? else {
                return if place == 0 { Ok(None) } else { Err(damaged("a piece of an account is missing")) };
            };
            let (more, bytes) =
                piece.split_first().ok_or_else(|| damaged("a piece of an account is empty"))?;
            whole.extend_from_slice(bytes);
            if *more == 0 {
                return Ok(Some(whole));
            }
        }
        Err(damaged("an account has too many pieces"))
    }

    /// Every account whose name begins so, each as it is at that moment, until `look` has seen enough.
    fn each_of(&self, kind: &[u8], look: &mut LookAtOne<'_>) -> Result<(), Error> {
        let mut pieces = self.db()?.scan_prefix(kind);
        while let Some((name, piece)) = guarded_next(&mut pieces)? {
            let (name, place) = name.split_last_chunk::<2>().ok_or_else(|| damaged("a name is too short"))?;
            if *place != [0, 0] {
                continue;
            }
            let whole = piece.split_first().filter(|(more, _)| **more == 0);
            let account = match whole.map(|(_, sealed)| encode::read_account(name, sealed)) {
                Some(Ok(account)) => Some(account),
                _ => self.read(name)?,
            };
            if let Some(account) = account
                && look(name, &account)?.is_break()
            {
                break;
            }
        }
        Ok(())
    }

    /// Every account with its seal, by name.
    fn each_sealed(&self, look: &mut Look<'_>) -> Result<(), Error> {
        let mut whole: Vec<u8> = Vec::new();
        let mut places = 0..=u16::MAX;
        let mut pieces = self.db()?.iter();
        while let Some(next) = guarded_next(&mut pieces)? {
            let (name, piece) = next;
            if name.as_ref() == MARK || name.first() == Some(&b'h') {
                continue;
            }
            let (name, place) = name.split_last_chunk::<2>().ok_or_else(|| damaged("a name is too short"))?;
            let (more, bytes) =
                piece.split_first().ok_or_else(|| damaged("a piece of an account is empty"))?;
            if places.next() != Some(u16::from_be_bytes(*place)) {
                return Err(damaged("a piece of an account is missing"));
            }
            whole.extend_from_slice(bytes);
            if *more == 0 {
                look(name, &whole)?;
                whole.clear();
                places = 0..=u16::MAX;
            }
        }
        if whole.is_empty() { Ok(()) } else { Err(damaged("a piece of an account is missing")) }
    }
}

impl Index for Shelf {
    fn get(&self, key: &Key) -> Result<Option<Account>, Error> {
        self.read(&encode::key(key))
    }

    fn apply(&self, changes: &BTreeMap<Key, Account>, sequence: u64) -> Result<(), Error> {
        let mut batch = sled::Batch::default();
        let mut mark = self.mark();
        mark.sequence = sequence;
        for (key, account) in changes {
            let name = encode::key(key);
            let sealed = encode::account(&name, account);
            mark.digest.add(&sealed);
            let before = self.sealed(&name)?;
            if let Some(before) = &before {
                mark.digest.remove(before);
            }
            let pieces = pieces(&sealed);
            if pieces.len() > usize::from(u16::MAX) {
                return Err(damaged("an account is too large"));
            }
            let pieces_before = before.map_or(0, |before| before.len().div_ceil(PIECE_BYTES));
            for place in pieces.len()..pieces_before {
                batch.remove(piece_name(&name, u16::try_from(place).unwrap_or(u16::MAX)));
            }
            for (place, piece) in (0..).zip(pieces) {
                batch.insert(piece_name(&name, place), piece);
            }
            if let (Key::Sale(id), Account::Sale(sale)) = (key, account) {
                let hold = hold_name(sale.expires_at, *id);
                match sale.state {
                    State::Held => batch.insert(hold, &[]),
                    State::Committed | State::Cancelled | State::Expired => batch.remove(hold),
                }
            }
        }
        batch.insert(MARK, mark_bytes(mark));
        let db = self.db()?;
        guarded(|| db.apply_batch(batch))?;
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
        Ok(())
    }

    fn mark(&self) -> Mark {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds(&self) -> Result<Vec<(Instant, SaleId)>, Error> {
        let mut found = Vec::new();
        let mut names = self.db()?.scan_prefix(b"h");
        while let Some((name, _)) = guarded_next(&mut names)? {
            found.push(read_hold(&name).ok_or_else(|| damaged("a hold has no name"))?);
        }
        Ok(found)
    }

    fn counters(&self) -> Result<Vec<(CounterKey, Counter)>, Error> {
        let mut found = Vec::new();
        let mut pieces = self.db()?.scan_prefix(b"c");
        while let Some((name, piece)) = guarded_next(&mut pieces)? {
            let (name, _) = name.split_last_chunk::<2>().ok_or_else(|| damaged("a name is too short"))?;
            // A counter is two numbers: it is never of two pieces.
            let sealed = piece.get(1..).unwrap_or_default();
            let key = name.get(1..).and_then(|json| serde_json::from_slice(json).ok());
            match (key, encode::read_account(name, sealed)?) {
                (Some(key), Account::Counter(counter)) => found.push((key, counter)),
                _ => return Err(damaged("a counter is none")),
            }
        }
        Ok(found)
    }

    fn ends(&self) -> Result<Vec<(Instant, CertificateKey)>, Error> {
        let mut found = Vec::new();
        let mut look = |name: &[u8], account: &Account| {
            if let Account::Certificate(one) = account
                && one.balance > Amount::ZERO
            {
                let key = name.get(1..).and_then(|key| std::str::from_utf8(key).ok()?.strip_suffix('.'));
                let key = key.ok_or_else(|| damaged("a certificate has no name"))?;
                found.push((one.expires_at, CertificateKey(key.to_owned())));
            }
            Ok(ControlFlow::Continue(()))
        };
        self.each_of(b"g", &mut look)?;
        Ok(found)
    }

    fn each(&self, look: &mut dyn FnMut(&[u8], &Account)) -> Result<(), Error> {
        self.each_sealed(&mut |name, sealed| {
            look(name, &encode::read_account(name, sealed)?);
            Ok(())
        })
    }

    fn sales(&self, look: &mut LookAtSale<'_>) -> Result<(), Error> {
        self.each_of(b"s", &mut |_, account| {
            Ok(if let Account::Sale(sale) = account { look(sale) } else { ControlFlow::Continue(()) })
        })
    }

    fn entries(&self, look: &mut LookAtEntry<'_>) -> Result<(), Error> {
        self.each_of(b"e", &mut |_, account| {
            Ok(if let Account::Entry(entry) = account { look(entry) } else { ControlFlow::Continue(()) })
        })
    }

    fn distrust(&self) {
        self.is_distrusted.store(true, Ordering::SeqCst);
    }

    fn close(&self) -> Result<(), Error> {
        if self.is_distrusted.load(Ordering::SeqCst) {
            return Ok(());
        }
        let db = self.db()?;
        guarded(|| db.flush())?;
        // sled's flush asks the system to begin writing and does not wait for it.
        sync(&self.folder.join("db"))?;
        self.is_closed.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// sled writes until it is dropped, so the stamp comes after that. Without one the next start reads every account, nothing worse.
impl Drop for Shelf {
    fn drop(&mut self) {
        let db = self.db.take();
        let dropped = guarded(|| {
            drop(db);
            Ok(())
        });
        if dropped.is_ok() && *self.is_closed.get_mut() {
            let stamped = sync(&self.folder.join("db")).is_ok() && stamp::put_on(&self.folder).is_ok();
            tracing::debug!(stamped, "the index of the ledger is closed");
        }
    }
}

/// What sled says, and what it panics with: a flipped bit makes it do either.
fn guarded<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| Error::Index(error.to_string())),
        Err(_) => Err(Error::Index("it gave up on what it read".to_owned())),
    }
}

fn guarded_next(entries: &mut sled::Iter) -> Result<Option<(sled::IVec, sled::IVec)>, Error> {
    guarded(|| entries.next().transpose())
}

fn damaged(what: &str) -> Error {
    Error::Damaged(what.to_owned())
}

fn sync(path: &Path) -> Result<(), Error> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| Error::Disk { action: "sync", path: path.to_owned(), error })
}

fn piece_name(name: &[u8], place: u16) -> Vec<u8> {
    [name, &place.to_be_bytes()].concat()
}

/// The pieces of a sealed account, each with a byte before it that says whether more follow.
fn pieces(sealed: &[u8]) -> Vec<Vec<u8>> {
    let count = sealed.len().div_ceil(PIECE_BYTES);
    let piece = |(place, bytes): (usize, &[u8])| [&[u8::from(place + 1 < count)], bytes].concat();
    sealed.chunks(PIECE_BYTES).enumerate().map(piece).collect()
}

/// `h`, the second as a number that sorts, the sale.
fn hold_name(expires_at: Instant, sale: SaleId) -> Vec<u8> {
    let sortable = expires_at.unix() ^ i64::MIN;
    [b"h", sortable.to_be_bytes().as_slice(), sale.to_string().as_bytes()].concat()
}

fn read_hold(name: &[u8]) -> Option<(Instant, SaleId)> {
    let (second, sale) = name.get(1..)?.split_first_chunk::<8>()?;
    let second = i64::from_be_bytes(*second) ^ i64::MIN;
    Some((Instant::from_unix(second)?, SaleId::parse(std::str::from_utf8(sale).ok()?)?))
}

fn mark_bytes(mark: Mark) -> Vec<u8> {
    let plain = [mark.sequence.to_le_bytes().as_slice(), &mark.digest.to_bytes()].concat();
    [encode::seal(MARK, &plain).as_slice(), &plain].concat()
}

fn read_mark(bytes: &[u8]) -> Result<Mark, Error> {
    let wrong = || damaged("its mark is not what was written");
    let (sealed, plain) = bytes.split_first_chunk::<SEAL_BYTES>().ok_or_else(wrong)?;
    let (sequence, digest) = plain.split_first_chunk::<8>().ok_or_else(wrong)?;
    let digest: [u8; 16] = digest.try_into().map_err(|_| wrong())?;
    if encode::seal(MARK, plain) != *sealed {
        return Err(wrong());
    }
    Ok(Mark { sequence: u64::from_le_bytes(*sequence), digest: StateDigest::from_bytes(digest) })
}
