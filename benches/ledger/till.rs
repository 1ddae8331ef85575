//! Tills: each reserves a purchase and pays it, one after another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pricewright::cli::bench::tally::{Figures, Latency, Recorder, Shared};
use pricewright::server::clock;
use pricewright::server::wire;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::Outcome;

/// What the basket costs with its code.
const WITH_CODE: i64 = 9_000;

/// What was measured.
pub(crate) struct Tally {
    paid: u64,
    nanos: u64,
    pub(crate) reserve: Latency,
    pub(crate) commit: Latency,
}

impl Tally {
    /// Purchases that were paid for good, a second.
    pub(crate) fn per_second(&self) -> u64 {
        let paid = u128::from(self.paid) * 1_000_000_000 / u128::from(self.nanos.max(1));
        u64::try_from(paid).unwrap_or(u64::MAX)
    }
}

/// What all tills share.
pub(crate) struct Tills {
    channels: Vec<Channel>,
    ids: Arc<AtomicU64>,
    codes: Vec<String>,
    next: AtomicUsize,
    reserve: Shared,
    commit: Shared,
}

impl Tills {
    pub(crate) fn new(channels: Vec<Channel>, ids: Arc<AtomicU64>, codes: Vec<String>) -> Outcome<Arc<Self>> {
        let (reserve, commit) = (Shared::new()?, Shared::new()?);
        Ok(Arc::new(Tills { channels, ids, codes, next: AtomicUsize::new(0), reserve, commit }))
    }

    /// Sells for `time`.
    pub(crate) async fn sell(self: Arc<Self>, callers: usize, time: Duration) -> Outcome<Tally> {
        let begun = clock::steady();
        let tasks: Vec<_> =
            (0..callers).map(|till| tokio::spawn(Arc::clone(&self).work(till, begun + time))).collect();
        for task in tasks {
            task.await??;
        }
        let elapsed = begun.elapsed();
        let tills = Arc::into_inner(self).ok_or("a till still sells")?;
        let reserve = Figures::of(&tills.reserve.take(), elapsed);
        let commit = Figures::of(&tills.commit.take(), elapsed);
        Ok(Tally {
            paid: commit.answered,
            nanos: commit.elapsed,
            reserve: reserve.latency,
            commit: commit.latency,
        })
    }

    async fn work(self: Arc<Self>, till: usize, ends: Instant) -> Result<(), Status> {
        let mut client = self.client(till)?;
        let (mut reserve, mut commit) = (Recorder::new(&self.reserve), Recorder::new(&self.commit));
        loop {
            let begun = clock::steady();
            if begun >= ends {
                return Ok(());
            }
            let held = client.reserve(self.reservation()?).await?.into_inner();
            let reserved = clock::steady();
            let request_id = request_id(&self.ids);
            let pay = wire::CommitRequest { request_id, sale_id: held.id, ..wire::CommitRequest::default() };
            client.commit(pay).await?;
            reserve.record(reserved.duration_since(begun));
            commit.record(reserved.elapsed());
        }
    }

    /// All at once: attempts, and how many got the price.
    pub(crate) async fn race(self: Arc<Self>, callers: usize, each: u32) -> Outcome<(u32, u32)> {
        let tasks: Vec<_> =
            (0..callers).map(|till| tokio::spawn(Arc::clone(&self).run(till, each))).collect();
        let (mut tried, mut got) = (0, 0);
        for task in tasks {
            got += task.await??;
            tried += each;
        }
        Ok((tried, got))
    }

    async fn run(self: Arc<Self>, till: usize, each: u32) -> Result<u32, Status> {
        let mut client = self.client(till)?;
        let mut got = 0;
        for _ in 0..each {
            match client.reserve(self.reservation()?).await {
                Ok(_) => got += 1,
                // The limit was reached: the basket costs more than was said.
                Err(status) if status.code() == Code::FailedPrecondition => {}
                Err(status) => return Err(status),
            }
        }
        Ok(got)
    }

    fn client(&self, till: usize) -> Result<RedemptionServiceClient<Channel>, Status> {
        let place = till.checked_rem(self.channels.len()).unwrap_or_default();
        let channel = self.channels.get(place).ok_or_else(|| Status::internal("no connection"))?;
        Ok(RedemptionServiceClient::new(channel.clone()))
    }

    /// A basket of 100.00 with the next code, for 90.00.
    fn reservation(&self) -> Result<wire::ReserveRequest, Status> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let place = number.checked_rem(self.codes.len()).unwrap_or_default();
        let code = self.codes.get(place).ok_or_else(|| Status::internal("no code"))?;
        let line = wire::Line {
            id: "1".to_owned(),
            sku: "CREAM".to_owned(),
            quantity: 1,
            unit_price: Some(10_000),
            ..wire::Line::default()
        };
        let quote_request = wire::QuoteRequest {
            basket: Some(wire::Basket { lines: vec![line], ..wire::Basket::default() }),
            context: Some(wire::Context { codes: vec![code.clone()], ..wire::Context::default() }),
            explain: false,
        };
        Ok(wire::ReserveRequest {
            request_id: request_id(&self.ids),
            quote_request: Some(quote_request),
            expected_total: Some(WITH_CODE),
            ..wire::ReserveRequest::default()
        })
    }
}

/// The next id of a call.
pub(crate) fn request_id(ids: &AtomicU64) -> String {
    format!("0197c5a4-0000-7cc2-8f3a-{:012x}", ids.fetch_add(1, Ordering::Relaxed))
}
