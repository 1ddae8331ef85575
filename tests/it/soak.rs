//! Services at work for a long time, to which everything happens in turn: `kill -9`, a full disk, broken rules, a clock that steps, a
//! database that is gone. Two have a journal of their own and two share a PostgreSQL. What was answered is so at the end, nothing is
//! doubled, each service is back soon, and the memory of those that are never killed does not grow beyond their caches.
//!
//! `SOAK_SECONDS=1800 cargo test --release --test it soak -- --nocapture` for half an hour with a fault a minute; `SOAK_SEED` for another
//! one; `SOAK_METRICS=9464` for metrics on ports from that number on; `PRICEWRIGHT_BINARY` for another binary of the same source.

mod service;
mod load;
mod memory;
mod faults;
mod books;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pricewright::server::clock;

use books::{Books, Ledger};
use faults::{CALM, FAULTS, Fault, Field, KILLED, Over, STEADY};
use load::{Load, TILLS};
use memory::{Grown, Memory};
use service::Service;

use crate::faults::dice::{Dice, number};
use crate::faults::shop::{Shop, disk, memory};
use crate::postgres::cluster::{Cluster, Options};

const SECONDS: u64 = 45;
/// So many faults in a long run; a short one has them closer together, and still room for each to be over.
const FAULTS_MAX: u64 = 30;
const GAP_SECONDS_MIN: u64 = 4;
/// A run that is long enough to see memory grow: a shorter one sees caches fill.
const LONG_SECONDS: u64 = 1_200;
/// More growth of a node than that is a leak: it keeps nothing of the ledger in memory. Half an hour of tills at two nodes makes some 20 000
/// purchases of a few kilobytes each: were they kept, it would be 2 000 KiB a minute and more.
const NODE_KIB_PER_MINUTE_MAX: i128 = 512;
/// What has a journal of its own fills the cache of its index for as long as that has room. A service that was given 230 000 purchases in ten
/// minutes was at 275 MiB after 80 000, and between that and 306 from then on: 95 of a start, and 128 of cache with what it takes to keep it.
const ALONE_KIB_MAX: i128 = 400 << 10;

/// All services, at work.
async fn open(seed: u64, gap: Duration) -> (Field, String) {
    let cluster = Cluster::own(Options { fsync: true, ..Options::default() });
    let url = cluster.create("soak");
    let shops = [Shop::new(&disk()), Shop::new(&memory()), Shop::new(&memory()), Shop::new(&memory())];
    // Both nodes have the keys of the first.
    let keys = shops[STEADY].home().join("keys.toml").display().to_string();
    let shared = [("PRICEWRIGHT_STORE", url.clone()), ("PRICEWRIGHT_SECRETS", keys)];
    let first_port = number("SOAK_METRICS", 0);
    let mut services = Vec::new();
    for (place, shop) in shops.into_iter().enumerate() {
        let name = ["killed", "calm", "steady node", "killed node"][place];
        let port = if first_port == 0 { 0 } else { first_port + u64::try_from(place).unwrap() };
        let store = if [KILLED, CALM].contains(&place) { &[][..] } else { &shared[..] };
        services.push(Service::start(name, shop, u16::try_from(port).unwrap(), store).await);
    }
    (Field { services, cluster, dice: Dice::new(seed), longest: gap * 2 / 3, count: 0 }, url)
}

/// One fault after the other until the time is over, and each kind at least once.
async fn strike(field: &mut Field, load: &Load, time: Duration, gap: Duration) -> Vec<Over> {
    let (begun, mut over) = (clock::steady(), Vec::new());
    let mut round = Vec::new();
    while begun.elapsed() < time || over.len() < FAULTS.len() {
        let next = gap * u32::try_from(over.len() + 1).unwrap();
        tokio::time::sleep(next.saturating_sub(begun.elapsed())).await;
        if begun.elapsed() >= time && over.len() >= FAULTS.len() {
            break;
        }
        if round.is_empty() {
            round = field.round();
        }
        let fault = round.pop().expect("a round has faults");
        over.push(field.strike(fault, load).await);
        println!("{:>5} s: {:?}", begun.elapsed().as_secs(), over.last().expect("it is over"));
    }
    over
}

/// Ends all, and looks into the ledgers: the purchases of each service under its own name.
async fn close(field: Field, mut load: Load, url: &str) -> (Books, Cluster) {
    let mut tills = load.end().await.into_iter();
    let Field { services, cluster, .. } = field;
    let mut services = services.into_iter();
    let mut books = Books::default();
    // In the order of the list: the two that are alone, and the nodes together.
    for _ in [KILLED, CALM] {
        let (service, tills) = (services.next().unwrap(), tills.next().unwrap());
        books.close(vec![service], vec![tills], Ledger::Own).await;
    }
    books.close(services.collect(), tills.collect(), Ledger::Shared(url.to_owned())).await;
    (books, cluster)
}

/// The memory of each service. Of one that was killed only the last process is left, and that is too young for a slope.
fn told(grown: &BTreeMap<&str, Grown>) -> String {
    let one = |(name, grown): (&&str, &Grown)| {
        let Grown { first_kib, last_kib, kib_per_minute } = grown;
        let slope =
            if name.starts_with("killed") { String::new() } else { format!(", {kib_per_minute} a minute") };
        format!("{name} {first_kib} to {last_kib} KiB{slope}")
    };
    grown.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn whatever_happens_nothing_is_lost_and_all_come_back() {
    let _noise = crate::running::NOISE.read().await;
    let (seconds, seed) = (number("SOAK_SECONDS", SECONDS), number("SOAK_SEED", 1));
    let (time, gap) =
        (Duration::from_secs(seconds), Duration::from_secs((seconds / FAULTS_MAX).max(GAP_SECONDS_MIN)));
    let (mut field, url) = open(seed, gap).await;
    let memories: Vec<_> =
        field.services.iter().map(|service| (service.name, Memory::watch(service, gap / 20))).collect();
    let load = Load::begin(&field.services, seed);
    let over = strike(&mut field, &load, time, gap).await;
    let counts = std::sync::Arc::clone(&load.counts);
    let grown: BTreeMap<_, _> = memories.into_iter().map(|(name, memory)| (name, memory.end())).collect();
    let (books, _cluster) = close(field, load, &url).await;

    let count = |of: Fault| over.iter().filter(|over| over.fault == of).count();
    let slowest = over.iter().max_by_key(|over| over.back).expect("there were faults");
    let read = |of: &AtomicU64| of.load(Ordering::Relaxed);
    println!(
        "{seconds} s under {} tills at 4 services: {} calls, {} acknowledged ({} sales, {} of them paid with one of {} certificates), {} without \
         an answer and asked again, all asked again at the end ({}); {} faults: killed {}, disk full {}, rules broken {}, clock stepped {}, \
         database gone {}; lost {}, doubled {}, wrong {}; {} quotes, {} missed while their service was down, {} failed, the slowest {} ms; the \
         slowest return {} ms ({:?} of {}); memory: {}",
        4 * TILLS,
        read(&counts.calls),
        books.answers,
        books.sales,
        books.paid,
        books.certificates,
        read(&counts.unanswered),
        books.again,
        over.len(),
        count(Fault::Killed),
        count(Fault::DiskFull),
        count(Fault::RulesBroken),
        count(Fault::ClockStepped),
        count(Fault::DatabaseGone),
        books.lost.len(),
        books.doubled.len(),
        books.wrong.len(),
        read(&counts.quotes),
        read(&counts.quotes_missed),
        read(&counts.quotes_failed),
        read(&counts.quote_ms_max),
        slowest.back.as_millis(),
        slowest.fault,
        slowest.service,
        told(&grown),
    );
    let nothing = Vec::<String>::new();
    assert_eq!((books.lost, books.doubled, books.wrong), (nothing.clone(), nothing.clone(), nothing));
    assert_eq!(read(&counts.quotes_failed), 0, "quotes have failed at a service that was up");
    assert!(books.answers > 100 && books.paid > 0, "the tills had nothing to do");
    assert!(read(&counts.unanswered) > 0, "nobody was in the middle of a call");
    if seconds >= LONG_SECONDS {
        let (node, alone) = (grown["steady node"].kib_per_minute, grown["calm"].last_kib);
        assert!(node < NODE_KIB_PER_MINUTE_MAX, "the memory of a node grows: {node} KiB a minute");
        assert!(alone < ALONE_KIB_MAX, "more than the cache of the index has grown: {alone} KiB");
    }
}
