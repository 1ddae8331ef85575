//! The way to the service: its address, the id of a call, and what it says when it refuses.

use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use uuid::{Builder, Uuid};

use crate::server::secrets::Entropy;
use crate::server::wire::code_service_client::CodeServiceClient;

/// A call that makes a million codes, or takes them in with their PINs, is not to end at the time that the service gives a basket.
const CALL_MAX: Duration = Duration::from_secs(86_400);
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Bytes of a code on standard input.
const TYPED_BYTES_MAX: u64 = 1_024;

/// Where the service is.
#[derive(Debug, Clone, clap::Args)]
pub struct Link {
    /// The service
    #[arg(long, env = "PRICEWRIGHT_SERVER", default_value = "http://127.0.0.1:50051", value_name = "ADDR")]
    pub server: String,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// Nobody answers, or this is no address.
    pub async fn codes(&self) -> Result<CodeServiceClient<Channel>> {
        let uri = &self.server;
        let whole = if uri.contains("://") { uri.clone() } else { format!("http://{uri}") };
        let endpoint = Endpoint::from_shared(whole).with_context(|| format!("`{uri}` is no address"))?;
        let channel = endpoint.connect_timeout(CONNECT_MAX).connect().await;
        Ok(CodeServiceClient::new(channel.with_context(|| format!("cannot connect to `{uri}`"))?))
    }
}

/// The id of a call.
#[derive(Debug, Clone, clap::Args)]
pub struct Named {
    /// The id of a call that broke off, to ask it again: what it has done is not done twice [default: a new one]
    #[arg(long, value_name = "UUID")]
    pub request_id: Option<Uuid>,
}

impl Named {
    /// The id, told on standard error before anything is asked: without it a call that breaks off could not be repeated.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn tell(&self) -> Result<String> {
        let id = match self.request_id {
            Some(id) => id.to_string(),
            None => new_id()?,
        };
        let _ = writeln!(io::stderr(), "request id {id}");
        Ok(id)
    }
}

fn new_id() -> Result<String> {
    Ok(Builder::from_random_bytes(Entropy.bytes()?).into_uuid().to_string())
}

/// A call that may take its time.
pub fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_MAX);
    request
}

/// What to do when a call breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It may have changed something: with the same id it does so once.
    WithId,
    /// It changes nothing.
    AsItIs,
}

impl Again {
    fn say(self) -> &'static str {
        match self {
            Again::WithId => "ask again with the same --request-id",
            Again::AsItIs => "ask again",
        }
    }
}

/// What the service said, without what it was asked.
#[must_use]
pub fn refused(status: &Status, again: Again) -> anyhow::Error {
    match status.code() {
        Code::Unavailable | Code::Cancelled | Code::Unknown => {
            anyhow!("the service is gone: {} ({})", again.say(), status.message())
        }
        _ => anyhow!("the service refuses: {}", status.message()),
    }
}

/// Waits for `work`, or for Ctrl-C: then what was begun is cleared away.
///
/// # Errors
/// Those of `work`, and being interrupted.
pub fn wait<T>(again: Again, work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(async {
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => bail!("interrupted: {}", again.say()),
        }
    })
}

/// A code as it was given; `-` for one on standard input, where neither the history of a shell nor a list of processes shows it.
///
/// # Errors
/// There is nothing on standard input.
pub fn typed(code: &str) -> Result<String> {
    if code != "-" {
        return Ok(code.to_owned());
    }
    let mut text = String::new();
    io::stdin().take(TYPED_BYTES_MAX).read_to_string(&mut text).context("cannot read standard input")?;
    let code = text.trim();
    ensure!(!code.is_empty(), "there is no code on standard input");
    Ok(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_with_an_id_is_asked_again_by_it() {
        let gone = Status::unavailable("gone");
        let said = |again| refused(&gone, again).to_string();
        assert_eq!(said(Again::AsItIs), "the service is gone: ask again (gone)");
        assert_eq!(said(Again::WithId), "the service is gone: ask again with the same --request-id (gone)");
    }
}
