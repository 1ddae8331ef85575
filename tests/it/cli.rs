//! The binary as a person or a script meets it: exit codes, what it prints and where.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

const SETTINGS: &str =
    "currency: UAH\ntime_zone: Europe/Kyiv\nchannels: [pos, web]\ncatalog: [catalog.csv]\n";
const CATALOG: &str = "sku,name,brand,category,price,cost,tags\n\
    EDT,Green Fig eau de toilette 50 ml,Linara,fragrance/women,1990.00,,\n\
    KRM,Крем для рук з календулою та обліпихою 50 мл,Косинь,body/hands,185.00,,\n";
const PROMOTIONS: &str = "promotions:\n\
    \x20 - id: fragrance-20\n\
    \x20   name: Fragrance −20 %\n\
    \x20   on: {categories: [fragrance]}\n\
    \x20   give: {percent: 20}\n\
    \x20 - id: web-only\n\
    \x20   name: Крем у вебі −30 %\n\
    \x20   when: {channels: [web]}\n\
    \x20   on: {brands: [Косинь]}\n\
    \x20   give: {percent: 30}\n";
const TYPO: &str = "promotions:\n  - id: a\n    name: A\n    give: {persent: 20}\n";
const BASKET: &str = r#"{
  "basket": {"lines": [
    {"id": "1", "sku": "EDT", "quantity": 2},
    {"id": "2", "sku": "KRM", "quantity": 1}],
    "delivery": {"method": "courier", "price": "9900"}},
  "context": {"time": "2026-11-27T12:00:00+02:00", "channel": "pos", "codes": ["SUMMER"]},
  "explain": true
}"#;
const LINE: &str = r#"{"basket": {"lines": [{"id": "1", "sku": "EDT", "quantity": 1}]}, "context": {"time": "2026-11-27T12:00:00+02:00"}}"#;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    command
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["LANG", "LC_ALL", "LC_MESSAGES", "NO_COLOR", "PRICEWRIGHT_RULES"] {
        command.env_remove(name);
    }
    command
}

fn run_with(folder: &Path, args: &[&str], input: &str) -> Ran {
    let mut child = command(folder, args).spawn().unwrap();
    // A command that refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ran =
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) };
    let all = format!("{}{}", ran.out, ran.err);
    assert!(!all.contains('\u{1b}'), "{args:?}: colors without a terminal: {all}");
    assert!(!all.contains("panicked") && !all.contains("stack backtrace"), "{args:?}: {all}");
    ran
}

fn run(folder: &Path, args: &[&str]) -> Ran {
    run_with(folder, args, "")
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let place = folder.path().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    folder
}

fn shop(more: &[(&str, &str)]) -> TempDir {
    let rules = [
        ("rules/settings.yaml", SETTINGS),
        ("rules/catalog.csv", CATALOG),
        ("rules/all.yaml", PROMOTIONS),
        ("basket.json", BASKET),
    ];
    folder(&[&rules, more].concat())
}

/// One call: arguments with blanks between, the exit code, what standard output and standard error hold.
fn check(folder: &TempDir, args: &str, code: i32, out: &[&str], err: &[&str]) {
    let ran = run(folder.path(), &args.split(' ').collect::<Vec<_>>());
    let said = format!("`{args}` ended with {}\n{}\n{}", ran.code, ran.out, ran.err);
    assert_eq!(ran.code, code, "{said}");
    for part in out {
        assert!(ran.out.contains(part), "standard output does not hold `{part}`: {said}");
    }
    for part in err {
        assert!(ran.err.contains(part), "standard error does not hold `{part}`: {said}");
    }
    assert!(!out.is_empty() || ran.out.is_empty(), "standard output is not empty: {said}");
    assert!(!err.is_empty() || ran.err.is_empty(), "standard error is not empty: {said}");
}

#[test]
fn a_quote_is_proto3_json_on_one_line() {
    let shop = shop(&[]);
    let ran = run(shop.path(), &["price", "--rules", "rules", "--json", "basket.json"]);
    assert_eq!((ran.code, ran.err.as_str(), ran.out.lines().count()), (0, "", 1), "{}", ran.out);
    let quote: Value = serde_json::from_str(&ran.out).unwrap();
    for (pointer, expected) in [
        ("/currency_code", Value::from("UAH")),
        ("/list_total", Value::from("416500")),
        ("/discount_total", Value::from("79600")),
        ("/delivery_total", Value::from("9900")),
        ("/total", Value::from("346800")),
        ("/optimality", Value::from("PROVEN")),
        ("/lines/0/id", Value::from("1")),
        ("/lines/0/sku", Value::from("EDT")),
        ("/lines/0/quantity", Value::from(2)),
        ("/lines/0/list_unit_price", Value::from("199000")),
        ("/lines/0/total", Value::from("318400")),
        ("/lines/0/groups/0/quantity", Value::from(2)),
        ("/lines/0/groups/0/unit_price", Value::from("159200")),
        ("/lines/0/groups/0/discounts/0/promotion_id", Value::from("fragrance-20")),
        ("/lines/0/groups/0/discounts/0/amount", Value::from("39800")),
        ("/promotions/0/id", Value::from("fragrance-20")),
        ("/promotions/0/name", Value::from("Fragrance −20 %")),
        ("/promotions/0/amount", Value::from("79600")),
        ("/codes/0/status", Value::from("UNKNOWN")),
        ("/reasons/0/promotion_id", Value::from("web-only")),
        ("/reasons/0/code", Value::from("WRONG_CHANNEL")),
    ] {
        assert_eq!(quote.pointer(pointer), Some(&expected), "{pointer} of {quote:#}");
    }
    let version = quote["rulebook_version"].as_str().unwrap();
    assert!(
        version.len() == 12 && quote["rulebook_digest"].as_str().unwrap().starts_with(version),
        "{quote:#}"
    );
}

/// The receipt says of which goods more is needed, and why a promotion with goods of its own does not apply.
#[test]
fn a_receipt_names_the_goods_that_are_missing() {
    let more = "promotions:\n\
        \x20 - id: hands\n\
        \x20   name: Hands −5 % from 200\n\
        \x20   on: {categories: [body/hands]}\n\
        \x20   spend: {at_least: 200}\n\
        \x20   give: {percent: 5}\n\
        \x20 - id: other\n\
        \x20   name: Other −5 %\n\
        \x20   on: {brands: [Linara], skus: [KRM]}\n\
        \x20   give: {percent: 5}\n";
    let shop = shop(&[("rules/more.yaml", more)]);
    let english = [
        "Add goods (category body/hands) for 15.00 and you save at least 9.25 more with “Hands −5\u{a0}% from 200”",
        "200.00 is needed after discounts on single goods, you have 185.00; only these count: category body/hands",
        "none of its goods are in the basket:\n   Крем для рук",
    ];
    let ran = run(shop.path(), &["price", "--rules", "rules", "basket.json"]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in english {
        assert!(words(&ran.out).contains(&words(part)), "`{part}` is not in {}", ran.out);
    }
}

#[test]
fn requests_come_one_a_line_and_a_bad_one_stops_nobody() {
    let shop = shop(&[]);
    let args = ["price", "--rules", "rules", "--json", "-"];
    let good = run_with(shop.path(), &args, &format!("{LINE}\n\n{LINE}"));
    assert_eq!((good.code, good.err.as_str(), good.out.lines().count()), (0, "", 2));
    let nobody = r#"{"basket": {"lines": [{"id": "1", "sku": "NOBODY", "quantity": 1}]}}"#;
    let bad = run_with(shop.path(), &args, &format!("{LINE}\n{{\"baskit\": 1}}\n\n{nobody}\n{{\n{LINE}\n"));
    assert_eq!((bad.code, bad.out.lines().count()), (2, 2), "{}\n{}", bad.out, bad.err);
    for part in [
        "error: line 2, column 9: `baskit`",
        "error: line 4: `basket.lines[0].unit_price`",
        "error: line 5, ",
    ] {
        assert!(bad.err.contains(part), "`{part}` is not in {}", bad.err);
    }
    // A file may hold one a line as well, and its first line may be the bad one.
    let file = folder(&[("lines.jsonl", &format!("{{\n{LINE}\n{LINE}\n"))]);
    let path = file.path().join("lines.jsonl");
    let ran = run(shop.path(), &["price", "--rules", "rules", "--json", path.to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.lines().count()), (2, 2), "{}\n{}", ran.out, ran.err);
    assert!(ran.err.contains("error: line 1, "), "{}", ran.err);
}

#[test]
fn an_answer_comes_before_the_next_request() {
    let shop = shop(&[]);
    let mut child = command(shop.path(), &["price", "--rules", "rules", "--json", "-"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (send, answers) = channel();
    thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    for _ in 0..3 {
        writeln!(input, "{LINE}").unwrap();
        let answer =
            answers.recv_timeout(Duration::from_secs(30)).expect("no answer before the next request");
        assert!(answer.contains("\"total\":\"159200\""), "{answer}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn who_stops_reading_gets_no_error() {
    let shop = shop(&[]);
    let mut child = command(shop.path(), &["price", "--rules", "rules", "--json", "-"]).spawn().unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(format!("{LINE}\n").repeat(50).as_bytes());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn a_receipt_can_be_read_out() {
    let golden = |lang: &str, expected: &str| {
        let shop = shop(&[]);
        let ran = run(shop.path(), &["price", "--rules", "rules", "--lang", lang, "basket.json"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert_eq!(ran.out.replace('\u{a0}', "_"), expected.trim_start_matches('\n'), "\n{}", ran.out);
    };
    golden("en", include_str!("cli/receipt.en.txt"));
    golden("uk", include_str!("cli/receipt.uk.txt"));
}

#[test]
fn what_cannot_be_priced_is_said_and_ends_with_2() {
    let shop = shop(&[
        ("broken/all.yaml", TYPO),
        ("empty/readme.txt", ""),
        ("nothing.json", "\n"),
        ("list.json", "[1]"),
    ]);
    check(&shop, "price --rules nowhere basket.json", 2, &[], &["error: rules folder `nowhere`"]);
    check(&shop, "price --rules rules nobody.json", 2, &[], &["error: cannot read `nobody.json`"]);
    check(&shop, "price --rules rules nothing.json", 2, &[], &["error: there is no request to price"]);
    check(&shop, "price --rules rules list.json", 2, &[], &["error: line 1, column"]);
    check(&shop, "price --rules broken basket.json", 2, &[], &["all.yaml:4", "persent", "^", "percent"]);
    check(&shop, "price --rules broken --lang uk basket.json", 2, &[], &["persent", "percent"]);
    check(&shop, "price --rules empty basket.json", 2, &[], &["`basket.lines[0].unit_price`"]);
    check(&shop, "price --nonsense", 2, &[], &["--nonsense"]);
}

#[test]
fn check_tells_every_finding_and_sums_up() {
    let unknown_sku =
        "promotions:\n  - id: late\n    name: Late\n    on: {skus: [NOT-YET]}\n    give: {percent: 5}\n";
    let shop = shop(&[
        ("broken/one.yaml", TYPO),
        ("broken/two.yaml", "promotions:\n  - id: b\n    name: B\n    give: {percent: 120}\n"),
        ("warned/settings.yaml", SETTINGS),
        ("warned/catalog.csv", CATALOG),
        ("warned/late.yaml", unknown_sku),
        ("empty/readme.txt", ""),
        (
            "rules/all.test.yaml",
            "tests:\n  - name: T\n    basket: {lines: [{sku: EDT, quantity: 1}]}\n    context: {time: \"2026-11-27T12:00:00+02:00\"}\n    expect: {total: 1592.00, promotions: [fragrance-20]}\n",
        ),
    ]);
    let summary =
        "2 promotions, 0 caps, 2 products; 0 errors, 0 warnings; promotions without a test: web-only";
    check(&shop, "rules check", 0, &[summary], &[]);
    check(
        &shop,
        "rules check rules --lang uk",
        0,
        &["2 акції, 0 обмежень, 2 товари; 0 помилок, 0 попереджень"],
        &[],
    );
    check(
        &shop,
        "rules check broken",
        1,
        &["one.yaml:4", "persent", "^", "two.yaml:4", " errors, 0 warnings"],
        &[],
    );
    check(
        &shop,
        "rules check broken --json",
        1,
        &["\"rendered\":", "\"path\":\"one.yaml\"", "\"line\":4"],
        &[],
    );
    check(&shop, "rules check rules --json", 0, &["\"ok\":true", "\"digest\":\""], &[]);
    check(&shop, "rules check warned", 0, &["NOT-YET", "0 errors, 1 warning"], &[]);
    check(&shop, "rules check warned --strict", 1, &["NOT-YET", "0 errors, 1 warning"], &[]);
    check(&shop, "rules check empty", 0, &["no rule files here"], &[]);
    check(&shop, "rules check nowhere", 2, &[], &["error: rules folder `nowhere`"]);
}

#[test]
fn rule_tests_run_and_show_the_difference() {
    let test = |name: &str, total: &str, promotions: &str| {
        format!(
            "  - name: {name}\n    basket: {{lines: [{{sku: EDT, quantity: 1}}]}}\n    context: {{time: \"2026-11-27T12:00:00+02:00\"}}\n    expect: {{total: {total}, promotions: [{promotions}]}}\n"
        )
    };
    let good = format!("tests:\n{}", test("It takes a fifth off", "1592.00", "fragrance-20"));
    let bad = format!("tests:\n{}", test("It takes nothing off", "1990.00", ""));
    let given =
        "promotions: [fragrance-20], gifts: [{sku: POUCH, quantity: 2}, {options: [B, A]}], points: 3";
    let given = format!("tests:\n{}", test("It gives", "1592.00", "").replace("promotions: []", given));
    let shop = shop(&[
        ("rules/good.test.yaml", &good),
        ("rules/sub/bad.test.yaml", &bad),
        ("rules/given.test.yaml", &given),
    ]);
    check(
        &shop,
        "rules test rules",
        1,
        &[
            "ok     good.test.yaml: It takes a fifth off",
            "FAILED sub/bad.test.yaml: It takes nothing off",
            "total: expected 1\u{a0}990.00, got 1\u{a0}592.00",
            "promotions: expected [], got [fragrance-20]",
            "TO PAY",
            "FAILED given.test.yaml: It gives",
            "gifts: expected [2 × POUCH; 1 × one of A, B], got []",
            "points: expected 3, got 0",
            "1 ok, 2 failed",
        ],
        &[],
    );
    check(&shop, "rules test rules --filter fifth", 0, &["1 ok, 0 failed"], &[]);
    check(&shop, "rules test rules --filter FIFTH --lang uk", 0, &["1 успішно, 0 з помилкою"], &[]);
    check(&shop, "rules test nowhere", 2, &[], &["error: rules folder `nowhere`"]);
}

#[test]
fn the_schema_is_json() {
    let here = tempfile::tempdir().unwrap();
    for args in
        [&["rules", "schema"][..], &["rules", "schema", "--settings"], &["rules", "schema", "--tests"]]
    {
        let ran = run(here.path(), args);
        let schema: Value = serde_json::from_str(&ran.out).unwrap();
        assert!(
            ran.code == 0 && schema["$schema"].as_str().unwrap().contains("draft-07"),
            "{args:?}: {schema:#}"
        );
    }
}

#[test]
fn every_command_has_an_example_and_every_shell_a_completion() {
    let here = tempfile::tempdir().unwrap();
    for args in [
        "",
        "demo",
        "serve",
        "price",
        "rules",
        "rules check",
        "rules test",
        "rules schema",
        "ledger",
        "ledger verify",
        "ledger export",
        "ledger import",
        "ledger backup",
        "ledger restore",
        "report",
        "report promotions",
        "certificates",
        "sale",
        "completions",
        "man",
    ] {
        let args: Vec<&str> = args.split(' ').filter(|word| !word.is_empty()).chain(["--help"]).collect();
        let ran = run(here.path(), &args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
        let own = format!("pricewright {}", args[..args.len() - 1].join(" "));
        let examples = ran.out.split_once("Examples:").unwrap_or_else(|| panic!("{args:?} has no example")).1;
        assert!(examples.contains(own.trim_end()), "{args:?}: {examples}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(here.path(), &["completions", shell]);
        assert!(
            ran.code == 0 && ran.out.contains("pricewright") && ran.out.contains("completions"),
            "{shell}"
        );
        // What came last is there too: completions are made of the commands themselves.
        for flag in ["check", "grpc-web", "otp-webhook-secret"] {
            assert!(ran.out.contains(flag), "{shell} does not know `--{flag}`");
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let here = tempfile::tempdir().unwrap();
    let ran = run(here.path(), &["man"]);
    assert!(
        ran.code == 0 && ran.out.contains(".TH pricewright 1") && ran.out.contains("pricewright\\-serve(1)")
    );
    let ran = run(here.path(), &["man", "share/man1"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    let page = |name: &str| fs::read_to_string(here.path().join("share/man1").join(name)).unwrap();
    for (name, parts) in [
        ("pricewright.1", &["Examples:"][..]),
        ("pricewright-serve.1", &["\\-\\-check", "PRICEWRIGHT_LISTEN", "\\-\\-drain\\-seconds", "SIGTERM"]),
        ("pricewright-rules-check.1", &["\\-\\-strict"]),
        ("pricewright-ledger-verify.1", &["Examples:"]),
        ("pricewright-man.1", &["Examples:"]),
    ] {
        let text = page(name);
        for part in parts {
            assert!(text.contains(part), "`{part}` is not in {name}: {text}");
        }
    }
    let hidden = fs::read_dir(here.path().join("share/man1")).unwrap();
    assert!(hidden.flatten().all(|entry| !entry.file_name().to_str().unwrap().contains("bench-server")));
    fs::write(here.path().join("file"), "").unwrap();
    check(&here, "man file", 2, &[], &["error: cannot write into `file`"]);
}

#[test]
fn the_demo_holds_and_clears_up() {
    let here = tempfile::tempdir().unwrap();
    let mut command = command(here.path(), &["demo", "--calls", "200"]);
    let output = command.env("TMPDIR", here.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for part in [
        "1. ",
        "2. ",
        "3. ",
        "4. ",
        "5. ",
        "6. ",
        "7. ",
        "Certificate ···",
        "p50",
        "p99",
        "What to try next",
        "^",
    ] {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    assert!(!text.contains('\u{1b}') && !text.contains('✗'), "{text}");
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0, "the demo left something behind");
}
