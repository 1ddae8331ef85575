//! Where promises are kept, as one word or an address.

use std::str::FromStr;

use serde::Deserialize;

use crate::server::database::{Address, address};

/// How promises are kept.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "String")]
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

impl TryFrom<String> for Store {
    type Error = NoStore;

    fn try_from(text: String) -> Result<Self, NoStore> {
        text.parse()
    }
}
