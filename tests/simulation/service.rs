//! The service on its host: everything that a process does from its start to its end.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use pricewright::rulebook::{Rulebook, Source, compile};
use pricewright::server::config::Said;
use pricewright::server::config::{Config, Options, Store};
use pricewright::server::customers::{Customers, Phones as CustomerPhones};
use pricewright::server::door::Listen;
use pricewright::server::engine::{Engine, Folder, Live};
use pricewright::server::entrance::Entrance;
use pricewright::server::journal::{self, Place};
use pricewright::server::ledger::{self, Ledger};
use pricewright::server::outbox::Sender;
use pricewright::server::promises::Promises;
use pricewright::server::store::History;
use pricewright::server::store::disk::OnDisk;
use pricewright::server::{clock, keys_in_use, services, transport};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::sleep;
use tonic::service::Routes;
use turmoil::net::{TcpListener, TcpStream};

use crate::disk::SimulatedDisk;
use crate::phones::Phones;

/// Where it listens.
pub(crate) const PORT: u16 = 50_051;
/// Between two turns of the ledger: what comes in meanwhile is one batch.
const TURN: Duration = Duration::from_millis(1);
/// Some ten records, or one large one.
const SEGMENT_BYTES: u64 = 8 << 10;

/// Every limit comes back with the goods, so that tills are at it all the time.
const RULES: &str = "
promotions:
  - {id: spring20, name: SPRING20, when: {code: SPRING20}, on: {skus: [CREAM]}, give: {percent: 20}, limits: {total: 4}, on_refund: restore}
  - {id: welcome, when: {code: HELLO}, on: {skus: [SOAP]}, give: {amount: 1}, limits: {per_customer: 1}, on_refund: restore}
  - {id: rich, when: {code: RICH}, on: {skus: [OIL]}, give: {percent: 50}, limits: {budget: 100}, on_refund: restore}
  - {id: three, buy: [{on: {skus: [LIP]}, quantity: 3}], give: {cheapest: {units: 1, percent: 100}}}
";

/// What does not change from run to run, on the real disk.
struct Fixed {
    config: Config,
    rulebook: Arc<Rulebook>,
    history: Arc<dyn History>,
    customers: Arc<Customers>,
    _home: TempDir,
}

/// The host of the service, over all processes on it.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) disk: SimulatedDisk,
    pub(crate) phones: Phones,
    /// Set when the process has ended by itself.
    ended: Arc<AtomicBool>,
    /// What a start must never say.
    wrong: Arc<Mutex<Vec<String>>>,
}

struct Listener(TcpListener);

impl Listen for Listener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.0.accept().await
    }
}

fn fixed() -> &'static Fixed {
    static FIXED: OnceLock<Fixed> = OnceLock::new();
    FIXED.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        let options = Options {
            data: Some(home.path().join("data")),
            store: Some(Said::Is(Store::Memory)),
            otp_per_hour: Some(1_000_000),
            ..Options::default()
        };
        let config = options.resolve().unwrap();
        let source = Source { path: "rules.yaml".to_owned(), bytes: RULES.into() };
        let compiled = compile(&[source]);
        let rulebook = Arc::new(compiled.rulebook.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)));
        let history = Arc::new(OnDisk::open(&config.data).unwrap());
        let memory = Ledger::open(&ledger::Options::Memory).unwrap();
        let pepper = Arc::new(keys_in_use::opened(&config, &memory).unwrap());
        let phones = CustomerPhones::new(pepper, config.countries.as_slice().into());
        let customers = Arc::new(Customers::open(&config.data, phones).unwrap());
        Fixed { config, rulebook, history, customers, _home: home }
    })
}

impl Host {
    pub(crate) fn new(seed: u64) -> Self {
        fixed();
        Host {
            disk: SimulatedDisk::new(seed),
            phones: Phones::new(),
            ended: Arc::default(),
            wrong: Arc::default(),
        }
    }

    /// Whether the process has ended by itself since this was asked last.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.swap(false, Ordering::Relaxed)
    }

    /// What starts have said that no fault excuses.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap().clone()
    }

    /// The ledger, as a process that starts opens it. Segments are short, so that many are begun.
    pub(crate) fn ledger(&self) -> Result<Ledger, ledger::Error> {
        let place =
            Place { disk: Arc::new(self.disk.mount()), folder: Path::new("/data/ledger/journal").to_owned() };
        let options = journal::Options { segment_bytes: SEGMENT_BYTES, ..journal::Options::default() };
        Ledger::in_place(&place, options, Arc::new(clock::now))
    }

    /// A process, until it ends by itself: then it waits to be taken away.
    pub(crate) async fn process(self) -> turmoil::Result {
        if let Err(why) = self.serve().await {
            self.judge(why.as_ref());
        }
        self.ended.store(true, Ordering::Relaxed);
        pending().await
    }

    /// A disk may fail a start. It may never have lost what was acknowledged.
    fn judge(&self, why: &(dyn std::error::Error + 'static)) {
        let mut cause = Some(why);
        while let Some(error) = cause {
            let journal = match error.downcast_ref::<ledger::Error>() {
                Some(ledger::Error::Journal(journal)) => Some(journal),
                _ => error.downcast_ref::<journal::Error>(),
            };
            if let Some(journal) = journal.filter(|error| !matches!(error, journal::Error::Disk { .. })) {
                self.wrong.lock().unwrap().push(format!("it does not start: {journal}"));
            }
            cause = error.source();
        }
    }

    async fn serve(&self) -> Result<(), Box<dyn std::error::Error>> {
        let Fixed { config, rulebook, history, customers, .. } = fixed();
        let ledger = self.ledger()?;
        let engine = Arc::new(Engine::default());
        engine.publish(Live::of(Arc::clone(rulebook), clock::timestamp(), Folder::default()));
        let pepper = Arc::new(keys_in_use::opened(config, &ledger)?);
        let sender = Sender::Terminal(Mutex::new(Box::new(self.phones.clone())));
        let kept = (Arc::clone(&engine), Arc::clone(history));
        let profiles = |_| Ok(Arc::clone(customers));
        let promises = Promises::on(config, kept, ledger.clone(), pepper, sender, profiles)?;
        let (_closing, closed) = watch::channel(false);
        let routes = services::add(Routes::default(), config, &engine, &promises, Arc::default(), &closed);
        let entrance = Entrance::open(config, &Arc::default()).await?;
        let listener = Listener(TcpListener::bind(("0.0.0.0", PORT)).await?);
        let turns = async {
            loop {
                sleep(TURN).await;
                ledger.turn();
            }
        };
        // A process that ends says goodbye to nobody: it stands still until it is taken away.
        let end = async {
            ledger.failed().await;
            self.ended.store(true, Ordering::Relaxed);
            pending().await
        };
        // In this order, which is chance otherwise.
        tokio::select! {
            biased;
            served = transport::serve(listener, routes, config.clone(), entrance, None, closed) => Ok(served?),
            () = turns => Ok(()),
            () = end => Ok(()),
        }
    }
}
