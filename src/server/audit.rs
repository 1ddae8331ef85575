//! The audit log: a line for each call that changes something and for each that was refused at the entrance. Who, what, when, from where, and
//! what came of it; never a code, a phone, a customer or a basket.
//!
//! One file a day (UTC), `2026-11-27.jsonl`, for its owner alone, by a thread of its own: no call waits for it. What is written is synced within a
//! second. A disk that fails costs lines and no sale; the log of the service says so.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Stdout, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::meters::EntranceMeters;
use super::{clock, folders};

/// Lines that wait to be written: some seconds of a disk that stands still under Black Friday.
const WAITING_MAX: usize = 65_536;
/// What is written is synced after this at the latest.
const SYNC: Duration = Duration::from_secs(1);

/// What stands for the standard output: for a container, whose files go with it.
pub const OUTPUT: &str = "-";

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
    /// Who has asked for it first, where two must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// Whether it was only tried (`validate_only`).
    #[serde(skip_serializing_if = "is_false")]
    pub trial: bool,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(is_so: &bool) -> bool {
    !is_so
}

/// The log. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Audit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    lines: Mutex<Option<SyncSender<Line>>>,
    meters: Arc<EntranceMeters>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// The log in a folder, made where it is not there; `-` is the standard output. What is lost is counted in `meters`.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub fn open(folder: &Path, meters: Arc<EntranceMeters>) -> Result<Self, Error> {
        let failed = |error| Error { path: folder.to_owned(), error };
        let sink = if folder == Path::new(OUTPUT) {
            Sink::Output(io::stdout())
        } else {
            folders::make(folder).map_err(failed)?;
            let mut file = DayFile { folder: folder.to_owned(), day: String::new(), file: None };
            file.of(&day(clock::timestamp())).map_err(failed)?;
            Sink::Days(file)
        };
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let write = write_all(sink, receiver, Arc::clone(&meters));
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn(write).map_err(failed)?;
        let (lines, thread) = (Mutex::new(Some(sender)), Mutex::new(Some(thread)));
        Ok(Audit(Arc::new(Inner { lines, meters, thread })))
    }

    /// Writes a line. Does not wait; one that finds no room is lost, and counted.
    pub fn write(&self, line: Line) {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = lines.as_ref().is_some_and(|lines| lines.try_send(line).is_ok());
        if !is_taken {
            self.0.meters.audit_lines_lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes what waits, and ends: what comes later is lost. Waits for the disk, which may stand still.
    pub fn close(&self) {
        drop(self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Where lines go.
enum Sink {
    Days(DayFile),
    Output(Stdout),
}

impl Sink {
    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        match self {
            Sink::Days(file) => file.append(&day(line.at), &text),
            Sink::Output(output) => output.write_all(&text),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        match self {
            Sink::Days(DayFile { file: Some(file), .. }) => file.sync_data(),
            Sink::Days(_) => Ok(()),
            Sink::Output(output) => output.flush(),
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
            options.create(true).append(true).read(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(self.folder.join(format!("{day}.jsonl")))?;
            end_line(&mut file)?;
            self.file = Some(file);
            day.clone_into(&mut self.day);
            folders::sync(&self.folder)?;
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn append(&mut self, day: &str, text: &[u8]) -> io::Result<()> {
        let written = self.of(day)?.write_all(text);
        if written.is_err() {
            // Half of the line may be there: the next one is not written behind it.
            self.file = None;
        }
        written
    }
}

/// Ends a line that a full disk or a power cut has torn: it would take the next one with it.
fn end_line(file: &mut File) -> io::Result<()> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == [b'\n'] { Ok(()) } else { file.write_all(b"\n") }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn write_all(mut sink: Sink, lines: Receiver<Line>, meters: Arc<EntranceMeters>) -> impl FnOnce() + Send {
    move || {
        let lost = &meters.audit_lines_lost;
        let (mut is_failing, mut is_synced, mut told) = (false, true, 0);
        let mut synced = clock::steady();
        loop {
            let done = match lines.recv_timeout(SYNC) {
                Ok(line) => {
                    is_synced = false;
                    sink.append(&line).inspect_err(|_| {
                        lost.fetch_add(1, Ordering::Relaxed);
                    })
                }
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let is_due = !is_synced && synced.elapsed() >= SYNC;
            let done = if is_due { done.and(sink.sync()) } else { done };
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
                    tracing::warn!("the audit log is written again");
                }
                _ => {}
            }
            // Those for which there was no room, too: while it fails there is nothing new to say.
            let all = lost.load(Ordering::Relaxed);
            if is_due && !is_failing && all > told {
                tracing::error!(lost = all - told, "lines of the audit log are lost");
                told = all;
            }
        }
        if let Err(error) = sink.sync() {
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
            first: None,
            trial: false,
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
        let open = || Audit::open(&folder, Arc::default()).unwrap();
        let audit = open();
        audit.write(line(1_795_773_599, "OK"));
        audit.write(line(1_795_773_600, "NOT_FOUND"));
        audit.clone().write(line(1_795_824_000, "OK"));
        audit.close();
        audit.write(line(1_795_824_000, "OK"));
        assert_eq!(audit.0.meters.audit_lines_lost.load(Ordering::Relaxed), 1);
        let read = |day: &str| std::fs::read_to_string(folder.join(format!("{day}.jsonl"))).unwrap();
        assert_eq!(read("2026-11-27").lines().count(), 2);
        assert_eq!(
            read("2026-11-28"),
            "{\"at\":\"2026-11-28T00:00:00Z\",\"method\":\"RedemptionService/Reserve\",\"caller\":\"kyiv-01 \\\"A\\\"\\n\",\
             \"status\":\"OK\"}\n"
        );
        // The next start goes on behind what is there, and on a line of its own.
        let torn = folder.join("2026-11-28.jsonl");
        std::fs::write(&torn, format!("{}{{\"at\":\"2026", read("2026-11-28"))).unwrap();
        let audit = open();
        audit.write(line(1_795_824_001, "OK"));
        audit.close();
        let text = read("2026-11-28");
        let good: Vec<_> =
            text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).collect();
        assert_eq!(good, [true, false, true]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.join("2026-11-28.jsonl")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_full_disk_tears_takes_no_other_line_with_it() {
        let home = tempfile::tempdir().unwrap();
        let mut days = DayFile { folder: home.path().to_owned(), day: String::new(), file: None };
        days.append("2026-11-28", b"one\n").unwrap();
        // Half of a line was written, and then the disk was full.
        days.of("2026-11-28").unwrap().write_all(b"tw").unwrap();
        days.file = Some(OpenOptions::new().write(true).open("/dev/full").unwrap());
        days.append("2026-11-28", b"o\n").unwrap_err();
        days.append("2026-11-28", b"three\n").unwrap();
        let text = std::fs::read_to_string(home.path().join("2026-11-28.jsonl")).unwrap();
        assert_eq!(text, "one\ntw\nthree\n");
    }
}
