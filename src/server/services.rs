//! The services that price and promise, each on what stands behind it.

use std::sync::Arc;

use tokio::sync::watch;
use tonic::service::Routes;

use super::config::Config;
use super::engine::Engine;
use super::grpc::certificates::CertificateCalls;
use super::grpc::codes::Codes;
use super::grpc::customers::CustomerCalls;
use super::grpc::four_eyes::FourEyes;
use super::grpc::pricing::Pricing;
use super::grpc::redemption::Redemption;
use super::grpc::reports::Reports;
use super::meters::Meters;
use super::promises::Promises;
use super::wire::certificate_service_server::CertificateServiceServer;
use super::wire::code_service_server::CodeServiceServer;
use super::wire::customer_service_server::CustomerServiceServer;
use super::wire::pricing_service_server::PricingServiceServer;
use super::wire::redemption_service_server::RedemptionServiceServer;
use super::wire::report_service_server::ReportServiceServer;

/// Adds them to `routes`. They end what runs long when `closed` says so.
#[must_use]
pub fn add(
    routes: Routes,
    config: &Config,
    engine: &Arc<Engine>,
    promises: &Promises,
    meters: Arc<Meters>,
    closed: &watch::Receiver<bool>,
) -> Routes {
    let bytes_max = usize::try_from(config.message_bytes_max).unwrap_or(usize::MAX);
    let Promises { ledger, limiter, codebook, customers, reporter, desk, certificates, pepper, outbox: _ } =
        promises;
    let pricing = Pricing::new(
        Arc::clone(engine),
        limiter.clone(),
        codebook.clone(),
        Arc::clone(customers),
        meters,
        closed.clone(),
    );
    let codes = Codes::new(codebook.clone(), FourEyes::new(Arc::clone(pepper)), closed.clone());
    let redemption = Redemption::new(Arc::clone(desk));
    let certificates = CertificateCalls::new(Arc::clone(certificates));
    let customers = CustomerCalls::new(Arc::clone(customers), closed.clone());
    let reports = Reports::new(ledger.clone(), Arc::clone(reporter), closed.clone());
    routes
        .add_service(PricingServiceServer::new(pricing).max_decoding_message_size(bytes_max))
        .add_service(CodeServiceServer::new(codes).max_decoding_message_size(bytes_max))
        .add_service(RedemptionServiceServer::new(redemption).max_decoding_message_size(bytes_max))
        .add_service(CertificateServiceServer::new(certificates).max_decoding_message_size(bytes_max))
        .add_service(CustomerServiceServer::new(customers).max_decoding_message_size(bytes_max))
        .add_service(ReportServiceServer::new(reports).max_decoding_message_size(bytes_max))
}
