//! What calls go through: connections, HTTP/2, and the layers before every method.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::config::Config;
use super::door::{Door, Listen, incoming};
use super::entrance::Entrance;
use super::grpc::admit::AdmitLayer;
use super::grpc::failure::Failure;
use super::grpc::gate::GateLayer;
use super::metrics::CountLayer;
use super::traces::TraceLayer;
use crate::lang::Lang;

/// Streams and calls at once on one connection: a gateway multiplexes many tills on one.
const STREAMS_PER_CONNECTION_MAX: u32 = 1_024;
/// Bytes of all headers of one call.
const HEADER_BYTES_MAX: u32 = 16 << 10;
/// What a stream may send ahead of its answers. A caller of `QuoteStream` that does not wait is slowed down here.
const STREAM_WINDOW_BYTES: u32 = 64 * 1_024;
/// What a connection may send ahead. HTTP/2 closes a connection on which small frames pile up unread, at a bound that grows with
/// this window: it must lie above what the streams' own windows let through, some ten of them full of the smallest requests.
const CONNECTION_WINDOW_BYTES: u32 = 4 * 1_024 * 1_024;
/// A connection takes no new calls after this: callers connect anew, and a balancer can move them. What runs on it goes on.
const CONNECTION_AGE: Duration = Duration::from_secs(3_600);
/// A connection that says nothing for so long is asked whether anybody is there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// And so long is waited for the answer.
const KEEPALIVE_ANSWER: Duration = Duration::from_secs(20);

/// Serves until the shutdown has begun and running calls have ended.
///
/// # Errors
/// The transport gave up.
pub async fn serve(
    listener: impl Listen,
    routes: Routes,
    config: Config,
    entrance: Entrance,
    counts: Option<CountLayer>,
    mut closed: watch::Receiver<bool>,
) -> Result<(), tonic::transport::Error> {
    let count = |most: u32| usize::try_from(most).unwrap_or(usize::MAX);
    let (all, each) = (count(config.connections_max), count(config.connections_per_address_max));
    let door = Door::new(entrance.tls.clone(), all, each, Arc::clone(&entrance.meters));
    tonic::transport::Server::builder()
        .accept_http1(config.grpc_web)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_connection_age(CONNECTION_AGE)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_ANSWER))
        .layer(cors(&config.cors_origins))
        .layer(option_layer(config.grpc_web.then(GrpcWebLayer::new)))
        // Around all that speaks gRPC, and within what makes it of gRPC-Web: outside of that an answer's status is among its bytes.
        .layer(option_layer(config.traces.as_ref().map(TraceLayer::new)))
        .layer(option_layer(counts))
        // Who may not takes no place from whoever may.
        .layer(AdmitLayer::new(entrance.guard.clone(), entrance.audit.clone()))
        .layer(GateLayer::new(config.requests_max, config.request_timeout))
        .layer(CatchPanicLayer::custom(panicked))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming(listener, door), async move {
            let _ = closed.wait_for(|closed| *closed).await;
        })
        .await
}

/// A panic costs its own request; what it said is nobody's business, its place is in the log.
fn panicked(_panic: Box<dyn Any + Send>) -> http::Response<Body> {
    Failure::Internal.status(Lang::En).into_http()
}

fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| origin.parse().ok()))
    };
    let exposed = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([http::Method::POST])
        // `*` would not let pages send `authorization`.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed.map(http::HeaderName::from_static))
        .max_age(Duration::from_secs(3_600))
}
