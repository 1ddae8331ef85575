//! `RedemptionService`: purchases are reserved, paid, called off, and come back.
//!
//! Each call first asks whether its id was answered before. If not, it is priced here, with limits as they are seen in memory, and the
//! ledger decides; where that sees less left than memory did, the basket is priced again. A refusal is put on the record too, so
//! that the same id has the same answer for ever.

mod fields;
mod pricing;
mod desk;
mod reserve;
mod commit;
mod refund;

use std::sync::Arc;

use tonic::{Request, Response, Status};

pub use desk::{Desk, Settings};

use super::admit::{Act, Speaker};
use super::gate::Call;
use crate::server::wire;

/// The service.
#[derive(Debug, Clone)]
pub struct Redemption(Arc<Desk>);

impl Redemption {
    /// Keeps purchases at `desk`.
    #[must_use]
    pub fn new(desk: Arc<Desk>) -> Self {
        Redemption(desk)
    }
}

#[tonic::async_trait]
impl wire::redemption_service_server::RedemptionService for Redemption {
    async fn reserve(&self, request: Request<wire::ReserveRequest>) -> Result<Response<wire::Sale>, Status> {
        let (call, speaker, asked) = taken(request, |asked| (&asked.request_id, asked.validate_only));
        let answer = match speaker.may_ask(asked.quote_request.as_ref()) {
            Ok(()) => self.0.reserve(asked, &call.caller()).await,
            Err(failure) => Err(failure),
        };
        call.answer("Reserve", answer)
    }

    async fn commit(&self, request: Request<wire::CommitRequest>) -> Result<Response<wire::Sale>, Status> {
        let (call, speaker, asked) = taken(request, |asked| (&asked.request_id, asked.validate_only));
        let answer = match self.0.allowed(&speaker, &asked.sale_id, Act::Change).await {
            Ok(()) => self.0.commit(asked).await,
            Err(failure) => Err(failure),
        };
        call.answer("Commit", answer)
    }

    async fn cancel(&self, request: Request<wire::CancelRequest>) -> Result<Response<wire::Sale>, Status> {
        let (call, speaker, asked) = taken(request, |asked| (&asked.request_id, asked.validate_only));
        let answer = match self.0.allowed(&speaker, &asked.sale_id, Act::Change).await {
            Ok(()) => self.0.cancel(asked).await,
            Err(failure) => Err(failure),
        };
        call.answer("Cancel", answer)
    }

    async fn refund(
        &self,
        request: Request<wire::RefundRequest>,
    ) -> Result<Response<wire::RefundResponse>, Status> {
        let (call, speaker, asked) = taken(request, |asked| (&asked.request_id, asked.validate_only));
        let answer = match self.0.allowed(&speaker, &asked.sale_id, Act::Return).await {
            Ok(()) => self.0.refund(asked).await,
            Err(failure) => Err(failure),
        };
        call.answer("Refund", answer)
    }

    async fn get_sale(&self, request: Request<wire::GetSaleRequest>) -> Result<Response<wire::Sale>, Status> {
        let (call, speaker, asked) = taken(request, |asked| (&asked.sale_id, false));
        let answer = match self.0.allowed(&speaker, &asked.sale_id, Act::Return).await {
            Ok(()) => self.0.sale(&asked.sale_id).await,
            Err(failure) => Err(failure),
        };
        call.answer("GetSale", answer)
    }
}

/// What a method needs of its request; the audit log is told what it is about, and whether it only tries.
fn taken<T>(request: Request<T>, about: impl Fn(&T) -> (&str, bool)) -> (Call, Speaker, T) {
    let (call, speaker, asked) = (Call::of(&request), Speaker::of(&request), request.into_inner());
    let (id, is_trial) = about(&asked);
    speaker.about(id, is_trial);
    (call, speaker, asked)
}
