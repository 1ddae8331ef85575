//! What is live: one immutable value that requests share, and a few of its forerunners.
//!
//! A request takes the value once and keeps it: it sees one rulebook, never a mix. Where rulebooks come from is not
//! known here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokio::sync::watch;

use super::meters::Priced;
use super::store::Publication;
use crate::lang::Lang;
use crate::rulebook::{Diagnostic, Rulebook, Standing};

/// Rulebooks kept in memory beside the live one: a till that began a sale under one of the last edits can end it.
pub const RECENT_MAX: usize = 16;

/// The rulebook in force, and how the folder stands to it.
#[derive(Debug, Clone)]
pub struct Live {
    /// The rulebook.
    pub rulebook: Arc<Rulebook>,
    /// Its version.
    pub version: String,
    /// Its digest, written out once for all quotes.
    pub digest: String,
    /// Since when it is live.
    pub live_at: Timestamp,
    /// How it came into force the last time; nothing when that could not be kept.
    pub publication: Option<Publication>,
    /// How the folder stands to it.
    pub folder: Folder,
    /// What is counted of its quotes.
    pub priced: Arc<Priced>,
}

impl Live {
    /// A rulebook that is live.
    #[must_use]
    pub fn of(rulebook: Arc<Rulebook>, live_at: Timestamp, folder: Folder) -> Self {
        let (version, digest) = (rulebook.digest().version(), rulebook.digest().to_string());
        let ids = rulebook.promotions().iter().map(|promotion| promotion.id.as_str());
        let priced = Arc::new(Priced::of(ids));
        Live { rulebook, version, digest, live_at, publication: None, folder, priced }
    }
}

/// How the rules folder stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Folder {
    /// How each file of the folder stands, by path.
    pub standings: Vec<Standing>,
    /// What was found in the files.
    pub diagnostics: Vec<Diagnostic>,
    /// Files that are there and cannot be read, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Why the folder as a whole is held.
    pub held: Option<Held>,
    /// Whether what is in force is not what was taken up from it last.
    pub is_superseded: bool,
}

/// Why a folder is held: what is in force stays in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It cannot be read, or is too large; in the words of whoever tried.
    Unreadable(String),
    /// It is suddenly empty.
    Empty,
    /// It has lost so many of so many files.
    Lost(usize, usize),
    /// Its settings, or all of it, are at fault and nothing of it can be taken.
    AtFault,
    /// There is no file, and never was.
    Nothing,
}

impl Held {
    /// One sentence for a person.
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Held::Unreadable(why) => lang.pick(
                format!("The folder cannot be read ({why}); what was in force stays so."),
                format!("Папку неможливо прочитати ({why}); те, що діяло, діє й далі."),
            ),
            Held::Nothing => lang.pick(
                "There is no file in the folder yet. Put rule files into it, or an empty file named _ACCEPT to sell \
                 without promotions."
                    .to_owned(),
                "У папці ще немає файлів. Покладіть у неї файли правил або порожній файл _ACCEPT, щоб продавати \
                 без акцій."
                    .to_owned(),
            ),
            Held::Empty => lang.pick(
                "The folder is suddenly empty; the last good rules stay in force. If that is meant, put an empty \
                 file named _ACCEPT into it."
                    .to_owned(),
                "Папка раптом порожня; діють останні справні правила. Якщо так і задумано, покладіть у неї \
                 порожній файл _ACCEPT."
                    .to_owned(),
            ),
            Held::Lost(lost, of) => lang.pick(
                format!(
                    "The folder has lost {lost} of {of} files; the last good rules stay in force. If that is \
                     meant, put an empty file named _ACCEPT into it."
                ),
                format!(
                    "З папки зникло {lost} з {of} файлів; діють останні справні правила. Якщо так і задумано, \
                     покладіть у неї порожній файл _ACCEPT."
                ),
            ),
            Held::AtFault => lang.pick(
                "Nothing in the folder can be taken as it is; what was in force stays so.".to_owned(),
                "Нічого з папки не можна взяти в дію; те, що діяло, діє й далі.".to_owned(),
            ),
        }
    }
}

/// A rulebook that was live.
#[derive(Debug, Clone)]
pub struct Former {
    /// As it was.
    pub live: Arc<Live>,
    /// Since when it is no longer.
    pub ended_at: Timestamp,
}

/// Publishes what is live.
#[derive(Debug)]
pub struct Engine {
    live: ArcSwapOption<Live>,
    recent: Mutex<VecDeque<Former>>,
    changes: watch::Sender<Option<Arc<Live>>>,
}

impl Default for Engine {
    fn default() -> Self {
        Engine { live: ArcSwapOption::empty(), recent: Mutex::default(), changes: watch::Sender::new(None) }
    }
}

impl Engine {
    /// What is live; nothing before the first good rulebook.
    #[must_use]
    pub fn live(&self) -> Option<Arc<Live>> {
        self.live.load_full()
    }

    /// The live value when its version or digest is asked for, or one of the last that were live.
    #[must_use]
    pub fn version(&self, asked: &str) -> Option<Arc<Live>> {
        let is_it = |live: &Arc<Live>| live.version == asked || live.digest == asked;
        self.live().filter(is_it).or_else(|| self.former(asked).map(|former| former.live))
    }

    /// One of the last that were live, by version or digest.
    #[must_use]
    pub fn former(&self, asked: &str) -> Option<Former> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().find(|former| former.live.version == asked || former.live.digest == asked).cloned()
    }

    /// What was live before it.
    #[must_use]
    pub fn before(&self) -> Option<Arc<Live>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.front().map(|former| Arc::clone(&former.live))
    }

    /// Puts `live` in force.
    pub fn publish(&self, live: Live) {
        let live = Arc::new(live);
        let before = self.live.swap(Some(Arc::clone(&live)));
        if let Some(before) = before.filter(|before| before.version != live.version) {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.retain(|old| old.live.version != before.version && old.live.version != live.version);
            recent.push_front(Former { live: before, ended_at: live.live_at });
            recent.truncate(RECENT_MAX);
        }
        self.changes.send_replace(Some(live));
    }

    /// Tells of every change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Option<Arc<Live>>> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::{Source, compile};

    fn live(text: &str) -> Live {
        let sources = [Source { path: format!("{text}.csv"), bytes: text.into() }];
        let digest = crate::rulebook::Digest::of(&sources);
        let empty = compile(&[]).rulebook.unwrap();
        let rulebook = Rulebook::new(
            empty.settings().clone(),
            crate::catalog::Catalog::default(),
            Vec::new(),
            Vec::new(),
            digest,
        );
        Live::of(Arc::new(rulebook), Timestamp::UNIX_EPOCH, Folder::default())
    }

    #[test]
    fn a_bounded_number_of_forerunners_can_be_asked_for() {
        let engine = Engine::default();
        assert!(engine.live().is_none());
        let changes = engine.changes();
        let versions: Vec<String> = (0..20).map(|count| live(&count.to_string()).version).collect();
        for count in 0..20 {
            engine.publish(live(&count.to_string()));
        }
        let known = versions.iter().filter(|version| engine.version(version).is_some()).count();
        assert_eq!(known, RECENT_MAX + 1);
        assert_eq!(engine.live().unwrap().version, versions[19]);
        assert!(engine.version(&versions[0]).is_none() && engine.version("").is_none());
        assert!(changes.has_changed().unwrap());
        // The same rulebook again, with another standing of the folder, pushes nobody out.
        engine.publish(live("19"));
        assert!(engine.version(&versions[3]).is_some());
    }
}
