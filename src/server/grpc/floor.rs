//! Two floors under a `Quote`: calls that go the same way through the same server and do not price.
//!
//! `Echo` takes bytes and answers bytes, as many as the quote of that basket has: what HTTP/2, gRPC and the layers cost.
//! `Ready` reads the same `QuoteRequest` and writes the quote of that basket, worked out before: what protobuf adds. The difference to a
//! `Quote` is the price of pricing and of the conversion to and from the core.
//!
//! `pricewright bench` puts them beside the services of a server that it starts; `serve` does not have them.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hash::Hasher as _;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use prost::Message as _;
use prost::bytes::{Buf as _, BufMut as _, Bytes};
use rustc_hash::{FxHashMap, FxHasher};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tower::Service;

use crate::server::wire;

/// Bytes for bytes.
pub const ECHO: &str = "/pricewright.bench.Floor/Echo";
/// A request for an answer that was ready.
pub const READY: &str = "/pricewright.bench.Floor/Ready";

/// The floors as a service.
#[derive(Debug, Clone, Default)]
pub struct Floor {
    answers: Arc<OnceLock<Answers>>,
}

// Never gone through in order.
type Answers = FxHashMap<u64, Answer>;

/// What is ready for one basket.
#[derive(Debug, Clone)]
struct Answer {
    quote: Arc<wire::Quote>,
    bytes: Bytes,
}

impl Floor {
    /// Takes the answer of each request, by the request's bytes; only the first call counts.
    pub fn prepare(&self, quotes: impl Iterator<Item = (Bytes, wire::Quote)>) {
        let _ = self.answers.set(
            quotes
                .map(|(asked, quote)| {
                    let bytes = Bytes::from(quote.encode_to_vec());
                    (key(&asked), Answer { quote: Arc::new(quote), bytes })
                })
                .collect(),
        );
    }

    fn answer(&self, key: u64) -> Result<&Answer, Status> {
        let answer = self.answers.get().and_then(|answers| answers.get(&key));
        answer.ok_or_else(|| Status::not_found("no answer is ready for this request"))
    }
}

/// Which basket these bytes are.
fn key(asked: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(asked);
    hasher.finish()
}

impl NamedService for Floor {
    const NAME: &'static str = "pricewright.bench.Floor";
}

impl Service<http::Request<Body>> for Floor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let floor = self.clone();
        match request.uri().path() {
            ECHO => Box::pin(async move { Ok(Grpc::new(Raw).unary(Echo(floor), request).await) }),
            READY => Box::pin(async move { Ok(Grpc::new(Decoded).unary(AtHand(floor), request).await) }),
            _ => Box::pin(ready(Ok(Status::unimplemented("").into_http()))),
        }
    }
}

struct Echo(Floor);

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        ready(self.0.answer(key(request.get_ref())).map(|answer| Response::new(answer.bytes.clone())))
    }
}

struct AtHand(Floor);

impl UnaryService<(u64, wire::QuoteRequest)> for AtHand {
    type Response = Arc<wire::Quote>;
    type Future = Ready<Result<Response<Arc<wire::Quote>>, Status>>;

    fn call(&mut self, request: Request<(u64, wire::QuoteRequest)>) -> Self::Future {
        ready(self.0.answer(request.get_ref().0).map(|answer| Response::new(Arc::clone(&answer.quote))))
    }
}

/// Bytes as they are, for both sides of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Raw;

/// What reads and writes messages of one kind.
#[derive(Debug)]
pub struct Coder<T>(PhantomData<T>);

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Coder<Bytes>;
    type Decoder = Coder<Bytes>;

    fn encoder(&mut self) -> Coder<Bytes> {
        Coder(PhantomData)
    }

    fn decoder(&mut self) -> Coder<Bytes> {
        Coder(PhantomData)
    }
}

impl Encoder for Coder<Bytes> {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Coder<Bytes> {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// Requests read as the real method reads them, quotes written anew for each call.
#[derive(Debug, Clone, Copy)]
struct Decoded;

impl Codec for Decoded {
    type Encode = Arc<wire::Quote>;
    type Decode = (u64, wire::QuoteRequest);
    type Encoder = Coder<Arc<wire::Quote>>;
    type Decoder = Coder<(u64, wire::QuoteRequest)>;

    fn encoder(&mut self) -> Self::Encoder {
        Coder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        Coder(PhantomData)
    }
}

impl Encoder for Coder<Arc<wire::Quote>> {
    type Item = Arc<wire::Quote>;
    type Error = Status;

    fn encode(&mut self, item: Arc<wire::Quote>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Coder<(u64, wire::QuoteRequest)> {
    type Item = (u64, wire::QuoteRequest);
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        // One piece: the library gathers a message before it is read.
        let key = key(buffer.chunk());
        let asked = wire::QuoteRequest::decode(buffer);
        asked.map(|asked| Some((key, asked))).map_err(|error| Status::internal(error.to_string()))
    }
}
