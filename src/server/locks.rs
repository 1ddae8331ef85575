//! What one process has at a time: a file that is locked, an index that sled locks by itself.
//!
//! A process that is just being started has the locks of the one that starts it, until it becomes the other program: a lock that
//! was let go may be held for a moment more. So whoever wants one waits a little before it is another's.

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
    patiently(|| match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    })
    .map(|is_had| is_had.then_some(file))
}

/// Opens an index whose folder this process has, by a lock of its own: then sled's lock can only be held for a moment.
///
/// # Errors
/// What sled says; that it is locked, after two seconds.
pub fn open(config: &sled::Config) -> sled::Result<sled::Db> {
    let mut db = config.open();
    patiently(|| {
        if !is_locked(&db) {
            return Ok(true);
        }
        db = config.open();
        Ok(!is_locked(&db))
    })?;
    db
}

fn is_locked(db: &sled::Result<sled::Db>) -> bool {
    matches!(db, Err(sled::Error::Io(error)) if error.to_string().starts_with(SLED_LOCKED))
}

/// Asks again and again; whether it was given in time.
fn patiently(mut ask: impl FnMut() -> io::Result<bool>) -> io::Result<bool> {
    for _ in 0..TRIES {
        if ask()? {
            return Ok(true);
        }
        thread::sleep(PAUSE);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Lets the lock on a file go after a while, as a process does that was just started.
    fn held_for_a_while(path: &Path) -> thread::JoinHandle<()> {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.try_lock().unwrap();
        let (said, hear) = mpsc::channel();
        let holder = thread::spawn(move || {
            said.send(()).unwrap();
            thread::sleep(PAUSE * 5);
            drop(file);
        });
        hear.recv().unwrap();
        holder
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
