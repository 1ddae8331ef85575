//! Generated codes: made once and the same again, good for whom they are meant, and no help to whoever guesses.

mod calls;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use pricewright::ledger::code::{CodeFault, GeneratedCode};
use pricewright::ledger::codes::PIN_FAILURES_MAX;
use pricewright::server::config::Options;
use pricewright::server::wire;
use pricewright::server::wire::code_result::Status as Fate;
use pricewright::server::wire::code_service_client::CodeServiceClient;
use pricewright::server::wire::import_fault::Reason;
use pricewright::server::wire::quote_stream_response::Answer;
use tokio_stream::StreamExt;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::running::{Folders, Running};

const RULES: &str = "
promotions:
  - {id: birthday, when: {code: {pool: birthday, phone: true, pin: true}}, give: {percent: 15}}
  - {id: spring, when: {code: {pool: spring}}, give: {percent: 10}}
  - {id: word, when: {code: WORD}, on: {skus: [OTHER]}, give: {percent: 50}}
";
const PHONE: &str = "0671234567";
const PIN: &str = "271828";

static NEXT: AtomicU64 = AtomicU64::new(1);

fn id() -> String {
    format!("0197c5a4-0000-7cc2-8f3a-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn shop() -> (Folders, Running) {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    (folders, running)
}

fn generate(pool: &str, count: u32) -> wire::GenerateCodesRequest {
    let (request_id, pool) = (id(), pool.to_owned());
    wire::GenerateCodesRequest { request_id, pool, count, ..wire::GenerateCodesRequest::default() }
}

async fn made(codes: &mut CodeServiceClient<Channel>, asked: wire::GenerateCodesRequest) -> Vec<String> {
    let answers = codes.generate(asked).await.unwrap().into_inner();
    let parts: Vec<wire::GenerateCodesResponse> = answers.map(Result::unwrap).collect().await;
    parts.into_iter().flat_map(|part| part.codes).collect()
}

async fn import(
    codes: &mut CodeServiceClient<Channel>,
    pool: &str,
    list: Vec<(&str, wire::CodeTerms)>,
) -> wire::ImportCodesResponse {
    let imported = |(code, terms): (&str, wire::CodeTerms)| wire::ImportedCode {
        code: code.to_owned(),
        terms: Some(terms),
    };
    let message = wire::ImportCodesRequest {
        request_id: id(),
        pool: pool.to_owned(),
        codes: list.into_iter().map(imported).collect(),
        ..wire::ImportCodesRequest::default()
    };
    codes.import(tokio_stream::iter([message])).await.unwrap().into_inner()
}

fn bound(phone: &str, pin: &str) -> wire::CodeTerms {
    wire::CodeTerms { phone: phone.to_owned(), pin: pin.to_owned(), ..wire::CodeTerms::default() }
}

/// A basket of 100.00 with a code, for a phone, with a PIN.
fn basket(code: &str, phone: &str, pin: &str) -> wire::QuoteRequest {
    let line = wire::Line {
        id: "1".to_owned(),
        sku: "CREAM".to_owned(),
        quantity: 1,
        unit_price: Some(10_000),
        ..wire::Line::default()
    };
    let customer = wire::Customer { phone: phone.to_owned(), ..wire::Customer::default() };
    let told = wire::CodePin { code: code.to_owned(), pin: pin.to_owned() };
    wire::QuoteRequest {
        basket: Some(wire::Basket { lines: vec![line], ..wire::Basket::default() }),
        context: Some(wire::Context {
            codes: vec![code.to_owned()],
            customer: (!phone.is_empty()).then_some(customer),
            code_pins: if pin.is_empty() { Vec::new() } else { vec![told] },
            ..wire::Context::default()
        }),
        explain: false,
    }
}

async fn fate(running: &Running, asked: wire::QuoteRequest) -> (Fate, i64) {
    let quote = running.pricing().await.quote(asked).await.unwrap().into_inner();
    (quote.codes[0].status(), quote.total)
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap_or_else(|| panic!("{status:?}")).reason.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_made_once_and_the_same_again() {
    let (folders, running) = shop().await;
    let mut codes = running.codes().await;
    let asked = generate("spring", 2_500);
    let first = made(&mut codes, asked.clone()).await;
    let distinct: BTreeSet<&String> = first.iter().collect();
    assert_eq!((first.len(), distinct.len()), (2_500, 2_500));
    assert!(first.iter().all(|code| GeneratedCode::parse(code).is_ok_and(|parsed| parsed.as_str() == code)));
    let other = made(&mut codes, generate("spring", 10)).await;
    assert!(other.iter().all(|code| !distinct.contains(code)));

    let misused = wire::GenerateCodesRequest { count: 7, ..asked.clone() };
    let mut answers = codes.generate(misused).await.unwrap().into_inner();
    assert_eq!(reason(&answers.next().await.unwrap().unwrap_err()), "REQUEST_ID_REUSED");
    for count in [0, 1_000_001] {
        let status = codes.generate(generate("spring", count)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{count}");
    }

    drop(codes);
    running.server.shutdown().await.unwrap();
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    assert_eq!(made(&mut running.codes().await, asked).await, first);
    // Typed as people type: in small letters with dashes, `O` for `0`.
    let typed = first.iter().find(|code| code.contains('0')).unwrap();
    let typed = GeneratedCode::parse(typed).unwrap().grouped().to_lowercase().replace('0', "o");
    assert_eq!(fate(&running, basket(&typed, "", "")).await, (Fate::Applied, 9_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_used_once_held_while_a_purchase_is_and_given_back() {
    let (_folders, running) = shop().await;
    let mut codes = running.codes().await;
    let code = made(&mut codes, generate("spring", 1)).await.remove(0);
    let mut till = running.redemption().await;
    let reserve = |code: &str| wire::ReserveRequest {
        request_id: id(),
        quote_request: Some(basket(code, "", "")),
        ..wire::ReserveRequest::default()
    };
    let held = till.reserve(reserve(&code)).await.unwrap().into_inner();
    assert_eq!(held.total, 9_000);
    assert_eq!(till.reserve(reserve(&code)).await.unwrap().into_inner().total, 10_000);
    let seen = inspect(&mut codes, &code).await;
    assert_eq!((seen.pool.as_str(), seen.uses_max, seen.held, seen.used), ("spring", 1, 1, 0));
    let cancel = wire::CancelRequest { request_id: id(), sale_id: held.id.clone(), validate_only: false };
    till.cancel(cancel).await.unwrap();
    let held = till.reserve(reserve(&code)).await.unwrap().into_inner();
    assert_eq!(held.total, 9_000);
    // Out of use: what is held may be paid, nothing more.
    let disable = wire::DisableCodesRequest {
        request_id: id(),
        target: Some(wire::disable_codes_request::Target::Code(code.clone())),
        validate_only: false,
    };
    codes.disable(disable.clone()).await.unwrap();
    codes.disable(disable).await.unwrap();
    let commit = wire::CommitRequest { request_id: id(), sale_id: held.id, ..wire::CommitRequest::default() };
    assert_eq!(till.commit(commit).await.unwrap().into_inner().total, 9_000);
    let seen = inspect(&mut codes, &code).await;
    assert_eq!((seen.held, seen.used, seen.disabled), (0, 1, true));

    let many = wire::GenerateCodesRequest {
        terms: Some(wire::CodeTerms { uses_max: Some(0), ..wire::CodeTerms::default() }),
        ..generate("spring", 1)
    };
    let code = made(&mut codes, many).await.remove(0);
    for _ in 0..3 {
        assert_eq!(till.reserve(reserve(&code)).await.unwrap().into_inner().total, 9_000);
    }
    let pool = wire::disable_codes_request::Target::Pool("spring".to_owned());
    let disable = wire::DisableCodesRequest { request_id: id(), target: Some(pool), validate_only: false };
    codes.disable(disable).await.unwrap();
    assert_eq!(till.reserve(reserve(&code)).await.unwrap().into_inner().total, 10_000);
    let nothing = wire::InspectCodeRequest { code: "NOSUCHCODE".to_owned() };
    assert_eq!(reason(&codes.inspect(nothing).await.unwrap_err()), "CODE_UNKNOWN");
}

async fn inspect(codes: &mut CodeServiceClient<Channel>, code: &str) -> wire::Code {
    codes.inspect(wire::InspectCodeRequest { code: code.to_owned() }).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_that_cannot_be_read_is_not_one_that_is_absent() {
    let (_folders, running) = shop().await;
    let mut codes = running.codes().await;
    // Milliseconds, where seconds are meant.
    let millis = Some(pricewright::server::timestamp::Timestamp { seconds: 1_795_647_600_000, nanos: 0 });
    let from = wire::CodeTerms { start_time: millis, ..wire::CodeTerms::default() };
    let until = wire::CodeTerms { end_time: millis, ..wire::CodeTerms::default() };
    for (terms, field) in [(from, "terms.start_time"), (until, "terms.end_time")] {
        let asked = wire::GenerateCodesRequest { terms: Some(terms), ..generate("spring", 1) };
        let status = codes.generate(asked).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        let details = status.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_were_made_elsewhere_are_taken_in_once() {
    let (_folders, running) = shop().await;
    let mut codes = running.codes().await;
    let plain = wire::CodeTerms::default;
    let window = |start: i64, end: i64| wire::CodeTerms {
        start_time: Some(pricewright::server::timestamp::Timestamp { seconds: start, nanos: 0 }),
        end_time: Some(pricewright::server::timestamp::Timestamp { seconds: end, nanos: 0 }),
        ..wire::CodeTerms::default()
    };
    let list = vec![
        ("crm-2026-a", plain()),
        ("CRM 2026 A", plain()),
        ("abc", plain()),
        ("CRM2026B", bound("12", PIN)),
        ("CRM2026C", bound(PHONE, "12345")),
        ("CRM2026D", wire::CodeTerms { pin: PIN.to_owned(), ..plain() }),
        ("CRM2026E", window(20, 10)),
        ("CRM2026F", window(10, 20)),
        ("CRM2026G", window(10, 4_000_000_000)),
        ("CRM2026H", window(10, 4_000_000_000_000)),
        ("CRM2026I", window(4_000_000_000_000, 4_000_000_000_001)),
    ];
    let answer = import(&mut codes, "spring", list).await;
    assert_eq!((answer.imported, answer.refused), (3, 8));
    let faults: Vec<(u32, Reason)> =
        answer.faults.iter().map(|fault| (fault.place, fault.reason())).collect();
    let expected = [
        (2, Reason::Length),
        (3, Reason::Phone),
        (4, Reason::Pin),
        (5, Reason::Pin),
        (6, Reason::Window),
        (9, Reason::Window),
        (10, Reason::Window),
        (1, Reason::Exists),
    ];
    assert_eq!(faults, expected);
    assert_eq!(fate(&running, basket("Crm2026a", "", "")).await, (Fate::Applied, 9_000));
    assert_eq!(fate(&running, basket("CRM2026F", "", "")).await, (Fate::Unknown, 10_000));
    assert_eq!(fate(&running, basket("CRM2026G", "", "")).await, (Fate::Applied, 9_000));
    // Asked again with the same id, nothing is taken in twice, and the answer is the same.
    let message = wire::ImportCodesRequest {
        request_id: id(),
        pool: "spring".to_owned(),
        codes: ["NEW-1", "CRM2026A"]
            .map(|code| wire::ImportedCode { code: code.to_owned(), terms: None })
            .to_vec(),
        ..wire::ImportCodesRequest::default()
    };
    let first = codes.import(tokio_stream::iter([message.clone()])).await.unwrap().into_inner();
    assert_eq!((first.imported, first.refused), (1, 1));
    assert_eq!(codes.import(tokio_stream::iter([message])).await.unwrap().into_inner(), first);
}

/// The first message may say to which pool, and bring no codes.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_may_begin_with_a_heading() {
    let (_folders, running) = shop().await;
    let mut codes = running.codes().await;
    let code = |text: &str| wire::ImportedCode { code: text.to_owned(), terms: None };
    let head = wire::ImportCodesRequest {
        request_id: id(),
        pool: "spring".to_owned(),
        ..wire::ImportCodesRequest::default()
    };
    let part = |texts: [&str; 2]| wire::ImportCodesRequest {
        codes: texts.map(code).to_vec(),
        ..wire::ImportCodesRequest::default()
    };
    let messages =
        [head, part(["HEAD-1", "HEAD-2"]), wire::ImportCodesRequest::default(), part(["HEAD-3", "HEAD-1"])];
    for _ in 0..2 {
        let answer = codes.import(tokio_stream::iter(messages.clone())).await.unwrap().into_inner();
        assert_eq!((answer.imported, answer.refused), (3, 1), "{answer:?}");
        assert_eq!(answer.faults[0].place, 3);
    }
}

/// Many spellings of one code are one code, and one attempt that is made again is one attempt.
#[tokio::test(flavor = "multi_thread")]
async fn a_guess_counts_once_and_every_guess_counts() {
    let (_folders, running) = shop().await;
    let mut codes = running.codes().await;
    let code = made(&mut codes, generate("birthday", 40)).await;
    let code = code.iter().find(|code| code.contains('0')).unwrap();
    // A bound code of our own alphabet: taken in where it does not clash.
    let own = format!("{}Z", code.replace('0', "2"));
    import(&mut codes, "birthday", vec![(own.as_str(), bound(PHONE, PIN))]).await;
    // The same wrong PIN again and again, as a page that quotes on every key press sends it, is one guess.
    for _ in 0..3 * PIN_FAILURES_MAX {
        assert_eq!(fate(&running, basket(&own, PHONE, "000001")).await.0, Fate::Unknown);
    }
    assert_eq!(fate(&running, basket(&own, PHONE, PIN)).await.0, Fate::Applied);
    // Several codes in one request are several guesses.
    let mut asked = basket(&own, PHONE, "000002");
    let context = asked.context.as_mut().unwrap();
    let spelled = |place: usize| {
        let (head, tail) = own.split_at(place);
        format!("{head}-{tail}")
    };
    let spellings: Vec<String> = (0..8).map(spelled).collect();
    context.codes.extend(spellings.clone());
    context
        .code_pins
        .extend((0..8).map(|pin| wire::CodePin { code: spellings[0].clone(), pin: format!("{pin:06}") }));
    let quote = running.pricing().await.quote(asked).await.unwrap().into_inner();
    assert_eq!(quote.total, 10_000);
    let too_many = (0..33).map(|_| wire::CodePin::default()).collect();
    let mut asked = basket(&own, PHONE, PIN);
    asked.context.as_mut().unwrap().code_pins = too_many;
    let status = running.pricing().await.quote(asked).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

/// A basket at fault is no matter of the others, also where it brings a code.
#[tokio::test(flavor = "multi_thread")]
async fn baskets_of_a_batch_are_answered_one_by_one() {
    let (_folders, running) = shop().await;
    let code = made(&mut running.codes().await, generate("spring", 1)).await.remove(0);
    let good = basket(&code, "", "");
    let mut faulty = good.clone();
    faulty.context.as_mut().unwrap().store = "s".repeat(300);
    let batch = wire::BatchQuoteRequest { requests: vec![faulty, good] };
    let answers = running.pricing().await.batch_quote(batch).await.unwrap().into_inner().answers;
    let [Some(Answer::Failure(failure)), Some(Answer::Quote(quote))] =
        [&answers[0].answer, &answers[1].answer]
    else {
        panic!("{answers:?}")
    };
    assert_eq!((failure.reason.as_str(), quote.total), ("INVALID_FIELDS", 9_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_birthday_code_opens_for_its_phone_and_pin_alone() {
    let (folders, running) = shop().await;
    let mut codes = running.codes().await;
    let answer = import(&mut codes, "birthday", vec![("HAPPY2026", bound(PHONE, PIN))]).await;
    assert_eq!(answer.imported, 1, "{answer:?}");
    assert_eq!(fate(&running, basket("happy-2026", "+38 067 123-45-67", PIN)).await, (Fate::Applied, 8_500));
    // One answer, whatever is wrong.
    for (code, phone, pin) in [
        ("HAPPY2027", PHONE, PIN),
        ("HAPPY2026", "0677654321", PIN),
        ("HAPPY2026", "", PIN),
        ("HAPPY2026", PHONE, "314159"),
        ("HAPPY2026", PHONE, "1"),
        ("HAPPY2026", PHONE, ""),
    ] {
        assert_eq!(
            fate(&running, basket(code, phone, pin)).await,
            (Fate::Unknown, 10_000),
            "{code} {phone} {pin}"
        );
    }
    let typo = "0000-0000-0001";
    assert_eq!(GeneratedCode::parse(typo), Err(CodeFault::Mistyped));
    assert_eq!(fate(&running, basket(typo, "", "")).await, (Fate::Mistyped, 10_000));
    assert_eq!(fate(&running, basket("word", "", "")).await.0, Fate::NotApplied);

    // A stranger who knows the code alone locks nobody out.
    for _ in 0..2 * PIN_FAILURES_MAX {
        assert_eq!(fate(&running, basket("HAPPY2026", "0501112233", PIN)).await.0, Fate::Unknown);
    }
    assert_eq!(fate(&running, basket("HAPPY2026", PHONE, PIN)).await.0, Fate::Applied);
    // Who knows the phone may be wrong a few times a day, over a restart too.
    for attempt in 0..PIN_FAILURES_MAX - 3 {
        let pin = format!("{:06}", 100_000 + attempt);
        assert_eq!(fate(&running, basket("HAPPY2026", PHONE, &pin)).await.0, Fate::Unknown);
    }
    assert_eq!(fate(&running, basket("HAPPY2026", PHONE, PIN)).await.0, Fate::Applied);
    assert_eq!(fate(&running, basket("HAPPY2026", PHONE, "999999")).await.0, Fate::Unknown);
    running.server.shutdown().await.unwrap();
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    assert_eq!(fate(&running, basket("HAPPY2026", PHONE, PIN)).await, (Fate::Unknown, 10_000));
    running.server.shutdown().await.unwrap();

    for secret in [PHONE, "380671234567", PIN, "314159", "HAPPY2026", "happy-2026"] {
        assert_eq!(
            holders(&folders.data(), secret.as_bytes()),
            Vec::<String>::new(),
            "{secret} is on the disk"
        );
    }
}

/// The files below a folder that hold some bytes.
fn holders(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, bytes));
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// `CODES=1000000 cargo test --release --test it million -- --nocapture` for the whole million.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_million_codes_every_typo_is_caught() {
    let count: u32 = std::env::var("CODES").map_or(5_000, |text| text.parse().unwrap());
    let (_folders, running) = shop().await;
    let begun = pricewright::server::clock::steady();
    let list = made(&mut running.codes().await, generate("spring", count)).await;
    let took = begun.elapsed();
    assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), list.len());
    // Taken in elsewhere.
    let (_other_folders, other) = shop().await;
    let request_id = id();
    let messages: Vec<wire::ImportCodesRequest> = list
        .chunks(1_000)
        .map(|codes| wire::ImportCodesRequest {
            request_id: request_id.clone(),
            pool: "spring".to_owned(),
            codes: codes.iter().map(|code| wire::ImportedCode { code: code.clone(), terms: None }).collect(),
            ..wire::ImportCodesRequest::default()
        })
        .collect();
    let begun = pricewright::server::clock::steady();
    let answer = other.codes().await.import(tokio_stream::iter(messages)).await.unwrap().into_inner();
    assert_eq!((answer.imported, answer.refused), (count, 0));
    let imported = begun.elapsed();
    let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut dice = 88_172_645_463_325_252_u64;
    let mut tried = 0;
    for code in list.iter().take(list.len().div_ceil(10)) {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let mut typed = code.clone().into_bytes();
        let place = usize::try_from(dice % 12).unwrap();
        let wrong = alphabet[usize::try_from((dice >> 8) % 32).unwrap()];
        if typed[place] == wrong {
            typed.swap(place, (place + 1) % 12);
            if typed == code.as_bytes() {
                continue;
            }
        } else {
            typed[place] = wrong;
        }
        tried += 1;
        let typed = String::from_utf8(typed).unwrap();
        assert_eq!(GeneratedCode::parse(&typed), Err(CodeFault::Mistyped), "{code} as {typed}");
    }
    println!("{count} codes made in {took:?}, taken in elsewhere in {imported:?}; {tried} typos, all caught");
}
