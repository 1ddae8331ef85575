//! Where promises are kept, as one word or an address.

use std::str::FromStr;

use serde::Deserialize;

use crate::server::database::{Address, address};

/// How promises are kept.
#[derive(Debug, Clone, Default)]
pub enum Store {
    /// In a journal on disk, with an index by sled.
    #[default]
    Sled,
    /// In memory: nothing outlives the process.
    Memory,
    /// In a database that many nodes share.
    Postgres(Address),
}

/// Text that names no store. It is not repeated: there may be a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoStore {
    /// An address that is none.
    #[error(transparent)]
    Address(#[from] address::Wrong),
    /// Another word.
    #[error(
        "the store must be `sled`, `memory`, or the address of a database such as `postgres://user:password@db.example/pricewright`"
    )]
    Word,
}

impl FromStr for Store {
    type Err = NoStore;

    fn from_str(text: &str) -> Result<Self, NoStore> {
        match text {
            "sled" => Ok(Store::Sled),
            "memory" => Ok(Store::Memory),
            _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Ok(Store::Postgres(text.parse()?))
            }
            _ => Err(NoStore::Word),
        }
    }
}

/// A store as somebody has named it, not read yet. Whoever reads flags and files repeats what cannot be read, and there may be a password
/// in it: so this is read later, and never shown.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub enum Said {
    /// In words.
    Text(String),
    /// By a program.
    Is(Store),
}

impl Said {
    /// The store that is named.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn read(&self) -> Result<Store, NoStore> {
        match self {
            Said::Text(text) => text.parse(),
            Said::Is(store) => Ok(store.clone()),
        }
    }
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said")
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Said::Text(text)
    }
}

impl From<Store> for Said {
    fn from(store: Store) -> Self {
        Said::Is(store)
    }
}
