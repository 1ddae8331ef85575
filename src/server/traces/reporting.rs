//! Says in the log when traces do not arrive, and does not say it again with every try.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::server::clock;

/// How often the log says that traces do not arrive.
const SAID_EVERY: Duration = Duration::from_secs(300);

/// Sends spans, and says when that fails.
#[derive(Debug)]
pub(super) struct Reporting<E> {
    sends: E,
    trouble: Mutex<Trouble>,
}

/// What did not arrive since the log last said so.
#[derive(Debug, Default)]
struct Trouble {
    lost: usize,
    said: Option<Instant>,
}

impl<E> Reporting<E> {
    /// Sends them by `sends`.
    pub(super) fn new(sends: E) -> Self {
        Reporting { sends, trouble: Mutex::default() }
    }

    fn report(&self, spans: usize, done: &OTelSdkResult) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Ok(()) if trouble.said.is_some() => {
                tracing::info!(lost = trouble.lost, "traces arrive again");
                *trouble = Trouble::default();
            }
            Ok(()) => {}
            Err(error) => {
                trouble.lost = trouble.lost.saturating_add(spans);
                let now = clock::steady();
                if trouble.said.is_none_or(|said| now.duration_since(said) >= SAID_EVERY) {
                    trouble.said = Some(now);
                    tracing::warn!(lost = trouble.lost, %error, "traces do not arrive; calls do not wait for them");
                }
            }
        }
    }
}

impl<E: SpanExporter> SpanExporter for Reporting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let done = self.sends.export(batch).await;
        self.report(spans, &done);
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.sends.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.sends.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.sends.set_resource(resource);
    }
}
