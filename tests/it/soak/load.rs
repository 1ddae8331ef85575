//! What customers do meanwhile: tills that ask until they are answered, and quotes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pricewright::server::clock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::service::{Life, Service, a_basket};
use crate::faults::dice::Dice;
use crate::faults::till::Till;

/// Tills of each service.
pub(super) const TILLS: u64 = 6;
/// Milliseconds between two calls of a till: about thirty calls a second at a service, as a large shop has at Christmas, so that half an
/// hour can be asked again in a few minutes.
const PAUSE_MS: u64 = 300;
/// Before a call is asked again.
const AGAIN: Duration = Duration::from_millis(50);
/// Between two quotes.
const QUOTE: Duration = Duration::from_millis(50);

/// What is counted of all of it.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Calls of tills, each try for itself.
    pub(super) calls: AtomicU64,
    /// Those that had no answer, and were asked again with the same id.
    pub(super) unanswered: AtomicU64,
    pub(super) quotes: AtomicU64,
    /// Quotes that had no answer, of a service that has to give one.
    pub(super) quotes_failed: AtomicU64,
    /// Quotes that had no answer while the service was down.
    pub(super) quotes_missed: AtomicU64,
    pub(super) quote_ms_max: AtomicU64,
}

/// All who ask, at all services.
pub(super) struct Load {
    pub(super) counts: Arc<Counts>,
    is_over: Arc<AtomicBool>,
    is_hurried: Arc<AtomicBool>,
    tills: Vec<Vec<JoinHandle<Till>>>,
    quotes: Vec<JoinHandle<()>>,
}

fn add(to: &AtomicU64) {
    to.fetch_add(1, Ordering::Relaxed);
}

impl Load {
    /// Lets everybody begin.
    pub(super) fn begin(services: &[Service], seed: u64) -> Self {
        let mut load = Load {
            counts: Arc::default(),
            is_over: Arc::default(),
            is_hurried: Arc::default(),
            tills: Vec::new(),
            quotes: Vec::new(),
        };
        let mut name = 0;
        for service in services {
            let mut tills = Vec::new();
            for _ in 0..TILLS {
                tills.push(load.till(Till::new("soak", name, seed), Dice::new(seed + name), service.lives()));
                name += 1;
            }
            load.tills.push(tills);
            load.quotes.push(load.quote(service.lives(), service.is_up()));
        }
        load
    }

    fn till(&self, mut till: Till, mut dice: Dice, lives: watch::Receiver<Life>) -> JoinHandle<Till> {
        let counts = Arc::clone(&self.counts);
        let (is_over, is_hurried) = (Arc::clone(&self.is_over), Arc::clone(&self.is_hurried));
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let client = lives.borrow().client.clone();
                till.work(client, 1, &|| 0).await;
                add(&counts.calls);
                if till.waiting.is_some() {
                    add(&counts.unanswered);
                    tokio::time::sleep(AGAIN).await;
                } else if !is_hurried.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(dice.below(2 * PAUSE_MS))).await;
                }
            }
            till
        })
    }

    fn quote(&self, lives: watch::Receiver<Life>, is_up: Arc<AtomicBool>) -> JoinHandle<()> {
        let (counts, is_over) = (Arc::clone(&self.counts), Arc::clone(&self.is_over));
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let (life, was_up) = (lives.borrow().clone(), is_up.load(Ordering::SeqCst));
                let begun = clock::steady();
                let answer = life.pricing.clone().quote(a_basket()).await;
                let millis = u64::try_from(begun.elapsed().as_millis()).unwrap();
                let is_same = lives.borrow().process == life.process;
                match answer {
                    Ok(_) => {
                        add(&counts.quotes);
                        counts.quote_ms_max.fetch_max(millis, Ordering::Relaxed);
                    }
                    Err(_) if was_up && is_same && is_up.load(Ordering::SeqCst) => add(&counts.quotes_failed),
                    Err(_) => add(&counts.quotes_missed),
                }
                tokio::time::sleep(QUOTE).await;
            }
        })
    }

    /// Tills pause no more, so that what happens then happens in the middle of their calls; or they do again.
    pub(super) fn hurry(&self, is_hurried: bool) {
        self.is_hurried.store(is_hurried, Ordering::Relaxed);
    }

    /// Lets everybody end; the tills of each service.
    pub(super) async fn end(&mut self) -> Vec<Vec<Till>> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for tills in self.tills.drain(..) {
            let mut ended = Vec::new();
            for till in tills {
                ended.push(till.await.unwrap());
            }
            all.push(ended);
        }
        for quotes in self.quotes.drain(..) {
            quotes.await.unwrap();
        }
        all
    }
}
