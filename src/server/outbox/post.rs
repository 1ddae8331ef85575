//! How messages get to the gateway: a task each, which tries until it is delivered or its password ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;

use super::board::Board;
use super::error::Error;
use super::failure::Failure;
use super::letters::LetterFile;
use super::message::{Delivery, Message, Undelivered};
use super::pace::Pace;
use super::sender::Sender;
use super::spool::{Found, Spool};
use crate::ledger::RequestId;
use crate::server::apart::apart;
use crate::server::clock;
use crate::time::Instant;

/// Attempts at once: each has a thread and a connection. At the usual tenth of a second for an answer that is 160 messages a second.
const ATTEMPTS_MAX: usize = 16;

/// All that an outbox is made of.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) sender: Sender,
    pub(super) spool: Spool,
    pub(super) board: Board,
    pub(super) pace: Pace,
    letters: Mutex<LetterFile>,
    places: Semaphore,
    runtime: Handle,
    closed: watch::Sender<bool>,
    at_work: watch::Sender<usize>,
}

/// How the way of a message ended.
enum End {
    Delivered,
    Over { tries: u32, why: String },
    Closed,
}

/// How one attempt ended.
enum Turn {
    Delivered,
    Failed(Failure),
    NoPlace,
    Closed,
}

/// A worker, counted while it lives.
struct AtWork(Arc<Post>);

impl Post {
    pub(super) fn new(
        sender: Sender,
        spool: Spool,
        letters: LetterFile,
        board: Board,
        pace: Pace,
    ) -> Result<Self, Error> {
        Ok(Post {
            sender,
            spool,
            board,
            pace,
            letters: Mutex::new(letters),
            places: Semaphore::new(ATTEMPTS_MAX),
            runtime: Handle::try_current().map_err(|_| Error::Runtime)?,
            closed: watch::Sender::new(false),
            at_work: watch::Sender::new(0),
        })
    }

    /// Goes on with what an earlier run has left. Reads and writes the disk.
    pub(super) fn resume(self: &Arc<Self>, found: Vec<Found>) {
        for found in found {
            match found {
                // It was given up, and the power went before its file did.
                Found::Message(message) if self.board.delivery(message.id) == Delivery::Undelivered => {
                    self.take_off(message.id);
                }
                Found::Message(message) if left(&message).is_none() => {
                    self.bury(message.undelivered(
                        clock::now(),
                        0,
                        "the password ended while the service was down",
                    ));
                }
                Found::Message(message) => {
                    self.board.begin(message.id);
                    self.start(message, oneshot::channel().0);
                }
                Found::Harmed(id, why) => self.bury(unread(id, clock::now(), why)),
            }
        }
    }

    /// Sets a message on its way; `first` is told what became of the first attempt. A closed outbox leaves it for the next start.
    pub(super) fn start(self: &Arc<Self>, message: Message, first: oneshot::Sender<Delivery>) {
        if self.is_closed() {
            return;
        }
        let at_work = AtWork::new(self);
        self.board.set_out(&message);
        self.runtime.spawn(async move { at_work.0.carry(message, first).await });
    }

    async fn carry(self: &Arc<Self>, message: Message, first: oneshot::Sender<Delivery>) {
        let message = Arc::new(message);
        let mut first = Some(first);
        let end = self.try_until_it_ends(&message, &mut first).await;
        let told = match &end {
            End::Delivered => {
                self.board.end(message.id);
                Delivery::Sent
            }
            End::Over { .. } => Delivery::Undelivered,
            End::Closed => Delivery::Late,
        };
        tell(&mut first, told);
        let post = Arc::clone(self);
        let rest = apart(move || match end {
            End::Delivered => post.take_off(message.id),
            End::Over { tries, why } => post.bury(message.undelivered(clock::now(), tries, &why)),
            End::Closed => {}
        });
        // Broken off with the runtime: the next start finds the file.
        let _ = rest.await;
    }

    async fn try_until_it_ends(
        self: &Arc<Self>,
        message: &Arc<Message>,
        first: &mut Option<oneshot::Sender<Delivery>>,
    ) -> End {
        let (mut tries, mut why) = (0_u32, "the gateway was busy with others".to_owned());
        while let Some(left) = left(message) {
            if self.board.is_replaced(message) {
                let why = "a newer password took its place".to_owned();
                return End::Over { tries, why };
            }
            match self.attempt(message, left).await {
                Turn::Delivered => return End::Delivered,
                Turn::Closed => return End::Closed,
                Turn::NoPlace => {}
                Turn::Failed(failure) => {
                    tries = tries.saturating_add(1);
                    why = failure.why;
                    tell(first, Delivery::Late);
                    if self.is_closed_within(self.pace.wait(tries).min(left)).await {
                        return End::Closed;
                    }
                }
            }
        }
        End::Over { tries, why }
    }

    /// One attempt, once there is a place for it.
    async fn attempt(self: &Arc<Self>, message: &Arc<Message>, patience: Duration) -> Turn {
        let place = tokio::select! {
            biased;
            () = self.closing() => return Turn::Closed,
            place = timeout(patience, self.places.acquire()) => place,
        };
        let (Ok(Ok(_place)), Some(left)) = (place, left(message)) else { return Turn::NoPlace };
        let (post, message) = (Arc::clone(self), Arc::clone(message));
        let job = apart(move || post.sender.send(&message, left));
        let sent = job.await.unwrap_or_else(|_| Err(Failure::outage("the attempt broke off")));
        self.note(&sent);
        sent.map_or_else(Turn::Failed, |()| Turn::Delivered)
    }

    fn note(&self, sent: &Result<(), Failure>) {
        match sent {
            Ok(()) if self.board.gateway(true) => {
                tracing::info!("the gateway takes one-time passwords again")
            }
            Err(Failure { why, is_outage: true }) if !self.is_closed() && self.board.gateway(false) => {
                tracing::warn!(why, "the gateway takes no one-time passwords");
            }
            _ => {}
        }
    }

    fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    async fn closing(&self) {
        let mut closed = self.closed.subscribe();
        let _ = closed.wait_for(|closed| *closed).await;
    }

    async fn is_closed_within(&self, wait: Duration) -> bool {
        timeout(wait, self.closing()).await.is_ok()
    }

    /// Ends the tasks; files stay.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
        self.sender.close();
    }

    /// Waits until no task is left.
    pub(super) async fn closed(&self) {
        let mut at_work = self.at_work.subscribe();
        let _ = at_work.wait_for(|workers| *workers == 0).await;
    }

    /// Takes back a message whose call came to nothing.
    pub(super) fn withdraw(&self, id: RequestId) {
        complain(self.spool.withdraw(id));
        self.board.end(id);
    }

    /// Takes the file of a message away. One that stays is sent once more after the next start, under the same id.
    fn take_off(&self, id: RequestId) {
        complain(self.spool.remove(id));
    }

    /// Puts a message on the dead-letter list, then its file away: one of both is there at any moment.
    fn bury(&self, letter: Undelivered) {
        let (id, tries) = (letter.id, letter.tries);
        tracing::warn!(request = %id, tries, why = letter.why, "a one-time password was not delivered");
        complain(self.letters.lock().unwrap_or_else(PoisonError::into_inner).append(&letter));
        self.board.bury(letter);
        self.take_off(id);
    }
}

impl AtWork {
    fn new(post: &Arc<Post>) -> Self {
        post.at_work.send_modify(|workers| *workers += 1);
        AtWork(Arc::clone(post))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.send_modify(|workers| *workers = workers.saturating_sub(1));
    }
}

fn tell(first: &mut Option<oneshot::Sender<Delivery>>, what: Delivery) {
    // Nobody may be waiting any more.
    let _ = first.take().map(|first| first.send(what));
}

fn complain(done: Result<(), Error>) {
    if let Err(error) = done {
        tracing::error!(%error, "the outbox cannot be kept");
    }
}

/// For how long the password still lives; nothing when it has ended.
fn left(message: &Message) -> Option<Duration> {
    let left = message.expires_at.timestamp().duration_since(clock::timestamp());
    Duration::try_from(left).ok().filter(|left| !left.is_zero())
}

fn unread(id: RequestId, now: Instant, why: &str) -> Undelivered {
    Undelivered {
        id,
        certificate: String::new(),
        created_at: now,
        ended_at: now,
        tries: 0,
        why: why.to_owned(),
    }
}
