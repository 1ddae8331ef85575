//! The page: `/metrics`, `/healthz`, `/readyz`.

use std::fmt;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use super::seen::Seen;
use super::text::Text;
use super::{entrance, kept, process, requests, rules};
use crate::server::clock;
use crate::server::meters::Meters;

/// What the page is written in.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All that is told.
#[derive(Debug)]
struct Told {
    seen: Seen,
    meters: Arc<Meters>,
    started_at: i64,
}

/// Asked anew for each page.
#[derive(Debug)]
struct Page(Arc<Told>);

impl Collector for Page {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (mut text, told) = (Text(encoder), &self.0);
        requests::tell(&mut text, &told.meters, told.seen.requests_max)?;
        entrance::tell(&mut text, &told.meters.entrance)?;
        rules::tell(&mut text, &told.seen.engine, &told.seen.keeper)?;
        kept::tell(&mut text, &told.seen)?;
        process::tell(&mut text, told.started_at)
    }
}

/// Answers for ever.
pub(super) async fn serve(listener: TcpListener, seen: Seen, meters: Arc<Meters>) -> io::Result<()> {
    let told = Arc::new(Told { seen, meters, started_at: clock::now().unix() });
    let mut registry = Registry::with_prefix("pricewright");
    registry.register_collector(Box::new(Page(Arc::clone(&told))));
    let registry = Arc::new(registry);
    let pages = Router::new()
        .route("/metrics", get(move || metrics(Arc::clone(&registry))))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .with_state(told);
    axum::serve(listener, pages).await
}

/// The numbers. They ask the disk and the system: not on a thread that others wait for.
async fn metrics(registry: Arc<Registry>) -> Response {
    let page = spawn_blocking(move || {
        let mut page = String::new();
        encode(&mut page, &registry).map(|()| page)
    });
    match page.await {
        Ok(Ok(page)) => ([(CONTENT_TYPE, OPEN_METRICS)], page).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Whether prices can be asked for.
async fn ready(State(told): State<Arc<Told>>) -> (StatusCode, &'static str) {
    if *told.seen.closed.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the service is going down\n");
    }
    match told.seen.engine.live() {
        Some(_) => (StatusCode::OK, "ready\n"),
        None => (StatusCode::SERVICE_UNAVAILABLE, "no rulebook is live\n"),
    }
}
