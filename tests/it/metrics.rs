//! The page of metrics: that it tells what has happened, and that dashboard, alert rules and manual name nothing that it does not have.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use pricewright::rulebook::State;
use pricewright::server::config::Options;
use pricewright::server::wire;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_stream::StreamExt;

use crate::running::{Folders, Running, basket};

const GOOD: &str = "
promotions:
  - {id: half, on: {skus: [SKU-1]}, give: {percent: 50}}
  - {id: never, on: {skus: [SKU-2]}, give: {percent: 50}}
";

async fn service(folders: &Folders) -> Running {
    let metrics_listen = Some(([127, 0, 0, 1], 0).into());
    folders.serve(Options { metrics_listen, ..Options::default() }).await
}

/// Status and body of a page.
pub(crate) async fn get(at: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let asked = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    if path == "/metrics" {
        assert!(head.contains("application/openmetrics-text"), "{head}");
    }
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

async fn page(running: &Running) -> String {
    let (status, page) = get(running.server.metrics_addr().unwrap(), "/metrics").await;
    assert_eq!(status, 200);
    assert!(page.ends_with("# EOF\n"));
    page
}

/// The number that stands behind a name with its labels.
pub(crate) fn value(page: &str, series: &str) -> String {
    let found = page.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let found: Vec<&str> = found.collect();
    assert_eq!(found.len(), 1, "{series} in\n{page}");
    found[0].to_owned()
}

/// Every name that a page may have a number under, also where it has none now.
fn names(page: &str) -> BTreeSet<String> {
    let kinds = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    kinds
        .flat_map(|(name, kind)| {
            let ends: &[&str] = match kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_count", "_sum"],
                _ => &[""],
            };
            ends.iter().map(move |end| format!("{name}{end}"))
        })
        .collect()
}

/// Every name of a metric in a text.
fn named(text: &str) -> BTreeSet<String> {
    let parts = text.split("pricewright_").skip(1);
    let rest = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    parts.map(|part| format!("pricewright_{}", part.chars().take_while(rest).collect::<String>())).collect()
}

fn repository(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_what_has_happened() {
    let folders = Folders::new();
    folders.put("a.yaml", GOOD);
    let running = service(&folders).await;
    let first = running.server.ready().await.unwrap().version.clone();
    let mut client = running.pricing().await;
    for _ in 0..3 {
        client.quote(basket(2, 1_000)).await.unwrap();
    }
    client.quote(basket(0, 1_000)).await.unwrap_err();
    let sent =
        [basket(1, 1_000), basket(0, 1)].map(|request| wire::QuoteStreamRequest { request: Some(request) });
    let answers = client.quote_stream(tokio_stream::iter(sent)).await.unwrap().into_inner();
    assert_eq!(answers.collect::<Vec<_>>().await.len(), 2);
    let requests = vec![basket(1, 1_000), basket(1, 2_000)];
    client.batch_quote(wire::BatchQuoteRequest { requests }).await.unwrap();
    let reserve = wire::ReserveRequest {
        request_id: "0197c5a4-7b1e-7cc2-8f3a-000000000001".to_owned(),
        quote_request: Some(wire::QuoteRequest { context: None, ..basket(1, 1_000) }),
        ..wire::ReserveRequest::default()
    };
    running.redemption().await.reserve(reserve).await.unwrap();

    let told = page(&running).await;
    let calls = |method: &str, code: &str| {
        value(&told, &format!("pricewright_request_seconds_count{{method=\"{method}\",code=\"{code}\"}}"))
    };
    assert_eq!(calls("PricingService/Quote", "OK"), "3");
    assert_eq!(calls("PricingService/Quote", "INVALID_ARGUMENT"), "1");
    assert_eq!(calls("PricingService/QuoteStream", "OK"), "1");
    assert_eq!(calls("PricingService/BatchQuote", "OK"), "1");
    assert_eq!(calls("RedemptionService/Reserve", "OK"), "1");
    assert_eq!(value(&told, "pricewright_basket_seconds_count"), "6");
    assert_eq!(value(&told, "pricewright_failures_total{reason=\"INVALID_FIELDS\"}"), "2");
    assert_eq!(value(&told, "pricewright_failures_total{reason=\"OVERLOADED\"}"), "0");
    for (name, number) in [("requests_in_work", "0"), ("streams_open", "0"), ("requests_max", "512")] {
        assert_eq!(value(&told, &format!("pricewright_{name}")), number, "{name}");
    }
    let quotes = |page: &str, version: &str| {
        value(page, &format!("pricewright_quotes_total{{version=\"{version}\",optimality=\"PROVEN\"}}"))
    };
    assert_eq!(quotes(&told, &first), "6");
    assert_eq!(value(&told, "pricewright_promotion_quotes_total{promotion=\"half\"}"), "6");
    assert_eq!(value(&told, "pricewright_promotion_quotes_total{promotion=\"other\"}"), "0");
    assert!(!told.contains("never") && !told.contains("SKU-1"));
    assert_eq!(value(&told, "pricewright_rulebook_promotions"), "2");
    // The keys at the first start, and the purchase.
    assert_eq!(value(&told, "pricewright_ledger_batch_commands_count"), "2");
    assert_eq!(value(&told, "pricewright_ledger_sync_seconds_count"), "2");
    assert_eq!(value(&told, "pricewright_ledger_records"), "2");
    for name in ["ledger_waiting", "ledger_away", "ledger_shared", "folder_held", "passwords_on_way"] {
        assert_eq!(value(&told, &format!("pricewright_{name}")), "0", "{name}");
    }
    assert_eq!(value(&told, "pricewright_ledger_has_room"), "1");
    #[cfg(target_os = "linux")]
    assert!(value(&told, "pricewright_process_resident_memory_bytes").parse::<u64>().unwrap() > 1 << 20);

    // One more file is live, then both are broken: one has a good version, the other never had.
    folders.put("b.yaml", "promotions: [{id: more, on: {skus: [SKU-3]}, give: {percent: 10}}]");
    running.until(|live| live.version != first).await;
    let second = running.server.live().unwrap().version.clone();
    client.quote(basket(1, 1_000)).await.unwrap();
    folders.put("b.yaml", "promotions: [{id: more, give: {percent: 1000}}]");
    folders.put("c.yaml", "promotions: [{id: bad, give: {percent: 1000}}]");
    running.until(|live| live.folder.standings.iter().any(|one| one.state == State::Out)).await;
    let told = page(&running).await;
    for (state, count) in [("live", "1"), ("held", "1"), ("out", "1"), ("superseded", "0")] {
        assert_eq!(value(&told, &format!("pricewright_rule_files{{state=\"{state}\"}}")), count, "{state}");
    }
    assert_eq!(value(&told, "pricewright_rule_findings{severity=\"error\"}"), "2");
    assert_eq!((quotes(&told, &second), quotes(&told, &first)), ("1".to_owned(), "6".to_owned()));
    let info = told.lines().filter(|line| line.starts_with("pricewright_rulebook_info{"));
    let digest = &running.server.live().unwrap().digest;
    assert_eq!(
        info.collect::<Vec<_>>(),
        [format!("pricewright_rulebook_info{{version=\"{second}\",digest=\"{digest}\"}} 1")]
    );

    // Who goes away in the middle of a stream has broken it off.
    let watch = running.rulebooks().await.watch(wire::WatchRequest::default()).await;
    let mut answers = watch.unwrap().into_inner();
    answers.next().await.unwrap().unwrap();
    assert_eq!(value(&page(&running).await, "pricewright_streams_open"), "1");
    drop(answers);
    let broken = "pricewright_request_seconds_count{method=\"RulebookService/Watch\",code=\"CANCELLED\"} 1";
    let until = async {
        while !page(&running).await.contains(broken) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), until).await.unwrap();

    let at = running.server.metrics_addr().unwrap();
    drop(client);
    running.server.shutdown().await.unwrap();
    // Another test may have got the port since, for a while.
    let closed = async {
        while TcpStream::connect(at).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), closed).await.expect("the page outlives the service");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_ready_when_it_has_rules() {
    let folders = Folders::new();
    let running = service(&folders).await;
    let at = running.server.metrics_addr().unwrap();
    assert_eq!(get(at, "/healthz").await, (200, "alive\n".to_owned()));
    assert_eq!(get(at, "/readyz").await, (503, "no rulebook is live\n".to_owned()));
    assert_eq!(get(at, "/").await.0, 404);
    let mut told = page(&running).await;
    assert_eq!(value(&told, "pricewright_rulebook_live_timestamp_seconds"), "0.0");
    let held = async {
        while value(&told, "pricewright_folder_held") == "0" {
            tokio::time::sleep(Duration::from_millis(10)).await;
            told = page(&running).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), held).await.unwrap();
    folders.put("a.yaml", GOOD);
    running.server.ready().await.unwrap();
    assert_eq!(get(at, "/readyz").await, (200, "ready\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_elsewhere_is_on_the_page() {
    let folders = Folders::new();
    folders.put("a.yaml", GOOD);
    let running = service(&folders).await;
    running.server.ready().await.unwrap();
    let told = page(&running).await;
    let there = names(&told);
    for file in [
        "deploy/grafana/pricewright.json",
        "deploy/prometheus/alerts.yaml",
        "deploy/prometheus/alerts.test.yaml",
    ] {
        let named = named(&repository(file));
        assert!(named.len() > 10, "{file}: {named:?}");
        let missing: Vec<_> = named.difference(&there).collect();
        assert!(missing.is_empty(), "{file} names what the page does not have: {missing:?}");
    }
    // The manual has all of them, and no others.
    let manual = repository("docs/operations.md");
    let families = told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let families: BTreeSet<String> = families
        .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
        .collect();
    assert_eq!(named(&manual), families);
    // Alerts lead to a place of the manual that is there.
    let alerts = repository("deploy/prometheus/alerts.yaml");
    let places: Vec<&str> =
        alerts.lines().filter_map(|line| line.split_once("operations.md#")).map(|two| two.1).collect();
    assert_eq!(places.len(), alerts.matches("- alert:").count());
    for place in places {
        let heading = place.trim_end_matches('"').replace('-', " ");
        let is_it = |line: &str| {
            line.strip_prefix("### ")
                .is_some_and(|line| line.to_lowercase().replace(['-', ','], " ") == heading)
        };
        assert!(manual.lines().any(is_it), "{place}");
    }
}
