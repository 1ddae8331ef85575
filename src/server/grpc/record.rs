//! Calls on the record: the same id with the same content has the same answer for ever.

use std::sync::Arc;

use prost::Message;

use super::failure::Failure;
use crate::ledger::{Action, Command, Content, Known, Outcome, Rejection, RequestId};
use crate::server::apart::apart;
use crate::server::clock;
use crate::server::ledger::{Error, Ledger, Settled};
use crate::server::secrets::{Domain, KeyId, KeyedHash, Pepper};
use crate::time::Instant;

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

/// A call that was answered before.
pub(super) struct Before {
    pub(super) outcome: Outcome,
    /// The key under which its content was hashed.
    pub(super) key: KeyId,
}

/// Where calls are on the record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) ledger: Ledger,
    pub(super) pepper: Arc<Pepper>,
}

impl Record {
    /// What a call was answered before, when it was. May read from the disk: not on a thread that others wait for.
    pub(super) fn before(&self, call: &Named) -> Result<Option<Before>, Failure> {
        let known = self.ledger.known(call.id).map_err(|error| unreadable(&error))?;
        let Some(Known { content, outcome }) = known else { return Ok(None) };
        // The hash is compared under the key that it was made with.
        let hash = KeyedHash::parse(&content.0);
        match hash.filter(|hash| self.pepper.matches(hash, Domain::Request, &call.content)) {
            Some(hash) => Ok(Some(Before { outcome, key: hash.key() })),
            None => Err(Failure::Refused(Rejection::RequestIdReused)),
        }
    }

    /// [`Record::before`] on a thread that may wait for the disk.
    pub(super) async fn answered_before(&self, call: &Named) -> Result<Option<Before>, Failure> {
        let (record, call) = (self.clone(), call.clone());
        apart(move || record.before(&call)).await.map_err(|_| Failure::Internal)?
    }

    /// Puts an action before the ledger. A rejection is not on the record yet.
    pub(super) async fn submit(
        &self,
        call: &Named,
        action: Action,
    ) -> Result<Result<Settled, Rejection>, Failure> {
        let content = Content(self.pepper.hash(Domain::Request, &call.content).to_text());
        let command = Command { request: call.id, content, at: call.at, action };
        match self.ledger.submit(command).await {
            None => Err(silent(&self.ledger)),
            // The hash of the same call is another one when the key has changed since.
            Some(Err(Rejection::RequestIdReused)) => {
                let before = self.answered_before(call).await?;
                let settled = before.map(|before| Settled { outcome: before.outcome, sale: None });
                Ok(settled.ok_or(Rejection::RequestIdReused))
            }
            Some(answer) => Ok(answer),
        }
    }

    /// Refuses a call, and puts that on the record: the same id is refused again. With `is_trial` nothing is recorded.
    /// Another call with the same id may have been quicker: then its answer is the answer. On a nearly full disk the room that is left is for
    /// what is held: nothing is refused for ever then, and the caller asks again.
    pub(super) async fn refuse(
        &self,
        call: &Named,
        rejection: Rejection,
        is_trial: bool,
    ) -> Result<Settled, Failure> {
        // What the id was used for stays its answer.
        if is_trial || rejection == Rejection::RequestIdReused {
            return Err(Failure::Refused(rejection));
        }
        if !self.ledger.has_room() {
            return Err(Failure::DiskFull);
        }
        self.submit(call, Action::Refuse(rejection)).await?.map_err(Failure::Refused)
    }
}

/// Why the ledger has not answered. It has said in the log what is wrong.
pub(super) fn silent(ledger: &Ledger) -> Failure {
    if ledger.is_shared() { Failure::LedgerAway } else { Failure::LedgerStopped }
}

/// Why the ledger cannot be read. It has said in the log what is wrong, and stops where it will not be better by itself.
pub(super) fn unreadable(error: &Error) -> Failure {
    if error.is_away() { Failure::LedgerAway } else { Failure::LedgerStopped }
}
