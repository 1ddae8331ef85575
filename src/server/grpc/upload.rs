//! A stream that a caller sends: its next message, as long as the caller goes on and the service does not end.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tonic::Streaming;

use super::failure::Failure;

/// How long a caller may say nothing. Few of these streams run at once, and one that hangs must not keep others out.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The next message; nothing when the caller has sent all.
///
/// # Errors
/// The message is none, the caller says nothing for too long, `closing` has turned true.
pub(super) async fn next<T>(
    messages: &mut Streaming<T>,
    closing: &mut watch::Receiver<bool>,
) -> Result<Option<T>, Failure> {
    let next = tokio::select! {
        next = timeout(SILENCE_MAX, messages.message()) => next.map_err(|_| Failure::TooLate)?,
        _ = closing.wait_for(|closing| *closing) => return Err(Failure::ShuttingDown),
    };
    next.map_err(|status| Failure::of_library(status.code()).unwrap_or(Failure::Malformed))
}
