//! The fields of the requests: read, or named as faults.

use crate::basket::Problem;
use crate::basket::limits::TEXT_BYTES_MAX;
use crate::ledger::Pay;
use crate::ledger::certificate::CERTIFICATES_MAX;
use crate::money::Amount;
use crate::server::certificates::{Certificates, Purpose, Typed};
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{NAME_BYTES_MAX, at_most, fault, missing_or_unreadable, text};
use crate::server::secrets::Pin;
use crate::server::wire;

/// Seconds that a purchase may be held: a customer at a till, and a courier who comes the day after tomorrow.
const HOLD_SECONDS: std::ops::RangeInclusive<i64> = 60..=129_600;
/// Seconds that it is held unless asked otherwise.
const HOLD_SECONDS_USUAL: i64 = 900;

/// How many seconds a purchase is held.
pub(super) fn hold_seconds(hold: Option<&pbjson_types::Duration>) -> Result<i64, Failure> {
    let seconds = hold.map_or(HOLD_SECONDS_USUAL, |hold| hold.seconds);
    if HOLD_SECONDS.contains(&seconds) {
        return Ok(seconds);
    }
    Err(fault("hold", Problem::OutOfRange(*HOLD_SECONDS.start(), *HOLD_SECONDS.end())))
}

/// The id of a line, as long as a text may be, and a number of its pieces.
pub(super) fn units(place: usize, line_id: &str, quantity: u32) -> Result<(), Failure> {
    let field = |name: &str| format!("units[{place}].{name}");
    match (line_id.len(), quantity) {
        (0, _) => Err(fault(field("line_id"), Problem::Missing)),
        (bytes, _) if bytes > TEXT_BYTES_MAX => {
            Err(fault(field("line_id"), Problem::TooLong(TEXT_BYTES_MAX)))
        }
        (_, 0) => Err(fault(field("quantity"), Problem::Missing)),
        _ => Ok(()),
    }
}

/// The certificates that pay, with their passwords.
pub(super) fn pay(asked: &wire::ReserveRequest, certificates: &Certificates) -> Result<Vec<Pay>, Failure> {
    if asked.certificates.is_empty() {
        return Ok(Vec::new());
    }
    at_most("certificates", &asked.certificates, CERTIFICATES_MAX)?;
    text("purchase_id", &asked.purchase_id, NAME_BYTES_MAX)?;
    text("till_id", &asked.till_id, NAME_BYTES_MAX)?;
    let purpose = Purpose::Pay { purchase: &asked.purchase_id, till: &asked.till_id };
    let mut seen = Vec::new();
    let pay = asked.certificates.iter().enumerate().map(|(place, one)| {
        let field = |name: &str| format!("certificates[{place}].{name}");
        let number = Typed::parse(&one.number)
            .ok_or_else(|| fault(field("number"), missing_or_unreadable(&one.number)))?;
        let otp = Pin::parse(&one.otp).ok_or_else(|| fault(field("otp"), missing_or_unreadable(&one.otp)))?;
        if let Some(before) = seen.iter().position(|seen| *seen == number) {
            return Err(fault(field("number"), Problem::Twice(format!("certificates[{before}].number"))));
        }
        seen.push(number);
        if one.amount.is_some_and(|amount| amount <= 0) {
            return Err(fault(field("amount"), Problem::OutOfRange(1, i64::MAX)));
        }
        let presented = certificates.presented(number, purpose, &otp);
        Ok(Pay { presented, amount: one.amount.map(Amount::from_minor) })
    });
    pay.collect()
}
