//! Purchases as a till keeps them: reserved, paid, called off, brought back; limits that hold; the same id, the same answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pricewright::server::config::Options;
use pricewright::server::wire;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::wire::sale::State;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::running::{Folders, Running};

const RULES: &str = "
promotions:
  - {id: spring20, name: SPRING20, when: {code: SPRING20}, on: {skus: [CREAM]}, give: {percent: 20}, limits: {total: 2}}
  - {id: welcome, when: {code: HELLO}, on: {skus: [SOAP]}, give: {amount: 1}, limits: {per_customer: 1}, on_refund: restore}
  - {id: rich, when: {code: RICH}, on: {skus: [OIL]}, give: {percent: 50}, limits: {budget: 60}}
  - {id: three, buy: [{on: {skus: [LIP]}, quantity: 3}], give: {cheapest: {units: 1, percent: 100}}}
  - {id: points, give: {points: {per: 1, points: 1}}}
";

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An id that no other call of these tests has.
fn id() -> String {
    format!("0197c5a4-7b1e-7cc2-8f3a-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn line(id: &str, sku: &str, quantity: u32, unit_price: i64) -> wire::Line {
    let (id, sku) = (id.to_owned(), sku.to_owned());
    wire::Line { id, sku, quantity, unit_price: Some(unit_price), ..wire::Line::default() }
}

fn basket(lines: &[wire::Line], codes: &[&str], customer: Option<&str>) -> wire::QuoteRequest {
    let codes = codes.iter().map(|code| (*code).to_owned()).collect();
    let customer =
        customer.map(|phone| wire::Customer { phone: phone.to_owned(), ..wire::Customer::default() });
    wire::QuoteRequest {
        basket: Some(wire::Basket { lines: lines.to_vec(), ..wire::Basket::default() }),
        context: Some(wire::Context {
            codes,
            customer,
            store: "kyiv-01".to_owned(),
            ..wire::Context::default()
        }),
        explain: false,
    }
}

fn reserve(quote_request: wire::QuoteRequest) -> wire::ReserveRequest {
    wire::ReserveRequest {
        request_id: id(),
        quote_request: Some(quote_request),
        ..wire::ReserveRequest::default()
    }
}

fn commit(sale: &wire::Sale) -> wire::CommitRequest {
    wire::CommitRequest { request_id: id(), sale_id: sale.id.clone(), ..wire::CommitRequest::default() }
}

fn refund(sale: &wire::Sale, line: &str, quantity: u32, reprice: bool) -> wire::RefundRequest {
    let units =
        wire::ReturnedUnits { line_id: line.to_owned(), quantity, group: None, certificate_ids: Vec::new() };
    let (request_id, sale_id) = (id(), sale.id.clone());
    wire::RefundRequest { request_id, sale_id, units: vec![units], reprice, ..wire::RefundRequest::default() }
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap_or_else(|| panic!("{status:?}")).reason.clone()
}

async fn shop(options: Options) -> (Folders, Running, RedemptionServiceClient<Channel>) {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let running = folders.serve(options).await;
    running.server.ready().await.unwrap();
    let client = running.redemption().await;
    (folders, running, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_lives_from_its_reservation_to_its_last_refund() {
    let (folders, running, mut till) = shop(Options::default()).await;
    let asked =
        reserve(basket(&[line("1", "LIP", 3, 10_000), line("2", "CREAM", 2, 5_000)], &["spring-20"], None));
    let trial = wire::ReserveRequest { validate_only: true, ..asked.clone() };
    let told = till.reserve(trial).await.unwrap().into_inner();
    let held = till.reserve(asked.clone()).await.unwrap().into_inner();
    assert_eq!((told.total, told.id.as_str()), (held.total, asked.request_id.as_str()));
    assert_eq!((held.state(), held.list_total, held.total), (State::Reserved, 40_000, 28_000));
    assert_eq!(held.expire_time.unwrap().seconds - held.reserve_time.unwrap().seconds, 900);
    assert_eq!(
        held.promotions.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        ["points", "spring20", "three"]
    );

    // The same id with the same content has the same answer; with other content it is refused.
    assert_eq!(till.reserve(asked.clone()).await.unwrap().into_inner(), held);
    let other = wire::ReserveRequest { expected_total: Some(1), ..asked.clone() };
    let status = till.reserve(other).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));

    let status = till.refund(refund(&held, "1", 1, false)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "SALE_NOT_COMMITTED"));
    let pay = commit(&held);
    let paid = till.commit(pay.clone()).await.unwrap().into_inner();
    assert_eq!((paid.state(), paid.total, paid.points), (State::Committed, 28_000, 280));
    assert_eq!(till.commit(pay.clone()).await.unwrap().into_inner(), paid);
    let status = till.commit(commit(&held)).await.unwrap_err();
    assert_eq!(reason(&status), "SALE_COMMITTED");

    // A unit gives back what it cost; of the lipsticks the one that cost nothing comes back first.
    let back = till.refund(refund(&paid, "2", 1, false)).await.unwrap().into_inner();
    let given = back.refund.unwrap();
    assert_eq!((given.amount, given.points), (4_000, 40));
    let back = till.refund(refund(&paid, "1", 1, false)).await.unwrap().into_inner();
    assert_eq!(back.refund.unwrap().amount, 0);
    // Priced again, two lipsticks and a cream: nothing is off the lipsticks, so one of them gives back what is above that.
    let again = refund(&paid, "1", 1, true);
    let back = till.refund(again.clone()).await.unwrap().into_inner();
    let given = back.refund.clone().unwrap();
    assert_eq!(given.amount, 28_000 - 4_000 - (10_000 + 4_000), "{given:?}");
    assert_eq!(given.lines_left.len(), 2);
    let status = till.refund(refund(&paid, "1", 2, false)).await.unwrap_err();
    assert_eq!(reason(&status), "UNITS_UNKNOWN");
    let now = get(&mut till, &paid.id).await;
    assert_eq!((now.refunded_total, now.refunds.len(), now.state()), (14_000, 3, State::Committed));

    // After a restart every id has the answer that it had.
    drop(till);
    running.server.shutdown().await.unwrap();
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    let mut till = running.redemption().await;
    assert_eq!(till.reserve(asked).await.unwrap().into_inner(), held);
    assert_eq!(till.commit(pay).await.unwrap().into_inner(), paid);
    assert_eq!(till.refund(again).await.unwrap().into_inner(), back);
    assert_eq!(get(&mut till, &paid.id).await, now);
    let status = till.get_sale(wire::GetSaleRequest { sale_id: id() }).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "SALE_UNKNOWN"));
}

async fn get(till: &mut RedemptionServiceClient<Channel>, sale: &str) -> wire::Sale {
    till.get_sale(wire::GetSaleRequest { sale_id: sale.to_owned() }).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_in_total_holds_and_a_cancellation_gives_it_back() {
    let (_folders, running, mut till) = shop(Options::default()).await;
    let creams = || basket(&[line("1", "CREAM", 1, 10_000)], &["SPRING20"], None);
    let first = till.reserve(reserve(creams())).await.unwrap().into_inner();
    let second = till.reserve(reserve(creams())).await.unwrap().into_inner();
    assert_eq!((first.total, second.total), (8_000, 8_000));
    // A third costs more: who expects the old price is told, who does not pays what it costs.
    let expecting = wire::ReserveRequest { expected_total: Some(8_000), ..reserve(creams()) };
    for _ in 0..2 {
        let status = till.reserve(expecting.clone()).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "PRICE_CHANGED"));
        assert_eq!(status.get_error_details().error_info().unwrap().metadata["total"], "10000");
    }
    let mut pricing = running.pricing().await;
    let quote = pricing.quote(wire::QuoteRequest { explain: true, ..creams() }).await.unwrap().into_inner();
    assert_eq!(quote.total, 10_000);
    let code = quote.codes[0].reason.as_ref().unwrap();
    assert_eq!(code.code(), wire::reason::Code::LimitReached);
    let cancel = wire::CancelRequest { request_id: id(), sale_id: first.id.clone(), validate_only: false };
    let gone = till.cancel(cancel.clone()).await.unwrap().into_inner();
    assert_eq!(gone.state(), State::Cancelled);
    assert_eq!(till.cancel(cancel).await.unwrap().into_inner(), gone);
    assert_eq!(reason(&till.commit(commit(&first)).await.unwrap_err()), "SALE_CANCELLED");
    assert_eq!(pricing.quote(creams()).await.unwrap().into_inner().total, 8_000);
    // The refusal stays the answer of its id.
    assert_eq!(reason(&till.reserve(expecting).await.unwrap_err()), "PRICE_CHANGED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_for_each_customer_asks_who_buys_and_comes_back_with_the_goods() {
    let (_folders, running, mut till) = shop(Options::default()).await;
    let soap = |phone| basket(&[line("1", "SOAP", 1, 1_000)], &["HELLO"], phone);
    let mut pricing = running.pricing().await;
    let why = |quote: &wire::Quote| quote.codes[0].reason.as_ref().map(wire::Reason::code);
    let quote = pricing.quote(soap(None)).await.unwrap().into_inner();
    assert_eq!((quote.total, why(&quote)), (1_000, Some(wire::reason::Code::CustomerNeeded)));
    let held = till.reserve(reserve(soap(Some("067 123 45 67")))).await.unwrap().into_inner();
    assert_eq!(held.total, 900);
    let paid = till.commit(commit(&held)).await.unwrap().into_inner();
    let quote = pricing.quote(soap(Some("+380 (67) 123-45-67"))).await.unwrap().into_inner();
    assert_eq!((quote.total, why(&quote)), (1_000, Some(wire::reason::Code::CustomerLimitReached)));
    assert_eq!(pricing.quote(soap(Some("067 765 43 21"))).await.unwrap().into_inner().total, 900);
    let back = till.refund(refund(&paid, "1", 1, false)).await.unwrap().into_inner();
    assert_eq!(back.refund.unwrap().amount, 900);
    assert_eq!(pricing.quote(soap(Some("0671234567"))).await.unwrap().into_inner().total, 900);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_a_budget_is_given_to_the_kopiyka() {
    let (_folders, running, mut till) = shop(Options::default()).await;
    let oil = |price| basket(&[line("1", "OIL", 1, price)], &["RICH"], None);
    let totals = [(8_000, 4_000), (3_000, 1_500), (4_001, 3_501), (1_000, 1_000)];
    for (price, total) in totals {
        let held = till.reserve(reserve(oil(price))).await.unwrap().into_inner();
        assert_eq!(held.total, total, "of {price}");
    }
    let mut pricing = running.pricing().await;
    let quote = pricing.quote(oil(1_000)).await.unwrap().into_inner();
    assert_eq!(quote.codes[0].reason.as_ref().unwrap().code(), wire::reason::Code::BudgetSpent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_paid_at_its_own_price_and_the_rest_released() {
    let (_folders, _running, mut till) = shop(Options::default()).await;
    let lines = [line("1", "LIP", 3, 10_000), line("2", "CREAM", 1, 5_000)];
    let held = till.reserve(reserve(basket(&lines, &["SPRING20"], None))).await.unwrap().into_inner();
    assert_eq!(held.total, 24_000);
    let units = |line: &str, quantity| wire::PaidUnits { line_id: line.to_owned(), quantity };
    let part = wire::CommitRequest { units: vec![units("1", 2)], ..commit(&held) };
    let wrong = wire::CommitRequest { units: vec![units("1", 4)], ..commit(&held) };
    assert_eq!(reason(&till.commit(wrong).await.unwrap_err()), "UNITS_UNKNOWN");
    let wrong = wire::CommitRequest { expected_total: Some(1), request_id: id(), ..part.clone() };
    assert_eq!(reason(&till.commit(wrong).await.unwrap_err()), "PRICE_CHANGED");
    let paid = till.commit(part).await.unwrap().into_inner();
    assert_eq!((paid.total, paid.lines.len()), (20_000, 1));
    // The use of SPRING20 that was held is free again: two more baskets have it.
    for total in [4_000, 4_000, 5_000] {
        let asked = reserve(basket(&lines[1..], &["SPRING20"], None));
        assert_eq!(till.reserve(asked).await.unwrap().into_inner().total, total);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quoted_price_is_honored_when_the_rules_change() {
    let (folders, running, mut till) =
        shop(Options { quote_ttl_seconds: Some(3), ..Options::default() }).await;
    let lips = || basket(&[line("1", "LIP", 3, 10_000)], &[], None);
    let quote = running.pricing().await.quote(lips()).await.unwrap().into_inner();
    assert_eq!(quote.total, 20_000);
    let mut quoted = lips();
    let context = quoted.context.as_mut().unwrap();
    context.time = quote.time;
    context.rulebook_version = quote.rulebook_version.clone();
    folders.put("rules.yaml", "promotions: [{id: none, on: {skus: [NONE]}, give: {percent: 1}}]");
    running.until(|live| live.version != quote.rulebook_version).await;
    assert_eq!(till.reserve(reserve(lips())).await.unwrap().into_inner().total, 30_000);
    assert_eq!(till.reserve(reserve(quoted.clone())).await.unwrap().into_inner().total, 20_000);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let status = till.reserve(reserve(quoted.clone())).await.unwrap_err();
    assert_eq!(reason(&status), "QUOTE_EXPIRED");
    // Nor does an old rulebook come back with a new moment.
    quoted.context.as_mut().unwrap().time = None;
    let status = till.reserve(reserve(quoted)).await.unwrap_err();
    assert_eq!(reason(&status), "RULEBOOK_VERSION_UNKNOWN");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_at_fault_are_named() {
    let (_folders, _running, mut till) = shop(Options::default()).await;
    let good = reserve(basket(&[line("1", "LIP", 1, 1)], &[], None));
    let hold = |seconds| Some(pbjson_types::Duration { seconds, nanos: 0 });
    let cases = [
        (wire::ReserveRequest { request_id: String::new(), ..good.clone() }, "request_id"),
        (wire::ReserveRequest { request_id: "17".to_owned(), ..good.clone() }, "request_id"),
        (wire::ReserveRequest { quote_request: None, ..good.clone() }, "quote_request"),
        (wire::ReserveRequest { hold: hold(59), ..good.clone() }, "hold"),
        (wire::ReserveRequest { hold: hold(129_601), ..good.clone() }, "hold"),
    ];
    for (asked, field) in cases {
        let status = till.reserve(asked).await.unwrap_err();
        let details = status.get_error_details();
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
    // A request at fault used its id up for nothing.
    assert_eq!(till.reserve(good).await.unwrap().into_inner().total, 1);
}

/// Never over, never short: of so many who race for a limit exactly that many have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_who_race_for_a_limit_exactly_that_many_have_it() {
    let folders = Folders::new();
    let limit = 100;
    folders.put(
        "rules.yaml",
        &format!("promotions: [{{id: rush, give: {{percent: 50}}, limits: {{total: {limit}}}}}]"),
    );
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    let channel = running.channel().await;
    let till = move |_| {
        let mut till = RedemptionServiceClient::new(channel.clone());
        tokio::spawn(async move {
            let mut had = 0;
            for _ in 0..4 {
                let asked = reserve(basket(&[line("1", "ANY", 1, 1_000)], &[], None));
                let held = till.reserve(asked).await.unwrap().into_inner();
                had += u64::from(held.total == 500);
                till.commit(commit(&held)).await.unwrap();
            }
            had
        })
    };
    let mut had = 0;
    for till in (0..64).map(till).collect::<Vec<_>>() {
        had += till.await.unwrap();
    }
    assert_eq!(had, limit);
}

#[tokio::test(flavor = "multi_thread")]
async fn gifts_that_others_hold_are_not_offered() {
    let folders = Folders::new();
    folders.put("rules.yaml", "promotions: [{id: pouch, give: {gift: {skus: [POUCH]}}}]");
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    let mut till = running.redemption().await;
    let oil = |store: &str| {
        let mut asked = basket(&[line("1", "OIL", 1, 1_000)], &[], None);
        let context = asked.context.as_mut().unwrap();
        context.gift_stock = vec![wire::GiftStock { sku: "POUCH".to_owned(), quantity: 1 }];
        context.store = store.to_owned();
        asked
    };
    let first = till.reserve(reserve(oil("kyiv-01"))).await.unwrap().into_inner();
    assert_eq!(first.gifts.len(), 1);
    assert_eq!(till.reserve(reserve(oil("KYIV-01"))).await.unwrap().into_inner().gifts.len(), 0);
    let quote = running.pricing().await.quote(oil("kyiv-01")).await.unwrap().into_inner();
    assert_eq!(quote.gifts.len(), 0);
    assert_eq!(till.reserve(reserve(oil("lviv-01"))).await.unwrap().into_inner().gifts.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_priced_again_remembers_how_the_goods_were_delivered() {
    let folders = Folders::new();
    folders.put("rules.yaml", "promotions: [{id: pickup, when: {delivery: [pickup]}, give: {percent: 10}}]");
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    let mut till = running.redemption().await;
    let mut asked = basket(&[line("1", "OIL", 2, 1_000)], &[], None);
    asked.basket.as_mut().unwrap().delivery = Some(wire::Delivery { method: "pickup".to_owned(), price: 0 });
    let held = till.reserve(reserve(asked)).await.unwrap().into_inner();
    assert_eq!(held.total, 1_800);
    let paid = till.commit(commit(&held)).await.unwrap().into_inner();
    let back = till.refund(refund(&paid, "1", 1, true)).await.unwrap().into_inner();
    assert_eq!(back.refund.unwrap().amount, 900);
}

/// A text that is too long is a fault of the request: it is neither kept nor does it keep the service from anything.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_and_kept_nowhere() {
    let (_folders, _running, mut till) = shop(Options::default()).await;
    let held =
        till.reserve(reserve(basket(&[line("1", "LIP", 1, 100)], &[], None))).await.unwrap().into_inner();
    let units = |line_id: String, quantity| wire::PaidUnits { line_id, quantity };
    let again = commit(&held);
    for units in [units("\u{1}".repeat(2_800_000), 1), units(String::new(), 1), units("1".to_owned(), 0)] {
        let status =
            till.commit(wire::CommitRequest { units: vec![units], ..again.clone() }).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
    let words: Vec<String> = (0..128).map(|place| format!("{place:03}{}", "\u{1}".repeat(250))).collect();
    let heavy =
        |place: u32| wire::Line { categories: words.clone(), ..line(&place.to_string(), "OIL", 1, 100) };
    let lines: Vec<wire::Line> = (0..100).map(heavy).collect();
    let status = till.reserve(reserve(basket(&lines, &[], None))).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(till.commit(again).await.unwrap().into_inner().total, 100);
}

/// A purchase is priced by the profile of who buys, as its quote was, and counted for the customer whose phone it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_knows_the_customer_by_phone() {
    let folders = Folders::new();
    folders.put(
        "rules.yaml",
        "promotions: [{id: gold, when: {tiers: [gold]}, give: {percent: 10}, limits: {per_customer: 1}}]",
    );
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    let profile = wire::Profile {
        id: "c-1".to_owned(),
        phone: "0671234567".to_owned(),
        tier: "gold".to_owned(),
        ..wire::Profile::default()
    };
    let mut crm = wire::customer_service_client::CustomerServiceClient::new(running.channel().await);
    let upsert =
        wire::UpsertCustomerRequest { profile: Some(profile), ..wire::UpsertCustomerRequest::default() };
    crm.upsert(upsert).await.unwrap();
    let mut till = running.redemption().await;
    let oil = || basket(&[line("1", "OIL", 1, 1_000)], &[], Some("+38 067 123-45-67"));
    assert_eq!(till.reserve(reserve(oil())).await.unwrap().into_inner().total, 900);
    assert_eq!(till.reserve(reserve(oil())).await.unwrap().into_inner().total, 1_000);
    // The same customer by id.
    let mut by_id = oil();
    by_id.context.as_mut().unwrap().customer =
        Some(wire::Customer { id: "c-1".to_owned(), ..wire::Customer::default() });
    assert_eq!(till.reserve(reserve(by_id)).await.unwrap().into_inner().total, 1_000);
}
