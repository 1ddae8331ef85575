//! Who calls, and whether they may: asked before every method, and written down of what changes anything and of what is refused.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Interval, MissedTickBehavior};
use tonic::body::Body;
use tonic::codegen::{Bytes, StdError, http};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use tower::{Layer, Service};

use super::failure::Failure;
use super::gate::{Stranger, lang};
use crate::ledger::RequestId;
use crate::server::access::{Caller, Credential, FourEyes, Guard, Method, Refused, method};
use crate::server::audit::{Audit, Line};
use crate::server::clock;
use crate::server::door::Peer;
use crate::server::meters::CODES;
use crate::server::told::Told;
use crate::server::wire;

/// Between two questions whether the caller of a stream may have it still.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// What stands before a token.
const BEARER: &str = "Bearer ";

/// What is done with a purchase that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It is paid, called off, or a certificate is made of it.
    Change,
    /// It is looked at, or comes back: customers bring things back to the next store, where that is allowed.
    Return,
}

/// For whom a call speaks, taken from a request before its message is. Nothing is known, and nothing must be, where everybody may everything,
/// and of a call that changes nothing and whose caller is not bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Speaker(Option<Arc<Entry>>);

impl Speaker {
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        Speaker(request.extensions().get::<Arc<Entry>>().cloned())
    }

    /// Notes what the call is about: the id that its caller gave it, and whether it only tries. What is no such id may be anything, a phone
    /// too, and is not noted.
    pub(super) fn about(&self, id: &str, is_trial: bool) {
        let Some(entry) = &self.0 else { return };
        if RequestId::parse(id).is_some() {
            let _ = entry.request.set(id.to_owned());
        }
        self.tries(is_trial);
    }

    /// Notes whether the call changes nothing and is answered as if it did.
    pub(super) fn tries(&self, is_trial: bool) {
        if let Some(entry) = &self.0 {
            entry.is_trial.store(is_trial, Ordering::Relaxed);
        }
    }

    fn caller(&self) -> Option<&Caller> {
        self.0.as_ref()?.caller.as_deref()
    }

    /// The name under which the caller is known.
    pub(super) fn name(&self) -> Option<&str> {
        self.caller().map(|caller| caller.name.as_str())
    }

    /// Whether it is not known who calls, and only quotes may be asked for.
    pub(super) fn is_open(&self) -> bool {
        self.caller().is_some_and(|caller| caller.is_open)
    }

    /// Whether the caller speaks for purchases that are made where this basket is. Who is not known asks for nobody: what a basket costs a
    /// customer tells who they are, and a PIN is a secret between them and the shop.
    pub(super) fn may_ask(&self, asked: Option<&wire::QuoteRequest>) -> Result<(), Failure> {
        let context = asked.and_then(|asked| asked.context.as_ref());
        let (store, channel) =
            context.map_or(("", ""), |context| (context.store.as_str(), context.channel.as_str()));
        self.may_speak_for(store, channel)?;
        let names_somebody = context.is_some_and(|context| {
            let customer = context.customer.as_ref();
            customer.is_some_and(|customer| !customer.id.is_empty() || !customer.phone.is_empty())
                || !context.code_pins.is_empty()
        });
        if self.is_open() && names_somebody { Err(self.refused(Refused::Customer)) } else { Ok(()) }
    }

    /// Whether where a purchase was made must be looked at before the caller does something with it.
    pub(super) fn is_bound(&self, act: Act) -> bool {
        self.caller()
            .is_some_and(|caller| caller.is_bound() && !(act == Act::Return && caller.returns_anywhere))
    }

    /// Whether the caller speaks for purchases there.
    pub(super) fn may_speak_for(&self, store: &str, channel: &str) -> Result<(), Failure> {
        let allowed = self.caller().map_or(Ok(()), |caller| caller.may_speak_for(store, channel));
        allowed.map_err(|refused| self.refused(refused))
    }

    /// What another must ask for too before this caller has it.
    pub(super) fn four_eyes(&self) -> FourEyes {
        let guard = self.0.as_ref().and_then(|entry| entry.admit.guard.as_ref());
        guard.map(|guard| guard.known().four_eyes()).unwrap_or_default()
    }

    /// Whether that is the name of another who may make this call.
    pub(super) fn is_another(&self, name: &str) -> bool {
        let Some(entry) = &self.0 else { return false };
        let guard = entry.admit.guard.as_ref();
        self.name() != Some(name)
            && guard.is_some_and(|guard| guard.known().has(name, entry.method, clock::now()))
    }

    /// Notes who has asked for it first.
    pub(super) fn is_second_to(&self, first: &str) {
        if let Some(entry) = &self.0 {
            let _ = entry.first.set(first.to_owned());
        }
    }

    /// Who has asked for it first, where two must.
    pub(super) fn first(&self) -> Option<&str> {
        self.0.as_ref()?.first.get().map(String::as_str)
    }

    fn refused(&self, refused: Refused) -> Failure {
        self.0.as_ref().map_or(Failure::NotAllowed, |entry| entry.refused(refused))
    }

    /// Asks again who calls: a stream may run for days, and what is taken from its caller meanwhile holds for its next answer.
    pub(super) fn ask_again(&mut self) -> Result<(), Failure> {
        let Some(entry) = &self.0 else { return Ok(()) };
        let (Some(guard), Some(was)) = (&entry.admit.guard, &entry.caller) else { return Ok(()) };
        let admitted = guard.known().admit(&entry.credential, entry.method, clock::now());
        match admitted {
            Ok(caller) if Arc::ptr_eq(&caller, was) => {}
            Ok(caller) => self.0 = Some(Arc::new(entry.renewed(caller))),
            Err((refused, _)) => return Err(entry.refused(refused)),
        }
        Ok(())
    }

    /// Ends when the caller may no longer, at the next beat of `again`: a stream on which nothing is said is a place that somebody holds.
    pub(super) async fn dismissed(&mut self, again: &mut Interval) -> Failure {
        let has_guard = self.0.as_ref().is_some_and(|entry| entry.admit.guard.is_some());
        if !has_guard {
            return std::future::pending().await;
        }
        loop {
            again.tick().await;
            if let Err(failure) = self.ask_again() {
                return failure;
            }
        }
    }
}

/// When callers of streams that run are asked about again.
pub(super) fn again() -> Interval {
    let mut again = tokio::time::interval(ASKED_EVERY);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    again
}

/// Puts the question before services.
#[derive(Debug, Clone)]
pub struct AdmitLayer(Arc<Admission>);

#[derive(Debug)]
struct Admission {
    guard: Option<Arc<Guard>>,
    audit: Option<Audit>,
    /// Refusals of callers that are known, and of all others: whoever has no credential hides nothing of what is done with a stolen one.
    known: Told,
    unknown: Told,
}

impl AdmitLayer {
    /// `guard` knows who may what; without one everybody may everything.
    #[must_use]
    pub fn new(guard: Option<Arc<Guard>>, audit: Option<Audit>) -> Self {
        AdmitLayer(Arc::new(Admission { guard, audit, known: Told::default(), unknown: Told::default() }))
    }
}

impl<S> Layer<S> for AdmitLayer {
    type Service = Admit<S>;

    fn layer(&self, inner: S) -> Admit<S> {
        Admit { inner, admit: Arc::clone(&self.0) }
    }
}

/// A service behind the question.
#[derive(Debug, Clone)]
pub struct Admit<S> {
    inner: S,
    admit: Arc<Admission>,
}

impl<S, B> Service<http::Request<Body>> for Admit<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    B: tonic::codegen::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let entry = match self.admit.entry(&request) {
            Ok(entry) => entry,
            Err(failure) => {
                let lang = lang(&request);
                return Box::pin(async move { Ok(failure.status(lang).into_http()) });
            }
        };
        let unanswered = entry.and_then(|entry| {
            if entry.caller.as_ref().is_some_and(|caller| caller.is_open) {
                request.extensions_mut().insert(Stranger);
            }
            let entry = Arc::new(entry);
            request.extensions_mut().insert(Arc::clone(&entry));
            let is_written = entry.method.changes && entry.admit.audit.is_some();
            is_written.then(|| Unanswered::new(entry))
        });
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            if let Some(unanswered) = unanswered {
                unanswered.answered(answer.headers());
            }
            Ok(answer.map(Body::new))
        })
    }
}

impl Admission {
    /// What must be known of a call that is admitted: nothing where it changes nothing and its caller may ask for all of it.
    fn entry(self: &Arc<Self>, request: &http::Request<Body>) -> Result<Option<Entry>, Failure> {
        if self.guard.is_none() && self.audit.is_none() {
            return Ok(None);
        }
        // Health is everybody's, reflection is there only where it is asked for, and what is not known is answered as such.
        let Some(method) = method(request.uri().path()) else { return Ok(None) };
        let at = clock::timestamp();
        let entry = |credential, caller| {
            let peer = request.extensions().get::<Peer>();
            Entry {
                admit: Arc::clone(self),
                method,
                at,
                address: peer.and_then(|peer| peer.address),
                credential,
                caller,
                request: OnceLock::new(),
                first: OnceLock::new(),
                is_trial: AtomicBool::new(false),
                is_told: AtomicBool::new(false),
            }
        };
        let Some(guard) = &self.guard else {
            return Ok(method.changes.then(|| entry(Credential::None, None)));
        };
        let credential = credential(request);
        match guard.known().admit(&credential, method, at.into()) {
            Ok(caller) => {
                let is_asked_for = method.changes || method.runs || caller.is_bound();
                Ok(is_asked_for.then(|| entry(credential, Some(caller))))
            }
            Err((refused, caller)) => Err(entry(credential, caller).refused(refused)),
        }
    }
}

fn credential(request: &http::Request<Body>) -> Credential {
    let token = request.headers().get(http::header::AUTHORIZATION);
    // What is sent and is no token is a wrong one: it is not as if nothing had been sent.
    let token =
        token.map(|sent| sent.to_str().ok().and_then(|text| text.strip_prefix(BEARER)).unwrap_or_default());
    match (token, request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_ref())) {
        (Some(token), _) => Credential::token(token),
        (None, Some(names)) => Credential::Certificate(Arc::clone(names)),
        (None, None) => Credential::None,
    }
}

/// One call that may be written down.
#[derive(Debug)]
struct Entry {
    admit: Arc<Admission>,
    method: &'static Method,
    at: Timestamp,
    address: Option<IpAddr>,
    credential: Credential,
    /// Nobody where everybody may everything.
    caller: Option<Arc<Caller>>,
    request: OnceLock<String>,
    /// Who has asked for it first, where two must.
    first: OnceLock<String>,
    is_trial: AtomicBool,
    /// Its refusal is written already, or counted.
    is_told: AtomicBool,
}

impl Entry {
    /// The same call, of a caller of whom the file of access says something else now.
    fn renewed(&self, caller: Arc<Caller>) -> Self {
        Entry {
            admit: Arc::clone(&self.admit),
            credential: self.credential.clone(),
            caller: Some(caller),
            request: self.request.clone(),
            first: self.first.clone(),
            is_trial: AtomicBool::new(false),
            is_told: AtomicBool::new(false),
            ..*self
        }
    }

    /// Tells of a refusal, and what the caller is told of it.
    fn refused(&self, refused: Refused) -> Failure {
        let failure = if refused.is_unknown() { Failure::NotKnown } else { Failure::NotAllowed };
        self.is_told.store(true, Ordering::Relaxed);
        let is_known = self.caller.as_ref().is_some_and(|caller| !caller.is_open);
        let told = if is_known { &self.admit.known } else { &self.admit.unknown };
        // A stream may have begun long before.
        let at = clock::timestamp();
        if let Some(untold) = told.turn(at.into()) {
            let (method, why) = (self.method.name(), refused.word());
            let caller = self.caller.as_ref().map(|caller| caller.name.as_str());
            tracing::warn!(method, caller, why, untold, "a call was refused");
            let reason = Some(failure.reason().to_owned());
            let line = self.line(code_name(failure.code()), reason);
            self.write(Line { at, refused: Some(why), untold, ..line });
        }
        failure
    }

    fn line(&self, status: &'static str, reason: Option<String>) -> Line {
        Line {
            at: self.at,
            method: self.method.name(),
            caller: self.caller.as_ref().map(|caller| caller.name.clone()),
            address: self.address.map(|address| address.to_canonical().to_string()),
            request: self.request.get().cloned(),
            first: self.first.get().cloned(),
            trial: self.is_trial.load(Ordering::Relaxed),
            status,
            reason,
            refused: None,
            untold: 0,
        }
    }

    fn write(&self, line: Line) {
        if let Some(audit) = &self.admit.audit {
            audit.write(line);
        }
    }
}

/// A call that changes something, until it is answered. Whoever goes away before has a line all the same: the work goes on without them.
struct Unanswered {
    entry: Arc<Entry>,
    code: Code,
    reason: Option<String>,
}

impl Unanswered {
    fn new(entry: Arc<Entry>) -> Self {
        Unanswered { entry, code: Code::Cancelled, reason: None }
    }

    /// Of a stream this is its beginning: what comes of the rest is in the ledger.
    fn answered(mut self, headers: &http::HeaderMap) {
        let status = Status::from_header_map(headers).filter(|status| status.code() != Code::Ok);
        let info = status.as_ref().and_then(|status| status.get_details_error_info());
        self.reason = info.map(|info| info.reason);
        self.code = status.map_or(Code::Ok, |status| status.code());
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if !self.entry.is_told.load(Ordering::Relaxed) {
            self.entry.write(self.entry.line(code_name(self.code), self.reason.take()));
        }
    }
}

/// As gRPC writes it.
fn code_name(code: Code) -> &'static str {
    let place = usize::try_from(i32::from(code)).unwrap_or_default();
    CODES.get(place).copied().unwrap_or("UNKNOWN")
}

#[cfg(test)]
mod tests {
    use tower::service_fn;

    use super::*;

    /// Whoever goes away before the answer has done what it asked for, perhaps; and is in the log.
    #[tokio::test]
    async fn a_call_that_is_broken_off_is_written_down_once() {
        let home = tempfile::tempdir().unwrap();
        let audit = Audit::open(home.path(), Arc::default()).unwrap();
        let layer = AdmitLayer::new(None, Some(audit.clone()));
        let request = |path: &str| {
            http::Request::builder().uri(format!("/pricewright.v1.{path}")).body(Body::default()).unwrap()
        };
        let held = |request: http::Request<Body>| {
            Speaker::of(&Request::from_http(request)).about("0197c5a4-7b1e-7cc2-8f3a-000000000001", true);
            std::future::pending::<Result<http::Response<Body>, Status>>()
        };
        // One is worked on, one was never looked at, and one changes nothing.
        let mut held = layer.layer(service_fn(held));
        let mut worked = held.call(request("RedemptionService/Reserve"));
        let is_done =
            std::future::poll_fn(|context| Poll::Ready(worked.as_mut().poll(context).is_ready())).await;
        assert!(!is_done);
        drop((
            worked,
            held.call(request("CustomerService/Delete")),
            held.call(request("PricingService/Quote")),
        ));
        let answered = async |_: http::Request<Body>| Ok::<_, Status>(http::Response::new(Body::default()));
        layer.layer(service_fn(answered)).call(request("CustomerService/Delete")).await.unwrap();
        audit.close();
        let day = std::fs::read_dir(home.path()).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(day).unwrap();
        let told = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            ["method", "status"].map(|key| line[key].as_str().unwrap().to_owned()).join(" ")
        };
        assert_eq!(
            text.lines().map(told).collect::<Vec<_>>(),
            [
                "RedemptionService/Reserve CANCELLED",
                "CustomerService/Delete CANCELLED",
                "CustomerService/Delete OK"
            ]
        );
        assert!(text.contains("\"trial\":true"));
    }
}
