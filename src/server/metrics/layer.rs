//! Counts every call, whatever answers it: what the gate refuses too.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tonic::Code;
use tonic::body::Body;
use tonic::codegen::http;
use tower::{Layer, Service};

use crate::server::followed::{Follower, followed};
use crate::server::meters::{Meters, Method, Running};

/// Counts the calls of services.
#[derive(Debug, Clone)]
pub struct CountLayer(Arc<Meters>);

impl CountLayer {
    /// Counts them in `meters`.
    #[must_use]
    pub fn new(meters: Arc<Meters>) -> Self {
        CountLayer(meters)
    }
}

impl<S> Layer<S> for CountLayer {
    type Service = Count<S>;

    fn layer(&self, inner: S) -> Count<S> {
        Count { inner, meters: Arc::clone(&self.0) }
    }
}

/// A service whose calls are counted.
#[derive(Debug, Clone)]
pub struct Count<S> {
    inner: S,
    meters: Arc<Meters>,
}

impl<S> Service<http::Request<Body>> for Count<S>
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
        let running = Running::begin(&self.meters, method);
        let answer = self.inner.call(request);
        Box::pin(async move { Ok(followed(answer.await?, method.is_streaming, running)) })
    }
}

impl Follower for Running {
    fn streams(&mut self) {
        Running::streams(self);
    }

    fn ends(&mut self, code: Code, reason: Option<&str>) {
        Running::ends(self, usize::try_from(i32::from(code)).unwrap_or_default());
        if code != Code::Ok {
            // What the library says without us has no reason.
            self.meters().failures.note(reason.unwrap_or("other"));
        }
    }
}
