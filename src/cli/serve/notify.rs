//! What a supervisor hears: systemd's protocol of `Type=notify`, at the socket that `NOTIFY_SOCKET` names. Where there is none, nobody
//! is told anything.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::watch;
use tokio::time::{Interval, interval, timeout};

use crate::server::engine::Live;

/// The first reading of a folder takes half a second. After this long it is at fault and somebody must mend it: a service that is not
/// called ready would be killed and started again by its supervisor, which mends nothing.
const RULES_WAIT: Duration = Duration::from_secs(5);
/// A shorter time between two signs of life is nobody's wish.
const BEAT_MIN: Duration = Duration::from_millis(1);

/// Told while nothing is answered yet: a ledger that is read whole takes minutes.
pub(super) fn starting() {
    say(&[NotifyState::Status("opening what is kept")]);
}

/// Told once running requests may end and no other comes in.
pub(super) fn stopping() {
    say(&[NotifyState::Stopping, NotifyState::Status("shutting down: running requests may end")]);
}

/// Told when the service ends by itself, or never began.
pub(super) fn failed(error: &anyhow::Error) {
    say(&[NotifyState::Status(&one_line(&format!("failed: {error:#}")))]);
}

/// Tells that the service is ready, then of every rulebook that comes into force, and gives signs of life where they are asked for. It runs
/// among the calls: when no call gets a turn any more, no sign of life does.
pub(super) async fn follow(mut live: watch::Receiver<Option<Arc<Live>>>) {
    let _ = timeout(RULES_WAIT, live.wait_for(Option::is_some)).await;
    let mut told = status(live.borrow_and_update().as_deref());
    say(&[NotifyState::Ready, NotifyState::Status(&told)]);
    // Half the time, as systemd's manual asks.
    let mut beats = sd_notify::watchdog_enabled().map(|most| interval((most / 2).max(BEAT_MIN)));
    loop {
        tokio::select! {
            () = beat(&mut beats) => say(&[NotifyState::Watchdog]),
            changed = live.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = status(live.borrow_and_update().as_deref());
                if now != told {
                    say(&[NotifyState::Status(&now)]);
                    told = now;
                }
            }
        }
    }
}

async fn beat(beats: &mut Option<Interval>) {
    match beats {
        Some(beats) => {
            beats.tick().await;
        }
        None => pending().await,
    }
}

fn status(live: Option<&Live>) -> String {
    match live {
        Some(live) => {
            format!("rulebook {} is live, promotions: {}", live.version, live.rulebook.promotions().len())
        }
        None => "no rulebook is live: see the log, and `pricewright rules check`".to_owned(),
    }
}

/// A line is a variable of its own in the protocol.
fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the supervisor could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_many_lines_sets_no_other_variable() {
        assert_eq!(one_line("failed: a\nMAINPID=1\r\n"), "failed: a MAINPID=1  ");
    }

    #[test]
    fn who_has_no_rulebook_says_so() {
        assert!(status(None).contains("no rulebook is live"));
    }
}
