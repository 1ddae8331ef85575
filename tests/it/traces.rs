//! Traces: a real collector that takes OTLP, and the binary beside it as a process.

mod collector;
mod service;

use std::net::TcpListener;
use std::time::Duration;

use collector::{Collector, Span, text};
use pricewright::server::{clock, wire};
use service::Service;
use tonic::{Code, Request};

use crate::running::basket;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLERS: &str = "00f067aa0ba902b7";
const QUOTE: &str = "pricewright.v1.PricingService/Quote";

/// So many that nothing is traced but what callers trace.
const SELDOM: &str = "1000000";
const SERVER: i32 = 2;
const ERROR: i32 = 2;

/// A request within a trace of its caller.
fn within<T>(message: T, trace: &str, is_sampled: bool) -> Request<T> {
    let mut request = Request::new(message);
    let flags = if is_sampled { "01" } else { "00" };
    let parent = format!("00-{trace}-{CALLERS}-{flags}");
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    request.metadata_mut().insert("tracestate", "shop=till".parse().unwrap());
    request
}

fn trace(number: u32) -> String {
    format!("{:032x}", 0xabc_0000_u64 + u64::from(number))
}

fn reserve() -> wire::ReserveRequest {
    wire::ReserveRequest {
        request_id: "0197c5a4-7b1e-7cc2-8f3a-0000000000a1".to_owned(),
        quote_request: Some(wire::QuoteRequest { context: None, ..basket(2, 1_000) }),
        ..wire::ReserveRequest::default()
    }
}

/// The one child of this name that a span has.
fn child<'a>(spans: &'a [Span], parent: &Span, name: &str) -> &'a Span {
    let of = |span: &&Span| span.parent_span_id == parent.span_id && span.name == name;
    let found: Vec<&Span> = spans.iter().filter(of).collect();
    assert_eq!(found.len(), 1, "`{name}` in {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
    assert!(found[0].start_time_unix_nano <= found[0].end_time_unix_nano);
    assert!(parent.start_time_unix_nano <= found[0].start_time_unix_nano);
    found[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_part_of_its_callers_trace() {
    let collector = Collector::start().await;
    let service = Service::start(&["--traces", &collector.address(), "--traces-one-in", SELDOM]).await;
    let mut client = service.pricing().await;
    let quote = client.quote(within(basket(2, 1_000), TRACE, true)).await.unwrap().into_inner();
    let spans = collector.until(TRACE, 2).await;
    let call = spans.iter().find(|span| span.kind == SERVER).unwrap();
    assert_eq!((call.name.as_str(), text(&call.parent_span_id).as_str()), (QUOTE, CALLERS));
    assert_eq!(call.trace_state, "shop=till");
    for (key, value) in
        [("rpc.system.name", "grpc"), ("rpc.method", QUOTE), ("rpc.response.status_code", "OK")]
    {
        assert_eq!(call.attribute(key).as_deref(), Some(value), "{key}");
    }
    assert_eq!((call.attribute("error.type"), call.status_code()), (None, 0));
    let price = child(&spans, call, "price");
    assert_eq!(price.attribute("lines").as_deref(), Some("1"));
    assert_eq!(price.attribute("optimality").as_deref(), Some("PROVEN"));
    assert_eq!(price.attribute("rulebook"), Some(quote.rulebook_version));
    assert!(price.end_time_unix_nano <= call.end_time_unix_nano);
    let names: Vec<String> = collector.resource().into_iter().map(|(key, _)| key).collect();
    assert!(names.contains(&"service.name".to_owned()), "{names:?}");
    assert_eq!(service.end().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_has_its_reason() {
    let collector = Collector::start().await;
    let service = Service::start(&["--traces", &collector.address(), "--traces-one-in", SELDOM]).await;
    let mut client = service.pricing().await;
    // The caller's mistake is no error of the service, as the conventions have it.
    let refused = client.quote(within(basket(0, 1_000), TRACE, true)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let spans = collector.until(TRACE, 2).await;
    let call = spans.iter().find(|span| span.kind == SERVER).unwrap();
    assert_eq!(call.attribute("rpc.response.status_code").as_deref(), Some("INVALID_ARGUMENT"));
    assert_eq!(call.attribute("error.type").as_deref(), Some("INVALID_FIELDS"));
    assert_eq!(call.status_code(), 0);
    assert_eq!(child(&spans, call, "price").attribute("error.type").as_deref(), Some("INVALID_FIELDS"));
    assert_eq!(service.end().await, Some(0));
    // That it cannot price at all is one.
    let service =
        Service::without_rules(&["--traces", &collector.address(), "--traces-one-in", SELDOM]).await;
    let refused = service.pricing().await.quote(within(basket(1, 1_000), &trace(1), true)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let spans = collector.until(&trace(1), 2).await;
    let call = spans.iter().find(|span| span.kind == SERVER).unwrap();
    assert_eq!(call.attribute("error.type").as_deref(), Some("NO_RULEBOOK"));
    assert_eq!(call.status_code(), ERROR);
    assert_eq!(service.end().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_span_and_its_baskets_are_in_it() {
    let collector = Collector::start().await;
    let service = Service::start(&["--traces", &collector.address(), "--traces-one-in", SELDOM]).await;
    let sent =
        [1_u32, 0, 3].map(|quantity| wire::QuoteStreamRequest { request: Some(basket(quantity, 100)) });
    let asked = within(tokio_stream::iter(sent), TRACE, true);
    let mut answers = service.pricing().await.quote_stream(asked).await.unwrap().into_inner();
    let mut count = 0;
    while answers.message().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 3);
    let spans = collector.until(TRACE, 4).await;
    let call = spans.iter().find(|span| span.kind == SERVER).unwrap();
    assert_eq!(call.name, "pricewright.v1.PricingService/QuoteStream");
    assert_eq!(call.attribute("rpc.response.status_code").as_deref(), Some("OK"));
    let of_call = |span: &&Span| span.name == "price" && span.parent_span_id == call.span_id;
    assert_eq!(spans.iter().filter(of_call).count(), 3);
    assert!(spans.iter().all(|span| span.end_time_unix_nano <= call.end_time_unix_nano));
    assert_eq!(service.end().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_waits_for_the_ledger_in_a_span_of_its_own() {
    let collector = Collector::start().await;
    let service = Service::start(&["--traces", &collector.address(), "--traces-one-in", SELDOM]).await;
    let mut client = service.redemption().await;
    let sale = client.reserve(within(reserve(), TRACE, true)).await.unwrap().into_inner();
    let commit = wire::CommitRequest {
        request_id: "0197c5a4-7b1e-7cc2-8f3a-0000000000a2".to_owned(),
        sale_id: sale.id,
        ..wire::CommitRequest::default()
    };
    client.commit(within(commit.clone(), &trace(1), true)).await.unwrap();
    let spans = collector.until(TRACE, 4).await;
    let call = spans.iter().find(|span| span.kind == SERVER).unwrap();
    assert_eq!(call.name, "pricewright.v1.RedemptionService/Reserve");
    // From another thread, all of them.
    child(&spans, call, "record");
    assert_eq!(child(&spans, call, "price").attribute("optimality").as_deref(), Some("PROVEN"));
    child(&spans, call, "ledger");
    let spans = collector.until(&trace(1), 2).await;
    child(&spans, spans.iter().find(|span| span.kind == SERVER).unwrap(), "ledger");
    // A rejection is an answer, with its reason.
    let again =
        wire::CommitRequest { request_id: "0197c5a4-7b1e-7cc2-8f3a-0000000000a3".to_owned(), ..commit };
    client.commit(within(again, &trace(2), true)).await.unwrap_err();
    // Decided, and put on the record.
    let spans = collector.until(&trace(2), 3).await;
    let call = spans.iter().find(|span| span.kind == SERVER).unwrap();
    assert_eq!(call.attribute("error.type").as_deref(), Some("SALE_COMMITTED"));
    assert_eq!(call.status_code(), 0);
    assert_eq!(service.end().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_decide_and_else_one_in_so_many() {
    let collector = Collector::start().await;
    let service = Service::start(&["--traces", &collector.address(), "--traces-one-in", "1"]).await;
    let mut client = service.pricing().await;
    for _ in 0..5 {
        client.quote(within(basket(1, 1_000), TRACE, false)).await.unwrap();
    }
    for _ in 0..7 {
        client.quote(basket(1, 1_000)).await.unwrap();
    }
    // A trace that cannot be read is none.
    let mut unreadable = Request::new(basket(1, 1_000));
    unreadable.metadata_mut().insert("traceparent", "00-00-00-00".parse().unwrap());
    client.quote(unreadable).await.unwrap();
    // What is waiting goes before the end.
    assert_eq!(service.end().await, Some(0));
    let spans = collector.spans();
    let quotes: Vec<&Span> = spans.iter().filter(|span| span.name == QUOTE).collect();
    assert_eq!((quotes.len(), spans.len()), (8 + service::UNTIL_READY, 2 * (8 + service::UNTIL_READY)));
    assert!(quotes.iter().all(|span| span.parent_span_id.is_empty()));
    assert!(spans.iter().all(|span| text(&span.trace_id) != TRACE));

    let service = Service::start(&["--traces", &collector.address(), "--traces-one-in", SELDOM]).await;
    let mut client = service.pricing().await;
    for _ in 0..20 {
        client.quote(basket(1, 1_000)).await.unwrap();
    }
    assert_eq!(service.end().await, Some(0));
    assert_eq!(collector.spans().len(), spans.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_caller_says_is_in_a_span() {
    let collector = Collector::start().await;
    let service = Service::start(&["--traces", &collector.address(), "--traces-one-in", "1"]).await;
    let code = "PAPUGA-5M8V-TIRANA";
    let asked = || {
        let mut asked = basket(2, 77_731);
        let context = asked.context.get_or_insert_default();
        context.time = None;
        context.store = "store-gnizdo".to_owned();
        context.codes = vec![code.to_owned()];
        context.code_pins = vec![wire::CodePin { code: code.to_owned(), pin: "730518".to_owned() }];
        let customer = context.customer.get_or_insert_default();
        customer.id = "sokil-471193".to_owned();
        customer.phone = "+380677193402".to_owned();
        customer.tier = "tier-chaplia".to_owned();
        asked
    };
    let mut request = within(asked(), TRACE, true);
    request.metadata_mut().insert("authorization", "Bearer token-horobets".parse().unwrap());
    service.pricing().await.quote(request).await.unwrap();
    let requests = vec![asked(), basket(0, 1)];
    service.pricing().await.batch_quote(wire::BatchQuoteRequest { requests }).await.unwrap();
    let sale = wire::ReserveRequest { quote_request: Some(asked()), ..reserve() };
    let sold = service.redemption().await.reserve(within(sale, &trace(1), true)).await.unwrap().into_inner();
    let lost = wire::GetSaleRequest { sale_id: "drozd-riga".to_owned() };
    service.redemption().await.get_sale(lost).await.unwrap_err();
    // Nor the name of a method that nobody has.
    service.unknown_method("/pricewright.v1.PricingService/Soroka").await;
    assert_eq!(service.end().await, Some(0));
    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    for name in ["price", "prices", "codes", "record", "ledger"] {
        assert!(names.contains(&name), "`{name}` in {names:?}");
    }
    let bytes = collector.bytes();
    let seen = |needle: &str| bytes.windows(needle.len()).any(|part| part == needle.as_bytes());
    assert!(seen(QUOTE) && seen("PROVEN"), "the search finds what is there");
    for secret in [
        "papuga",
        "tirana",
        "730518",
        "677193402",
        "sokil",
        "chaplia",
        "gnizdo",
        "horobets",
        "drozd",
        "soroka",
        "SKU-1",
        "77731",
        "127.0.0.1",
        "0197c5a4",
        &sold.id,
    ] {
        let is_there = bytes
            .to_ascii_lowercase()
            .windows(secret.len())
            .any(|part| part == secret.to_ascii_lowercase().as_bytes());
        assert!(!is_there, "`{secret}`");
    }
    let keys = collector.keys();
    let known = [
        "error.type",
        "lines",
        "baskets",
        "optimality",
        "rulebook",
        "rpc.method",
        "rpc.response.status_code",
        "rpc.system.name",
    ];
    assert!(keys.iter().all(|key| known.contains(&key.as_str())), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_nothing_to_callers() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    // First one that takes connections and says nothing, then none at all.
    let mut kept = Some(nobody);
    for is_silent in [true, false] {
        let service = Service::start(&["--traces", &address, "--traces-one-in", "1"]).await;
        let mut client = service.pricing().await;
        let mut slowest = Duration::ZERO;
        let begun = clock::steady();
        // More than may wait, and for longer than a try takes.
        let mut count = 0;
        while count < 3_000 || begun.elapsed() < Duration::from_secs(3) {
            let begun = clock::steady();
            client.quote(basket(1, 1_000)).await.unwrap();
            slowest = slowest.max(begun.elapsed());
            count += 1;
        }
        // A look at the queue takes microseconds, one at the collector seconds.
        assert!(slowest < Duration::from_millis(1_500), "{slowest:?}");
        let said = service.log().read();
        let times = said.matches("traces do not arrive").count();
        // Silence is waited for, a refusal is heard at once.
        assert!(times == 1 || (is_silent && times == 0), "{said}");
        let begun = clock::steady();
        assert_eq!(service.end().await, Some(0));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        kept.take();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_none_is_a_fault_of_the_settings() {
    for (address, part) in
        [("localhost:4317", "OTLP over gRPC"), ("http://here:4318/v1/traces", "OTLP over HTTP")]
    {
        let (code, said) = service::check(&["--traces", address]);
        assert!(code == Some(1) && said.contains("wrong  settings  `traces` must be"), "{said}");
        assert!(said.contains(part), "{said}");
    }
    let (_, said) = service::check(&["--traces", "http://127.0.0.1:4317", "--traces-one-in", "0"]);
    assert!(said.contains("`traces-one-in` must be between 1 and 1000000, not 0"), "{said}");
    let (code, said) = service::check(&["--traces", "http://127.0.0.1:4317"]);
    assert!(
        code == Some(0) && said.contains("ok     traces    http://127.0.0.1:4317/: one call in 100"),
        "{said}"
    );
    let (_, said) = service::check(&[]);
    assert!(said.contains("ok     traces    no collector is named"), "{said}");
}
