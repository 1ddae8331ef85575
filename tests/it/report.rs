//! What promotions have sold and given: a small day of sales through gRPC, and days, ranges and rows of sales made by hand.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use pricewright::ledger::{
    Purchase, Return, ReturnedLine, Sale, SoldGift, SoldLine, SoldPromotion, SoldUnits, State,
};
use pricewright::money::Amount;
use pricewright::report::{Known, ROWS_MAX, Table};
use pricewright::server::config::Options;
use pricewright::server::convert::report;
use pricewright::server::wire;
use pricewright::server::wire::promotions_request::{Dimension, From, Until};
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::time::{Instant, Zone};
use tonic::Code;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use crate::running::{Folders, Running};

const SETTINGS: &str = "currency: UAH\ntime_zone: Europe/Kyiv\ncatalog: [catalog.csv]\n";
const CATALOG: &str = "sku,name,price,cost\nPOUCH,Pouch,300.00,120.00\n";
const RULES: &str = "
promotions:
  - {id: spring20, when: {code: SPRING20}, on: {skus: [CREAM]}, give: {percent: 20}}
  - {id: three, buy: [{on: {skus: [LIP]}, quantity: 3}], give: {cheapest: {units: 1, percent: 100}}}
  - {id: free-delivery, when: {delivery: [courier]}, give: {delivery: {percent: 100}}}
  - {id: pouch, on: {skus: [CREAM]}, give: {gift: {skus: [POUCH]}}}
  - {id: points, give: {points: {per: 1, points: 1}}}
";

static NEXT: AtomicU64 = AtomicU64::new(1);

fn id() -> String {
    format!("0197c5a4-7b1e-7cc2-8f3b-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A till that sells baskets of lipsticks and creams.
struct Till(RedemptionServiceClient<Channel>);

impl Till {
    async fn reserve(&mut self, place: [&str; 2], phone: &str, lips: u32, creams: u32) -> wire::Sale {
        let line = |id: &str, sku: &str, quantity, unit_price| {
            let (id, sku) = (id.to_owned(), sku.to_owned());
            wire::Line { id, sku, quantity, unit_price: Some(unit_price), ..wire::Line::default() }
        };
        let mut lines = vec![line("1", "LIP", lips, 10_000), line("2", "CREAM", creams, 5_000)];
        lines.retain(|line| line.quantity > 0);
        let delivery =
            (lips > 0 && creams > 0).then(|| wire::Delivery { method: "courier".to_owned(), price: 6_000 });
        let customer = wire::Customer { phone: phone.to_owned(), ..wire::Customer::default() };
        let quote_request = wire::QuoteRequest {
            basket: Some(wire::Basket { lines, delivery, ..wire::Basket::default() }),
            context: Some(wire::Context {
                codes: vec!["SPRING20".to_owned()],
                customer: Some(customer).filter(|_| !phone.is_empty()),
                channel: place[0].to_owned(),
                store: place[1].to_owned(),
                ..wire::Context::default()
            }),
            explain: false,
        };
        let quote_request = Some(quote_request);
        let asked =
            wire::ReserveRequest { request_id: id(), quote_request, ..wire::ReserveRequest::default() };
        self.0.reserve(asked).await.unwrap().into_inner()
    }

    async fn sell(&mut self, place: [&str; 2], phone: &str, lips: u32, creams: u32) -> wire::Sale {
        let sale_id = self.reserve(place, phone, lips, creams).await.id;
        let asked = wire::CommitRequest { request_id: id(), sale_id, ..wire::CommitRequest::default() };
        self.0.commit(asked).await.unwrap().into_inner()
    }

    async fn back(&mut self, sale: &wire::Sale, line: &str, quantity: u32, reprice: bool) {
        let units = vec![wire::ReturnedUnits {
            line_id: line.to_owned(),
            quantity,
            group: None,
            certificate_ids: Vec::new(),
        }];
        let (request_id, sale_id) = (id(), sale.id.clone());
        let asked =
            wire::RefundRequest { request_id, sale_id, units, reprice, ..wire::RefundRequest::default() };
        self.0.refund(asked).await.unwrap();
    }
}

/// Sales with refunds of every kind; the day on which they were paid.
async fn a_day(running: &Running) -> String {
    let mut till = Till(running.redemption().await);
    let first = till.sell(["pos", "kyiv-01"], "0671234567", 3, 2).await;
    assert_eq!(first.total, 28_000, "{first:?}");
    till.sell(["web", ""], "067 123 45 67", 0, 1).await;
    let part = till.sell(["pos", "lviv-02"], "0507654321", 0, 2).await;
    till.back(&part, "2", 1, false).await;
    let gone = till.sell(["pos", "kyiv-01"], "", 3, 0).await;
    till.back(&gone, "1", 3, false).await;
    let again = till.sell(["pos", "kyiv-01"], "0507654321", 3, 0).await;
    till.back(&again, "1", 1, true).await;
    // What is not paid is not sold.
    till.reserve(["pos", "kyiv-01"], "0507654321", 3, 2).await;
    let paid_at = Instant::from_unix(first.end_time.unwrap().seconds).unwrap();
    Zone::named("Europe/Kyiv").unwrap().local(paid_at).date.to_string()
}

const BY_PROMOTION: &str = "\
promotion,currency,baskets,baskets_by_code,customers,baskets_without_customer,baskets_total,units,units_returned,sold,given,gifts,gifts_cost,gifts_without_cost,points
free-delivery,UAH,1,0,1,0,280.00,0,0,0.00,60.00,0,0.00,0,0
points,UAH,4,0,2,0,560.00,0,0,0.00,0.00,0,0.00,0,560
pouch,UAH,3,0,2,0,360.00,0,0,0.00,0.00,3,360.00,0,0
spring20,UAH,3,3,2,0,360.00,4,1,160.00,40.00,0,0.00,0,0
three,UAH,1,0,1,0,280.00,1,2,0.00,100.00,0,0.00,0,0
";

const BY_CHANNEL_AND_STORE: &str = "\
channel,store,currency,baskets,baskets_by_code,customers,baskets_without_customer,baskets_total,units,units_returned,sold,given,gifts,gifts_cost,gifts_without_cost,points
pos,kyiv-01,UAH,2,1,2,0,480.00,3,2,80.00,180.00,1,120.00,0,480
pos,lviv-02,UAH,1,1,1,0,40.00,1,1,40.00,10.00,1,120.00,0,40
web,,UAH,1,1,1,0,40.00,1,0,40.00,10.00,1,120.00,0,40
";

/// Runs the command line in the folder of the service.
fn ran(folders: &Folders, args: &str) -> (i32, String) {
    ran_in(folders, args, &[])
}

fn ran_in(folders: &Folders, args: &str, variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    for name in ["LANG", "LC_ALL", "LC_MESSAGES", "PRICEWRIGHT_DATA", "PRICEWRIGHT_SERVER"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    let home = folders.data().parent().unwrap().to_owned();
    let output = command.current_dir(home).args(args.split(' ')).output().unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(all).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_day_is_told_to_the_kopiyka() {
    let folders = Folders::new();
    folders.put("settings.yaml", SETTINGS);
    folders.put("catalog.csv", CATALOG);
    folders.put("rules.yaml", RULES);
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    let day = a_day(&running).await;
    let server = format!("--server {}", running.server.local_addr());
    let asked = |more: &str, from: &str| {
        let (code, out) = ran(&folders, &format!("report promotions --csv {more} {from}"));
        assert_eq!(code, 0, "{more}: {out}");
        out.replace("\r\n", "\n")
    };
    let ask = |more: &str| asked(more, &server);
    assert_eq!(ask("--by promotion"), BY_PROMOTION);
    assert_eq!(ask("--by channel,store"), BY_CHANNEL_AND_STORE);
    let one = ask("--by day --promotion three,pouch");
    let figures = "UAH,3,0,2,0,360.00,1,2,0.00,100.00,3,360.00,0,0";
    assert_eq!(one.lines().nth(1).unwrap(), format!("{day},{figures}"), "{one}");
    assert_eq!(ask(&format!("--by promotion --from {day} --until {day}")), BY_PROMOTION);
    assert_eq!(ask("--by promotion --until 2020-01-01").lines().count(), 1);

    let (code, text) = ran(&folders, &format!("report promotions {server}"));
    assert_eq!(code, 0, "{text}");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).collect();
    assert!(lines.contains(&"spring20 3 3 2 360.00 4 1 160.00 40.00 0 0.00 0".to_owned()), "{text}");
    assert!(lines.contains(&"total 4 3 2 560.00 5 3 160.00 200.00 3 360.00 560".to_owned()), "{text}");
    let json =
        |from: &str| ran(&folders, &format!("report promotions --by promotion,day,store --json {from}"));
    let told = json(&server);
    let held = json("--data data");
    assert!(held.0 == 2 && held.1.contains("another process") && held.1.contains("--server"), "{}", held.1);
    // The environment names the service as for other commands, and the folder where a flag does not.
    let address = running.server.local_addr().to_string();
    let words = "report promotions --by promotion,day,store --json";
    assert_eq!(ran_in(&folders, words, &[("PRICEWRIGHT_SERVER", &address)]), told);
    let variables = [("PRICEWRIGHT_SERVER", address.as_str()), ("PRICEWRIGHT_DATA", "elsewhere")];
    assert_eq!(ran_in(&folders, &format!("{words} --data data"), &variables), held);
    let none = ran_in(&folders, words, &[("PRICEWRIGHT_SERVER", ""), ("PRICEWRIGHT_DATA", "elsewhere")]);
    assert!(none.0 == 2 && none.1.contains("elsewhere"), "{}", none.1);

    // The same from the folder that the service has left, and in its own words on the wire.
    let answer: wire::PromotionsResponse = serde_json::from_str(&told.1).unwrap();
    let mut reports = running.reports().await;
    let group_by = vec![Dimension::Promotion.into(), Dimension::Day.into(), Dimension::Store.into()];
    let request = wire::PromotionsRequest { group_by, ..wire::PromotionsRequest::default() };
    assert_eq!(reports.promotions(request).await.unwrap().into_inner(), answer);
    assert_eq!((answer.time_zone.as_str(), answer.totals.len()), ("Europe/Kyiv", 1));
    for secret in ["0671234567", "380671234567", "0507654321"] {
        assert!(!told.1.contains(secret));
    }
    drop(reports);
    running.server.shutdown().await.unwrap();
    assert_eq!(json("--data data"), told);
    assert_eq!(asked("--by promotion", "--data data"), BY_PROMOTION);
    // Without an index it is built, and nothing is lost.
    std::fs::remove_dir_all(folders.data().join("ledger/index")).unwrap();
    assert_eq!(json("--data data"), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_in_memory_tells_the_same() {
    let folders = Folders::new();
    folders.put("settings.yaml", SETTINGS);
    folders.put("catalog.csv", CATALOG);
    folders.put("rules.yaml", RULES);
    let store = Some(pricewright::server::config::Store::Memory.into());
    let running = folders.serve(Options { store, ..Options::default() }).await;
    running.server.ready().await.unwrap();
    a_day(&running).await;
    let mut reports = running.reports().await;
    let group_by = vec![Dimension::Promotion.into()];
    let request = wire::PromotionsRequest { group_by, ..wire::PromotionsRequest::default() };
    let answer = reports.promotions(request).await.unwrap().into_inner();
    let given: Vec<(&str, i64)> =
        answer.rows.iter().map(|row| (row.promotion_id(), row.discount_total)).collect();
    let expected =
        [("free-delivery", 6_000), ("points", 0), ("pouch", 0), ("spring20", 4_000), ("three", 10_000)];
    assert_eq!(given, expected);

    let bad = wire::PromotionsRequest {
        from: Some(From::FirstDay("2026-11-31".to_owned())),
        until: Some(Until::EndTime(pricewright::server::timestamp::Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        })),
        promotion_ids: vec!["p".to_owned(); 1_001],
        group_by: vec![1, 9],
    };
    let status = reports.promotions(bad).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let fields: Vec<&str> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["first_day", "end_time", "promotion_ids", "group_by[1]"]);
}

/// A rulebook that knows nothing.
struct Nothing;

impl Known for Nothing {
    fn has_code(&mut self, _: &str, _: &str) -> bool {
        false
    }

    fn cost(&mut self, _: &str, _: &str) -> Option<Amount> {
        None
    }
}

/// A sale of one piece for 90.00 with 10.00 off, paid at a moment.
fn sale(paid_at: &str, store: &str, currency: &str) -> Sale {
    let amount = Amount::from_minor;
    let units =
        SoldUnits { quantity: 1, price: amount(9_000), discounts: vec![("p".to_owned(), amount(1_000))] };
    let line = SoldLine {
        id: "1".to_owned(),
        sku: "A".to_owned(),
        list_price: amount(10_000),
        units: vec![units],
        is_certificate: false,
    };
    let applied = SoldPromotion {
        id: "p".to_owned(),
        name: "P".to_owned(),
        amount: amount(1_000),
        units: 1,
        points: 0,
    };
    let reserved = Purchase {
        rulebook: String::new(),
        asked: String::new(),
        customer: Vec::new(),
        codes: Vec::new(),
        channel: "pos".to_owned(),
        store: store.to_owned(),
        currency: currency.to_owned(),
        list_total: amount(10_000),
        discount_total: amount(1_000),
        delivery_total: Amount::ZERO,
        total: amount(9_000),
        lines: vec![line],
        promotions: vec![applied],
        gifts: Vec::new(),
        points: 0,
        payments: Vec::new(),
    };
    let paid_at = Instant::from_rfc3339(paid_at).unwrap();
    Sale {
        state: State::Committed,
        reserved_at: paid_at,
        expires_at: paid_at,
        ended_at: Some(paid_at),
        reserved,
        paid: None,
        takes: Vec::new(),
        returns: Vec::new(),
        issued: Vec::new(),
    }
}

#[test]
fn days_are_those_of_the_wall_and_the_last_one_is_included() {
    let zone = Zone::named("Europe/Kyiv").unwrap();
    let request = wire::PromotionsRequest {
        from: Some(From::FirstDay("2026-10-25".to_owned())),
        until: Some(Until::LastDay("2026-10-26".to_owned())),
        group_by: vec![Dimension::Day.into()],
        ..wire::PromotionsRequest::default()
    };
    let mut table = Table::new(report::asked(request, &zone).unwrap(), zone);
    // Clocks go back on the 25th: it has 25 hours.
    for paid_at in [
        "2026-10-24T23:59:59+03:00",
        "2026-10-25T00:00:00+03:00",
        "2026-10-25T23:59:59+02:00",
        "2026-10-26T00:00:00+02:00",
        "2026-10-26T23:59:59+02:00",
        "2026-10-27T00:00:00+02:00",
    ] {
        table.add(&sale(paid_at, "", "UAH"), &mut Nothing).unwrap();
    }
    table.add(&sale("2026-10-26T12:00:00+02:00", "", "EUR"), &mut Nothing).unwrap();
    let rows = table.rows().into_iter().map(|row| {
        let day = row.key.day.unwrap().to_string();
        ((day, row.key.currency), (row.sums.baskets, row.sums.sold.minor()))
    });
    let expected = [("2026-10-25", "UAH", 2), ("2026-10-26", "EUR", 1), ("2026-10-26", "UAH", 2)].map(
        |(day, currency, baskets)| {
            ((day.to_owned(), currency.to_owned()), (baskets, 9_000 * i64::try_from(baskets).unwrap()))
        },
    );
    assert_eq!(rows.collect::<BTreeMap<_, _>>(), expected.into());
    let totals: Vec<(String, u64)> =
        table.totals().into_iter().map(|row| (row.key.currency, row.sums.baskets)).collect();
    assert_eq!(totals, [("EUR".to_owned(), 1), ("UAH".to_owned(), 4)]);
}

/// A rulebook in which `p` waits for a code and everything costs 1.20.
struct Everything;

impl Known for Everything {
    fn has_code(&mut self, _: &str, promotion: &str) -> bool {
        promotion == "p"
    }

    fn cost(&mut self, _: &str, _: &str) -> Option<Amount> {
        Some(Amount::from_minor(120))
    }
}

/// The one row of a sale: baskets, those by a code, gifts and what these cost.
fn row(sale: &Sale) -> (u64, u64, u64, i64) {
    let mut table = Table::new(pricewright::report::Asked::default(), Zone::utc());
    table.add(sale, &mut Everything).unwrap();
    let sums = table.rows().remove(0).sums;
    (sums.baskets, sums.baskets_by_code, sums.gifts, sums.gifts_cost.minor())
}

/// All units of a line come back.
fn back(line: &str, repriced: Option<Purchase>) -> Return {
    let amount = Amount::from_minor(9_000);
    let line = ReturnedLine { line: line.to_owned(), group: 0, quantity: 1, amount };
    let at = Instant::from_rfc3339("2026-10-27T12:00:00Z").unwrap();
    Return {
        at,
        lines: vec![line],
        delivery: false,
        amount,
        points: 0,
        repriced,
        payments: Vec::new(),
        frozen: Vec::new(),
    }
}

#[test]
fn a_code_whose_goods_came_back_brought_no_basket() {
    let mut sale = sale("2026-10-26T12:00:00Z", "", "UAH");
    let mut line = sale.reserved.lines[0].clone();
    line.id = "2".to_owned();
    line.units[0].discounts[0].0 = "q".to_owned();
    sale.reserved.lines.push(line);
    let applied = SoldPromotion { id: "q".to_owned(), ..sale.reserved.promotions[0].clone() };
    sale.reserved.promotions.push(applied);
    sale.reserved.total = Amount::from_minor(18_000);
    assert_eq!(row(&sale), (1, 1, 0, 0));
    // `q` is still used, and nobody waits for a code with it.
    sale.returns.push(back("1", None));
    assert_eq!(row(&sale), (1, 0, 0, 0));
}

#[test]
fn a_gift_counts_as_given_however_its_goods_came_back() {
    let mut sale = sale("2026-10-26T12:00:00Z", "", "UAH");
    let gift =
        SoldGift { promotion: "p".to_owned(), sku: "POUCH".to_owned(), quantity: 2, line: String::new() };
    sale.reserved.gifts.push(gift);
    assert_eq!(row(&sale), (1, 1, 2, 240));
    let nothing = Purchase {
        lines: Vec::new(),
        promotions: Vec::new(),
        gifts: Vec::new(),
        total: Amount::ZERO,
        ..sale.reserved.clone()
    };
    for repriced in [None, Some(nothing)] {
        sale.returns = vec![back("1", repriced)];
        assert_eq!(row(&sale), (0, 0, 2, 240));
    }
}

#[test]
fn too_many_rows_are_refused() {
    let by = pricewright::report::By { store: true, ..Default::default() };
    let asked = pricewright::report::Asked { by, ..Default::default() };
    let mut table = Table::new(asked, Zone::utc());
    for store in 0..ROWS_MAX {
        table.add(&sale("2026-10-26T12:00:00Z", &store.to_string(), "UAH"), &mut Nothing).unwrap();
    }
    table.add(&sale("2026-10-26T12:00:00Z", "0", "UAH"), &mut Nothing).unwrap();
    assert!(table.add(&sale("2026-10-26T12:00:00Z", "more", "UAH"), &mut Nothing).is_err());
}
