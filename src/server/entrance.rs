//! What stands at the entrance: the files that say who may come in and how they are greeted, read again when they change.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use super::access::{self, Guard, Seen};
use super::audit::{self, Audit};
use super::config::Config;
use super::door::{self, SeenTls, Tls};

/// Between two looks at the files: what is taken from somebody is taken within seconds.
const LOOK: Duration = Duration::from_secs(1);

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of access.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The files of TLS.
    #[error(transparent)]
    Tls(#[from] door::Error),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] audit::Error),
}

/// The entrance. Dropped, its files are no longer looked at.
#[derive(Debug)]
pub struct Entrance {
    /// Who may do what, where that is said.
    pub guard: Option<Arc<Guard>>,
    /// What is written down of it.
    pub audit: Option<Audit>,
    /// How connections are greeted.
    pub tls: Option<Arc<Tls>>,
    looking: JoinHandle<()>,
}

impl Drop for Entrance {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Entrance {
    /// Reads what `config` names, and goes on looking at it. Reads from the disk.
    ///
    /// # Errors
    /// A file cannot be read or is at fault; the folder of the audit log cannot be written to.
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let guard = config.access.as_deref().map(Guard::open).transpose()?;
        let tls = config.tls.clone().map(Tls::open).transpose()?;
        let audit = config.audit.as_deref().map(Audit::open).transpose()?;
        if guard.is_none() && !config.listen.ip().is_loopback() {
            tracing::warn!("whoever reaches the port may call everything: there is no file of access");
        }
        let guard = guard.map(|(guard, seen)| (Arc::new(guard), seen));
        let tls = tls.map(|(tls, seen)| (Arc::new(tls), seen));
        let (known, greeting) = (guard.as_ref().map(|(guard, _)| guard), tls.as_ref().map(|(tls, _)| tls));
        let (known, greeting) = (known.cloned(), greeting.cloned());
        let looking = tokio::spawn(look(guard, tls));
        Ok(Entrance { guard: known, audit, tls: greeting, looking })
    }
}

async fn look(guard: Option<(Arc<Guard>, Seen)>, tls: Option<(Arc<Tls>, SeenTls)>) {
    if guard.is_none() && tls.is_none() {
        return;
    }
    let mut watched = (guard, tls);
    loop {
        sleep(LOOK).await;
        let look = spawn_blocking(move || {
            if let Some((guard, seen)) = &mut watched.0 {
                guard.look(seen);
            }
            if let Some((tls, seen)) = &mut watched.1 {
                tls.look(seen);
            }
            watched
        });
        match look.await {
            Ok(looked) => watched = looked,
            Err(_) => return,
        }
    }
}
