//! A stream that a caller sends or reads: its next message, as long as the caller goes on and the service does not end.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::failure::Failure;
use crate::lang::Lang;

/// How long a caller may say nothing. Few of these streams run at once, and one that hangs must not keep others out.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(60);

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

/// Sends an answer to a caller who reads; whether anybody is still there.
///
/// # Errors
/// The caller reads nothing for too long: its place is for another.
pub(super) async fn give<T>(
    answers: &mpsc::Sender<T>,
    answer: T,
    patience: Duration,
) -> Result<bool, Failure> {
    let sent = timeout(patience, answers.send(answer)).await;
    sent.map(|sent| sent.is_ok()).map_err(|_| Failure::TooLate)
}

/// Gives the place of a stream back, and then says why it ends: who does not read does not read this either.
pub(super) async fn end<T, P>(
    answers: &mpsc::Sender<Result<T, Status>>,
    place: P,
    ended: Result<(), Failure>,
    lang: Lang,
) {
    drop(place);
    if let Err(failure) = ended {
        let _ = give(answers, Err(failure.status(lang)), SILENCE_MAX).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn who_does_not_read_is_not_waited_for_without_end() {
        let give = async |answers, answer| super::give(answers, answer, Duration::from_millis(20)).await;
        let (answers, mut reader) = mpsc::channel(1);
        assert!(matches!(give(&answers, 1).await, Ok(true)));
        assert!(matches!(give(&answers, 2).await, Err(Failure::TooLate)));
        assert_eq!(reader.recv().await, Some(1));
        assert!(matches!(give(&answers, 3).await, Ok(true)));
        drop(reader);
        assert!(matches!(give(&answers, 4).await, Ok(false)));
    }

    #[tokio::test]
    async fn a_place_is_free_before_its_caller_reads_why() {
        let place = Arc::new(());
        let (answers, mut reader) = mpsc::channel::<Result<(), Status>>(1);
        answers.send(Ok(())).await.unwrap();
        let held = Arc::clone(&place);
        let ended = tokio::spawn(async move { end(&answers, held, Err(Failure::TooLate), Lang::En).await });
        while Arc::strong_count(&place) > 1 {
            tokio::task::yield_now().await;
        }
        assert!(!ended.is_finished());
        assert!(reader.recv().await.unwrap().is_ok());
        assert_eq!(reader.recv().await.unwrap().unwrap_err().code(), tonic::Code::DeadlineExceeded);
        ended.await.unwrap();
    }
}
