//! The fields of the requests: read, or named as faults.

use crate::basket::limits::TEXT_BYTES_MAX;
use crate::basket::{Fault, Problem};
use crate::ledger::{RequestId, SaleId};
use crate::server::grpc::failure::Failure;

/// Seconds that a purchase may be held: a customer at a till, and a courier who comes the day after tomorrow.
const HOLD_SECONDS: std::ops::RangeInclusive<i64> = 60..=129_600;
/// Seconds that it is held unless asked otherwise.
const HOLD_SECONDS_USUAL: i64 = 900;

/// A field that is at fault.
pub(super) fn fault(field: impl Into<String>, problem: Problem) -> Failure {
    Failure::Invalid(vec![Fault { field: field.into(), problem }])
}

/// The id of a call.
pub(super) fn request_id(text: &str) -> Result<RequestId, Failure> {
    let problem = if text.is_empty() { Problem::Missing } else { Problem::Unreadable };
    RequestId::parse(text).ok_or_else(|| fault("request_id", problem))
}

/// The id of a sale.
pub(super) fn sale_id(text: &str) -> Result<SaleId, Failure> {
    let problem = if text.is_empty() { Problem::Missing } else { Problem::Unreadable };
    SaleId::parse(text).ok_or_else(|| fault("sale_id", problem))
}

/// How many seconds a purchase is held.
pub(super) fn hold_seconds(hold: Option<&pbjson_types::Duration>) -> Result<i64, Failure> {
    let seconds = hold.map_or(HOLD_SECONDS_USUAL, |hold| hold.seconds);
    if HOLD_SECONDS.contains(&seconds) {
        return Ok(seconds);
    }
    Err(fault("hold", Problem::OutOfRange(*HOLD_SECONDS.start(), *HOLD_SECONDS.end())))
}

/// A list that is not too long.
pub(super) fn at_most<T>(field: &str, list: &[T], most: usize) -> Result<(), Failure> {
    if list.len() <= most { Ok(()) } else { Err(fault(field, Problem::TooMany(most))) }
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
