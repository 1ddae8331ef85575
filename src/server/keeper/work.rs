//! The thread of the rules: its loop, and its looks at the folder.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::accident::{accident, standings, with_good_copies};
use super::call::{Order, Wake};
use super::glance::Glance;
use super::taken::{Mark, Taken};
use crate::lang::Lang;
use crate::rulebook::diff::{changed_files, changed_rules};
use crate::rulebook::{self, Adoption, Rulebook, Severity, Source, Standing, State};
use crate::server::clock;
use crate::server::config::Config;
use crate::server::engine::{Engine, Folder, Held, Live};
use crate::server::rules_dir::{self, Events, Reading};
use crate::server::status::{self, Counts};
use crate::server::store::{Changed, Error, History, Note, Publication};

/// Two readings this far apart must be the same before a folder is taken up: a copy that pauses longer is rare, and
/// with the time of a look before and a compile after it, a file is live within a second.
pub const SETTLE: Duration = Duration::from_millis(400);
/// After a file event, so long is waited for more of them: an editor's dance is many.
const HINT_PAUSE: Duration = Duration::from_millis(20);
/// So often a publication of the folder is tried again where others publish at the same moment.
const TRIES_MAX: usize = 4;

type Seen = Result<Reading, rules_dir::Error>;

pub(super) struct Work {
    rules: PathBuf,
    poll: Duration,
    hints: Option<Sender<Wake>>,
    events: Option<Events>,
    status: status::File,
    languages: &'static [Lang],
    mark: Mark,
    pub(super) history: Arc<dyn History>,
    pub(super) engine: Arc<Engine>,
    /// The sources in force.
    pub(super) good: Vec<Source>,
    /// How they came into force; nothing when that could not be kept.
    pub(super) publication: Option<Publication>,
    /// The number of the newest publication that is in force here, or was passed over for good.
    pub(super) newest: u64,
    /// The same, for others to see.
    known: Arc<Glance>,
    /// Whether a change of the folder could not be published when it came.
    is_late: bool,
    /// Whether it is still to be published.
    is_unsent: bool,
    /// What was found in the folder, and how its files stand by themselves.
    folder: Folder,
    /// What was last taken up from the folder.
    taken: Option<Taken>,
    /// Whether that is still to be written down.
    is_unmarked: bool,
    /// The reading that was looked into last.
    seen: Option<Seen>,
    /// What could not be kept on disk and is live all the same.
    unkept: Option<Note>,
    /// A reading that is not looked into yet, and when it ended.
    settling: Option<(Seen, Instant)>,
    look_took: Duration,
}

impl Work {
    pub(super) fn new(
        config: &Config,
        engine: Arc<Engine>,
        history: Arc<dyn History>,
        wake: &Sender<Wake>,
        known: Arc<Glance>,
    ) -> Self {
        Work {
            rules: config.rules.clone(),
            poll: config.poll_interval,
            hints: config.file_events.then(|| wake.clone()),
            events: None,
            status: status::File::new(&config.rules),
            languages: config.languages.list(),
            mark: Mark::new(&config.data),
            history,
            engine,
            good: Vec::new(),
            publication: None,
            newest: 0,
            known,
            is_late: false,
            is_unsent: false,
            folder: Folder::default(),
            taken: None,
            is_unmarked: false,
            seen: None,
            settling: None,
            unkept: None,
            look_took: Duration::ZERO,
        }
    }

    /// The rules that were live last are live again, whatever the folder holds by now.
    pub(super) fn recover(&mut self) {
        let found = self.history.recover();
        for damage in &found.damage {
            tracing::error!(error = %damage, "a good version on disk was passed over");
        }
        if self.history.is_shared() {
            self.now_at(found.last.as_ref().map_or(0, |kept| kept.publication.number));
        } else {
            self.learn_newest();
        }
        let good = found.last.as_ref().map(|kept| kept.sources.as_slice()).unwrap_or_default();
        self.taken = self.mark.read(self.history.as_ref(), good);
        let Some(kept) = found.last else {
            return;
        };
        let Some(adoption) = adopt(&kept.sources, &kept.sources) else {
            return;
        };
        if let Some(rulebook) = adoption.rulebook {
            let version = rulebook.digest().version();
            self.good = adoption.sources;
            self.publication = Some(kept.publication);
            let live = Live::of(Arc::new(rulebook), kept.live_at, Folder::default());
            self.show(live);
            tracing::info!(version, "the last good rules are live again");
        }
    }

    pub(super) fn run(mut self, wakes: &Receiver<Wake>) {
        loop {
            self.listen();
            let pause = self.look();
            let is_end = match wakes.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => false,
                // However many events there are, two thirds of the time go by without looking.
                Ok(Wake::Hint) => self.swallow_hints(wakes, HINT_PAUSE.max(2 * self.look_took)),
                Ok(other) => self.wake(other),
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if is_end {
                return;
            }
        }
    }

    /// Lets a moment pass, but no caller wait; whether it is the end.
    fn swallow_hints(&mut self, wakes: &Receiver<Wake>, moment: Duration) -> bool {
        let until = clock::steady() + moment;
        loop {
            match wakes.recv_timeout(until.saturating_duration_since(clock::steady())) {
                Ok(wake) => {
                    if self.wake(wake) {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// Does what is asked for; whether it is the end.
    fn wake(&mut self, wake: Wake) -> bool {
        match wake {
            Wake::Stop => return true,
            Wake::Hint => {}
            Wake::News => self.news(),
            Wake::Order(order) => {
                let Order { what, asked, reply } = *order;
                let answer = self.order(what, &asked);
                self.tell();
                // Whoever asked may have gone.
                let _ = reply.send(answer);
            }
        }
        false
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
        self.known.looked();
        self.look_took = ended.saturating_duration_since(begun);
        if self.seen.as_ref() == Some(&seen) {
            self.settling = None;
            self.try_again();
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
                self.seen = (!self.is_unsent).then_some(seen);
                self.refresh();
                self.tell();
                self.poll
            }
            _ => {
                self.settling = Some((seen, ended));
                SETTLE
            }
        }
    }

    /// What could not be written before may be written now.
    fn try_again(&mut self) {
        if let Some(note) = self.unkept.clone() {
            let good = std::mem::take(&mut self.good);
            self.keep(&good, note);
            self.good = good;
            self.refresh();
        }
        if self.is_unmarked {
            self.write_mark();
        }
    }

    fn take(&mut self, seen: &Seen) {
        let reading = match seen {
            Ok(reading) => reading,
            Err(error) => return self.hold(Held::Unreadable(error.to_string())),
        };
        let good = self.taken.as_ref().map(|taken| taken.sources.clone()).unwrap_or_default();
        let is_bare = reading.sources.is_empty() && reading.unreadable.is_empty();
        if is_bare && self.taken.is_none() && self.publication.is_some() && !reading.accept {
            // Rules come by calls alone here: a folder that was never used lacks nothing.
            self.folder = Folder::default();
            return;
        }
        if let Some(held) = accident(&good, reading) {
            return self.hold(held);
        }
        let sources = with_good_copies(reading, &good);
        let Some(adoption) = adopt(&sources, &good) else {
            return self.hold(Held::AtFault);
        };
        self.folder = Folder {
            standings: standings(adoption.standings, &reading.unreadable, &good),
            diagnostics: adoption.diagnostics,
            unreadable: reading.unreadable.clone(),
            ..Folder::default()
        };
        match adoption.rulebook {
            Some(rulebook) => self.take_up(rulebook, adoption.sources, reading.accept),
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
    }

    /// The folder publishes when it has something else than before: by a call another rulebook may be in force since, and what has
    /// not changed is older than that.
    fn take_up(&mut self, rulebook: Rulebook, sources: Vec<Source>, accept: bool) {
        self.known.taken();
        for standing in self.folder.standings.iter().filter(|standing| standing.state != State::Live) {
            tracing::warn!(file = standing.path, state = ?standing.state, "a rule file is not live");
        }
        for found in self.folder.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
            let line = found.place.as_ref().map_or(0, |place| place.line);
            let message = found.message(Lang::En);
            tracing::warn!(file = found.path, line, code = found.code, message, "a rule file is at fault");
        }
        let digest = rulebook.digest().to_string();
        let before = self.taken.as_ref();
        let live = self.engine.live();
        // A node that comes new to others finds a folder there, and does not know whether it is older than what is in force.
        let is_same = match before {
            Some(taken) => taken.digest == digest,
            None => self.history.is_shared() && live.is_some(),
        };
        let is_accepted = accept && !before.is_some_and(|taken| taken.accepted);
        let now = Taken { digest: digest.clone(), sources: sources.clone(), accepted: accept };
        let is_other = before != Some(&now);
        if live.as_ref().is_none_or(|live| live.digest != digest)
            && (!is_same || is_accepted || live.is_none())
        {
            // Kept before it is live: what was live can always be found again. A full disk does not stop prices.
            let note = Note::of_folder(clock::timestamp(), self.changed(&sources, &rulebook));
            if self.history.is_shared() {
                return self.send(rulebook, note, now);
            }
            let at = note.at;
            self.keep(&sources, note);
            self.taken = Some(now);
            self.put(rulebook, sources, at);
        } else {
            self.taken = Some(now);
        }
        // Last: should the process die before, the folder's newest publication is the live one, and the same.
        if is_other {
            self.write_mark();
        }
    }

    /// Publishes a folder beside others that publish: in force once it is kept, and not before. What could not be sent is sent later, unless
    /// somebody has published since: then it is older, as is the folder of a node that has just come.
    fn send(&mut self, rulebook: Rulebook, note: Note, now: Taken) {
        let is_old = self.is_late || self.taken.is_none();
        for _ in 0..TRIES_MAX {
            match self.history.publish(&now.sources, &note, self.newest) {
                Ok(publication) => {
                    self.published(publication, rulebook, now.sources.clone());
                    self.sent(now);
                    return;
                }
                Err(Error::Moved) => {
                    self.news();
                    if is_old {
                        tracing::warn!(
                            "the rules folder has changed before what is in force was published: it is not taken up"
                        );
                        return self.sent(now);
                    }
                }
                Err(error) => {
                    if !self.is_late {
                        tracing::error!(%error, "what the rules folder has cannot be published; it is tried again");
                    }
                    break;
                }
            }
        }
        (self.is_late, self.is_unsent) = (true, true);
    }

    fn sent(&mut self, now: Taken) {
        (self.is_late, self.is_unsent) = (false, false);
        self.taken = Some(now);
        self.write_mark();
    }

    /// How much would be other than it is.
    pub(super) fn changed(&self, sources: &[Source], rulebook: &Rulebook) -> Option<Changed> {
        let live = self.engine.live();
        let promotions = live.map_or(rulebook.promotions().len() + rulebook.caps().len(), |live| {
            changed_rules(&live.rulebook, rulebook)
        });
        Some(Changed { files: changed_files(&self.good, sources), promotions })
    }

    /// Puts a rulebook in force that is kept, or could not be.
    pub(super) fn put(&mut self, rulebook: Rulebook, sources: Vec<Source>, at: jiff::Timestamp) {
        let before = self.engine.live().filter(|live| live.rulebook.digest() == rulebook.digest());
        let news = before.is_none().then(|| (rulebook.digest().version(), rulebook.promotions().len()));
        let live = match before {
            Some(live) => Live::clone(&live),
            None => Live::of(Arc::new(rulebook), at, Folder::default()),
        };
        self.good = sources;
        self.show(live);
        // Said once it is so: whoever reads the log asks for a price at once.
        if let Some((version, promotions)) = news {
            tracing::info!(version, promotions, "rules are live");
        }
    }

    fn refresh(&mut self) {
        if let Some(live) = self.engine.live() {
            self.show(Live::clone(&live));
        }
    }

    /// Publishes `live` with what is known of its origin and of the folder.
    fn show(&mut self, live: Live) {
        let folder = self.folder_beside(&live.digest);
        let is_told = self.engine.live().is_some_and(|told| {
            told.digest == live.digest && told.publication == self.publication && told.folder == folder
        });
        // Nobody who watches is told the same twice.
        if !is_told {
            self.engine.publish(Live { folder, publication: self.publication.clone(), ..live });
        }
    }

    /// The folder beside what is live: where that came another way, a file is live when it is the same there.
    fn folder_beside(&self, digest: &str) -> Folder {
        let mut folder = self.folder.clone();
        folder.is_superseded = self.taken.as_ref().is_some_and(|taken| taken.digest != digest);
        if let (true, Some(Ok(reading))) = (folder.is_superseded, &self.seen) {
            let good: BTreeSet<&Source> = self.good.iter().collect();
            let same = reading.sources.iter().filter(|source| good.contains(source));
            let same: BTreeSet<&str> = same.map(|source| source.path.as_str()).collect();
            let in_force = |path: &str| same.contains(path);
            let stand = |standing: Standing| {
                let state = if in_force(&standing.path) { State::Live } else { State::Superseded };
                Standing { state, ..standing }
            };
            folder.standings = folder.standings.into_iter().map(stand).collect();
        }
        folder
    }

    /// Keeps what the folder puts in force. What could not be kept is tried again at every look.
    fn keep(&mut self, sources: &[Source], note: Note) {
        let mut kept = self.history.publish(sources, &note, self.newest);
        // The folder has changed later than whatever was published meanwhile.
        for _ in 0..TRIES_MAX {
            if !matches!(kept, Err(Error::Moved)) {
                break;
            }
            self.learn_newest();
            kept = self.history.publish(sources, &note, self.newest);
        }
        match kept {
            Ok(publication) => {
                self.now_at(publication.number);
                self.publication = Some(publication);
                self.unkept = None;
            }
            Err(error) => {
                if self.unkept.is_none() {
                    tracing::error!(%error, "the live rules could not be kept on disk");
                }
                self.publication = None;
                self.unkept = Some(note);
            }
        }
    }

    pub(super) fn forget_unkept(&mut self) {
        self.unkept = None;
    }

    /// This publication is in force here, or passed over for good.
    pub(super) fn now_at(&mut self, number: u64) {
        self.newest = number;
        self.known.now_at(number);
    }

    fn learn_newest(&mut self) {
        match self.history.newest() {
            Ok(newest) => self.now_at(newest.map_or(0, |newest| newest.number)),
            Err(error) => tracing::error!(%error, "the history of rulebooks cannot be read"),
        }
    }

    fn write_mark(&mut self) {
        let Some(taken) = &self.taken else { return };
        let written = self.mark.write(taken);
        if let (Err(error), false) = (&written, self.is_unmarked) {
            tracing::error!(%error, "what was taken up from the folder could not be noted");
        }
        self.is_unmarked = written.is_err();
    }

    /// Brings `_STATUS.txt` up to date: also when nothing but time has passed, and a promotion has begun or ended.
    fn tell(&mut self) {
        let live = self.engine.live();
        let counts = live.as_ref().map_or_else(Counts::default, |live| Counts::of(live, clock::now()));
        let folder = live.as_ref().map_or(&self.folder, |live| &live.folder);
        self.known.hold(folder.held.is_some());
        let text = status::text(live.as_deref(), folder, counts, self.languages);
        if self.rules.is_dir()
            && let Err(error) = self.status.write(text)
        {
            tracing::warn!(%error, "_STATUS.txt cannot be written; the folder is read-only, it seems");
        }
    }
}

/// What the core decides; nothing when it panics, which no rule file may make it do.
pub(super) fn adopt(seen: &[Source], good: &[Source]) -> Option<Adoption> {
    catch_unwind(AssertUnwindSafe(|| rulebook::adopt(seen, good))).ok()
}
