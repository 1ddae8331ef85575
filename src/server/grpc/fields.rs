//! Fields that many requests have: read, or named as faults.

use super::failure::Failure;
use crate::basket::{Fault, Problem};
use crate::ledger::{RequestId, SaleId};

/// Bytes of a till's names of itself and of a purchase.
pub(super) const NAME_BYTES_MAX: usize = 64;

/// A field that is at fault.
pub(super) fn fault(field: impl Into<String>, problem: Problem) -> Failure {
    Failure::Invalid(vec![Fault { field: field.into(), problem }])
}

/// The id of a call.
pub(super) fn request_id(text: &str) -> Result<RequestId, Failure> {
    uuid("request_id", text)
}

/// The id of a sale.
pub(super) fn sale_id(text: &str) -> Result<SaleId, Failure> {
    uuid("sale_id", text).map(RequestId::sale)
}

/// A UUID that must be there.
pub(super) fn uuid(field: &str, text: &str) -> Result<RequestId, Failure> {
    RequestId::parse(text).ok_or_else(|| fault(field, missing_or_unreadable(text)))
}

/// What is wrong with a text that is not what it should be.
pub(super) fn missing_or_unreadable(text: &str) -> Problem {
    if text.is_empty() { Problem::Missing } else { Problem::Unreadable }
}

/// A text that must be there, and not be longer than so many bytes.
pub(super) fn text<'a>(field: &str, text: &'a str, most: usize) -> Result<&'a str, Failure> {
    match text.len() {
        0 => Err(fault(field, Problem::Missing)),
        bytes if bytes > most => Err(fault(field, Problem::TooLong(most))),
        _ => Ok(text),
    }
}

/// A list that is not too long.
pub(super) fn at_most<T>(field: &str, list: &[T], most: usize) -> Result<(), Failure> {
    if list.len() <= most { Ok(()) } else { Err(fault(field, Problem::TooMany(most))) }
}
