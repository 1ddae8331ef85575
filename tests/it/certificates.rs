//! Gift certificates through gRPC: sold, issued, opened, spent, brought back; and all the ways in which one cannot be had.

mod outage;
mod refused;
pub(crate) mod shop;

use pricewright::server::config::Options;
use pricewright::server::wire;
use pricewright::server::wire::certificate_entry::Kind;
use pricewright::server::wire::certificate_standing::State;
use pricewright::server::wire::request_otp_response::Delivery;
use shop::{Shop, TILL, gift, goods, id, pay, phone, reserve};

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_lives_from_its_sale_to_the_last_kopiyka() {
    let shop = Shop::open(Options::default()).await;
    // No promotion touches the line, also one that is on everything.
    let mut asked = reserve(vec![gift(50_000, 1), goods("CREAM", 10_000)]);
    asked.quote_request.as_mut().unwrap().context =
        Some(wire::Context { codes: vec!["ALL".to_owned()], ..wire::Context::default() });
    let sold = shop.reserve(asked).await.unwrap();
    assert_eq!((sold.lines[0].total, sold.lines[1].total, sold.total), (50_000, 5_000, 55_000));
    let sold = shop.commit(&sold).await.unwrap();

    let asked = wire::IssueCertificateRequest {
        request_id: id(),
        sale_id: sold.id.clone(),
        phone: "067 123 45 67".to_owned(),
        ..wire::IssueCertificateRequest::default()
    };
    let mut desk = shop.desk.clone();
    let trial = wire::IssueCertificateRequest { validate_only: true, ..asked.clone() };
    let told = desk.issue(trial).await.unwrap().into_inner();
    assert_eq!((told.amount, told.currency_code.as_str(), told.number.as_str()), (50_000, "UAH", ""));
    let issued = desk.issue(asked.clone()).await.unwrap().into_inner();
    assert_eq!(desk.issue(asked.clone()).await.unwrap().into_inner(), issued, "the same number again");
    assert_eq!((issued.amount, &issued.certificate_id), (50_000, &told.certificate_id));
    assert_ne!(issued.certificate_id, asked.request_id, "by that call the number is told again");
    assert!(issued.number.ends_with(&issued.last_four) && issued.number.len() == 19);

    let mut held = shop::Held {
        number: issued.number.to_lowercase().replace('-', " "),
        phone: "+380671234567".to_owned(),
        id: issued.certificate_id,
    };
    let purchase = id();
    let asked =
        wire::PaymentPurpose { purchase_id: purchase.clone(), till_id: TILL.to_owned(), amount: 40_000 };
    let (request, told) = shop.ask(&held, wire::request_otp_request::Purpose::Payment(asked)).await.unwrap();
    assert_eq!(told.delivery(), Delivery::Sent);
    let otp = shop.shown(&request);

    // The price first, with its promotions; then the certificate pays of it what the password was for.
    let asked = pay(vec![goods("CREAM", 100_000)], &purchase, &[(&held, &otp)]);
    let trial = wire::ReserveRequest { validate_only: true, ..asked.clone() };
    let told = shop.reserve(trial).await.unwrap();
    assert_eq!((told.total, told.payments.len(), told.amount_due), (90_000, 0, 90_000));
    let bought = shop.reserve(asked.clone()).await.unwrap();
    assert_eq!((bought.total, bought.amount_due), (90_000, 50_000));
    let payment = &bought.payments[0];
    assert_eq!((payment.amount, payment.balance_left), (40_000, 10_000));
    assert_eq!((&payment.last_four, &payment.certificate_id), (&issued.last_four, &held.id));
    assert_eq!(shop.reserve(asked).await.unwrap(), bought, "the same answer again");
    let paid = shop.commit(&bought).await.unwrap();
    assert_eq!((paid.payments.clone(), paid.amount_due), (bought.payments, 50_000));

    // What a trial says is what is done.
    let units = vec![wire::ReturnedUnits {
        line_id: "cream".to_owned(),
        quantity: 1,
        group: None,
        certificate_ids: Vec::new(),
    }];
    let trial = wire::RefundRequest {
        request_id: id(),
        sale_id: paid.id.clone(),
        units,
        validate_only: true,
        ..wire::RefundRequest::default()
    };
    let would = shop.till.clone().refund(trial).await.unwrap().into_inner().refund.unwrap();
    assert_eq!((would.amount_due, would.payments[0].amount), (50_000, 40_000));
    // Money comes back first, as far as money was paid: of 90,000 that is 50,000.
    let back = shop.bring_back(&paid, "cream").await.unwrap().refund.unwrap();
    assert_eq!((back.amount, back.amount_due, back.payments[0].amount), (90_000, 50_000, 40_000));
    assert_eq!(back.payments[0].balance_left, 0, "whose it is by then is nobody's business");

    let look = || wire::request_otp_request::Purpose::Look(wire::LookPurpose {});
    let told = shop.entries(&mut held).await;
    let balance = told.balance.unwrap();
    assert_eq!(
        (balance.balance, balance.held, balance.standing.unwrap().state()),
        (50_000, 0, State::Active)
    );
    // What happened before it was given to this phone is nobody's business.
    let kinds: Vec<(Kind, i64, i64)> =
        told.entries.iter().rev().map(|entry| (entry.kind(), entry.amount, entry.balance)).collect();
    assert_eq!((kinds, told.total_size), (vec![(Kind::Transferred, 0, 50_000)], 1));
    assert_eq!(shop::reason(&shop.ask(&held, look()).await.unwrap_err()), "OTP_TOO_SOON");
    let fresh = shop.certificate(1_000).await;
    let asked = wire::ListEntriesRequest {
        request_id: id(),
        number: fresh.number.clone(),
        phone: fresh.phone.clone(),
        otp: shop.look(&fresh).await,
        page_size: 0,
    };
    let told = shop.desk.clone().list_entries(asked.clone()).await.unwrap().into_inner();
    assert_eq!((told.entries[0].kind(), told.entries[0].amount, told.total_size), (Kind::Issued, 1_000, 1));
    assert_eq!(
        shop.desk.clone().list_entries(asked).await.unwrap().into_inner(),
        told,
        "the same answer again"
    );
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_pay_for_one_purchase_and_a_part_of_it_releases_what_it_does_not_need() {
    let shop = Shop::open(Options::default()).await;
    let mut certificates = Vec::new();
    let purchase = id();
    for amount in [10_000, 20_000, 30_000] {
        let held = shop.certificate(amount).await;
        let asked = wire::PaymentPurpose {
            purchase_id: purchase.clone(),
            till_id: TILL.to_owned(),
            amount: 1_000_000,
        };
        let (request, _) = shop.ask(&held, wire::request_otp_request::Purpose::Payment(asked)).await.unwrap();
        certificates.push((held, shop.shown(&request)));
    }
    let with: Vec<(&shop::Held, &str)> =
        certificates.iter().map(|(held, otp)| (held, otp.as_str())).collect();
    let lines = vec![wire::Line { quantity: 2, ..goods("SOAP", 25_000) }, gift(7_000, 1)];
    let bought = shop.reserve(pay(lines, &purchase, &with)).await.unwrap();
    let amounts = |sale: &wire::Sale| -> Vec<(i64, i64)> {
        sale.payments.iter().map(|payment| (payment.amount, payment.balance_left)).collect()
    };
    // Another certificate is paid with money.
    assert_eq!((bought.total, bought.amount_due), (57_000, 7_000));
    assert_eq!(amounts(&bought), [(10_000, 0), (20_000, 0), (20_000, 10_000)]);
    let part = wire::CommitRequest {
        request_id: id(),
        sale_id: bought.id.clone(),
        units: vec![wire::PaidUnits { line_id: "soap".to_owned(), quantity: 1 }],
        ..wire::CommitRequest::default()
    };
    let trial = wire::CommitRequest { request_id: id(), validate_only: true, ..part.clone() };
    let would = shop.till.clone().commit(trial).await.unwrap().into_inner();
    let paid = shop.till.clone().commit(part).await.unwrap().into_inner();
    assert_eq!((would.amount_due, amounts(&would)), (paid.amount_due, amounts(&paid)));
    assert_eq!((paid.total, paid.amount_due), (25_000, 0));
    assert_eq!(amounts(&paid), [(10_000, 0), (15_000, 5_000)]);
    let balances = [(0, 0), (5_000, 0), (30_000, 0)];
    for ((mut held, _), (balance, on_hold)) in certificates.into_iter().zip(balances) {
        let told = shop.entries(&mut held).await.balance.unwrap();
        assert_eq!((told.balance, told.held), (balance, on_hold));
    }
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn support_blocks_extends_and_the_books_say_what_is_owed() {
    let shop = Shop::open(Options::default()).await;
    let mut held = shop.certificate(30_000).await;
    let mut desk = shop.desk.clone();
    let (actor, reason) = ("support-7".to_owned(), "lost".to_owned());
    let block = wire::BlockCertificateRequest {
        request_id: id(),
        certificate: shop::named(&held),
        actor: actor.clone(),
        reason: reason.clone(),
        validate_only: true,
    };
    let told = desk.block(block.clone()).await.unwrap().into_inner();
    assert_eq!(told.state(), State::Blocked);
    let block = wire::BlockCertificateRequest { validate_only: false, ..block };
    assert_eq!(desk.block(block.clone()).await.unwrap().into_inner(), told);
    let status = desk.block(wire::BlockCertificateRequest { request_id: id(), ..block.clone() }).await;
    assert_eq!(shop::reason(&status.unwrap_err()), "CERTIFICATE_BLOCKED");
    let unblock = wire::UnblockCertificateRequest {
        request_id: id(),
        certificate: shop::named(&held),
        actor: actor.clone(),
        reason: reason.clone(),
        validate_only: false,
    };
    assert_eq!(desk.unblock(unblock).await.unwrap().into_inner().state(), State::Active);
    // Asked again, the first call has its answer of then.
    assert_eq!(desk.block(block).await.unwrap().into_inner(), told);
    let old = told.expire_time.unwrap();
    let extend = |seconds| wire::ExtendCertificateRequest {
        request_id: id(),
        certificate: shop::named(&held),
        actor: actor.clone(),
        reason: reason.clone(),
        expire_time: Some(pricewright::server::timestamp::Timestamp { seconds, nanos: 0 }),
        validate_only: false,
    };
    let status = desk.extend(extend(old.seconds)).await.unwrap_err();
    assert_eq!(shop::reason(&status), "CERTIFICATE_END_NOT_LATER");
    let told = desk.extend(extend(old.seconds + 86_400)).await.unwrap().into_inner();
    assert_eq!(told.expire_time.unwrap().seconds, old.seconds + 86_400);

    let sent = shop.password(&held, 12_000).await;
    let bought = shop.reserve(pay(vec![goods("SOAP", 20_000)], &sent.purchase, &[(&held, &sent.otp)])).await;
    shop.commit(&bought.unwrap()).await.unwrap();
    let (first_day, last_day) = ("2026-01-01".to_owned(), "2035-12-31".to_owned());
    let asked = wire::CertificateStatementRequest { first_day, last_day, time_zone: "UTC".to_owned() };
    let days = desk.statement(asked).await.unwrap().into_inner().days;
    let sums: Vec<(i64, i64)> = days.iter().map(|day| (day.issued, day.spent)).collect();
    assert_eq!((sums, days.last().unwrap().closing), (vec![(30_000, 12_000)], 18_000));
    assert_eq!(shop.entries(&mut held).await.balance.unwrap().balance, 18_000);
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_is_there_after_a_restart_and_a_password_too() {
    let shop = Shop::open(Options::default()).await;
    let held = shop.certificate(30_000).await;
    let sent = shop.password(&held, 12_000).await;
    let shop = shop.restarted(Options::default()).await;
    let bought = shop.reserve(pay(vec![goods("SOAP", 20_000)], &sent.purchase, &[(&held, &sent.otp)])).await;
    assert_eq!(bought.unwrap().payments[0].amount, 12_000);
    let status = shop.ask(&held, wire::request_otp_request::Purpose::Look(wire::LookPurpose {})).await;
    assert_eq!(shop::reason(&status.unwrap_err()), "OTP_TOO_SOON", "a restart forgives nothing");
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_of_the_chain_and_a_sale_has_as_many_certificates_as_pieces() {
    let shop = Shop::open(Options::default()).await;
    let sale = shop.reserve(reserve(vec![gift(10_000, 3)])).await.unwrap();
    let sale = shop.commit(&sale).await.unwrap();
    let first = shop.issue(&sale, &phone()).await.unwrap();
    shop.issue(&sale, &first.phone).await.unwrap();
    // One piece comes back before its certificate was issued: then no certificate is out of use.
    shop.bring_back(&sale, "gift").await.unwrap();
    assert_eq!(shop::reason(&shop.issue(&sale, &phone()).await.unwrap_err()), "CERTIFICATE_ISSUED");
    let sent = shop.password(&first, 10_000).await;
    let bought =
        shop.reserve(pay(vec![goods("SOAP", 4_000)], &sent.purchase, &[(&first, &sent.otp)])).await.unwrap();
    assert_eq!((bought.amount_due, bought.payments[0].balance_left), (0, 6_000));
    // The first may not come back; the second is whole, and it is plain that it is meant.
    let named = |held: &shop::Held| wire::RefundRequest {
        request_id: id(),
        sale_id: sale.id.clone(),
        units: vec![wire::ReturnedUnits {
            line_id: "gift".to_owned(),
            quantity: 1,
            group: None,
            certificate_ids: vec![held.id.clone()],
        }],
        ..wire::RefundRequest::default()
    };
    let status = shop.till.clone().refund(named(&first)).await.unwrap_err();
    assert_eq!(shop::reason(&status), "CERTIFICATE_SPENT");
    shop.bring_back(&sale, "gift").await.unwrap();
    assert_eq!(shop::reason(&shop.bring_back(&sale, "gift").await.unwrap_err()), "CERTIFICATE_SPENT");
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_are_whole_the_one_that_is_named_comes_back() {
    let shop = Shop::open(Options::default()).await;
    let sale = shop.reserve(reserve(vec![gift(10_000, 3)])).await.unwrap();
    let sale = shop.commit(&sale).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(shop.issue(&sale, &phone()).await.unwrap());
    }
    assert_eq!(shop::reason(&shop.bring_back(&sale, "gift").await.unwrap_err()), "CERTIFICATE_UNNAMED");
    let named = wire::RefundRequest {
        request_id: id(),
        sale_id: sale.id.clone(),
        units: vec![wire::ReturnedUnits {
            line_id: "gift".to_owned(),
            quantity: 1,
            group: None,
            certificate_ids: vec![all[0].id.clone()],
        }],
        ..wire::RefundRequest::default()
    };
    shop.till.clone().refund(named).await.unwrap();
    let look = || wire::request_otp_request::Purpose::Look(wire::LookPurpose {});
    assert_eq!(shop::reason(&shop.ask(&all[0], look()).await.unwrap_err()), "CERTIFICATE_BLOCKED");
    for held in &mut all[1..] {
        assert_eq!(shop.entries(held).await.balance.unwrap().balance, 10_000);
    }
    shop.running.server.shutdown().await.unwrap();
}
