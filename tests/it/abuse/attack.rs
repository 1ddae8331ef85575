//! What is done to the service, each by a few connections that come again when they are closed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pricewright::server::grpc::floor::Raw;
use pricewright::server::wire;
use prost::Message as _;
use prost::bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request};

use super::frames::{
    END_HEADERS, END_STREAM, PREFACE, continuation, data, headers, hello, on_stream, ping, reset, settings,
};

/// Another address of this machine: the honest client has its own.
const FROM: [u8; 4] = [127, 0, 0, 66];
/// Bytes of a large message: the most that the service takes.
const LARGE: usize = 4 << 20;
/// Large messages that are on their way at once on each connection that keeps to the rules.
const CALLS: usize = 8;
/// A connection that does not get on comes anew.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attack {
    /// Calls that are taken back as soon as they are made.
    RapidReset,
    /// A call whose body is frames without a byte.
    EmptyData,
    /// Calls that never end, as many as a connection may have.
    HeldStreams,
    Pings,
    Settings,
    /// Headers that never end.
    Continuation,
    /// Connections that say a byte a second.
    SlowHeaders,
    /// Messages of 4 MiB that are none, sent without waiting for leave.
    LargeMessages,
    /// Quotes of 4 MiB, sent as the service gives leave: a basket with more codes than anybody has.
    LargeQuotes,
    /// The same with two million lines that say nothing: each is two bytes there and hundreds once it is read.
    HeavyQuotes,
    /// Connections, and nothing on them.
    Connections,
}

pub(super) const ATTACKS: [Attack; 11] = [
    Attack::RapidReset,
    Attack::EmptyData,
    Attack::HeldStreams,
    Attack::Pings,
    Attack::Settings,
    Attack::Continuation,
    Attack::SlowHeaders,
    Attack::LargeMessages,
    Attack::LargeQuotes,
    Attack::HeavyQuotes,
    Attack::Connections,
];

impl Attack {
    /// Whether it is made of whole calls, which are answered.
    pub(super) fn is_calls(self) -> bool {
        matches!(self, Attack::LargeQuotes | Attack::HeavyQuotes)
    }

    /// Connections at once.
    pub(super) fn connections(self) -> usize {
        match self {
            Attack::Connections => 2_000,
            Attack::SlowHeaders => 500,
            _ => 4,
        }
    }

    /// What is sent first, and what again and again.
    fn bytes(self, turn: u32, token: Option<&str>) -> Vec<u8> {
        let stream = turn * 2 + 1;
        match self {
            Attack::RapidReset => (0..64_u32)
                .flat_map(|call| {
                    let stream = (turn * 64 + call) * 2 + 1;
                    [headers(stream, END_HEADERS | END_STREAM, token), reset(stream)].concat()
                })
                .collect(),
            Attack::EmptyData if turn == 0 => headers(1, END_HEADERS, token),
            Attack::EmptyData => data(1, 0, &[]).repeat(512),
            Attack::HeldStreams => headers(stream, END_HEADERS, token),
            Attack::Pings => ping().repeat(512),
            Attack::Settings => settings().repeat(512),
            Attack::Continuation if turn == 0 => headers(1, 0, token),
            Attack::Continuation => continuation(1).repeat(64),
            Attack::LargeMessages => {
                let mut message = vec![0];
                message.extend(u32::try_from(LARGE).unwrap().to_be_bytes());
                message.resize(LARGE + 5, 0xff);
                let mut bytes = headers(stream, END_HEADERS, token);
                let mut chunks = message.chunks(16 << 10).peekable();
                while let Some(chunk) = chunks.next() {
                    let flags = if chunks.peek().is_some() { 0 } else { END_STREAM };
                    bytes.extend(data(stream, flags, chunk));
                }
                bytes
            }
            Attack::SlowHeaders => {
                PREFACE.iter().cycle().skip(usize::try_from(turn).unwrap()).take(1).copied().collect()
            }
            // The last two are calls.
            Attack::Connections | Attack::LargeQuotes | Attack::HeavyQuotes => Vec::new(),
        }
    }

    /// The message of those that are calls.
    fn message(self) -> Option<Bytes> {
        let mut asked = wire::QuoteRequest::default();
        match self {
            Attack::LargeQuotes => {
                let context = asked.context.get_or_insert_default();
                context.codes = vec!["A".repeat(250); LARGE / 256];
            }
            Attack::HeavyQuotes => {
                asked.basket.get_or_insert_default().lines = vec![wire::Line::default(); LARGE / 2 - 8];
            }
            _ => return None,
        }
        Some(asked.encode_to_vec().into())
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) over: AtomicBool,
    pub(super) connections: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// Calls that were answered as they should be.
    pub(super) as_expected: AtomicU64,
}

/// One connection after another, until it is over.
pub(super) async fn attack(attack: Attack, to: SocketAddr, token: Option<String>, done: Arc<Done>) {
    if let Some(message) = attack.message() {
        return calls(attack, to, token, message, &done).await;
    }
    while !done.over.load(Ordering::Relaxed) {
        let Some(stream) = connect(to).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        done.connections.fetch_add(1, Ordering::Relaxed);
        on(attack, stream, token.as_deref(), &done).await;
    }
}

/// Calls as any client makes them, some at once, until it is over.
async fn calls(attack: Attack, to: SocketAddr, token: Option<String>, message: Bytes, done: &Done) {
    let endpoint = Channel::from_shared(format!("http://{to}")).unwrap();
    let channel = endpoint.local_address(Some(IpAddr::from(FROM))).connect_lazy();
    done.connections.fetch_add(1, Ordering::Relaxed);
    let mut running = JoinSet::new();
    let expected = match (&token, attack) {
        (None, _) => Code::Unauthenticated,
        (Some(_), Attack::HeavyQuotes) => Code::ResourceExhausted,
        (Some(_), _) => Code::InvalidArgument,
    };
    while !done.over.load(Ordering::Relaxed) {
        if running.len() >= CALLS {
            let told = running.join_next().await.unwrap().unwrap();
            done.as_expected.fetch_add(u64::from(told == Some(expected)), Ordering::Relaxed);
        }
        let mut request = Request::new(message.clone());
        if let Some(token) = &token {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let mut client = Grpc::new(channel.clone());
        running.spawn(async move {
            client.ready().await.ok()?;
            let path = "/pricewright.v1.PricingService/Quote".parse().unwrap();
            timeout(PATIENCE, client.unary(request, path, Raw)).await.ok()?.err().map(|status| status.code())
        });
        done.bytes.fetch_add(u64::try_from(message.len()).unwrap(), Ordering::Relaxed);
    }
}

async fn connect(to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((FROM, 0).into()).ok()?;
    timeout(PATIENCE, socket.connect(to)).await.ok()?.ok()
}

async fn on(attack: Attack, stream: TcpStream, token: Option<&str>, done: &Done) {
    let (mut reader, mut writer) = stream.into_split();
    // What the service says is read and thrown away: whoever does not read is slowed down by TCP alone.
    let reading = tokio::spawn(async move {
        let mut heap = vec![0; 64 << 10];
        while reader.read(&mut heap).await.is_ok_and(|count| count > 0) {}
    });
    let is_slow = matches!(attack, Attack::SlowHeaders | Attack::Connections);
    if !is_slow && writer.write_all(&hello()).await.is_err() {
        return reading.abort();
    }
    // Made once: who attacks takes no more of the machine than it must.
    let mut large = if attack == Attack::LargeMessages { attack.bytes(0, token) } else { Vec::new() };
    for turn in 0.. {
        let is_full = attack == Attack::HeldStreams && turn >= 1_000;
        if done.over.load(Ordering::Relaxed) || reading.is_finished() {
            break;
        }
        if is_slow || is_full {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // Stream ids end.
        let own;
        let bytes = if is_full || turn > 1 << 23 {
            &[]
        } else if attack == Attack::LargeMessages {
            on_stream(&mut large, turn * 2 + 1);
            large.as_slice()
        } else {
            own = attack.bytes(turn, token);
            own.as_slice()
        };
        match timeout(PATIENCE, writer.write_all(bytes)).await {
            Ok(Ok(())) => done.bytes.fetch_add(u64::try_from(bytes.len()).unwrap(), Ordering::Relaxed),
            _ => break,
        };
    }
    reading.abort();
}
