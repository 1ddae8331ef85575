//! The ledger at rest, by the command line: verified, exported, imported, backed up, restored; and what is said when it is damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use pricewright::ledger::{
    Action, Command, Commit, Content, CounterKey, CustomerKey, Limit, Refund, RequestId, Reserve,
    ReturnedUnits, Take,
};
use pricewright::promotion::OnRefund;
use pricewright::server::journal;
use pricewright::server::ledger::{Ledger, Options};
use pricewright::time::Instant;
use serde_json::Value;
use tempfile::TempDir;

use super::table::{purchase, reserve};

/// A customer as the ledger knows one: never to be printed.
const CUSTOMER: &str = "hashed-customer";

/// A data folder with a ledger that a service has left.
struct Kept {
    home: TempDir,
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {}{}", self.out, self.err))
    }
}

impl Kept {
    /// Sales in all states.
    fn new() -> Self {
        let kept = Kept { home: tempfile::tempdir().unwrap() };
        kept.with(|submit| {
            for number in 1..=20_u64 {
                let takes = vec![take(CounterKey::Total("spring".to_owned()))];
                let expires_at = instant(if number % 5 == 0 { 2_000 } else { 90_000 });
                let reserve = Reserve { takes, ..reserve(purchase(1_000), expires_at) };
                submit(number, 1_000, Action::Reserve(Box::new(reserve)));
                let sale = request(number).sale();
                match number % 4 {
                    0 => submit(100 + number, 1_100, Action::Cancel(sale)),
                    1 => submit(100 + number, 1_200, Action::Commit(Box::new(Commit { sale, part: None }))),
                    _ => {}
                }
                if number % 8 == 1 {
                    let units = vec![ReturnedUnits { line: "1".to_owned(), group: None, quantity: 1 }];
                    let refund =
                        Refund { sale, units, certificates: Vec::new(), delivery: false, repriced: None };
                    submit(200 + number, 1_300, Action::Refund(Box::new(refund)));
                }
            }
        });
        kept
    }

    /// Runs a ledger on the folder at the second 1,500.
    fn with(&self, work: impl FnOnce(&mut dyn FnMut(u64, i64, Action))) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ledger =
            Ledger::open_at(&Options::Embedded(self.ledger()), std::sync::Arc::new(|| instant(1_500)))
                .unwrap();
        work(&mut |id, second, action| {
            let content = Content("hash".to_owned());
            let command = Command { request: request(id), content, at: instant(second), action };
            runtime.block_on(ledger.submit(command)).unwrap().unwrap();
        });
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn ledger(&self) -> PathBuf {
        self.path("data").join("ledger")
    }

    /// Runs `pricewright ledger` in the folder above the data folder.
    fn run(&self, args: &str) -> Ran {
        let output = Process::new(env!("CARGO_BIN_EXE_pricewright"))
            .current_dir(self.home.path())
            .arg("ledger")
            .args(args.split(' '))
            .env_remove("PRICEWRIGHT_DATA")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert!(!err.contains("panicked"), "{args}: {err}");
        Ran { code: output.status.code().unwrap(), out, err }
    }

    /// Runs it where it must succeed.
    fn done(&self, args: &str) -> Value {
        let ran = self.run(&format!("{args} --json"));
        assert_eq!(ran.code, 0, "{args}: {}{}", ran.out, ran.err);
        if ran.out.is_empty() { Value::Null } else { ran.json() }
    }

    fn digest(&self, data: &str) -> String {
        let checked = self.done(&format!("verify --data {data}"));
        assert_eq!(checked["index"]["state"], "same", "{checked}");
        checked["digest"].as_str().unwrap().to_owned()
    }

    /// The only segment of a journal.
    fn segment(&self) -> PathBuf {
        self.ledger().join("journal").join(format!("{:020}.log", 1))
    }

    /// Flips a bit in the middle of a record; its number.
    fn damage(&self) -> u64 {
        let records: Vec<_> =
            journal::reader(&self.ledger().join("journal"), 1).unwrap().map(Result::unwrap).collect();
        let record = &records[records.len() / 2];
        let mut bytes = fs::read(self.segment()).unwrap();
        bytes[usize::try_from(record.position.offset).unwrap() + 100] ^= 1;
        fs::write(self.segment(), bytes).unwrap();
        record.sequence
    }
}

fn take(counter: CounterKey) -> Take {
    Take {
        promotion: "spring".to_owned(),
        counter,
        amount: 1,
        limit: Limit::Ever(1_000),
        on_refund: OnRefund::Keep,
    }
}

fn instant(second: i64) -> Instant {
    Instant::from_unix(second).unwrap()
}

fn request(number: u64) -> RequestId {
    RequestId::parse(&format!("0197c5a4-7b1e-7cc2-8f3a-{number:012x}")).unwrap()
}

/// Every file of a folder with what is in it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_sound_ledger_is_told_as_such_and_not_changed() {
    let kept = Kept::new();
    let before = files(&kept.ledger());
    let checked = kept.done("verify");
    for (pointer, expected) in [
        ("/ok", Value::from(true)),
        ("/facts", Value::from(33)),
        ("/records", Value::from(33)),
        ("/sales/reserved", Value::from(10)),
        ("/sales/committed", Value::from(5)),
        ("/sales/cancelled", Value::from(5)),
        ("/sales/expired", Value::from(0)),
        ("/refunds", Value::from(3)),
        ("/calls", Value::from(33)),
        ("/counters", Value::from(1)),
        ("/torn_bytes", Value::from(0)),
        ("/index/state", Value::from("same")),
        ("/index/sequence", Value::from(33)),
    ] {
        assert_eq!(checked.pointer(pointer), Some(&expected), "{pointer}: {checked}");
    }
    let ran = kept.run("verify");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for told in ["33\u{a0}records", "5 paid, 10 reserved, 5 called off, 0 expired; 3 refunds", "sound"] {
        assert!(ran.out.replace(' ', "\u{a0}").contains(&told.replace(' ', "\u{a0}")), "{told}: {}", ran.out);
    }
    assert!(files(&kept.ledger()) == before, "verify has changed a file");
}

#[test]
fn damage_is_named_with_the_way_back_and_what_is_whole_can_be_had() {
    let kept = Kept::new();
    kept.done("backup whole");
    let sequence = kept.damage();
    let before = files(&kept.ledger());
    let ran = kept.run("verify");
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let named = format!("is damaged at record {sequence}");
    for told in [named.as_str(), "nothing was changed", "pricewright ledger restore"] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let ran = kept.run("verify --json");
    assert_eq!((ran.code, &ran.json()["ok"]), (1, &Value::from(false)));
    for command in ["export facts.jsonl", "backup other", "restore data/ledger --data new"] {
        let ran = kept.run(command);
        assert_eq!(ran.code, 1, "{command}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(&named), "{command}: {}", ran.err);
    }
    assert!(files(&kept.ledger()) == before, "a file has changed");
    assert!(files(&kept.path("other")).is_empty(), "half a backup is left");
    // What is whole before the damage; it is a part of the backup.
    let saved = kept.done(&format!("restore data/ledger --data saved --to-seq {}", sequence - 1));
    assert_eq!((&saved["sequence"], &saved["compared"]), (&Value::from(sequence - 1), &Value::from(false)));
    let part = kept.done(&format!("restore whole --data part --to-seq {}", sequence - 1));
    assert_eq!(saved["digest"], part["digest"]);
    assert_eq!(kept.digest("part"), part["digest"].as_str().unwrap());
}

#[test]
fn an_index_that_is_not_right_is_found() {
    let kept = Kept::new();
    let old = kept.path("old-index");
    copy(&kept.ledger().join("index"), &old);
    kept.with(|submit| submit(21, 1_400, Action::Cancel(request(3).sale())));
    let index = kept.ledger().join("index");
    let state = |told: &str| {
        let ran = kept.run("verify --json");
        let checked = ran.json();
        (
            ran.code,
            checked["index"]["state"].as_str().unwrap_or_else(|| panic!("{told}: {checked}")).to_owned(),
        )
    };
    assert_eq!(state("as it was"), (0, "same".to_owned()));
    // An older one follows at the next start.
    fs::remove_dir_all(&index).unwrap();
    copy(&old, &index);
    assert_eq!(state("older"), (0, "same".to_owned()));
    fs::remove_dir_all(&index).unwrap();
    assert_eq!(state("none"), (0, "none".to_owned()));
    // One of another ledger, which has come further.
    let other = Kept::new();
    other.with(|submit| {
        (0..9).for_each(|more| {
            submit(300 + more, 1_400, Action::Refuse(pricewright::ledger::Rejection::SaleUnknown))
        })
    });
    copy(&other.ledger().join("index"), &index);
    assert_eq!(state("ahead"), (1, "ahead".to_owned()));
    fs::remove_dir_all(&index).unwrap();
    // One with as many records, and other facts.
    let other = Kept::new();
    other.with(|submit| submit(21, 1_400, Action::Cancel(request(2).sale())));
    copy(&other.ledger().join("index"), &index);
    assert_eq!(state("of another"), (1, "differs".to_owned()));
    let db = index.join("db");
    let bytes = fs::read(&db).unwrap();
    fs::write(&db, bytes.iter().map(|byte| byte ^ 0x55).collect::<Vec<u8>>()).unwrap();
    assert_eq!(state("flipped"), (1, "unusable".to_owned()));
}

#[test]
fn an_export_makes_the_same_ledger_again() {
    let kept = Kept::new();
    let digest = kept.digest("data");
    let ran = kept.run("export -");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[32]["sequence"]), (34, &Value::from(33)));
    assert_eq!(lines[33]["end"]["facts"], 33);
    kept.done("export facts.jsonl");
    assert_eq!(fs::read_to_string(kept.path("facts.jsonl")).unwrap(), ran.out);
    assert_eq!(kept.run("export facts.jsonl").code, 2, "it is there already");
    let imported = kept.done("import facts.jsonl --data new");
    assert_eq!(
        (imported["digest"].as_str(), &imported["chain"]),
        (Some(digest.as_str()), &lines[33]["end"]["chain"])
    );
    assert_eq!(kept.digest("new"), digest);
    let segment =
        |data: &str| fs::read(kept.path(data).join("ledger/journal").join(format!("{:020}.log", 1)));
    assert!(segment("new").unwrap() == segment("data").unwrap(), "the same facts make the same file");
    let ran = kept.run("import facts.jsonl --data new");
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("is not empty"), "{}", ran.err);
    assert_eq!(kept.digest("new"), digest);
}

#[test]
fn an_export_that_was_changed_is_refused_and_nothing_is_left_of_it() {
    let kept = Kept::new();
    kept.done("export facts.jsonl");
    let text = fs::read_to_string(kept.path("facts.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without = |gone: usize| {
        let left: Vec<&str> = (0..34).filter(|line| *line != gone).map(|line| lines[line]).collect();
        left.join("\n")
    };
    for (what, text, told) in [
        ("cut", lines[..20].join("\n"), "it was cut"),
        ("cut in a line", text.get(..text.len() / 2).unwrap().to_owned(), "line"),
        (
            "without its last line",
            lines[..33].join("\n") + "\n",
            "line 34 of the export: the export ends here",
        ),
        ("without a line", without(7), "record 9 does not follow record 7"),
        ("changed", text.replacen("\"total\":1000", "\"total\":1001", 1), "are not those that were exported"),
        ("text", "hello\n".to_owned(), "line 1 of the export"),
        ("no fact", text.replacen("\"event\":", "\"evnet\":", 1), "line 1 of the export"),
        ("empty", String::new(), "line 1"),
    ] {
        fs::write(kept.path("bad.jsonl"), &text).unwrap();
        let ran = kept.run("import bad.jsonl --data new");
        assert_eq!(ran.code, 1, "{what}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(told), "{what}: `{told}` is not in {}", ran.err);
        assert!(!kept.path("new/ledger/journal").exists(), "{what}: something is left");
    }
    kept.done("import facts.jsonl --data new");
    assert_eq!(kept.digest("new"), kept.digest("data"));
}

#[test]
fn a_backup_comes_back_whole_or_up_to_a_record() {
    let kept = Kept::new();
    let book = kept.path("data/rules/books/book.json");
    fs::create_dir_all(book.parent().unwrap()).unwrap();
    fs::write(&book, "{}").unwrap();
    let digest = kept.digest("data");
    let made = kept.done("backup monday");
    assert_eq!(
        (&made["manifest"]["sequence"], made["manifest"]["digest"].as_str()),
        (&Value::from(33), Some(digest.as_str()))
    );
    let ran = kept.run("backup monday");
    assert!(ran.code == 2 && ran.err.contains("is not empty"), "{}", ran.err);
    let restored = kept.done("restore monday --data new");
    assert_eq!(
        (restored["digest"].as_str(), &restored["compared"]),
        (Some(digest.as_str()), &Value::from(true))
    );
    assert_eq!(kept.digest("new"), digest);
    assert_eq!(fs::read_to_string(kept.path("new/rules/books/book.json")).unwrap(), "{}");
    let ran = kept.run("restore monday --data new");
    assert!(ran.code == 2 && ran.err.contains("is not empty"), "{}", ran.err);

    // Up to a record: what a ledger was that had come so far. It goes on from there.
    let part = kept.done("restore monday --data part --to-seq 10");
    assert_eq!((&part["sequence"], &part["facts"]), (&Value::from(10), &Value::from(10)));
    assert_ne!(part["digest"].as_str(), Some(digest.as_str()));
    assert_eq!(kept.digest("part"), part["digest"].as_str().unwrap());
    assert_eq!(kept.done("restore monday --data all --to-seq 33")["compared"], true);
    let ran = kept.run("restore monday --data more --to-seq 34");
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("record 34 was asked for, and the last one is 33"), "{}", ran.err);
    assert!(!kept.path("more/ledger/journal").exists());
    assert_eq!(kept.run("restore monday --data zero --to-seq 0").code, 2);
    assert!(kept.run("restore nothing --data zero").err.contains("there is no ledger in `nothing`"));
}

#[test]
fn a_restore_that_was_interrupted_is_no_ledger_and_can_be_run_again() {
    let kept = Kept::new();
    let digest = kept.digest("data");
    let (old, new) = (kept.path("data/rules"), kept.path("new/rules"));
    for (rules, name) in [(&old, "old"), (&new, "new")] {
        fs::create_dir_all(rules.join("books")).unwrap();
        fs::write(rules.join("books").join(name), "{}").unwrap();
        let day = if name == "old" { 1 } else { 2 };
        let live = |day| format!("{{\"at\":\"2026-11-0{day}T10:00:00Z\",\"digest\":\"{day}\"}}\n");
        // Who was restored before has some of these lines already.
        fs::write(rules.join("live.jsonl"), live(1) + &if day == 2 { live(3) } else { live(2) }).unwrap();
    }
    kept.done("backup monday");
    // As a kill leaves it: the journal is whole, the index is not there, nothing is compared.
    copy(&kept.path("monday/journal"), &kept.path("new/ledger/journal"));
    fs::write(kept.path("new/ledger/unfinished"), "").unwrap();
    for args in ["verify --data new", "export --data new all.jsonl"] {
        let ran = kept.run(args);
        assert!(ran.code == 2 && ran.err.contains("was interrupted; run it again"), "{args}: {}", ran.err);
    }
    let opened = Ledger::open(&Options::Embedded(kept.path("new/ledger"))).unwrap_err();
    assert!(opened.to_string().contains("is not whole"), "{opened}");
    assert_eq!(kept.done("restore monday --data new")["digest"].as_str(), Some(digest.as_str()));
    assert_eq!(kept.digest("new"), digest);
    // Rulebooks that were there stay, and those of the backup were live before them.
    for name in ["books/old", "books/new"] {
        assert!(new.join(name).exists(), "{name}");
    }
    let live = fs::read_to_string(new.join("live.jsonl")).unwrap();
    let lines = live.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["digest"].clone());
    assert_eq!(lines.collect::<Vec<_>>(), ["1", "2", "3"], "{live}");
}

#[test]
fn a_backup_that_was_changed_is_refused() {
    let kept = Kept::new();
    kept.done("backup monday");
    let manifest = kept.path("monday/manifest.json");
    let whole = fs::read_to_string(&manifest).unwrap();
    let digest = kept.digest("data");
    for (changed, told) in [
        (whole.replace(&digest, &"0".repeat(32)), "its digest is"),
        (whole.replace("\"sequence\": 33", "\"sequence\": 34"), "its last record is"),
    ] {
        fs::write(&manifest, changed).unwrap();
        let ran = kept.run("restore monday --data new");
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        assert!(ran.err.contains(told), "{}", ran.err);
        assert!(!kept.path("new/ledger/journal").exists(), "something is left");
    }
    fs::write(&manifest, &whole).unwrap();
    // The end of the journal is gone, and the mark that knew of it.
    fs::write(kept.path("monday/journal/high-water"), "").unwrap();
    let ran = kept.run("restore monday --data new");
    assert!(ran.code == 1 && ran.err.contains("high-water mark"), "{}{}", ran.out, ran.err);
}

#[test]
fn a_folder_that_a_service_holds_is_left_alone_save_for_a_backup() {
    let kept = Kept::new();
    let digest = kept.digest("data");
    kept.with(|submit| {
        for command in ["verify", "export -", "restore monday --data data", "import monday --data data"] {
            let ran = kept.run(command);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command}: {}", ran.err);
            let told = if command.starts_with("restore") {
                "there is no ledger in"
            } else {
                "another process keeps its ledger in"
            };
            assert!(ran.err.contains(told), "{command}: {}", ran.err);
        }
        kept.done("backup monday");
        let ran = kept.run("restore monday --data data");
        assert!(ran.code == 2 && ran.err.contains("another process"), "{}", ran.err);
        // It is not in the backup, and did not disturb it.
        submit(21, 1_400, Action::Cancel(request(3).sale()));
    });
    assert_eq!(kept.done("restore monday --data new")["digest"].as_str(), Some(digest.as_str()));
    assert_ne!(kept.digest("data"), digest);
    let ran = kept.run("verify --data nowhere");
    assert!(ran.code == 2 && ran.err.contains("there is no ledger in `nowhere/ledger`"), "{}", ran.err);
    assert!(!kept.path("nowhere").exists());
}

#[test]
fn no_customer_is_ever_told() {
    let kept = Kept::new();
    kept.with(|submit| {
        let counter = CounterKey::Customer("spring".to_owned(), CustomerKey(CUSTOMER.to_owned()));
        let reserve = Reserve { takes: vec![take(counter)], ..reserve(purchase(1_000), instant(90_000)) };
        submit(21, 1_400, Action::Reserve(Box::new(reserve)));
    });
    kept.done("backup monday");
    let sequence = kept.damage();
    for command in
        ["verify", "verify --json", "export facts.jsonl", "restore monday --data new", "verify --data new"]
    {
        let ran = kept.run(command);
        assert!(!format!("{}{}", ran.out, ran.err).contains(CUSTOMER), "{command}, damage at {sequence}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
