//! What one process has at a time: a file that is locked, an index that sled locks by itself.
//!
//! What was let go may be held for a moment more: by a service that ends while the next one starts, by a thread of sled that has not
//! ended yet, by a process that was just started and has its parent's locks until it becomes another program. So whoever wants a lock
//! waits before it is another's, longer than any such moment and not so long that whoever types a command beside a service wonders.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// How sled begins what it says where somebody has its file; it has no error of its own for that.
const SLED_LOCKED: &str = "could not acquire lock";

/// Locks the file at `path` for this process, until what is given back is dropped; made when it is not there. Nothing where another
/// has it after two seconds.
///
/// # Errors
/// What the disk says.
pub fn take(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    let locked = patiently(|| match file.try_lock() {
        Ok(()) => Some(Ok(())),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(error)) => Some(Err(error)),
    });
    Ok(locked.transpose()?.map(|()| file))
}

/// Opens an index whose folder this process has, by a lock of its own: then sled's lock can only be held for a moment.
///
/// # Errors
/// What sled says; that it is locked, after two seconds.
pub fn open(config: &sled::Config) -> sled::Result<sled::Db> {
    let opened = patiently(|| match config.open() {
        Err(sled::Error::Io(error)) if error.to_string().starts_with(SLED_LOCKED) => None,
        done => Some(done),
    });
    opened.unwrap_or_else(|| config.open())
}

/// What is given at one of many times of asking.
fn patiently<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 1..TRIES {
        let given = ask();
        if given.is_some() {
            return given;
        }
        thread::sleep(PAUSE);
    }
    ask()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets the lock on a file go after a while, as a process does that was just started.
    fn held_for_a_while(path: &Path) -> thread::JoinHandle<()> {
        let file = take(path).unwrap().unwrap();
        thread::spawn(move || {
            thread::sleep(PAUSE * 5);
            drop(file);
        })
    }

    #[test]
    fn a_lock_that_is_held_for_a_moment_is_waited_for_and_one_that_stays_is_anothers() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let first = take(&path).unwrap().unwrap();
        assert!(take(&path).unwrap().is_none());
        drop(first);
        let holder = held_for_a_while(&path);
        assert!(take(&path).unwrap().is_some());
        holder.join().unwrap();
        assert!(take(home.path()).is_err());
    }

    #[test]
    fn an_index_whose_lock_is_held_for_a_moment_is_opened_and_one_that_stays_open_is_not() {
        let home = tempfile::tempdir().unwrap();
        let config = sled::Config::new().path(home.path()).flush_every_ms(None);
        let db = open(&config).unwrap();
        db.insert("a", "b").unwrap();
        let error = open(&config).unwrap_err();
        assert!(error.to_string().contains(SLED_LOCKED), "{error}");
        drop(db);
        let holder = held_for_a_while(&home.path().join("db"));
        assert_eq!(open(&config).unwrap().get("a").unwrap().unwrap(), "b");
        holder.join().unwrap();
    }
}
