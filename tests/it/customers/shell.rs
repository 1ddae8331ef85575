//! `pricewright customers` beside a service of its own, and what that service logs.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use serde_json::Value;

const TABLE: &str = "\
id,phone,segments,tier,birthday,children
c-1,+380671000001,\"vip, family\",gold,1990-11-25,2
c-2,0671000002,vip|club,silver,,
c-3,not-a-phone,,,,
c-4,,,,25.11.1990,
c-5,,,gold
c-6,,,,,\"two
lines\"
";

struct Service {
    child: Child,
    url: String,
    log: JoinHandle<String>,
}

impl Service {
    /// A service that logs all it can.
    fn start(folder: &Path) -> Self {
        fs::create_dir(folder.join("rules")).unwrap();
        fs::write(folder.join("rules/settings.yaml"), "currency: UAH\n").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_pricewright"))
            .current_dir(folder)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "trace", "--log-format", "json"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let (mut log, mut url) = (String::new(), String::new());
        while url.is_empty() {
            let mut text = String::new();
            assert!(lines.read_line(&mut text).unwrap() > 0, "the service ended: {log}");
            let line: Value = serde_json::from_str(&text).unwrap();
            log.push_str(&text);
            if let Some(listen) = line["listen"].as_str() {
                url = format!("http://{listen}");
            }
        }
        let log = thread::spawn(move || {
            lines.read_to_string(&mut log).unwrap();
            log
        });
        Service { child, url, log }
    }

    fn run(&self, folder: &Path, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_pricewright"))
            .current_dir(folder)
            .args(["customers"])
            .args(args)
            .env("PRICEWRIGHT_SERVER", &self.url)
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.join().unwrap()
    }
}

#[test]
fn a_table_is_imported_and_customers_are_shown_and_forgotten() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    fs::write(folder.join("customers.csv"), TABLE).unwrap();
    let lines = "{\"id\": \"j-1\", \"tier\": \"gold\"}\n{\"id\": \"j-2\", \"birthday\": \"never\"}\n{\"id\": \"j-3\", \"phone\": 380671000003}\n";
    fs::write(folder.join("more.jsonl"), lines).unwrap();
    let service = Service::start(folder);
    let run = |args: &[&str]| service.run(folder, args);

    let (code, out, _) = run(&["import", "--validate-only", "customers.csv"]);
    assert_eq!((code, out.as_str()), (1, "3 taken, 0 unchanged, 3 refused\n"));
    let (code, out, err) = run(&["import", "customers.csv"]);
    assert_eq!((code, out.as_str()), (1, "3 taken, 0 unchanged, 3 refused\n"), "{err}");
    let told = "line 4, column 2: `phone` cannot be read\n\
        line 5, column 5: `birthday` cannot be read\n\
        line 6: has 4 cells, the header has 6\n";
    assert_eq!(err, told);
    let (code, out, _) = run(&["import", "--json", "more.jsonl"]);
    let done: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &done["taken"], &done["refused"]), (1, &1.into(), &2.into()), "{out}");
    assert_eq!((&done["faults"][0]["line"], &done["faults"][0]["field"]), (&2.into(), &"birthday".into()));
    assert_eq!((&done["faults"][1]["line"], &done["faults"][1]["field"]), (&3.into(), &"phone".into()));
    fs::write(
        folder.join("good.csv"),
        TABLE.lines().take(3).map(|line| format!("{line}\n")).collect::<String>(),
    )
    .unwrap();
    assert_eq!(
        run(&["import", "good.csv"]),
        (0, "0 taken, 2 unchanged, 0 refused\n".to_owned(), String::new())
    );

    let (code, out, _) = run(&["get", "c-1"]);
    assert_eq!(code, 0);
    for line in
        ["id        c-1", "phone     yes", "segments  vip, family", "birthday  1990-11-25", "children  2"]
    {
        assert!(out.contains(line), "{line}: {out}");
    }
    let (code, out, _) = run(&["get", "--json", "--phone", "+380 67 100 00 02"]);
    let profile: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &profile["id"], &profile["segments"][1]), (0, &"c-2".into(), &"club".into()));
    assert_eq!(run(&["delete", "c-2"]), (0, "the customer is forgotten\n".to_owned(), String::new()));
    let unknown = (1, String::new(), "This customer is not known.\n".to_owned());
    assert_eq!(run(&["delete", "c-2"]), unknown);
    assert_eq!(run(&["get", "--phone", "0671000002"]), unknown);
    assert_eq!(run(&["get", "--phone", "no"]).0, 2);

    let (code, _, err) = run(&["import", "nowhere.csv"]);
    assert!(code == 2 && err.contains("cannot read `nowhere.csv`"), "{err}");
    fs::write(folder.join("bad.csv"), "phone\n1\n").unwrap();
    let (code, _, err) = run(&["import", "bad.csv"]);
    assert!(code == 2 && err.contains("line 1: there is no column `id`"), "{err}");
    let (code, _, err) = run(&["get", "x", "--server", "http://127.0.0.1:1"]);
    assert!(code == 2 && err.contains("cannot connect to `http://127.0.0.1:1`"), "{err}");

    let log = service.end();
    for canary in ["671000", "c-1", "c-2", "j-1", "1990-11-25", "family", "not-a-phone"] {
        assert!(!log.contains(canary), "`{canary}` is in the log");
    }
}
