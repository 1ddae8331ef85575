//! Whoever has no credential, and what they leave to those who have one.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use pricewright::server::config::Options;
use pricewright::server::grpc::floor::Raw;
use pricewright::server::grpc::pricing::STREAMS_MAX;
use prost::Message as _;
use prost::bytes::Bytes;
use tonic::client::Grpc;
use tonic::codec::Streaming;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::keys::Key;
use super::{Guarded, call};
use crate::running::basket;

const QUOTE: &str = "/pricewright.v1.PricingService/Quote";
const QUOTE_STREAM: &str = "/pricewright.v1.PricingService/QuoteStream";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const OPEN: &str = "[open]\nchannels = [\"web\"]\n";

/// A connection from another address of this machine.
async fn from(guarded: &Guarded, last: u8) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", guarded.running.server.local_addr())).unwrap();
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    endpoint.local_address(Some(address)).connect().await.unwrap()
}

fn quote(channel: &str) -> Bytes {
    let mut asked = basket(1, 10_000);
    channel.clone_into(&mut asked.context.as_mut().unwrap().channel);
    asked.encode_to_vec().into()
}

/// A call of which nothing is ever said; the head of its answer.
async fn silent(
    channel: Channel,
    path: &'static str,
    token: Option<&str>,
) -> Result<Streaming<Bytes>, Status> {
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = Request::new(tokio_stream::pending::<Bytes>());
    request.set_timeout(Duration::from_secs(24 * 3_600));
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    client.streaming(request, path.parse().unwrap(), Raw).await.map(tonic::Response::into_inner)
}

/// Two addresses hold calls open with a day's patience: a till is answered all the same, and in time they hold nothing.
#[tokio::test(flavor = "multi_thread")]
async fn calls_without_a_credential_take_half_of_the_places_and_give_them_back() {
    let till = Key::new("till");
    let options =
        Options { max_concurrent_requests: Some(16), request_timeout_ms: Some(2_000), ..Options::default() };
    let guarded = Guarded::with(&(till.entry("till", "") + OPEN), options).await;
    let (one, two, three) = (from(&guarded, 2).await, from(&guarded, 3).await, from(&guarded, 4).await);
    let held: Vec<_> = [&one, &two]
        .into_iter()
        .flat_map(|channel| vec![channel.clone(); 10])
        .map(|channel| tokio::spawn(silent(channel, QUOTE, None)))
        .collect();
    let asked = async || call(&three, QUOTE, None, quote("web")).await.map_err(|status| status.code());
    while asked().await != Err(Code::ResourceExhausted) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let own = guarded.running.channel().await;
    call(&own, QUOTE, Some(&till.token), quote("web")).await.unwrap();
    let mut codes = Vec::new();
    for one in held {
        let answer = tokio::time::timeout(Duration::from_secs(20), one).await;
        let mut answers = match answer.expect("it is held without end").unwrap() {
            Ok(answers) => answers,
            Err(status) => {
                codes.push(status.code());
                continue;
            }
        };
        codes.push(answers.message().await.unwrap_err().code());
    }
    let count = |code: Code| codes.iter().filter(|one| **one == code).count();
    assert_eq!((count(Code::DeadlineExceeded), count(Code::ResourceExhausted)), (8, 12), "{codes:?}");
    assert_eq!(asked().await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_without_a_credential_take_half_of_the_places() {
    let till = Key::new("till");
    let guarded = Guarded::new(&(till.entry("till", "") + OPEN)).await;
    let mut held = Vec::new();
    for (address, most) in [(2, STREAMS_MAX * 3 / 8), (3, STREAMS_MAX / 8), (4, 0)] {
        let channel = from(&guarded, address).await;
        let mut count = 0;
        for _ in 0..=most {
            match silent(channel.clone(), QUOTE_STREAM, None).await {
                Ok(answers) => {
                    count += 1;
                    held.push(answers);
                }
                Err(status) => assert_eq!(status.code(), Code::ResourceExhausted),
            }
        }
        assert_eq!(count, most, "of 127.0.0.{address}");
    }
    let own = guarded.running.channel().await;
    silent(own, QUOTE_STREAM, Some(&till.token)).await.unwrap();
}

/// Whoever watches health needs no credential, and does not take all there is.
#[tokio::test(flavor = "multi_thread")]
async fn watchers_of_health_are_bounded_by_address() {
    let guarded = Guarded::new(&Key::new("till").entry("till", "")).await;
    let watch = async |channel: &Channel| {
        let mut client = Grpc::new(channel.clone());
        client.ready().await.unwrap();
        client.server_streaming(Request::new(Bytes::new()), WATCH.parse().unwrap(), Raw).await
    };
    let (one, two) = (from(&guarded, 2).await, from(&guarded, 3).await);
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(watch(&one).await.unwrap());
    }
    assert_eq!(watch(&one).await.unwrap_err().code(), Code::ResourceExhausted);
    watch(&two).await.unwrap();
    held.pop();
    while let Err(status) = watch(&one).await {
        assert_eq!(status.code(), Code::ResourceExhausted);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
