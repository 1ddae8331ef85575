//! A span for each call that is traced: with its caller's trace around it, and its status at the end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tonic::Code;
use tonic::body::Body;
use tonic::codegen::http;
use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::caller::Said;
use crate::server::config::Traces;
use crate::server::followed::{Follower, followed};
use crate::server::meters::{CODES, Method};
use crate::server::spans::{self, TARGET};

/// What stands before the name of a method.
const PACKAGE: &str = "pricewright.v1.";

/// Traces the calls of services.
#[derive(Debug, Clone)]
pub struct TraceLayer(Arc<Draw>);

impl TraceLayer {
    /// Traces as many of them as `traces` says.
    #[must_use]
    pub fn new(traces: &Traces) -> Self {
        TraceLayer(Arc::new(Draw { one_in: traces.one_in, calls: AtomicU64::new(0) }))
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner, draw: Arc::clone(&self.0) }
    }
}

/// Draws one in so many.
#[derive(Debug)]
struct Draw {
    one_in: u32,
    calls: AtomicU64,
}

impl Draw {
    /// Whether the next one is drawn. Not every so-many-th: a till that always makes the same three calls would have the same one of them
    /// traced for ever.
    fn next(&self) -> bool {
        let mixed = mixed(self.calls.fetch_add(1, Ordering::Relaxed));
        mixed.checked_rem(u64::from(self.one_in)) == Some(0)
    }
}

/// A number without the order of the one it is made of: splitmix64. It begins at 1, for 0 stays 0, and the first call would always be drawn.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A service whose calls are traced.
#[derive(Debug, Clone)]
pub struct Trace<S> {
    inner: S,
    draw: Arc<Draw>,
}

impl<S> Trace<S> {
    /// The span of a call that is traced. What is none of ours is not: the name of a method that nobody knows is its caller's text.
    fn begun(&self, method: Method, request: &http::Request<Body>) -> Option<Span> {
        let name = method.name()?;
        let context = match Said::by(request.headers()) {
            Said::NotSampled => return None,
            Said::Nothing if !self.draw.next() => return None,
            Said::Nothing => None,
            Said::Sampled(context) => Some(context),
        };
        let name = format!("{PACKAGE}{name}");
        // The attributes are those of the semantic conventions for gRPC.
        let span = tracing::debug_span!(
            target: TARGET,
            parent: None,
            "call",
            otel.name = name,
            otel.kind = "server",
            otel.status_code = Empty,
            rpc.system.name = "grpc",
            rpc.method = name,
            rpc.response.status_code = Empty,
            "error.type" = Empty,
        );
        if let Some(context) = context {
            // Where nobody takes spans there is nothing to put into a trace.
            let _ = span.set_parent(context);
        }
        Some(span)
    }
}

impl<S> Service<http::Request<Body>> for Trace<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = Method::of(request.uri().path());
        let Some(span) = self.begun(method, &request) else {
            return Box::pin(self.inner.call(request));
        };
        let answer = span.in_scope(|| self.inner.call(request)).instrument(span.clone());
        let call = Call { span, is_over: false };
        Box::pin(async move { Ok(followed(answer.await?, method.is_streaming, call)) })
    }
}

/// A traced call, until it ends.
struct Call {
    span: Span,
    is_over: bool,
}

impl Follower for Call {
    fn ends(&mut self, code: Code, reason: Option<&str>) {
        self.is_over = true;
        let name = usize::try_from(i32::from(code)).ok().and_then(|place| CODES.get(place).copied());
        let name = name.unwrap_or_default();
        // Within the span: that is when it ends, though work that nobody waits for any longer may still go on in it.
        self.span.in_scope(|| {
            self.span.record("rpc.response.status_code", name);
            if code != Code::Ok {
                spans::failed(&self.span, reason.unwrap_or(name));
            }
            if is_ours(code) {
                self.span.record("otel.status_code", "ERROR");
            }
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_over {
            self.ends(Code::Cancelled, None);
        }
    }
}

/// Whether the service has failed, as the conventions have it, and not its caller: a purchase that is refused is an answer.
fn is_ours(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_in_so_many_is_drawn() {
        for (one_in, calls) in [(1, 1_000), (3, 30_000), (100, 1_000_000)] {
            let draw = Draw { one_in, calls: AtomicU64::new(0) };
            // Whoever makes three calls in turn has each of them drawn as often as the others.
            let mut drawn = [0_u32; 3];
            (0..calls).filter(|_| draw.next()).for_each(|call| drawn[call % 3] += 1);
            let expected = u32::try_from(calls).unwrap() / one_in / 3;
            for each in drawn {
                assert!(each.abs_diff(expected) <= expected / 10 + 1, "1 in {one_in}: {drawn:?}");
            }
        }
        let seldom = Draw { one_in: 1_000_000, calls: AtomicU64::new(0) };
        assert!(
            (0..1_000).all(|_| !seldom.next()),
            "a service that starts often traces its first calls no more often"
        );
    }
}
