//! Keeps the live rulebook in step with the rules folder, on a thread of its own.
//!
//! It looks at the folder again and again, waits until two readings are the same, holds a folder that looks like an
//! accident, lets the core decide what is in force, keeps that on disk, publishes it, and tells the marketer.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::clock;
use super::config::Config;
use super::engine::{Engine, Folder, Held, Live};
use super::rules_dir::{self, Events, Reading};
use super::status::{self, Counts};
use super::store::{self, Store};
use crate::lang::Lang;
use crate::rulebook::{self, Adoption, Rulebook, Severity, Source, Standing, State};

/// Two readings this far apart must be the same before a folder is taken up: a copy that pauses longer is rare, and
/// with the time of a look before and a compile after it, a file is live within a second.
pub const SETTLE: Duration = Duration::from_millis(400);
/// After a file event, so long is waited for more of them: an editor's dance is many.
const HINT_PAUSE: Duration = Duration::from_millis(20);
/// Fewer lost files than this are somebody's tidying up.
const LOST_MIN: usize = 2;

/// The thread; dropping it ends the thread.
#[derive(Debug)]
pub struct Keeper {
    wake: Sender<Wake>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Wake {
    Hint,
    Stop,
}

impl Keeper {
    /// Puts the last good rules in force, then starts to look at the folder.
    ///
    /// # Errors
    /// The data folder cannot be used: good versions must survive a restart, so it is better not to start.
    pub fn start(config: &Config, engine: Arc<Engine>) -> Result<Self, store::Error> {
        let store = Store::open(&config.data)?;
        let (wake, wakes) = mpsc::channel();
        let mut work = Work {
            rules: config.rules.clone(),
            poll: config.poll_interval,
            hints: config.file_events.then(|| wake.clone()),
            events: None,
            status: status::File::new(&config.rules),
            languages: config.languages.list(),
            store,
            engine,
            good: Vec::new(),
            folder: Folder::default(),
            taken: None,
            settling: None,
            unkept: None,
            look_took: Duration::ZERO,
        };
        work.recover();
        let thread = thread::Builder::new()
            .name("pricewright-rules".to_owned())
            .spawn(move || work.run(&wakes))
            .map_err(|error| store::Error::Disk {
                action: "start the thread for",
                path: config.rules.clone(),
                error,
            })?;
        Ok(Keeper { wake, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.wake.send(Wake::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Seen = Result<Reading, rules_dir::Error>;

struct Work {
    rules: PathBuf,
    poll: Duration,
    hints: Option<Sender<Wake>>,
    events: Option<Events>,
    status: status::File,
    languages: &'static [Lang],
    store: Store,
    engine: Arc<Engine>,
    /// The sources in force.
    good: Vec<Source>,
    folder: Folder,
    /// The reading that was taken up last.
    taken: Option<Seen>,
    /// Since when what could not be kept on disk is live.
    unkept: Option<Timestamp>,
    /// A reading that is not taken up yet, and when it ended.
    settling: Option<(Seen, Instant)>,
    look_took: Duration,
}

impl Work {
    /// The rules that were live last are live again, whatever the folder holds by now.
    fn recover(&mut self) {
        let found = self.store.recover();
        for damage in &found.damage {
            tracing::error!(error = %damage, "a good version on disk was passed over");
        }
        let Some(kept) = found.last else {
            return;
        };
        let Some(adoption) = adopt(&kept.sources, &kept.sources) else {
            return;
        };
        if let Some(rulebook) = adoption.rulebook {
            tracing::info!(version = rulebook.digest().version(), "the last good rules are live again");
            self.good = adoption.sources;
            self.engine.publish(Live::of(Arc::new(rulebook), kept.live_at, Folder::default()));
        }
    }

    fn run(mut self, wakes: &Receiver<Wake>) {
        loop {
            self.listen();
            let pause = self.look();
            match wakes.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Wake::Hint) => {
                    // However many events there are, two thirds of the time go by without looking.
                    if self.swallow_hints(wakes, HINT_PAUSE.max(2 * self.look_took)) {
                        return;
                    }
                }
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Lets a moment pass; whether it is the end.
    fn swallow_hints(&self, wakes: &Receiver<Wake>, moment: Duration) -> bool {
        let until = clock::steady() + moment;
        loop {
            match wakes.recv_timeout(until.saturating_duration_since(clock::steady())) {
                Ok(Wake::Hint) => {}
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// Listens to the folder as it is now: it may have come, gone or been swapped since.
    fn listen(&mut self) {
        let Some(hints) = &self.hints else {
            return;
        };
        if !self.events.as_ref().is_some_and(|events| events.still_listen_to(&self.rules)) {
            self.events = Events::listen(&self.rules, hints.clone(), || Wake::Hint);
        }
    }

    /// One look at the folder; how long to wait for the next.
    fn look(&mut self) -> Duration {
        let begun = clock::steady();
        let seen = rules_dir::read(&self.rules);
        let ended = clock::steady();
        self.look_took = ended.saturating_duration_since(begun);
        if self.taken.as_ref() == Some(&seen) {
            self.settling = None;
            if let Some(live_at) = self.unkept {
                let good = std::mem::take(&mut self.good);
                self.keep(&good, live_at);
                self.good = good;
            }
            self.tell();
            return self.poll;
        }
        match &self.settling {
            Some((before, since)) if *before == seen => {
                let apart = begun.saturating_duration_since(*since);
                if apart < SETTLE {
                    return SETTLE.saturating_sub(apart);
                }
                self.settling = None;
                self.take(&seen);
                self.taken = Some(seen);
                self.tell();
                self.poll
            }
            _ => {
                self.settling = Some((seen, ended));
                SETTLE
            }
        }
    }

    fn take(&mut self, seen: &Seen) {
        let reading = match seen {
            Ok(reading) => reading,
            Err(error) => return self.hold(Held::Unreadable(error.to_string())),
        };
        if let Some(held) = accident(&self.good, reading) {
            return self.hold(held);
        }
        let sources = with_good_copies(reading, &self.good);
        let Some(adoption) = adopt(&sources, &self.good) else {
            return self.hold(Held::AtFault);
        };
        self.folder = Folder {
            standings: standings(adoption.standings, &reading.unreadable, &self.good),
            diagnostics: adoption.diagnostics,
            unreadable: reading.unreadable.clone(),
            held: None,
        };
        match adoption.rulebook {
            Some(rulebook) => self.publish(rulebook, adoption.sources),
            None => self.hold(Held::AtFault),
        }
        if reading.accept {
            // Left where it is, it would accept the next accident too.
            let taken_away = fs::remove_file(self.rules.join(rules_dir::ACCEPT));
            let is_taken = self.folder.held.is_none();
            tracing::warn!(taken_away = taken_away.is_ok(), is_taken, "_ACCEPT lay in the rules folder");
        }
    }

    fn hold(&mut self, held: Held) {
        tracing::error!(why = held.say(Lang::En), "the rules folder is held");
        self.folder.held = Some(held);
        if let Some(live) = self.engine.live() {
            self.engine.publish(Live { folder: self.folder.clone(), ..Live::clone(&live) });
        }
    }

    fn publish(&mut self, rulebook: Rulebook, sources: Vec<Source>) {
        let now = clock::timestamp();
        let before = self.engine.live().filter(|live| live.rulebook.digest() == rulebook.digest());
        let live_at = before.as_ref().map_or(now, |live| live.live_at);
        if before.is_none() {
            // Kept before it is live: what was live can always be found again. A full disk does not stop prices.
            self.keep(&sources, now);
            let version = rulebook.digest().version();
            tracing::info!(version, promotions = rulebook.promotions().len(), "rules are live");
        }
        for standing in self.folder.standings.iter().filter(|standing| standing.state != State::Live) {
            tracing::warn!(file = standing.path, state = ?standing.state, "a rule file is not live");
        }
        for found in self.folder.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
            let line = found.place.as_ref().map_or(0, |place| place.line);
            let message = found.message(Lang::En);
            tracing::warn!(file = found.path, line, code = found.code, message, "a rule file is at fault");
        }
        self.good = sources;
        let rulebook = before.map_or_else(|| Arc::new(rulebook), |live| Arc::clone(&live.rulebook));
        self.engine.publish(Live::of(rulebook, live_at, self.folder.clone()));
    }

    /// Keeps what is live on disk. What could not be kept is tried again at every look.
    fn keep(&mut self, sources: &[Source], live_at: Timestamp) {
        let kept = self.store.keep(sources, live_at);
        if let Err(error) = &kept
            && self.unkept.is_none()
        {
            tracing::error!(%error, "the live rules could not be kept on disk");
        }
        self.unkept = kept.is_err().then_some(live_at);
    }

    /// Brings `_STATUS.txt` up to date: also when nothing but time has passed, and a promotion has begun or ended.
    fn tell(&mut self) {
        let live = self.engine.live();
        let counts = live.as_ref().map_or_else(Counts::default, |live| Counts::of(live, clock::now()));
        let text = status::text(live.as_deref(), &self.folder, counts, self.languages);
        if self.rules.is_dir()
            && let Err(error) = self.status.write(text)
        {
            tracing::warn!(%error, "_STATUS.txt cannot be written; the folder is read-only, it seems");
        }
    }
}

/// What the core decides; nothing when it panics, which no rule file may make it do.
fn adopt(seen: &[Source], good: &[Source]) -> Option<Adoption> {
    catch_unwind(AssertUnwindSafe(|| rulebook::adopt(seen, good))).ok()
}

/// Whether the folder looks like an accident to what is in force: an unmounted share, a wrong `rm`.
///
/// A file that has only got another name is not lost.
fn accident(good: &[Source], reading: &Reading) -> Option<Held> {
    if reading.accept {
        return None;
    }
    if good.is_empty() {
        // A share that is not mounted yet looks like this: selling at list prices must be meant.
        return (reading.sources.is_empty() && reading.unreadable.is_empty()).then_some(Held::Nothing);
    }
    if reading.sources.is_empty() && reading.unreadable.is_empty() {
        return Some(Held::Empty);
    }
    let names: BTreeSet<&str> = reading
        .sources
        .iter()
        .map(|source| source.path.as_str())
        .chain(reading.unreadable.iter().map(|(path, _)| path.as_str()))
        .collect();
    let contents: BTreeSet<&[u8]> = reading.sources.iter().map(|source| source.bytes.as_slice()).collect();
    let is_lost = |source: &&Source| {
        !names.contains(source.path.as_str()) && !contents.contains(source.bytes.as_slice())
    };
    let lost = good.iter().filter(is_lost).count();
    (lost >= LOST_MIN && 2 * lost > good.len()).then_some(Held::Lost(lost, good.len()))
}

/// The sources of a reading, with the version in force for each file that cannot be read.
fn with_good_copies(reading: &Reading, good: &[Source]) -> Vec<Source> {
    let unreadable = |source: &&Source| reading.unreadable.iter().any(|(path, _)| *path == source.path);
    let mut sources = reading.sources.clone();
    sources.extend(good.iter().filter(unreadable).cloned());
    sources.sort();
    sources
}

/// The core was given good copies of unreadable files: it takes them for what is in the folder.
fn standings(mut found: Vec<Standing>, unreadable: &[(String, String)], good: &[Source]) -> Vec<Standing> {
    for (path, _) in unreadable {
        found.retain(|standing| standing.path != *path);
        let has_good = good.iter().any(|source| source.path == *path);
        let state = if has_good { State::Held } else { State::Out };
        found.push(Standing { path: path.clone(), state });
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(names: &[&str]) -> Vec<Source> {
        names.iter().map(|name| Source { path: (*name).to_owned(), bytes: (*name).into() }).collect()
    }

    #[test]
    fn a_folder_that_lost_more_than_half_is_held() {
        let cases: [(&[&str], &[&str], Option<Held>); 8] = [
            (&[], &[], Some(Held::Nothing)),
            (&["a"], &[], Some(Held::Empty)),
            (&["a", "b"], &[], Some(Held::Empty)),
            (&["a", "b", "c"], &["a"], Some(Held::Lost(2, 3))),
            (&["a", "b", "c", "d"], &["a", "b"], None),
            (&["a", "b"], &["a"], None),
            (&["a"], &["z"], None),
            (&["a", "b", "c"], &["x", "y", "z"], Some(Held::Lost(3, 3))),
        ];
        for (good, seen, held) in cases {
            let reading = Reading { sources: sources(seen), ..Reading::default() };
            assert_eq!(accident(&sources(good), &reading), held, "{good:?} {seen:?}");
            let accepted = Reading { accept: true, ..reading };
            assert_eq!(accident(&sources(good), &accepted), None);
        }
    }

    #[test]
    fn a_new_name_is_no_loss_and_an_unreadable_file_keeps_its_version() {
        let good = sources(&["a", "b", "c"]);
        let mut renamed = good.clone();
        renamed.iter_mut().for_each(|source| source.path.push_str(".yaml"));
        assert_eq!(accident(&good, &Reading { sources: renamed, ..Reading::default() }), None);

        let denied = |path: &str| (path.to_owned(), "permission denied".to_owned());
        let reading = Reading {
            sources: sources(&["a", "c"]),
            unreadable: vec![denied("b"), denied("n")],
            accept: false,
        };
        assert_eq!(accident(&good, &reading), None);
        assert_eq!(with_good_copies(&reading, &good), good);
        let live = |path: &str| Standing { path: path.to_owned(), state: State::Live };
        let told = standings(vec![live("a"), live("b"), live("c")], &reading.unreadable, &good);
        let states: Vec<State> = told.iter().map(|standing| standing.state).collect();
        assert_eq!(states, [State::Live, State::Held, State::Live, State::Out]);
    }
}
