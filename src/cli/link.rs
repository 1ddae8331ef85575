//! The way to the service: its address, the id of a call, secrets that are typed, and what the service says when it refuses.

use std::future::Future;
use std::io::{self, BufRead, IsTerminal as _, Read as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use uuid::{Builder, Uuid};

use crate::cli::credentials::{Credentials, Line};
use crate::server::secrets::Entropy;

/// A call that makes a million codes, or takes them in with their PINs, is not to end at the time that the service gives a basket.
const CALL_MAX: Duration = Duration::from_secs(86_400);
/// Bytes of a line on standard input.
const TYPED_BYTES_MAX: u64 = 1_024;

/// Where the service is.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Link {
    /// The service
    #[arg(long, env = "PRICEWRIGHT_SERVER", default_value = "http://127.0.0.1:50051", value_name = "ADDR")]
    pub server: String,
    /// Who calls.
    #[command(flatten)]
    pub credentials: Credentials,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// Nobody answers, or this is no address.
    pub async fn connect(&self) -> Result<Line> {
        self.credentials.connect(&self.server).await
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

/// What a call needs besides where two must ask for it.
#[derive(Debug, Clone, clap::Args)]
pub struct Second {
    /// Where somebody else has asked for the same first: what they were given. It goes with their --request-id
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub approval: String,
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
    let reason = status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default();
    match status.code() {
        // It is there, and says what it lacks: to ask again changes nothing.
        Code::Unavailable
            if ["OTP_NO_SENDER", "NO_RULEBOOK", "PROFILES_UNAVAILABLE", "RULEBOOKS_UNAVAILABLE"]
                .contains(&reason.as_str()) =>
        {
            anyhow!("the service refuses: {}", status.message())
        }
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

/// Secrets as they were given, each with what it is; `-` stands for the next line of standard input, where neither the history of a shell
/// nor a list of processes shows it.
///
/// # Errors
/// There are fewer lines than that on standard input.
pub fn typed<const N: usize>(given: [(&str, &str); N]) -> Result<[String; N]> {
    read(io::stdin().lock(), io::stdin().is_terminal(), given)
}

fn read<const N: usize>(
    mut input: impl BufRead,
    is_person: bool,
    given: [(&str, &str); N],
) -> Result<[String; N]> {
    let mut typed = [const { String::new() }; N];
    for (place, (what, text)) in typed.iter_mut().zip(given) {
        if text != "-" {
            text.clone_into(place);
            continue;
        }
        if is_person {
            let _ = write!(io::stderr(), "{what}: ");
        }
        while place.is_empty() {
            let mut line = String::new();
            let read = input.by_ref().take(TYPED_BYTES_MAX).read_line(&mut line);
            ensure!(read.context("cannot read standard input")? > 0, "there is no {what} on standard input");
            line.trim().clone_into(place);
        }
    }
    Ok(typed)
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

    #[test]
    fn each_dash_is_the_next_line() {
        let given = [("number", "-"), ("phone", "+380671234567"), ("password", "-")];
        let typed = read("\n 7K2M \r\n012345".as_bytes(), false, given).unwrap();
        assert_eq!(typed, ["7K2M", "+380671234567", "012345"]);
        let error = read("7K2M\n".as_bytes(), false, given).unwrap_err();
        assert_eq!(error.to_string(), "there is no password on standard input");
    }
}
