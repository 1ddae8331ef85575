//! What can go wrong with the outbox. No message shows a phone, a password or a secret.

use std::io;
use std::path::{Path, PathBuf};

use crate::ledger::RequestId;
use crate::server::secrets::entropy;

/// Why a message cannot be taken in, or the outbox not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no.
    #[error("cannot {action} `{path}`: {error}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The system gives no random bytes.
    #[error(transparent)]
    Entropy(#[from] entropy::Error),
    /// A message could not be enciphered.
    #[error("a message cannot be enciphered")]
    Cipher,
    /// The same call is at it already: another answer to it is being made.
    #[error("a one-time password of the call `{0}` is on its way already")]
    Twice(RequestId),
    /// Where there is no runtime nothing can be sent.
    #[error("the outbox is opened outside of a runtime")]
    Runtime,
    /// A webhook without a file of secrets.
    #[error("`otp-webhook-secret` must name the file of secrets that sign what goes to `otp-webhook`")]
    NoSecrets,
    /// The file of secrets is not there, and in production none is made.
    #[error(
        "the file of webhook secrets `{path}` is missing: write a line `whsec_…` with what `openssl rand -base64 32` prints, \
         `chmod 600` it, and give the same line to the gateway"
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Others on this machine may read or write it.
    #[error("the file of webhook secrets `{path}` is open to others (mode {mode:03o}): `chmod 600 {path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line of it is not what it should be.
    #[error("line {line} of the file of webhook secrets `{path}`: {what}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1; behind the last where something is missing.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// What the disk said, as an error of this room.
pub(super) fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Disk { action, path, error }
}
