//! The whole service: a port, the keeper of the rules, and every gRPC service on that port.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::audit::Audit;
use super::config::{Config, Store};
use super::customers::Customers;
use super::database::{self, Shared, Topic};
use super::engine::{Engine, Live};
use super::entrance::{self, Entrance};
use super::grpc::four_eyes::FourEyes;
use super::grpc::rulebooks::Rulebooks;
use super::keeper::{Following, Keeper};
use super::ledger::Ledger;
use super::ledger::index::Index;
use super::metrics::{self, Metrics, Seen};
use super::outbox::Outbox;
use super::promises::{self, Promises};
use super::services;
use super::store;
use super::store::History;
use super::store::disk::OnDisk;
use super::store::shared::InDatabase;
use super::transport::serve;
use super::wire::DESCRIPTORS;
use super::wire::certificate_service_server::SERVICE_NAME as CERTIFICATES;
use super::wire::code_service_server::SERVICE_NAME as CODES;
use super::wire::customer_service_server::SERVICE_NAME as CUSTOMERS;
use super::wire::pricing_service_server::SERVICE_NAME as PRICING;
use super::wire::redemption_service_server::SERVICE_NAME as REDEMPTION;
use super::wire::report_service_server::SERVICE_NAME as REPORTS;
use super::wire::rulebook_service_server::{RulebookServiceServer, SERVICE_NAME as RULEBOOKS};

/// How often is looked whether the ledger is closed, and how many times.
const CLOSE_LOOK: Duration = Duration::from_millis(1);
const CLOSE_LOOKS_MAX: u32 = 4_000;
/// How long stores may take to close.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// What health is told of; the first is the whole.
const SERVICES: [&str; 8] = ["", PRICING, REDEMPTION, CODES, CERTIFICATES, CUSTOMERS, RULEBOOKS, REPORTS];

/// Those that promise, and the one that keeps profiles: they do not serve while the database of many nodes is away.
const PROMISING: [&str; 5] = [REDEMPTION, CODES, CERTIFICATES, CUSTOMERS, REPORTS];

/// Why the service does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port cannot be had.
    #[error("cannot listen on {listen}: {error}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// Who may come in cannot be known.
    #[error(transparent)]
    Entrance(#[from] entrance::Error),
    /// Nor the one for metrics.
    #[error(transparent)]
    Metrics(#[from] metrics::Error),
    /// The data folder cannot be used.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The database of many nodes.
    #[error(transparent)]
    Database(#[from] database::Error),
    /// Promises cannot be kept.
    #[error(transparent)]
    Promises(#[from] promises::Error),
    /// The ledger has failed while the service ran.
    #[error("the ledger has stopped: {0}; start the service again, and it reads its journal")]
    LedgerStopped(String),
    /// The transport gave up.
    #[error("the transport has failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors of the wire format are at fault.
    #[error("reflection cannot be offered: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A task of the service panicked.
    #[error("the service has failed")]
    Failed,
}

/// Starts the service.
#[derive(Debug)]
pub struct Server;

/// A service that runs until it is shut down; dropping it begins the shutdown too.
#[derive(Debug)]
pub struct RunningServer {
    local_addr: SocketAddr,
    metrics_addr: Option<SocketAddr>,
    engine: Arc<Engine>,
    audit: Option<Audit>,
    accounts: Weak<dyn Index>,
    closing: watch::Sender<bool>,
    task: JoinHandle<Result<(), Error>>,
    drain: Duration,
}

/// Begins the shutdown of a service.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Lets running requests end and takes no more.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Listens, puts the last good rules in force, and begins to look at the rules folder. The first reading of a new
    /// folder takes half a second: until then health says NOT_SERVING ([`RunningServer::ready`] waits for it).
    ///
    /// # Errors
    /// The port or the data folder cannot be used.
    pub async fn start(config: Config) -> Result<RunningServer, Error> {
        Self::start_with(config, |routes| routes).await
    }

    /// The same with more services beside its own, behind the same layers.
    ///
    /// # Errors
    /// See [`Server::start`].
    pub async fn start_with(
        config: Config,
        more: impl FnOnce(Routes) -> Routes,
    ) -> Result<RunningServer, Error> {
        let listen = config.listen;
        let listener = TcpListener::bind(listen).await.map_err(|error| Error::Listen { listen, error })?;
        let local_addr = listener.local_addr().map_err(|error| Error::Listen { listen, error })?;
        let metrics = Metrics::listen(config.metrics_listen).await?;
        let entrance = Entrance::open(&config, &metrics.meters().entrance).await?;
        let engine = Arc::new(Engine::default());
        let (closing, closed) = watch::channel(false);
        let (health, health_service) = tonic_health::server::health_reporter();
        say_health(&health, ServingStatus::NotServing).await;
        let mut routes = Routes::new(health_service);
        if config.reflection {
            let reflection = || {
                tonic_reflection::server::Builder::configure()
                    .register_encoded_file_descriptor_set(DESCRIPTORS)
                    .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            };
            routes = routes.add_service(reflection().build_v1()?).add_service(reflection().build_v1alpha()?);
        }
        let bytes_max = usize::try_from(config.message_bytes_max).unwrap_or(usize::MAX);
        let shared = match &config.store {
            Store::Postgres(address) => {
                let address = address.clone();
                Some(spawn_blocking(move || Shared::open(&address)).await.map_err(|_| Error::Failed)??)
            }
            Store::Sled | Store::Memory => None,
        };
        let history: Arc<dyn History> = match &shared {
            Some(shared) => Arc::new(InDatabase::new(shared.clone())),
            None => {
                let data = config.data.clone();
                Arc::new(spawn_blocking(move || OnDisk::open(&data)).await.map_err(|_| Error::Failed)??)
            }
        };
        let promises = {
            let (config, engine, history) = (config.clone(), Arc::clone(&engine), Arc::clone(&history));
            let shared = shared.clone();
            spawn_blocking(move || Promises::open(&config, engine, history, shared.as_ref()))
                .await
                .map_err(|_| Error::Failed)??
        };
        let routes = services::add(routes, &config, &engine, &promises, metrics.meters(), &closed);
        let Promises { ledger, customers, outbox, pepper, .. } = promises;
        let keeper = {
            let (config, engine, history) = (config.clone(), Arc::clone(&engine), Arc::clone(&history));
            spawn_blocking(move || Keeper::start(&config, engine, history))
                .await
                .map_err(|_| Error::Failed)??
        };
        let heard = shared.as_ref().map(|shared| shared.news.heard(Topic::Rules));
        let following = heard.map(|heard| keeper.follow(Arc::clone(&history), heard));
        let eyes = FourEyes::new(pepper);
        let rulebooks = Rulebooks::new(Arc::clone(&engine), keeper.handle(), history, eyes, closed.clone());
        let rulebooks = RulebookServiceServer::new(rulebooks).max_decoding_message_size(bytes_max);
        let routes = more(routes.add_service(rulebooks));
        let drain = config.drain;
        let (accounts, audit) = (ledger.weak_index(), entrance.audit.clone());
        let seen = Seen::of(&config, &engine, &keeper, &ledger, &customers, &outbox, &closed);
        let (metrics_addr, counts) = (metrics.local_addr(), metrics.layer());
        let work = metrics.beside(seen, serve(listener, routes, config, entrance, counts, closed.clone()));
        let kept = Kept { keeper, following, ledger, customers, outbox };
        let task = tokio::spawn(run(work, kept, health, Arc::clone(&engine), closed));
        Ok(RunningServer { local_addr, metrics_addr, engine, audit, accounts, closing, task, drain })
    }
}

impl RunningServer {
    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where it tells metrics, when it does.
    #[must_use]
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// What is live.
    #[must_use]
    pub fn live(&self) -> Option<Arc<Live>> {
        self.engine.live()
    }

    /// What publishes: who measures puts rulebooks in force without files.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What the ledger holds, for whoever compares; `None` once it has ended.
    #[must_use]
    pub fn index(&self) -> Option<Arc<dyn Index>> {
        self.accounts.upgrade()
    }

    /// Tells of every change of what is live.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Option<Arc<Live>>> {
        self.engine.changes()
    }

    /// Waits until a rulebook is live; `None` when the service ends before.
    pub async fn ready(&self) -> Option<Arc<Live>> {
        self.changes().wait_for(Option::is_some).await.ok().and_then(|live| live.clone())
    }

    /// A handle that begins the shutdown from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.closing.clone())
    }

    /// Lets running requests end, for as long as the configuration allows, and stops.
    ///
    /// # Errors
    /// The transport or a task has failed.
    pub async fn shutdown(self) -> Result<(), Error> {
        self.stopper().stop();
        self.ended().await
    }

    /// Waits for the end: after a shutdown, or a failure of the transport.
    ///
    /// # Errors
    /// The transport or a task has failed.
    pub async fn ended(mut self) -> Result<(), Error> {
        let mut closing = self.closing.subscribe();
        let done = tokio::select! {
            done = &mut self.task => done,
            () = until_closed(&mut closing) => match timeout(self.drain, &mut self.task).await {
                Ok(done) => done,
                Err(_) => {
                    tracing::warn!("requests that were still running have been cut off");
                    self.task.abort();
                    Ok(Ok(()))
                }
            },
        };
        // What was answered is written down; a disk that stands still does not hold up the end.
        if let Some(audit) = self.audit.take()
            && timeout(CLOSE_MAX, spawn_blocking(move || audit.close())).await.is_err()
        {
            tracing::error!("the end of the audit log could not be written");
        }
        done.map_err(|_| Error::Failed)?
    }
}

/// What must come to its end when the service does.
struct Kept {
    keeper: Keeper,
    /// What other nodes publish.
    following: Option<Following>,
    ledger: Ledger,
    customers: Arc<Customers>,
    outbox: Outbox,
}

/// The parts around the transport: health in step with the rules, and an end in good order.
async fn run(
    work: impl Future<Output = Result<(), tonic::transport::Error>>,
    kept: Kept,
    health: HealthReporter,
    engine: Arc<Engine>,
    mut closed: watch::Receiver<bool>,
) -> Result<(), Error> {
    let in_step = async {
        let (mut changes, mut away) = (engine.changes(), kept.ledger.away());
        if changes.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
        say_health(&health, ServingStatus::Serving).await;
        // How it stands now is news to health, too.
        away.mark_changed();
        // Prices go on without the database; what it alone can decide does not.
        while away.changed().await.is_ok() {
            let is_away = *away.borrow_and_update();
            let status = if is_away { ServingStatus::NotServing } else { ServingStatus::Serving };
            for name in PROMISING {
                health.set_service_status(name, status).await;
            }
        }
        std::future::pending::<()>().await;
    };
    let told = async {
        tokio::select! {
            () = in_step => {}
            () = until_closed(&mut closed) => {}
        }
        say_health(&health, ServingStatus::NotServing).await;
        // Whoever watches has been told; their streams must not hold up the end.
        let mut health = health.clone();
        for name in SERVICES {
            health.clear_service_status(name).await;
        }
    };
    let done = tokio::select! {
        (done, ()) = async { tokio::join!(work, told) } => done.map_err(Error::from),
        // Nothing more is answered: what callers do not know they ask again, once the service has read its journal.
        reason = kept.ledger.failed() => {
            say_health(&health, ServingStatus::NotServing).await;
            Err(Error::LedgerStopped(reason))
        }
    };
    let Kept { keeper, following, ledger, customers, outbox } = kept;
    drop(following);
    // What is on its way may still arrive; what is not goes on at the next start.
    outbox.close();
    let _ = timeout(CLOSE_MAX, outbox.closed()).await;
    let end = move || {
        let index = ledger.weak_index();
        drop((keeper, ledger));
        // A connection that has just ended may hold the ledger for a moment longer, and its lock with it.
        for _ in 0..CLOSE_LOOKS_MAX {
            if index.strong_count() == 0 {
                break;
            }
            std::thread::sleep(CLOSE_LOOK);
        }
        customers.close();
    };
    // A store whose disk has failed may never come to its end. The journal is whole all the same, and the next start reads what it must.
    if timeout(CLOSE_MAX, spawn_blocking(end)).await.is_err() {
        tracing::warn!("the ledger's index could not be closed; the next start reads it whole");
    }
    done
}

/// The shutdown has begun, or nobody is left who could begin it.
async fn until_closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

async fn say_health(health: &HealthReporter, status: ServingStatus) {
    for name in SERVICES {
        health.set_service_status(name, status).await;
    }
}
