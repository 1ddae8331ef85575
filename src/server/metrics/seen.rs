//! What the page looks at.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::server::config::Config;
use crate::server::customers::Customers;
use crate::server::engine::Engine;
use crate::server::keeper::{self, Keeper};
use crate::server::ledger::{self, Ledger};
use crate::server::outbox::Outbox;

/// What the page looks at. Nothing of it keeps the ledger open.
#[derive(Debug)]
pub struct Seen {
    /// What is live.
    pub(super) engine: Arc<Engine>,
    /// The thread of the rules.
    pub(super) keeper: Arc<keeper::Glance>,
    /// The ledger.
    pub(super) ledger: ledger::Glance,
    /// Profiles of customers.
    pub(super) customers: Arc<Customers>,
    /// Passwords on their way.
    pub(super) outbox: Outbox,
    /// The data folder, and that of the audit log.
    pub(super) folders: Vec<PathBuf>,
    /// Requests that may be in work at once.
    pub(super) requests_max: u32,
    /// Whether the service goes down.
    pub(super) closed: watch::Receiver<bool>,
}

impl Seen {
    /// A service's rooms, as they are seen from beside.
    #[must_use]
    pub fn of(
        config: &Config,
        engine: &Arc<Engine>,
        keeper: &Keeper,
        ledger: &Ledger,
        customers: &Arc<Customers>,
        outbox: &Outbox,
        closed: &watch::Receiver<bool>,
    ) -> Self {
        Seen {
            engine: Arc::clone(engine),
            keeper: keeper.glance(),
            ledger: ledger.glance(),
            customers: Arc::clone(customers),
            outbox: outbox.clone(),
            folders: [config.data.clone()].into_iter().chain(config.audit.clone()).collect(),
            requests_max: config.requests_max,
            closed: closed.clone(),
        }
    }
}
