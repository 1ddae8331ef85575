//! What stands at the entrance: the files that say who may come in and how they are greeted, read again when they change.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use super::access::{self, Guard, Seen};
use super::audit::{self, Audit};
use super::config::Config;
use super::door::{self, SeenTls, Tls};
use super::meters::EntranceMeters;

/// Between two looks at the files. A change counts at the second look: what is taken from somebody is taken within a second or so.
const LOOK: Duration = Duration::from_millis(500);

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
    /// What is counted here.
    pub meters: Arc<EntranceMeters>,
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
    pub async fn open(config: &Config, meters: &Arc<EntranceMeters>) -> Result<Self, Error> {
        let guard = config.access.as_deref().map(Guard::open).transpose()?;
        let tls = config.tls.clone().map(Tls::open).transpose()?;
        let audit =
            config.audit.as_deref().map(|folder| Audit::open(folder, Arc::clone(meters))).transpose()?;
        if guard.is_none() && !config.listen.ip().is_loopback() {
            tracing::warn!("whoever reaches the port may call everything: there is no file of access");
        }
        if let Some((tls, _)) = &tls {
            meters.certificate_end.store(tls.certificate_end(), Ordering::Relaxed);
        }
        let guard = guard.map(|(guard, seen)| (Arc::new(guard), seen));
        let tls = tls.map(|(tls, seen)| (Arc::new(tls), seen));
        let (known, greeting) = (guard.as_ref().map(|(guard, _)| guard), tls.as_ref().map(|(tls, _)| tls));
        let (known, greeting) = (known.cloned(), greeting.cloned());
        let looking = tokio::spawn(look(guard, tls, Arc::clone(meters)));
        Ok(Entrance { guard: known, audit, tls: greeting, meters: Arc::clone(meters), looking })
    }
}

type Watched = (Option<(Arc<Guard>, Seen)>, Option<(Arc<Tls>, SeenTls)>);

async fn look(
    guard: Option<(Arc<Guard>, Seen)>,
    tls: Option<(Arc<Tls>, SeenTls)>,
    meters: Arc<EntranceMeters>,
) {
    if guard.is_none() && tls.is_none() {
        return;
    }
    let mut watched = (guard, tls);
    loop {
        sleep(LOOK).await;
        let seen = Arc::clone(&meters);
        match spawn_blocking(move || looked(watched, &seen)).await {
            Ok(looked) => watched = looked,
            Err(error) => {
                // Aborted, the service ends; else what is taken from somebody would be theirs for ever, and nobody would know.
                if error.is_panic() {
                    tracing::error!(
                        "the files of access and TLS are no longer looked at: start the service again"
                    );
                    meters.access_at_fault.store(true, Ordering::Relaxed);
                    meters.tls_at_fault.store(true, Ordering::Relaxed);
                }
                return;
            }
        }
    }
}

fn looked(mut watched: Watched, meters: &EntranceMeters) -> Watched {
    if let Some((guard, seen)) = &mut watched.0
        && let Some(is_at_fault) = guard.look(seen)
    {
        meters.access_at_fault.store(is_at_fault, Ordering::Relaxed);
    }
    if let Some((tls, seen)) = &mut watched.1
        && let Some(is_at_fault) = tls.look(seen)
    {
        meters.tls_at_fault.store(is_at_fault, Ordering::Relaxed);
        meters.certificate_end.store(tls.certificate_end(), Ordering::Relaxed);
    }
    watched
}
