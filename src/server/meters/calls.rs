//! Calls by method and status: a place for each pair, so that a call costs a search among three dozen names and two additions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::{Histogram, Meters};
use crate::server::clock;

/// Every method, in byte order; what is not here (health, reflection, names that nobody knows) counts as `other`.
const METHODS: [&str; 35] = [
    "CertificateService/Block",
    "CertificateService/Extend",
    "CertificateService/GetBalance",
    "CertificateService/Issue",
    "CertificateService/ListEntries",
    "CertificateService/ListUndelivered",
    "CertificateService/RequestOtp",
    "CertificateService/Statement",
    "CertificateService/Transfer",
    "CertificateService/Unblock",
    "CodeService/Disable",
    "CodeService/Generate",
    "CodeService/Import",
    "CodeService/Inspect",
    "CustomerService/Delete",
    "CustomerService/Get",
    "CustomerService/Import",
    "CustomerService/Upsert",
    "PricingService/BatchQuote",
    "PricingService/Quote",
    "PricingService/QuoteStream",
    "RedemptionService/Cancel",
    "RedemptionService/Commit",
    "RedemptionService/GetSale",
    "RedemptionService/Refund",
    "RedemptionService/Reserve",
    "ReportService/Promotions",
    "RulebookService/Check",
    "RulebookService/Diff",
    "RulebookService/GetActive",
    "RulebookService/ListVersions",
    "RulebookService/Publish",
    "RulebookService/Rollback",
    "RulebookService/Watch",
    "other",
];
/// The methods that answer by a stream: they end with it.
const STREAMING: [&str; 3] = ["CodeService/Generate", "PricingService/QuoteStream", "RulebookService/Watch"];

/// The status codes of gRPC, each at its number.
pub const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
/// The number of a call that its caller has broken off.
const CANCELLED: usize = 1;

/// A method that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    place: usize,
    /// Whether it answers by a stream.
    pub is_streaming: bool,
}

impl Method {
    /// The method of a path such as `/pricewright.v1.PricingService/Quote`.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let other = METHODS.len().saturating_sub(1);
        let name = path.strip_prefix("/pricewright.v1.").unwrap_or_default();
        let place = METHODS.binary_search(&name).unwrap_or(other);
        Method { place, is_streaming: STREAMING.contains(&name) }
    }
}

/// Calls that have ended, by method and status, and those in work.
#[derive(Debug)]
pub struct Calls {
    /// For each method a place for each status, made when it is first met: most pairs never are.
    ended: Box<[[OnceLock<Histogram>; CODES.len()]]>,
    in_work: AtomicU64,
    streams: AtomicU64,
}

impl Default for Calls {
    fn default() -> Self {
        let ended = METHODS.iter().map(|_| std::array::from_fn(|_| OnceLock::new())).collect();
        Calls { ended, in_work: AtomicU64::new(0), streams: AtomicU64::new(0) }
    }
}

impl Calls {
    /// Calls that are worked on, streams only until their first answer.
    #[must_use]
    pub fn in_work(&self) -> u64 {
        self.in_work.load(Ordering::Relaxed)
    }

    /// Streams that are open.
    #[must_use]
    pub fn streams(&self) -> u64 {
        self.streams.load(Ordering::Relaxed)
    }

    /// Method, status and times of what has ended.
    pub fn ended(&self) -> impl Iterator<Item = (&'static str, &'static str, &Histogram)> {
        METHODS.iter().zip(&self.ended).flat_map(|(method, codes)| {
            let met = CODES.iter().zip(codes).filter_map(|(code, times)| Some((*code, times.get()?)));
            met.map(|(code, times)| (*method, code, times))
        })
    }
}

/// A call that runs. It is counted when it is dropped, as broken off where nobody has said how it ended.
#[derive(Debug)]
pub struct Running {
    meters: Arc<Meters>,
    method: Method,
    begun: Instant,
    code: usize,
    is_stream: bool,
}

impl Running {
    /// A call of `method` that begins now.
    #[must_use]
    pub fn begin(meters: &Arc<Meters>, method: Method) -> Self {
        meters.calls.in_work.fetch_add(1, Ordering::Relaxed);
        let meters = Arc::clone(meters);
        Running { meters, method, begun: clock::steady(), code: CANCELLED, is_stream: false }
    }

    /// From now on it is a stream that is open.
    pub fn streams(&mut self) {
        if !self.is_stream {
            self.is_stream = true;
            self.meters.calls.streams.fetch_add(1, Ordering::Relaxed);
            self.meters.calls.in_work.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How it has ended: the number of a status.
    pub fn ends(&mut self, code: usize) {
        self.code = code;
    }

    /// What it is counted in.
    #[must_use]
    pub fn meters(&self) -> &Meters {
        &self.meters
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let calls = &self.meters.calls;
        let running = if self.is_stream { &calls.streams } else { &calls.in_work };
        running.fetch_sub(1, Ordering::Relaxed);
        if let Some(times) = calls.ended.get(self.method.place).and_then(|codes| codes.get(self.code)) {
            times.get_or_init(Histogram::of_times).time(self.begun.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_api_has_its_place() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/pricewright/v1");
        let mut found = vec![("other".to_owned(), false)];
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let mut service = "";
            for line in text.lines() {
                let words: Vec<&str> = line.split([' ', '(']).filter(|word| !word.is_empty()).collect();
                match words[..] {
                    ["service", name, ..] => service = name,
                    ["rpc", name, ..] => {
                        found.push((format!("{service}/{name}"), line.contains("returns (stream")))
                    }
                    _ => {}
                }
            }
        }
        found.sort();
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), METHODS);
        for (name, is_streaming) in &found[..found.len() - 1] {
            let method = Method::of(&format!("/pricewright.v1.{name}"));
            assert_eq!((METHODS[method.place], method.is_streaming), (name.as_str(), *is_streaming));
        }
        assert_eq!(METHODS[Method::of("/grpc.health.v1.Health/Check").place], "other");
        assert_eq!(METHODS[Method::of("/pricewright.v1.PricingService/quote").place], "other");
    }

    #[test]
    fn a_call_that_nobody_ends_was_broken_off() {
        let meters = Arc::<Meters>::default();
        let quote = Method::of("/pricewright.v1.PricingService/Quote");
        drop(Running::begin(&meters, quote));
        let mut stream = Running::begin(&meters, quote);
        assert_eq!((meters.calls.in_work(), meters.calls.streams()), (1, 0));
        stream.streams();
        stream.ends(0);
        assert_eq!((meters.calls.in_work(), meters.calls.streams()), (0, 1));
        drop(stream);
        assert_eq!((meters.calls.in_work(), meters.calls.streams()), (0, 0));
        let ended: Vec<_> = meters.calls.ended().map(|(method, code, _)| (method, code)).collect();
        assert_eq!(ended, [("PricingService/Quote", "OK"), ("PricingService/Quote", "CANCELLED")]);
    }
}
