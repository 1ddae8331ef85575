//! Who calls, and whether they may: asked before every method, and written down of what changes anything and of what is refused.

use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use jiff::Timestamp;
use tonic::body::Body;
use tonic::codegen::{Bytes, StdError, http};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use tower::{Layer, Service};

use super::failure::Failure;
use super::gate::lang;
use crate::server::access::{Caller, Guard, Method, Presented, Refused, method};
use crate::server::audit::{Audit, Line};
use crate::server::clock;
use crate::server::door::Peer;
use crate::server::wire;
use crate::time::Instant;

/// What stands before a token.
const BEARER: &str = "Bearer ";
/// Refusals that are told of one second: a flood must fill no disk.
const TOLD_MAX: u64 = 10;

/// Who calls, for methods that must know more than whether it may; nobody where everybody may everything.
#[derive(Debug, Clone)]
struct Known(Arc<Caller>);

/// What a method says of its call for the audit log.
#[derive(Debug, Clone, Default)]
struct Note(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    request: OnceLock<String>,
    refused: OnceLock<Refused>,
}

/// What is done with a purchase that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It is paid, called off, or a certificate is made of it.
    Change,
    /// It is looked at, or comes back: customers bring things back to the next store, where that is allowed.
    Return,
}

/// For whom a call speaks, taken from a request before its message is.
#[derive(Debug, Clone, Default)]
pub(super) struct Speaker {
    caller: Option<Arc<Caller>>,
    note: Note,
}

impl Speaker {
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        Speaker {
            caller: request.extensions().get::<Known>().map(|known| Arc::clone(&known.0)),
            note: request.extensions().get::<Note>().cloned().unwrap_or_default(),
        }
    }

    /// Notes what the call is about: the id that its caller gave it.
    pub(super) fn about(&self, id: &str) {
        // Whatever the caller sends: a line of the log is no place for a novel.
        let end = id.char_indices().map(|(place, _)| place).nth(64).unwrap_or(id.len());
        let _ = self.note.0.request.set(id.get(..end).unwrap_or_default().to_owned());
    }

    /// The name under which the caller is known.
    pub(super) fn name(&self) -> Option<&str> {
        self.caller.as_ref().map(|caller| caller.name.as_str())
    }

    /// Whether the caller speaks for purchases that are made where this basket is.
    pub(super) fn may_ask(&self, asked: Option<&wire::QuoteRequest>) -> Result<(), Failure> {
        let context = asked.and_then(|asked| asked.context.as_ref());
        let (store, channel) =
            context.map_or(("", ""), |context| (context.store.as_str(), context.channel.as_str()));
        self.may_speak_for(store, channel)
    }

    /// Whether where a purchase was made must be looked at before the caller does something with it.
    pub(super) fn is_bound(&self, act: Act) -> bool {
        self.caller
            .as_ref()
            .is_some_and(|caller| caller.is_bound() && !(act == Act::Return && caller.returns_anywhere))
    }

    /// Whether the caller speaks for purchases there.
    pub(super) fn may_speak_for(&self, store: &str, channel: &str) -> Result<(), Failure> {
        let allowed = self.caller.as_ref().map_or(Ok(()), |caller| caller.may_speak_for(store, channel));
        allowed.map_err(|refused| {
            let _ = self.note.0.refused.set(refused);
            Failure::NotAllowed
        })
    }
}

/// Puts the question before services.
#[derive(Debug, Clone)]
pub struct AdmitLayer {
    guard: Option<Arc<Guard>>,
    audit: Option<Audit>,
    told: Arc<Told>,
}

impl AdmitLayer {
    /// `guard` knows who may what; without one everybody may everything.
    #[must_use]
    pub fn new(guard: Option<Arc<Guard>>, audit: Option<Audit>) -> Self {
        AdmitLayer { guard, audit, told: Arc::default() }
    }
}

impl<S> Layer<S> for AdmitLayer {
    type Service = Admit<S>;

    fn layer(&self, inner: S) -> Admit<S> {
        Admit { inner, admit: self.clone() }
    }
}

/// A service behind the question.
#[derive(Debug, Clone)]
pub struct Admit<S> {
    inner: S,
    admit: AdmitLayer,
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
        // Health is everybody's, reflection is there only where it is asked for, and what is not known is answered as such.
        let Some(method) = method(request.uri().path()) else {
            let answer = self.inner.call(request);
            return Box::pin(async move { Ok(answer.await?.map(Body::new)) });
        };
        let admitted = self.admit.guard.as_ref().map(|guard| admitted(guard, method, &request)).transpose();
        let entry = Entry { admit: self.admit.clone(), method, at: clock::timestamp(), peer: peer(&request) };
        let caller = match admitted {
            Ok(caller) => caller,
            Err((refused, caller)) => {
                let lang = lang(&request);
                let failure = if refused.is_unknown() { Failure::NotKnown } else { Failure::NotAllowed };
                entry.refused(caller.as_deref(), refused, &failure, None);
                return Box::pin(async move { Ok(failure.status(lang).into_http()) });
            }
        };
        let note = Note::default();
        if let Some(caller) = &caller {
            request.extensions_mut().insert(Known(Arc::clone(caller)));
        }
        request.extensions_mut().insert(note.clone());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            entry.answered(caller.as_deref(), &note, answer.headers());
            Ok(answer.map(Body::new))
        })
    }
}

fn admitted(
    guard: &Guard,
    method: &Method,
    request: &http::Request<Body>,
) -> Result<Arc<Caller>, (Refused, Option<Arc<Caller>>)> {
    let sent = request.headers().get(http::header::AUTHORIZATION);
    // What is sent and is no token is a wrong one: it is not as if nothing had been sent.
    let token =
        sent.map(|sent| sent.to_str().ok().and_then(|text| text.strip_prefix(BEARER)).unwrap_or_default());
    let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_deref());
    guard.known().admit(Presented { token, certificate }, method, clock::now())
}

fn peer(request: &http::Request<Body>) -> Peer {
    request.extensions().get::<Peer>().cloned().unwrap_or_default()
}

/// One call that may be written down.
struct Entry {
    admit: AdmitLayer,
    method: &'static Method,
    at: Timestamp,
    peer: Peer,
}

impl Entry {
    fn refused(&self, caller: Option<&Caller>, refused: Refused, failure: &Failure, request: Option<String>) {
        let Some(untold) = self.admit.told.turn(self.at.into()) else { return };
        let (method, why) = (short(self.method), refused.word());
        tracing::warn!(
            method,
            caller = caller.map(|caller| caller.name.as_str()),
            why,
            untold,
            "a call was refused"
        );
        let line = self.line(caller, code_name(failure.code()), Some(failure.reason().to_owned()));
        self.write(Line { refused: Some(why), request, untold, ..line });
    }

    /// Of a stream this is its beginning: what comes of the rest is in the ledger.
    fn answered(&self, caller: Option<&Caller>, note: &Note, headers: &http::HeaderMap) {
        if let Some(refused) = note.0.refused.get() {
            return self.refused(caller, *refused, &Failure::NotAllowed, note.0.request.get().cloned());
        }
        if !self.method.changes || self.admit.audit.is_none() {
            return;
        }
        let status = Status::from_header_map(headers).filter(|status| status.code() != Code::Ok);
        let reason = status.as_ref().and_then(|status| status.get_details_error_info());
        let reason = reason.map(|info| info.reason);
        let code = status.map_or(Code::Ok, |status| status.code());
        let line = self.line(caller, code_name(code), reason);
        self.write(Line { request: note.0.request.get().cloned(), ..line });
    }

    fn line(&self, caller: Option<&Caller>, status: &'static str, reason: Option<String>) -> Line {
        Line {
            at: self.at,
            method: short(self.method),
            caller: caller.map(|caller| caller.name.clone()),
            address: self.peer.address.map(|address| address.to_canonical().to_string()),
            request: None,
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

fn short(method: &'static Method) -> &'static str {
    method.path.strip_prefix("/pricewright.v1.").unwrap_or(method.path)
}

/// As gRPC writes it.
fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// How many refusals were told of this second.
#[derive(Debug, Default)]
struct Told {
    second: AtomicI64,
    count: AtomicU64,
    untold: AtomicU64,
}

impl Told {
    /// Whether one more is told, and how many before it were not. At the turn of a second two calls may both begin it: then a few more are told.
    fn turn(&self, now: Instant) -> Option<u64> {
        if self.second.swap(now.unix(), Ordering::Relaxed) != now.unix() {
            self.count.store(0, Ordering::Relaxed);
        }
        if self.count.fetch_add(1, Ordering::Relaxed) < TOLD_MAX {
            return Some(self.untold.swap(0, Ordering::Relaxed));
        }
        self.untold.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_a_few_are_told_and_the_rest_is_counted() {
        let (told, at) = (Told::default(), |second| Instant::from_unix(second).unwrap());
        let turns: Vec<_> = (0..25).map(|_| told.turn(at(7))).collect();
        assert_eq!(turns.iter().filter(|turn| **turn == Some(0)).count(), 10);
        assert_eq!(told.turn(at(8)), Some(15));
        assert_eq!(told.turn(at(8)), Some(0));
    }
}
