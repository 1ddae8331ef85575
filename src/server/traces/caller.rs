//! The trace that a call belongs to, as its caller says in the headers of the W3C.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::codegen::http::HeaderMap;

/// The header without which there is no trace.
const TRACEPARENT: &str = "traceparent";

/// Bytes of a header that is taken: so many of a `tracestate` everybody hands on.
const HEADER_BYTES_MAX: usize = 512;

/// What a caller says of its trace.
pub(super) enum Said {
    /// Nothing, or nothing that could be read.
    Nothing,
    /// The trace is not recorded.
    NotSampled,
    /// It is: the span from which the call was made.
    Sampled(Context),
}

impl Said {
    /// What these headers say.
    pub(super) fn by(headers: &HeaderMap) -> Self {
        if !headers.contains_key(TRACEPARENT) {
            return Said::Nothing;
        }
        // Not within anything that this thread may be in.
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
        let (is_valid, is_sampled) = {
            let span = context.span();
            (span.span_context().is_valid(), span.span_context().is_sampled())
        };
        match (is_valid, is_sampled) {
            (false, _) => Said::Nothing,
            (true, false) => Said::NotSampled,
            (true, true) => Said::Sampled(context),
        }
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        // A longer one may be left out, say the W3C; it would be in each span that waits.
        self.0.get(key)?.to_str().ok().filter(|text| text.len() <= HEADER_BYTES_MAX)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(traceparent: &str) -> Option<(bool, String)> {
        let headers = HeaderMap::from_iter([(TRACEPARENT.parse().unwrap(), traceparent.parse().unwrap())]);
        match Said::by(&headers) {
            Said::Nothing => None,
            Said::NotSampled => Some((false, String::new())),
            Said::Sampled(context) => Some((true, context.span().span_context().trace_id().to_string())),
        }
    }

    #[test]
    fn a_trace_that_cannot_be_read_is_none() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let sampled = said(&format!("00-{trace}-00f067aa0ba902b7-01"));
        assert_eq!(sampled, Some((true, trace.to_owned())));
        assert_eq!(said(&format!("00-{trace}-00f067aa0ba902b7-00")), Some((false, String::new())));
        for text in ["", "00", "00-x-y-01", "00-00000000000000000000000000000000-0000000000000000-01"] {
            assert_eq!(said(text), None, "{text}");
        }
        assert!(matches!(Said::by(&HeaderMap::new()), Said::Nothing));
    }
}
