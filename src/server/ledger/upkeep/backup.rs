//! A copy of the journal that can be trusted, and a ledger made of one.
//!
//! A backup is a folder: `journal` as it was, `rules` with every rulebook that was ever live (a refund asks for its own), and a manifest. Not
//! in it are the keys: whoever has a backup cannot find out whose a code is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{Error, disk};
use super::replay::Replay;
use super::rest::{Rest, Told};
use super::tree;
use crate::server::clock;
use crate::server::journal::{self, Place, Pour, SEGMENT_BYTES, Summary};
use crate::server::ledger::catch_up::catch_up;
use crate::server::ledger::embedded::{JOURNAL, whole};
use crate::server::ledger::index::{Index as _, StateDigest};
use crate::server::ledger::shelf::Shelf;
use crate::server::store::write_durably;

/// The version of the form of a backup.
const VERSION: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Every rulebook that was ever live, in a data folder and in a backup.
const RULES: &str = "rules";
/// In it, which were live when: a line each.
const LIVE: &str = "live.jsonl";
/// The ledger, in a data folder.
const LEDGER: &str = "ledger";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of its form.
    pub version: u32,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// Its last record.
    pub sequence: u64,
    /// Facts in it.
    pub facts: u64,
    /// The hash of all records.
    pub chain: String,
    /// The digest of all accounts that follow.
    pub digest: String,
}

/// Where a backup comes from and goes to.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of the backup, which is empty or not there.
    pub to: PathBuf,
}

impl Backup {
    /// Makes it. May run beside the service: records do not change once they are written, and what is written meanwhile is not in it.
    ///
    /// # Errors
    /// There is no ledger, it is damaged, the place is taken, the disk says no.
    pub fn make(&self, told: Told<'_>) -> Result<Manifest, Error> {
        let from = self.data.join(LEDGER).join(JOURNAL);
        if !from.is_dir() {
            return Err(Error::None(self.data.join(LEDGER)));
        }
        whole(&self.data.join(LEDGER))?;
        if !tree::is_empty(&self.to)? {
            return Err(Error::NotEmpty(self.to.clone()));
        }
        self.copied(&from, told).inspect_err(|_| {
            // It was empty before.
            for name in [JOURNAL, RULES] {
                let _ = fs::remove_dir_all(self.to.join(name));
            }
        })
    }

    fn copied(&self, from: &Path, told: Told<'_>) -> Result<Manifest, Error> {
        let to = self.to.join(JOURNAL);
        let summary = copied(from, &to, None, told)?;
        // After the journal: a rulebook is on the disk soon after it is live, so that of nearly every sale in the copy it is there.
        let rules = self.data.join(RULES);
        if rules.is_dir() {
            tree::add(&rules, &self.to.join(RULES))?;
        }
        let mut replay = Replay::new(&summary)?;
        let records = summary.records;
        let mark = replay.follow(&to, u64::MAX, &mut |done| told(done, records))?;
        let manifest = Manifest {
            version: VERSION,
            created_at: clock::now().to_string(),
            sequence: records,
            facts: replay.facts,
            chain: summary.chain.to_string(),
            digest: mark.digest.to_string(),
        };
        let path = self.to.join(MANIFEST);
        let json = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
        write_durably(&path, &json).map_err(disk("write", &path))?;
        Ok(manifest)
    }
}

/// What became of a backup.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The last record.
    pub sequence: u64,
    /// Facts that were applied.
    pub facts: u64,
    /// The hash of all records.
    pub chain: String,
    /// The digest of all accounts.
    pub digest: StateDigest,
    /// What the backup says of itself, where it was restored whole; without a manifest there is nothing to hold it against.
    pub manifest: Option<Manifest>,
}

/// Makes a ledger below `data` of a backup, or of the ledger of another data folder, up to record `until`. All is checked on its way.
///
/// # Errors
/// The backup is damaged or ends before `until`, there is a ledger already, the disk says no. No ledger is left of it then.
pub fn restore(from: &Path, data: &Path, until: Option<u64>, told: Told<'_>) -> Result<Restored, Error> {
    let journal = from.join(JOURNAL);
    if !journal.is_dir() {
        return Err(Error::None(from.to_owned()));
    }
    whole(from)?;
    let manifest = manifest(from)?.filter(|manifest| until.is_none_or(|until| until == manifest.sequence));
    let ledger = Rest::empty(&data.join(LEDGER))?;
    ledger.filled(|| {
        let summary = copied(&journal, &ledger.journal(), until, told)?;
        let records = summary.records;
        let index = Shelf::open(&ledger.index())?;
        let facts =
            catch_up(&index, &Place::system(&ledger.journal()), u64::MAX, &mut |done| told(done, records))?;
        index.close()?;
        let (digest, chain) = (index.mark().digest, summary.chain.to_string());
        let restored = Restored { sequence: records, facts, chain, digest, manifest };
        restored.is_as_told(from)?;
        rules(&from.join(RULES), &data.join(RULES))?;
        Ok(restored)
    })
}

/// Copies rulebooks beside those that are there, whose files are named by what is in them, and tells which were live when in one list.
fn rules(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        return Ok(());
    }
    let mut lines = BTreeSet::new();
    for path in [from.join(LIVE), to.join(LIVE)].iter().filter(|path| path.exists()) {
        let text = fs::read_to_string(path).map_err(disk("read", path))?;
        lines.extend(text.lines().map(|line| (became_live(line), line.to_owned())));
    }
    tree::add(from, to)?;
    let text: String = lines.into_iter().flat_map(|(_, line)| [line, "\n".to_owned()]).collect();
    let path = to.join(LIVE);
    write_durably(&path, text.as_bytes()).map_err(disk("write", &path))
}

/// When the rulebook of a line became live. A line that says nothing comes first.
fn became_live(line: &str) -> Option<jiff::Timestamp> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("at")?.as_str()?.parse().ok()
}

impl Restored {
    fn is_as_told(&self, folder: &Path) -> Result<(), Error> {
        let Some(told) = &self.manifest else { return Ok(()) };
        let pairs = [
            ("its last record", self.sequence.to_string(), told.sequence.to_string()),
            ("its chain", self.chain.clone(), told.chain.clone()),
            ("its digest", self.digest.to_string(), told.digest.clone()),
        ];
        let wrong = pairs.into_iter().find(|(_, found, told)| found != told);
        wrong.map_or(Ok(()), |(what, found, told)| {
            Err(Error::NotAsTold { folder: folder.to_owned(), what, found, told })
        })
    }
}

/// Copies records, each checked, and then reads the copy again.
fn copied(from: &Path, to: &Path, until: Option<u64>, told: Told<'_>) -> Result<Summary, Error> {
    let records = journal::acknowledged(from)?.unwrap_or_default();
    let expected = until.unwrap_or(records);
    let mut pour = Pour::begin(to, SEGMENT_BYTES)?;
    let mut last = 0;
    for record in journal::reader(from, 1)? {
        let record = record?;
        last = pour.append(&record.payload)?;
        told(last, expected);
        // What stands behind it may be damaged, and is not looked at.
        if until == Some(last) {
            break;
        }
    }
    pour.finish()?;
    match until {
        Some(asked) if asked > last => Err(Error::Short { asked, last }),
        _ => Ok(journal::verify(to)?),
    }
}

fn manifest(folder: &Path) -> Result<Option<Manifest>, Error> {
    let path = folder.join(MANIFEST);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(&path).map_err(disk("read", &path))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::Manifest { path, error })
}
