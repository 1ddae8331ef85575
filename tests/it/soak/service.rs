//! One service of a soak: its folders, its process now, and what can be done to both.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pricewright::server::clock;
use pricewright::server::wire;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use tokio::sync::watch;
use tonic::Code;
use tonic::transport::Channel;

use crate::faults::served::{Ended, Pricing, Served};
use crate::faults::shim;
use crate::faults::shop::Shop;
use crate::faults::till::{Client, basket};
use crate::metrics;

/// Who is not back by then does not come back by itself.
pub(super) const BACK: Duration = Duration::from_secs(20);
/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(5);

/// A process, as its clients see it.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) process: u32,
    pub(super) channel: Channel,
    pub(super) client: Client,
    pub(super) pricing: Pricing,
    metrics: SocketAddr,
}

impl Life {
    fn of(served: &Served) -> Self {
        Life {
            process: served.id(),
            channel: served.channel(),
            client: served.client(),
            pricing: served.pricing(),
            metrics: served.metrics().expect("it tells metrics"),
        }
    }

    /// Whether it is ready, quotes, and asks its ledger.
    async fn is_back(&self) -> bool {
        let sale_id = "0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10".to_owned();
        let asked = wire::GetSaleRequest { sale_id };
        let mut purchases = RedemptionServiceClient::new(self.channel.clone());
        let is_known = |status: tonic::Status| status.code() == Code::NotFound;
        self.pricing.clone().quote(a_basket()).await.is_ok()
            && purchases.get_sale(asked).await.is_err_and(is_known)
            && metrics::get(self.metrics, "/readyz").await.0 == 200
    }

    /// The number of a metric.
    pub(super) async fn metric(&self, series: &str) -> String {
        metrics::value(&metrics::get(self.metrics, "/metrics").await.1, series)
    }

    /// What a quote says now.
    pub(super) async fn quote(&self) -> wire::Quote {
        self.pricing.clone().quote(a_basket()).await.unwrap().into_inner()
    }
}

/// What quotes are asked for: it has a code whose limit tills are at.
pub(super) fn a_basket() -> wire::QuoteRequest {
    basket("CREAM", 1, 10_000, "SPRING20")
}

/// A service, from its first process to its last.
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) shop: Shop,
    variables: Vec<(&'static str, String)>,
    served: Option<Served>,
    life: watch::Sender<Life>,
    /// Whether it has to answer: not while its process is killed or its disk is full.
    is_up: Arc<AtomicBool>,
}

impl Service {
    /// Starts it in a shop, with a clock that can be stepped and a disk that can be full.
    pub(super) async fn start(
        name: &'static str,
        shop: Shop,
        metrics_port: u16,
        store: &[(&'static str, String)],
    ) -> Self {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        fs::write(clock_file(&shop), 0_i64.to_ne_bytes()).unwrap();
        let libraries = format!("{}:{}", text(shim::library()), text(shim::clock()));
        let mut variables = vec![
            ("LD_PRELOAD", libraries),
            ("FAULT_ROOT", text(&shop.data())),
            ("FAULT_WHILE", text(&full_file(&shop))),
            ("CLOCK_FILE", text(&clock_file(&shop))),
            ("PRICEWRIGHT_METRICS_LISTEN", format!("127.0.0.1:{metrics_port}")),
        ];
        variables.extend_from_slice(store);
        let served = shop.serve(&variables).await.unwrap();
        let life = watch::Sender::new(Life::of(&served));
        let is_up = Arc::new(AtomicBool::new(true));
        Service { name, shop, variables, served: Some(served), life, is_up }
    }

    /// The process that runs now, for those who follow it.
    pub(super) fn lives(&self) -> watch::Receiver<Life> {
        self.life.subscribe()
    }

    pub(super) fn is_up(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_up)
    }

    pub(super) fn life(&self) -> Life {
        self.life.borrow().clone()
    }

    pub(super) fn kill(&mut self) {
        self.is_up.store(false, Ordering::SeqCst);
        self.served.take().expect("it runs").kill();
    }

    /// Starts its next process.
    pub(super) async fn restart(&mut self) {
        let served = self.shop.serve(&self.variables).await.unwrap();
        self.life.send_replace(Life::of(&served));
        self.served = Some(served);
    }

    /// Its disk has no room for anything, until it has ended of that; gives it room again.
    pub(super) async fn fill_until_it_ends(&mut self) -> Ended {
        self.is_up.store(false, Ordering::SeqCst);
        let full = full_file(&self.shop);
        fs::write(&full, "").unwrap();
        let mut served = self.served.take().expect("it runs");
        let begun = clock::steady();
        while !served.is_gone() {
            assert!(begun.elapsed() < BACK, "{} goes on with a full disk: {}", self.name, served.told());
            tokio::time::sleep(LOOK).await;
        }
        fs::remove_file(full).unwrap();
        served.wait(BACK).unwrap_or_else(|served| panic!("{} hangs: {}", self.name, served.told()))
    }

    /// Sets its clock so many seconds away from that of the machine.
    pub(super) fn step_clock(&self, seconds: i64) {
        // In one write: half a number would be another step.
        let file = fs::OpenOptions::new().write(true).open(clock_file(&self.shop)).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &seconds.to_ne_bytes(), 0).unwrap();
    }

    pub(super) fn write_rules(&self, text: &str) {
        fs::write(self.shop.home().join("rules/rules.yaml"), text).unwrap();
    }

    pub(super) fn rules_status(&self) -> String {
        fs::read_to_string(self.shop.home().join("rules/_STATUS.txt")).unwrap_or_default()
    }

    /// Waits until it is ready, answers quotes and asks its ledger.
    pub(super) async fn back(&self) {
        let (begun, life) = (clock::steady(), self.life());
        while !life.is_back().await {
            assert!(begun.elapsed() < BACK, "{} does not come back", self.name);
            tokio::time::sleep(LOOK).await;
        }
        self.is_up.store(true, Ordering::SeqCst);
    }

    /// Waits until something is so that its process says.
    pub(super) async fn until<T: Future<Output = bool>>(&self, what: &str, mut is_so: impl FnMut(Life) -> T) {
        let begun = clock::steady();
        while !is_so(self.life()).await {
            assert!(begun.elapsed() < BACK, "{}: it never came to that: {what}", self.name);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A stop in good order.
    pub(super) fn stop(mut self) -> Shop {
        self.served.take().expect("it runs").stop();
        self.shop
    }
}

/// While it is there, the disk is full.
fn full_file(shop: &Shop) -> PathBuf {
    shop.home().join("full")
}

/// How far the clock is ahead.
fn clock_file(shop: &Shop) -> PathBuf {
    shop.home().join("clock")
}
