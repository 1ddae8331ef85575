//! Rulebooks are published, listed, compared and put back by calls and from a shell, beside a folder that publishes too.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use pricewright::rulebook::State;
use pricewright::server::config::{Config, Options};
use pricewright::server::engine::Engine;
use pricewright::server::keeper::Keeper;
use pricewright::server::store::disk::OnDisk;
use pricewright::server::store::{History, Note};
use pricewright::server::wire;
use pricewright::server::wire::rulebook_version::Origin;
use serde_json::Value;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::running::{Folders, Running, basket};

fn percent(percent: u32) -> String {
    format!("promotions:\n  - id: spring\n    name: Spring\n    give: {{percent: {percent}}}\n")
}

fn files(text: &str) -> Vec<wire::SourceFile> {
    let file =
        |path: &str, text: &str| wire::SourceFile { path: path.to_owned(), content: text.to_owned().into() };
    vec![file("settings.yaml", "currency: UAH\n"), file("spring.yaml", text)]
}

/// A new id for a call.
fn new_id() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("00000000-0000-4000-8000-{:012x}", LAST.fetch_add(1, Ordering::Relaxed))
}

fn publication(text: &str) -> wire::PublishRequest {
    wire::PublishRequest {
        request_id: new_id(),
        files: files(text),
        by: "Олена".to_owned(),
        comment: "Black\nFriday".to_owned(),
        ..wire::PublishRequest::default()
    }
}

fn rollback(version: &str) -> wire::RollbackRequest {
    wire::RollbackRequest {
        request_id: new_id(),
        version: version.to_owned(),
        by: "Тарас".to_owned(),
        ..wire::RollbackRequest::default()
    }
}

async fn publish(running: &Running, request: wire::PublishRequest) -> Result<wire::PublishResponse, Status> {
    running.rulebooks().await.publish(request).await.map(tonic::Response::into_inner)
}

async fn put_back(running: &Running, version: &str) -> Result<wire::RollbackResponse, Status> {
    running.rulebooks().await.rollback(rollback(version)).await.map(tonic::Response::into_inner)
}

async fn active(running: &Running) -> wire::Rulebook {
    running.rulebooks().await.get_active(wire::GetActiveRequest {}).await.unwrap().into_inner()
}

async fn numbers(running: &Running) -> Vec<u64> {
    let asked = wire::ListVersionsRequest::default();
    let page = running.rulebooks().await.list_versions(asked).await.unwrap().into_inner();
    page.versions.iter().map(|version| version.number).collect()
}

async fn total(running: &Running) -> i64 {
    running.pricing().await.quote(basket(1, 10_000)).await.unwrap().into_inner().total
}

/// Code, reason, and the first field at fault.
fn refusal(status: &Status) -> (Code, String, String) {
    let details = status.get_error_details();
    let field = details.bad_request().and_then(|bad| bad.field_violations.first());
    let field = field.map(|fault| fault.field.clone()).unwrap_or_default();
    (status.code(), details.error_info().unwrap().reason.clone(), field)
}

/// A service whose folder takes 10 % off.
async fn shop() -> (Folders, Running) {
    let folders = Folders::new();
    folders.put("settings.yaml", "currency: UAH\n");
    folders.put("spring.yaml", &percent(10));
    let running = started(&folders).await;
    (folders, running)
}

/// A service that has looked at its folder: what it says of its files is known.
async fn started(folders: &Folders) -> Running {
    let running = folders.serve(Options::default()).await;
    running.until(|live| !live.folder.standings.is_empty()).await;
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_in_force_until_the_folder_changes_and_after_a_restart() {
    let (folders, running) = shop().await;
    assert_eq!((total(&running).await, numbers(&running).await), (9_000, vec![1]));
    let answer = publish(&running, publication(&percent(20))).await.unwrap();
    let version = answer.version.unwrap();
    assert!(answer.ok && answer.diagnostics.is_empty());
    assert_eq!((version.number, version.origin(), version.by.as_str()), (2, Origin::Call, "Олена"));
    assert_eq!((version.changed_file_count, version.changed_promotion_count), (Some(1), Some(1)));
    assert_eq!(total(&running).await, 8_000);
    assert_eq!(running.server.live().unwrap().version, version.version);

    // A folder that has not changed since says what is the matter, and nothing else.
    let told = |status: &str| {
        for part in [
            "NOT FROM THIS FOLDER",
            "published by Олена at",
            "“Black Friday”",
            "_ACCEPT",
            "НЕ З ЦІЄЇ ПАПКИ",
            "опубліковано: Олена",
        ] {
            assert!(status.contains(part), "{part}: {status}");
        }
        assert!(status.contains("spring.yaml — not live as it is here"), "{status}");
        assert!(!status.contains("settings.yaml —"), "{status}");
    };
    told(&folders.status());
    let seen = active(&running).await;
    assert!(seen.superseded.contains("published by Олена"), "{}", seen.superseded);
    assert_eq!(seen.publication.as_ref(), Some(&version));
    let state = |path: &str| seen.files.iter().find(|file| file.path == path).unwrap().state();
    assert_eq!(state("spring.yaml"), wire::file_standing::State::Superseded);
    assert_eq!(state("settings.yaml"), wire::file_standing::State::Live);

    running.server.shutdown().await.unwrap();
    let running = started(&folders).await;
    assert_eq!((total(&running).await, numbers(&running).await), (8_000, vec![2, 1]));
    assert_eq!(active(&running).await.publication, Some(version));
    let superseded = |live: &pricewright::server::engine::Live| {
        live.folder.standings.iter().any(|standing| standing.state == State::Superseded)
    };
    running.until(superseded).await;

    // A file at fault is no news: nothing of it could be taken up.
    folders.put("spring.yaml", "promotions: [");
    running.until(|live| !live.folder.diagnostics.is_empty()).await;
    assert_eq!(total(&running).await, 8_000);
    folders.put("spring.yaml", &percent(30));
    running.until(|live| !live.folder.is_superseded).await;
    assert_eq!((total(&running).await, numbers(&running).await), (7_000, vec![3, 2, 1]));
    assert_eq!(active(&running).await.superseded, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_can_be_accepted_as_it_is() {
    let (folders, running) = shop().await;
    publish(&running, publication(&percent(20))).await.unwrap();
    folders.put("_ACCEPT", "");
    running.until(|live| !live.folder.is_superseded).await;
    assert_eq!((total(&running).await, numbers(&running).await), (9_000, vec![3, 2, 1]));
    // What the folder has by now is what it has taken up, though it is in force by a call.
    publish(&running, publication(&percent(40))).await.unwrap();
    folders.put("spring.yaml", &percent(40));
    running.until(|live| !live.folder.is_superseded).await;
    put_back(&running, "1").await.unwrap();
    running.server.shutdown().await.unwrap();
    let running = started(&folders).await;
    running.until(|live| live.folder.is_superseded).await;
    assert_eq!((total(&running).await, numbers(&running).await), (9_000, vec![5, 4, 3, 2, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_a_folder_of_its_own_lives_by_calls() {
    let folders = Folders::new();
    let running = folders.serve(Options::default()).await;
    publish(&running, publication(&percent(20))).await.unwrap();
    assert_eq!(total(&running).await, 8_000);
    running.server.shutdown().await.unwrap();
    let running = folders.serve(Options::default()).await;
    assert_eq!(total(&running).await, 8_000);
    let seen = active(&running).await;
    assert_eq!((seen.held.as_str(), seen.superseded.as_str(), seen.files.len()), ("", "", 0));
    // The first file there takes over.
    folders.put("spring.yaml", &percent(30));
    running.until(|live| !live.folder.standings.is_empty()).await;
    assert_eq!(total(&running).await, 7_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_fault_is_told_and_not_published() {
    let (_folders, running) = shop().await;
    let answer =
        publish(&running, publication("promotions:\n  - {id: a, gvie: {percent: 5}}\n")).await.unwrap();
    assert!(!answer.ok && answer.version.is_none());
    let checked = wire::CheckRequest { files: files("promotions:\n  - {id: a, gvie: {percent: 5}}\n") };
    let checked = running.rulebooks().await.check(checked).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics, checked.diagnostics);
    // Only tried out.
    let tried = wire::PublishRequest { validate_only: true, ..publication(&percent(20)) };
    let answer = publish(&running, tried).await.unwrap();
    assert_eq!((answer.ok, answer.version.map(|version| version.number)), (true, Some(0)));
    assert_eq!((total(&running).await, numbers(&running).await), (9_000, vec![1]));

    type Harm = fn(&mut wire::PublishRequest);
    let cases: [(Harm, &str); 9] = [
        (|asked| asked.request_id.clear(), "request_id"),
        (|asked| asked.by.clear(), "by"),
        (|asked| asked.by = " ".to_owned(), "by"),
        (|asked| asked.by = "a\u{1b}[2J".to_owned(), "by"),
        (|asked| asked.by = "я".repeat(201), "by"),
        (|asked| asked.comment = "x".repeat(2_001), "comment"),
        (|asked| asked.files.clear(), "files"),
        (|asked| asked.files.iter_mut().for_each(|file| file.path.push_str(".bak")), "files"),
        (|asked| asked.expected_version = "latest".to_owned(), "expected_version"),
    ];
    for (harm, field) in cases {
        let mut asked = publication(&percent(20));
        harm(&mut asked);
        let status = publish(&running, asked).await.unwrap_err();
        assert_eq!(refusal(&status), (Code::InvalidArgument, "INVALID_FIELDS".to_owned(), field.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_has_the_same_answer_for_ever() {
    let (folders, running) = shop().await;
    let asked = publication(&percent(20));
    let first = publish(&running, asked.clone()).await.unwrap();
    let back = rollback("1");
    let mut client = running.rulebooks().await;
    let second = client.rollback(back.clone()).await.unwrap().into_inner();
    assert_eq!((total(&running).await, second.version.as_ref().unwrap().restored_number), (9_000, 1));
    // A connection that stays open holds the service up.
    drop(client);
    let reused = |status: Status| assert_eq!(refusal(&status).1, "REQUEST_ID_REUSED");
    running.server.shutdown().await.unwrap();
    let running = started(&folders).await;
    // Asked again it is answered, not done: what came later stays.
    assert_eq!(publish(&running, asked.clone()).await.unwrap(), first);
    let mut client = running.rulebooks().await;
    assert_eq!(client.rollback(back.clone()).await.unwrap().into_inner(), second);
    assert_eq!((total(&running).await, numbers(&running).await), (9_000, vec![3, 2, 1]));
    reused(
        publish(&running, wire::PublishRequest { files: files(&percent(21)), ..asked.clone() })
            .await
            .unwrap_err(),
    );
    reused(
        publish(&running, wire::PublishRequest { request_id: back.request_id, ..asked }).await.unwrap_err(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_marketers_do_not_overwrite_each_other() {
    let (_folders, running) = shop().await;
    let seen = running.server.live().unwrap();
    let asked = |version: &str, off| wire::PublishRequest {
        expected_version: version.to_owned(),
        ..publication(&percent(off))
    };
    // By version, by digest, by number; of many at once one is done.
    let calls = (0..8).map(|off| publish(&running, asked(&seen.version, 20 + off)));
    let done: Vec<_> = futures(calls).await;
    let late: Vec<&Status> = done.iter().filter_map(|done| done.as_ref().err()).collect();
    assert_eq!(late.len(), 7);
    let live = running.server.live().unwrap();
    for status in late {
        assert_eq!(refusal(status).1, "RULEBOOK_CHANGED");
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().metadata.get("live_version"), Some(&live.version));
    }
    assert!(publish(&running, asked(&live.digest, 50)).await.unwrap().ok);
    assert!(publish(&running, asked("3", 60)).await.unwrap().ok);
    assert_eq!(refusal(&publish(&running, asked("3", 70)).await.unwrap_err()).0, Code::FailedPrecondition);
    assert_eq!(total(&running).await, 4_000);
}

/// All of them at once.
async fn futures<T>(calls: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                done.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if calls.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_see_one_publication_or_the_other_and_never_a_mix() {
    let (_folders, running) = shop().await;
    let running = Arc::new(running);
    let over = Arc::new(AtomicBool::new(false));
    // Two files, whose percentages add up to 50 in every version.
    let version = |step: u32| {
        let rule = |id: &str, sku: &str, off: u32| {
            format!("promotions:\n  - id: {id}\n    on: {{skus: [{sku}]}}\n    give: {{percent: {off}}}\n")
        };
        let mut request = publication(&rule("one", "A", step));
        request.files.push(wire::SourceFile {
            path: "two.yaml".to_owned(),
            content: rule("two", "B", 50 - step).into(),
        });
        request
    };
    publish(&running, version(1)).await.unwrap();
    let pricing = tokio::spawn({
        let (running, over) = (Arc::clone(&running), Arc::clone(&over));
        async move {
            let mut client = running.pricing().await;
            let mut seen = BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                let mut request = basket(1, 10_000);
                let lines = &mut request.basket.as_mut().unwrap().lines;
                lines[0].sku = "A".to_owned();
                let more = wire::Line { id: "2".to_owned(), sku: "B".to_owned(), ..lines[0].clone() };
                lines.push(more);
                let quote = client.quote(request).await.unwrap().into_inner();
                assert_eq!(quote.total, 15_000, "{quote:?}");
                seen.insert(quote.rulebook_version);
            }
            seen
        }
    });
    let mut published = BTreeSet::from([running.server.live().unwrap().version.clone()]);
    for step in 2..40 {
        let answer = publish(&running, version(step)).await.unwrap();
        published.insert(answer.version.unwrap().version);
    }
    over.store(true, Ordering::Relaxed);
    let seen = pricing.await.unwrap();
    assert!(seen.len() > 1 && seen.is_subset(&published), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_rulebook_is_put_back_unless_it_is_gone_or_no_longer_good() {
    let (folders, running) = shop().await;
    let first = running.server.live().unwrap().version.clone();
    publish(&running, publication(&percent(20))).await.unwrap();
    let answer = put_back(&running, &first).await.unwrap();
    let version = answer.version.unwrap();
    assert_eq!((version.number, version.restored_number, version.version.as_str()), (3, 1, first.as_str()));
    assert_eq!((version.origin(), total(&running).await), (Origin::Rollback, 9_000));
    assert!(!active(&running).await.superseded.contains("published"), "the folder holds just that");
    assert!(put_back(&running, "2").await.unwrap().ok);
    assert_eq!(total(&running).await, 8_000);

    for (named, code, reason) in [
        ("17", Code::NotFound, "RULEBOOK_UNKNOWN"),
        ("0123456789ab", Code::NotFound, "RULEBOOK_UNKNOWN"),
        ("", Code::InvalidArgument, "INVALID_FIELDS"),
        ("../x", Code::InvalidArgument, "INVALID_FIELDS"),
    ] {
        let status = put_back(&running, named).await.unwrap_err();
        assert_eq!((refusal(&status).0, refusal(&status).1.as_str()), (code, reason), "{named}");
    }
    running.server.shutdown().await.unwrap();

    // What another service could read, this one cannot; and a book that is damaged.
    let store = OnDisk::open(&folders.data()).unwrap();
    let source = |text: &str| pricewright::rulebook::Source { path: "a.yaml".to_owned(), bytes: text.into() };
    let note = Note::of_folder("2020-01-01T00:00:00Z".parse().unwrap(), None);
    store.publish(&[source("promotions: [{id: a, give: {word_of_old: 5}}]")], &note, 4).unwrap();
    let damaged = store.publish(&[source("promotions: []")], &note, 5).unwrap();
    let good = store.load(&store.find(&named("2")).unwrap().unwrap().digest).unwrap();
    store.publish(&good, &note, 6).unwrap();
    std::fs::write(folders.data().join(format!("rules/books/{}.json", damaged.digest)), "{").unwrap();
    let running = started(&folders).await;
    let answer = put_back(&running, "5").await.unwrap();
    assert!(!answer.ok && answer.diagnostics[0].message.contains("word_of_old"), "{answer:?}");
    let status = put_back(&running, "6").await.unwrap_err();
    assert_eq!((refusal(&status).0, refusal(&status).1.as_str()), (Code::DataLoss, "RULEBOOK_DAMAGED"));
    let asked = wire::DiffRequest { from: "6".to_owned(), to: String::new() };
    let status = running.rulebooks().await.diff(asked).await.unwrap_err();
    assert_eq!(refusal(&status).1, "RULEBOOK_DAMAGED");
}

fn named(text: &str) -> pricewright::server::store::Named {
    pricewright::server::store::Named::parse(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_has_pages_and_differences_are_told() {
    let (_folders, running) = shop().await;
    for off in 20..25 {
        publish(&running, publication(&percent(off))).await.unwrap();
    }
    let mut client = running.rulebooks().await;
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let asked = wire::ListVersionsRequest { page_size: 4, page_token: token };
        let page = client.list_versions(asked).await.unwrap().into_inner();
        pages.push(page.versions.iter().map(|version| version.number).collect::<Vec<_>>());
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, [vec![6, 5, 4, 3], vec![2, 1]]);
    for asked in [
        wire::ListVersionsRequest { page_size: 201, ..wire::ListVersionsRequest::default() },
        wire::ListVersionsRequest { page_token: "x".to_owned(), ..wire::ListVersionsRequest::default() },
    ] {
        assert_eq!(client.list_versions(asked).await.unwrap_err().code(), Code::InvalidArgument);
    }
    let asked = wire::DiffRequest { from: "1".to_owned(), to: String::new() };
    let mut request = Request::new(asked);
    request.metadata_mut().insert("accept-language", "uk".parse().unwrap());
    let diff = client.diff(request).await.unwrap().into_inner();
    let field = wire::FieldChange {
        field: "give.percent".to_owned(),
        before: "10".to_owned(),
        after: "24".to_owned(),
    };
    assert_eq!((diff.from.unwrap().number, diff.to.unwrap().number), (1, 6));
    assert_eq!((diff.rules[0].id.as_str(), &diff.rules[0].fields), ("spring", &vec![field]));
    assert_eq!(diff.file_counts, Some(wire::ChangeCounts { added: 0, removed: 0, changed: 1 }));
    let status =
        client.diff(wire::DiffRequest { from: "9".to_owned(), to: "1".to_owned() }).await.unwrap_err();
    assert_eq!(refusal(&status).1, "RULEBOOK_UNKNOWN");
}

/// Two keepers on one store: what one publishes the other puts in force when it is told that there is news.
#[test]
fn what_others_publish_on_the_same_store_is_taken_up() {
    let (here, there) = (Folders::new(), Folders::new());
    let store: Arc<dyn History> = Arc::new(OnDisk::open(&here.data()).unwrap());
    let engines = [Arc::new(Engine::default()), Arc::new(Engine::default())];
    let config = |folders: &Folders| -> Config { folders.config(Options::default()) };
    let one = Keeper::start(&config(&here), Arc::clone(&engines[0]), Arc::clone(&store)).unwrap();
    let other = Keeper::start(&config(&there), Arc::clone(&engines[1]), Arc::clone(&store)).unwrap();
    let publish = |keeper: &Keeper, off| {
        let sources: Vec<_> = files(&percent(off))
            .into_iter()
            .map(|file| pricewright::rulebook::Source { path: file.path, bytes: file.content.into() })
            .collect();
        let asked = pricewright::server::keeper::Asked {
            by: "A".to_owned(),
            comment: String::new(),
            request: pricewright::server::store::Request { id: new_id(), content: off.to_string() },
            expected: None,
            is_trial: false,
        };
        keeper.handle().publish(&sources, asked).unwrap().publication
    };
    let live = |engine: &Engine| engine.live().unwrap().publication.clone().map(|live| live.number);
    publish(&one, 10);
    // A publication is never lost: the other one first learns what it has missed.
    let second = publish(&other, 20);
    assert_eq!((second.number, live(&engines[1])), (2, Some(2)));
    let mut changes = engines[0].changes();
    one.handle().news();
    let newest = |live: &Option<Arc<pricewright::server::engine::Live>>| {
        live.as_ref().is_some_and(|live| live.digest == second.digest)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { changes.wait_for(newest).await.unwrap().clone() });
    assert_eq!(live(&engines[0]), Some(2));
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

async fn run(home: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    command.current_dir(home).arg("rules").args(args).stdin(Stdio::null());
    for name in ["LANG", "LC_ALL", "LC_MESSAGES", "PRICEWRIGHT_RULES", "PRICEWRIGHT_SERVER", "PRICEWRIGHT_BY"]
    {
        command.env_remove(name);
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_publishes_lists_compares_and_puts_back() {
    let (folders, running) = shop().await;
    let server = running.server.local_addr().to_string();
    let home = folders.home();
    std::fs::create_dir(home.join("new")).unwrap();
    std::fs::write(home.join("new/settings.yaml"), "currency: UAH\n").unwrap();
    std::fs::write(home.join("new/spring.yaml"), percent(20)).unwrap();
    let check = |ran: &Ran, code: i32, out: &[&str]| {
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        for part in out {
            assert!(ran.out.contains(part), "`{part}` is not in {}{}", ran.out, ran.err);
        }
    };
    let first = running.server.live().unwrap().version.clone();
    let ran =
        run(home, &["publish", "new", "--server", &server, "--by", "Олена", "--comment", "Black Friday"])
            .await;
    check(&ran, 0, &["published: 2, version ", "; changed files: 1, promotions and caps: 1\n"]);
    assert!(ran.err.starts_with("request id "), "{}", ran.err);
    let ran = run(home, &["publish", "new", "--server", &server, "--by", "Олена", "--lang", "uk"]).await;
    check(&ran, 0, &["опубліковано: 3, версія ", "; нічого не змінилося\n"]);
    let late = ["publish", "new", "--server", &server, "--by", "A", "--expected-version", &first];
    let ran = run(home, &late).await;
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("Another version is in force by now, "), "{}", ran.err);
    let ran = run(home, &["publish", "new", "--server", &server]).await;
    assert!(ran.code == 2 && ran.err.contains("--by"), "{}", ran.err);
    std::fs::write(home.join("new/bad.yaml"), "promotions:\n  - {id: a, gvie: {percent: 5}}\n").unwrap();
    let ran = run(home, &["publish", "new", "--server", &server, "--by", "A"]).await;
    check(&ran, 1, &["bad.yaml", "gvie", "nothing was published\n"]);
    let ran = run(home, &["rollback", "1", "--server", &server, "--by", "Тарас", "--json"]).await;
    check(&ran, 0, &[]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer.pointer("/version/restored_number"), Some(&Value::from("1")));
    let ran = run(home, &["rollback", "99", "--server", &server, "--by", "Тарас"]).await;
    assert_eq!((ran.code, ran.err.lines().nth(1)), (1, Some("No such version was ever in force.")));

    // A service and its data folder tell the same.
    let data = folders.data().to_str().unwrap().to_owned();
    for place in [["--server", &server], ["--data", &data]] {
        let ran = run(home, &[&["history"], &place[..]].concat()).await;
        let heading =
            "no.  version       since                 came by        who    files  promotions  comment\n";
        check(
            &ran,
            0,
            &[
                heading,
                "rollback to 1  Тарас",
                "publication    Олена      1           1  Black Friday",
                "folder",
            ],
        );
        assert_eq!(ran.out.lines().count(), 6, "{}", ran.out);
        let ran = run(home, &[&["history", "--limit", "1", "--json"], &place[..]].concat()).await;
        check(&ran, 0, &["\"number\":\"4\"", "\"origin\":\"ROLLBACK\""]);
        let ran = run(home, &[&["diff", "2"], &place[..]].concat()).await;
        check(
            &ran,
            0,
            &[
                "--- 3  ",
                "+++ 4  ",
                "(Тарас)",
                "\npromotions and caps: 0 added, 0 removed, 1 changed\n~ spring  Spring\n    give.percent: 20 → 10\n",
                "\nfiles: 0 added, 0 removed, 1 changed\n~ spring.yaml\n",
            ][1..],
        );
        let ran = run(home, &[&["diff", "1", "live", "--lang", "uk"], &place[..]].concat()).await;
        check(&ran, 0, &["відмінностей немає"]);
        let ran = run(home, &[&["diff", "77"], &place[..]].concat()).await;
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    }
    let ran = run(home, &["history", "--data", "nowhere"]).await;
    assert!(ran.code == 2 && ran.err.contains("no rulebook was ever live in `nowhere`"), "{}", ran.err);
}
