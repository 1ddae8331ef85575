//! Three nodes over one database, and everything that can go: a node is killed, connections are cut, the database stops in the middle of
//! everything or stands still. What was answered is so at every node, and quotes go on.
//!
//! `NODE_ROUNDS=100 cargo test --release --test it faults::nodes -- --nocapture` for a long run; `CRASH_SEED` for another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pricewright::server::ledger::Ledger;
use pricewright::server::wire;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::{clock, database};
use tonic::Code;

use super::audit::audit_of;
use super::dice::{Dice, number};
use super::phones::differed;
use super::served::{Pricing, Served};
use super::shop::{Found, Shop, ask_again, compare_with_quotes, memory, work};
use super::till::{Till, basket};
use crate::postgres::cluster::{Cluster, Options};

const ROUNDS: u64 = 4;
const NODES: usize = 3;
const TILLS: u64 = 48;
/// Calls of a till in a round.
const CALLS: usize = 60;
/// Milliseconds of work before something happens, and behind it.
const LOAD_MS: std::ops::Range<u64> = 50..250;
/// An outage that takes longer to be over does not end by itself.
const BACK: Duration = Duration::from_secs(20);
/// How often a quote is asked for.
const QUOTE: Duration = Duration::from_millis(10);

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Fault {
    NodeKilled,
    ConnectionsCut,
    DatabaseStopped,
    DatabaseStandsStill,
}

const FAULTS: [Fault; 4] =
    [Fault::NodeKilled, Fault::ConnectionsCut, Fault::DatabaseStopped, Fault::DatabaseStandsStill];

struct Chain {
    shops: Vec<Shop>,
    nodes: Vec<Option<Served>>,
    cluster: Cluster,
    url: String,
}

impl Chain {
    async fn open() -> Self {
        // Its own, with syncs: what is acknowledged must outlive an immediate stop.
        let cluster = Cluster::own(Options { fsync: true, ..Options::default() });
        let url = cluster.create("chain");
        let shops: Vec<Shop> = (0..NODES).map(|_| Shop::new(&memory())).collect();
        let mut chain = Chain { shops, nodes: (0..NODES).map(|_| None).collect(), cluster, url };
        for node in 0..NODES {
            chain.start(node).await;
        }
        chain
    }

    /// All nodes have the keys of the first.
    async fn start(&mut self, node: usize) {
        let keys = self.shops[0].home().join("keys.toml");
        let variables =
            [("PRICEWRIGHT_STORE", self.url.clone()), ("PRICEWRIGHT_SECRETS", keys.display().to_string())];
        self.nodes[node] = Some(self.shops[node].serve(&variables).await.unwrap());
    }

    fn node(&self, node: usize) -> &Served {
        self.nodes[node].as_ref().expect("it runs")
    }

    /// Waits until a node asks the database again, and is answered; milliseconds.
    async fn back(&self, node: usize) -> u64 {
        let begun = clock::steady();
        let mut client = RedemptionServiceClient::new(self.node(node).channel());
        let sale_id = "0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10".to_owned();
        while begun.elapsed() < BACK {
            let asked = wire::GetSaleRequest { sale_id: sale_id.clone() };
            if client.get_sale(asked).await.is_err_and(|status| status.code() == Code::NotFound) {
                return millis(begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("node {node} does not come back: {}", self.node(node).told());
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

/// Quotes that somebody asks for all the time at one node: the longest that one has taken, and how many there were.
#[derive(Default)]
struct Quoted {
    is_over: AtomicBool,
    worst_ms: AtomicU64,
    count: AtomicU64,
    failed: AtomicU64,
}

async fn quote_on(mut pricing: Pricing, quoted: Arc<Quoted>) {
    while !quoted.is_over.load(Ordering::SeqCst) {
        let begun = clock::steady();
        let answer = pricing.quote(basket("CREAM", 1, 10_000, "SPRING20")).await;
        quoted.worst_ms.fetch_max(millis(begun.elapsed()), Ordering::SeqCst);
        quoted.count.fetch_add(1, Ordering::SeqCst);
        if answer.is_err() {
            quoted.failed.fetch_add(1, Ordering::SeqCst);
        }
        tokio::time::sleep(QUOTE).await;
    }
}

/// Does it, and what there is to be done about it: how long the database was away by our own doing.
async fn happen(chain: &mut Chain, fault: Fault, victim: Option<usize>, dice: &mut Dice) -> Duration {
    let begun = clock::steady();
    match fault {
        Fault::NodeKilled => {
            let node = victim.expect("somebody is killed");
            chain.nodes[node].take().expect("it runs").kill();
            chain.start(node).await;
        }
        Fault::ConnectionsCut => chain.cluster.cut_connections(),
        Fault::DatabaseStopped => {
            chain.cluster.stop_immediate();
            tokio::time::sleep(Duration::from_millis(dice.below(1_500))).await;
            chain.cluster.start();
        }
        Fault::DatabaseStandsStill => {
            chain.cluster.pause();
            tokio::time::sleep(Duration::from_millis(500 + dice.below(5_000))).await;
            chain.cluster.resume();
        }
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn what_was_answered_is_so_at_every_node_whatever_goes() {
    let _noise = crate::running::NOISE.read().await;
    let (rounds, seed) = (number("NODE_ROUNDS", ROUNDS), number("CRASH_SEED", 1));
    let mut dice = Dice::new(seed);
    let mut chain = Chain::open().await;
    let mut groups: Vec<Vec<Till>> = (0..NODES).map(|_| Vec::new()).collect();
    for name in 0..TILLS {
        groups[usize::try_from(name).unwrap() % NODES].push(Till::new("nodes", name, seed));
    }
    let mut all = Found::default();
    let (mut quote_ms, mut back_ms, mut quotes, mut failed) = (Vec::new(), Vec::new(), 0, 0);
    for round in 0..rounds {
        let fault = FAULTS[usize::try_from(round).unwrap() % FAULTS.len()];
        // A node that is not killed quotes all the time.
        let quoted: Vec<Arc<Quoted>> = (0..NODES).map(|_| Arc::default()).collect();
        let victim = matches!(fault, Fault::NodeKilled).then(|| dice.index(NODES));
        let asking: Vec<_> = (0..NODES)
            .filter(|node| victim != Some(*node))
            .map(|node| tokio::spawn(quote_on(chain.node(node).pricing(), Arc::clone(&quoted[node]))))
            .collect();
        let clients: Vec<_> = (0..NODES).map(|node| chain.node(node).client()).collect();
        let loads: Vec<_> = groups
            .drain(..)
            .zip(clients)
            .map(|(mut tills, client)| {
                tokio::spawn(async move {
                    work(&mut tills, &client, CALLS, None).await;
                    tills
                })
            })
            .collect();
        let pause = LOAD_MS.start + dice.below(LOAD_MS.end - LOAD_MS.start);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        happen(&mut chain, fault, victim, &mut dice).await;
        let begun = clock::steady();
        for node in 0..NODES {
            chain.back(node).await;
        }
        back_ms.push((millis(begun.elapsed()), fault));
        for load in loads {
            groups.push(load.await.unwrap());
        }
        quoted.iter().for_each(|quoted| quoted.is_over.store(true, Ordering::SeqCst));
        for task in asking {
            task.await.unwrap();
        }
        let load = |of: &AtomicU64| of.load(Ordering::SeqCst);
        let watched = quoted.iter().filter(|quoted| load(&quoted.count) > 0);
        quote_ms.extend(watched.map(|quoted| load(&quoted.worst_ms)));
        quotes += quoted.iter().map(|quoted| load(&quoted.count)).sum::<u64>();
        failed += quoted.iter().map(|quoted| load(&quoted.failed)).sum::<u64>();
        // Everybody asks again, at another node than before.
        groups.rotate_left(1);
        for (node, tills) in groups.iter_mut().enumerate() {
            all.add(ask_again(tills, &chain.node(node).client()).await);
        }
    }
    let mut tills: Vec<Till> = groups.into_iter().flatten().collect();
    // In the end everything is asked again that was ever answered, at one node; and what the others have in memory is the same.
    tills.iter_mut().for_each(|till| till.checked = 0);
    all.add(ask_again(&mut tills, &chain.node(0).client()).await);
    for node in 0..NODES {
        let begun = clock::steady();
        loop {
            let wrong = compare_with_quotes(&tills, chain.node(node).pricing()).await;
            if wrong.is_empty() {
                break;
            }
            assert!(begun.elapsed() < BACK, "node {node}: {wrong:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    for served in chain.nodes.iter_mut().filter_map(Option::take) {
        served.stop();
    }
    let shared = database::Shared::open(&chain.url.parse().unwrap()).unwrap();
    let ledger = Ledger::open(&pricewright::server::ledger::Options::Shared(shared)).unwrap();
    let audit = audit_of(&ledger, &tills);
    back_ms.sort_by_key(|(millis, _)| *millis);
    quote_ms.sort_unstable();
    let middle = |of: usize| of / 2;
    println!(
        "{rounds} faults under {TILLS} tills at {NODES} nodes: {} acknowledged, asked again {} times, {} without an answer, {} sales, {} \
         paid with one of {} certificates; lost {}, wrong {}; {quotes} quotes meanwhile, {failed} failed, the slowest of a round p50 {:?} \
         ms, worst {:?} ms; reservations back at all nodes p50 {:?}, worst {:?} after it was over",
        audit.answers,
        all.again,
        all.unknown,
        audit.sales,
        audit.paid,
        audit.certificates,
        all.lost.len(),
        audit.wrong.len(),
        quote_ms.get(middle(quote_ms.len())),
        quote_ms.last(),
        back_ms.get(middle(back_ms.len())),
        back_ms.last(),
    );
    assert_eq!((all.lost, audit.wrong), Default::default());
    assert_eq!(failed, 0, "quotes have failed");
    let calls = tills.iter().flat_map(|till| &till.kept).map(|kept| kept.asked.request_id());
    assert_eq!(calls.filter(|call| differed(call)).count(), 0, "two passwords of one call");
    assert!(audit.answers > 100, "the tills had nothing to do");
}
