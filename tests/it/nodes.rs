//! Whole services over one database: prices go on without it, and say how old what they know is.
//!
//! `QUOTE_SECONDS=20 cargo test --release --test it nodes:: -- --nocapture` measures.

mod published;

use std::time::Duration;

use pricewright::server::clock;
use pricewright::server::config::{Options, Store};
use pricewright::server::wire;
use pricewright::server::wire::code_result::Status as Fate;
use tonic::Code;
use tonic_types::StatusExt;

use crate::postgres::cluster::{self, Cluster};
use crate::running::{Folders, Running, basket};

const RULES: &str = "
promotions:
  - {id: spring, when: {code: SPRING}, give: {percent: 10}, limits: {total: 2}}
  - {id: pool, when: {code: {pool: march}}, give: {percent: 20}}
";

/// Seconds of quotes of a test run, with the database and without it.
const SECONDS: u64 = 1;
const CALLERS: usize = 8;

/// A node of that database, with folders of its own, where there are `rules` or none, and the keys of the first.
async fn node(url: &str, keys: &std::path::Path, rules: &str) -> (Folders, Running) {
    let folders = Folders::new();
    if !rules.is_empty() {
        folders.put("rules.yaml", rules);
    }
    let store: Store = url.parse().unwrap();
    let options = Options { store: Some(store.into()), secrets: Some(keys.to_owned()), ..Options::default() };
    let running = folders.serve(options).await;
    running.server.ready().await.unwrap();
    (folders, running)
}

fn with_code(code: &str) -> wire::QuoteRequest {
    let mut asked = basket(1, 10_000);
    asked.context = Some(wire::Context { codes: vec![code.to_owned()], ..wire::Context::default() });
    asked
}

fn reserve(number: u32, code: &str) -> wire::ReserveRequest {
    wire::ReserveRequest {
        request_id: format!("0197c5a4-0000-7cc2-8f3a-{number:012x}"),
        quote_request: Some(with_code(code)),
        ..wire::ReserveRequest::default()
    }
}

/// Quotes a second of some callers at once, and microseconds of the slowest in a hundred.
async fn quotes(running: &Running, time: Duration) -> (u64, u64) {
    let channel = running.channel().await;
    let begun = clock::steady();
    let caller = |_| {
        let mut pricing = wire::pricing_service_client::PricingServiceClient::new(channel.clone());
        tokio::spawn(async move {
            let mut took = Vec::new();
            while begun.elapsed() < time {
                let asked = clock::steady();
                pricing.quote(with_code("SPRING")).await.unwrap();
                took.push(u64::try_from(asked.elapsed().as_micros()).unwrap());
            }
            took
        })
    };
    let callers: Vec<_> = (0..CALLERS).map(caller).collect();
    let mut took = Vec::new();
    for caller in callers {
        took.extend(caller.await.unwrap());
    }
    took.sort_unstable();
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap();
    (u64::try_from(took.len()).unwrap() * 1_000 / millis, took[(took.len() - 1) * 99 / 100])
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn prices_go_on_without_the_database_and_promises_wait_for_it() {
    let _noise = crate::running::NOISE.read().await;
    let seconds = std::env::var("QUOTE_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let cluster = Cluster::own(cluster::Options { fsync: true, ..cluster::Options::default() });
    let url = cluster.create("chain");
    let home = tempfile::tempdir().unwrap();
    let keys = home.path().join("keys.toml");
    let (_first_home, first) = node(&url, &keys, RULES).await;
    let (_second_home, second) = node(&url, &keys, "").await;
    let (mut pricing, mut till) = (first.pricing().await, first.redemption().await);

    // What one node gives, the other knows within a second; a code that one makes, the other prices.
    let asked = wire::GenerateCodesRequest {
        request_id: "0197c5a4-0000-7cc2-8f3a-000000000900".to_owned(),
        pool: "march".to_owned(),
        count: 1,
        terms: Some(wire::CodeTerms { uses_max: Some(5), ..wire::CodeTerms::default() }),
        ..wire::GenerateCodesRequest::default()
    };
    let mut made = first.codes().await.generate(asked).await.unwrap().into_inner();
    let mut codes = Vec::new();
    while let Some(more) = made.message().await.unwrap() {
        codes.extend(more.codes);
    }
    let code = codes[0].as_str();
    assert_eq!(second.pricing().await.quote(with_code(code)).await.unwrap().into_inner().total, 8_000);
    for number in 0..2 {
        let sale = till.reserve(reserve(number, "SPRING")).await.unwrap().into_inner();
        assert_eq!(sale.total, 9_000);
    }
    let begun = clock::steady();
    while second.pricing().await.quote(with_code("SPRING")).await.unwrap().into_inner().total != 10_000 {
        assert!(begun.elapsed() < Duration::from_secs(5), "the other node does not hear of it");
    }
    let heard = begun.elapsed();

    let time = Duration::from_secs(seconds);
    let _ = quotes(&first, time / 2).await;
    let with = quotes(&first, time).await;
    cluster.stop_immediate();
    // It is noticed by what is asked for by itself.
    let begun = clock::steady();
    let refused = loop {
        let refused = till.reserve(reserve(77, "SPRING")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
        let asked = clock::steady();
        let again = till.reserve(reserve(77, "SPRING")).await.unwrap_err();
        let took = asked.elapsed();
        if took < Duration::from_millis(100) {
            break again;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not fail fast: {took:?}");
    };
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "LEDGER_UNAVAILABLE");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    let without = quotes(&first, time).await;
    println!(
        "{CALLERS} callers, {seconds} s each: with the database {} quotes a second, p99 {} µs; without it {} and {} µs; a limit that was \
         reached at one node was known at the other after {} ms",
        with.0,
        with.1,
        without.0,
        without.1,
        heard.as_millis()
    );

    // The same within noise: other tests may run beside it.
    assert!(without.0 * 3 > with.0 && without.1 < 3 * with.1 + 50_000, "{with:?}, {without:?}");
    let mut health = tonic_health::pb::health_client::HealthClient::new(first.channel().await);
    let mut serves = async |service: &str| {
        let asked = tonic_health::pb::HealthCheckRequest { service: service.to_owned() };
        health.check(asked).await.unwrap().into_inner().status
    };
    let (serving, not_serving) = (1, 2);
    let begun = clock::steady();
    while serves("pricewright.v1.RedemptionService").await != not_serving {
        assert!(begun.elapsed() < Duration::from_secs(10), "health does not say so");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(serves("").await, serving);
    assert_eq!(serves("pricewright.v1.PricingService").await, serving);
    let begun = clock::steady();
    let old = loop {
        let quote = pricing.quote(with_code(code)).await.unwrap().into_inner();
        assert_eq!((quote.total, quote.codes[0].status()), (10_000, Fate::Unchecked));
        if quote.limits_age.is_some() {
            break quote;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "the quote does not say how old its limits are");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(old.limits_age.unwrap().seconds >= 2);

    cluster.start();
    let begun = clock::steady();
    let sale = loop {
        match till.reserve(reserve(78, code)).await {
            Ok(sale) => break sale.into_inner(),
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(sale.total, 8_000);
    let quote = pricing.quote(with_code(code)).await.unwrap().into_inner();
    assert_eq!((quote.total, quote.codes[0].status()), (8_000, Fate::Applied));
    first.server.shutdown().await.unwrap();
    second.server.shutdown().await.unwrap();
}
