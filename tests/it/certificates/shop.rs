//! A shop that sells certificates and takes them: a service, tills, and the gateway that sends passwords.

use std::sync::atomic::{AtomicU64, Ordering};

use pricewright::server::config::Options;
use pricewright::server::outbox::Secrets;
use pricewright::server::secrets::Stage;
use pricewright::server::wire;
use pricewright::server::wire::certificate_service_client::CertificateServiceClient;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::wire::request_otp_request::Purpose;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use crate::outbox::gateway::{Answer, Gateway, OK};
use crate::running::{Folders, Running};

const RULES: &str = "
promotions:
  - {id: tenth, on: {skus: [CREAM]}, give: {percent: 10}}
  - {id: all, on: {except: {skus: [SOAP]}}, when: {code: ALL}, give: {percent: 50}}
";
pub(crate) const TILL: &str = "kyiv-01-3";

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An id that no other call has.
pub(crate) fn id() -> String {
    format!("0197c5a4-7b1e-7cc2-8f3b-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A phone that nobody else has: limits are of each phone.
pub(crate) fn phone() -> String {
    format!("+38067{:07}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Why a call was refused.
pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap_or_else(|| panic!("{status:?}")).reason.clone()
}

/// A certificate in a customer's hands.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) number: String,
    pub(crate) phone: String,
    pub(crate) id: String,
}

/// A password with what it is for.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) otp: String,
    pub(crate) purchase: String,
}

pub(crate) struct Shop {
    pub(crate) folders: Folders,
    pub(crate) running: Running,
    pub(crate) gateway: Gateway,
    pub(crate) till: RedemptionServiceClient<Channel>,
    pub(crate) desk: CertificateServiceClient<Channel>,
}

impl Shop {
    pub(crate) async fn open(options: Options) -> Self {
        Self::with(Gateway::start(|_, _| Answer::Say(OK.to_owned())), Folders::new(), options).await
    }

    pub(crate) async fn with(gateway: Gateway, folders: Folders, options: Options) -> Self {
        folders.put("rules.yaml", RULES);
        let secret = folders.home().join("webhook");
        Secrets::open(&secret, Stage::Development).unwrap();
        let options =
            Options { otp_webhook: Some(gateway.url()), otp_webhook_secret: Some(secret), ..options };
        let running = folders.serve(options).await;
        running.server.ready().await.unwrap();
        let (till, desk) = (running.redemption().await, running.certificates().await);
        Shop { folders, running, gateway, till, desk }
    }

    /// The same folders and phones under a service that has just started.
    pub(crate) async fn restarted(self, options: Options) -> Self {
        let Shop { folders, running, gateway, till, desk } = self;
        drop((till, desk));
        running.server.shutdown().await.unwrap();
        Self::with(gateway, folders, options).await
    }

    pub(crate) async fn reserve(&self, asked: wire::ReserveRequest) -> Result<wire::Sale, Status> {
        self.till.clone().reserve(asked).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn commit(&self, sale: &wire::Sale) -> Result<wire::Sale, Status> {
        let asked = wire::CommitRequest {
            request_id: id(),
            sale_id: sale.id.clone(),
            ..wire::CommitRequest::default()
        };
        self.till.clone().commit(asked).await.map(tonic::Response::into_inner)
    }

    /// Pieces of a line come back.
    pub(crate) async fn bring_back(
        &self,
        sale: &wire::Sale,
        line: &str,
    ) -> Result<wire::RefundResponse, Status> {
        let units = vec![wire::ReturnedUnits {
            line_id: line.to_owned(),
            quantity: 1,
            group: None,
            certificate_ids: Vec::new(),
        }];
        let (request_id, sale_id) = (id(), sale.id.clone());
        let asked = wire::RefundRequest { request_id, sale_id, units, ..wire::RefundRequest::default() };
        self.till.clone().refund(asked).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn issue(&self, sale: &wire::Sale, phone: &str) -> Result<Held, Status> {
        let asked = wire::IssueCertificateRequest {
            request_id: id(),
            sale_id: sale.id.clone(),
            phone: phone.to_owned(),
            ..wire::IssueCertificateRequest::default()
        };
        let told = self.desk.clone().issue(asked).await?.into_inner();
        let (number, id) = (told.number, told.certificate_id);
        Ok(Held { number, phone: phone.to_owned(), id })
    }

    /// A certificate of that worth, sold, paid and issued.
    pub(crate) async fn certificate(&self, amount: i64) -> Held {
        let sale = self.reserve(reserve(vec![gift(amount, 1)])).await.unwrap();
        let sale = self.commit(&sale).await.unwrap();
        self.issue(&sale, &phone()).await.unwrap()
    }

    pub(crate) async fn ask(
        &self,
        held: &Held,
        purpose: Purpose,
    ) -> Result<(String, wire::RequestOtpResponse), Status> {
        let asked = wire::RequestOtpRequest {
            request_id: id(),
            number: held.number.clone(),
            phone: held.phone.clone(),
            purpose: Some(purpose),
            validate_only: false,
        };
        let request = asked.request_id.clone();
        let told = self.desk.clone().request_otp(asked).await?.into_inner();
        Ok((request, told))
    }

    /// What the phone shows of a call.
    pub(crate) fn shown(&self, request: &str) -> String {
        let id = format!("otp_{request}");
        let got = self.gateway.got().into_iter().find(|got| got.id() == id).unwrap();
        got.data()["password"].as_str().unwrap().to_owned()
    }

    /// A password for a payment, as the phone shows it.
    pub(crate) async fn password(&self, held: &Held, amount: i64) -> Sent {
        let purchase = id();
        let asked = wire::PaymentPurpose { purchase_id: purchase.clone(), till_id: TILL.to_owned(), amount };
        let (request, _) = self.ask(held, Purpose::Payment(asked)).await.unwrap();
        Sent { otp: self.shown(&request), purchase }
    }

    /// A password to look with.
    pub(crate) async fn look(&self, held: &Held) -> String {
        let (request, _) = self.ask(held, Purpose::Look(wire::LookPurpose {})).await.unwrap();
        self.shown(&request)
    }

    /// The certificate gets another phone: its owner may be sent a password at once.
    pub(crate) async fn new_phone(&self, held: &mut Held) {
        held.phone = phone();
        let asked = wire::TransferCertificateRequest {
            request_id: id(),
            certificate: named(held),
            actor: "support-7".to_owned(),
            reason: "a new phone".to_owned(),
            phone: held.phone.clone(),
            validate_only: false,
        };
        self.desk.clone().transfer(asked).await.unwrap();
    }

    /// What its owner is told of it.
    pub(crate) async fn entries(&self, held: &mut Held) -> wire::ListEntriesResponse {
        self.new_phone(held).await;
        let asked = wire::ListEntriesRequest {
            request_id: id(),
            number: held.number.clone(),
            phone: held.phone.clone(),
            otp: self.look(held).await,
            page_size: 0,
        };
        self.desk.clone().list_entries(asked).await.unwrap().into_inner()
    }
}

pub(crate) fn named(held: &Held) -> Option<wire::CertificateName> {
    let name = wire::certificate_name::Name::CertificateId(held.id.clone());
    Some(wire::CertificateName { name: Some(name) })
}

/// A line of certificates that are sold.
pub(crate) fn gift(amount: i64, quantity: u32) -> wire::Line {
    let line = goods("GIFT", amount);
    wire::Line { id: "gift".to_owned(), quantity, gift_certificate: true, ..line }
}

/// A line of one piece.
pub(crate) fn goods(sku: &str, price: i64) -> wire::Line {
    let (id, sku) = (sku.to_lowercase(), sku.to_owned());
    wire::Line { id, sku, quantity: 1, unit_price: Some(price), ..wire::Line::default() }
}

pub(crate) fn reserve(lines: Vec<wire::Line>) -> wire::ReserveRequest {
    let basket = Some(wire::Basket { lines, ..wire::Basket::default() });
    let quote_request = Some(wire::QuoteRequest { basket, ..wire::QuoteRequest::default() });
    wire::ReserveRequest { request_id: id(), quote_request, ..wire::ReserveRequest::default() }
}

/// A purchase that certificates pay.
pub(crate) fn pay(lines: Vec<wire::Line>, purchase: &str, with: &[(&Held, &str)]) -> wire::ReserveRequest {
    let certificates = with.iter().map(|(held, otp)| wire::CertificatePayment {
        number: held.number.clone(),
        otp: (*otp).to_owned(),
        amount: None,
    });
    wire::ReserveRequest {
        certificates: certificates.collect(),
        purchase_id: purchase.to_owned(),
        till_id: TILL.to_owned(),
        ..reserve(lines)
    }
}
