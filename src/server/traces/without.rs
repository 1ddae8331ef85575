//! What stands in the place of traces where the feature `otel` is missing: nothing, which nobody can ask for.

use tower::Layer;

use crate::server::config::Traces;
use crate::server::telemetry::Taker;

/// Nothing is sent.
#[derive(Debug, thiserror::Error)]
#[error("this program was built without the feature `otel`")]
pub struct Error;

/// Sends nothing.
#[derive(Debug)]
pub struct Export(std::convert::Infallible);

impl Export {
    /// Cannot be.
    ///
    /// # Errors
    /// Always.
    pub fn open(_traces: &Traces) -> Result<Self, Error> {
        Err(Error)
    }

    /// Takes nothing.
    #[must_use]
    pub fn taker(&self) -> Taker {
        match self.0 {}
    }

    /// Ends nothing.
    pub fn close(&self) {}
}

/// Leaves services as they are.
#[derive(Debug, Clone)]
pub struct TraceLayer;

impl TraceLayer {
    /// Leaves them.
    #[must_use]
    pub fn new(_traces: &Traces) -> Self {
        TraceLayer
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = S;

    fn layer(&self, inner: S) -> S {
        inner
    }
}
