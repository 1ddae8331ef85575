//! `pricewright serve --check`: a good configuration, each kind of fault, and that nothing is changed by looking.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::postgres::Database;

const RULES: &str = "promotions:\n  - {id: spring, name: Spring, give: {percent: 10}}\n";
const KEYS: &str =
    "current = \"k1\"\nk1 = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"\n";
const OTHER_KEYS: &str =
    "current = \"k1\"\nk1 = \"f0e0d0c0b0a09080706050403020100000102030405060708090a0b0c0d0e0f0\"\n";
const WEBHOOK: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";

/// A shop with rules and a file of keys, and settings that name both.
struct Shop {
    home: TempDir,
}

impl Shop {
    fn new(settings: &str) -> Self {
        let shop = Shop { home: tempfile::tempdir().unwrap() };
        let home = shop.home.path();
        fs::create_dir(home.join("rules")).unwrap();
        shop.put("rules/all.yaml", RULES, 0o644);
        shop.put("keys.toml", KEYS, 0o600);
        shop.put("access.toml", "", 0o644);
        let all = format!(
            "listen = \"127.0.0.1:0\"\nsecrets = \"keys.toml\"\naccess = \"access.toml\"\n{settings}"
        );
        shop.put("pricewright.toml", &all, 0o644);
        shop
    }

    fn put(&self, name: &str, text: &str, mode: u32) {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
        command.current_dir(self.home.path()).args(["serve", "--config", "pricewright.toml"]).args(args);
        for name in ["LANG", "LC_ALL", "LC_MESSAGES", "NO_COLOR"] {
            command.env_remove(name);
        }
        command
    }

    /// Looks, and holds that nothing has changed by it.
    fn check(&self, args: &[&str]) -> (i32, String) {
        let before = files(self.home.path());
        let output = self.command(args).arg("--check").output().unwrap();
        let (said, error) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(error, "", "{said}");
        assert_eq!(files(self.home.path()), before, "looking has changed something: {said}");
        (output.status.code().unwrap(), said)
    }

    /// It is good, and says these things.
    fn good(&self, args: &[&str], parts: &[&str]) {
        let (code, said) = self.check(args);
        assert_eq!(code, 0, "{said}");
        assert!(
            !said.contains("wrong  ") && said.ends_with("nothing is wrong: the service can start\n"),
            "{said}"
        );
        for part in parts {
            assert!(said.contains(part), "`{part}` is not in {said}");
        }
    }

    /// One thing is wrong, and these words are in what is said of it.
    fn wrong(&self, args: &[&str], what: &str, parts: &[&str]) {
        let (code, said) = self.check(args);
        assert_eq!(code, 1, "{said}");
        let wrong: Vec<&str> = said.lines().filter(|line| line.starts_with("wrong  ")).collect();
        assert_eq!(wrong.len(), 1, "{said}");
        assert!(
            wrong[0].starts_with(&format!("wrong  {what} ")) && said.ends_with("1 thing is wrong\n"),
            "{said}"
        );
        for part in parts {
            assert!(said.contains(part), "`{part}` is not in {said}");
        }
    }

    /// The service itself, and its address. The system takes it when the test is killed; the test itself waits for it.
    #[expect(
        clippy::zombie_processes,
        reason = "whoever asks for it waits, and a test that fails here ends the process"
    )]
    fn serve(&self) -> (Child, String) {
        let mut child = self
            .command(&["--log-format", "json"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if let Some(listen) = line["listen"].as_str() {
                return (child, listen.to_owned());
            }
        }
        panic!("the service ended");
    }
}

/// Every file and folder below this one, with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path));
            found.insert(name, Vec::new());
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn a_good_configuration_is_told_line_by_line() {
    let shop = Shop::new("production = true\n");
    shop.good(
        &[],
        &[
            "ok     settings  `pricewright.toml`, the environment and flags\n",
            "ok     rules     `rules`: 1 promotion, 0 caps, 0 products; 0 errors, 0 warnings\n",
            "ok     data      `data` is not there: the first start makes it\n",
            "ok     listen    127.0.0.1:0: each start takes a free port\n",
            "ok     access    `access.toml`: 0 credentials\n",
            "ok     tls       none is asked for\n",
            "ok     store     `data/ledger`: nothing is kept yet\n",
            "ok     keys      `keys.toml`: keys that can be read\n",
            "ok     passwords no gateway is named",
        ],
    );
    shop.good(&["--store", "memory"], &["ok     store     in memory"]);
    // Without production a first start makes what is missing, and a look does not.
    let shop = Shop::new("");
    fs::remove_file(shop.home.path().join("keys.toml")).unwrap();
    shop.good(&[], &["ok     keys      `keys.toml` is not there: the first start makes it"]);
}

#[test]
fn settings_that_are_wrong_are_all_that_is_looked_at() {
    let shop = Shop::new("drain-seconds = 4000\n");
    let (code, said) = shop.check(&[]);
    assert_eq!(code, 1);
    assert!(
        said.starts_with("wrong  settings  `drain-seconds` must be between 0 and 3600, not 4000\n"),
        "{said}"
    );
    let shop = Shop::new("");
    let (code, said) = shop.check(&["--store", "mellon"]);
    assert!(code == 1 && said.contains("the store must be") && !said.contains("mellon"), "{said}");
    let output = shop.command(&["--check", "--listen", "here"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "what the command line cannot read is no answer");
}

#[test]
fn rules_that_are_wrong_are_shown_as_their_own_command_shows_them() {
    let shop = Shop::new("");
    shop.put("rules/all.yaml", "promotions:\n  - {id: a, name: A, give: {persent: 20}}\n", 0o644);
    shop.wrong(&[], "rules", &["error: ", "all.yaml:2", "persent", "^", "`rules`: ", "1 error"]);
    shop.wrong(&["--rules", "nowhere"], "rules", &["rules folder `nowhere`"]);
    fs::remove_file(shop.home.path().join("rules/all.yaml")).unwrap();
    shop.good(&[], &["`rules`: no rule files here"]);
}

#[test]
fn a_data_folder_that_cannot_be_used_is_wrong() {
    let shop = Shop::new("");
    shop.put("file", "", 0o644);
    shop.wrong(&["--data", "file"], "data", &["`file` is not a folder", "--data"]);
    shop.wrong(&["--data", "file/below"], "data", &["`file/below` cannot be looked into"]);
    shop.good(&["--data", "deep/er/data"], &["`deep/er/data` is not there: the first start makes it"]);
    shop.wrong(&["--audit", "file"], "audit", &["`file` is not a folder", "--audit"]);
    shop.good(&["--audit", "-"], &["ok     audit     the standard output"]);
}

#[test]
fn an_address_that_cannot_be_had_is_wrong() {
    let shop = Shop::new("");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    shop.wrong(&["--listen", &address], "listen", &["is in use: stop what listens there"]);
    drop(taken);
    shop.good(&["--listen", &address], &["can be had"]);
    // An address for documentation, which no machine has.
    shop.wrong(&["--listen", "192.0.2.1:50051"], "listen", &["cannot be had"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let parts = ["is in use", "--metrics-listen"];
    shop.wrong(&["--metrics-listen", &address], "metrics", &parts);
}

#[test]
fn files_of_access_and_tls_are_looked_at() {
    let shop = Shop::new("");
    shop.put("access.toml", "[[caller]]\nname = \"one\"\nroles = []\n", 0o644);
    shop.wrong(&[], "access", &["caller `one`: `roles` must name at least one role"]);
    shop.put("access.toml", "", 0o644);
    shop.put("server.pem", "", 0o644);
    let files = ["--tls-certificate", "server.pem", "--tls-key", "server.key"];
    shop.wrong(&files, "tls", &["cannot read `server.key`"]);
    shop.put("server.key", "", 0o600);
    shop.wrong(&files, "tls", &["is no good for TLS"]);
}

#[test]
fn keys_that_cannot_be_used_are_wrong() {
    let shop = Shop::new("production = true\n");
    shop.put("keys.toml", KEYS, 0o644);
    shop.wrong(&[], "keys", &["open to others (mode 644)", "chmod 600"]);
    shop.put("keys.toml", "current = \"k1\"\nk1 = \"0c0d0e\"\n", 0o600);
    shop.wrong(&[], "keys", &["line 2 of the pepper file"]);
    fs::remove_file(shop.home.path().join("keys.toml")).unwrap();
    shop.wrong(&[], "keys", &["is missing", "openssl rand -hex 32"]);
}

#[test]
fn the_secrets_of_the_gateway_are_looked_at() {
    let gateway = "otp-webhook = \"https://sms.example/otp\"\notp-webhook-secret = \"webhook\"\n";
    let shop = Shop::new(gateway);
    shop.good(&[], &["ok     passwords `webhook` is not there: the first start makes it"]);
    shop.wrong(&["--production", "true"], "passwords", &["the file of webhook secrets `webhook` is missing"]);
    shop.put("webhook", WEBHOOK, 0o604);
    shop.wrong(&[], "passwords", &["open to others (mode 604)"]);
    shop.put("webhook", WEBHOOK, 0o600);
    shop.good(&["--production", "true"], &["ok     passwords secrets of the gateway can be read"]);
}

/// A service has kept something, and is looked at while it runs, after it, and with the keys of another.
#[test]
fn a_data_folder_in_use_is_looked_at_without_harm() {
    let shop = Shop::new("");
    let (mut child, address) = shop.serve();
    let (code, said) = {
        let output = shop.command(&["--check", "--listen", &address]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("a service runs on it") && said.contains("is in use, as is the data folder"),
        "{said}"
    );
    assert!(
        said.contains("`data` can be written to") && said.contains("which this ledger was begun with"),
        "{said}"
    );
    assert!(child.try_wait().unwrap().is_none(), "the service has ended");
    // Ended in order, it has noted how far its journal goes.
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
    shop.good(&[], &["`data/ledger`: its beginning is sound", "which this ledger was begun with"]);
    shop.put("keys.toml", OTHER_KEYS, 0o600);
    shop.wrong(&[], "keys", &["is not the key `k1` of this ledger"]);
    fs::remove_file(shop.home.path().join("keys.toml")).unwrap();
    shop.wrong(&[], "keys", &["is missing", "put the file back"]);
    shop.put("keys.toml", KEYS, 0o600);
    let journal = shop.home.path().join("data/ledger/journal/00000000000000000001.log");
    let mut bytes = fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&journal, bytes).unwrap();
    shop.wrong(&[], "store", &["damaged"]);
    fs::write(shop.home.path().join("data/ledger/unfinished"), "").unwrap();
    shop.wrong(&[], "store", &["data/ledger"]);
}

#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
#[tokio::test]
async fn a_database_is_looked_at_and_not_changed() {
    let (shop, database) = (Shop::new(""), Database::new());
    shop.good(&["--store", database.url()], &["it answers, and the first start makes the tables"]);
    let client = database.connect().await;
    let schemas = "select count(*) from pg_namespace where nspname = 'pricewright'";
    assert_eq!(client.query_one(schemas, &[]).await.unwrap().get::<_, i64>(0), 0, "a look has made tables");
    let url = database.url().to_owned();
    tokio::task::spawn_blocking(move || {
        pricewright::server::database::Database::open(&url.parse().unwrap()).unwrap();
    })
    .await
    .unwrap();
    shop.good(&["--store", database.url()], &["it answers, with tables of version "]);
    client
        .batch_execute("insert into pricewright.migration (version, needs) values (900, 900)")
        .await
        .unwrap();
    shop.wrong(
        &["--store", database.url()],
        "store",
        &["of version 900", "a newer pricewright", "docs/scale.md"],
    );
    let away = "postgres://me:mellon@127.0.0.1:1/nowhere";
    shop.wrong(&["--store", away], "store", &["postgres://127.0.0.1/nowhere: the database is away"]);
    let (_, said) = shop.check(&["--store", away]);
    assert!(!said.contains("mellon"), "{said}");
}
