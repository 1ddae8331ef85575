//! Prices on one thread of this process: no socket, no other thread.

use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;

use super::tally::{Figures, Recorder, Shared};
use crate::basket::Request;
use crate::pricing::{self, Effort};
use crate::rulebook::Rulebook;
use crate::server::clock;
use crate::server::convert::{self, Asked, Rules};
use crate::server::wire::QuoteRequest;

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
    let borrowed: Vec<&Request> = requests.iter().collect();
    let price = |request: &Request| {
        let _ = black_box(pricing::price(rulebook, black_box(request), Effort::default()));
    };
    repeated(&borrowed, warm_up, price)?;
    repeated(&borrowed, time, price)
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
    let rules = Rules { rulebook, digest: &rulebook.digest().to_string() };
    let price = |asked: QuoteRequest| {
        let asked = Asked::read(rules, black_box(asked), clock::now());
        let _ = black_box(asked.and_then(|asked| asked.price(rules)));
    };
    repeated(asked, warm_up, price)?;
    repeated(asked, time, price)
}

/// Requests that are copied at once.
const COPIES: usize = 256;

/// Each gets a request of its own, as the service does: copies are made while nobody measures.
fn repeated<T: Clone>(requests: &[T], time: Duration, price: impl Fn(T)) -> Result<Figures> {
    let latencies = Shared::new()?;
    let mut recorder = Recorder::new(&latencies);
    let begun = clock::steady();
    let mut copying = Duration::ZERO;
    let mut end = begun;
    'all: for some in requests.chunks(COPIES).cycle() {
        let copies = some.to_vec();
        let mut from = clock::steady();
        copying += from - end;
        for request in copies {
            price(request);
            // One reading of the clock a basket: where one ends the next begins.
            end = clock::steady();
            recorder.record(end - from);
            from = end;
            if end - begun >= time {
                break 'all;
            }
        }
    }
    drop(recorder);
    Ok(Figures::of(&latencies.take(), end - begun - copying))
}
