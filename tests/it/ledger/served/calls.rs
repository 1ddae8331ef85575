//! A call and its answer, without what differs between two services that are asked at once: their clocks.

use pricewright::server::wire;
use pricewright::server::wire::code_service_client::CodeServiceClient;
use pricewright::server::wire::disable_codes_request::Target;
use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

/// One call.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Reserve(Box<wire::ReserveRequest>),
    Commit(wire::CommitRequest),
    Cancel(wire::CancelRequest),
    Refund(wire::RefundRequest),
    GetSale(String),
    Quote(Box<wire::QuoteRequest>),
    Inspect(String),
    /// The id of the call, and the code.
    Disable(String, String),
}

impl Asked {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Asked::Reserve(_) => "Reserve",
            Asked::Commit(_) => "Commit",
            Asked::Cancel(_) => "Cancel",
            Asked::Refund(_) => "Refund",
            Asked::GetSale(_) => "GetSale",
            Asked::Quote(_) => "Quote",
            Asked::Inspect(_) => "Inspect",
            Asked::Disable(..) => "Disable",
        }
    }

    /// Whether its answer stays the answer of its id.
    pub(super) fn is_kept(&self) -> bool {
        match self {
            Asked::Reserve(asked) => !asked.validate_only,
            Asked::Commit(asked) => !asked.validate_only,
            Asked::Cancel(asked) => !asked.validate_only,
            Asked::Refund(asked) => !asked.validate_only,
            Asked::Disable(..) => true,
            Asked::GetSale(_) | Asked::Quote(_) | Asked::Inspect(_) => false,
        }
    }
}

/// What it was answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    Sale(Box<wire::Sale>),
    Refund(Box<wire::RefundResponse>),
    Quote(Box<wire::Quote>),
    Code(wire::Code),
    Done,
    /// The code, the reason, the sentence, and all details as they came.
    Refused(Code, String, String, Vec<u8>),
}

impl Told {
    /// The reason of a refusal, or what came of it.
    pub(super) fn name(&self) -> String {
        match self {
            Told::Refused(code, reason, ..) if reason.is_empty() => format!("{code:?}"),
            Told::Refused(_, reason, ..) => reason.clone(),
            Told::Sale(sale) => format!("ok, {:?}", sale.state()),
            Told::Quote(quote) => match quote.codes.first().and_then(|code| code.reason.as_ref()) {
                Some(reason) => format!("ok, {:?}", reason.code()),
                None => "ok".to_owned(),
            },
            Told::Refund(_) | Told::Code(_) | Told::Done => "ok".to_owned(),
        }
    }

    /// The sale as it is told.
    pub(super) fn sale(&self) -> Option<&wire::Sale> {
        match self {
            Told::Sale(sale) => Some(sale),
            Told::Refund(back) => back.sale.as_ref(),
            _ => None,
        }
    }
}

/// A service, as its callers have it.
pub(super) struct Client {
    till: RedemptionServiceClient<Channel>,
    pricing: PricingServiceClient<Channel>,
    codes: CodeServiceClient<Channel>,
}

impl Client {
    pub(super) fn new(channel: Channel) -> Self {
        Client {
            till: RedemptionServiceClient::new(channel.clone()),
            pricing: PricingServiceClient::new(channel.clone()),
            codes: CodeServiceClient::new(channel),
        }
    }

    pub(super) async fn generate(&mut self, asked: &wire::GenerateCodesRequest) -> Vec<String> {
        let answers = self.codes.generate(asked.clone()).await.unwrap().into_inner();
        let parts: Vec<wire::GenerateCodesResponse> = answers.map(Result::unwrap).collect().await;
        parts.into_iter().flat_map(|part| part.codes).collect()
    }

    pub(super) async fn ask(&mut self, asked: &Asked) -> Told {
        let told = match asked.clone() {
            Asked::Reserve(asked) => self.till.reserve(*asked).await.map(sale),
            Asked::Commit(asked) => self.till.commit(asked).await.map(sale),
            Asked::Cancel(asked) => self.till.cancel(asked).await.map(sale),
            Asked::GetSale(sale_id) => self.till.get_sale(wire::GetSaleRequest { sale_id }).await.map(sale),
            Asked::Refund(asked) => self.till.refund(asked).await.map(refund),
            Asked::Quote(asked) => self
                .pricing
                .quote(*asked)
                .await
                .map(|quote| Told::Quote(Box::new(wire::Quote { time: None, ..quote.into_inner() }))),
            Asked::Inspect(code) => {
                let asked = wire::InspectCodeRequest { code };
                self.codes.inspect(asked).await.map(|code| Told::Code(code.into_inner()))
            }
            Asked::Disable(request_id, code) => {
                let asked = wire::DisableCodesRequest {
                    request_id,
                    target: Some(Target::Code(code)),
                    validate_only: false,
                };
                self.codes.disable(asked).await.map(|_| Told::Done)
            }
        };
        told.unwrap_or_else(|status| refused(&status))
    }
}

fn refused(status: &Status) -> Told {
    let reason = status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default();
    Told::Refused(status.code(), reason, status.message().to_owned(), status.details().to_vec())
}

fn sale(answer: Response<wire::Sale>) -> Told {
    Told::Sale(Box::new(timeless(answer.into_inner())))
}

fn refund(answer: Response<wire::RefundResponse>) -> Told {
    let back = answer.into_inner();
    let refund = back.refund.map(|refund| wire::SaleRefund { create_time: None, ..refund });
    Told::Refund(Box::new(wire::RefundResponse { refund, sale: back.sale.map(timeless) }))
}

fn timeless(sale: wire::Sale) -> wire::Sale {
    let refunds = sale.refunds.into_iter();
    let refunds = refunds.map(|refund| wire::SaleRefund { create_time: None, ..refund }).collect();
    wire::Sale { reserve_time: None, expire_time: None, end_time: None, refunds, ..sale }
}
