//! The keys of the pepper and the ledger belong together: the ledger knows by a check value each key that was ever current.
//!
//! It is a fact, so it goes into every backup and export and comes back with them. Without it a service on a restored ledger with
//! other keys would start, take every code for unknown, and count every limit from zero.

use std::path::{Path, PathBuf};

use super::clock;
use super::config::{Config, Store};
use super::customers::Customers;
use super::journal;
use super::ledger::{self, Ledger, encode};
use super::secrets::{self, KeyId, KeyedHash, Pepper, Stage};
use crate::ledger::{Account, Action, Command, Content, Event, Key, RequestId};

/// Why the service does not start with these keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of keys.
    #[error(transparent)]
    File(#[from] secrets::key_file::Error),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// A key that was used is not there.
    #[error(
        "the key `{id}` is missing in the pepper file `{path}`, and this ledger holds what was hashed under it: put its line back from \
         the copy of the file. Without one see `When the keys are lost` in docs/codes.md"
    )]
    Missing {
        /// The key.
        id: KeyId,
        /// The file.
        path: PathBuf,
    },
    /// A key is another than the one of this name that was used.
    #[error(
        "the key `{id}` in the pepper file `{path}` is not the key `{id}` of this ledger: put the file back from the copy that \
         belongs to it. Without one see `When the keys are lost` in docs/codes.md"
    )]
    Other {
        /// The key.
        id: KeyId,
        /// The file.
        path: PathBuf,
    },
    /// Its check value could not be kept.
    #[error("the ledger cannot keep that the key `{0}` is in use")]
    NotKept(KeyId),
}

/// What the content of a check value begins with: that of no other call does, whatever its caller says.
const MARK: &str = "key ";

/// The first start keeps the check values before any call is let in: they are in the first records.
const RECORDS_LOOKED_AT: usize = 64;

/// The keys that `config` names, which are those of `ledger`. Not on a thread that others wait for.
///
/// # Errors
/// They are not, or they are missing where something is kept.
pub fn opened(config: &Config, ledger: &Ledger) -> Result<Pepper, Error> {
    // Also a ledger that is not asked for this time.
    let has_journal =
        matches!(config.store, Store::Memory) && config.data.join("ledger").join("journal").is_dir();
    let is_begun = ledger.sequence() > 0 || Customers::are_below(&config.data) || has_journal;
    let stage = match (config.production, is_begun) {
        (_, true) => Stage::Begun,
        (true, false) => Stage::Production,
        (false, false) => Stage::Development,
    };
    let pepper = Pepper::open(&config.secrets, stage)?;
    let (used, mut place) = used(ledger)?;
    compare(&used, &pepper, &config.secrets)?;
    // Of a ledger that knows none yet nobody can tell which were current.
    let is_new = |own: &KeyedHash| {
        let may_be_used = own.key() == pepper.current() || used.is_empty();
        may_be_used && !used.contains(own)
    };
    for own in pepper.checks().filter(is_new) {
        keep(ledger, place, &own)?;
        place += 1;
    }
    Ok(pepper)
}

/// Whether the keys of `pepper`, which are in the file at `path`, are those that were `used`.
///
/// # Errors
/// They are not.
pub fn compare(used: &[KeyedHash], pepper: &Pepper, path: &Path) -> Result<(), Error> {
    for check in used.iter().filter(|check| !pepper.is_lost(check.key())) {
        let (id, path) = (check.key(), path.to_owned());
        match pepper.checks().find(|own| own.key() == id) {
            None => return Err(Error::Missing { id, path }),
            Some(own) if own != *check => return Err(Error::Other { id, path }),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The check values at the beginning of the journal in `folder`, for whoever only looks; nothing where no record is. A service may run on
/// it. Keys that came later are not among them.
///
/// # Errors
/// The journal is damaged, or the disk says no.
pub fn at_the_beginning(folder: &Path) -> Result<Option<Vec<KeyedHash>>, Error> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut used = None;
    for record in journal::reader(folder, 1).map_err(ledger::Error::from)?.take(RECORDS_LOOKED_AT) {
        let record = record.map_err(ledger::Error::from)?;
        let facts = encode::read_record(record.sequence, &record.payload)?;
        let kept = facts.iter().filter(|fact| fact.event == Event::KeyUsed);
        let checks =
            kept.filter_map(|fact| fact.call.as_ref()?.1.0.strip_prefix(MARK).and_then(KeyedHash::parse));
        used.get_or_insert_with(Vec::new).extend(checks);
    }
    Ok(used)
}

/// The check values that the ledger knows, the oldest first, and the first place behind them.
fn used(ledger: &Ledger) -> Result<(Vec<KeyedHash>, u32), Error> {
    let mut used = Vec::new();
    let mut place = 0;
    while let Some(Account::Request(known)) = ledger.account(&Key::Request(id_of(place)))? {
        // A place that a caller took is passed over.
        used.extend(known.content.0.strip_prefix(MARK).and_then(KeyedHash::parse));
        place += 1;
    }
    Ok((used, place))
}

fn keep(ledger: &Ledger, place: u32, check: &KeyedHash) -> Result<(), Error> {
    let content = Content(format!("{MARK}{}", check.to_text()));
    let command = Command { request: id_of(place), content, at: clock::now(), action: Action::UseKey };
    match ledger.submit_waiting(command) {
        Some(Ok(_)) => Ok(()),
        _ => Err(Error::NotKept(check.key())),
    }
}

/// The ids of the calls that keep check values, one after another. For ever: under others the values would not be found.
fn id_of(place: u32) -> RequestId {
    let [a, b, c, d] = place.to_be_bytes();
    let mut bytes = *b"pricewright-0000";
    if let Some(end) = bytes.last_chunk_mut() {
        *end = [a, b, c, d];
    }
    RequestId::from_bytes(bytes)
}
