//! The throw-away PostgreSQL itself: found, up, down and up again, and never left behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::Database;
use super::cluster::{Cluster, Options};
use super::connect::connect;
use super::find::Places;

/// Says to this program that it is the one to be killed.
const VICTIM: &str = "POSTGRES_VICTIM";

#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
#[tokio::test]
async fn each_database_is_empty_and_ones_own() {
    let (one, other) = (Database::new(), Database::new());
    for database in [&one, &other] {
        let client = database.connect().await;
        let row = client.query_one("select 1, count(*) from pg_stat_user_tables", &[]).await.unwrap();
        assert_eq!((row.get::<_, i32>(0), row.get::<_, i64>(1)), (1, 0));
        client.batch_execute("create table mine (id bigint)").await.unwrap();
    }
    let url = one.url().to_owned();
    drop(one);
    assert!(connect(&url).await.is_err(), "a database outlives who asked for it");
}

#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
#[tokio::test]
async fn what_is_committed_outlives_an_immediate_stop() {
    let cluster = Cluster::own(Options { fsync: true, settings: &[("work_mem", "5MB")] });
    let url = cluster.create("kept");
    let client = connect(&url).await.unwrap();
    for (setting, expected) in [("fsync", "on"), ("work_mem", "5MB"), ("listen_addresses", "")] {
        let row = client.query_one(&format!("show {setting}"), &[]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), expected, "{setting}");
    }
    client.batch_execute("create table kept (id int); insert into kept values (1), (2)").await.unwrap();
    client.batch_execute("begin; insert into kept values (3)").await.unwrap();
    cluster.stop_immediate();
    assert!(client.query_one("select 1", &[]).await.is_err());
    assert!(connect(&url).await.is_err());
    cluster.start();
    let client = connect(&url).await.unwrap();
    let row = client.query_one("select count(*) from kept", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 2);
}

#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
#[tokio::test]
async fn a_server_stands_still_and_goes_on_and_its_connections_are_cut() {
    let cluster = Cluster::own(Options::default());
    let url = cluster.url("postgres");
    let client = connect(&url).await.unwrap();
    cluster.pause();
    let mut answer = std::pin::pin!(client.query_one("select 1", &[]));
    let waited = Duration::from_millis(200);
    assert!(tokio::time::timeout(waited, &mut answer).await.is_err(), "it answers while it stands still");
    assert!(tokio::time::timeout(waited, connect(&url)).await.is_err(), "it greets while it stands still");
    cluster.resume();
    assert!(answer.await.is_ok());
    cluster.cut_connections();
    assert!(client.query_one("select 1", &[]).await.is_err(), "a connection outlives the cut");
    assert!(connect(&url).await.unwrap().query_one("select 1", &[]).await.is_ok());
    // One that stands still does not keep its test from ending.
    cluster.pause();
    let home = cluster.home().to_owned();
    drop(cluster);
    assert!(!home.exists());
}

#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
#[test]
fn kill_9_of_the_tests_leaves_no_server_and_no_folder() {
    if std::env::var_os(VICTIM).is_some() {
        let clusters = [Cluster::own(Options::default()), Cluster::own(Options::default())];
        // One of them cannot even hear.
        clusters[1].pause();
        clusters
            .iter()
            .for_each(|cluster| println!("\n{VICTIM} {} {}", cluster.id(), cluster.home().display()));
        loop {
            thread::park();
        }
    }
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::kill_9_of_the_tests_leaves_no_server_and_no_folder");
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", &test, "--nocapture", "--include-ignored"]).env(VICTIM, "1");
    let mut victim = victim.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let told = lines.filter_map(|line| {
        let (id, home) = line.strip_prefix(VICTIM)?.trim().split_once(' ')?;
        Some((Path::new("/proc").join(id), PathBuf::from(home)))
    });
    let servers: Vec<_> = told.take(2).collect();
    let ran = servers.iter().filter(|(process, home)| process.exists() && home.exists()).count();
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_eq!(ran, 2, "the servers did not run: {servers:?}");
    // A moment, where nothing else runs; PostgreSQL gives up on children that do not hear it after 5 s.
    let gone = (0..1_500).any(|_| {
        thread::sleep(Duration::from_millis(10));
        servers.iter().all(|(process, home)| !process.exists() && !home.exists())
    });
    assert!(gone, "15 s later there is still something of {servers:?}");
}

/// A folder of programs in a home, or one that has not all of them.
fn programs(folder: &Path, names: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    names.iter().for_each(|name| fs::write(folder.join(name), "").unwrap());
}

#[test]
fn programs_are_found_in_the_order_that_is_promised() {
    let home = tempfile::tempdir().unwrap();
    for version in ["9.6", "15", "17", "x18"] {
        programs(&home.path().join("versions").join(version).join("bin"), &["initdb", "postgres"]);
    }
    // Only the client of it is installed.
    programs(&home.path().join("versions/18/bin"), &["psql"]);
    programs(&home.path().join("path"), &["initdb", "postgres"]);
    programs(&home.path().join("half"), &["initdb"]);
    for (pg_bin, versions, path, expected) in [
        (None, "versions", "path", Some("versions/17/bin")),
        (None, "nowhere", "path", Some("path")),
        (None, "half", "half:path", Some("path")),
        (None, "nowhere", "half", None),
        (Some("path"), "versions", "", Some("path")),
        (Some("half"), "versions", "path", None),
        (Some("nowhere"), "versions", "path", None),
    ] {
        let at = |name: &str| home.path().join(name);
        let places = Places {
            database_url: None,
            pg_bin: pg_bin.map(at),
            versions: at(versions),
            path: std::env::join_paths(path.split(':').map(at)).unwrap(),
        };
        assert_eq!(places.programs(), expected.map(at), "{pg_bin:?} {versions} {path}");
    }
}
