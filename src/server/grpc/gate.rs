//! What stands before every method: a bound on what is in work, a deadline, the caller's language, and an explanation
//! for every status that the library makes on its own.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};
use tonic::body::Body;
use tonic::codegen::{Bytes, StdError, http};
use tonic::{Code, Extensions, Request, Response, Status};
use tower::{Layer, Service};

use super::failure::Failure;
use super::seats::{Seat, Seats};
use crate::lang::Lang;
use crate::server::clock;
use crate::server::door::{Peer, Place, Places, house};

/// A deadline is met this much earlier, so that the caller hears the reason and not only a broken call.
const EARLIER: Duration = Duration::from_millis(2);
/// The methods that are in work. Health checks and reflection must answer under any load.
const BOUNDED: &str = "/pricewright.";
/// What is beside them, open at once: a balancer watches health by a stream that never ends.
const BESIDE_MAX: usize = 1_024;
/// And of one address.
const BESIDE_PER_ADDRESS_MAX: usize = 64;

/// The one whose requests come for as long as its caller likes. It has its own bounds.
const QUOTE_STREAM: &str = "/pricewright.v1.PricingService/QuoteStream";
/// Streams that a caller sends: a million codes, all customers. They have their own bounds on how many run.
const UPLOADS: [&str; 2] = ["/pricewright.v1.CodeService/Import", "/pricewright.v1.CustomerService/Import"];
/// The time of such a stream whose caller sets none: 100,000 PINs take an hour to hash.
const UPLOAD_MAX: Duration = Duration::from_secs(4 * 3_600);

/// Of a request: it is not known who calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stranger;

/// What the gate tells a method of its call.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The language of the caller.
    pub lang: Lang,
    /// When the caller stops to wait, or the server stops to work.
    pub deadline: Instant,
    /// Whether the caller itself set the deadline.
    pub is_callers: bool,
    /// What the server allows a request whose caller sets none.
    pub timeout: Duration,
    /// The address of the caller, where it has one.
    pub peer: Option<IpAddr>,
}

impl Call {
    /// The call of a request that came through the gate.
    #[must_use]
    pub fn of<T>(request: &Request<T>) -> Self {
        Self::within(request.extensions())
    }

    fn within(extensions: &Extensions) -> Self {
        extensions.get::<Call>().copied().unwrap_or_else(|| Call {
            lang: Lang::default(),
            deadline: Instant::from_std(clock::steady()) + Duration::from_secs(10),
            is_callers: false,
            timeout: Duration::from_secs(10),
            peer: None,
        })
    }

    /// The call of the next request of a stream: without a deadline of the caller, each gets the server's time.
    #[must_use]
    pub fn renewed(self) -> Self {
        if self.is_callers {
            return self;
        }
        Call { deadline: Instant::from_std(clock::steady()) + self.timeout, ..self }
    }

    /// The caller as failed attempts at codes are counted.
    #[must_use]
    pub fn caller(&self) -> String {
        self.peer.map(caller_at).unwrap_or_default()
    }

    /// Answers the call, and writes a line for those who ask for it: nothing of what was asked or answered is in it.
    pub(super) fn answer<T>(
        self,
        method: &'static str,
        answer: Result<T, Failure>,
    ) -> Result<Response<T>, Status> {
        match &answer {
            Ok(_) => tracing::debug!(target: "pricewright::request", method, status = "OK"),
            Err(failure) => tracing::debug!(
                target: "pricewright::request",
                method,
                status = ?failure.code(),
                reason = failure.reason(),
            ),
        }
        answer.map(Response::new).map_err(|failure| failure.status(self.lang))
    }

    /// Whether nobody waits for the answer any longer.
    #[must_use]
    pub fn is_over(&self) -> bool {
        Instant::from_std(clock::steady()) >= self.deadline
    }
}

fn caller_at(address: IpAddr) -> String {
    match house(address) {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

/// Puts a gate before services.
#[derive(Debug, Clone)]
pub struct GateLayer {
    seats: Seats,
    beside: Places,
    timeout: Duration,
}

impl GateLayer {
    /// At most `requests_max` requests in work, as [`Seats`] has it. Each is within `timeout` unless its caller says otherwise, and is there
    /// as a whole within that in any case.
    #[must_use]
    pub fn new(requests_max: u32, timeout: Duration) -> Self {
        let all = usize::try_from(requests_max).unwrap_or(usize::MAX);
        let beside = Places::new(BESIDE_MAX, BESIDE_PER_ADDRESS_MAX);
        GateLayer { seats: Seats::new(all), beside, timeout }
    }
}

/// What a call holds.
enum Held {
    /// Until it is answered, or its stream of answers begins.
    InWork(Seat),
    /// Until its last answer is sent.
    Beside(Place),
}

impl GateLayer {
    fn place(&self, peer: Option<IpAddr>, bounded: bool, request: &http::Request<Body>) -> Option<Held> {
        if bounded {
            let is_stranger = request.extensions().get::<Stranger>().is_some();
            return self.seats.take(peer, is_stranger).map(Held::InWork);
        }
        self.beside.take(peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into())).map(Held::Beside)
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, gate: self.clone() }
    }
}

/// A service behind a gate.
#[derive(Debug, Clone)]
pub struct Gate<S> {
    inner: S,
    gate: GateLayer,
}

impl<S, B> Service<http::Request<Body>> for Gate<S>
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
        let callers = header(&request, "grpc-timeout").and_then(grpc_timeout);
        let path = request.uri().path();
        let (bounded, is_upload) = (path.starts_with(BOUNDED), UPLOADS.contains(&path));
        let is_one_message = bounded && !is_upload && path != QUOTE_STREAM;
        let servers = if is_upload { self.gate.timeout.max(UPLOAD_MAX) } else { self.gate.timeout };
        let time = callers.map_or(servers, |time| time.saturating_sub(EARLIER.min(time / 2)));
        let now = Instant::from_std(clock::steady());
        // A caller may name any number of hours; a day is as good as for ever.
        let deadline = now + time.min(Duration::from_secs(86_400));
        let lang = lang(&request);
        let peer = request.extensions().get::<Peer>().and_then(|peer| peer.address);
        request.extensions_mut().insert(Call {
            peer,
            lang,
            deadline,
            is_callers: callers.is_some(),
            timeout: self.gate.timeout,
        });
        // The place is taken before the work is queued: what waits counts too.
        let Some(place) = self.gate.place(peer, bounded, &request) else {
            return Box::pin(async move { Ok(Failure::Overloaded.status(lang).into_http()) });
        };
        // Whoever has a day for the answer has none for what it asks: it would hold its place and say nothing.
        if is_one_message && time > self.gate.timeout {
            let until = now + self.gate.timeout;
            request = request.map(|body| Body::new(Prompt { body, until, lang, patience: None }));
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            let _seat = match place {
                Held::InWork(seat) => seat,
                Held::Beside(place) => {
                    let answer =
                        answer.await?.map(|body| Body::new(Placed { body: Body::new(body), _place: place }));
                    return Ok(explained(answer, lang, |code| code == Code::Unimplemented));
                }
            };
            match timeout_at(deadline, answer).await {
                Ok(answer) => Ok(explained(answer?.map(Body::new), lang, |_| true)),
                Err(_) => Ok(Failure::TooLate.status(lang).into_http()),
            }
        })
    }
}

/// The one message of a call, which must be there in time.
struct Prompt {
    body: Body,
    until: Instant,
    lang: Lang,
    /// Runs where the caller lets us wait.
    patience: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Prompt {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let until = self.until;
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep_until(until)));
        ready!(patience.as_mut().poll(context));
        Poll::Ready(Some(Err(Failure::TooLate.status(self.lang))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Answers that hold a place to their end.
struct Placed {
    body: Body,
    _place: Place,
}

impl http_body::Body for Placed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The language of the caller.
pub(super) fn lang(request: &http::Request<Body>) -> Lang {
    header(request, "accept-language").map(Lang::from_tag).unwrap_or_default()
}

fn header<'a>(request: &'a http::Request<Body>, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// `100m`: at most eight digits and a unit.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// A status that the library made (a message too large, no such method) gets its reason and words; where other
/// services answer too, only a code that is surely the library's.
fn explained(
    answer: http::Response<Body>,
    lang: Lang,
    is_librarys: impl Fn(Code) -> bool,
) -> http::Response<Body> {
    let headers = answer.headers();
    let Some(status) =
        headers.get("grpc-status").filter(|_| !headers.contains_key("grpc-status-details-bin"))
    else {
        return answer;
    };
    let code = Code::from_bytes(status.as_bytes());
    match Failure::of_library(code).filter(|_| is_librarys(code)) {
        Some(failure) => failure.status(lang).into_http(),
        None => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_apart_by_address_and_houses_by_network() {
        let told = |text: &str| caller_at(text.parse().unwrap());
        assert_eq!(told("192.0.2.1"), "192.0.2.1");
        // As a socket at `[::]` sees the same two callers.
        assert_eq!(told("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(told("::ffff:192.0.2.1"), told("::ffff:198.51.100.7"));
        assert_eq!(told("2001:db8:1:2::7"), told("2001:db8:1:2:3:4:5:6"));
        assert_ne!(told("2001:db8:1:2::7"), told("2001:db8:1:3::7"));
    }

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        for (text, millis) in [
            ("100m", Some(100)),
            ("2S", Some(2_000)),
            ("1M", Some(60_000)),
            ("1H", Some(3_600_000)),
            ("5000u", Some(5)),
            ("", None),
            ("m", None),
            ("123456789m", None),
            ("1ї", None),
            ("-1m", None),
        ] {
            assert_eq!(grpc_timeout(text), millis.map(Duration::from_millis), "{text}");
        }
    }
}
