//! What survives: a bad file, a broken folder, a folder that is suddenly empty, a restart, a damaged store.

use std::fs;
use std::path::PathBuf;

use pricewright::rulebook::State;
use pricewright::server::config::Options;
use pricewright::server::engine::{Held, Live};

use crate::running::{Folders, Running, basket};

fn percent(id: &str, percent: u32) -> String {
    format!("promotions:\n  - id: {id}\n    name: {id}\n    give: {{percent: {percent}}}\n")
}

const BROKEN: &str = "promotions:\n  - id: spring\n    name: Spring\n    gvie: {percent: 10}\n";

async fn total(running: &Running) -> i64 {
    running.pricing().await.quote(basket(1, 10_000)).await.unwrap().into_inner().total
}

fn state(live: &Live, path: &str) -> Option<State> {
    live.folder.standings.iter().find(|standing| standing.path == path).map(|standing| standing.state)
}

async fn started(folders: &Folders) -> Running {
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_keeps_its_price_across_a_restart() {
    let folders = Folders::new();
    folders.put("settings.yaml", "currency: UAH\n");
    folders.put("spring.yaml", &percent("spring", 10));
    let running = started(&folders).await;
    assert_eq!(total(&running).await, 9_000);
    let before = running.server.live().unwrap();
    folders.put("spring.yaml", BROKEN);
    running.until(|live| state(live, "spring.yaml") == Some(State::Held)).await;
    assert_eq!(total(&running).await, 9_000);
    running.server.shutdown().await.unwrap();

    let status = folders.status();
    for told in ["spring.yaml — not live", "last good version", "gvie", "spring.yaml — не діє"] {
        assert!(status.contains(told), "{told}: {status}");
    }
    let running = folders.serve(Options::default()).await;
    let live = running.server.live().expect("the last good rules are live before anything is read");
    assert_eq!((&live.version, live.live_at), (&before.version, before.live_at));
    running.until(|live| state(live, "spring.yaml") == Some(State::Held)).await;
    assert_eq!(total(&running).await, 9_000);
    // Another file goes live all the same, and the mended one takes over.
    folders.put("summer.yaml", &percent("summer", 20));
    running.until(|live| state(live, "summer.yaml") == Some(State::Live)).await;
    assert_eq!(total(&running).await, 8_000);
    folders.put("spring.yaml", &percent("spring", 30));
    running.until(|live| state(live, "spring.yaml") == Some(State::Live)).await;
    assert_eq!(total(&running).await, 7_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_settings_keep_everything() {
    let folders = Folders::new();
    folders.put("settings.yaml", "currency: UAH\n");
    folders.put("spring.yaml", &percent("spring", 10));
    let running = started(&folders).await;
    let before = running.server.live().unwrap();
    folders.put("settings.yaml", "currancy: UAH\n");
    folders.put("spring.yaml", &percent("spring", 50));
    running.until(|live| state(live, "settings.yaml") == Some(State::Held)).await;
    assert_eq!(
        (running.server.live().unwrap().version.clone(), total(&running).await),
        (before.version.clone(), 9_000)
    );
    running.server.shutdown().await.unwrap();
    let running = folders.serve(Options::default()).await;
    running.until(|live| state(live, "settings.yaml") == Some(State::Held)).await;
    assert_eq!(total(&running).await, 9_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_looks_like_an_accident_is_held_until_told_otherwise() {
    type Accident = (&'static str, fn(&Folders), fn(&Held) -> bool);
    let accidents: [Accident; 3] = [
        ("emptied", |folders| remove(folders, &["a.yaml", "b.yaml", "c.yaml"]), |held| *held == Held::Empty),
        (
            "lost two of three",
            |folders| remove(folders, &["a.yaml", "b.yaml"]),
            |held| *held == Held::Lost(2, 3),
        ),
        (
            "away",
            |folders| fs::rename(folders.rules(), away(folders)).unwrap(),
            |held| matches!(held, Held::Unreadable(_)),
        ),
    ];
    for (what, accident, is_held) in accidents {
        let folders = Folders::new();
        for (name, off) in [("a", 10), ("b", 20), ("c", 30)] {
            folders.put(&format!("{name}.yaml"), &percent(name, off));
        }
        let running = started(&folders).await;
        assert_eq!(total(&running).await, 7_000);
        accident(&folders);
        running.until(|live| live.folder.held.as_ref().is_some_and(is_held)).await;
        assert_eq!(total(&running).await, 7_000, "{what}");
        let told = running.rulebooks().await.get_active(pricewright::server::wire::GetActiveRequest {}).await;
        assert!(!told.unwrap().into_inner().held.is_empty(), "{what}");
        running.server.shutdown().await.unwrap();

        let running = folders.serve(Options::default()).await;
        assert_eq!(total(&running).await, 7_000, "{what}");
        running.until(|live| live.folder.held.as_ref().is_some_and(is_held)).await;
        assert_eq!(total(&running).await, 7_000, "{what}");
        if what == "away" {
            fs::rename(away(&folders), folders.rules()).unwrap();
            running.until(|live| live.folder.held.is_none()).await;
            assert_eq!(total(&running).await, 7_000);
        } else {
            assert!(folders.status().contains("FOLDER HELD"), "{what}: {}", folders.status());
            folders.put("_ACCEPT", "");
            running.until(|live| live.folder.held.is_none()).await;
            assert_eq!(total(&running).await, if what == "emptied" { 10_000 } else { 7_000 }, "{what}");
            running.server.shutdown().await.unwrap();
            assert!(!folders.rules().join("_ACCEPT").exists());
            assert!(!folders.status().contains("FOLDER HELD"), "{}", folders.status());
        }
    }
}

fn remove(folders: &Folders, names: &[&str]) {
    names.iter().for_each(|name| folders.take_away(name));
}

fn away(folders: &Folders) -> PathBuf {
    folders.rules().with_file_name("away")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_costs_a_step_back_and_never_the_start() {
    let folders = Folders::new();
    folders.put("spring.yaml", &percent("spring", 10));
    let running = started(&folders).await;
    let first = running.server.live().unwrap().version.clone();
    folders.put("spring.yaml", &percent("spring", 20));
    running.until(|live| live.version != first).await;
    let second = running.server.live().unwrap().rulebook.digest().to_string();
    running.server.shutdown().await.unwrap();
    folders.put("spring.yaml", BROKEN);
    fs::write(folders.data().join("rules/books").join(format!("{second}.json")), "{\"files\": [").unwrap();

    let running = folders.serve(Options::default()).await;
    assert_eq!(running.server.live().unwrap().version, first);
    running.until(|live| state(live, "spring.yaml") == Some(State::Held)).await;
    assert_eq!(total(&running).await, 9_000);
    running.server.shutdown().await.unwrap();
    fs::remove_dir_all(folders.data().join("rules/files")).unwrap();
    let running = folders.serve(Options::default()).await;
    assert!(running.server.live().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_left_alone_while_nothing_changes() {
    let folders = Folders::new();
    folders.put("spring.yaml", &percent("spring", 10));
    let running = folders.serve(Options { poll_interval_ms: Some(50), ..Options::default() }).await;
    running.server.ready().await.unwrap();
    let path = folders.rules().join("_STATUS.txt");
    let written = || fs::metadata(&path).and_then(|found| found.modified()).ok();
    let wait = |millis| tokio::time::sleep(std::time::Duration::from_millis(millis));
    while written().is_none() {
        wait(10).await;
    }
    let before = written();
    assert!(folders.status().contains(&running.server.live().unwrap().version));
    wait(400).await;
    assert_eq!(written(), before);
    // Whoever deletes it gets it back.
    fs::remove_file(&path).unwrap();
    while written().is_none() {
        wait(10).await;
    }
}
