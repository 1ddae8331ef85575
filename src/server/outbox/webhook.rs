//! Messages by signed webhook to the retailer's gateway: Standard Webhooks, <https://www.standardwebhooks.com>.
//!
//! Each attempt has a connection of its own, which ends with it: what a receiver says too much is never read as the answer to another
//! message. Nothing of the environment, such as `HTTPS_PROXY`, leads a password elsewhere, and no redirect is followed.

use std::fmt;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::failure::Failure;
use super::message::Message;
use super::payload::body;
use super::secrets::Secrets;
use crate::server::clock;

/// Bytes of the head of an answer, of which the status alone is looked at.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The gateway. `Debug` shows neither its address, in which there may be a token, nor a secret.
pub struct Webhook {
    url: String,
    secrets: Secrets,
    attempt: Duration,
    agent: Agent,
}

impl Webhook {
    /// What one attempt may take, from the look-up of the host to the head of the answer.
    pub const ATTEMPT: Duration = Duration::from_secs(10);

    /// The gateway at `url`, http or https; one attempt takes at most `attempt`, mostly [`ATTEMPT`](Self::ATTEMPT). Certificates are
    /// checked as the system does it.
    #[must_use]
    pub fn new(url: &str, secrets: Secrets, attempt: Duration) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .max_response_header_size(HEAD_BYTES_MAX)
            .timeout_global(Some(attempt))
            .user_agent(concat!("pricewright/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build()
            .new_agent();
        Webhook { url: url.to_owned(), secrets, attempt, agent }
    }

    /// One attempt, which ends when the password does, `left` from now. Waits for the network.
    pub(super) fn send(&self, message: &Message, left: Duration) -> Result<(), Failure> {
        let (now, id) = (clock::now(), message.webhook_id());
        let body = body(message, now);
        let mut request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("connection", "close")
            .header("webhook-signature", self.secrets.sign(&id, now.unix(), &body))
            .header("webhook-id", id)
            .header("webhook-timestamp", now.unix().to_string());
        // Settings of one request make the library read the system's certificates anew: not where it can be spared.
        if left < self.attempt {
            request = request.config().timeout_global(Some(left)).build();
        }
        match request.send(body.as_slice()) {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Failure::answered(answer.status())),
            Err(error) => Err(Failure::of(&error)),
        }
    }

    /// Breaks off every attempt, and lets no other begin.
    pub(super) fn close(&self) {
        self.agent.clone().shutdown();
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({:?})", self.secrets)
    }
}
