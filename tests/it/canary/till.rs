//! Baskets with codes that are right, wrong, mistyped and malformed: quoted, reserved, paid, brought back.

use pricewright::server::wire;
use pricewright::server::wire::code_result::Status as Fate;
use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use pricewright::server::wire::quote_stream_response::Answer;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::wire::report_service_client::ReportServiceClient;
use tokio_stream::StreamExt as _;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_prost::ProstCodec;

use super::calls::{Heard, basket, customer, id, long};
use super::planted;
use super::pools::mistyped;
use super::shop::Shop;

type Till = RedemptionServiceClient<Channel>;

pub(super) async fn call(shop: &Shop, heard: &mut Heard, made: &[String]) {
    let mut pricing = PricingServiceClient::new(shop.channel());
    quotes(&mut pricing, heard, &made[0]).await;
    at_fault(&mut pricing, heard).await;
    streamed(&mut pricing, heard).await;
    malformed(shop.channel(), heard).await;
    let mut till = RedemptionServiceClient::new(shop.channel());
    purchase(&mut till, heard, &made[0]).await;
    refusals(&mut till, heard, &made[2]).await;
    let mut reports = ReportServiceClient::new(shop.channel());
    let report = reports.promotions(wire::PromotionsRequest::default()).await;
    assert!(!heard.good("a report", report).totals.is_empty());
}

/// Codes that are good, and every way to be wrong: each is an answer.
async fn quotes(pricing: &mut PricingServiceClient<Channel>, heard: &mut Heard, made: &str) {
    let (applied, unknown) = (Fate::Applied, Fate::Unknown);
    let mistyped = mistyped(made);
    let cases = [
        (planted::BOUND, planted::PHONE, planted::PIN, applied),
        (planted::BOUND, planted::PHONE_TYPED, planted::PIN, applied),
        (planted::MANY, "", "", applied),
        (made, "", "", applied),
        (planted::BOUND, planted::PHONE, planted::PIN_WRONG, unknown),
        (planted::BOUND, planted::PHONE, planted::PIN_MALFORMED, unknown),
        (planted::BOUND, planted::PHONE_WRONG, planted::PIN, unknown),
        (planted::BOUND, planted::PHONE_MALFORMED, planted::PIN, unknown),
        (planted::BOUND, "", "", unknown),
        (planted::UNKNOWN, planted::PHONE, planted::PIN, unknown),
        (planted::PIN, planted::PHONE, planted::PIN, unknown),
        (planted::PHONE, planted::PHONE, planted::PIN, unknown),
        (mistyped.as_str(), "", "", Fate::Mistyped),
    ];
    for (code, phone, pin, fate) in cases {
        let quote = pricing.quote(basket(&[code], phone, pin)).await.unwrap().into_inner();
        assert_eq!(heard.quote("Quote", quote).codes[0].status(), fate, "{code} {phone} {pin}");
    }
    let mut whole = basket(&[planted::BOUND, planted::MANY], planted::PHONE, planted::PIN);
    whole.context.as_mut().unwrap().customer = Some(customer());
    heard.quote("Quote", pricing.quote(whole).await.unwrap().into_inner());
}

/// Requests with a secret in the field that is at fault, and beside it.
fn faulty() -> Vec<wire::QuoteRequest> {
    let good = || {
        let mut good = basket(&[planted::BOUND], planted::PHONE, planted::PIN);
        good.context.as_mut().unwrap().customer = Some(customer());
        good
    };
    let with = |change: &dyn Fn(&mut wire::Context, &mut wire::Customer)| {
        let mut asked = good();
        let context = asked.context.as_mut().unwrap();
        let mut customer = context.customer.take().unwrap();
        change(context, &mut customer);
        context.customer = Some(customer);
        asked
    };
    let mut bare = good();
    bare.basket = None;
    vec![
        bare,
        with(&|context, _| context.codes = vec![long(planted::TOO_LONG)]),
        with(&|context, _| context.codes = vec![planted::UNKNOWN.to_owned(); 33]),
        with(&|context, _| {
            context.code_pins =
                vec![wire::CodePin { code: planted::BOUND.to_owned(), pin: planted::PIN.to_owned() }; 33]
        }),
        with(&|context, _| context.store = long(planted::BOUND)),
        with(&|_, customer| customer.phone = long(planted::PHONE)),
        with(&|_, customer| customer.id = long(planted::CUSTOMER)),
        with(&|_, customer| customer.tier = long(planted::TIER)),
        with(&|_, customer| customer.segments = vec![long(planted::SEGMENT)]),
        with(&|_, customer| customer.birthday = planted::BIRTHDAY_MALFORMED.to_owned()),
        with(&|_, customer| {
            customer.attributes = [(long(planted::ATTRIBUTE), planted::VALUE.to_owned())].into()
        }),
        with(&|_, customer| {
            customer.attributes = [(planted::ATTRIBUTE.to_owned(), long(planted::VALUE))].into()
        }),
    ]
}

async fn at_fault(pricing: &mut PricingServiceClient<Channel>, heard: &mut Heard) {
    for (place, asked) in faulty().into_iter().enumerate() {
        let what = format!("Quote of request {place} at fault");
        heard.bad(&what, Code::InvalidArgument, pricing.quote(asked).await);
    }
    let mut other = basket(&[planted::BOUND], planted::PHONE, planted::PIN);
    other.context.as_mut().unwrap().rulebook_version = "0123456789ab".to_owned();
    heard.bad("Quote by other rules", Code::FailedPrecondition, pricing.quote(other).await);
}

/// The same requests many at once: a fault is an answer there.
async fn streamed(pricing: &mut PricingServiceClient<Channel>, heard: &mut Heard) {
    let batch = wire::BatchQuoteRequest { requests: faulty() };
    let answers = heard.good("BatchQuote", pricing.batch_quote(batch).await).answers;
    let is_failure = |answer: &wire::QuoteStreamResponse| matches!(answer.answer, Some(Answer::Failure(_)));
    assert!(answers.len() == faulty().len() && answers.iter().all(is_failure));
    let asked = faulty().into_iter().map(|request| wire::QuoteStreamRequest { request: Some(request) });
    let asked: Vec<_> = asked.collect();
    let answers = pricing.quote_stream(tokio_stream::iter(asked)).await.unwrap().into_inner();
    for answer in answers.collect::<Vec<_>>().await {
        heard.message("QuoteStream", &answer.unwrap());
    }
}

/// Messages that are none: a text stands where another message should.
async fn malformed(channel: Channel, heard: &mut Heard) {
    let mut client = Grpc::new(channel);
    for path in [
        "/pricewright.v1.PricingService/Quote",
        "/pricewright.v1.RedemptionService/Reserve",
        "/pricewright.v1.CustomerService/Upsert",
        "/pricewright.v1.CodeService/Nothing",
    ] {
        for secret in [planted::BOUND, planted::PHONE, planted::PIN, planted::VALUE] {
            client.ready().await.unwrap();
            let codec = ProstCodec::<wire::InspectCodeRequest, wire::Quote>::default();
            let asked = Request::new(wire::InspectCodeRequest { code: secret.to_owned() });
            let answer = client.unary(asked, PathAndQuery::from_static(path), codec).await;
            heard.status(&format!("a malformed message to {path}"), &answer.unwrap_err());
        }
    }
}

fn reserve(quote_request: wire::QuoteRequest) -> wire::ReserveRequest {
    let quote_request = Some(quote_request);
    wire::ReserveRequest { request_id: id(), quote_request, ..wire::ReserveRequest::default() }
}

fn refund(sale_id: &str, line: &str, reprice: bool) -> wire::RefundRequest {
    let units = vec![wire::ReturnedUnits {
        line_id: line.to_owned(),
        quantity: 1,
        group: None,
        certificate_ids: Vec::new(),
    }];
    let (request_id, sale_id) = (id(), sale_id.to_owned());
    wire::RefundRequest { request_id, sale_id, units, reprice, ..wire::RefundRequest::default() }
}

/// One with all codes of a customer who is known by everything: paid, and brought back piece by piece.
async fn purchase(till: &mut Till, heard: &mut Heard, made: &str) {
    let mut asked = basket(&[planted::BOUND, planted::MANY, made], planted::PHONE, planted::PIN);
    asked.context.as_mut().unwrap().customer = Some(customer());
    let asked = reserve(asked);
    let trial = wire::ReserveRequest { validate_only: true, ..asked.clone() };
    heard.good("Reserve on trial", till.reserve(trial).await);
    let held = heard.good("Reserve", till.reserve(asked.clone()).await);
    let applied: Vec<&str> = held.promotions.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(applied, ["birthday", "club", "many", "spring"]);
    let units = ["1", "2", "3"].map(|line| wire::PaidUnits { line_id: line.to_owned(), quantity: 1 });
    let commit = wire::CommitRequest {
        request_id: id(),
        sale_id: held.id.clone(),
        units: units.to_vec(),
        ..wire::CommitRequest::default()
    };
    heard.good("Commit of a part", till.commit(commit).await);
    heard.good("Refund as paid", till.refund(refund(&held.id, "1", false)).await);
    heard.good("Refund at a new price", till.refund(refund(&held.id, "2", true)).await);
    let wrong = till.refund(refund(&held.id, "7", true)).await;
    heard.bad("Refund of what was not bought", Code::FailedPrecondition, wrong);
    heard.good("GetSale", till.get_sale(wire::GetSaleRequest { sale_id: held.id }).await);
    let reused = wire::ReserveRequest { expected_total: Some(1), ..asked };
    heard.bad("Reserve with the id of another", Code::AlreadyExists, till.reserve(reused).await);
}

async fn refusals(till: &mut Till, heard: &mut Heard, made: &str) {
    for asked in faulty() {
        heard.bad("Reserve at fault", Code::InvalidArgument, till.reserve(reserve(asked)).await);
    }
    for (code, phone, pin) in [
        (made, planted::PHONE, ""),
        (planted::BOUND, planted::PHONE, planted::PIN_WRONG),
        (planted::UNKNOWN, planted::PHONE_WRONG, planted::PIN),
        (planted::BOUND, planted::PHONE_MALFORMED, planted::PIN_MALFORMED),
    ] {
        let asked = reserve(basket(&[code], phone, pin));
        let wrong = wire::ReserveRequest { request_id: id(), expected_total: Some(1), ..asked.clone() };
        let answer = till.reserve(wrong).await;
        heard.bad("Reserve at another price", Code::FailedPrecondition, answer);
        let held = heard.good("Reserve", till.reserve(asked).await);
        let cancel = wire::CancelRequest { request_id: id(), sale_id: held.id, validate_only: false };
        heard.good("Cancel", till.cancel(cancel).await);
    }
    for secret in [planted::BOUND, planted::PHONE, planted::CUSTOMER] {
        let sale_id = secret.to_owned();
        let answer = till.get_sale(wire::GetSaleRequest { sale_id: sale_id.clone() }).await;
        heard.bad("GetSale of a secret", Code::InvalidArgument, answer);
        let commit =
            wire::CommitRequest { request_id: sale_id.clone(), sale_id, ..wire::CommitRequest::default() };
        heard.bad("Commit of a secret", Code::InvalidArgument, till.commit(commit).await);
    }
}
