//! Who may do what: every method and every role, credentials that are none, stores that are another's, and what is written down of it.

mod eyes;
mod keys;
mod matrix;
mod stores;
mod strangers;
mod tls;
mod ways;
mod written;

use std::fs;
use std::path::PathBuf;

use pricewright::server::config::Options;
use pricewright::server::grpc::floor::Raw;
use prost::bytes::Bytes;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

use crate::running::{Folders, Running};

const RULES: &str = "promotions:\n  - {id: spring, on: {skus: [SKU-1]}, give: {percent: 10}}\n";

/// A service that knows those whom `access` names.
struct Guarded {
    folders: Folders,
    running: Running,
}

impl Guarded {
    async fn new(access: &str) -> Self {
        Self::with(access, Options::default()).await
    }

    async fn with(access: &str, options: Options) -> Self {
        let folders = Folders::new();
        folders.put("rules.yaml", RULES);
        let path = folders.home().join("access.toml");
        fs::write(&path, access).unwrap();
        let running = folders.serve(Options { access: Some(path), ..options }).await;
        running.server.ready().await.unwrap();
        Guarded { folders, running }
    }

    fn access(&self) -> PathBuf {
        self.folders.home().join("access.toml")
    }

    /// The audit log so far, once it has `count` lines.
    async fn audit(&self, count: usize) -> Vec<serde_json::Value> {
        for _ in 0..400 {
            let lines = self.audit_text();
            if lines.lines().count() >= count {
                return lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{count} lines are not there: {}", self.audit_text());
    }

    fn audit_text(&self) -> String {
        let mut days: Vec<_> =
            fs::read_dir(self.folders.data().join("audit")).unwrap().map(|day| day.unwrap().path()).collect();
        days.sort();
        days.into_iter().map(|day| fs::read_to_string(day).unwrap()).collect()
    }
}

/// Calls a method with bytes, as whoever has that token; what there is at the head of the answer.
async fn call(
    channel: &Channel,
    path: &'static str,
    token: Option<&str>,
    bytes: Bytes,
) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let mut request = Request::new(bytes);
    if let Some(token) = token {
        let sent = format!("Bearer {token}");
        request.metadata_mut().insert("authorization", sent.parse().unwrap());
    }
    client.server_streaming(request, path.parse().unwrap(), Raw).await.map(drop)
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// All that a caller is told.
fn told(status: &Status) -> (tonic::Code, String, Vec<u8>) {
    (status.code(), status.message().to_owned(), status.details().to_vec())
}
