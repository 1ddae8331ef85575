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
        let call = Call::of(&request);
        call.answer("Reserve", self.0.reserve(request.into_inner(), &call.caller()).await)
    }

    async fn commit(&self, request: Request<wire::CommitRequest>) -> Result<Response<wire::Sale>, Status> {
        let call = Call::of(&request);
        call.answer("Commit", self.0.commit(request.into_inner()).await)
    }

    async fn cancel(&self, request: Request<wire::CancelRequest>) -> Result<Response<wire::Sale>, Status> {
        let call = Call::of(&request);
        call.answer("Cancel", self.0.cancel(request.into_inner()).await)
    }

    async fn refund(
        &self,
        request: Request<wire::RefundRequest>,
    ) -> Result<Response<wire::RefundResponse>, Status> {
        let call = Call::of(&request);
        call.answer("Refund", self.0.refund(request.into_inner()).await)
    }

    async fn get_sale(&self, request: Request<wire::GetSaleRequest>) -> Result<Response<wire::Sale>, Status> {
        let call = Call::of(&request);
        call.answer("GetSale", self.0.sale(&request.into_inner().sale_id).await)
    }
}
