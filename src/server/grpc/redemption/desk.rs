//! What all calls share: the ledger, rulebooks of today and of old, the secrets, and the way from a command to an answer.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::basket::Country;
use crate::ledger::{
    Account, Action, Balances, Command, Content, Key, Outcome, Rejection, Sale, SaleId, State,
};
use crate::server::apart::apart;
use crate::server::archive::{Archive, Archived};
use crate::server::certificates::Certificates;
use crate::server::codes::Codebook;
use crate::server::convert::sale;
use crate::server::customers::Customers;
use crate::server::grpc::admit::{Act, Speaker};
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::sale_id;
use crate::server::grpc::record::{Named, Record, unreadable};
use crate::server::ledger::{Ledger, Settled};
use crate::server::secrets::Pepper;
use crate::server::wire;

/// Baskets priced at once, for each core: as many as for quotes.
const ASIDE_PER_CORE_MAX: usize = 16;
/// How often a purchase is priced again because others took what was left: each time somebody else got on.
pub(super) const TRIES_MAX: usize = 8;

/// What may be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seconds for which a quoted price is honored.
    pub quote_ttl_seconds: i64,
    /// The countries of phone numbers, the home country first.
    pub countries: Vec<Country>,
}

/// Where purchases are kept.
#[derive(Debug)]
pub struct Desk {
    pub(super) ledger: Ledger,
    pub(super) archive: Arc<Archive>,
    pub(super) pepper: Arc<Pepper>,
    record: Record,
    pub(super) codebook: Codebook,
    pub(super) certificates: Certificates,
    pub(super) customers: Arc<Customers>,
    pub(super) settings: Settings,
    aside: Arc<Semaphore>,
}

/// What a call was answered, with the sale.
pub(super) struct Answered {
    pub(super) id: SaleId,
    pub(super) sale: Sale,
    pub(super) outcome: Outcome,
}

impl Answered {
    /// The sale as it stood when the call was answered.
    pub(super) fn sale(&self) -> wire::Sale {
        let (state, returns) = match self.outcome {
            Outcome::Reserved(_) => (State::Held, 0),
            Outcome::Committed(_) => (State::Committed, 0),
            Outcome::Cancelled(_) => (State::Cancelled, 0),
            Outcome::Refunded(_, place) => (State::Committed, place + 1),
            // Of other calls, which have no sale.
            Outcome::Done
            | Outcome::Issued(_)
            | Outcome::OtpSent(_)
            | Outcome::Certificate(..)
            | Outcome::Refused(_) => (self.sale.state, self.sale.returns.len()),
        };
        sale::sale_as_of(self.id, &self.sale, state, returns)
    }
}

impl Desk {
    /// Keeps purchases in `ledger`.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        archive: Arc<Archive>,
        pepper: Arc<Pepper>,
        codebook: Codebook,
        certificates: Certificates,
        customers: Arc<Customers>,
        settings: Settings,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let aside = Arc::new(Semaphore::new(cores.saturating_mul(ASIDE_PER_CORE_MAX)));
        let record = Record { ledger: ledger.clone(), pepper: Arc::clone(&pepper) };
        Desk { ledger, archive, pepper, record, codebook, certificates, customers, settings, aside }
    }

    /// Whether the caller speaks for a purchase that was made; of one that is not there the method itself says so.
    pub(super) async fn allowed(
        self: &Arc<Self>,
        speaker: &Speaker,
        id: &str,
        act: Act,
    ) -> Result<(), Failure> {
        if !speaker.is_bound(act) {
            return Ok(());
        }
        let id = sale_id(id)?;
        match self.aside(move |desk| desk.sale_of(id)).await? {
            Some(sale) => speaker.may_speak_for(&sale.sold().store, &sale.sold().channel),
            None => Ok(()),
        }
    }

    /// A sale as it is now.
    pub(super) async fn sale(self: &Arc<Self>, id: &str) -> Result<wire::Sale, Failure> {
        let id = sale_id(id)?;
        let found = self.aside(move |desk| desk.sale_of(id)).await?;
        found.map(|found| sale::sale(id, &found)).ok_or(Failure::Refused(Rejection::SaleUnknown))
    }

    /// A sale as the ledger has it. May read from the disk: for [`Desk::aside`].
    pub(super) fn sale_of(&self, id: SaleId) -> Result<Option<Sale>, Failure> {
        self.ledger.sale(id).map_err(|error| unreadable(&error))
    }

    /// The answer that a call got before, when it did. May read from the disk: for [`Desk::aside`].
    pub(super) fn before(&self, call: &Named) -> Result<Option<Answered>, Failure> {
        self.record.before(call)?.map(|before| self.answered(before.outcome, None)).transpose()
    }

    /// The answer that a call got before, and else the sale that it is about.
    pub(super) async fn before_or_sale(
        self: &Arc<Self>,
        call: &Named,
        id: SaleId,
    ) -> Result<Result<Option<Sale>, Answered>, Failure> {
        let call = call.clone();
        let look = move |desk: &Desk| match desk.before(&call)? {
            Some(before) => Ok(Err(before)),
            None => desk.sale_of(id).map(Ok),
        };
        self.aside(look).await
    }

    /// Puts an action before the ledger. A rejection is not on the record yet.
    pub(super) async fn submit(
        self: &Arc<Self>,
        call: &Named,
        action: Action,
    ) -> Result<Result<Answered, Rejection>, Failure> {
        match self.record.submit(call, action).await? {
            Ok(settled) => self.settled(settled).await.map(Ok),
            Err(rejection) => Ok(Err(rejection)),
        }
    }

    /// What a call about a sale would be answered: decided on, and not kept.
    pub(super) async fn would(
        self: &Arc<Self>,
        call: &Named,
        id: SaleId,
        action: Action,
    ) -> Result<Answered, Failure> {
        let command = Command { request: call.id, content: Content(String::new()), at: call.at, action };
        let decide = move |desk: &Desk| {
            let decided = desk.ledger.trial(&command).map_err(|error| unreadable(&error))?;
            let facts = decided.map_err(Failure::Refused)?;
            let mut balances = Balances::default();
            let sale = desk.sale_of(id)?.ok_or(Failure::Internal)?;
            balances.put(Key::Sale(id), Account::Sale(Box::new(sale)));
            facts.iter().for_each(|fact| drop(balances.apply(fact)));
            let outcome = balances.known(command.request).map(|known| known.outcome.clone());
            desk.answered(outcome.ok_or(Failure::Internal)?, balances.sale(id).cloned())
        };
        self.aside(decide).await
    }

    /// Refuses a call, and puts that on the record.
    pub(super) async fn refuse(
        self: &Arc<Self>,
        call: &Named,
        rejection: Rejection,
        is_trial: bool,
    ) -> Result<Answered, Failure> {
        let settled = self.record.refuse(call, rejection, is_trial).await?;
        self.settled(settled).await
    }

    async fn settled(self: &Arc<Self>, settled: Settled) -> Result<Answered, Failure> {
        match settled {
            Settled { outcome, sale: None } => self.aside(move |desk| desk.answered(outcome, None)).await,
            Settled { outcome, sale } => self.answered(outcome, sale),
        }
    }

    /// May read from the disk where no sale is at hand.
    fn answered(&self, outcome: Outcome, sale: Option<Sale>) -> Result<Answered, Failure> {
        if let Outcome::Refused(rejection) = outcome {
            return Err(Failure::Refused(rejection));
        }
        let id = outcome.sale().ok_or(Failure::Internal)?;
        let sale = match sale {
            Some(sale) => sale,
            None => self.sale_of(id)?.ok_or(Failure::Internal)?,
        };
        Ok(Answered { id, sale, outcome })
    }

    /// The rulebook of that version or digest, when it is known. May read from the disk: for [`Desk::aside`]. What cannot be read now may be
    /// readable later, so that is no refusal.
    pub(super) fn rulebook(&self, named: &str) -> Result<Option<Archived>, Failure> {
        self.archive
            .find(named)
            .map_err(|error| if error.is_away() { Failure::LedgerAway } else { Failure::Internal })
    }

    /// Work that takes long, on a thread of its own.
    pub(super) async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Desk) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let place = Arc::clone(&self.aside).acquire_owned().await.map_err(|_| Failure::ShuttingDown)?;
        let desk = Arc::clone(self);
        // Who goes away does not end the work, and so does not free its place.
        let work = move || {
            let _place = place;
            work(&desk)
        };
        apart(work).await.map_err(|_| Failure::Internal)?
    }
}
