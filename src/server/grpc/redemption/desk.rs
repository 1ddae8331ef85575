//! What all calls share: the ledger, rulebooks of today and of old, the secrets, and the way from a command to an answer.

use std::sync::Arc;

use prost::Message;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::fields::sale_id;
use crate::basket::Country;
use crate::ledger::{Action, Command, Content, Known, Outcome, Rejection, RequestId, Sale, SaleId, State};
use crate::server::archive::{Archive, Archived};
use crate::server::clock;
use crate::server::codes::Codebook;
use crate::server::convert::sale;
use crate::server::customers::Customers;
use crate::server::grpc::failure::Failure;
use crate::server::ledger::{Ledger, Settled};
use crate::server::secrets::{Domain, KeyedHash, Pepper};
use crate::server::wire;
use crate::time::Instant;

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
    pub(super) codebook: Codebook,
    pub(super) customers: Arc<Customers>,
    pub(super) settings: Settings,
    aside: Arc<Semaphore>,
}

/// One call with an id.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) id: RequestId,
    pub(super) at: Instant,
    content: Vec<u8>,
}

impl Named {
    /// A call of `method` that says `message`.
    pub(super) fn new(id: RequestId, method: &str, message: &impl Message) -> Self {
        let mut content = method.as_bytes().to_vec();
        content.push(b'\n');
        content.extend_from_slice(&message.encode_to_vec());
        Named { id, at: clock::now(), content }
    }
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
            Outcome::Done | Outcome::Refused(_) => (self.sale.state, self.sale.returns.len()),
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
        customers: Arc<Customers>,
        settings: Settings,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let aside = Arc::new(Semaphore::new(cores.saturating_mul(ASIDE_PER_CORE_MAX)));
        Desk { ledger, archive, pepper, codebook, customers, settings, aside }
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
        let known = self.ledger.known(call.id).map_err(|error| unreadable(&error))?;
        match known {
            None => Ok(None),
            Some(known) if !self.is_same(&known, call) => Err(Failure::Refused(Rejection::RequestIdReused)),
            Some(known) => self.answered(known.outcome, None).map(Some),
        }
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

    /// Whether a call says what was said under its id before. The hash is compared under the key that it was made with.
    fn is_same(&self, known: &Known, call: &Named) -> bool {
        let hash = KeyedHash::parse(&known.content.0);
        hash.is_some_and(|hash| self.pepper.matches(&hash, Domain::Request, &call.content))
    }

    /// Puts an action before the ledger. A rejection is not on the record yet.
    pub(super) async fn submit(
        self: &Arc<Self>,
        call: &Named,
        action: Action,
    ) -> Result<Result<Answered, Rejection>, Failure> {
        let content = Content(self.pepper.hash(Domain::Request, &call.content).to_text());
        let command = Command { request: call.id, content, at: call.at, action };
        match self.ledger.submit(command).await {
            None => Err(Failure::LedgerStopped),
            // The hash of the same call is another one when the key has changed since.
            Some(Err(Rejection::RequestIdReused)) => {
                let call = call.clone();
                let before = self.aside(move |desk| desk.before(&call)).await?;
                Ok(before.ok_or(Rejection::RequestIdReused))
            }
            Some(Err(rejection)) => Ok(Err(rejection)),
            Some(Ok(Settled { outcome, sale: None })) => {
                self.aside(move |desk| desk.answered(outcome, None)).await.map(Ok)
            }
            Some(Ok(Settled { outcome, sale })) => self.answered(outcome, sale).map(Ok),
        }
    }

    /// Refuses a call, and puts that on the record: the same id is refused again. With `validate_only` nothing is recorded.
    /// Another call with the same id may have been quicker: then its answer is the answer. On a full disk nothing is recorded of what is
    /// not held: the room that is left is for what is.
    pub(super) async fn refuse(
        self: &Arc<Self>,
        call: &Named,
        rejection: Rejection,
        is_trial: bool,
    ) -> Result<Answered, Failure> {
        // What the id was used for stays its answer.
        if is_trial || rejection == Rejection::RequestIdReused {
            return Err(Failure::Refused(rejection));
        }
        if !self.ledger.has_room() {
            return Err(Failure::Refused(rejection));
        }
        self.submit(call, Action::Refuse(rejection)).await?.map_err(Failure::Refused)
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
        self.archive.find(named).map_err(|_| Failure::Internal)
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
        spawn_blocking(work).await.map_err(|_| Failure::Internal)?
    }
}

/// The ledger has said in the log what is wrong, and stops.
fn unreadable(_error: &crate::server::ledger::Error) -> Failure {
    Failure::LedgerStopped
}
