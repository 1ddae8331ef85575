//! `PricingService`: one basket, one after another on a stream, several at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use prost::Message;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use tracing::{Instrument, Span};

use super::admit::{Speaker, again};
use super::aside::aside;
use super::failure::Failure;
use super::fields::fault;
use super::gate::Call;
use super::seats::Seats;
use super::upload::{self, SILENCE_MAX};
use crate::basket::limits::LINES_MAX;
use crate::basket::{Fault, Problem};
use crate::lang::Lang;
use crate::ledger::OpenedCode;
use crate::server::clock;
use crate::server::codes::{Codebook, Trouble};
use crate::server::convert::{Asked, Rules, customer};
use crate::server::customers::{Customers, Known, Who};
use crate::server::engine::{Engine, Live};
use crate::server::limits::Limiter;
use crate::server::meters::{Meters, Priced};
use crate::server::spans;
use crate::server::wire::{self, code_result::Status as Fate, quote_stream_response::Answer};

/// Batches that wait for a core: each may hold the baskets of a thousand requests, and the memory that they take.
const BATCHES_WAITING_MAX: usize = 16;
/// Lines of a basket that waits to be priced.
const LINES_HELD_MAX: usize = 4 * LINES_MAX;
/// Baskets of one batch.
pub const BATCH_MAX: usize = 1_000;
/// Streams at once: each holds a task and a few baskets.
pub const STREAMS_MAX: usize = 1_024;
/// Answers of a stream that wait for a slow reader.
const ANSWERS_WAITING_MAX: usize = 16;
/// Bytes of a request up to which it is read and priced, where that is quick, on the thread that got it. What is larger, and an explanation,
/// takes so long that another thread costs little beside it: some seventy microseconds of the processor's time.
const BYTES_AT_ONCE_MAX: usize = 16 * 1_024;
/// Baskets aside for each core: so many that an easy one is not queued behind hard ones but shares the core with them.
const ASIDE_PER_CORE_MAX: usize = 16;

/// Baskets of a traced stream that have a span each: it may go on for a day, and a trace is looked at by a person.
const SPANS_PER_STREAM_MAX: u64 = 100;
/// How long a price waits for codes that a database knows: then it goes on without them.
const CODES_WAIT: Duration = Duration::from_millis(500);
/// How long a price waits for a profile that a database has: then it goes on without.
const PROFILE_WAIT: Duration = Duration::from_millis(200);
/// That what is known of limits is younger is not told: nodes hear of each other within a second.
const AGE_MAX: Duration = Duration::from_secs(2);
/// Profiles looked up at once: a slow disk must not take all threads.
const LOOK_UPS_MAX: usize = 64;

/// The service.
#[derive(Debug, Clone)]
pub struct Pricing {
    engine: Arc<Engine>,
    limiter: Limiter,
    codebook: Codebook,
    customers: Arc<Customers>,
    look_ups: Arc<Semaphore>,
    aside: Arc<Semaphore>,
    // One batch a core: more at once would not be faster, and would starve the single baskets.
    batches: Arc<Semaphore>,
    // And those that wait for one.
    batches_in_all: Arc<Semaphore>,
    streams: Seats,
    meters: Arc<Meters>,
    closing: watch::Receiver<bool>,
}

impl Pricing {
    /// Prices by what `engine` has live, `limiter` knows to be left and `codebook` finds of generated codes, and
    /// what `customers` know of who buys; what is priced is counted in `meters`; streams end when `closing` turns true.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        limiter: Limiter,
        codebook: Codebook,
        customers: Arc<Customers>,
        meters: Arc<Meters>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Pricing {
            engine,
            limiter,
            codebook,
            customers,
            look_ups: Arc::new(Semaphore::new(LOOK_UPS_MAX)),
            aside: Arc::new(Semaphore::new(cores.saturating_mul(ASIDE_PER_CORE_MAX))),
            batches: Arc::new(Semaphore::new(cores)),
            batches_in_all: Arc::new(Semaphore::new(cores.saturating_add(BATCHES_WAITING_MAX))),
            streams: Seats::new(STREAMS_MAX),
            meters,
            closing,
        }
    }

    /// The price of a basket, where its caller may ask for it.
    async fn allowed(
        &self,
        asked: wire::QuoteRequest,
        call: Call,
        speaker: &Speaker,
    ) -> Result<wire::Quote, Failure> {
        speaker.may_ask(Some(&asked))?;
        self.one(asked, call).await
    }

    async fn one(&self, asked: wire::QuoteRequest, call: Call) -> Result<wire::Quote, Failure> {
        // What nobody buys is not held while others are priced; a few lines too many are told with all that is wrong.
        if asked.basket.as_ref().is_some_and(|basket| basket.lines.len() > LINES_HELD_MAX) {
            return Err(fault("basket.lines", Problem::TooMany(LINES_MAX)));
        }
        let span = spans::price(asked.basket.as_ref().map_or(0, |basket| basket.lines.len()));
        let quote = self.worked_out(asked, call).instrument(span.clone()).await;
        match &quote {
            Ok(quote) => spans::priced(&span, &quote.rulebook_version, quote.optimality().as_str_name()),
            Err(failure) => spans::failed(&span, failure.reason()),
        }
        quote
    }

    async fn worked_out(&self, mut asked: wire::QuoteRequest, call: Call) -> Result<wire::Quote, Failure> {
        let is_unchecked = !self.filled(&mut asked, call, true).await?;
        let live = rulebook_for(&asked, &self.engine, self.engine.live().ok_or(Failure::NoRulebook)?)?;
        let counts = Arc::clone(&live.priced);
        let quote = if has_codes(&asked, &live) {
            let (limiter, opened) = (self.limiter.clone(), self.opened(&asked, &live, call).await?);
            aside(&self.aside, call, move || priced(&live, &limiter, asked, opened.as_deref())).await?
        } else if !asked.explain && asked.encoded_len() <= BYTES_AT_ONCE_MAX {
            match at_once(&live, &self.limiter, asked)? {
                Ok(quote) => Ok(quote),
                Err(asked) => {
                    let work = move || guarded(|| asked.price(rules(&live)));
                    aside(&self.aside, call, work).await?
                }
            }
        } else {
            let limiter = self.limiter.clone();
            aside(&self.aside, call, move || priced(&live, &limiter, asked, Some(&[]))).await?
        };
        let quote = quote.map(|quote| dated(&self.limiter, &counts, quote, is_unchecked));
        // Nobody waits for an answer that comes too late; saying so keeps both sides' counts the same.
        if call.is_over() { Err(Failure::TooLate) } else { quote }
    }

    /// Fills a request that names only a customer from the profile. It is part of the request before anything is made of that: equal ids of
    /// quotes mean equal customers. False where the profile cannot be known now; where nobody `may_wait`, as soon as it is not at hand.
    async fn filled(
        &self,
        asked: &mut wire::QuoteRequest,
        call: Call,
        may_wait: bool,
    ) -> Result<bool, Failure> {
        let Some(who) = customer::asked_for(asked) else { return Ok(true) };
        let known = match self.customers.at_once(&who) {
            Some(known) => known,
            None if may_wait => self.looked_up(who, call).instrument(spans::profile()).await?,
            None => Known::Unchecked,
        };
        let is_checked = known != Known::Unchecked;
        customer::fill(asked, known);
        Ok(is_checked)
    }

    async fn looked_up(&self, who: Who, call: Call) -> Result<Known, Failure> {
        let customers = Arc::clone(&self.customers);
        let look_up = aside(&self.look_ups, call, move || customers.known(&who));
        if self.customers.are_shared() {
            // The look-up goes on, and the next price has what it finds at once.
            timeout(PROFILE_WAIT, look_up).await.unwrap_or(Ok(Known::Unchecked))
        } else {
            look_up.await
        }
    }

    /// The generated codes of a request that are good for it; nothing where that cannot be known now: a price waits for no database.
    async fn opened(
        &self,
        asked: &wire::QuoteRequest,
        live: &Live,
        call: Call,
    ) -> Result<Option<Vec<OpenedCode>>, Failure> {
        let pins = asked.context.as_ref().map(|context| context.code_pins.clone()).unwrap_or_default();
        let copy = asked.clone();
        let read = guarded(|| Asked::read(rules(live), copy, clock::now()))?;
        let caller = call.caller();
        let opened = self.codebook.resolve(&pins, read.request(), &live.rulebook, &caller);
        let opened = opened.instrument(spans::codes());
        let opened = if self.codebook.is_shared() {
            timeout(CODES_WAIT, opened).await.unwrap_or(Err(Trouble::Away))
        } else {
            opened.await
        };
        match opened.map_err(Failure::from) {
            Err(Failure::LedgerAway) => Ok(None),
            opened => opened.map(Some),
        }
    }

    async fn batch(&self, mut asked: Vec<wire::QuoteRequest>, call: Call) -> Result<Vec<Answer>, Failure> {
        let requests = || "requests".to_owned();
        if asked.is_empty() {
            return Err(Failure::Invalid(vec![Fault { field: requests(), problem: Problem::Missing }]));
        }
        if asked.len() > BATCH_MAX {
            let problem = Problem::TooMany(BATCH_MAX);
            return Err(Failure::Invalid(vec![Fault { field: requests(), problem }]));
        }
        let _place = self.batches_in_all.try_acquire().map_err(|_| Failure::Overloaded)?;
        let live = self.engine.live().ok_or(Failure::NoRulebook)?;
        let (engine, limiter) = (Arc::clone(&self.engine), self.limiter.clone());
        let meters = Arc::clone(&self.meters);
        let (mut opened, mut may_wait) = (Vec::with_capacity(asked.len()), true);
        for request in &mut asked {
            let is_checked = self.filled(request, call, may_wait).await?;
            // One of a batch has waited in vain: the others do not.
            may_wait &= is_checked || !self.customers.are_shared();
            // What is wrong with one of them is told when it is priced, and is no matter of the others.
            let codes = match rulebook_for(request, &self.engine, Arc::clone(&live)) {
                Ok(live) if has_codes(request, &live) => match self.opened(request, &live, call).await {
                    Err(Failure::Invalid(_)) => Ok(Some(Vec::new())),
                    Err(Failure::Overloaded) => Err(Failure::Overloaded),
                    opened => Ok(opened?),
                },
                _ => Ok(Some(Vec::new())),
            };
            opened.push((codes, !is_checked));
        }
        let price_all = move || {
            let mut answers = Vec::with_capacity(asked.len());
            for (request, (opened, is_unchecked)) in asked.into_iter().zip(opened) {
                if call.is_over() {
                    return Err(Failure::TooLate);
                }
                let quote = opened.and_then(|opened| {
                    let live = rulebook_for(&request, &engine, Arc::clone(&live))?;
                    let quote = priced(&live, &limiter, request, opened.as_deref());
                    quote.map(|quote| dated(&limiter, &live.priced, quote, is_unchecked))
                });
                answers.push(answer(&meters, quote, call.lang));
            }
            Ok(answers)
        };
        aside(&self.batches, call, price_all).await?
    }
}

/// The rulebook that the request names; `live` when it names none.
fn rulebook_for(asked: &wire::QuoteRequest, engine: &Engine, live: Arc<Live>) -> Result<Arc<Live>, Failure> {
    match asked.context.as_ref().map(|context| context.rulebook_version.as_str()) {
        None | Some("") => Ok(live),
        Some(version) if version == live.version => Ok(live),
        Some(version) => engine.version(version).ok_or(Failure::VersionUnknown),
    }
}

fn rules(live: &Live) -> Rules<'_> {
    Rules { rulebook: &live.rulebook, digest: &live.digest }
}

/// Prices a basket, however long that takes; without codes that could not be looked up, and saying so.
fn priced(
    live: &Live,
    limiter: &Limiter,
    asked: wire::QuoteRequest,
    opened: Option<&[OpenedCode]>,
) -> Result<wire::Quote, Failure> {
    let codes = opened.unwrap_or_default();
    let quote = guarded(|| read(live, limiter, asked)?.with_opened(codes).price(rules(live)));
    quote.map(|mut quote| {
        if opened.is_none() {
            let (unknown, unchecked) = (Fate::Unknown, Fate::Unchecked);
            let of_pools = quote.codes.iter_mut().filter(|code| code.status() == unknown);
            of_pools.for_each(|code| code.set_status(unchecked));
        }
        quote
    })
}

/// A quote that says how old what it knows of limits is, where that is more than a moment, and that it does not know who buys. It is counted.
fn dated(limiter: &Limiter, counts: &Priced, mut quote: wire::Quote, is_unchecked: bool) -> wire::Quote {
    let is_proven = quote.optimality() == wire::quote::Optimality::Proven;
    counts.note(is_proven, quote.promotions.iter().map(|applied| applied.id.as_str()));
    quote.customer_unchecked = is_unchecked;
    let age = limiter.counters.age().filter(|age| *age > AGE_MAX);
    quote.limits_age = age.map(|age| pbjson_types::Duration {
        seconds: i64::try_from(age.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(age.subsec_nanos()).unwrap_or_default(),
    });
    quote
}

/// Whether codes of the request may have been generated.
fn has_codes(asked: &wire::QuoteRequest, live: &Live) -> bool {
    live.rulebook.has_pools() && asked.context.as_ref().is_some_and(|context| !context.codes.is_empty())
}

/// Prices a basket where that is quick, else gives the request back.
fn at_once(
    live: &Live,
    limiter: &Limiter,
    asked: wire::QuoteRequest,
) -> Result<Result<wire::Quote, Asked>, Failure> {
    guarded(|| read(live, limiter, asked)?.price_at_once(rules(live)))
}

/// Reads a request, with what is left of limits.
fn read(live: &Live, limiter: &Limiter, asked: wire::QuoteRequest) -> Result<Asked, Vec<Fault>> {
    let read = Asked::read(rules(live), asked, clock::now())?;
    let left = limiter.left(&live.rulebook, read.request());
    Ok(read.with_left(left).with_stock(|stock, store| limiter.stock(stock, store)))
}

/// The core runs within this: a panic of it costs one basket and no other.
fn guarded<T>(work: impl FnOnce() -> Result<T, Vec<Fault>>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Failure::Internal)?.map_err(Failure::Invalid)
}

fn answer(meters: &Meters, quote: Result<wire::Quote, Failure>, lang: Lang) -> Answer {
    match quote {
        Ok(quote) => Answer::Quote(quote),
        Err(failure) => {
            meters.failures.note(failure.reason());
            Answer::Failure(failure.wire(lang))
        }
    }
}

/// Whether requests are logged: else nothing is measured for a line that nobody writes.
fn is_logged() -> bool {
    tracing::enabled!(target: "pricewright::request", tracing::Level::DEBUG)
}

/// A line a request, for those who ask for it: no code, customer or basket is in it.
fn log(method: &'static str, begun: Instant, request_bytes: usize, done: Result<&wire::Quote, &Failure>) {
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    match done {
        Ok(quote) => tracing::debug!(
            target: "pricewright::request",
            method,
            status = "OK",
            micros,
            request_bytes,
            response_bytes = quote.encoded_len(),
            rulebook = quote.rulebook_version,
        ),
        Err(failure) => tracing::debug!(
            target: "pricewright::request",
            method,
            status = ?failure.code(),
            reason = failure.reason(),
            micros,
            request_bytes,
        ),
    }
}

type Answers = Pin<Box<dyn Stream<Item = Result<wire::QuoteStreamResponse, Status>> + Send>>;

#[tonic::async_trait]
impl wire::pricing_service_server::PricingService for Pricing {
    async fn quote(&self, request: Request<wire::QuoteRequest>) -> Result<Response<wire::Quote>, Status> {
        let (begun, call, speaker) = (clock::steady(), Call::of(&request), Speaker::of(&request));
        let asked = request.into_inner();
        let bytes = if is_logged() { asked.encoded_len() } else { 0 };
        let quote = self.allowed(asked, call, &speaker).await;
        self.meters.baskets.time(begun.elapsed());
        log("Quote", begun, bytes, quote.as_ref());
        quote.map(Response::new).map_err(|failure| failure.status(call.lang))
    }

    type QuoteStreamStream = Answers;

    async fn quote_stream(
        &self,
        request: Request<Streaming<wire::QuoteStreamRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let (call, speaker) = (Call::of(&request), Speaker::of(&request));
        let Some(place) = self.streams.take(call.peer, speaker.is_open()) else {
            return Err(Failure::Overloaded.status(call.lang));
        };
        let (answers, receiver) = mpsc::channel(ANSWERS_WAITING_MAX);
        let (service, span) = (self.clone(), spans::current());
        tokio::spawn(async move {
            let ended = service.stream(request.into_inner(), &answers, call, speaker, &span).await;
            upload::end(&answers, place, ended, call.lang).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn batch_quote(
        &self,
        request: Request<wire::BatchQuoteRequest>,
    ) -> Result<Response<wire::BatchQuoteResponse>, Status> {
        let (call, speaker, asked) =
            (Call::of(&request), Speaker::of(&request), request.into_inner().requests);
        let allowed = asked.iter().try_for_each(|asked| speaker.may_ask(Some(asked)));
        let answers = match allowed {
            Ok(()) => {
                let span = spans::prices(asked.len());
                let answers = self.batch(asked, call).instrument(span.clone()).await;
                answers.inspect_err(|failure| spans::failed(&span, failure.reason()))
            }
            Err(failure) => Err(failure),
        };
        let answers = answers.map_err(|failure| failure.status(call.lang))?;
        let answers = (0..)
            .zip(answers)
            .map(|(index, answer)| wire::QuoteStreamResponse { index, answer: Some(answer) })
            .collect();
        Ok(Response::new(wire::BatchQuoteResponse { answers }))
    }
}

type Sender = mpsc::Sender<Result<wire::QuoteStreamResponse, Status>>;

impl Pricing {
    /// Answers in the order of the requests, until the caller ends, goes, or the server goes down.
    async fn stream(
        &self,
        mut requests: Streaming<wire::QuoteStreamRequest>,
        answers: &Sender,
        call: Call,
        mut speaker: Speaker,
        span: &Span,
    ) -> Result<(), Failure> {
        let (mut closing, mut again) = (self.closing.clone(), again());
        for index in 0.. {
            let next = tokio::select! {
                next = requests.message() => next,
                _ = closing.wait_for(|closing| *closing) => return Err(Failure::ShuttingDown),
                () = answers.closed() => return Ok(()),
                () = tokio::time::sleep_until(call.deadline), if call.is_callers => {
                    return Err(Failure::TooLate);
                }
                // A till waits for its customer; who is not known holds no place and says nothing.
                () = tokio::time::sleep(SILENCE_MAX), if speaker.is_open() => return Err(Failure::TooLate),
                failure = speaker.dismissed(&mut again) => return Err(failure),
            };
            let Some(asked) =
                next.map_err(|status| Failure::of_library(status.code()).unwrap_or(Failure::Malformed))?
            else {
                return Ok(());
            };
            speaker.ask_again()?;
            let begun = clock::steady();
            let asked = asked.request.unwrap_or_default();
            let bytes = if is_logged() { asked.encoded_len() } else { 0 };
            // The answer before goes out first: whoever sends it may wait on this thread.
            yield_now().await;
            let within = if index < SPANS_PER_STREAM_MAX { span.clone() } else { Span::none() };
            let quote = self.allowed(asked, call.renewed(), &speaker).instrument(within).await;
            self.meters.baskets.time(begun.elapsed());
            log("QuoteStream", begun, bytes, quote.as_ref());
            let answer = Some(answer(&self.meters, quote, call.lang));
            let answer = Ok(wire::QuoteStreamResponse { index, answer });
            if !upload::give(answers, answer, SILENCE_MAX).await? {
                return Ok(());
            }
        }
        Ok(())
    }
}
