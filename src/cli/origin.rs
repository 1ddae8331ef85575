//! Where books are read: a data folder that no service holds, or a service that runs.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::credentials::Credentials;
use super::link::Link;

/// What flags say of it.
#[derive(Debug, Clone, clap::Args)]
pub struct Origin {
    /// Folder for what the service keeps [env: PRICEWRIGHT_DATA, default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Ask a service that runs, instead of a data folder [env: PRICEWRIGHT_SERVER]
    #[arg(long, value_name = "ADDR", conflicts_with = "data")]
    server: Option<String>,
    #[command(flatten)]
    credentials: Credentials,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A service.
    Server(Link),
    /// A data folder.
    Data(PathBuf),
}

impl Origin {
    fn link(&self, server: String) -> Link {
        Link { server, credentials: self.credentials.clone() }
    }

    /// What a flag names; else the service of the environment, as for `codes` and `customers`; else the data folder.
    ///
    /// # Errors
    /// The environment names a database, which no command reads by itself.
    pub fn place(&self) -> Result<Place> {
        let said = |name| env::var_os(name).filter(|value| !value.is_empty());
        let server = || said("PRICEWRIGHT_SERVER").and_then(|server| server.into_string().ok());
        Ok(match (&self.server, &self.data) {
            (Some(server), _) => Place::Server(self.link(server.clone())),
            (None, Some(folder)) => Place::Data(folder.clone()),
            (None, None) => match server() {
                Some(server) => Place::Server(self.link(server)),
                // What lies there may be from the day before the ledger moved.
                None if said("PRICEWRIGHT_STORE").is_some_and(|store| is_database(&store)) => bail!(
                    "PRICEWRIGHT_STORE names a database: ask a service on it with `--server`, or name a data folder with `--data`"
                ),
                None => Place::Data(said("PRICEWRIGHT_DATA").map_or_else(|| "data".into(), PathBuf::from)),
            },
        })
    }
}

fn is_database(store: &std::ffi::OsStr) -> bool {
    store.to_str().is_some_and(|store| store.starts_with("postgres://") || store.starts_with("postgresql://"))
}
