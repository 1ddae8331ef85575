//! Where books are read: a data folder that no service holds, or a service that runs.

use std::env;
use std::path::PathBuf;

/// What flags say of it.
#[derive(Debug, Clone, clap::Args)]
pub struct Origin {
    /// Folder for what the service keeps [env: PRICEWRIGHT_DATA, default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Ask a service that runs, instead of a data folder [env: PRICEWRIGHT_SERVER]
    #[arg(long, value_name = "ADDR", conflicts_with = "data")]
    server: Option<String>,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A service.
    Server(String),
    /// A data folder.
    Data(PathBuf),
}

impl Origin {
    /// What a flag names; else the service of the environment, as for `codes` and `customers`; else the data folder.
    #[must_use]
    pub fn place(&self) -> Place {
        let said = |name| env::var_os(name).filter(|value| !value.is_empty());
        let server = || said("PRICEWRIGHT_SERVER").and_then(|server| server.into_string().ok());
        match (&self.server, &self.data) {
            (Some(server), _) => Place::Server(server.clone()),
            (None, Some(folder)) => Place::Data(folder.clone()),
            (None, None) => server().map(Place::Server).unwrap_or_else(|| {
                Place::Data(said("PRICEWRIGHT_DATA").map_or_else(|| "data".into(), PathBuf::from))
            }),
        }
    }
}
