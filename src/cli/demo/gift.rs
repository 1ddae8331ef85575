//! The scene of the gift certificate: sold, issued, opened by a password on a phone, spent in part.

use std::io::Write;

use anyhow::{Context as _, Result, ensure};
use tonic_types::StatusExt as _;
use uuid::Builder;

use super::page::Page;
use super::stage::Stage;
use crate::cli::local::Local;
use crate::cli::paper::Paper;
use crate::cli::sold::{Sold, receipt};
use crate::cli::words::Words;
use crate::lang::Lang;
use crate::server::convert::request_from_json;
use crate::server::secrets::Entropy;
use crate::server::wire;
use crate::server::wire::request_otp_request::Purpose;

const SOLD: &str = r#"{"basket": {"lines": [{"id": "1", "sku": "GIFT-500", "quantity": 1, "unit_price": 50000, "gift_certificate": true}]}}"#;
const BOUGHT: &str = r#"{"basket": {"lines": [{"id": "1", "sku": "HEA-CND-90", "quantity": 1}]},
    "context": {"channel": "pos", "store": "kyiv-01"}}"#;
const PHONE: &str = "+380671234567";
const TILL: &str = "kyiv-01-3";
const PURCHASE: &str = "20261127-0815";
/// What the certificate pays, and what is then left on it and to pay.
const PAYS: i64 = 35_000;
const LEFT: i64 = 15_000;
const DUE: i64 = 107_500;

/// Tells it.
///
/// # Errors
/// A step did not hold.
pub async fn tell<W: Write>(page: &mut Page<W>, stage: &mut Stage, local: &Local) -> Result<()> {
    page.step("A gift certificate")?;
    let sold = stage.reserve(reserve(SOLD)?).await?;
    let early = stage.issue(issue(&sold.id)?).await;
    ensure!(early.is_err_and(|status| is(&status, "SALE_NOT_COMMITTED")), "it was issued before it was paid");
    stage.commit(&sold.id, id()?).await?;
    let issued = stage.issue(issue(&sold.id)?).await?;
    let payment =
        wire::PaymentPurpose { purchase_id: PURCHASE.to_owned(), till_id: TILL.to_owned(), amount: PAYS };
    let asked = wire::RequestOtpRequest {
        request_id: id()?,
        number: issued.number.clone(),
        phone: PHONE.to_owned(),
        purpose: Some(Purpose::Payment(payment)),
        validate_only: false,
    };
    stage.send_otp(asked).await?;
    let sms = stage.phone.next().await?;
    page.say("A certificate of 500 is sold; only once that is paid can it be issued. Its owner buys a candle with it, and reads on the phone:")?;
    let mut screen = Paper::new(page.shown_width());
    screen.paragraph(0, 0, &sms.text);
    page.show(&screen.into_text())?;
    let pay = || -> Result<wire::ReserveRequest> {
        let (number, otp) = (issued.number.clone(), sms.password.clone());
        Ok(wire::ReserveRequest {
            certificates: vec![wire::CertificatePayment { number, otp, amount: None }],
            purchase_id: PURCHASE.to_owned(),
            till_id: TILL.to_owned(),
            ..reserve(BOUGHT)?
        })
    };
    let bought = stage.reserve(pay()?).await?;
    let paid = stage.commit(&bought.id, id()?).await?;
    let words = Words::new(local.rulebook(), Lang::En);
    let zone = &local.rulebook().settings().time_zone;
    page.say("The till tells the password with the purchase, takes the rest in money, and prints:")?;
    page.show(&receipt(
        &Sold { sale: &paid, words: Some(&words), zone, lang: Lang::En },
        page.shown_width(),
    ))?;
    let payment = paid.payments.first().context("the certificate has not paid")?;
    let sums = (payment.amount, payment.balance_left, paid.amount_due);
    ensure!(sums == (PAYS, LEFT, DUE), "paid, left and due are {sums:?}");
    let again = stage.reserve(pay()?).await;
    ensure!(
        again
            .is_err_and(|error| error.downcast_ref().is_some_and(|status| is(status, "CERTIFICATE_REFUSED"))),
        "the password was taken twice"
    );
    page.held("Not before it was paid; not without the phone; and the password, tried again, is refused.")?;
    Ok(())
}

fn is(status: &tonic::Status, reason: &str) -> bool {
    status.get_error_details().error_info().is_some_and(|info| info.reason == reason)
}

fn id() -> Result<String> {
    Ok(Builder::from_random_bytes(Entropy.bytes()?).into_uuid().to_string())
}

fn reserve(json: &str) -> Result<wire::ReserveRequest> {
    let quote_request = request_from_json(json).context("a basket of the demo cannot be read")?;
    let (request_id, quote_request) = (id()?, Some(quote_request));
    Ok(wire::ReserveRequest { request_id, quote_request, ..wire::ReserveRequest::default() })
}

fn issue(sale: &str) -> Result<wire::IssueCertificateRequest> {
    let (request_id, sale_id, phone) = (id()?, sale.to_owned(), PHONE.to_owned());
    Ok(wire::IssueCertificateRequest {
        request_id,
        sale_id,
        phone,
        ..wire::IssueCertificateRequest::default()
    })
}
