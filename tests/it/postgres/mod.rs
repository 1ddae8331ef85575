//! PostgreSQL for the tests: a server that the whole process shares, with a database for each who asks, and servers of one's
//! own for those who stop them.
//!
//! A test that needs it has the attribute of those in `alive.rs`: where none is found it is ignored, with one line of advice.

pub(crate) mod find;
pub(crate) mod connect;
pub(crate) mod cluster;
mod alive;

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use cluster::{Cluster, Options};
use find::Places;
use tokio_postgres::Client;

/// A fresh, empty database, which ends with it.
pub(crate) struct Database {
    url: String,
    name: String,
}

impl Database {
    /// On the server of `DATABASE_URL`, else on one that starts with the first who asks and ends with the process.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // Other processes, even of other machines, may have theirs on the same server.
        static PROCESS: OnceLock<u32> = OnceLock::new();
        let ours = PROCESS.get_or_init(|| getrandom::u32().unwrap());
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pricewright_test_{}_{ours:08x}_{count}", process::id());
        let created = connect::run(&Self::address(None), &connect::creation(&name));
        created.unwrap_or_else(|error| panic!("no database on the server of the tests: {error:?}"));
        Database { url: Self::address(Some(&name)), name }
    }

    /// As `tokio_postgres::Config` reads it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn connect(&self) -> Client {
        connect::connect(&self.url).await.unwrap()
    }

    /// Of one database of the shared server, or of the one from which others are made.
    fn address(name: Option<&str>) -> String {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        match (Places::here().database_url, name) {
            (Some(url), None) => url,
            (Some(url), Some(name)) => connect::with_database(&url, name),
            (None, name) => {
                SHARED.get_or_init(|| Cluster::own(Options::default())).url(name.unwrap_or("postgres"))
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let gone =
            connect::run(&Self::address(None), &format!("drop database \"{}\" with (force)", self.name));
        if let Err(error) = gone {
            eprintln!("the database {} stays: {error}", self.name);
        }
    }
}
