//! It cannot be had before it is paid, twice, after a refund, by another phone, with another password: each row through gRPC.

use pricewright::ledger::code::CertificateNumber;
use pricewright::server::config::Options;
use pricewright::server::timestamp::Timestamp;
use pricewright::server::wire;
use pricewright::server::wire::request_otp_request::Purpose;
use tonic::{Code, Status};

use super::shop::{Held, Sent, Shop, TILL, gift, goods, id, named, pay, phone, reason, reserve};

const WORTH: i64 = 50_000;

/// Pays for a soap of 200.00 with a password for a purchase.
async fn spend(shop: &Shop, held: &Held, sent: &Sent) -> Result<wire::Sale, Status> {
    shop.reserve(pay(vec![goods("SOAP", 20_000)], &sent.purchase, &[(held, &sent.otp)])).await
}

/// A number that looks right and that nobody has.
async fn never_issued(shop: &Shop) -> Held {
    let own = shop.certificate(WORTH).await;
    Held { number: CertificateNumber::from_entropy([7; 10]).grouped(), ..own }
}

/// Checks one row: the call was refused for this reason.
fn check<T: std::fmt::Debug>(row: &str, answer: Result<T, Status>, code: Code, expected: &str) {
    let status = answer.expect_err(row);
    assert_eq!((status.code(), reason(&status).as_str()), (code, expected), "{row}");
}

fn refused<T: std::fmt::Debug>(row: &str, answer: Result<T, Status>) {
    check(row, answer, Code::FailedPrecondition, "CERTIFICATE_REFUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_cannot_be_had_before_it_is_paid_nor_twice_nor_after_a_refund() {
    let shop = Shop::open(Options::default()).await;
    let precondition = Code::FailedPrecondition;

    let reserved = shop.reserve(reserve(vec![gift(WORTH, 1), goods("SOAP", 100)])).await.unwrap();
    check("before it is paid", shop.issue(&reserved, &phone()).await, precondition, "SALE_NOT_COMMITTED");
    let nowhere = wire::Sale { id: id(), ..reserved.clone() };
    check("of no sale", shop.issue(&nowhere, &phone()).await, Code::NotFound, "SALE_UNKNOWN");
    let cancelled = shop.reserve(reserve(vec![gift(WORTH, 1)])).await.unwrap();
    let cancel =
        wire::CancelRequest { request_id: id(), sale_id: cancelled.id.clone(), validate_only: false };
    shop.till.clone().cancel(cancel).await.unwrap();
    check("after it was called off", shop.issue(&cancelled, &phone()).await, precondition, "SALE_CANCELLED");

    let paid = shop.commit(&reserved).await.unwrap();
    let issue = |line: &str| wire::IssueCertificateRequest {
        request_id: id(),
        sale_id: paid.id.clone(),
        line_id: line.to_owned(),
        phone: phone(),
        ..wire::IssueCertificateRequest::default()
    };
    let soap = shop.desk.clone().issue(issue("soap")).await;
    check("of goods", soap, precondition, "NOT_A_CERTIFICATE");
    let held = shop.issue(&paid, &phone()).await.unwrap();
    check("twice for one sale", shop.issue(&paid, &phone()).await, precondition, "CERTIFICATE_ISSUED");

    // Sent before the refund, told after it.
    let sent = shop.password(&held, WORTH).await;
    shop.bring_back(&paid, "gift").await.unwrap();
    refused("with a password from before the refund", spend(&shop, &held, &sent).await);
    let look = shop.ask(&held, Purpose::Payment(payment(WORTH))).await;
    check("a password after the refund", look, precondition, "CERTIFICATE_BLOCKED");
    check("issued after the refund", shop.issue(&paid, &phone()).await, precondition, "CERTIFICATE_ISSUED");
    let unblock = wire::UnblockCertificateRequest {
        request_id: id(),
        certificate: named(&held),
        actor: "support-7".to_owned(),
        reason: "please".to_owned(),
        validate_only: false,
    };
    let unblocked = shop.desk.clone().unblock(unblock).await;
    check("put back after the refund", unblocked, precondition, "CERTIFICATE_FROZEN");
    shop.running.server.shutdown().await.unwrap();
}

fn payment(amount: i64) -> wire::PaymentPurpose {
    wire::PaymentPurpose { purchase_id: id(), till_id: TILL.to_owned(), amount }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_open_for_another_phone_password_purchase_or_amount() {
    let shop = Shop::open(Options::default()).await;
    let precondition = Code::FailedPrecondition;

    let held = shop.certificate(WORTH).await;
    let stranger = Held { phone: phone(), ..held.clone() };
    refused("a password to another phone", shop.ask(&stranger, Purpose::Payment(payment(1))).await);
    let unknown = never_issued(&shop).await;
    refused("a password for no certificate", shop.ask(&unknown, Purpose::Payment(payment(1))).await);

    let sent = shop.password(&held, 10_000).await;
    let wrong = |otp: &str| Sent { otp: otp.to_owned(), ..sent.clone() };
    let other_digits = if sent.otp == "000000" { "000001" } else { "000000" };
    refused("with other digits", spend(&shop, &held, &wrong(other_digits)).await);
    refused("for another purchase", spend(&shop, &held, &Sent { purchase: id(), ..sent.clone() }).await);
    let at_another = wire::ReserveRequest {
        till_id: "lviv-02-1".to_owned(),
        ..pay(vec![goods("SOAP", 20_000)], &sent.purchase, &[(&held, &sent.otp)])
    };
    refused("at another till", shop.reserve(at_another).await);
    refused("of no certificate", spend(&shop, &unknown, &sent).await);
    let mut higher = pay(vec![goods("SOAP", 20_000)], &sent.purchase, &[(&held, &sent.otp)]);
    higher.certificates[0].amount = Some(10_001);
    check("a higher amount", shop.reserve(higher).await, precondition, "OTP_AMOUNT_EXCEEDED");
    let only_gifts = pay(vec![gift(5_000, 1)], &sent.purchase, &[(&held, &sent.otp)]);
    check("for another certificate", shop.reserve(only_gifts).await, precondition, "CERTIFICATE_NOT_NEEDED");
    let soon = shop.ask(&held, Purpose::Payment(payment(1))).await.unwrap_err();
    assert_eq!(reason(&soon), "OTP_TOO_SOON", "a second within the minute");

    let bought = spend(&shop, &held, &sent).await.unwrap();
    assert_eq!((bought.payments[0].amount, bought.payments[0].balance_left), (10_000, 40_000));
    refused("a used password", spend(&shop, &held, &sent).await);

    // Of another certificate, for the same purchase.
    let other = shop.certificate(WORTH).await;
    let foreign = shop.password(&other, 10_000).await;
    refused("a foreign password", spend(&shop, &held, &foreign).await);

    let mut moved = shop.certificate(WORTH).await;
    let old = shop.password(&moved, 10_000).await;
    let previous = moved.clone();
    shop.new_phone(&mut moved).await;
    refused("a password from before it was given away", spend(&shop, &moved, &old).await);
    refused("by its former owner", shop.ask(&previous, Purpose::Payment(payment(1))).await);
    let new = shop.password(&moved, 10_000).await;
    refused("an old password beside a new one", spend(&shop, &moved, &old).await);
    spend(&shop, &moved, &new).await.unwrap();

    // A password to look with pays nothing, and one that pays lets nobody look.
    let looking = shop.certificate(WORTH).await;
    let look = shop.look(&looking).await;
    let as_payment = Sent { otp: look, purchase: id() };
    refused("with a password to look", spend(&shop, &looking, &as_payment).await);
    let paying = shop.certificate(WORTH).await;
    let sent = shop.password(&paying, 100).await;
    let balance = wire::GetBalanceRequest {
        request_id: id(),
        number: paying.number.clone(),
        phone: paying.phone.clone(),
        otp: sent.otp.clone(),
    };
    refused("a look with a password that pays", shop.desk.clone().get_balance(balance).await);
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_tries_a_password_and_what_is_out_of_use_or_over_pays_nothing() {
    let shop = Shop::open(Options::default()).await;
    let precondition = Code::FailedPrecondition;

    let held = shop.certificate(WORTH).await;
    let sent = shop.password(&held, 10_000).await;
    let digits: Vec<String> =
        (0..10).map(|digit| digit.to_string().repeat(6)).filter(|digits| *digits != sent.otp).collect();
    for digits in &digits[..3] {
        refused("wrong digits", spend(&shop, &held, &Sent { otp: digits.clone(), ..sent.clone() }).await);
    }
    refused("right after three wrong ones", spend(&shop, &held, &sent).await);

    // Ten wrong ones a day, and a new password does not reset the count.
    let mut tried = shop.certificate(WORTH).await;
    let mut wrong = 0;
    'day: loop {
        let sent = shop.password(&tried, 10_000).await;
        for digits in digits.iter().filter(|digits| **digits != sent.otp).take(3) {
            if wrong == 10 {
                let locked = spend(&shop, &tried, &sent).await;
                check("right on a day of ten wrong ones", locked, Code::ResourceExhausted, "OTP_LOCKED");
                break 'day;
            }
            refused(
                "wrong digits",
                spend(&shop, &tried, &Sent { otp: digits.clone(), ..sent.clone() }).await,
            );
            wrong += 1;
        }
        shop.new_phone(&mut tried).await;
    }
    shop.new_phone(&mut tried).await;
    let locked = shop.ask(&tried, Purpose::Payment(payment(1))).await;
    check("a password on such a day", locked, Code::ResourceExhausted, "OTP_LOCKED");

    let blocked = shop.certificate(WORTH).await;
    let sent = shop.password(&blocked, 10_000).await;
    let block = wire::BlockCertificateRequest {
        request_id: id(),
        certificate: named(&blocked),
        actor: "support-7".to_owned(),
        reason: "stolen".to_owned(),
        validate_only: false,
    };
    shop.desk.clone().block(block).await.unwrap();
    refused("a password from before the block", spend(&shop, &blocked, &sent).await);
    let ask = shop.ask(&blocked, Purpose::Payment(payment(1))).await;
    check("a password after the block", ask, precondition, "CERTIFICATE_BLOCKED");

    // One that ends in a second: its password is told a moment too late.
    let sale = shop.reserve(reserve(vec![gift(WORTH, 1)])).await.unwrap();
    let sale = shop.commit(&sale).await.unwrap();
    let end = pricewright::server::clock::now().unix() + 2;
    let short = wire::IssueCertificateRequest {
        request_id: id(),
        sale_id: sale.id.clone(),
        phone: phone(),
        expire_time: Some(Timestamp { seconds: end, nanos: 0 }),
        ..wire::IssueCertificateRequest::default()
    };
    let told = shop.desk.clone().issue(short.clone()).await.unwrap().into_inner();
    let over = Held { number: told.number, phone: short.phone, id: told.certificate_id };
    let sent = shop.password(&over, 10_000).await;
    while pricewright::server::clock::now().unix() < end {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    check("after its end", spend(&shop, &over, &sent).await, precondition, "CERTIFICATE_EXPIRED");
    let ask = shop.ask(&over, Purpose::Payment(payment(1))).await.unwrap_err();
    assert!(["OTP_TOO_SOON", "CERTIFICATE_EXPIRED"].contains(&reason(&ask).as_str()));

    let mut spent = shop.certificate(20_000).await;
    let sent = shop.password(&spent, 20_000).await;
    shop.commit(&spend(&shop, &spent, &sent).await.unwrap()).await.unwrap();
    shop.new_phone(&mut spent).await;
    let ask = shop.ask(&spent, Purpose::Payment(payment(1))).await;
    check("a password for nothing", ask, precondition, "CERTIFICATE_EMPTY");

    // What is no number is seen without a look-up, and costs nobody a try.
    let mistyped = Held { number: format!("#{}", held.number), ..held };
    let invalid = spend(&shop, &mistyped, &sent).await;
    check("a number that is mistyped", invalid, Code::InvalidArgument, "INVALID_FIELDS");
    shop.running.server.shutdown().await.unwrap();
}
