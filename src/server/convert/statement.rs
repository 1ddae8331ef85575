//! A statement of certificates, as the wire tells it.

use crate::server::certificates::Statement;
use crate::server::wire::{CertificateDay, CertificateStatementResponse};

/// The days of a statement, amounts in minor units.
#[must_use]
pub fn told(statement: &Statement) -> CertificateStatementResponse {
    let days = statement.iter().map(|((currency, day), sums)| CertificateDay {
        day: day.to_string(),
        currency_code: currency.clone(),
        opening: sums.opening.minor(),
        issued: sums.issued.minor(),
        spent: sums.spent.minor(),
        returned: sums.returned.minor(),
        expired: sums.expired.minor(),
        reinstated: sums.reinstated.minor(),
        refunded: sums.refunded.minor(),
        closing: sums.closing().minor(),
    });
    CertificateStatementResponse { days: days.collect() }
}
