//! What the commands share: the data folder, progress, and how what was found is told.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::cli::rules::progress;
use crate::cli::words::count;
use crate::server::clock;
use crate::server::config::{Said, Store};
use crate::server::database::Database;
use crate::server::ledger::upkeep::Error;

/// The data folder or the database, and how to tell.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// Folder for what the service keeps
    #[arg(long, env = "PRICEWRIGHT_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// How the service keeps it: sled, in the data folder, or the address of a database
    #[arg(
        long,
        env = "PRICEWRIGHT_STORE",
        hide_env_values = true,
        default_value = "sled",
        value_name = "STORE"
    )]
    pub store: Said,
    /// Print one object of JSON
    #[arg(long)]
    pub json: bool,
}

impl Place {
    /// The folder of the ledger.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.data.join("ledger")
    }

    /// Nothing where the ledger lies in a folder.
    ///
    /// # Errors
    /// It does not.
    pub fn in_folder(&self) -> Result<()> {
        match self.store.read()? {
            Store::Sled => Ok(()),
            Store::Memory => bail!("nothing is kept of a ledger in memory"),
            Store::Postgres(_) => bail!(
                "a ledger in a database is backed up by the database's own means, a base backup with its log or `pg_dump`; \
                 `pricewright ledger export` writes the facts"
            ),
        }
    }

    /// The database, where it is one.
    ///
    /// # Errors
    /// It is away, or there is nothing that lasts.
    pub fn database(&self) -> Result<Option<Database>> {
        match self.store.read()? {
            Store::Sled => Ok(None),
            Store::Memory => bail!("nothing is kept of a ledger in memory"),
            Store::Postgres(address) => Ok(Some(Database::open(&address)?)),
        }
    }
}

/// A bar on standard error, when it is a terminal.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(what: &'static str) -> Self {
        Bar(progress::bar(0, what))
    }

    /// So much of so much is done; of an unknown whole it tells what is done.
    pub(super) fn told(&self, done: u64, of: u64) {
        self.0.set_length(of.max(done));
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Seconds since a reading of the clock, with three digits.
pub(super) fn seconds(begun: std::time::Instant) -> String {
    let took: Duration = clock::steady().duration_since(begun);
    format!("{}.{:03}", took.as_secs(), took.subsec_millis())
}

/// Prints rows of a name and what is to be said of it.
pub(super) fn print(rows: &[(&str, String)]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    rows.iter().try_for_each(|(name, text)| writeln!(output, "{name:9} {text}"))
}

/// Prints one object.
pub(super) fn print_json(object: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{object}")
}

/// What was done. Damage is an answer, and ends with 1; that the disk or the place is at fault is an error.
pub(super) fn answered<T>(
    place: &Place,
    done: Result<T, Error>,
    tell: impl FnOnce(T) -> Result<ExitCode>,
) -> Result<ExitCode> {
    match done {
        Ok(done) => tell(done),
        Err(error) if error.is_damage() && place.json => {
            print_json(&json!({"ok": false, "error": error.to_string()}))?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) if error.is_damage() => {
            writeln!(io::stderr(), "damaged: {error}")?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error.into()),
    }
}

/// `1 record`, `2 000 records`.
pub(super) fn several(number: u64, [one, many]: [&str; 2]) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}
