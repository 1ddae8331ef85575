//! `ReportService`: what promotions have sold and given.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::time::timeout_at;
use tonic::{Request, Response, Status};

use super::failure::Failure;
use super::gate::Call;
use super::record::unreadable;
use crate::server::apart::apart;
use crate::server::convert::report;
use crate::server::ledger::Ledger;
use crate::server::reporter::{Error, Reporter};
use crate::server::wire;

/// Reports at once: each reads every sale, and tills come first.
const REPORTS_MAX: usize = 2;

/// The service.
#[derive(Debug, Clone)]
pub struct Reports {
    ledger: Ledger,
    reporter: Arc<Reporter>,
    turns: Arc<Semaphore>,
    closing: watch::Receiver<bool>,
}

impl Reports {
    /// Reports of the sales in `ledger`; they end when `closing` turns true.
    #[must_use]
    pub fn new(ledger: Ledger, reporter: Arc<Reporter>, closing: watch::Receiver<bool>) -> Self {
        Reports { ledger, reporter, turns: Arc::new(Semaphore::new(REPORTS_MAX)), closing }
    }

    async fn report(
        &self,
        asked: wire::PromotionsRequest,
        call: Call,
    ) -> Result<wire::PromotionsResponse, Failure> {
        let turn = timeout_at(call.deadline, Arc::clone(&self.turns).acquire_owned());
        let turn = turn.await.map_err(|_| Failure::TooLate)?.map_err(|_| Failure::ShuttingDown)?;
        let Reports { ledger, reporter, closing, .. } = self.clone();
        let work = apart(move || {
            let _turn = turn;
            let zone = reporter.zone().ok_or(Failure::NoRulebook)?;
            let asked = report::asked(asked, &zone).map_err(Failure::Invalid)?;
            let is_over = || call.is_over() || *closing.borrow();
            let table = reporter.report(ledger.index(), asked, zone.clone(), &is_over).map_err(failure)?;
            Ok(report::told(&table, &zone))
        });
        work.await.map_err(|_| Failure::Internal)?
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::TooManyRows(_) => Failure::ReportTooLarge,
        Error::Over => Failure::TooLate,
        Error::Ledger(error) => {
            tracing::error!(%error, "the index of the ledger cannot be read");
            unreadable(&error)
        }
    }
}

#[tonic::async_trait]
impl wire::report_service_server::ReportService for Reports {
    async fn promotions(
        &self,
        request: Request<wire::PromotionsRequest>,
    ) -> Result<Response<wire::PromotionsResponse>, Status> {
        let call = Call::of(&request);
        let answer = self.report(request.into_inner(), call).await;
        answer.map(Response::new).map_err(|failure| failure.status(call.lang))
    }
}
