//! Profiles in a database that many nodes share, with a part of them in memory: prices ask that first, and never wait long for the rest.

use std::sync::Arc;

use tokio::sync::watch;

use super::cache::{Cache, Name};
use super::cipher::Cipher;
use super::folder::Error;
use super::follow::{Following, follow};
use super::known::Known;
use super::phone::Phones;
use super::profile::Profile;
use super::shelf::Put;
use super::tables::{self, Changes};
use crate::server::clock;
use crate::server::database::{self, Database, News, Topic};

/// Profiles of one transaction: it takes some fifty milliseconds, in which other nodes wait for their turn to write.
const PROFILES_AT_ONCE: usize = 1_000;
/// Tries of a write to which another one was preferred.
const TRIES_MAX: usize = 5;

/// The profiles of a database.
#[derive(Debug)]
pub(super) struct Shared {
    database: Database,
    news: Arc<News>,
    cipher: Cipher,
    cache: Arc<Cache>,
    // Known to be away: nobody waits for it.
    away: watch::Receiver<bool>,
    _following: Following,
}

impl Shared {
    pub(super) fn open(
        database: &Database,
        news: &Arc<News>,
        phones: &Phones,
        away: watch::Receiver<bool>,
    ) -> Result<Self, Error> {
        let last = database.run(|database| async move {
            let client = database.client().await?;
            let last = tables::last(client.get()?).await?;
            client.done();
            Ok(last)
        });
        let cache = Arc::new(Cache::default());
        let following = follow(database, news, &cache, last.map_err(|error| told(&error))?);
        Ok(Shared {
            database: database.clone(),
            news: Arc::clone(news),
            cipher: Cipher::new(Arc::clone(&phones.pepper)),
            cache,
            away,
            _following: following,
        })
    }

    /// The profile as it is in the table.
    pub(super) fn find(&self, name: &Name) -> Result<Option<Profile>, Error> {
        self.ask(|database| tables::find(database, self.cipher.clone(), name.clone()))
    }

    /// How many entries are in memory.
    pub(super) fn cached(&self) -> usize {
        self.cache.entries()
    }

    /// What is in memory; while the database is away nothing else can be known.
    pub(super) fn at_once(&self, name: &Name) -> Option<Known> {
        let known = match self.cache.get(name, clock::steady()) {
            Some(Some(profile)) => Some(Known::Profile(Box::new((*profile).clone()))),
            Some(None) => Some(Known::Nobody),
            None => None,
        };
        known.or_else(|| self.is_away().then_some(Known::Unchecked))
    }

    /// What is in memory, or else in the table.
    pub(super) fn known(&self, name: &Name) -> Known {
        if let Some(known) = self.at_once(name) {
            return known;
        }
        let epoch = self.cache.epoch();
        let found = self.find(name);
        if let Ok(found) = &found {
            self.cache.keep(epoch, name, found.as_ref(), clock::steady());
        }
        found.into()
    }

    pub(super) fn would(&self, profiles: &[Profile]) -> Result<Vec<Put>, Error> {
        let mut puts = Vec::with_capacity(profiles.len());
        for some in profiles.chunks(PROFILES_AT_ONCE) {
            let some: Arc<[Profile]> = some.into();
            let would = self.ask(|database| tables::would(database, self.cipher.clone(), Arc::clone(&some)));
            puts.extend(would?);
        }
        Ok(puts)
    }

    /// Writes profiles: each thousand is on disk, and told to the other nodes, before the next begins.
    pub(super) fn put(&self, profiles: &[Profile]) -> Result<Vec<Put>, Error> {
        let mut puts = Vec::with_capacity(profiles.len());
        for some in profiles.chunks(PROFILES_AT_ONCE) {
            let some: Arc<[Profile]> = some.into();
            let (put, changes) =
                self.ask(|database| tables::put(database, self.cipher.clone(), Arc::clone(&some)))?;
            puts.extend(put);
            self.changed(changes);
        }
        Ok(puts)
    }

    pub(super) fn delete(&self, id: &str) -> Result<bool, Error> {
        let deleted = self.ask(|database| tables::delete(database, id.to_owned()))?;
        let was_there = deleted.is_some();
        self.changed(deleted.unwrap_or_default());
        Ok(was_there)
    }

    /// What was written here is seen here at once, and told to the others.
    fn changed(&self, Changes { ids, phones }: Changes) {
        if !ids.is_empty() {
            self.cache.forget(ids, phones);
            self.news.tell(Topic::Customers);
        }
    }

    fn is_away(&self) -> bool {
        *self.away.borrow()
    }

    fn ask<T, F>(&self, work: impl Fn(Database) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, database::Error>> + Send + 'static,
    {
        if self.is_away() {
            return Err(Error::Away);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.database.run(&work) {
                Err(error) if error.has_given_way() && tries < TRIES_MAX => {}
                done => return done.map_err(|error| told(&error)),
            }
        }
    }
}

fn told(error: &database::Error) -> Error {
    if error.is_away() || error.has_given_way() {
        tracing::debug!(%error, "profiles of customers are out of reach");
        return Error::Away;
    }
    tracing::error!(%error, "the database refuses the profiles of customers");
    Error::Unavailable
}
