//! What all calls share: the record, numbers and passwords, and the way out to phones.

use std::hash::{BuildHasher as _, BuildHasherDefault};
use std::sync::Arc;

use rustc_hash::FxHasher;
use tokio::sync::{Mutex, MutexGuard, Semaphore};

use crate::ledger::{Outcome, Rejection, RequestId};
use crate::server::apart::apart;
use crate::server::certificates::{Certificates, Typed};
use crate::server::grpc::admit::{Act, Speaker};
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{fault, missing_or_unreadable, sale_id};
use crate::server::grpc::record::{Before, Named, Record, unreadable};
use crate::server::ledger::{Error, Ledger, Settled};
use crate::server::outbox::Outbox;
use crate::server::reporter::Reporter;
use crate::server::secrets::Pepper;

/// Places at which calls for a password take turns.
const PLACES: u64 = 64;
/// Calls for a password at once, those whose caller has gone away among them.
const CALLS_MAX: usize = 256;
/// Reads of the disk at once.
const READS_MAX: usize = 32;

/// What may be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Passwords that may be sent in an hour, to all phones.
    pub otp_hour_max: u32,
}

/// Where certificates are kept.
#[derive(Debug)]
pub struct Desk {
    pub(super) record: Record,
    pub(super) certificates: Certificates,
    pub(super) outbox: Outbox,
    pub(super) reporter: Arc<Reporter>,
    pub(super) settings: Settings,
    /// Statements at once: each reads every entry.
    pub(super) statements: Arc<Semaphore>,
    pub(super) calls: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    places: Vec<Mutex<()>>,
}

impl Desk {
    /// Keeps certificates in the ledger of `certificates`, and sends passwords by `outbox`.
    #[must_use]
    pub fn new(
        certificates: Certificates,
        pepper: Arc<Pepper>,
        outbox: Outbox,
        reporter: Arc<Reporter>,
        settings: Settings,
    ) -> Self {
        let record = Record { ledger: certificates.ledger().clone(), pepper };
        let statements = Arc::new(Semaphore::new(1));
        let [calls, reads] = [CALLS_MAX, READS_MAX].map(|most| Arc::new(Semaphore::new(most)));
        let places = (0..PLACES).map(|_| Mutex::default()).collect();
        Desk { record, certificates, outbox, reporter, settings, statements, calls, reads, places }
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.record.ledger
    }

    /// The turn of a call: two with one id must not send two passwords.
    pub(super) async fn turn(&self, id: RequestId) -> Result<MutexGuard<'_, ()>, Failure> {
        let hash = BuildHasherDefault::<FxHasher>::default().hash_one(id);
        let place = usize::try_from(hash % PLACES).unwrap_or_default();
        Ok(self.places.get(place).ok_or(Failure::Internal)?.lock().await)
    }

    /// Reads what may be on the disk, on a thread that may wait for it.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Certificates) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let certificates = self.certificates.clone();
        let read = self.aside(move || look(&certificates)).await?;
        read.map_err(|error| unreadable(&error))
    }

    /// Whether the caller speaks for the purchase of which a certificate is made; of one that is not there the method itself says so.
    pub(super) async fn allowed(&self, speaker: &Speaker, sale: &str) -> Result<(), Failure> {
        if !speaker.is_bound(Act::Change) {
            return Ok(());
        }
        let id = sale_id(sale)?;
        match self.read(move |certificates| certificates.ledger().sale(id)).await? {
            Some(sale) => speaker.may_speak_for(&sale.sold().store, &sale.sold().channel),
            None => Ok(()),
        }
    }

    /// What a call was answered before, when it was.
    pub(super) async fn before(&self, call: &Named) -> Result<Option<Before>, Failure> {
        let (record, call) = (self.record.clone(), call.clone());
        self.aside(move || record.before(&call)).await?
    }

    /// Whether the disk has room for more than what is held already.
    pub(super) fn room(&self) -> Result<(), Failure> {
        if self.ledger().has_room() { Ok(()) } else { Err(Failure::DiskFull) }
    }

    /// Work on a thread that may wait for the disk. Who goes away does not end it, and so does not free its place.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let place = Arc::clone(&self.reads).acquire_owned().await.map_err(|_| Failure::ShuttingDown)?;
        let work = move || {
            let _place = place;
            work()
        };
        apart(work).await.map_err(|_| Failure::Internal)
    }
}

/// A number as it was typed.
pub(super) fn number(field: &str, typed: &str) -> Result<Typed, Failure> {
    Typed::parse(typed).ok_or_else(|| fault(field, missing_or_unreadable(typed)))
}

/// A phone that cannot be read as one.
pub(super) fn phone_fault(typed: &str) -> Failure {
    fault("phone", missing_or_unreadable(typed))
}

/// What came of a call that is not refused.
pub(super) fn kept(settled: Settled) -> Result<Outcome, Failure> {
    match settled.outcome {
        Outcome::Refused(rejection) => Err(Failure::Refused(rejection)),
        outcome => Ok(outcome),
    }
}

/// An outcome of another kind of call under the same id cannot be: their contents differ.
pub(super) fn other_kind() -> Failure {
    Failure::Refused(Rejection::RequestIdReused)
}
