//! `pricewright certificates` and `pricewright sale` against a service that runs: what is printed where, and that no secret is where it was not
//! asked for.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use pricewright::server::config::Options;
use serde_json::Value;

use crate::certificates::shop::{Held, Shop, TILL, gift, goods, id, pay, phone, reserve};
use crate::outbox::gateway::{Answer, Gateway};
use crate::running::Folders;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }

    /// What a table of names and values has beside a name.
    fn said(&self, name: &str) -> &str {
        let line = self.out.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name}: {}{}", self.out, self.err)).trim()
    }
}

fn run(home: &Path, server: &str, args: &str, input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pricewright"))
        .current_dir(home)
        .env("PRICEWRIGHT_SERVER", server)
        .env("LC_ALL", "C")
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

/// In a shell of the shop.
async fn ask(shop: &Shop, args: &str, input: &str) -> Ran {
    let server = shop.running.server.local_addr().to_string();
    let (home, args, input) = (shop.folders.home().to_owned(), args.to_owned(), input.to_owned());
    tokio::task::spawn_blocking(move || run(&home, &server, &args, &input)).await.unwrap()
}

fn request_id(ran: &Ran) -> String {
    let line = ran.err.lines().next().unwrap_or_default();
    line.strip_prefix("request id ").unwrap_or_else(|| panic!("{}", ran.err)).to_owned()
}

/// Whether something is told beside the request id.
fn is_quiet(ran: &Ran) -> bool {
    ran.code == 0 && ran.err.lines().count() == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_issued_opened_and_spent_from_a_shell() {
    let shop = Shop::open(Options::default()).await;
    let sold = shop.reserve(reserve(vec![gift(50_000, 1)])).await.unwrap();
    let early = ask(&shop, &format!("certificates issue --sale {} --phone -", sold.id), "0671234567\n").await;
    assert_eq!((early.code, early.out.as_str()), (2, ""));
    assert!(early.err.ends_with("the service refuses: The purchase is not paid yet.\n"), "{}", early.err);
    shop.commit(&sold).await.unwrap();

    let phone = "+380671234567";
    let command = format!("certificates issue --sale {} --line gift --phone - --until 2027-11-25", sold.id);
    let issued = ask(&shop, &command, phone).await;
    assert!(is_quiet(&issued), "{}", issued.err);
    let number = issued.said("number").to_owned();
    assert_eq!(issued.out.lines().count(), 4);
    assert_eq!((issued.said("worth"), issued.said("until")), ("500.00 UAH", "2027-11-25T22:00:00Z"));
    assert_ne!(issued.said("id"), request_id(&issued), "by that call the number is told again");
    let again = format!("{command} --json --request-id {}", request_id(&issued));
    let again = ask(&shop, &again, phone).await.json();
    assert_eq!((again["number"].as_str(), again["amount"].as_str()), (Some(number.as_str()), Some("50000")));

    // The number is no secret to its owner, but to whoever looks over a shoulder: it comes by standard input.
    let owner = format!("{number}\n{phone}\n");
    let purchase = id();
    let sent = format!(
        "certificates send-otp --number - --phone - --purchase {purchase} --till {TILL} --amount 350.00"
    );
    let sent = ask(&shop, &sent, &owner).await;
    assert!(is_quiet(&sent) && sent.out.starts_with("sent; it ends at 20"), "{}{}", sent.out, sent.err);
    let otp = shop.shown(&request_id(&sent));
    let too_soon = ask(&shop, "certificates send-otp --number - --phone - --look", &owner).await;
    assert_eq!((too_soon.code, too_soon.out.as_str()), (2, ""));
    assert!(too_soon.err.contains("A new password can be sent in"), "{}", too_soon.err);

    let held =
        Held { number: number.clone(), phone: phone.to_owned(), id: again["certificate_id"].to_string() };
    let bought = shop.reserve(pay(vec![goods("CREAM", 100_000)], &purchase, &[(&held, &otp)])).await.unwrap();
    let reserved = ask(&shop, &format!("sale {}", bought.id), "").await;
    assert!(
        reserved.out.contains("TO PAY                                550.00\u{a0}UAH\n\nReserved until ")
    );
    shop.commit(&bought).await.unwrap();
    let receipt = ask(&shop, &format!("sale {}", bought.id), "").await;
    let (_, last_four) = number.split_at(number.len() - 4);
    let expected = format!(
        "\
1. CREAM
   1 × 1 000.00                         1 000.00
   tenth                                 −100.00
   = 1 × 900.00                           900.00
------------------------------------------------
Goods                                   1 000.00
Discounts                                −100.00
================================================
TOTAL                                 900.00 UAH
Certificate ···{last_four}                      −350.00
   left on it                             150.00
PAID IN MONEY                         550.00 UAH

Paid on "
    );
    let told = receipt.out.replace('\u{a0}', " ");
    assert!(
        receipt.code == 0 && receipt.err.is_empty() && told.starts_with(&expected),
        "{told}{}",
        receipt.err
    );
    let ukrainian = ask(&shop, &format!("sale {} --lang uk", bought.id), "").await;
    assert!(ukrainian.out.contains(&format!("Сертифікат ···{last_four}")), "{}", ukrainian.out);
    let json = ask(&shop, &format!("sale {} --json", bought.id), "").await.json();
    assert_eq!(json["payments"][0]["balance_left"], "15000");
    shop.bring_back(&bought, "cream").await.unwrap();
    let back = ask(&shop, &format!("sale {}", bought.id), "").await;
    assert!(back.out.contains(&format!("   to certificate ···{last_four}")), "{}", back.out);

    for ran in [&early, &issued, &sent, &too_soon, &receipt, &ukrainian, &back] {
        for secret in [number.as_str(), &number.replace('-', ""), "671234567", otp.as_str()] {
            assert!(!ran.err.contains(secret), "{}", ran.err);
        }
    }
    for out in [&sent.out, &receipt.out, &back.out] {
        assert!(!out.contains(&number) && !out.contains("671234567"), "{out}");
    }
    let unknown = format!("certificates issue --sale {} --phone {phone}", id());
    for (args, told) in [
        (unknown.as_str(), "There is no such purchase.\n"),
        (&format!("sale {}", id()), "there is no such sale\n"),
    ] {
        let ran = ask(&shop, args, "").await;
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
        assert!(ran.err.ends_with(told), "{}", ran.err);
    }
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn its_owner_looks_at_it_and_support_changes_it() {
    let shop = Shop::open(Options::default()).await;
    let mut held = shop.certificate(30_000).await;
    let otp = shop.look(&held).await;
    let opened = format!("{}\n{}\n{otp}\n", held.number, held.phone);
    let balance = ask(&shop, "certificates balance", &opened).await;
    assert!(is_quiet(&balance), "{}", balance.err);
    assert_eq!((balance.said("balance"), balance.said("state")), ("300.00 UAH", "active"));
    assert!(balance.said("number").starts_with("···") && !balance.out.contains(&held.number));
    // The password is used up, but the same call has the same answer.
    let used = ask(&shop, "certificates balance", &opened).await;
    assert_eq!((used.code, used.out.as_str()), (2, ""));
    assert!(used.err.contains("The certificate, the phone or the password is not right."), "{}", used.err);
    let again = format!("certificates balance --json --request-id {}", request_id(&balance));
    assert_eq!(ask(&shop, &again, &opened).await.json()["balance"], "30000");
    for secret in [held.number.as_str(), held.phone.as_str(), otp.as_str()] {
        assert!(!format!("{}{}", balance.err, used.err).contains(secret), "{}", used.err);
    }

    let who = "--actor support-7 --reason lost";
    let block = ask(&shop, &format!("certificates block --number - {who}"), &held.number).await;
    assert!(is_quiet(&block) && block.said("state") == "blocked", "{}{}", block.out, block.err);
    assert!(!format!("{}{}", block.out, block.err).contains(&held.number));
    let twice = ask(&shop, &format!("certificates block --id {} {who}", held.id), "").await;
    assert_eq!((twice.code, twice.out.as_str()), (2, ""), "{}", twice.err);
    let again = format!("certificates block --number - {who} --request-id {}", request_id(&block));
    assert_eq!(ask(&shop, &again, &held.number).await.out, block.out);
    let unblock = ask(&shop, &format!("certificates unblock --id {} {who} --json", held.id), "").await;
    assert_eq!(unblock.json()["state"], "ACTIVE");
    let extend = format!("certificates extend --id {} --until 2029-12-31 {who}", held.id);
    assert_eq!(ask(&shop, &extend, "").await.said("until"), "2029-12-31T22:00:00Z");
    let new = phone();
    let transfer = ask(
        &shop,
        &format!("certificates transfer --number - --phone - {who}"),
        &format!("{}\n{new}\n", held.number),
    )
    .await;
    assert!(is_quiet(&transfer) && !transfer.err.contains(&new), "{}", transfer.err);
    held.phone = new;

    let otp = shop.look(&held).await;
    let opened = format!("{}\n{otp}\n", held.number);
    let entries =
        ask(&shop, &format!("certificates entries --count 2 --phone {}", held.phone), &opened).await;
    let rows: Vec<&str> = entries.out.lines().skip(8).collect();
    assert!(is_quiet(&entries) && rows.len() == 1, "{}{}", entries.out, entries.err);
    // What was before it was this owner's is not hers to see.
    assert!(rows[0].contains("transferred    0.00   300.00"), "{}", entries.out);
    let again = format!(
        "certificates entries --count 2 --phone {} --json --request-id {}",
        held.phone,
        request_id(&entries)
    );
    assert_eq!(ask(&shop, &again, &opened).await.json()["entries"][0]["kind"], "TRANSFERRED");
    let unknown = ask(&shop, &format!("certificates block --id {} {who}", id()), "").await;
    assert_eq!((unknown.code, unknown.out.as_str()), (1, ""));
    assert!(unknown.err.ends_with("There is no such certificate.\n"), "{}", unknown.err);
    shop.running.server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn books_are_the_same_from_a_service_and_from_its_folder() {
    let shop = Shop::open(Options::default()).await;
    let held = shop.certificate(30_000).await;
    let sent = shop.password(&held, 12_345).await;
    let bought = shop.reserve(pay(vec![goods("SOAP", 20_000)], &sent.purchase, &[(&held, &sent.otp)])).await;
    shop.commit(&bought.unwrap()).await.unwrap();
    let asked = "certificates statement --from 2026-01-01 --until 2035-12-31";
    let csv = ask(&shop, &format!("{asked} --csv"), "").await;
    let rows: Vec<&str> = csv.out.split("\r\n").collect();
    let heading = "day,currency,opening,issued,returned,reinstated,spent,expired,refunded,closing";
    assert!(csv.code == 0 && csv.err.is_empty() && rows[0] == heading, "{}{}", csv.out, csv.err);
    // Midnight may pass between issue and payment.
    let last: BTreeMap<&str, &str> = heading.split(',').zip(rows[rows.len() - 2].split(',')).collect();
    assert_eq!(
        (last["currency"], last["spent"], last["closing"]),
        ("UAH", "123.45", "176.55"),
        "{}",
        csv.out
    );
    let json = ask(&shop, &format!("{asked} --json"), "").await;
    assert_eq!(json.json()["days"].as_array().unwrap().last().unwrap()["closing"], "17655");
    let table = ask(&shop, asked, "").await;
    assert!(table.out.starts_with("UAH         opening  issued   spent  closing\n"), "{}", table.out);
    let quiet = ask(&shop, "certificates statement --from 2020-01-01 --until 2020-01-31 --lang uk", "").await;
    assert_eq!((quiet.code, quiet.out.as_str()), (0, "у ці дні із сертифікатами нічого не відбувалося\n"));
    let taken = ask(&shop, &format!("{asked} --data data"), "").await;
    assert_eq!((taken.code, taken.out.as_str()), (2, ""));
    assert!(taken.err.contains("another process"), "{}", taken.err);

    let Shop { folders, running, till, desk, .. } = shop;
    drop((till, desk));
    running.server.shutdown().await.unwrap();
    for (flag, before) in [("--csv", &csv), ("--json", &json), ("--lang en", &table)] {
        let ran = run(folders.home(), "127.0.0.1:1", &format!("{asked} --data data {flag}"), "");
        assert_eq!((ran.code, &ran.out), (0, &before.out), "{}", ran.err);
    }
    let other = run(folders.home(), "", &format!("{asked} --data data --time-zone UTC --csv"), "");
    assert!(other.code == 0 && other.out.starts_with(heading), "{}", other.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_that_no_gateway_takes_are_listed() {
    let gone = || Answer::Say("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n".to_owned());
    let shop = Shop::with(Gateway::start(move |_, _| gone()), Folders::new(), Options::default()).await;
    let none = ask(&shop, "certificates undelivered", "").await;
    assert_eq!((none.code, none.out.as_str()), (0, "no password was given up\n"), "{}", none.err);
    let held = shop.certificate(30_000).await;
    let owner = format!("{}\n{}\n", held.number, held.phone);
    let sent = ask(&shop, "certificates send-otp --number - --phone - --look", &owner).await;
    assert!(sent.code == 0 && sent.out.starts_with("late: the gateway has not taken it yet"), "{}", sent.out);
    let id = request_id(&sent);
    let none = ask(&shop, "certificates undelivered --json", "").await;
    assert_eq!((none.code, none.out.as_str()), (0, "{}\n"), "it is still tried");

    // Harm on the disk: what cannot be read after a restart is not delivered.
    let Shop { folders, running, gateway, till, desk } = shop;
    drop((till, desk));
    running.server.shutdown().await.unwrap();
    let letter = folders.data().join("outbox").join(format!("{id}.otp"));
    fs::write(&letter, "harmed").unwrap();
    let shop = Shop::with(gateway, folders, Options::default()).await;
    let list = ask(&shop, "certificates undelivered", "").await;
    assert!(list.code == 0 && list.out.lines().count() == 3 && list.out.contains(&id), "{}", list.out);
    let json = ask(&shop, "certificates undelivered --json --count 1", "").await.json();
    assert_eq!(json["otps"][0]["request_id"], id.as_str());
    for secret in [held.number.as_str(), held.phone.as_str()] {
        assert!(!format!("{}{}{json}", sent.err, list.out).contains(secret), "{}", list.out);
    }
    shop.running.server.shutdown().await.unwrap();
}

#[test]
fn what_is_typed_wrongly_is_said_and_every_command_has_an_example() {
    let home = tempfile::tempdir().unwrap();
    let sale = id();
    for (args, part) in [
        ("certificates issue --phone -", "--sale"),
        (&format!("certificates issue --sale {sale}"), "--phone"),
        (&format!("certificates issue --sale {sale} --phone -"), "there is no phone on standard input"),
        (
            &format!("certificates issue --sale {sale} --phone - --until someday"),
            "`someday` in --until is no day or moment",
        ),
        (&format!("certificates issue --sale {sale} --phone 067"), "cannot connect to `127.0.0.1:1`"),
        ("certificates send-otp --number - --phone -", "--look"),
        ("certificates send-otp --number - --phone - --look --till 3", "cannot be used with"),
        ("certificates send-otp --number - --phone - --purchase 7", "--till"),
        (
            "certificates send-otp --number - --phone - --purchase 7 --till 3 --amount 3,50",
            "`3,50` in --amount is no sum of UAH",
        ),
        ("certificates send-otp --number - --phone - --look", "there is no number on standard input"),
        ("certificates balance --number A --phone B", "there is no password on standard input"),
        (&format!("certificates block --id {sale} --actor support-7"), "--reason"),
        ("certificates block --actor support-7 --reason lost", "--number"),
        (&format!("certificates block --id {sale} --number - --actor a --reason b"), "cannot be used with"),
        (&format!("certificates extend --id {sale} --actor a --reason b"), "--until"),
        ("certificates statement --from 2026-11-01", "--until"),
        ("certificates statement --from 2026-11-02 --until 2026-11-01", "--until is before --from"),
        ("certificates statement --from 2026-11-31 --until 2026-11-30", "write a day such as 2026-11-30"),
        ("certificates statement --from 2026-11-01 --until 2026-11-30 --csv --json", "cannot be used with"),
        ("certificates statement --from 2026-11-01 --until 2026-11-30 --data none", "none"),
        ("sale 7", "SALE_ID"),
        (&format!("sale {sale} --time-zone Kyjiv"), "`Kyjiv` is no time zone"),
    ] {
        let ran = run(home.path(), "127.0.0.1:1", args, "");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args}: {}", ran.err);
        assert!(ran.err.contains(part), "{args}: {}", ran.err);
    }
    for command in [
        "issue",
        "send-otp",
        "balance",
        "entries",
        "block",
        "unblock",
        "extend",
        "transfer",
        "statement",
        "undelivered",
    ] {
        let ran = run(home.path(), "", &format!("certificates {command} --help"), "");
        let examples = ran.out.split_once("Examples:\n").unwrap_or_else(|| panic!("{}", ran.out)).1;
        assert!(
            ran.code == 0 && examples.contains(&format!("pricewright certificates {command}")),
            "{}",
            ran.out
        );
    }
}
