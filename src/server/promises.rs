//! What keeps promises, opened together: the ledger, the keys of its secrets, profiles of customers, and the rulebooks of old purchases.

use std::sync::Arc;

use super::archive::Archive;
use super::certificates::Certificates;
use super::codes::Codebook;
use super::config::{Config, Store};
use super::customers::{self, Customers, Phones};
use super::database::Shared;
use super::engine::Engine;
use super::grpc::certificates;
use super::grpc::redemption::{Desk, Settings};
use super::keys_in_use;
use super::ledger::{self, Ledger};
use super::limits::Limiter;
use super::outbox::{self, Opens, Outbox, Sender};
use super::reporter::Reporter;
use super::secrets::{self, Pepper, PinPool};
use super::store::History;
use crate::ledger::Outcome;

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
    /// Passwords on their way.
    #[error(transparent)]
    Outbox(#[from] outbox::Error),
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
    /// Where certificates are.
    pub certificates: Arc<certificates::Desk>,
    /// Passwords on their way.
    pub outbox: Outbox,
    /// The keys of all of it.
    pub pepper: Arc<Pepper>,
}

impl Promises {
    /// Opens what `config` names; rulebooks of today are those of `engine`, those of the past are in `history`. Reads from the disk, for
    /// long where an index is built anew. What many nodes share is in `shared`.
    ///
    /// # Errors
    /// A file is damaged, in use, open to others, or missing in production; the keys are not those of the ledger.
    pub fn open(
        config: &Config,
        engine: Arc<Engine>,
        history: Arc<dyn History>,
        shared: Option<&Shared>,
    ) -> Result<Self, Error> {
        let options = match (&config.store, shared) {
            (_, Some(shared)) => ledger::Options::Shared(shared.clone()),
            (Store::Memory, None) => ledger::Options::Memory,
            (Store::Sled | Store::Postgres(_), None) => ledger::Options::Embedded(config.data.join("ledger")),
        };
        let ledger = Ledger::open(&options)?;
        let pepper = Arc::new(keys_in_use::opened(config, &ledger)?);
        let away = ledger.away();
        let customers = |phones| match shared {
            Some(Shared { database, news }) => Customers::shared(database, news, phones, away),
            None => Customers::open(&config.data, phones),
        };
        let customers = |phones| customers(phones).map(Arc::new);
        Self::on(config, (engine, history), ledger, pepper, Sender::of(config)?, customers)
    }

    /// What keeps promises, on a ledger that is open: passwords go by `sender`, and `customers` opens the profiles.
    ///
    /// # Errors
    /// As [`Promises::open`].
    pub fn on(
        config: &Config,
        (engine, history): (Arc<Engine>, Arc<dyn History>),
        ledger: Ledger,
        pepper: Arc<Pepper>,
        sender: Sender,
        customers: impl FnOnce(Phones) -> Result<Arc<Customers>, customers::Error>,
    ) -> Result<Self, Error> {
        let archive = Arc::new(Archive::new(history, engine));
        let limiter = Limiter {
            counters: Arc::clone(ledger.counters()),
            pepper: Arc::clone(&pepper),
            countries: config.countries.as_slice().into(),
        };
        let pins = Arc::new(PinPool::new(Arc::clone(&pepper))?);
        let countries = Arc::clone(&limiter.countries);
        let book = Certificates::new(ledger.clone(), Arc::clone(&pepper), Arc::clone(&countries));
        let outbox = opened_outbox(config, &ledger, &book, &pepper, sender)?;
        let codebook = Codebook::new(ledger.clone(), Arc::clone(&pepper), pins, countries);
        let phones = Phones::new(Arc::clone(&pepper), Arc::clone(&limiter.countries));
        let customers = customers(phones)?;
        let settings = Settings {
            quote_ttl_seconds: i64::from(config.quote_ttl_seconds),
            countries: config.countries.clone(),
        };
        let reporter = Arc::new(Reporter::new(Arc::clone(&archive)));
        let desk = Arc::new(Desk::new(
            ledger.clone(),
            archive,
            Arc::clone(&pepper),
            codebook.clone(),
            book.clone(),
            Arc::clone(&customers),
            settings,
        ));
        let settings = certificates::Settings { otp_hour_max: config.otp_per_hour };
        let certificates = certificates::Desk::new(
            book,
            Arc::clone(&pepper),
            outbox.clone(),
            Arc::clone(&reporter),
            settings,
        );
        let certificates = Arc::new(certificates);
        Ok(Promises { ledger, limiter, codebook, customers, reporter, desk, certificates, outbox, pepper })
    }
}

/// Passwords that were on their way when the service last ended are again, when the ledger has them.
fn opened_outbox(
    config: &Config,
    ledger: &Ledger,
    book: &Certificates,
    pepper: &Arc<Pepper>,
    sender: Sender,
) -> Result<Outbox, Error> {
    let folder = match &config.store {
        Store::Sled | Store::Postgres(_) => Some(config.data.join("outbox")),
        Store::Memory => None,
    };
    // What cannot be read now is not thrown away: the ledger has said so, and the service ends.
    let is_kept = |id, opens: Option<&Opens>| match opens {
        // Another node may have answered the same call, with a password of its own.
        Some(opens) if ledger.is_shared() => book.is_living(opens).unwrap_or(true),
        Some(_) => true,
        None => ledger
            .known(id)
            .map_or(true, |known| known.is_some_and(|known| matches!(known.outcome, Outcome::OtpSent(_)))),
    };
    Ok(Outbox::open(folder.as_deref(), Arc::clone(pepper), sender, &is_kept)?)
}
