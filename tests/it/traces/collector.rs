//! A collector that keeps what it gets.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// For ever: a machine that is busy with other tests takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

type Taken = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

pub(crate) struct Collector {
    at: SocketAddr,
    taken: Taken,
}

/// A span as it came.
#[derive(Debug, Clone)]
pub(crate) struct Span(v1::Span);

impl Deref for Span {
    type Target = v1::Span;

    fn deref(&self) -> &v1::Span {
        &self.0
    }
}

impl Span {
    /// An attribute, as text.
    pub(crate) fn attribute(&self, key: &str) -> Option<String> {
        self.0.attributes.iter().find(|one| one.key == key).map(value)
    }

    pub(crate) fn status_code(&self) -> i32 {
        self.0.status.as_ref().map_or(0, |status| status.code)
    }
}

fn value(one: &KeyValue) -> String {
    match one.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

/// An id, as it stands in `traceparent`.
pub(crate) fn text(id: &[u8]) -> String {
    id.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct Takes(Taken);

#[tonic::async_trait]
impl TraceService for Takes {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, taken) = (listener.local_addr().unwrap(), Taken::default());
        let service = TraceServiceServer::new(Takes(Arc::clone(&taken)));
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Collector { at, taken }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.at)
    }

    /// All spans that have come.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let taken = self.taken.lock().unwrap();
        let scopes = taken.iter().flat_map(|taken| &taken.resource_spans).flat_map(|of| &of.scope_spans);
        scopes.flat_map(|of| &of.spans).cloned().map(Span).collect()
    }

    /// The spans of a trace, once there are so many.
    pub(crate) async fn until(&self, trace: &str, count: usize) -> Vec<Span> {
        let of_trace = || self.spans().into_iter().filter(|span| text(&span.trace_id) == trace);
        let waited = tokio::time::timeout(PATIENCE, async {
            while of_trace().count() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let is_there = waited.await.is_ok();
        let spans: Vec<Span> = of_trace().collect();
        assert!(is_there && spans.len() == count, "{spans:?}");
        spans
    }

    /// All that has come, as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.taken.lock().unwrap().iter().flat_map(|taken| taken.encode_to_vec()).collect()
    }

    /// The keys of all attributes of spans.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        self.spans().iter().flat_map(|span| span.attributes.clone()).map(|one| one.key).collect()
    }

    /// What the spans have in common.
    pub(crate) fn resource(&self) -> Vec<(String, String)> {
        let taken = self.taken.lock().unwrap();
        let resource = taken[0].resource_spans[0].resource.as_ref().unwrap();
        resource.attributes.iter().map(|one| (one.key.clone(), value(one))).collect()
    }
}
