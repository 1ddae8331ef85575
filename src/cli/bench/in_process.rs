//! Prices on one thread of this process: no socket, no other thread.

use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;

use super::tally::{Figures, Recorder, Shared};
use crate::basket::Request;
use crate::pricing::{self, Effort};
use crate::rulebook::Rulebook;
use crate::server::wire::QuoteRequest;
use crate::server::{clock, convert};

/// The core alone: a request as the core has it in, a quote as the core has it out.
///
/// # Errors
/// See [`Shared::new`].
pub fn core(
    rulebook: &Rulebook,
    asked: &[QuoteRequest],
    warm_up: Duration,
    time: Duration,
) -> Result<Figures> {
    let now = clock::now();
    let requests: Vec<Request> = asked.iter().map(|asked| convert::request(asked, now).0).collect();
    let price = |request: &Request| {
        let _ = black_box(pricing::price(rulebook, black_box(request), Effort::default()));
    };
    repeated(&requests, warm_up, price)?;
    repeated(&requests, time, price)
}

/// With the conversion: a message in, a message out. What the service does between reading and writing.
///
/// # Errors
/// See [`Shared::new`].
pub fn whole(
    rulebook: &Rulebook,
    asked: &[QuoteRequest],
    warm_up: Duration,
    time: Duration,
) -> Result<Figures> {
    let price = |asked: &QuoteRequest| {
        let _ = black_box(convert::price(rulebook, black_box(asked), clock::now()));
    };
    repeated(asked, warm_up, price)?;
    repeated(asked, time, price)
}

fn repeated<T>(requests: &[T], time: Duration, price: impl Fn(&T)) -> Result<Figures> {
    let latencies = Shared::new()?;
    let mut recorder = Recorder::new(&latencies);
    let begun = clock::steady();
    let mut from = begun;
    for request in requests.iter().cycle() {
        price(request);
        // One reading of the clock a basket: where one ends the next begins.
        let to = clock::steady();
        recorder.record(to - from);
        from = to;
        if from - begun >= time {
            break;
        }
    }
    drop(recorder);
    Ok(Figures::of(&latencies.take(), from - begun))
}
