//! A till speaks for its own store, and a page for its channel.

use pricewright::server::wire;
use prost::Message as _;
use tonic::Code;
use tonic::transport::Channel;

use super::keys::Key;
use super::{Guarded, call, told};
use crate::running::basket;

const QUOTE: &str = "/pricewright.v1.PricingService/Quote";
const BATCH: &str = "/pricewright.v1.PricingService/BatchQuote";
const RESERVE: &str = "/pricewright.v1.RedemptionService/Reserve";
const COMMIT: &str = "/pricewright.v1.RedemptionService/Commit";
const CANCEL: &str = "/pricewright.v1.RedemptionService/Cancel";
const REFUND: &str = "/pricewright.v1.RedemptionService/Refund";
const GET_SALE: &str = "/pricewright.v1.RedemptionService/GetSale";
const ISSUE: &str = "/pricewright.v1.CertificateService/Issue";

fn quote(store: &str, channel: &str) -> wire::QuoteRequest {
    let mut asked = basket(1, 10_000);
    let context = asked.context.as_mut().unwrap();
    (context.store, context.channel) = (store.to_owned(), channel.to_owned());
    context.time = None;
    asked
}

fn id(number: u8) -> String {
    format!("0197c5a4-7b1e-7cc2-8f3a-0000000000{number:02x}")
}

fn reserve(number: u8, store: &str) -> Vec<u8> {
    let asked = wire::ReserveRequest {
        request_id: id(number),
        quote_request: Some(quote(store, "store")),
        ..wire::ReserveRequest::default()
    };
    asked.encode_to_vec()
}

fn commit(number: u8, sale: u8) -> Vec<u8> {
    wire::CommitRequest { request_id: id(number), sale_id: id(sale), ..wire::CommitRequest::default() }
        .encode_to_vec()
}

fn refund(number: u8, sale: u8) -> Vec<u8> {
    wire::RefundRequest {
        request_id: id(number),
        sale_id: id(sale),
        units: vec![wire::ReturnedUnits {
            line_id: "1".to_owned(),
            quantity: 1,
            ..wire::ReturnedUnits::default()
        }],
        ..wire::RefundRequest::default()
    }
    .encode_to_vec()
}

fn look(sale: u8) -> Vec<u8> {
    wire::GetSaleRequest { sale_id: id(sale) }.encode_to_vec()
}

struct Shop {
    channel: Channel,
    refused: Vec<(Code, String, Vec<u8>)>,
}

impl Shop {
    async fn may(&mut self, key: &Key, path: &'static str, bytes: Vec<u8>) {
        call(&self.channel, path, Some(&key.token), bytes.into()).await.unwrap();
    }

    async fn may_not(&mut self, key: &Key, path: &'static str, bytes: Vec<u8>) {
        let status = call(&self.channel, path, Some(&key.token), bytes.into()).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{path}: {status:?}");
        self.refused.push(told(&status));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_speaks_for_its_store_alone() {
    let (own, other, desk) = (Key::new("kyiv-01"), Key::new("lviv-01"), Key::new("lviv-desk"));
    let access = own.entry("till", "stores = [\"kyiv-01\"]\nchannels = [\"store\"]")
        + &other.entry("till", "stores = [\"lviv-01\"]")
        + &desk.entry("till", "stores = [\"lviv-01\"]\nreturns-anywhere = true");
    let guarded = Guarded::new(&access).await;
    let mut shop = Shop { channel: guarded.running.channel().await, refused: Vec::new() };

    shop.may(&own, QUOTE, quote("kyiv-01", "store").encode_to_vec()).await;
    for (store, channel) in [("lviv-01", "store"), ("", "store"), ("kyiv-01", "web"), ("kyiv-01", "")] {
        shop.may_not(&own, QUOTE, quote(store, channel).encode_to_vec()).await;
    }
    let both =
        wire::BatchQuoteRequest { requests: vec![quote("kyiv-01", "store"), quote("lviv-01", "store")] };
    shop.may_not(&own, BATCH, both.encode_to_vec()).await;

    shop.may_not(&own, RESERVE, reserve(1, "lviv-01")).await;
    shop.may(&own, RESERVE, reserve(1, "kyiv-01")).await;
    shop.may_not(&other, COMMIT, commit(2, 1)).await;
    shop.may_not(&other, CANCEL, commit(2, 1)).await;
    shop.may_not(&other, GET_SALE, look(1)).await;
    // What was asked and refused is not on the record: the same id is free for whoever may.
    shop.may(&own, COMMIT, commit(2, 1)).await;
    let issue = wire::IssueCertificateRequest {
        request_id: id(3),
        sale_id: id(1),
        ..wire::IssueCertificateRequest::default()
    };
    shop.may_not(&other, ISSUE, issue.encode_to_vec()).await;
    shop.may_not(&other, REFUND, refund(4, 1)).await;
    shop.may(&desk, GET_SALE, look(1)).await;
    shop.may_not(&desk, CANCEL, commit(5, 1)).await;
    shop.may(&desk, REFUND, refund(4, 1)).await;

    assert!(shop.refused.windows(2).all(|two| two[0] == two[1]), "refusals tell more than that");
    // How many refusals are told depends on the second in which they come; what was done comes last.
    let mut log = guarded.audit(4).await;
    while log.iter().filter(|line| line["status"] == "OK").count() < 3 {
        log = guarded.audit(log.len() + 1).await;
    }
    let words = |line: &serde_json::Value| {
        ["caller", "method", "request", "status"]
            .map(|key| line[key].as_str().unwrap_or("-").to_owned())
            .join(" ")
    };
    let done: Vec<String> = log.iter().filter(|line| line["status"] == "OK").map(words).collect();
    let line =
        |who: &str, method: &str, number: u8| format!("{who} RedemptionService/{method} {} OK", id(number));
    assert_eq!(
        done,
        [line("kyiv-01", "Reserve", 1), line("kyiv-01", "Commit", 2), line("lviv-desk", "Refund", 4)]
    );
    assert!(log.iter().any(|line| line["refused"] == "store" && line["caller"] == "lviv-01"), "{log:?}");
    println!("{} calls for another store or channel: refused, all alike", shop.refused.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_credential_asks_for_quotes_where_that_is_open() {
    let till = Key::new("till");
    let access = till.entry("till", "") + "[open]\nchannels = [\"web\"]\n";
    let guarded = Guarded::new(&access).await;
    let channel = guarded.running.channel().await;
    let ask = async |path, bytes: Vec<u8>| {
        call(&channel, path, None, bytes.into()).await.map_err(|status| status.code())
    };
    assert_eq!(ask(QUOTE, quote("", "web").encode_to_vec()).await, Ok(()));
    assert_eq!(ask(QUOTE, quote("kyiv-01", "store").encode_to_vec()).await, Err(Code::PermissionDenied));
    assert_eq!(ask(RESERVE, reserve(1, "kyiv-01")).await, Err(Code::Unauthenticated));
    // What somebody pays tells who they are, and nobody asks for it without a name.
    let with = |change: &dyn Fn(&mut wire::Context)| {
        let mut asked = quote("", "web");
        change(asked.context.as_mut().unwrap());
        asked
    };
    let customer = |customer: wire::Customer| with(&|context| context.customer = Some(customer.clone()));
    let golden = wire::Customer { tier: "gold".to_owned(), ..wire::Customer::default() };
    assert_eq!(ask(QUOTE, customer(golden.clone()).encode_to_vec()).await, Ok(()));
    let somebody = [
        customer(wire::Customer { id: "C-1".to_owned(), ..golden.clone() }),
        customer(wire::Customer { phone: "+380671234567".to_owned(), ..wire::Customer::default() }),
        with(&|context| {
            context.code_pins = vec![wire::CodePin { code: "SPRING".to_owned(), pin: "123456".to_owned() }]
        }),
    ];
    for asked in somebody {
        let batch = wire::BatchQuoteRequest { requests: vec![quote("", "web"), asked.clone()] };
        assert_eq!(ask(QUOTE, asked.encode_to_vec()).await, Err(Code::PermissionDenied), "{asked:?}");
        assert_eq!(ask(BATCH, batch.encode_to_vec()).await, Err(Code::PermissionDenied), "{asked:?}");
        call(&channel, QUOTE, Some(&till.token), asked.encode_to_vec().into()).await.unwrap();
    }
    assert!(guarded.audit(1).await.iter().any(|line| line["refused"] == "customer"));
    // A token that is wrong is not as if there were none.
    let status =
        call(&channel, QUOTE, Some("guess"), quote("", "web").encode_to_vec().into()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}
