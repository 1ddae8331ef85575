//! Counts every call, whatever answers it: what the gate refuses too.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::codegen::http::{self, HeaderMap};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::{Layer, Service};

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
        let mut running = Running::begin(&self.meters, method);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            if method.is_streaming && !answer.headers().contains_key(Status::GRPC_STATUS) {
                running.streams();
                return Ok(answer.map(|body| Body::new(Counted { body, running })));
            }
            // Without a status in its headers an answer is one message, and good.
            end(&mut running, answer.headers(), answer.extensions().get::<Status>());
            Ok(answer)
        })
    }
}

/// A stream of answers that is counted at its end.
struct Counted {
    body: Body,
    running: Running,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            end(&mut self.running, trailers, None);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Notes how a call ended, and why where it failed. Words are looked at for failures alone.
fn end(running: &mut Running, headers: &HeaderMap, said: Option<&Status>) {
    let code = headers.get(Status::GRPC_STATUS).map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
    running.ends(usize::try_from(i32::from(code)).unwrap_or_default());
    if code == Code::Ok {
        return;
    }
    let read = said.is_none().then(|| Status::from_header_map(headers)).flatten();
    let details = said.or(read.as_ref()).map(StatusExt::get_error_details);
    let info = details.as_ref().and_then(|details| details.error_info());
    // What the library says without us has no reason.
    running.meters().failures.note(info.map_or("other", |info| info.reason.as_str()));
}
