//! Calls to a service that runs: the way there, the caller's language, and what a refusal says.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tokio::runtime::{Builder, Runtime};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::cli::credentials::{Credentials, Line};
use crate::lang::Lang;

/// The service that a command speaks to.
#[derive(Debug, Clone, clap::Args)]
pub struct Remote {
    /// The service to speak to
    #[arg(long, env = "PRICEWRIGHT_SERVER", default_value = "http://127.0.0.1:50051", value_name = "URL")]
    pub server: String,
    #[command(flatten)]
    credentials: Credentials,
}

impl Remote {
    /// Connects.
    ///
    /// # Errors
    /// Nobody answers, or this is no address.
    pub async fn connect(&self) -> Result<Line> {
        self.credentials.connect(&self.server).await
    }
}

/// One thread is enough for one call.
///
/// # Errors
/// The system gives none.
pub fn runtime() -> Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}

/// A request that is answered in `lang`, within `time`.
#[must_use]
pub fn request<T>(message: T, lang: Lang, time: Duration) -> Request<T> {
    let mut request = Request::new(message);
    if let Ok(tag) = lang.pick("en", "uk").parse() {
        request.metadata_mut().insert("accept-language", tag);
    }
    request.set_timeout(time);
    request
}

/// What a refusal says: the sentence in the caller's language, and every field at fault.
#[must_use]
pub fn explained(status: &Status) -> anyhow::Error {
    let details = status.get_error_details();
    let said = details.localized_message().map(|localized| localized.message.clone());
    let fields = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let fields = fields.iter().map(|fault| format!("\n  `{}` {}", fault.field, fault.description));
    let sentence = said.unwrap_or_else(|| status.message().to_owned());
    anyhow!("{sentence}{}", fields.collect::<String>())
}

/// Whether the service says that there is no such thing.
#[must_use]
pub fn is_unknown(status: &Status) -> bool {
    status.code() == Code::NotFound
}
