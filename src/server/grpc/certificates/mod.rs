//! `CertificateService`: certificates are issued, opened, looked at, and changed by support.
//!
//! The ledger decides, and counts what failed in the same moment. Here numbers and passwords become what they are known by, and a password
//! goes its way: first onto the disk, then into the ledger, then to the gateway.

mod desk;
mod told;
mod issue;
mod otp;
mod look;
mod support;
mod books;

use std::sync::Arc;

use tonic::{Request, Response, Status};

pub use desk::{Desk, Settings};

use super::admit::Speaker;
use super::gate::Call;
use crate::server::wire;

/// The service.
#[derive(Debug, Clone)]
pub struct CertificateCalls(Arc<Desk>);

impl CertificateCalls {
    /// Keeps certificates at `desk`.
    #[must_use]
    pub fn new(desk: Arc<Desk>) -> Self {
        CertificateCalls(desk)
    }
}

#[tonic::async_trait]
impl wire::certificate_service_server::CertificateService for CertificateCalls {
    async fn issue(
        &self,
        request: Request<wire::IssueCertificateRequest>,
    ) -> Result<Response<wire::IssueCertificateResponse>, Status> {
        let call = Call::of(&request);
        let speaker = Speaker::of(&request);
        speaker.about(&request.get_ref().request_id, request.get_ref().validate_only);
        let asked = request.into_inner();
        let answer = match self.0.allowed(&speaker, &asked.sale_id).await {
            Ok(()) => self.0.issue(asked).await,
            Err(failure) => Err(failure),
        };
        call.answer("Issue", answer)
    }

    async fn request_otp(
        &self,
        request: Request<wire::RequestOtpRequest>,
    ) -> Result<Response<wire::RequestOtpResponse>, Status> {
        let call = Call::of(&request);
        Speaker::of(&request).about(&request.get_ref().request_id, request.get_ref().validate_only);
        call.answer("RequestOtp", self.0.request_otp(request.into_inner(), call).await)
    }

    async fn get_balance(
        &self,
        request: Request<wire::GetBalanceRequest>,
    ) -> Result<Response<wire::GetBalanceResponse>, Status> {
        let call = Call::of(&request);
        call.answer("GetBalance", self.0.balance(request.into_inner()).await)
    }

    async fn list_entries(
        &self,
        request: Request<wire::ListEntriesRequest>,
    ) -> Result<Response<wire::ListEntriesResponse>, Status> {
        let call = Call::of(&request);
        call.answer("ListEntries", self.0.entries(request.into_inner()).await)
    }

    async fn block(
        &self,
        request: Request<wire::BlockCertificateRequest>,
    ) -> Result<Response<wire::CertificateStanding>, Status> {
        let call = Call::of(&request);
        Speaker::of(&request).about(&request.get_ref().request_id, request.get_ref().validate_only);
        call.answer("Block", self.0.block(request.into_inner()).await)
    }

    async fn unblock(
        &self,
        request: Request<wire::UnblockCertificateRequest>,
    ) -> Result<Response<wire::CertificateStanding>, Status> {
        let call = Call::of(&request);
        Speaker::of(&request).about(&request.get_ref().request_id, request.get_ref().validate_only);
        call.answer("Unblock", self.0.unblock(request.into_inner()).await)
    }

    async fn extend(
        &self,
        request: Request<wire::ExtendCertificateRequest>,
    ) -> Result<Response<wire::CertificateStanding>, Status> {
        let call = Call::of(&request);
        Speaker::of(&request).about(&request.get_ref().request_id, request.get_ref().validate_only);
        call.answer("Extend", self.0.extend(request.into_inner()).await)
    }

    async fn transfer(
        &self,
        request: Request<wire::TransferCertificateRequest>,
    ) -> Result<Response<wire::CertificateStanding>, Status> {
        let call = Call::of(&request);
        Speaker::of(&request).about(&request.get_ref().request_id, request.get_ref().validate_only);
        call.answer("Transfer", self.0.transfer(request.into_inner()).await)
    }

    async fn statement(
        &self,
        request: Request<wire::CertificateStatementRequest>,
    ) -> Result<Response<wire::CertificateStatementResponse>, Status> {
        let call = Call::of(&request);
        call.answer("Statement", self.0.statement(request.into_inner(), call).await)
    }

    async fn list_undelivered(
        &self,
        request: Request<wire::ListUndeliveredRequest>,
    ) -> Result<Response<wire::ListUndeliveredResponse>, Status> {
        let call = Call::of(&request);
        call.answer("ListUndelivered", Ok(self.0.undelivered(&request.into_inner())))
    }
}
