//! The writer of an import: takes messages, counts what becomes of their profiles, and brings them to the disk.

use tokio::sync::mpsc;

use super::failure::Failure;
use crate::basket::Fault;
use crate::lang::Lang;
use crate::server::clock;
use crate::server::convert::customer;
use crate::server::customers::{Customers, Error, Put};
use crate::server::wire;

/// Faults that an import tells.
const FAULTS_TOLD_MAX: usize = 100;
/// Profiles written between two syncs: what a crash takes back of a running import, which is sent again anyway.
const PROFILES_PER_SYNC: u64 = 100_000;

/// How an import ends.
pub(super) type Imported = Result<wire::ImportCustomersResponse, Failure>;

/// An import that runs: what it has counted so far.
pub(super) struct Import<'a> {
    customers: &'a Customers,
    lang: Lang,
    done: wire::ImportCustomersResponse,
    index: u64,
    unsynced: u64,
}

impl<'a> Import<'a> {
    /// Nothing is counted yet.
    pub(super) fn new(customers: &'a Customers, lang: Lang) -> Self {
        Import { customers, lang, done: wire::ImportCustomersResponse::default(), index: 0, unsynced: 0 }
    }

    /// Writes what comes, until nothing comes any more, and brings it to the disk.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<wire::ImportCustomersRequest>) -> Imported {
        while let Some(message) = messages.blocking_recv() {
            self.take(message)?;
            if self.unsynced >= PROFILES_PER_SYNC {
                self.customers.sync().map_err(unavailable)?;
                self.unsynced = 0;
            }
        }
        self.customers.sync().map_err(unavailable)?;
        Ok(self.done)
    }

    fn take(&mut self, message: wire::ImportCustomersRequest) -> Result<(), Failure> {
        let now = clock::timestamp();
        let mut profiles = Vec::with_capacity(message.profiles.len());
        for asked in message.profiles {
            match customer::profile(self.customers, asked, now) {
                Ok(profile) => profiles.push(profile),
                Err(faults) => self.refuse(faults),
            }
            self.index = self.index.saturating_add(1);
        }
        let put = if message.validate_only {
            self.customers.would(&profiles)
        } else {
            self.customers.put(&profiles)
        };
        for put in put.map_err(unavailable)? {
            match put {
                Put::Taken => self.done.taken += 1,
                Put::Unchanged => self.done.unchanged += 1,
            }
        }
        let count = u64::try_from(profiles.len()).unwrap_or(u64::MAX);
        self.unsynced = self.unsynced.saturating_add(count);
        Ok(())
    }

    fn refuse(&mut self, faults: Vec<Fault>) {
        self.done.refused += 1;
        let room = FAULTS_TOLD_MAX.saturating_sub(self.done.faults.len());
        let (index, lang) = (self.index, self.lang);
        self.done.faults.extend(faults.into_iter().take(room).map(|fault| wire::ImportCustomerFault {
            index,
            description: fault.problem.say(lang),
            field: fault.field,
        }));
    }
}

/// Why is in the log.
pub(super) fn unavailable(error: Error) -> Failure {
    match error {
        Error::Away => Failure::ProfilesAway,
        _ => Failure::ProfilesUnavailable,
    }
}
