//! What keeps promises, opened together: the ledger, the keys of its secrets, profiles of customers, and the rulebooks of old purchases.

use std::sync::Arc;

use super::archive::Archive;
use super::codes::Codebook;
use super::config::{Config, Store};
use super::customers::{self, Customers, Phones};
use super::engine::Engine;
use super::grpc::redemption::{Desk, Settings};
use super::keys_in_use;
use super::ledger::{self, Ledger};
use super::limits::Limiter;
use super::reporter::Reporter;
use super::secrets::{self, PinPool};
use super::store;

/// Why promises cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] keys_in_use::Error),
    /// PINs.
    #[error(transparent)]
    Pins(#[from] secrets::pin_hash::Error),
    /// The profiles of customers.
    #[error(transparent)]
    Customers(#[from] customers::Error),
    /// The rulebooks.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// All that keeps promises.
#[derive(Debug)]
pub struct Promises {
    /// The ledger.
    pub ledger: Ledger,
    /// What quotes ask of limits.
    pub limiter: Limiter,
    /// Where codes are looked up.
    pub codebook: Codebook,
    /// What the CRM knows of customers.
    pub customers: Arc<Customers>,
    /// What makes reports.
    pub reporter: Arc<Reporter>,
    /// Where purchases are kept.
    pub desk: Arc<Desk>,
}

impl Promises {
    /// Opens what `config` names; rulebooks of today are those of `engine`. Reads from the disk, for long where an index is built anew.
    ///
    /// # Errors
    /// A file is damaged, in use, open to others, or missing in production; the keys are not those of the ledger.
    pub fn open(config: &Config, engine: Arc<Engine>) -> Result<Self, Error> {
        let options = match config.store {
            Store::Sled => ledger::Options::Embedded(config.data.join("ledger")),
            Store::Memory => ledger::Options::Memory,
        };
        let archive = Arc::new(Archive::open(&config.data, engine)?);
        let ledger = Ledger::open(&options)?;
        let pepper = Arc::new(keys_in_use::opened(config, &ledger)?);
        let limiter = Limiter {
            counters: Arc::clone(ledger.counters()),
            pepper: Arc::clone(&pepper),
            countries: config.countries.as_slice().into(),
        };
        let pins = Arc::new(PinPool::new(Arc::clone(&pepper))?);
        let countries = Arc::clone(&limiter.countries);
        let codebook = Codebook::new(ledger.clone(), Arc::clone(&pepper), pins, countries);
        let phones = Phones::new(Arc::clone(&pepper), Arc::clone(&limiter.countries));
        let customers = Arc::new(Customers::open(&config.data, phones)?);
        let settings = Settings {
            quote_ttl_seconds: i64::from(config.quote_ttl_seconds),
            countries: config.countries.clone(),
        };
        let reporter = Arc::new(Reporter::new(Arc::clone(&archive)));
        let desk = Arc::new(Desk::new(
            ledger.clone(),
            archive,
            pepper,
            codebook.clone(),
            Arc::clone(&customers),
            settings,
        ));
        Ok(Promises { ledger, limiter, codebook, customers, reporter, desk })
    }
}
