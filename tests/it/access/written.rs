//! What the audit log has of calls that only try and that go on for long, and where it goes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pricewright::server::wire;
use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use pricewright::server::wire::rulebook_service_client::RulebookServiceClient;
use prost::Message as _;
use prost::bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request};

use super::keys::Key;
use super::{Guarded, call};
use crate::running::basket;

const RESERVE: &str = "/pricewright.v1.RedemptionService/Reserve";
const IMPORT: &str = "/pricewright.v1.CodeService/Import";

fn reserve(id: &str, validate_only: bool) -> Bytes {
    let asked = wire::QuoteRequest { context: None, ..basket(1, 10_000) };
    let asked = wire::ReserveRequest {
        request_id: id.to_owned(),
        quote_request: Some(asked),
        validate_only,
        ..wire::ReserveRequest::default()
    };
    asked.encode_to_vec().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_tried_says_so_and_an_id_that_is_none_is_not_repeated() {
    let (till, crm) = (Key::new("till"), Key::new("crm"));
    let guarded = Guarded::new(&(till.entry("till", "") + &crm.entry("crm", ""))).await;
    let channel = guarded.running.channel().await;
    let id = "0197c5a4-7b1e-7cc2-8f3a-000000000001";
    call(&channel, RESERVE, Some(&till.token), reserve(id, true)).await.unwrap();
    call(&channel, RESERVE, Some(&till.token), reserve(id, false)).await.unwrap();
    call(&channel, RESERVE, Some(&till.token), reserve("+380671234567", false)).await.unwrap_err();
    let first = wire::ImportCodesRequest { request_id: id.to_owned(), ..wire::ImportCodesRequest::default() };
    call(&channel, IMPORT, Some(&crm.token), first.encode_to_vec().into()).await.unwrap_err();
    let lines = guarded.audit(4).await;
    let told = |line: &Value| (line["request"].as_str().map(str::to_owned), line["trial"].as_bool());
    let id = Some(id.to_owned());
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [(id.clone(), Some(true)), (id.clone(), None), (None, None), (id, None)]
    );
    assert!(!guarded.audit_text().contains("380671234567"));
}

fn from(store: &str) -> wire::QuoteStreamRequest {
    let mut asked = basket(1, 10_000);
    store.clone_into(&mut asked.context.as_mut().unwrap().store);
    wire::QuoteStreamRequest { request: Some(asked) }
}

/// A stream that runs is no way around the file of access: neither for what it asks nor when it is taken from its caller.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_refused_and_ends_as_a_call_would_be() {
    let (till, other) = (Key::new("kyiv-01"), Key::new("kyiv-02"));
    let one = till.entry("till", "stores = [\"kyiv-01\"]");
    let guarded = Guarded::new(&(one.clone() + &other.entry("till", ""))).await;
    let mut client = PricingServiceClient::new(guarded.running.channel().await);
    let (baskets, receiver) = mpsc::channel(1);
    let mut request = Request::new(ReceiverStream::new(receiver));
    request.metadata_mut().insert("authorization", format!("Bearer {}", till.token).parse().unwrap());
    let mut answers = client.quote_stream(request).await.unwrap().into_inner();
    let mut ask = async |store: &str| {
        baskets.send(from(store)).await.unwrap();
        let answer = answers.message().await.map_err(|status| status.code())?.unwrap().answer.unwrap();
        match answer {
            wire::quote_stream_response::Answer::Quote(_) => Ok::<_, Code>("OK".to_owned()),
            wire::quote_stream_response::Answer::Failure(failure) => Ok(failure.reason),
        }
    };
    assert_eq!(ask("kyiv-01").await, Ok("OK".to_owned()));
    assert_eq!(ask("kyiv-02").await, Ok("NOT_ALLOWED".to_owned()));
    let line = &guarded.audit(1).await[0];
    assert_eq!(
        ["method", "caller", "refused"].map(|key| line[key].as_str().unwrap()),
        ["PricingService/QuoteStream", "kyiv-01", "store"]
    );
    // It speaks for another store now.
    fs::write(guarded.access(), one.replace("kyiv-01\"]", "kyiv-02\"]") + &other.entry("till", "")).unwrap();
    while ask("kyiv-02").await != Ok("OK".to_owned()) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    fs::write(guarded.access(), other.entry("till", "")).unwrap();
    let end: Code = loop {
        match ask("kyiv-02").await {
            Ok(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(code) => break code,
        }
    };
    assert_eq!(end, Code::Unauthenticated);
}

/// Whoever only holds a stream holds it no longer than they may.
#[tokio::test(flavor = "multi_thread")]
async fn streams_on_which_nothing_is_said_end_with_what_their_caller_may() {
    let (till, other) = (Key::new("kyiv-01"), Key::new("kyiv-02"));
    let stays = other.entry("till", "");
    let guarded = Guarded::new(&(till.entry("till", "") + &stays)).await;
    let channel = guarded.running.channel().await;
    let signed = |key: &Key| -> tonic::metadata::AsciiMetadataValue {
        format!("Bearer {}", key.token).parse().unwrap()
    };
    let held = async |key: &Key| {
        let mut request = Request::new(tokio_stream::pending());
        request.metadata_mut().insert("authorization", signed(key));
        PricingServiceClient::new(channel.clone()).quote_stream(request).await.unwrap().into_inner()
    };
    let mut request = Request::new(wire::WatchRequest {});
    request.metadata_mut().insert("authorization", signed(&till));
    let mut watch = RulebookServiceClient::new(channel.clone()).watch(request).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    let (mut taken, mut kept) = (held(&till).await, held(&other).await);
    fs::write(guarded.access(), &stays).unwrap();
    let end = Duration::from_secs(20);
    let code = |status: tonic::Status| status.code();
    let quiet = tokio::time::timeout(end, taken.message()).await.expect("it is held without end");
    assert_eq!(quiet.map_err(code), Err(Code::Unauthenticated));
    let watched = tokio::time::timeout(end, watch.message()).await.expect("it is watched without end");
    assert_eq!(watched.map_err(code), Err(Code::Unauthenticated));
    tokio::time::timeout(Duration::from_secs(2), kept.message()).await.unwrap_err();
}

/// The program itself, with its audit log on its standard output.
struct Told {
    child: Child,
    channel: Channel,
    home: tempfile::TempDir,
}

impl Told {
    async fn start(key: &Key) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("rules")).unwrap();
        fs::write(home.path().join("access.toml"), key.entry("till", "")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
        command.current_dir(home.path()).args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        command.args(["--store", "memory", "--access", "access.toml", "--audit", "-"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut logs = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let listens = logs.find(|line| line.contains("pricewright listens")).unwrap();
        let listens: Value = serde_json::from_str(&listens).unwrap();
        std::thread::spawn(move || logs.for_each(drop));
        let address = format!("http://{}", listens["listen"].as_str().unwrap());
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        Told { child, channel, home }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In a container files go with it: lines go where the logs are taken from.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_may_go_to_the_standard_output() {
    let mut told = Told::start(&Key::new("till")).await;
    call(&told.channel, RESERVE, None, Bytes::new()).await.unwrap_err();
    let mut line = String::new();
    BufReader::new(told.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["refused"], "no credential");
    assert!(!told.home.path().join("-").exists());
}

/// Nobody reads what is written: it is as if a disk stood still.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_does_not_hold_up_the_end() {
    let till = Key::new("till");
    let mut told = Told::start(&till).await;
    // A pipe takes 64 KiB.
    for _ in 0..1_000 {
        call(&told.channel, RESERVE, Some(&till.token), Bytes::new()).await.unwrap_err();
    }
    kill_process(Pid::from_child(&told.child), Signal::TERM).unwrap();
    for _ in 0..300 {
        if let Some(status) = told.child.try_wait().unwrap() {
            return assert!(status.success(), "{status}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it waits for the log without end");
}
