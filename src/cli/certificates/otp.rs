//! `pricewright certificates send-otp`: a password of one use goes to the certificate's phone.

use std::process::ExitCode;

use anyhow::{Result, anyhow, ensure};
use rust_decimal::Decimal;

use super::desk::{ask, moment, print};
use crate::cli::link::{Again, Link, Named, patient, typed};
use crate::money::{Amount, Currency};
use crate::server::wire::request_otp_request::Purpose;
use crate::server::wire::request_otp_response::Delivery;
use crate::server::wire::{LookPurpose, PaymentPurpose, RequestOtpRequest, RequestOtpResponse};

/// Send a password of one use to a certificate's phone
///
/// Six digits, for five minutes; an earlier one ends. To look at balance and entries, or to pay for one purchase at one till. Where number
/// and phone are both `-`, the first line of standard input is the number and the second the phone. Exits with 1 when the gateway has not
/// taken it within its life.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates send-otp --number - --phone +380671234567 --look < number.txt
  pricewright certificates send-otp --number - --phone - --purchase 20261126-0815 --till kyiv-01-3 --amount 350.00 < owner.txt")]
pub struct Args {
    /// The number of the certificate, or `-` for the next line of standard input
    #[arg(long)]
    number: String,
    /// The phone that it belongs to, or `-` for the next line of standard input
    #[arg(long)]
    phone: String,
    /// It opens balance and entries, and pays nothing
    #[arg(long, required_unless_present = "purchase", conflicts_with_all = ["purchase", "till", "amount"])]
    look: bool,
    /// It pays for this purchase: the `purchase_id` of its reservation
    #[arg(long, value_name = "ID", requires_all = ["till", "amount"])]
    purchase: Option<String>,
    /// At this till: the `till_id` of its reservation
    #[arg(long, value_name = "ID", requires = "purchase")]
    till: Option<String>,
    /// At most so much, in major units: 350.00
    #[arg(long, value_name = "MONEY", requires = "purchase")]
    amount: Option<String>,
    /// The currency of the amount
    #[arg(long, value_name = "ISO", default_value = "UAH")]
    currency: String,
    /// Print what became of it as proto3 JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    link: Link,
}

/// Sends it.
///
/// # Errors
/// The amount is none, the service refuses or is gone.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let purpose = match &args.purchase {
        None => Purpose::Look(LookPurpose {}),
        Some(purchase) => Purpose::Payment(PaymentPurpose {
            purchase_id: purchase.clone(),
            till_id: args.till.clone().unwrap_or_default(),
            amount: minor(args.amount.as_deref().unwrap_or_default(), &args.currency)?,
        }),
    };
    let [number, phone] = typed([("number", &args.number), ("phone", &args.phone)])?;
    let request_id = args.named.tell()?;
    let asked = RequestOtpRequest { request_id, number, phone, purpose: Some(purpose), validate_only: false };
    let sent = ask(&args.link, Again::WithId, async |desk| desk.request_otp(patient(asked)).await)?;
    let is_lost = sent.as_ref().is_some_and(|sent| sent.delivery() == Delivery::Undelivered);
    let done = print(sent, args.json, page)?;
    Ok(if is_lost { ExitCode::FAILURE } else { done })
}

fn page(sent: &RequestOtpResponse) -> String {
    let until = moment(sent.expire_time.as_ref());
    match sent.delivery() {
        Delivery::Late => {
            format!("late: the gateway has not taken it yet, and is asked again until {until}\n")
        }
        Delivery::Undelivered => "undelivered: the gateway has not taken it; ask for a new one\n".to_owned(),
        Delivery::Sent | Delivery::Unspecified => format!("sent; it ends at {until}\n"),
    }
}

/// An amount in major units with a point, exactly.
fn minor(text: &str, currency: &str) -> Result<i64> {
    let known = Currency::from_code(currency).ok_or_else(|| anyhow!("`{currency}` is no currency"))?;
    let is_number = text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let major: Option<Decimal> = Some(text).filter(|_| is_number).and_then(|text| text.parse().ok());
    let amount = major.and_then(|major| Amount::from_major(major, known.digits()));
    let amount =
        amount.ok_or_else(|| anyhow!("`{text}` in --amount is no sum of {currency} such as 350.00"))?;
    ensure!(amount > Amount::ZERO, "--amount must be more than nothing");
    Ok(amount.minor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_major_units_with_a_point() {
        for (text, currency, expected) in [
            ("350.00", "UAH", Some(35_000)),
            ("350", "UAH", Some(35_000)),
            ("0.5", "UAH", Some(50)),
            ("1500", "JPY", Some(1_500)),
            ("350.005", "UAH", None),
            ("0.5", "JPY", None),
            ("0", "UAH", None),
            ("-5", "UAH", None),
            ("3,50", "UAH", None),
            ("1_000", "UAH", None),
            ("1e3", "UAH", None),
            ("1.2.3", "UAH", None),
            (".5", "UAH", None),
            ("", "UAH", None),
            ("99999999999999999999", "UAH", None),
            ("5", "uah", None),
        ] {
            assert_eq!(minor(text, currency).ok(), expected, "{text} {currency}");
        }
    }
}
