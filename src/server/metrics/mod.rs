//! What is told of the service to Prometheus: a page of numbers, and whether it is well, over HTTP on a port of its own.
//!
//! Nothing is counted here: the page looks at [`meters`](super::meters) and at the rooms themselves when it is asked for. A page costs
//! some hundred microseconds, and nothing of it is on the way of a call.

mod seen;
mod text;
mod process;
mod requests;
mod entrance;
mod rules;
mod kept;
mod page;
mod layer;

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use layer::CountLayer;
pub use seen::Seen;

use super::meters::Meters;

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen} for metrics: {error}")]
pub struct Error {
    /// The address.
    pub listen: SocketAddr,
    /// Why not.
    pub error: io::Error,
}

/// What is counted, and the port where it is told.
#[derive(Debug)]
pub struct Metrics {
    meters: Arc<Meters>,
    listener: Option<TcpListener>,
    local_addr: Option<SocketAddr>,
}

impl Metrics {
    /// Takes the port, where there is to be one. Who asks there before [`beside`](Self::beside) waits for it.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn listen(at: Option<SocketAddr>) -> Result<Self, Error> {
        let meters = Arc::default();
        let Some(listen) = at else { return Ok(Metrics { meters, listener: None, local_addr: None }) };
        let wrong = |error| Error { listen, error };
        let listener = TcpListener::bind(listen).await.map_err(wrong)?;
        let local_addr = listener.local_addr().map_err(wrong)?;
        tracing::info!(listen = %local_addr, "metrics are told");
        Ok(Metrics { meters, listener: Some(listener), local_addr: Some(local_addr) })
    }

    /// Where it listens; nothing where it does not.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addr
    }

    /// What is counted.
    #[must_use]
    pub fn meters(&self) -> Arc<Meters> {
        Arc::clone(&self.meters)
    }

    /// Counts calls; nothing where nobody can ask for the numbers.
    #[must_use]
    pub fn layer(&self) -> Option<CountLayer> {
        self.listener.as_ref().map(|_| CountLayer::new(self.meters()))
    }

    /// Answers what is asked on the port while `work` runs, and ends with it.
    pub async fn beside<T>(self, seen: Seen, work: impl Future<Output = T>) -> T {
        let Metrics { meters, listener, .. } = self;
        let told = async {
            if let Some(listener) = listener
                && let Err(error) = page::serve(listener, seen, meters).await
            {
                tracing::error!(%error, "metrics are no longer told");
            }
            pending::<()>().await;
        };
        tokio::select! {
            done = work => done,
            () = told => pending().await,
        }
    }
}
