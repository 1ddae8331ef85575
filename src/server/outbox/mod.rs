//! One-time passwords on their way to a phone: through the retailer's gateway, by signed webhook, from an outbox on disk.
//!
//! The order of a call is [`prepare`](Outbox::prepare), which puts the message on disk; the fact of the ledger; [`release`](Outbox::release),
//! which sends it. So no password is sent that the ledger does not know, and none that it knows is forgotten: after a crash the ledger says
//! which messages go on. A message is tried until its password ends, and then stands on the dead-letter list. It may arrive twice, where an
//! answer is lost, and always has the same `webhook-id`. Nothing here knows what a password opens. See `docs/passwords.md`.

mod error;
mod message;
mod text;
mod payload;
mod failure;
mod secrets;
mod webhook;
mod sender;
mod seal;
mod spool;
mod letters;
mod board;
mod pace;
mod post;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::timeout;

pub use error::Error;
pub use message::{Delivery, Message, Opens, Purpose, Standing, Undelivered};
pub use pace::Pace;
pub use secrets::Secrets;
pub use sender::Sender;
pub use spool::IsKept;
pub use webhook::Webhook;

use crate::ledger::RequestId;
use crate::server::secrets::Pepper;
use board::Board;
use letters::LetterFile;
use post::Post;
use seal::Seal;
use spool::Spool;

/// The outbox. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Outbox(Arc<Post>);

/// A message that is on disk and not on its way yet. Dropped, it stays there, and the next start asks the ledger what to do with it: whoever is
/// broken off in between does not know whether the ledger has its call.
#[derive(Debug)]
#[must_use = "dropped, the message stays on disk until the next start"]
pub struct Prepared {
    message: Message,
}

impl Outbox {
    /// The outbox in `folder`, made when it is not there; without a folder nothing is kept on disk. What an earlier run has left goes on where
    /// `is_kept` says that the ledger has the call on its record, with this password where that is told, and is removed where it
    /// has not. Reads and writes the disk.
    ///
    /// # Errors
    /// The folder cannot be made, read or written to; there is no tokio runtime. A damaged file is no error: it is put aside and reported as
    /// undelivered.
    pub fn open(
        folder: Option<&Path>,
        pepper: Arc<Pepper>,
        sender: Sender,
        is_kept: &IsKept<'_>,
    ) -> Result<Self, Error> {
        Self::at_pace(folder, pepper, sender, is_kept, Pace::default())
    }

    /// The same with other waits.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn at_pace(
        folder: Option<&Path>,
        pepper: Arc<Pepper>,
        sender: Sender,
        is_kept: &IsKept<'_>,
        pace: Pace,
    ) -> Result<Self, Error> {
        let spool = Spool::open(folder, Seal::new(pepper))?;
        let (letters, undelivered) = LetterFile::open(folder)?;
        let found = spool.found(is_kept)?;
        let post = Arc::new(Post::new(sender, spool, letters, Board::new(undelivered), pace)?);
        post.resume(found);
        Ok(Outbox(post))
    }

    /// Whether there is a way to send anything.
    #[must_use]
    pub fn can_send(&self) -> bool {
        self.0.sender.can_send()
    }

    /// Puts a message on disk, enciphered: when this returns a power cut does not take it. It is not sent before
    /// [`release`](Self::release). Writes and syncs, some milliseconds: not for a thread that carries calls.
    ///
    /// # Errors
    /// The disk is full or broken, the system gives no random bytes, or another call with the same id is between here and its end.
    pub fn prepare(&self, message: Message) -> Result<Prepared, Error> {
        if !self.0.board.begin(message.id) {
            return Err(Error::Twice(message.id));
        }
        self.0.spool.write(&message).inspect_err(|_| self.0.withdraw(message.id))?;
        Ok(Prepared { message })
    }

    /// Takes a message back, its file too: to be called once the ledger has refused its call.
    pub fn withdraw(&self, prepared: Prepared) {
        self.0.withdraw(prepared.message.id);
    }

    /// Sets a message on its way: to be called once the ledger has its call. It goes whether or not the answer is waited for.
    ///
    /// [`Sent`](Delivery::Sent) when the first attempt succeeds within a second, otherwise [`Late`](Delivery::Late): at once while the gateway
    /// is known to fail. [`Undelivered`](Delivery::Undelivered) when the password has ended already.
    pub fn release(&self, prepared: Prepared) -> impl Future<Output = Delivery> + Send + use<> {
        let (told, first) = oneshot::channel();
        let (is_failing, patience) = (self.0.board.is_failing(), self.0.pace.answer);
        self.0.start(prepared.message, told);
        async move {
            if is_failing {
                return Delivery::Late;
            }
            timeout(patience, first).await.ok().and_then(Result::ok).unwrap_or(Delivery::Late)
        }
    }

    /// What became of the message of a call that the ledger has: [`Late`](Delivery::Late) while it is on its way,
    /// [`Undelivered`](Delivery::Undelivered) when it is on the dead-letter list, otherwise [`Sent`](Delivery::Sent).
    #[must_use]
    pub fn delivery(&self, id: RequestId) -> Delivery {
        self.0.board.delivery(id)
    }

    /// The dead-letter list: the last 10,000 messages that were not delivered, newest first.
    #[must_use]
    pub fn undelivered(&self) -> Vec<Undelivered> {
        self.0.board.undelivered()
    }

    /// How messages stand, in numbers.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.0.board.standing()
    }

    /// Stops. Attempts are broken off, and what is on its way stays on disk for the next start, also what is released from now on.
    pub fn close(&self) {
        self.0.close();
    }

    /// Waits until all has stopped after [`close`](Self::close): from then on another outbox may have the folder. Without `close`, until
    /// nothing is on its way.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}
