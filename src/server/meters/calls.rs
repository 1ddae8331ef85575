//! Calls by method and status: a place for each pair, so that a call costs a search among three dozen names and two additions.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::histogram::Histogram;

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

    /// `PricingService/Quote`; nothing where it is none of ours.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        METHODS.get(self.place).copied().filter(|_| self.place.saturating_add(1) < METHODS.len())
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

    pub(super) fn begin(&self) {
        self.in_work.fetch_add(1, Ordering::Relaxed);
    }

    /// One that was worked on is a stream that is open.
    pub(super) fn open(&self) {
        self.streams.fetch_add(1, Ordering::Relaxed);
        self.in_work.fetch_sub(1, Ordering::Relaxed);
    }

    /// One has ended, an open stream or not, with the status of this number.
    pub(super) fn end(&self, method: Method, code: usize, is_stream: bool, time: Duration) {
        let running = if is_stream { &self.streams } else { &self.in_work };
        running.fetch_sub(1, Ordering::Relaxed);
        if let Some(times) = self.ended.get(method.place).and_then(|codes| codes.get(code)) {
            times.get_or_init(Histogram::of_times).time(time);
        }
    }

    /// Method, status and times of what has ended.
    pub fn ended(&self) -> impl Iterator<Item = (&'static str, &'static str, &Histogram)> {
        METHODS.iter().zip(&self.ended).flat_map(|(method, codes)| {
            let met = CODES.iter().zip(codes).filter_map(|(code, times)| Some((*code, times.get()?)));
            met.map(|(code, times)| (*method, code, times))
        })
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
            assert_eq!(method.name(), Some(name.as_str()));
        }
        assert_eq!(METHODS[Method::of("/grpc.health.v1.Health/Check").place], "other");
        assert_eq!(Method::of("/grpc.health.v1.Health/Check").name(), None);
        assert_eq!(METHODS[Method::of("/pricewright.v1.PricingService/quote").place], "other");
    }
}
