//! Three nodes, many tills, one code: it is given as often as its limit says, whether the nodes have it whole or in parts.
//!
//! `CODE_ROUNDS=300 cargo test --release --test it ledger::nodes -- --nocapture` for a long run; `CODE_LIMIT=100` for one limit alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use pricewright::ledger::{
    Action, Command, Commit, Content, Counter, CounterKey, Limit, RequestId, Reserve, SaleId, Take,
};
use pricewright::promotion::OnRefund;
use pricewright::server::clock;
use pricewright::server::ledger::{Answer, Ledger};
use pricewright::time::Instant;

use super::engines::{said, shared};
use super::table::{purchase, reserve};
use crate::postgres::Database;

/// Rounds of a test run.
const ROUNDS: u64 = 3;
/// Tills of each round, at three nodes.
const TILLS: u64 = 64;
const NODES: usize = 3;
/// What is near its limit from the first, and what is in parts until it is near.
const LIMITS: [u64; 2] = [100, 1_300];

struct Shop {
    nodes: Vec<Ledger>,
    calls: AtomicU64,
    clock: Arc<AtomicI64>,
}

impl Shop {
    fn command(&self, action: Action) -> Command {
        let mut bytes = [9; 16];
        bytes[..8].copy_from_slice(&self.calls.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let at = Instant::from_unix(self.clock.load(Ordering::SeqCst)).unwrap();
        Command { request: RequestId::from_bytes(bytes), content: Content(String::new()), at, action }
    }

    /// One till: it buys with the code until it is refused `refusals_max` times in a row; now and then it calls off what it has. How many sales it has
    /// in the end.
    async fn till(&self, till: u64, counter: CounterKey, limit: u64) -> u64 {
        let (mut held, mut refused) = (Vec::<SaleId>::new(), 0);
        let mut dice = super::random::Dice(till * 7_919 + limit + 1);
        while refused < 3 {
            let node = &self.nodes[usize::try_from(dice.below(3)).unwrap()];
            if !held.is_empty() && dice.is_one_in(4) {
                let sale = held.swap_remove(0);
                let cancel = self.command(Action::Cancel(sale));
                assert_eq!(said(&ask(node, cancel).await), "cancelled");
                continue;
            }
            let take = Take {
                promotion: "spring".to_owned(),
                counter: counter.clone(),
                amount: 1,
                limit: Limit::Ever(limit),
                on_refund: OnRefund::Keep,
            };
            let until = Instant::from_unix(self.clock.load(Ordering::SeqCst) + 9_000).unwrap();
            let bought = Reserve { takes: vec![take], ..reserve(purchase(1_000), until) };
            let command = self.command(Action::Reserve(Box::new(bought)));
            let sale = command.request.sale();
            match said(&ask(node, command.clone()).await).as_str() {
                "reserved" => {
                    refused = 0;
                    held.push(sale);
                    // Asked again at another node: the same answer, and nothing twice.
                    if dice.is_one_in(5) {
                        let other = &self.nodes[usize::try_from(dice.below(3)).unwrap()];
                        assert_eq!(said(&ask(other, command).await), "reserved");
                    }
                    if dice.is_one_in(2) {
                        let commit = Commit { sale, part: None };
                        let commit = self.command(Action::Commit(Box::new(commit)));
                        assert_eq!(said(&ask(node, commit).await), "paid 1000");
                        held.pop();
                    }
                }
                refusal if refusal.starts_with("no: limit reached spring") => refused += 1,
                other => panic!("{other}"),
            }
        }
        u64::try_from(held.len()).unwrap()
    }

    /// What the node has in memory comes to what there is within a second or two.
    async fn settles(&self, counter: &CounterKey, expected: Counter) {
        let begun = clock::steady();
        for node in &self.nodes {
            while node.counters().get(counter) != expected {
                assert!(
                    begun.elapsed().as_secs() < 10,
                    "{:?} is not {expected:?}",
                    node.counters().get(counter)
                );
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            assert!(node.counters().age().unwrap().as_secs() < 5);
        }
    }
}

/// As a till asks: where a database that is starved does not answer in time, again with the same id.
async fn ask(node: &Ledger, command: Command) -> Answer {
    for _ in 0..200 {
        if let Some(answer) = node.submit(command.clone()).await {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the ledger does not answer");
}

#[test]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
fn a_limit_is_given_out_to_the_last_and_not_one_more() {
    let _noise = crate::running::NOISE.blocking_read();
    let rounds = std::env::var("CODE_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    let alone: Option<u64> = std::env::var("CODE_LIMIT").ok().map(|text| text.parse().unwrap());
    let database = Database::new();
    let clock = Arc::new(AtomicI64::new(1_000_000));
    let read = Arc::clone(&clock);
    let now = Arc::new(move || Instant::from_unix(read.load(Ordering::SeqCst)).unwrap());
    let open = |_| Ledger::open_at(&shared(&database), now.clone()).unwrap();
    let shop = Arc::new(Shop { nodes: (0..NODES).map(open).collect(), calls: AtomicU64::new(0), clock });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begun = clock::steady();
    runtime.block_on(async {
        for round in 0..rounds {
            for limit in LIMITS.into_iter().filter(|limit| alone.is_none_or(|alone| alone == *limit)) {
                let counter = CounterKey::Total(format!("spring-{limit}-{round}"));
                let till = |till| {
                    let (shop, counter) = (Arc::clone(&shop), counter.clone());
                    tokio::spawn(async move { shop.till(round * TILLS + till, counter, limit).await })
                };
                let tills: Vec<_> = (0..TILLS).map(till).collect();
                let mut held = 0;
                for till in tills {
                    held += till.await.unwrap();
                }
                let known = shop.nodes[0].index().counters().unwrap();
                let (_, kept) = known.into_iter().find(|(key, _)| *key == counter).unwrap();
                assert_eq!((kept.held, kept.given()), (held, limit), "round {round}");
                shop.settles(&counter, kept).await;
            }
        }
    });
    let calls = shop.calls.load(Ordering::Relaxed);
    let millis = begun.elapsed().as_millis();
    println!(
        "{rounds} rounds of {TILLS} tills at {NODES} nodes for limits of {LIMITS:?}: {calls} calls in {millis} ms, never over, never short"
    );
}
