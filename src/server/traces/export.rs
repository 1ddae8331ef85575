//! The way of spans to their collector: a queue that is bounded, and a thread that sends what is in it.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use tonic::transport::{ClientTlsConfig, Endpoint};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::reporting::Reporting;
use crate::server::config::Traces;
use crate::server::spans::TARGET;
use crate::server::telemetry::Taker;

/// Spans that wait to be sent; one more is dropped. Some megabytes, and a second of a hundred traced calls has a tenth of it.
const WAITING_MAX: usize = 4_096;
/// Spans that are sent at once.
const AT_ONCE_MAX: usize = 512;
/// How long spans wait for more of them.
const GATHER: Duration = Duration::from_secs(1);
/// How long the collector may take for what is sent, tries included: what waits meanwhile must fit.
const SEND_MAX: Duration = Duration::from_secs(5);
/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long the end of the service waits for what is still on its way.
const CLOSE_MAX: Duration = Duration::from_secs(3);

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// TLS to the collector.
    #[error("traces cannot be sent: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// What the library says of what its own variables say.
    #[error("traces cannot be sent: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// Sends spans to a collector.
#[derive(Debug)]
pub struct Export(SdkTracerProvider);

impl Export {
    /// Sends them where `traces` says. Nothing is connected yet; within the runtime that connections are to live in.
    ///
    /// # Errors
    /// There is no TLS to be had, or a variable of the library is at fault.
    pub fn open(traces: &Traces) -> Result<Self, Error> {
        let mut endpoint =
            Endpoint::from(traces.collector.clone()).timeout(SEND_MAX).connect_timeout(CONNECT_MAX);
        if traces.collector.scheme_str() == Some("https") {
            endpoint = endpoint.tls_config(ClientTlsConfig::new().with_enabled_roots())?;
        }
        let sends = SpanExporter::builder()
            .with_tonic()
            .with_channel(endpoint.connect_lazy())
            .with_timeout(SEND_MAX)
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING_MAX)
            .with_max_export_batch_size(AT_ONCE_MAX)
            .with_scheduled_delay(GATHER)
            .build();
        let processor = BatchSpanProcessor::builder(Reporting::new(sends)).with_batch_config(batches).build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            // There is no span of a call that is not traced.
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(resource())
            .build();
        Ok(Export(provider))
    }

    /// Takes the spans of this process, and nothing else of it.
    #[must_use]
    pub fn taker(&self) -> Taker {
        let spans = Targets::new().with_target(TARGET, LevelFilter::DEBUG);
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("pricewright"))
            // Where in our source a span begins, and in which thread, is nothing to whoever looks at traces.
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(spans)
            .boxed()
    }

    /// Sends what still waits, and gives that up where it takes long.
    pub fn close(&self) {
        if self.0.shutdown_with_timeout(CLOSE_MAX).is_err() {
            tracing::warn!("the last traces did not arrive");
        }
    }
}

/// What all spans have in common; `OTEL_RESOURCE_ATTRIBUTES` may say more, and better.
fn resource() -> Resource {
    let ours = [
        KeyValue::new("service.name", "pricewright"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(ours)
        .with_detector(Box::new(EnvResourceDetector::new()))
        .build()
}
