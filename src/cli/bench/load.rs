//! The load: streams on connections that ask for prices, in a closed loop or in an open one.
//!
//! In a *closed* loop a stream sends its next request when it has the answer: a slow answer holds back the requests behind it, and so
//! the wait that they would have had is not in the figures (*coordinated omission*). It tells how fast the service can go. In an *open*
//! loop requests are due at moments that are set beforehand, and latency counts from that moment, whenever the request
//! could be sent. It tells what callers see who do not wait for each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use prost::bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

use super::tally::{Figures, Recorder, Shared};
use crate::server::clock;
use crate::server::grpc::floor::{ECHO, READY, Raw};

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// The floor of bytes.
    Echo,
    /// The floor of messages.
    Ready,
    /// A price.
    Quote,
    /// A price, on a stream of them.
    QuoteStream,
}

impl Method {
    /// As the tables call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Echo => "echo",
            Method::Ready => "ready",
            Method::Quote => "quote",
            Method::QuoteStream => "quote stream",
        }
    }

    fn path(self) -> PathAndQuery {
        PathAndQuery::from_static(match self {
            Method::Echo => ECHO,
            Method::Ready => READY,
            Method::Quote => "/pricewright.v1.PricingService/Quote",
            Method::QuoteStream => "/pricewright.v1.PricingService/QuoteStream",
        })
    }
}

/// A load of one kind, to be put on for some time.
#[derive(Debug, Clone)]
pub struct Load {
    /// Connections.
    pub channels: Vec<Channel>,
    /// Requests at once on each.
    pub streams: u32,
    /// Requests due in a second, in an open loop.
    pub rate: Option<u32>,
    /// What is called.
    pub method: Method,
    /// What is asked, around and around.
    pub asked: Arc<Vec<Bytes>>,
}

/// Opens connections.
///
/// # Errors
/// Nobody answers, or this is no address.
pub async fn connect(uri: &str, connections: u32) -> Result<Vec<Channel>> {
    let endpoint = Endpoint::from_shared(uri.to_owned()).with_context(|| format!("`{uri}` is no address"))?;
    let mut channels = Vec::new();
    for _ in 0..connections {
        channels.push(endpoint.connect().await.with_context(|| format!("cannot connect to `{uri}`"))?);
    }
    Ok(channels)
}

/// One call.
///
/// # Errors
/// The server refuses.
pub async fn call(channel: &Channel, method: Method, asked: Bytes) -> Result<Bytes, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    Ok(client.unary(Request::new(asked), method.path(), Raw).await?.into_inner())
}

impl Load {
    /// Puts the load on for `time`.
    ///
    /// # Errors
    /// A connection breaks, or a task fails.
    pub async fn run(&self, time: Duration) -> Result<Figures> {
        let begun = clock::steady();
        let round = Arc::new(Round {
            latencies: Shared::new()?,
            lateness: Shared::new()?,
            refused: AtomicU64::new(0),
            next: AtomicUsize::new(0),
            begun,
            ends: begun + time,
            pace: self.rate.map(|rate| Pace::new(rate, time)),
            asked: Arc::clone(&self.asked),
            method: self.method,
        });
        let tasks = self.channels.iter().flat_map(|channel| {
            (0..self.streams).map(|_| tokio::spawn(Arc::clone(&round).work(channel.clone())))
        });
        let tasks: Vec<_> = tasks.collect();
        let pacer = round.pace.is_some().then(|| {
            let (round, streams) = (Arc::clone(&round), tasks.len());
            thread::spawn(move || round.give_the_pace(streams))
        });
        for task in tasks {
            task.await.context("a task of the load has failed")??;
        }
        let elapsed = begun.elapsed();
        if let Some(pacer) = pacer {
            pacer.join().map_err(|_| anyhow!("the pacer of the load has failed"))?;
        }
        let round = Arc::into_inner(round).context("a task of the load still runs")?;
        let lateness = round.lateness.take();
        Ok(Figures {
            refused: round.refused.into_inner(),
            sent_late: round.pace.is_some().then(|| lateness.value_at_quantile(0.99)),
            ..Figures::of(&round.latencies.take(), elapsed)
        })
    }
}

/// When requests are due.
#[derive(Debug)]
struct Pace {
    rate: u32,
    count: usize,
    due: Semaphore,
}

impl Pace {
    fn new(rate: u32, time: Duration) -> Self {
        let count = u128::from(rate) * time.as_nanos() / 1_000_000_000;
        Pace { rate, count: usize::try_from(count.max(1)).unwrap_or(usize::MAX), due: Semaphore::new(0) }
    }

    fn after(&self, number: usize) -> Duration {
        let nanos = u128::try_from(number).unwrap_or(u128::MAX).saturating_mul(1_000_000_000);
        Duration::from_nanos(u64::try_from(nanos / u128::from(self.rate.max(1))).unwrap_or(u64::MAX))
    }
}

/// What the tasks of one round share.
#[derive(Debug)]
struct Round {
    latencies: Shared,
    lateness: Shared,
    refused: AtomicU64,
    next: AtomicUsize,
    begun: Instant,
    ends: Instant,
    pace: Option<Pace>,
    asked: Arc<Vec<Bytes>>,
    method: Method,
}

impl Round {
    /// Lets each request go when it is due. A thread of its own: the timer of the runtime is in whole milliseconds.
    fn give_the_pace(&self, streams: usize) {
        let Some(pace) = &self.pace else { return };
        for number in 0..pace.count {
            let wait = (self.begun + pace.after(number)).saturating_duration_since(clock::steady());
            if !wait.is_zero() {
                thread::sleep(wait);
            }
            pace.due.add_permits(1);
        }
        // Every stream that still waits finds that nothing is left.
        pace.due.add_permits(streams);
    }

    /// The next request and the moment from which its latency counts; nothing at the end.
    async fn next(&self, late: &mut Recorder<'_>) -> Option<(Bytes, Instant)> {
        let from = match &self.pace {
            None => Some(clock::steady()).filter(|now| *now < self.ends),
            Some(pace) => pace.due.acquire().await.ok().map(|due| {
                due.forget();
                self.begun
            }),
        }?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let asked = self.asked.get(number.checked_rem(self.asked.len())?)?.clone();
        let Some(pace) = &self.pace else { return Some((asked, from)) };
        if number >= pace.count {
            return None;
        }
        let due = from + pace.after(number);
        late.record(clock::steady().saturating_duration_since(due));
        Some((asked, due))
    }

    async fn work(self: Arc<Self>, channel: Channel) -> Result<()> {
        let (mut latencies, mut late) = (Recorder::new(&self.latencies), Recorder::new(&self.lateness));
        if self.method == Method::QuoteStream {
            let mut stream = Conversation::open(channel).await?;
            while let Some((asked, from)) = self.next(&mut late).await {
                stream.ask(asked).await?;
                latencies.record(from.elapsed());
            }
            return Ok(());
        }
        while let Some((asked, from)) = self.next(&mut late).await {
            match call(&channel, self.method, asked).await {
                Ok(_) => latencies.record(from.elapsed()),
                Err(_) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }
}

/// A `QuoteStream` on which one request waits for its answer before the next.
struct Conversation {
    sender: mpsc::Sender<Bytes>,
    answers: Streaming<Bytes>,
}

impl Conversation {
    async fn open(channel: Channel) -> Result<Self> {
        let (sender, requests) = mpsc::channel(1);
        let mut client = Grpc::new(channel);
        client.ready().await?;
        let requests = Request::new(ReceiverStream::new(requests));
        let answers = client.streaming(requests, Method::QuoteStream.path(), Raw).await?.into_inner();
        Ok(Conversation { sender, answers })
    }

    async fn ask(&mut self, asked: Bytes) -> Result<()> {
        self.sender.send(asked).await.context("the stream has ended")?;
        self.answers.message().await?.context("the stream has ended")?;
        Ok(())
    }
}
