//! The binary as a process.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use crate::running::basket;

/// For ever: a machine that is busy with other tests takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Calls that a service has answered before it is given out.
pub(crate) const UNTIL_READY: usize = 1;

const RULES: &str = "
promotions:
  - {id: half, on: {skus: [SKU-1]}, give: {percent: 50}}
  - {id: many, when: {code: {pool: many}}, on: {skus: [SKU-2]}, give: {percent: 10}}
";

pub(crate) struct Service {
    home: TempDir,
    child: Child,
    address: String,
}

/// What a service has logged, or will have.
pub(crate) struct Log(PathBuf);

impl Log {
    pub(crate) fn read(&self) -> String {
        fs::read_to_string(&self.0).unwrap_or_default()
    }
}

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("rules")).unwrap();
    fs::write(home.path().join("rules/all.yaml"), RULES).unwrap();
    home
}

fn command(home: &Path, settings: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    command.current_dir(home).args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    command.args(settings).env_remove("OTEL_RESOURCE_ATTRIBUTES").stdout(Stdio::null());
    command
}

/// Exit code and text of `serve --check`.
pub(crate) fn check(settings: &[&str]) -> (Option<i32>, String) {
    let home = home();
    let output = command(home.path(), settings).arg("--check").stdout(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

impl Service {
    /// Starts it, and waits until it prices.
    pub(crate) async fn start(settings: &[&str]) -> Self {
        let service = Self::on(home(), settings).await;
        service.said("rules are live", "version").await;
        service.pricing().await.quote(basket(1, 100)).await.unwrap();
        service
    }

    /// Starts it on an empty folder: it prices nothing.
    pub(crate) async fn without_rules(settings: &[&str]) -> Self {
        let home = home();
        fs::remove_file(home.path().join("rules/all.yaml")).unwrap();
        Self::on(home, settings).await
    }

    async fn on(home: TempDir, settings: &[&str]) -> Self {
        let log = File::create(home.path().join("log")).unwrap();
        let child = command(home.path(), settings).stderr(log).spawn().unwrap();
        let mut service = Service { home, child, address: String::new() };
        service.address = service.said("pricewright listens", "listen").await;
        service
    }

    /// What a line of the log has in a field.
    async fn said(&self, message: &str, field: &str) -> String {
        let found = || {
            let log = self.log().read();
            let mut lines =
                log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            lines.find(|line| line["message"] == message).map(|line| line[field].as_str().unwrap().to_owned())
        };
        let waited = timeout(PATIENCE, async {
            loop {
                if let Some(found) = found() {
                    return found;
                }
                sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("`{message}` is not in {}", self.log().read()))
    }

    pub(crate) fn log(&self) -> Log {
        Log(self.home.path().join("log"))
    }

    async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address)).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn pricing(&self) -> PricingServiceClient<Channel> {
        PricingServiceClient::new(self.channel().await)
    }

    pub(crate) async fn redemption(&self) -> RedemptionServiceClient<Channel> {
        RedemptionServiceClient::new(self.channel().await)
    }

    /// Calls what is not there.
    pub(crate) async fn unknown_method(&self, path: &'static str) {
        let mut client = Grpc::new(self.channel().await);
        client.ready().await.unwrap();
        let codec = ProstCodec::<(), ()>::default();
        let asked = tonic::Request::new(());
        client.unary(asked, PathAndQuery::from_static(path), codec).await.unwrap_err();
    }

    /// Asks it to end; its exit code.
    pub(crate) async fn end(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let waited = timeout(PATIENCE, async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status.code();
                }
                sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
