//! Calls, baskets and failures.

use std::fmt::Error;

use super::text::{Text, Value};
use crate::server::meters::Meters;
use crate::server::telemetry;

pub(super) fn tell(text: &mut Text<'_>, meters: &Meters, requests_max: u32) -> Result<(), Error> {
    let ended = meters.calls.ended();
    text.times(
        "request",
        "How long calls took, from their headers to their answer; a stream, to its end.",
        ended.map(|(method, code, times)| (vec![("method", method), ("code", code)], times)),
    )?;
    text.times(
        "basket",
        "How long one basket of Quote or QuoteStream took.",
        [(Vec::new(), &meters.baskets)],
    )?;
    let (in_work, streams) = (meters.calls.in_work(), meters.calls.streams());
    text.gauge(
        "requests_in_work",
        "Calls that are worked on; of streams, to their first answer.",
        Value::Whole(in_work),
    )?;
    let max = Value::Whole(u64::from(requests_max));
    text.gauge("requests_max", "Calls that may be worked on at once; more are refused as OVERLOADED.", max)?;
    text.gauge("streams_open", "Streams of answers that are open.", Value::Whole(streams))?;
    let failures = meters.failures.counted();
    text.counters(
        "failures",
        "Calls, and baskets of a stream or batch, that failed or were refused, by reason.",
        failures.iter().map(|(reason, count)| (vec![("reason", reason.as_str())], Value::Whole(*count))),
    )?;
    let panics = Value::Whole(telemetry::panics());
    text.counter("panics", "Panics that were caught: faults of the program.", panics)
}
