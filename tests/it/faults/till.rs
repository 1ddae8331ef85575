//! A till: it makes calls, stores each before it sends it, and asks again until it has an answer.

use std::collections::BTreeMap;

use pricewright::server::timestamp::Timestamp;
use pricewright::server::wire;
use pricewright::server::wire::certificate_service_client::CertificateServiceClient;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::wire::sale::State;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use super::dice::Dice;
use super::gifts::Gifts;

/// Purchases that a till leaves open at once.
const OPEN_MAX: usize = 4;
/// How often a till asks again when its time is over.
const TRIES: usize = 20;
/// Customers of all tills: few, so that their limits are met.
const CUSTOMERS: u64 = 40;

/// The services that a till calls.
#[derive(Clone)]
pub(crate) struct Client {
    purchases: RedemptionServiceClient<Channel>,
    certificates: CertificateServiceClient<Channel>,
}

impl Client {
    pub(crate) fn new(channel: &Channel) -> Self {
        let purchases = RedemptionServiceClient::new(channel.clone());
        Client { purchases, certificates: CertificateServiceClient::new(channel.clone()) }
    }
}

/// One changing call.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Reserve(Box<wire::ReserveRequest>),
    Commit(wire::CommitRequest),
    Cancel(wire::CancelRequest),
    Refund(wire::RefundRequest),
    Issue(wire::IssueCertificateRequest),
    Otp(wire::RequestOtpRequest),
}

/// What it was answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Sale(Box<wire::Sale>),
    Refund(Box<wire::RefundResponse>),
    Issued(Box<wire::IssueCertificateResponse>),
    /// When the password ends. How far it is on its way changes.
    Otp(Option<Timestamp>),
    /// The reason, and the sentence.
    Refused(String, String),
}

/// A call with its answer.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) asked: Asked,
    pub(crate) told: Told,
    /// Where the log of the disk stood when the answer was there.
    pub(crate) at: u64,
}

impl Asked {
    pub(crate) fn request_id(&self) -> &str {
        match self {
            Asked::Reserve(asked) => &asked.request_id,
            Asked::Commit(asked) => &asked.request_id,
            Asked::Cancel(asked) => &asked.request_id,
            Asked::Refund(asked) => &asked.request_id,
            Asked::Issue(asked) => &asked.request_id,
            Asked::Otp(asked) => &asked.request_id,
        }
    }

    /// Asks until there is an answer, as tills do: a disk that others use too may let a call wait beyond its time.
    pub(crate) async fn ask_until_answered(&self, client: &mut Client) -> Result<Told, Status> {
        let mut told = self.ask(client).await;
        for _ in 0..TRIES {
            match &told {
                Err(status) if status.code() == Code::DeadlineExceeded => told = self.ask(client).await,
                _ => break,
            }
        }
        told
    }

    /// Asks; an error is no answer, and whether it was kept is then unknown.
    pub(crate) async fn ask(&self, client: &mut Client) -> Result<Told, Status> {
        let sale = |answer: Result<Response<wire::Sale>, Status>| {
            answer.map(|sale| Told::Sale(Box::new(sale.into_inner())))
        };
        let answer = match self.clone() {
            Asked::Reserve(asked) => sale(client.purchases.reserve(*asked).await),
            Asked::Commit(asked) => sale(client.purchases.commit(asked).await),
            Asked::Cancel(asked) => sale(client.purchases.cancel(asked).await),
            Asked::Refund(asked) => {
                let answer = client.purchases.refund(asked).await;
                answer.map(|back| Told::Refund(Box::new(back.into_inner())))
            }
            Asked::Issue(asked) => {
                let answer = client.certificates.issue(asked).await;
                answer.map(|issued| Told::Issued(Box::new(issued.into_inner())))
            }
            Asked::Otp(asked) => {
                let answer = client.certificates.request_otp(asked).await;
                answer.map(|sent| Told::Otp(sent.into_inner().expire_time))
            }
        };
        match answer {
            Ok(told) => Ok(told),
            Err(status) => refused(&status).ok_or(status),
        }
    }
}

/// A refusal by the ledger, which is an answer; everything else is none.
fn refused(status: &Status) -> Option<Told> {
    let reason = status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let is_load = ["OVERLOADED", "DISK_NEARLY_FULL"].contains(&reason.as_str());
    match status.code() {
        Code::FailedPrecondition | Code::NotFound | Code::AlreadyExists | Code::Aborted => {}
        Code::ResourceExhausted if !is_load => {}
        Code::InvalidArgument => panic!("a till asks nonsense: {status:?}"),
        _ => return None,
    }
    // The transport gives such codes without a reason.
    (!reason.is_empty()).then(|| Told::Refused(reason, status.message().to_owned()))
}

/// A till and all that it remembers.
pub(crate) struct Till {
    /// Which test it is of, as a number of twelve bits.
    test: u64,
    name: u64,
    count: u64,
    dice: Dice,
    /// Purchases that are not at their end.
    open: Vec<wire::Sale>,
    /// A call without an answer.
    pub(crate) waiting: Option<Asked>,
    /// Every call with an answer.
    pub(crate) kept: Vec<Kept>,
    /// So many of them were asked again.
    pub(crate) checked: usize,
    /// Every purchase, as the last answer had it.
    pub(crate) sales: BTreeMap<String, wire::Sale>,
    gifts: Gifts,
}

impl Till {
    /// A till of that test: all of them share the phones, so no two may have calls of one id.
    pub(crate) fn new(test: &str, name: u64, seed: u64) -> Self {
        let test = test.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let dice = Dice::new(seed.wrapping_mul(1_000).wrapping_add(name + 1));
        let (open, kept, sales) = (Vec::new(), Vec::new(), BTreeMap::new());
        let gifts = Gifts::default();
        Till {
            test: test % (1 << 12),
            name,
            count: 0,
            dice,
            open,
            waiting: None,
            kept,
            checked: 0,
            sales,
            gifts,
        }
    }

    /// Calls until there is no answer, or `calls` are made. `at` reads where the log of the disk stands.
    pub(crate) async fn work(&mut self, mut client: Client, calls: usize, at: &(dyn Fn() -> u64 + Sync)) {
        for _ in 0..calls {
            let asked = self.waiting.take().unwrap_or_else(|| self.next());
            // Stored before it is sent.
            self.waiting = Some(asked.clone());
            let Ok(told) = asked.ask(&mut client).await else { return };
            self.waiting = None;
            self.take(Kept { asked, told, at: at() });
        }
    }

    /// Takes in an answer.
    pub(crate) fn take(&mut self, kept: Kept) {
        let sale = match &kept.told {
            Told::Sale(sale) => Some((**sale).clone()),
            Told::Refund(back) => back.sale.clone(),
            Told::Refused(..) | Told::Issued(_) | Told::Otp(_) => None,
        };
        self.gifts.take(&kept);
        if let Some(sale) = sale {
            self.open.retain(|open| open.id != sale.id);
            if sale.state() != State::Cancelled && units_left(&sale) > 0 {
                self.open.push(sale.clone());
            }
            self.sales.insert(sale.id.clone(), sale);
        }
        self.kept.push(kept);
    }

    /// What was answered when the log of the disk had come to `cut`; for the till the rest has not happened.
    pub(crate) fn go_back(&mut self, cut: u64) {
        self.open.clear();
        self.sales.clear();
        self.gifts.clear();
        self.waiting = None;
        self.checked = 0;
        for kept in std::mem::take(&mut self.kept).into_iter().filter(|kept| kept.at <= cut) {
            self.take(Kept { at: 0, ..kept });
        }
    }

    fn id(&mut self) -> String {
        self.count += 1;
        format!("0197c5a4-7b1e-7{:03x}-8{:03x}-{:012x}", self.name, self.test, self.count)
    }

    fn next(&mut self) -> Asked {
        let request_id = self.id();
        if self.dice.is_one_in(2) {
            let is_wrong = self.dice.is_one_in(6);
            if let Some(asked) = self.gifts.next(&request_id, self.name, is_wrong) {
                return asked;
            }
        }
        let most = u64::try_from(OPEN_MAX).unwrap();
        if self.open.is_empty() || (self.open.len() < OPEN_MAX && self.dice.below(most) > 1) {
            return self.reserve(request_id);
        }
        let sale = self.open[self.dice.index(self.open.len())].clone();
        let sale_id = sale.id.clone();
        if sale.state() == State::Committed {
            return self.refund(request_id, &sale);
        }
        if self.dice.is_one_in(3) {
            return Asked::Cancel(wire::CancelRequest { request_id, sale_id, validate_only: false });
        }
        let units = if sale.lines[0].quantity == 3 && self.dice.is_one_in(2) {
            vec![wire::PaidUnits { line_id: "1".to_owned(), quantity: 2 }]
        } else {
            Vec::new()
        };
        Asked::Commit(wire::CommitRequest { request_id, sale_id, units, ..wire::CommitRequest::default() })
    }

    fn reserve(&mut self, request_id: String) -> Asked {
        if self.dice.is_one_in(5) {
            let quote_request = Some(Gifts::sale());
            return Asked::Reserve(Box::new(wire::ReserveRequest {
                request_id,
                quote_request,
                ..wire::ReserveRequest::default()
            }));
        }
        let price = 1_000 + 100 * i64::try_from(self.dice.below(80)).unwrap();
        let (sku, quantity, code, price) = match self.dice.below(4) {
            0 => ("CREAM", 1, "SPRING20", 10_000),
            1 => ("SOAP", 1, "HELLO", 1_000),
            2 => ("OIL", 1, "RICH", price),
            _ => ("LIP", 3, "", 10_000),
        };
        let id = format!("customer-{}", self.dice.below(CUSTOMERS));
        let customer = Some(wire::Customer { id, ..wire::Customer::default() });
        // Some expect the lower price, and are refused once the limit is reached.
        let expected_total = (code == "SPRING20" && self.dice.is_one_in(2)).then_some(8_000);
        let mut quote_request = basket(sku, quantity, price, code);
        quote_request.context.as_mut().unwrap().customer = customer;
        let quote_request = Some(quote_request);
        Asked::Reserve(Box::new(wire::ReserveRequest {
            request_id,
            quote_request,
            expected_total,
            ..wire::ReserveRequest::default()
        }))
    }

    fn refund(&mut self, request_id: String, sale: &wire::Sale) -> Asked {
        let left = units_left(sale);
        let quantity = if self.dice.is_one_in(8) { left + 1 } else { 1 };
        let units = vec![wire::ReturnedUnits {
            line_id: "1".to_owned(),
            quantity,
            group: None,
            certificate_ids: Vec::new(),
        }];
        let reprice = left > 1 && self.dice.is_one_in(2);
        let sale_id = sale.id.clone();
        Asked::Refund(wire::RefundRequest {
            request_id,
            sale_id,
            units,
            reprice,
            ..wire::RefundRequest::default()
        })
    }
}

/// One line, and a code where it has one.
pub(crate) fn basket(sku: &str, quantity: u32, price: i64, code: &str) -> wire::QuoteRequest {
    let (id, sku, unit_price) = ("1".to_owned(), sku.to_owned(), Some(price));
    let line = wire::Line { id, sku, quantity, unit_price, ..wire::Line::default() };
    let codes = if code.is_empty() { Vec::new() } else { vec![code.to_owned()] };
    wire::QuoteRequest {
        basket: Some(wire::Basket { lines: vec![line], ..wire::Basket::default() }),
        context: Some(wire::Context { codes, ..wire::Context::default() }),
        explain: true,
    }
}

/// Units of a purchase that did not come back.
fn units_left(sale: &wire::Sale) -> u32 {
    let bought: u32 = sale.lines.iter().map(|line| line.quantity).sum();
    let groups = sale.refunds.iter().flat_map(|back| &back.groups);
    bought - groups.map(|group| group.quantity).sum::<u32>()
}
