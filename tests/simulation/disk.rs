//! A disk that does what disks do: it keeps what was synced, and of the rest, at a power cut, some sectors and not others; it gets full, fails,
//! and says so, or says so after it has lost something.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use pricewright::server::journal::disk::{Disk, DiskFile, How, Lock};

use crate::dice::Dice;

/// What a disk writes at once.
const SECTOR: usize = 512;
/// Bytes that are free when nothing is wrong, when it is nearly full, and when it is full.
const FREE: u64 = 1 << 40;
const NEARLY_FULL: u64 = 1 << 20;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    /// It says that there is little room.
    NearlyFull,
    /// It takes nothing more, or only the beginning of it.
    Full,
    /// The next sync fails, and what of it lasts is chance.
    SyncFails,
    /// The next write fails.
    WriteFails,
}

#[derive(Debug, Default)]
struct Content {
    /// As every process sees it.
    seen: Vec<u8>,
    /// As it is after a power cut.
    kept: Vec<u8>,
    /// Sectors that were written and not synced.
    dirty: BTreeSet<usize>,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    fault: Fault,
    /// The process that may use it; handles of those before it are dead.
    process: u64,
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    /// The names that are there after a power cut.
    kept_names: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
    locks: BTreeSet<PathBuf>,
}

/// The disk of a host, over all its processes.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

/// The disk as one process has it.
#[derive(Debug, Clone)]
pub(crate) struct Mounted {
    disk: SimulatedDisk,
    process: u64,
}

#[derive(Debug)]
struct Open {
    mounted: Mounted,
    file: usize,
}

struct Locked {
    mounted: Mounted,
    path: PathBuf,
}

impl SimulatedDisk {
    pub(crate) fn new(seed: u64) -> Self {
        SimulatedDisk(Arc::new(Mutex::new(State {
            dice: Dice::new(seed),
            fault: Fault::None,
            process: 0,
            files: Vec::new(),
            names: BTreeMap::new(),
            kept_names: BTreeMap::new(),
            folders: BTreeSet::new(),
            locks: BTreeSet::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// For a process that starts.
    pub(crate) fn mount(&self) -> Mounted {
        Mounted { disk: self.clone(), process: self.state().process }
    }

    pub(crate) fn set(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// The process that uses it is gone: nothing of it comes any more, and what it wrote the system still has.
    pub(crate) fn kill(&self) {
        let mut state = self.state();
        state.process += 1;
        state.locks.clear();
    }

    /// The power is gone: of what was not synced some sectors are there and some are not, and so it is with names.
    pub(crate) fn cut_power(&self) {
        self.kill();
        let state = &mut *self.state();
        let (names, kept) = (state.names.clone(), state.kept_names.clone());
        for path in names.keys().chain(kept.keys()) {
            if names.get(path) != kept.get(path) && state.dice.is_one_in(2) {
                match names.get(path) {
                    Some(file) => state.kept_names.insert(path.clone(), *file),
                    None => state.kept_names.remove(path),
                };
            }
        }
        state.names = state.kept_names.clone();
        for content in &mut state.files {
            content.lose(&mut state.dice);
            content.seen.clone_from(&content.kept);
        }
    }
}

impl Content {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.seen.len() < end {
            self.seen.resize(end, 0);
        }
        self.seen[offset..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            self.dirty.extend(offset / SECTOR..=(end - 1) / SECTOR);
        }
    }

    fn sync(&mut self) {
        self.kept.resize(self.seen.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.keep(sector);
        }
    }

    /// Some of what is not synced gets to the disk, and the rest never will.
    fn lose(&mut self, dice: &mut Dice) {
        // A longer file is longer at once or not at all; its new sectors may hold nothing yet.
        if dice.is_one_in(2) {
            self.kept.resize(self.seen.len(), 0);
        }
        for sector in std::mem::take(&mut self.dirty) {
            if dice.is_one_in(2) {
                self.keep(sector);
            }
        }
    }

    fn keep(&mut self, sector: usize) {
        let (begin, end) =
            (sector * SECTOR, ((sector + 1) * SECTOR).min(self.seen.len()).min(self.kept.len()));
        if begin < end {
            self.kept[begin..end].copy_from_slice(&self.seen[begin..end]);
        }
    }
}

impl Mounted {
    /// The state, when this process still runs.
    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        if state.process == self.process { Ok(state) } else { Err(io::Error::other("the process is gone")) }
    }
}

impl Disk for Mounted {
    fn make(&self, folder: &Path) -> io::Result<()> {
        self.alive()?.folders.insert(folder.to_owned());
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let state = self.alive()?;
        let names = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(names.filter_map(|path| path.file_name()).map(OsString::from).collect())
    }

    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.alive()?;
        let found = state.names.get(path).copied();
        let file = match (found, how) {
            (Some(_), How::New) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(file), _) => file,
            (None, How::Read | How::ReadWrite) => return Err(io::ErrorKind::NotFound.into()),
            (None, How::Write | How::New) => {
                if state.fault == Fault::Full {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                state.files.push(Content::default());
                let file = state.files.len() - 1;
                state.names.insert(path.to_owned(), file);
                file
            }
        };
        Ok(Box::new(Open { mounted: self.clone(), file }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.alive()?.names.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        let state = &mut *self.alive()?;
        let is_in = |path: &Path| path.parent() == Some(folder);
        state.kept_names.retain(|path, _| !is_in(path));
        let names = state.names.iter().filter(|(path, _)| is_in(path));
        state.kept_names.extend(names.map(|(path, file)| (path.clone(), *file)));
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let is_free = self.alive()?.locks.insert(path.to_owned());
        Ok(is_free.then(|| -> Lock { Box::new(Locked { mounted: self.clone(), path: path.to_owned() }) }))
    }

    fn free_bytes(&self, _folder: &Path) -> io::Result<u64> {
        Ok(match self.alive()?.fault {
            Fault::Full => 0,
            Fault::NearlyFull => NEARLY_FULL,
            Fault::None | Fault::SyncFails | Fault::WriteFails => FREE,
        })
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if let Ok(mut state) = self.mounted.alive() {
            state.locks.remove(&self.path);
        }
    }
}

impl DiskFile for Open {
    fn length(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.mounted.alive()?.files[self.file].seen.len()).unwrap())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.mounted.alive()?;
        let seen = state.files[self.file].seen.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let read = seen.len().min(bytes.len());
        bytes[..read].copy_from_slice(&seen[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let state = &mut *self.mounted.alive()?;
        let (offset, file) = (usize::try_from(offset).unwrap(), &mut state.files[self.file]);
        let fails = match state.fault {
            // What is there already can be written over.
            Fault::Full => offset + bytes.len() > file.seen.len(),
            Fault::WriteFails => true,
            Fault::None | Fault::NearlyFull | Fault::SyncFails => false,
        };
        if !fails {
            file.write(bytes, offset);
            return Ok(bytes.len());
        }
        let taken = state.dice.index(bytes.len() + 1);
        file.write(&bytes[..taken], offset);
        if state.fault == Fault::WriteFails {
            state.fault = Fault::None;
            return Err(io::Error::other("the disk has failed"));
        }
        if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let file = &mut self.mounted.alive()?.files[self.file];
        let length = usize::try_from(length).unwrap();
        file.seen.resize(length, 0);
        file.dirty.retain(|sector| sector * SECTOR < length);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let state = &mut *self.mounted.alive()?;
        let file = &mut state.files[self.file];
        if state.fault == Fault::SyncFails && !file.dirty.is_empty() {
            state.fault = Fault::None;
            // The system calls the pages clean all the same: they are seen, and may never get to the disk.
            file.lose(&mut state.dice);
            return Err(io::Error::other("the disk has failed"));
        }
        file.sync();
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
}
