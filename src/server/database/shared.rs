//! A database, and what nodes tell each other through it.

use std::sync::Arc;

use super::address::Address;
use super::error::Error;
use super::news::News;
use super::pool::Database;

/// What one node has of the database that it shares. Clones are the same.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The database.
    pub database: Database,
    /// What nodes tell each other.
    pub news: Arc<News>,
}

impl Shared {
    /// Connects, brings the tables up to date, and begins to listen. Not on a thread that others wait for.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open(address: &Address) -> Result<Self, Error> {
        let database = Database::open(address)?;
        let news = News::of(&database)?;
        Ok(Shared { database, news })
    }
}
