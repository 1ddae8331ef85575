//! Spans of calls, for traces: where the time of one call goes.
//!
//! They have a target of their own, which no log shows. In a span stand methods, statuses, reasons, counts and versions, and never anything
//! of what a caller has said, but for its own `tracestate`: all that can be in one is written here and in [`traces`](super::traces).

use tracing::field::Empty;
use tracing::{Level, Span};

/// The target of all spans, and of nothing else.
pub const TARGET: &str = "pricewright::trace";

/// Whether anybody takes spans. Where nobody does this is one look at a number.
#[must_use]
pub fn are_taken() -> bool {
    tracing::span_enabled!(target: TARGET, Level::DEBUG)
}

/// The span that this thread works in; none where its call is not traced.
#[must_use]
pub fn current() -> Span {
    let current = if are_taken() { Span::current() } else { Span::none() };
    // A library may have spans of its own, for a log that asks for them.
    if current.metadata().is_some_and(|data| data.target() == TARGET) { current } else { Span::none() }
}

/// Work for another thread, which goes on in the span of this one.
pub fn carried<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = current();
    move || span.in_scope(work)
}

/// A span within a call that is traced; elsewhere none, for it would be a trace by itself.
macro_rules! within_a_call {
    ($($fields:tt)+) => {
        match current() {
            within if within.is_none() => within,
            within => tracing::debug_span!(target: TARGET, parent: &within, $($fields)+),
        }
    };
}

/// A basket of so many lines is priced, with all that is waited for.
#[must_use]
pub fn price(lines: usize) -> Span {
    within_a_call!("price", lines = whole(lines), rulebook = Empty, optimality = Empty, "error.type" = Empty)
}

/// Baskets are priced, so many.
#[must_use]
pub fn prices(baskets: usize) -> Span {
    within_a_call!("prices", baskets = whole(baskets), "error.type" = Empty)
}

/// A count as OpenTelemetry has numbers; another kind would be text there.
fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Codes of a basket are looked up.
#[must_use]
pub fn codes() -> Span {
    within_a_call!("codes")
}

/// The profile of who buys is looked up.
#[must_use]
pub fn profile() -> Span {
    within_a_call!("profile")
}

/// The ledger reads what it has kept.
#[must_use]
pub fn record() -> Span {
    within_a_call!("record")
}

/// The ledger decides, and keeps what it has decided.
#[must_use]
pub fn ledger() -> Span {
    within_a_call!("ledger")
}

/// By which rulebook a basket was priced, and how good that price is.
pub fn priced(span: &Span, rulebook: &str, optimality: &str) {
    span.record("rulebook", rulebook);
    span.record("optimality", optimality);
}

/// Why what a span is of has failed.
pub fn failed(span: &Span, reason: &str) {
    span.record("error.type", reason);
}
