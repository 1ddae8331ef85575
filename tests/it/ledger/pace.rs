//! How many purchases a second three nodes reserve and pay over one database with real syncs, beside what `pgbench` does on the same
//! server in the same run.
//!
//! `PACE_SECONDS=15 cargo test --release --test it ledger::pace -- --nocapture` measures.

use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pricewright::ledger::{
    Action, AddCodes, CodeKey, Command, Commit, Content, CounterKey, Limit, NewCode, RequestId, Reserve,
    Take, Terms,
};
use pricewright::promotion::OnRefund;
use pricewright::server::ledger::{Ledger, Options};
use pricewright::server::{clock, database};
use pricewright::time::Instant;

use super::table::{purchase, reserve};
use crate::postgres::cluster::{self, Cluster};
use crate::postgres::find::Places;

/// Seconds of a test run, of each.
const SECONDS: u64 = 1;
const NODES: usize = 3;
const TILLS: usize = 64;
const CODES: u64 = 10_000;

struct Shop {
    nodes: Vec<Ledger>,
    ids: AtomicU64,
}

impl Shop {
    fn command(&self, action: Action) -> Command {
        let mut bytes = [5; 16];
        bytes[..8].copy_from_slice(&self.ids.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let at = clock::now();
        Command { request: RequestId::from_bytes(bytes), content: Content("said".to_owned()), at, action }
    }

    async fn codes(&self) {
        for thousand in 0..CODES / 1_000 {
            let code = |number| NewCode { key: code(thousand * 1_000 + number), number: 0, terms: None };
            let terms = Terms {
                uses: None,
                from: None,
                until: None,
                birthday: None,
                customer: None,
                phone: None,
                pin: None,
            };
            let add = AddCodes { pool: "pool".to_owned(), codes: (0..1_000).map(code).collect(), terms };
            let command = self.command(Action::AddCodes(Box::new(add)));
            self.nodes[0].submit(command).await.unwrap().unwrap();
        }
    }

    /// One till: purchases one after another until the time is over; microseconds of each reservation.
    async fn till(&self, till: usize, codes: u64, until: std::time::Instant) -> Vec<u64> {
        let node = &self.nodes[till % self.nodes.len()];
        let mut dice = super::random::Dice(u64::try_from(till).unwrap() + 1);
        let mut took = Vec::new();
        while clock::steady() < until {
            let take = |counter| Take {
                promotion: "spring".to_owned(),
                counter,
                amount: 1,
                limit: Limit::Ever(u64::MAX),
                on_refund: OnRefund::Keep,
            };
            let takes = vec![
                take(CounterKey::Total("spring".to_owned())),
                take(CounterKey::Code(code(dice.below(codes)))),
            ];
            let expires_at = Instant::from_unix(clock::now().unix() + 900).unwrap();
            let bought = Reserve { takes, ..reserve(purchase(1_000), expires_at) };
            let command = self.command(Action::Reserve(Box::new(bought)));
            let (sale, begun) = (command.request.sale(), clock::steady());
            node.submit(command).await.unwrap().unwrap();
            took.push(u64::try_from(begun.elapsed().as_micros()).unwrap());
            let pay = self.command(Action::Commit(Box::new(Commit { sale, part: None })));
            node.submit(pay).await.unwrap().unwrap();
        }
        took
    }
}

fn code(number: u64) -> CodeKey {
    CodeKey(format!("code-{number}"))
}

/// Purchases a second, and how long reservations took.
async fn sell(shop: &Arc<Shop>, codes: u64, time: Duration) -> (u64, [u64; 2]) {
    let begun = clock::steady();
    let till = |till| {
        let shop = Arc::clone(shop);
        tokio::spawn(async move { shop.till(till, codes, begun + time).await })
    };
    let tills: Vec<_> = (0..TILLS).map(till).collect();
    let mut took = Vec::new();
    for till in tills {
        took.extend(till.await.unwrap());
    }
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap();
    took.sort_unstable();
    let at = |hundredths: usize| took[(took.len() - 1) * hundredths / 100];
    (u64::try_from(took.len()).unwrap() * 1_000 / millis, [at(50), at(99)])
}

/// Transactions a second of `pgbench`, its own kind: three updates, a look and an insertion each.
fn pgbench(url: &str, seconds: u64) -> Option<u64> {
    let programs = Places::here().programs()?;
    let run = |arguments: &[&str]| {
        let output = Process::new(programs.join("pgbench")).args(arguments).arg(url).output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).ok()
    };
    run(&["-i", "-q", "-s", "64"])?;
    let tills = TILLS.to_string();
    let told = run(&["-n", "-M", "prepared", "-c", &tills, "-j", "2", "-T", &seconds.to_string()])?;
    let line = told.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split('.').next()?.parse().ok()
}

#[test]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
fn a_hot_code_is_as_fast_as_ten_thousand() {
    let _noise = crate::running::NOISE.blocking_read();
    let seconds = std::env::var("PACE_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let cluster = Cluster::own(cluster::Options { fsync: true, ..cluster::Options::default() });
    let floor = (seconds > SECONDS).then(|| pgbench(&cluster.create("bench"), seconds)).flatten();
    let url = cluster.create("chain");
    let open = |_| {
        let shared = database::Shared::open(&url.parse().unwrap()).unwrap();
        Ledger::open(&Options::Shared(shared)).unwrap()
    };
    let shop = Arc::new(Shop { nodes: (0..NODES).map(open).collect(), ids: AtomicU64::new(1) });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let time = Duration::from_secs(seconds);
    let (hot, many) = runtime.block_on(async {
        shop.codes().await;
        (sell(&shop, 1, time).await, sell(&shop, CODES, time).await)
    });
    println!("{TILLS} tills at {NODES} nodes, {seconds} s each; pgbench: {floor:?} transactions a second");
    for (name, (rate, [half, most])) in [("one hot code", hot), ("10,000 codes", many)] {
        let ratio = floor.map(|floor| format!(", {} calls to 100 of its transactions", rate * 200 / floor));
        println!(
            "{name}: {rate} purchases a second, {} calls{}; reservations p50 {half} µs, p99 {most} µs",
            rate * 2,
            ratio.unwrap_or_default()
        );
    }
    let kept = shop.nodes[0].index().counters().unwrap();
    let given: u64 =
        kept.iter().filter(|(key, _)| matches!(key, CounterKey::Total(_))).map(|(_, one)| one.kept).sum();
    let of_codes: u64 =
        kept.iter().filter(|(key, _)| matches!(key, CounterKey::Code(_))).map(|(_, one)| one.kept).sum();
    assert_eq!(given, of_codes);
    assert!(given > 0 && hot.0 * 4 > many.0, "a hot code holds everybody up: {hot:?}, {many:?}");
}
