//! The audit log: a line for each call that changes something and for each that was refused at the entrance. Who, what, when, from where, and
//! what came of it; never a code, a phone, a customer or a basket.
//!
//! One file a day (UTC), `2026-11-27.jsonl`, for its owner alone, by a thread of its own: no call waits for it. What is written is synced within a
//! second. A disk that fails costs lines and no sale; the log of the service says so.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{clock, folders};

/// Lines that wait to be written: some seconds of a disk that stands still under Black Friday.
const WAITING_MAX: usize = 65_536;
/// What is written is synced after this at the latest.
const SYNC: Duration = Duration::from_secs(1);

/// The log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the audit log in `{path}` cannot be written: {error}")]
pub struct Error {
    path: PathBuf,
    error: io::Error,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// When the call came, to the millisecond.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The method, such as `RedemptionService/Reserve`.
    pub method: &'static str,
    /// The name of the caller; nothing where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The address that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id that the caller gave the call, or the name of what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The status of the answer, such as `OK`.
    pub status: &'static str,
    /// Its reason, where it is a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it was refused at the entrance: what the caller is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'static str>,
    /// Refusals before this one that are not in the log: of a flood it has ten a second.
    #[serde(skip_serializing_if = "is_zero")]
    pub untold: u64,
}

fn as_text<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The log. A clone is the same one; the last writes what waits and ends.
#[derive(Debug, Clone)]
pub struct Audit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    lines: Mutex<Option<SyncSender<Line>>>,
    lost: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// The log in a folder, made where it is not there.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let failed = |error| Error { path: folder.to_owned(), error };
        folders::make(folder).map_err(failed)?;
        let mut file = DayFile { folder: folder.to_owned(), day: String::new(), file: None };
        file.of(&day(clock::timestamp())).map_err(failed)?;
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let write = write_all(file, receiver, Arc::clone(&lost));
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn(write).map_err(failed)?;
        let (lines, thread) = (Mutex::new(Some(sender)), Mutex::new(Some(thread)));
        Ok(Audit(Arc::new(Inner { lines, lost, thread })))
    }

    /// Writes a line. Does not wait; one that finds no room is lost, and counted.
    pub fn write(&self, line: Line) {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = lines.as_ref().is_some_and(|lines| lines.try_send(line).is_ok());
        if !is_taken {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.lines.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

/// The file of a day.
struct DayFile {
    folder: PathBuf,
    day: String,
    file: Option<File>,
}

impl DayFile {
    fn of(&mut self, day: &str) -> io::Result<&mut File> {
        if self.day != day || self.file.is_none() {
            let mut options = OpenOptions::new();
            options.create(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            self.file = Some(options.open(self.folder.join(format!("{day}.jsonl")))?);
            day.clone_into(&mut self.day);
            folders::sync(&self.folder)?;
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.of(&day(line.at))?.write_all(&text)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.sync_data())
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn write_all(mut file: DayFile, lines: Receiver<Line>, lost: Arc<AtomicU64>) -> impl FnOnce() + Send {
    move || {
        let (mut is_failing, mut is_synced) = (false, true);
        let mut synced = clock::steady();
        loop {
            let done = match lines.recv_timeout(SYNC) {
                Ok(line) => {
                    is_synced = false;
                    file.append(&line).inspect_err(|_| {
                        lost.fetch_add(1, Ordering::Relaxed);
                    })
                }
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let is_due = !is_synced && synced.elapsed() >= SYNC;
            let done = if is_due { done.and(file.sync()) } else { done };
            if is_due {
                (synced, is_synced) = (clock::steady(), true);
            }
            match done {
                Err(error) if !is_failing => {
                    is_failing = true;
                    tracing::error!(%error, "the audit log cannot be written; sales go on");
                }
                Ok(()) if is_failing && is_due => {
                    is_failing = false;
                    let lost = lost.swap(0, Ordering::Relaxed);
                    tracing::warn!(lost, "the audit log is written again");
                }
                _ => {}
            }
        }
        if let Err(error) = file.sync() {
            tracing::error!(%error, "the end of the audit log could not be synced");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, status: &'static str) -> Line {
        Line {
            at: Timestamp::from_second(second).unwrap(),
            method: "RedemptionService/Reserve",
            caller: Some("kyiv-01 \"A\"\n".to_owned()),
            address: None,
            request: None,
            status,
            reason: None,
            refused: None,
            untold: 0,
        }
    }

    #[test]
    fn each_day_has_its_file_and_each_line_its_line() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("audit");
        let audit = Audit::open(&folder).unwrap();
        audit.write(line(1_795_773_599, "OK"));
        audit.write(line(1_795_773_600, "NOT_FOUND"));
        audit.clone().write(line(1_795_824_000, "OK"));
        drop(audit);
        let read = |day: &str| std::fs::read_to_string(folder.join(format!("{day}.jsonl"))).unwrap();
        assert_eq!(read("2026-11-27").lines().count(), 2);
        assert_eq!(
            read("2026-11-28"),
            "{\"at\":\"2026-11-28T00:00:00Z\",\"method\":\"RedemptionService/Reserve\",\"caller\":\"kyiv-01 \\\"A\\\"\\n\",\
             \"status\":\"OK\"}\n"
        );
        // The next start goes on behind what is there.
        let audit = Audit::open(&folder).unwrap();
        audit.write(line(1_795_824_001, "OK"));
        drop(audit);
        assert_eq!(read("2026-11-28").lines().count(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.join("2026-11-28.jsonl")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
