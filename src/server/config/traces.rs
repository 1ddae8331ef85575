//! Where traces go, and how many there are.

use ureq::http::Uri;

use super::error::Error;

/// Traces that are asked for.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The gRPC address of the collector.
    pub collector: Uri,
    /// Of calls without a trace of their callers one in so many is traced.
    pub one_in: u32,
}

/// Reads the address of a collector.
pub(super) fn traces(address: &str, one_in: u32) -> Result<Traces, Error> {
    if cfg!(not(feature = "otel")) {
        return Err(Error::NoTraces);
    }
    let collector: Uri = address.parse().map_err(|_| Error::Collector)?;
    let is_known = matches!(collector.scheme_str(), Some("http" | "https"));
    let has_host = collector.host().is_some_and(|host| !host.is_empty());
    let has_name = collector.authority().is_some_and(|authority| authority.as_str().contains('@'));
    // The path is the protocol's: `/v1/traces` is of OTLP over HTTP, at another port.
    let has_path = !matches!(collector.path(), "" | "/") || collector.query().is_some();
    if !is_known || !has_host || has_name || has_path {
        return Err(Error::Collector);
    }
    Ok(Traces { collector, one_in })
}

#[cfg(all(test, feature = "otel"))]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_by_scheme_host_and_port() {
        for (address, good) in [
            ("http://127.0.0.1:4317", true),
            ("https://otel.shop.example:4317/", true),
            ("http://[::1]:4317", true),
            ("", false),
            ("127.0.0.1:4317", false),
            ("grpc://127.0.0.1:4317", false),
            ("http://", false),
            ("http://127.0.0.1:4318/v1/traces", false),
            ("http://127.0.0.1:4317?token=x", false),
            ("https://me:secret@otel.shop.example", false),
        ] {
            assert_eq!(traces(address, 100).is_ok(), good, "{address}");
        }
    }
}
