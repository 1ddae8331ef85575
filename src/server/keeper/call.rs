//! What the keeper can be told from other threads.

use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender, sync_channel};

use super::glance::Glance;
use crate::rulebook::{Adoption, Diagnostic, Severity, Source, adopt};
use crate::server::store::{Named, Publication, Request};

/// What wakes the keeper.
#[derive(Debug)]
pub(super) enum Wake {
    /// The folder may have changed.
    Hint,
    /// Somebody asks for something.
    Order(Box<Order>),
    /// The store may have something newer.
    News,
    /// The end.
    Stop,
}

/// What somebody asks for.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) what: What,
    pub(super) asked: Asked,
    pub(super) reply: SyncSender<Result<Done, Refusal>>,
}

/// What is to be in force.
#[derive(Debug)]
pub(super) enum What {
    /// What these files make, compiled where they came in: the keeper waits for nobody's files.
    Draft(Result<Box<Adoption>, Vec<Diagnostic>>),
    /// A rulebook of the history.
    Old(Named),
}

/// Who asks, and under which conditions.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who.
    pub by: String,
    /// Why; may be empty.
    pub comment: String,
    /// The call: asked again with the same content, it has the same answer.
    pub request: Request,
    /// What must be live for it to be done.
    pub expected: Option<Named>,
    /// Whether nothing is to be done, only told.
    pub is_trial: bool,
}

/// It is done, or would be.
#[derive(Debug, Clone)]
pub struct Done {
    /// The publication; of a trial its number is 0.
    pub publication: Publication,
    /// Warnings of the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why nothing was published.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// The files are at fault; for an old rulebook, to the rules of this service.
    AtFault(Vec<Diagnostic>),
    /// The id of the call was used for something else.
    Reused,
    /// Another rulebook is live than the caller thought: this one, if any.
    OtherLive(Option<String>),
    /// The history has no such publication.
    Unknown,
    /// What is kept of it is damaged.
    Damaged,
    /// The history cannot be read or written.
    Unkept,
    /// The database of the history is away: it may have been published all the same.
    Away,
    /// The keeper has come to its end.
    Stopped,
}

/// The way to the keeper. Its calls wait: not for a thread that others wait for.
#[derive(Debug, Clone)]
pub struct Handle {
    wake: Sender<Wake>,
    known: Arc<Glance>,
}

impl Handle {
    pub(super) fn new(wake: Sender<Wake>, known: Arc<Glance>) -> Self {
        Handle { wake, known }
    }

    /// The number of the newest publication that is in force here, or was passed over for good.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.known.newest()
    }

    /// Puts what `sources` make in force, all of them together and nothing else. Compiles them on this thread.
    ///
    /// # Errors
    /// Nothing was published.
    pub fn publish(&self, sources: &[Source], asked: Asked) -> Result<Done, Refusal> {
        self.order(What::Draft(draft(sources)), asked)
    }

    /// Puts an old rulebook in force again.
    ///
    /// # Errors
    /// Nothing was published.
    pub fn roll_back(&self, to: Named, asked: Asked) -> Result<Done, Refusal> {
        self.order(What::Old(to), asked)
    }

    /// Makes the keeper look at the store: what was published there by somebody else is put in force.
    pub fn news(&self) {
        let _ = self.wake.send(Wake::News);
    }

    fn order(&self, what: What, asked: Asked) -> Result<Done, Refusal> {
        let (reply, answer) = sync_channel(1);
        let order = Box::new(Order { what, asked, reply });
        self.wake.send(Wake::Order(order)).map_err(|_| Refusal::Stopped)?;
        answer.recv().map_err(|_| Refusal::Stopped)?
    }
}

/// What files make that were never in force, or everything that is wrong with them.
fn draft(sources: &[Source]) -> Result<Box<Adoption>, Vec<Diagnostic>> {
    let adoption = adopt(sources, &[]);
    let is_clean = adoption.diagnostics.iter().all(|found| found.severity != Severity::Error);
    match is_clean && adoption.rulebook.is_some() {
        true => Ok(Box::new(adoption)),
        false => Err(adoption.diagnostics),
    }
}
