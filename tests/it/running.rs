//! A whole service on temporary folders and a free loopback port, for the tests that need one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pricewright::server::config::{Config, Options};
use pricewright::server::run::{RunningServer, Server};
use pricewright::server::wire;
use pricewright::server::wire::certificate_service_client::CertificateServiceClient;
use pricewright::server::wire::code_service_client::CodeServiceClient;
use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::wire::report_service_client::ReportServiceClient;
use pricewright::server::wire::rulebook_service_client::RulebookServiceClient;
use tempfile::TempDir;
use tonic::transport::Channel;

/// Tests that load the disk and both cores hold it together; a test that measures time has it alone.
pub(crate) static NOISE: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

/// The folders of a service, which outlive it.
pub(crate) struct Folders {
    home: TempDir,
}

impl Folders {
    /// An empty rules folder and an empty data folder.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("rules")).unwrap();
        Folders { home }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn rules(&self) -> PathBuf {
        self.home.path().join("rules")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        let path = self.rules().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn take_away(&self, name: &str) {
        fs::remove_file(self.rules().join(name)).unwrap();
    }

    pub(crate) fn status(&self) -> String {
        fs::read_to_string(self.rules().join("_STATUS.txt")).unwrap_or_default()
    }

    pub(crate) fn config(&self, options: Options) -> Config {
        let here = Options {
            listen: Some(([127, 0, 0, 1], 0).into()),
            rules: Some(self.rules()),
            data: Some(self.data()),
            ..options
        };
        here.resolve().unwrap()
    }

    pub(crate) async fn serve(&self, options: Options) -> Running {
        Running { server: Server::start(self.config(options)).await.unwrap() }
    }
}

/// A service and its clients.
pub(crate) struct Running {
    pub(crate) server: RunningServer,
}

impl Running {
    pub(crate) async fn channel(&self) -> Channel {
        let address = format!("http://{}", self.server.local_addr());
        Channel::from_shared(address).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn pricing(&self) -> PricingServiceClient<Channel> {
        PricingServiceClient::new(self.channel().await)
    }

    pub(crate) async fn redemption(&self) -> RedemptionServiceClient<Channel> {
        RedemptionServiceClient::new(self.channel().await)
    }

    pub(crate) async fn codes(&self) -> CodeServiceClient<Channel> {
        CodeServiceClient::new(self.channel().await)
    }

    pub(crate) async fn certificates(&self) -> CertificateServiceClient<Channel> {
        CertificateServiceClient::new(self.channel().await)
    }

    pub(crate) async fn reports(&self) -> ReportServiceClient<Channel> {
        ReportServiceClient::new(self.channel().await)
    }

    pub(crate) async fn rulebooks(&self) -> RulebookServiceClient<Channel> {
        RulebookServiceClient::new(self.channel().await)
    }

    /// Waits until what is live satisfies `wanted`; a minute is for ever.
    pub(crate) async fn until(&self, wanted: impl FnMut(&pricewright::server::engine::Live) -> bool) {
        let mut wanted = wanted;
        let mut changes = self.server.changes();
        let done = changes.wait_for(|live| live.as_ref().is_some_and(|live| wanted(live)));
        assert!(tokio::time::timeout(Duration::from_secs(20), done).await.is_ok(), "it never came to that");
    }
}

/// One line of `quantity` units at `unit_price`, at a fixed moment.
pub(crate) fn basket(quantity: u32, unit_price: i64) -> wire::QuoteRequest {
    let line = wire::Line {
        id: "1".to_owned(),
        sku: "SKU-1".to_owned(),
        quantity,
        unit_price: Some(unit_price),
        ..wire::Line::default()
    };
    wire::QuoteRequest {
        basket: Some(wire::Basket { lines: vec![line], ..wire::Basket::default() }),
        context: Some(wire::Context {
            time: Some(pricewright::server::timestamp::Timestamp { seconds: 1_795_773_600, nanos: 0 }),
            ..wire::Context::default()
        }),
        explain: false,
    }
}
