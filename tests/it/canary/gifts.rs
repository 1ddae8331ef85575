//! Gift certificates, with numbers, phones and passwords that are right, wrong and malformed; one password stays on its way.

use pricewright::server::wire;
use pricewright::server::wire::certificate_name::Name;
use pricewright::server::wire::certificate_service_client::CertificateServiceClient;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::wire::request_otp_request::Purpose;
use pricewright::server::wire::request_otp_response::Delivery;
use tonic::Code;
use tonic::transport::Channel;

use super::calls::{Heard, basket, id, long};
use super::forms::Secret;
use super::planted;
use super::shop::Shop;

type Desk = CertificateServiceClient<Channel>;
type Till = RedemptionServiceClient<Channel>;

const TILL: &str = "kyiv-01-3";
const WRONG: Code = Code::FailedPrecondition;

/// A certificate, and the last password that its phone shows.
struct Held {
    number: String,
    phone: &'static str,
    id: String,
}

pub(super) async fn call(shop: &Shop, heard: &mut Heard) -> Vec<Secret> {
    let mut desk = CertificateServiceClient::new(shop.channel());
    let mut till = RedemptionServiceClient::new(shop.channel());
    let first = sold(&mut till, &mut desk, heard, planted::PHONE).await;
    let second = sold(&mut till, &mut desk, heard, planted::PHONE_GIFT).await;
    let paid = spent(shop, &mut till, &mut desk, heard, &first).await;
    let looked = looked(shop, &mut desk, heard, &second).await;
    support(&mut desk, heard, &first, &second).await;
    malformed(&mut till, &mut desk, heard, &first).await;
    let late = on_its_way(shop, &mut desk, heard, &first).await;
    let secret = shop.webhook_secret();
    let numbers = [&first, &second].map(|held| Secret::text("the number of a certificate", &held.number));
    let passwords = [paid, looked, late].map(|password| Secret::text("a password", &password));
    let phones = [planted::PHONE_GIFT, planted::PHONE_NEW]
        .map(|phone| Secret::phone("the phone of a certificate", phone));
    let secret = Secret::text("the secret of the gateway", &secret);
    numbers.into_iter().chain(passwords).chain(phones).chain([secret]).collect()
}

async fn sold(till: &mut Till, desk: &mut Desk, heard: &mut Heard, phone: &'static str) -> Held {
    let line = wire::Line {
        id: "gift".to_owned(),
        sku: "GIFT".to_owned(),
        quantity: 1,
        unit_price: Some(50_000),
        gift_certificate: true,
        ..wire::Line::default()
    };
    let mut asked = basket(&[], "", "");
    asked.basket.as_mut().unwrap().lines = vec![line];
    let asked = wire::ReserveRequest {
        request_id: id(),
        quote_request: Some(asked),
        ..wire::ReserveRequest::default()
    };
    let sale = heard.good("Reserve of a certificate", till.reserve(asked).await);
    let issue = wire::IssueCertificateRequest {
        request_id: id(),
        sale_id: sale.id.clone(),
        phone: phone.to_owned(),
        ..wire::IssueCertificateRequest::default()
    };
    heard.bad("Issue before it is paid", WRONG, desk.issue(issue.clone()).await);
    let commit = wire::CommitRequest { request_id: id(), sale_id: sale.id, ..wire::CommitRequest::default() };
    heard.good("Commit of a certificate", till.commit(commit).await);
    let issue = wire::IssueCertificateRequest { request_id: id(), ..issue };
    let trial = wire::IssueCertificateRequest { validate_only: true, ..issue.clone() };
    heard.good("Issue on trial", desk.issue(trial).await);
    // The one answer that tells a number.
    let told = desk.issue(issue).await.unwrap().into_inner();
    Held { number: told.number, phone, id: told.certificate_id }
}

fn ask(held: &Held, phone: &str, purpose: Purpose) -> wire::RequestOtpRequest {
    wire::RequestOtpRequest {
        request_id: id(),
        number: held.number.clone(),
        phone: phone.to_owned(),
        purpose: Some(purpose),
        validate_only: false,
    }
}

fn payment(purchase: &str) -> Purpose {
    let (purchase_id, till_id) = (purchase.to_owned(), TILL.to_owned());
    Purpose::Payment(wire::PaymentPurpose { purchase_id, till_id, amount: 20_000 })
}

async fn spent(shop: &Shop, till: &mut Till, desk: &mut Desk, heard: &mut Heard, held: &Held) -> String {
    let purchase = id();
    let stranger = ask(held, planted::PHONE_WRONG, payment(&purchase));
    heard.bad("RequestOtp by another phone", WRONG, desk.request_otp(stranger).await);
    let asked = ask(held, planted::PHONE_TYPED, payment(&purchase));
    let request = asked.request_id.clone();
    heard.good("RequestOtp", desk.request_otp(asked).await);
    let soon = ask(held, held.phone, payment(&purchase));
    heard.bad("RequestOtp too soon", Code::ResourceExhausted, desk.request_otp(soon).await);
    let password = shop.shown(&request);
    let pay = |otp: &str| wire::ReserveRequest {
        request_id: id(),
        quote_request: Some(basket(&[], "", "")),
        certificates: vec![wire::CertificatePayment {
            number: held.number.clone(),
            otp: otp.to_owned(),
            amount: None,
        }],
        purchase_id: purchase.clone(),
        till_id: TILL.to_owned(),
        ..wire::ReserveRequest::default()
    };
    let wrong = if password == planted::PIN_WRONG { planted::PIN } else { planted::PIN_WRONG };
    heard.bad("Reserve with another password", WRONG, till.reserve(pay(wrong)).await);
    let bought = heard.good("Reserve with a certificate", till.reserve(pay(&password)).await);
    assert_eq!(bought.payments[0].amount, 20_000);
    heard.bad("Reserve with a used password", WRONG, till.reserve(pay(&password)).await);
    let commit = wire::CommitRequest {
        request_id: id(),
        sale_id: bought.id.clone(),
        ..wire::CommitRequest::default()
    };
    heard.good("Commit with a certificate", till.commit(commit).await);
    let units = vec![wire::ReturnedUnits {
        line_id: "1".to_owned(),
        quantity: 1,
        group: None,
        certificate_ids: Vec::new(),
    }];
    let refund =
        wire::RefundRequest { request_id: id(), sale_id: bought.id, units, ..wire::RefundRequest::default() };
    heard.good("Refund with a certificate", till.refund(refund).await);
    password
}

async fn looked(shop: &Shop, desk: &mut Desk, heard: &mut Heard, held: &Held) -> String {
    let asked = ask(held, held.phone, Purpose::Look(wire::LookPurpose {}));
    let request = asked.request_id.clone();
    heard.good("RequestOtp to look", desk.request_otp(asked).await);
    let password = shop.shown(&request);
    let wrong = if password == planted::PIN_WRONG { planted::PIN } else { planted::PIN_WRONG };
    let balance = wire::GetBalanceRequest {
        request_id: id(),
        number: held.number.clone(),
        phone: held.phone.to_owned(),
        otp: wrong.to_owned(),
    };
    heard.bad("GetBalance with another password", WRONG, desk.get_balance(balance).await);
    let entries = wire::ListEntriesRequest {
        request_id: id(),
        number: held.number.clone(),
        phone: held.phone.to_owned(),
        otp: password.clone(),
        page_size: 0,
    };
    heard.good("ListEntries", desk.list_entries(entries).await);
    password
}

async fn support(desk: &mut Desk, heard: &mut Heard, first: &Held, second: &Held) {
    let name = |name: Name| Some(wire::CertificateName { name: Some(name) });
    let block = wire::BlockCertificateRequest {
        request_id: id(),
        certificate: name(Name::Number(second.number.clone())),
        actor: "support-7".to_owned(),
        reason: "lost".to_owned(),
        validate_only: false,
    };
    heard.good("Block", desk.block(block).await);
    let transfer = wire::TransferCertificateRequest {
        request_id: id(),
        certificate: name(Name::CertificateId(first.id.clone())),
        actor: "support-7".to_owned(),
        reason: "given away".to_owned(),
        phone: planted::PHONE_NEW.to_owned(),
        validate_only: false,
    };
    heard.good("Transfer", desk.transfer(transfer).await);
    let (first_day, last_day) = ("2026-01-01".to_owned(), "2035-12-31".to_owned());
    let asked = wire::CertificateStatementRequest { first_day, last_day, time_zone: String::new() };
    assert_eq!(heard.good("Statement", desk.statement(asked).await).days.len(), 1);
    let asked = wire::ListUndeliveredRequest::default();
    heard.good("ListUndelivered", desk.list_undelivered(asked).await);
}

async fn malformed(till: &mut Till, desk: &mut Desk, heard: &mut Heard, held: &Held) {
    let invalid = Code::InvalidArgument;
    let mistyped = format!("{}#", held.number);
    for (number, phone) in [
        (mistyped.as_str(), planted::PHONE),
        (&long(&held.number), planted::PHONE),
        (&held.number, planted::PHONE_MALFORMED),
    ] {
        let asked = wire::RequestOtpRequest { number: number.to_owned(), ..ask(held, phone, payment("1")) };
        heard.bad("RequestOtp at fault", invalid, desk.request_otp(asked).await);
    }
    let asked = wire::ReserveRequest {
        request_id: id(),
        quote_request: Some(basket(&[], "", "")),
        certificates: vec![wire::CertificatePayment {
            number: held.number.clone(),
            otp: planted::PIN_MALFORMED.to_owned(),
            amount: None,
        }],
        purchase_id: "1".to_owned(),
        till_id: TILL.to_owned(),
        ..wire::ReserveRequest::default()
    };
    heard.bad("Reserve with a malformed password", invalid, till.reserve(asked).await);
    let block = wire::BlockCertificateRequest {
        request_id: id(),
        certificate: Some(wire::CertificateName { name: Some(Name::CertificateId(held.number.clone())) }),
        actor: "support-7".to_owned(),
        reason: "lost".to_owned(),
        validate_only: false,
    };
    heard.bad("Block of a number as an id", invalid, desk.block(block).await);
}

/// The gateway is down: the password lies in the outbox.
async fn on_its_way(shop: &Shop, desk: &mut Desk, heard: &mut Heard, held: &Held) -> String {
    shop.gateway_fails();
    let asked = ask(held, planted::PHONE_NEW, payment("2"));
    let request = asked.request_id.clone();
    let told = heard.good("RequestOtp while the gateway is down", desk.request_otp(asked).await);
    assert_eq!(told.delivery(), Delivery::Late);
    shop.shown(&request)
}
