//! A rulebook that is published at one of three nodes is in force at all of them, soon, and no price mixes two.
//!
//! `PUBLICATIONS=1000 cargo test --release --test it nodes::published -- --nocapture` measures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pricewright::server::clock;
use pricewright::server::wire;
use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use pricewright::server::wire::rulebook_service_client::RulebookServiceClient;
use tonic::transport::Channel;

use super::node;
use crate::postgres::Database;
use crate::running::{Folders, Running};

/// Publications of a test run.
const PUBLICATIONS: u32 = 12;
const NODES: usize = 3;
/// Each fifth puts an old one back.
const ROLLBACK: u32 = 5;

/// Two files that belong together: with one of each the total is none that any rulebook makes.
fn files(number: u32) -> Vec<wire::SourceFile> {
    let file = |name: &str, sku: &str, more: u32| {
        let (whole, cents) = ((number + more) / 100, (number + more) % 100);
        let text = format!(
            "promotions:\n  - {{id: {name}, on: {{skus: [{sku}]}}, give: {{amount: {whole}.{cents:02}}}}}\n"
        );
        wire::SourceFile { path: format!("{name}.yaml"), content: text.into() }
    };
    vec![file("one", "A", 1), file("two", "B", 1)]
}

/// What the basket costs under rulebook `number`.
fn total(number: u32) -> i64 {
    200_000 - 2 * i64::from(number + 1)
}

fn asked() -> wire::QuoteRequest {
    let line = |sku: &str| wire::Line {
        id: sku.to_owned(),
        sku: sku.to_owned(),
        quantity: 1,
        unit_price: Some(100_000),
        ..wire::Line::default()
    };
    let basket = wire::Basket { lines: vec![line("A"), line("B")], ..wire::Basket::default() };
    wire::QuoteRequest { basket: Some(basket), ..wire::QuoteRequest::default() }
}

/// Totals that were seen, by version.
type Seen = Arc<Mutex<BTreeMap<String, BTreeSet<i64>>>>;

async fn price_on(channel: Channel, seen: Seen, is_over: Arc<AtomicBool>) -> u64 {
    let mut pricing = PricingServiceClient::new(channel);
    let mut count = 0;
    while !is_over.load(Ordering::SeqCst) {
        let quote = pricing.quote(asked()).await.unwrap().into_inner();
        seen.lock().unwrap().entry(quote.rulebook_version).or_default().insert(quote.total);
        count += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    count
}

/// Publishes or puts back; the version that comes into force.
async fn publish(
    rulebooks: &mut RulebookServiceClient<Channel>,
    number: u32,
    back: Option<&String>,
) -> (String, u64) {
    let request_id = format!("0197c5a4-1111-7cc2-8f3a-{number:012x}");
    let (by, comment) = ("marketer".to_owned(), format!("number {number}"));
    let version = match back {
        Some(version) => {
            let version = version.clone();
            let asked = wire::RollbackRequest { version, by, comment, request_id, ..Default::default() };
            rulebooks.rollback(asked).await.unwrap().into_inner().version
        }
        None => {
            let asked =
                wire::PublishRequest { files: files(number), by, comment, request_id, ..Default::default() };
            rulebooks.publish(asked).await.unwrap().into_inner().version
        }
    };
    let version = version.expect("it is published");
    (version.version, version.number)
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn all_nodes_price_by_what_one_publishes() {
    let _noise = crate::running::NOISE.read().await;
    let count = std::env::var("PUBLICATIONS").map_or(PUBLICATIONS, |text| text.parse().unwrap());
    let database = Database::new();
    let home = tempfile::tempdir().unwrap();
    let keys = home.path().join("keys.toml");
    let mut nodes: Vec<(Folders, Running)> = Vec::new();
    for place in 0..NODES {
        let rules =
            if place == 0 { String::from_utf8(files(0)[0].content.to_vec()).unwrap() } else { String::new() };
        nodes.push(node(database.url(), &keys, &rules).await);
    }
    let (seen, is_over): (Seen, _) = (Seen::default(), Arc::new(AtomicBool::new(false)));
    let mut load = Vec::new();
    for (_, running) in &nodes {
        load.push(tokio::spawn(price_on(running.channel().await, Arc::clone(&seen), Arc::clone(&is_over))));
    }
    let mut published: Vec<(u32, String)> = Vec::new();
    let (mut took, mut answered) = (Vec::new(), Vec::new());
    for number in 1..=count {
        let back = (number % ROLLBACK == 0).then(|| published[published.len() - 2].clone());
        let mut rulebooks = nodes[usize::try_from(number).unwrap() % NODES].1.rulebooks().await;
        let begun = clock::steady();
        let (version, _) = publish(&mut rulebooks, number, back.as_ref().map(|(_, version)| version)).await;
        answered.push(begun.elapsed());
        for (_, running) in &nodes {
            running.until(|live| live.version == version).await;
        }
        took.push(begun.elapsed());
        // And prices by it.
        let expected = total(back.as_ref().map_or(number, |(number, _)| *number));
        for (_, running) in &nodes {
            let quote = running.pricing().await.quote(asked()).await.unwrap().into_inner();
            assert_eq!((quote.rulebook_version.as_str(), quote.total), (version.as_str(), expected));
        }
        if back.is_none() {
            published.push((number, version));
        }
    }
    is_over.store(true, Ordering::SeqCst);
    let mut quotes = 0;
    for task in load {
        quotes += task.await.unwrap();
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    for (number, version) in &published {
        let totals: Vec<i64> = seen.get(version).into_iter().flatten().copied().collect();
        assert!(totals.is_empty() || totals == [total(*number)], "version {version}: {totals:?}");
    }
    let known = published.iter().filter(|(_, version)| seen.contains_key(version)).count();
    assert!(known > 1 && seen.len() <= published.len() + 1, "{known} of {} were seen", seen.len());
    took.sort_unstable();
    answered.sort_unstable();
    let at = |of: &[Duration], hundredths: usize| of[(of.len() - 1) * hundredths / 100].as_millis();
    println!(
        "{count} publications, each fifth a rollback, at {NODES} nodes under {quotes} quotes: answered after p50 {} ms, p99 {} ms; \
         in force at the last node after p50 {} ms, p99 {} ms, worst {} ms; no price mixes two",
        at(&answered, 50),
        at(&answered, 99),
        at(&took, 50),
        at(&took, 99),
        at(&took, 100),
    );
    assert!(at(&took, 99) < 1_000, "a node prices by it after more than a second");
    // By a word, and not by the look of every second.
    assert!(at(&took, 50) < 300, "nodes do not hear of it");
    // The record, from any node: who, what, when.
    let mut rulebooks = nodes[1].1.rulebooks().await;
    let asked = wire::ListVersionsRequest { page_size: 2, ..wire::ListVersionsRequest::default() };
    let page = rulebooks.list_versions(asked).await.unwrap().into_inner();
    assert_eq!((page.versions[0].by.as_str(), page.versions.len()), ("marketer", 2));
    let newest = page.versions[0].number;
    // The same call at another node is answered alike, and publishes nothing.
    let mut others = nodes[2].1.rulebooks().await;
    if !count.is_multiple_of(ROLLBACK) {
        let again = publish(&mut others, count, None).await;
        assert_eq!(again.1, newest);
    }
    // A marketer who has another version before him does not overwrite.
    let stale = wire::PublishRequest {
        files: files(9_000),
        by: "another".to_owned(),
        request_id: "0197c5a4-2222-7cc2-8f3a-000000000001".to_owned(),
        expected_version: published[0].1.clone(),
        ..wire::PublishRequest::default()
    };
    assert_eq!(others.publish(stale).await.unwrap_err().code(), tonic::Code::FailedPrecondition);
    // A node that comes later prices by it at once, whether it has nothing of its own or a folder from long ago.
    let version = nodes[0].1.server.live().unwrap().version.clone();
    let old = String::from_utf8(files(7_000)[0].content.to_vec()).unwrap();
    for rules in ["", &old] {
        let (folders, late) = node(database.url(), &keys, rules).await;
        late.until(|live| live.folder.standings.len() == usize::from(!rules.is_empty())).await;
        let told = late.server.live().unwrap();
        assert_eq!((&told.version, &told.folder.held), (&version, &None));
        assert_eq!(told.folder.is_superseded, !rules.is_empty());
        // Changed there, it is what comes last.
        if !rules.is_empty() {
            folders.put("rules.yaml", std::str::from_utf8(&files(7_001)[0].content).unwrap());
            for (_, running) in &nodes {
                running.until(|live| live.version != version).await;
            }
        }
        late.server.shutdown().await.unwrap();
    }
}
