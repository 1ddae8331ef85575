//! `pricewright codes` against a service that runs: what is printed where, and that no secret is where it was not asked for.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use pricewright::ledger::code::GeneratedCode;
use pricewright::server::config::Options;
use serde_json::Value;

use crate::running::{Folders, Running};

const RULES: &str = "promotions:\n  - {id: spring, when: {code: {pool: spring}}, give: {percent: 10}}\n";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// A service, and a shell in a folder of its own.
struct Shop {
    folders: Folders,
    running: Running,
}

impl Shop {
    async fn open() -> Self {
        let folders = Folders::new();
        folders.put("rules.yaml", RULES);
        let running = folders.serve(Options::default()).await;
        running.server.ready().await.unwrap();
        Shop { folders, running }
    }

    fn home(&self) -> &Path {
        self.folders.home()
    }

    async fn run(&self, args: &str, input: &str) -> Ran {
        let server = self.running.server.local_addr().to_string();
        let (home, args, input) = (self.home().to_owned(), args.to_owned(), input.to_owned());
        tokio::task::spawn_blocking(move || run(&home, &server, &args, &input)).await.unwrap()
    }
}

fn run(home: &Path, server: &str, args: &str, input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pricewright"))
        .current_dir(home)
        .env("PRICEWRIGHT_SERVER", server)
        .arg("codes")
        .args(args.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

fn request_id(ran: &Ran) -> String {
    let line = ran.err.lines().next().unwrap_or_default();
    line.strip_prefix("request id ").unwrap_or_else(|| panic!("{}", ran.err)).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_made_into_a_file_of_the_owner_and_the_same_again() {
    let shop = Shop::open().await;
    let first = shop.run("generate spring 1500 --uses 2 -o spring.txt", "").await;
    assert_eq!((first.code, first.out.as_str()), (0, ""), "{}", first.err);
    let path = shop.home().join("spring.txt");
    let text = fs::read_to_string(&path).unwrap();
    let codes: Vec<&str> = text.lines().collect();
    assert_eq!(codes.len(), 1_500);
    assert!(codes.iter().all(|code| GeneratedCode::parse(code).is_ok()));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!codes.iter().any(|code| first.err.contains(code)), "{}", first.err);
    assert!(first.err.contains("1\u{a0}500 codes in "), "{}", first.err);

    let again = format!("generate spring 1500 --uses 2 --request-id {}", request_id(&first));
    let again = shop.run(&again, "").await;
    assert_eq!((again.code, again.out == text), (0, true), "{}", again.err);
    // Other words under the same id, and a file that is there already.
    let misused = format!("generate spring 7 --uses 2 --request-id {}", request_id(&first));
    assert_eq!(shop.run(&misused, "").await.code, 2);
    let over = shop.run("generate spring 3 -o spring.txt", "").await;
    assert_eq!((over.code, over.err.contains("is there already")), (2, true), "{}", over.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    // Nothing else is left behind.
    let files = fs::read_dir(shop.home()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(files.count(), 1);

    let told = shop.run("generate spring 2 --until 2099-01-31 --birthday-before 3 --json", "").await;
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((told["count"].as_u64(), told["file"].is_null()), (Some(2), true));
    let code = told["codes"][0].as_str().unwrap();
    let seen = shop.run(&format!("inspect {code}"), "").await;
    // The last day is included, on the wall clock of Kyiv.
    let expected = "pool      spring\nstate     in use\nuses      0 of 1, 0 held\nuntil     2099-01-31T22:00:00Z\n\
                    birthday  3 days before, 0 after\n";
    assert_eq!((seen.code, seen.out.as_str()), (0, expected), "{}", seen.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_taken_in_and_its_faults_are_told_by_line() {
    let shop = Shop::open().await;
    let secrets = ["SECRET-1", "SECRET-2", "0671234567", "271828", "31415"];
    let table = "Code;phone;PIN;until\nSECRET-1;0671234567;271828;2099-12-31\n\nSECRET-2;0671234567;31415;\nokay-1;;;\nOKAY 1;;;\n";
    let ran = shop.run("import spring - --uses 5", table).await;
    let expected = "line 4 has no six digits in `pin`, or a PIN without a phone or customer\n\
                    line 6 has a code that there is already\n2 codes taken in, 2 refused\n";
    assert_eq!((ran.code, ran.out.as_str()), (1, expected), "{}", ran.err);
    let again = format!("import spring - --uses 5 --json --request-id {}", request_id(&ran));
    let again: Value = serde_json::from_str(&shop.run(&again, table).await.out).unwrap();
    assert_eq!((again["imported"].as_u64(), again["refused"].as_u64()), (Some(2), Some(2)), "{again}");
    assert_eq!(again["faults"][0], serde_json::json!({"line": 4, "reason": "PIN"}));

    let seen = shop.run("inspect - --json", "secret1\n").await;
    let seen: Value = serde_json::from_str(&seen.out).unwrap();
    let flags = ["has_phone", "has_pin", "has_customer"].map(|name| seen[name].as_bool().unwrap_or_default());
    assert_eq!((seen["uses_max"].as_u64(), flags), (Some(5), [true, true, false]), "{seen}");

    // A file with a fault of its own is not sent.
    fs::write(shop.home().join("crm.csv"), "code,uses\nSECRET-3,one\nNEW-1,1\n").unwrap();
    let ran_local = shop.run("import spring crm.csv", "").await;
    assert_eq!((ran_local.code, ran_local.out.as_str()), (2, ""));
    let expected = "error: `crm.csv` was not sent:\n  line 2 has no number in `uses`\n";
    assert_eq!(ran_local.err, expected);
    assert_eq!(shop.run("inspect NEW-1", "").await.code, 1);
    for secret in secrets {
        assert!(!format!("{}{}", ran.out, ran.err).contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_and_a_pool_go_out_of_use() {
    let shop = Shop::open().await;
    let made = shop.run("generate spring 2", "").await;
    let (one, other) = made.out.trim().split_once('\n').unwrap();
    let disabled = shop.run("disable --code -", one).await;
    assert_eq!(disabled.out, "the code is out of use\n");
    // A call that broke off is asked again by its id, which is that of this call alone.
    let again = format!("disable --request-id {} --code", request_id(&disabled));
    assert_eq!(shop.run(&format!("{again} -"), one).await.out, "the code is out of use\n");
    assert_eq!(shop.run(&format!("{again} -"), other).await.code, 2);
    assert!(shop.run(&format!("inspect {one}"), "").await.out.contains("state     out of use"));
    assert!(shop.run(&format!("inspect {other}"), "").await.out.contains("state     in use"));
    assert_eq!(shop.run("disable --pool spring --json", "").await.out, "{\"disabled\":\"pool\"}\n");
    assert!(shop.run(&format!("inspect {other}"), "").await.out.contains("state     out of use"));
    for (args, what) in
        [("disable --code NOSUCH1", "code"), ("disable --pool nosuch", "pool"), ("inspect NOSUCH1", "code")]
    {
        let ran = shop.run(args, "").await;
        let expected = format!("there is no such {what}\n");
        let told = if args.starts_with("disable") { 2 } else { 1 };
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.lines().count()),
            (1, "", told),
            "{args}: {}",
            ran.err
        );
        assert!(ran.err.ends_with(&expected), "{args}: {}", ran.err);
    }
}

#[test]
fn what_is_typed_wrongly_is_said_and_every_command_has_an_example() {
    let home = tempfile::tempdir().unwrap();
    for (args, part) in [
        ("generate spring 0", "1..=1000000"),
        ("generate spring 5 --until someday", "`someday` in --until is no day or moment"),
        ("generate spring 5 --from 2027-02-01 --until 2027-01-01", "--until is not after --from"),
        ("generate spring 5 --time-zone Kyjiv", "`Kyjiv` is no time zone"),
        ("generate spring 5 --request-id 7", "--request-id"),
        ("generate spring 5", "cannot connect to `127.0.0.1:1`"),
        ("import spring none.csv", "cannot read `none.csv`"),
        ("inspect -", "there is no code on standard input"),
        ("disable", "--code"),
        ("disable --code A --pool B", "cannot be used with"),
    ] {
        let ran = run(home.path(), "127.0.0.1:1", args, "");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args}: {}", ran.err);
        assert!(ran.err.contains(part), "{args}: {}", ran.err);
    }
    for command in ["generate", "import", "inspect", "disable"] {
        let ran = run(home.path(), "", &format!("{command} --help"), "");
        let example = format!("Examples:\n  pricewright codes {command} ");
        assert!(ran.code == 0 && ran.out.contains(&example), "{}", ran.out);
    }
}
