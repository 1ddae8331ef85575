//! Traces: the spans of calls, sent to an OpenTelemetry collector, as parts of the traces of those who call.
//!
//! One feature has all of it. Without, nothing can be set that would be done here: the configuration says so.

#[cfg(feature = "otel")]
mod caller;
#[cfg(feature = "otel")]
mod layer;
#[cfg(feature = "otel")]
mod reporting;
#[cfg(feature = "otel")]
mod export;
#[cfg(not(feature = "otel"))]
mod without;

#[cfg(feature = "otel")]
pub use export::{Error, Export};
#[cfg(feature = "otel")]
pub use layer::TraceLayer;
#[cfg(not(feature = "otel"))]
pub use without::{Error, Export, TraceLayer};
