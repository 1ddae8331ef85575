//! Two pairs of eyes: one asks, another asks for the same, and then it is done; at whichever node, and from a shell.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use pricewright::server::config::Options;
use pricewright::server::wire;
use pricewright::server::wire::code_service_client::CodeServiceClient;
use pricewright::server::wire::rulebook_service_client::RulebookServiceClient;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::keys::Key;
use super::{Guarded, reason};

const TWO: &str = "[four-eyes]\npublish = true\ncodes-over = 3\n";

/// A service that two marketers, somebody of the CRM and a till may call.
struct House {
    one: Key,
    two: Key,
    crm: Key,
    till: Key,
}

impl House {
    fn new() -> Self {
        let [one, two, crm, till] = ["one", "two", "crm", "till"].map(Key::new);
        House { one, two, crm, till }
    }

    fn access(&self) -> String {
        let callers =
            [(&self.one, "marketer"), (&self.two, "marketer"), (&self.crm, "crm"), (&self.till, "till")];
        callers.map(|(key, role)| key.entry(role, "")).concat() + TWO
    }

    async fn open(&self, options: Options) -> Guarded {
        Guarded::with(&self.access(), options).await
    }
}

fn by<T>(key: &Key, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {}", key.token).parse().unwrap());
    request
}

fn id(number: u8) -> String {
    format!("0197c5a4-7b1e-7cc2-8f3a-0000000000{number:02x}")
}

fn rules(number: u8, percent: u8) -> wire::PublishRequest {
    let content =
        format!("promotions:\n  - {{id: spring, on: {{skus: [SKU-1]}}, give: {{percent: {percent}}}}}\n");
    wire::PublishRequest {
        request_id: id(number),
        files: vec![wire::SourceFile { path: "rules.yaml".to_owned(), content: content.into() }],
        by: "Marketing".to_owned(),
        ..wire::PublishRequest::default()
    }
}

fn codes(number: u8, count: u32) -> wire::GenerateCodesRequest {
    wire::GenerateCodesRequest {
        request_id: id(number),
        pool: "spring".to_owned(),
        count,
        ..wire::GenerateCodesRequest::default()
    }
}

/// What a first call is given.
fn approval(status: &Status) -> String {
    assert_eq!((status.code(), reason(status).as_str()), (Code::FailedPrecondition, "SECOND_PERSON_NEEDED"));
    status.get_details_error_info().unwrap().metadata["approval"].clone()
}

async fn made(
    desk: &mut CodeServiceClient<Channel>,
    key: &Key,
    asked: wire::GenerateCodesRequest,
) -> Result<usize, Status> {
    let mut answers = desk.generate(by(key, asked)).await?.into_inner();
    let mut count = 0;
    while let Some(answer) = answers.next().await {
        count += answer?.codes.len();
    }
    Ok(count)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_in_force_when_two_have_asked_for_them() {
    let house = House::new();
    let guarded = house.open(Options::default()).await;
    let mut desk = RulebookServiceClient::new(guarded.running.channel().await);
    let live = || guarded.running.server.live().unwrap().digest.clone();
    let before = live();

    // What is only tried needs nobody else, and files at fault are told to the first.
    let tried = wire::PublishRequest { validate_only: true, ..rules(1, 20) };
    assert!(desk.publish(by(&house.one, tried)).await.unwrap().into_inner().ok);
    let at_fault = desk.publish(by(&house.one, rules(2, 200))).await.unwrap().into_inner();
    assert!(!at_fault.ok && !at_fault.diagnostics.is_empty());

    let asked = rules(3, 20);
    let given = approval(&desk.publish(by(&house.one, asked.clone())).await.unwrap_err());
    assert_eq!(live(), before);
    let with = |asked: &wire::PublishRequest, approval: &str| wire::PublishRequest {
        approval: approval.to_owned(),
        ..asked.clone()
    };
    // Not by the same one, not for anything else, not by whoever may not, not with what nobody gave.
    let other_id = wire::PublishRequest { request_id: id(4), ..asked.clone() };
    let turned = given.replacen('1', "2", 1);
    for (key, asked, approval, told) in [
        (&house.one, &asked, &given, "APPROVAL_REFUSED"),
        (&house.two, &rules(3, 21), &given, "APPROVAL_REFUSED"),
        (&house.two, &other_id, &given, "APPROVAL_REFUSED"),
        (&house.two, &asked, &turned, "APPROVAL_REFUSED"),
        (&house.two, &asked, &"none".to_owned(), "APPROVAL_REFUSED"),
        (&house.crm, &asked, &given, "NOT_ALLOWED"),
    ] {
        let refused = desk.publish(by(key, with(asked, approval))).await.unwrap_err();
        assert_eq!(reason(&refused), told, "{refused:?}");
        assert_eq!(live(), before);
    }
    let done = desk.publish(by(&house.two, with(&asked, &given))).await.unwrap().into_inner();
    let version = done.version.unwrap();
    assert!(done.ok && version.by == "Marketing (two after one)", "{version:?}");
    assert_ne!(live(), before);
    // Whoever asks again is told what was done, the first too; nothing is done twice.
    for again in [by(&house.one, asked.clone()), by(&house.two, with(&asked, &given))] {
        assert_eq!(desk.publish(again).await.unwrap().into_inner().version.unwrap().number, version.number);
    }

    // Back again, likewise.
    let back = wire::RollbackRequest {
        request_id: id(5),
        version: before.clone(),
        by: "Marketing".to_owned(),
        ..wire::RollbackRequest::default()
    };
    let given = approval(&desk.rollback(by(&house.two, back.clone())).await.unwrap_err());
    let back = wire::RollbackRequest { approval: given, ..back };
    assert!(desk.rollback(by(&house.one, back)).await.unwrap().into_inner().ok);
    assert_eq!(live(), before);

    let lines = guarded.audit(14).await;
    let firsts = lines.iter().filter(|line| line["first"].is_string());
    let told: Vec<_> = firsts
        .map(|line| (line["caller"].as_str(), line["first"].as_str(), line["status"].as_str()))
        .collect();
    let done = |who, first| (Some(who), Some(first), Some("OK"));
    assert_eq!(told, [done("two", "one"), done("two", "one"), done("one", "two")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_left_approves_of_nothing() {
    let house = House::new();
    let guarded = house.open(Options::default()).await;
    let mut desk = RulebookServiceClient::new(guarded.running.channel().await);
    let asked = rules(1, 20);
    let given = approval(&desk.publish(by(&house.one, asked.clone())).await.unwrap_err());
    let without = house.two.entry("marketer", "") + TWO;
    fs::write(guarded.access(), without).unwrap();
    let asked = wire::PublishRequest { approval: given, ..asked };
    for _ in 0..1_000 {
        // Until the file is read again, `one` is still there.
        let trial = wire::PublishRequest { validate_only: true, ..rules(2, 20) };
        if desk.publish(by(&house.one, trial)).await.is_err() {
            let refused = desk.publish(by(&house.two, asked)).await.unwrap_err();
            return assert_eq!(reason(&refused), "APPROVAL_REFUSED");
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the file was never read again");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_codes_are_made_when_two_have_asked_and_a_few_at_once() {
    let house = House::new();
    let first = house.open(Options::default()).await;
    // Another node of the same house: it has the keys, and has heard nothing of the first call.
    let keys = first.folders.data().join("secrets/keys.toml");
    let second = house.open(Options { secrets: Some(keys), ..Options::default() }).await;
    let mut desk = CodeServiceClient::new(first.running.channel().await);
    let mut other = CodeServiceClient::new(second.running.channel().await);

    assert_eq!(made(&mut desk, &house.one, codes(1, 3)).await.unwrap(), 3);
    let tried = wire::GenerateCodesRequest { validate_only: true, ..codes(2, 4) };
    assert_eq!(made(&mut desk, &house.one, tried).await.unwrap(), 0);
    let reused = made(&mut desk, &house.one, codes(1, 4)).await.unwrap_err();
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");
    let given = approval(&made(&mut desk, &house.one, codes(2, 4)).await.unwrap_err());
    let with = |count| wire::GenerateCodesRequest { approval: given.clone(), ..codes(2, count) };
    for (key, count) in [(&house.one, 4), (&house.crm, 5)] {
        let refused = made(&mut other, key, with(count)).await.unwrap_err();
        assert_eq!(reason(&refused), "APPROVAL_REFUSED");
    }
    assert_eq!(made(&mut other, &house.crm, with(4)).await.unwrap(), 4);
    // A line that broke is asked for again.
    assert_eq!(made(&mut other, &house.crm, with(4)).await.unwrap(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_codes_are_taken_in_when_two_have_asked_for_the_same() {
    let house = House::new();
    let guarded = house.open(Options::default()).await;
    let mut desk = CodeServiceClient::new(guarded.running.channel().await);
    let parts = |number: u8, texts: &[&str], approval: &str| {
        let code =
            |text: &&str| wire::ImportedCode { code: (*text).to_owned(), ..wire::ImportedCode::default() };
        let mut parts: Vec<_> = texts
            .chunks(2)
            .map(|part| wire::ImportCodesRequest {
                codes: part.iter().map(code).collect(),
                ..wire::ImportCodesRequest::default()
            })
            .collect();
        (parts[0].request_id, parts[0].pool) = (id(number), "spring".to_owned());
        parts[0].approval = approval.to_owned();
        tokio_stream::iter(parts)
    };
    let few = desk.import(by(&house.one, parts(1, &["FIRST-1", "FIRST-2", "FIRST-3"], ""))).await.unwrap();
    assert_eq!(few.into_inner().imported, 3);
    let many = ["NEXT-1", "NEXT-2", "NEXT-3", "NEXT-4", "FIRST-1"];
    let given = approval(&desk.import(by(&house.one, parts(2, &many, ""))).await.unwrap_err());
    let inspect = |code: &str| wire::InspectCodeRequest { code: code.to_owned() };
    let unknown = desk.inspect(by(&house.one, inspect("NEXT-1"))).await.unwrap_err();
    assert_eq!(reason(&unknown), "CODE_UNKNOWN");
    let others = ["NEXT-1", "NEXT-2", "NEXT-3", "NEXT-5", "FIRST-1"];
    for (key, texts) in [(&house.one, &many), (&house.crm, &others)] {
        let refused = desk.import(by(key, parts(2, texts, &given))).await.unwrap_err();
        assert_eq!(reason(&refused), "APPROVAL_REFUSED");
    }
    for _ in 0..2 {
        let done = desk.import(by(&house.crm, parts(2, &many, &given))).await.unwrap().into_inner();
        assert_eq!((done.imported, done.refused), (4, 1));
    }
    assert_eq!(desk.inspect(by(&house.one, inspect("NEXT-1"))).await.unwrap().into_inner().pool, "spring");
}

fn pricewright(guarded: &Guarded, home: &Path, key: &Key, arguments: &[&str]) -> Output {
    let token = home.join("token");
    fs::write(&token, &key.token).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    command.args(arguments).arg("--server").arg(format!("http://{}", guarded.running.server.local_addr()));
    command.arg("--token-file").arg(token).env("LANG", "C.UTF-8").output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_shell_the_second_types_what_the_first_was_given() {
    let house = House::new();
    let guarded = house.open(Options::default()).await;
    let home = tempfile::tempdir().unwrap();
    let call = ["codes", "generate", "spring", "4", "--request-id", &id(1)];
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let first = pricewright(&guarded, home.path(), &house.one, &call);
    let told = text(first.stderr);
    assert!(!first.status.success() && first.stdout.is_empty(), "{told}");
    assert!(told.contains("within a day somebody else must make the same call"), "{told}");
    let given = told.trim().rsplit(' ').next().unwrap();
    let second = [&call[..], &["--approval", given]].concat();
    let second = pricewright(&guarded, home.path(), &house.two, &second);
    assert_eq!(text(second.stdout).lines().count(), 4, "{}", text(second.stderr));
}
