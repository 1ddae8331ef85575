//! For the books, and for whoever runs the service.

use std::sync::Arc;

use jiff::civil::Date;
use tokio::time::timeout_at;

use super::desk::Desk;
use super::told::timestamp;
use crate::basket::Problem;
use crate::server::apart::apart;
use crate::server::certificates::statement;
use crate::server::convert;
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{fault, missing_or_unreadable};
use crate::server::grpc::gate::Call;
use crate::server::grpc::record::unreadable;
use crate::server::outbox::Undelivered;
use crate::server::wire;
use crate::time::Zone;

/// Days of a statement.
const DAYS_MAX: i32 = 3_660;
/// Passwords of a list, unless it is asked for fewer or more.
const UNDELIVERED: u32 = 100;

impl Desk {
    pub(super) async fn statement(
        &self,
        asked: wire::CertificateStatementRequest,
        call: Call,
    ) -> Result<wire::CertificateStatementResponse, Failure> {
        let day = |field: &str, text: &str| {
            text.parse::<Date>().map_err(|_| fault(field, missing_or_unreadable(text)))
        };
        let (first, last) = (day("first_day", &asked.first_day)?, day("last_day", &asked.last_day)?);
        if last < first || (last - first).get_days() > DAYS_MAX {
            return Err(fault("last_day", Problem::Unreadable));
        }
        let zone = match asked.time_zone.as_str() {
            "" => self.reporter.zone().ok_or(Failure::NoRulebook)?,
            name => Zone::named(name).ok_or_else(|| fault("time_zone", Problem::Unreadable))?,
        };
        let turn = timeout_at(call.deadline, Arc::clone(&self.statements).acquire_owned());
        let turn = turn.await.map_err(|_| Failure::TooLate)?.map_err(|_| Failure::ShuttingDown)?;
        let ledger = self.ledger().clone();
        let work = apart(move || {
            let _turn = turn;
            statement(ledger.index(), first, last, &zone)
        });
        let days = work.await.map_err(|_| Failure::Internal)?.map_err(|error| unreadable(&error))?;
        Ok(convert::statement::told(&days))
    }

    pub(super) fn undelivered(&self, asked: &wire::ListUndeliveredRequest) -> wire::ListUndeliveredResponse {
        let count = if asked.page_size == 0 { UNDELIVERED } else { asked.page_size };
        let list = self.outbox.undelivered().into_iter().take(usize::try_from(count).unwrap_or(usize::MAX));
        let told = |one: Undelivered| wire::UndeliveredOtp {
            request_id: one.id.to_string(),
            last_four: one.certificate,
            create_time: Some(timestamp(one.created_at)),
            end_time: Some(timestamp(one.ended_at)),
            tries: one.tries,
            cause: one.why,
        };
        wire::ListUndeliveredResponse { otps: list.map(told).collect() }
    }
}
