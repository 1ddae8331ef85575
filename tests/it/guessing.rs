//! Guessing does not pay: it hits no more than arithmetic allows, over restarts too, and the customer gets in all the same.

mod passwords;
mod welch;
mod timing;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pricewright::ledger::code::{CodeFault, GeneratedCode};
use pricewright::ledger::codes::{PHONE_FAILURES_MAX, PIN_FAILURES_MAX};
use pricewright::ledger::{Account, AttemptKey};
use pricewright::server::config::Options;
use pricewright::server::ledger;
use pricewright::server::wire;
use pricewright::server::wire::code_result::Status as Fate;
use pricewright::server::wire::code_service_client::CodeServiceClient;
use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use crate::running::{Folders, Running};

const RULES: &str = "
promotions:
  - {id: birthday, when: {code: {pool: birthday, phone: true, pin: true}}, give: {percent: 15}}
  - {id: phone, when: {code: {pool: phone, phone: true}}, give: {percent: 15}}
  - {id: spring, when: {code: {pool: spring}}, give: {percent: 10}}
";
/// What the basket costs when no code works.
const LIST_TOTAL: i64 = 10_000;
/// Codes that there are to be hit.
const LIVE: u32 = 1_000;
/// Addresses from which is guessed: 127.0.0.10 and on. Each may be wrong 20,000 times a day.
const CALLERS: u8 = 8;
/// Codes of one request: each is an attempt.
const CODES_AT_ONCE: u32 = 25;
/// PINs that are tried at once on a code.
const PINS_AT_ONCE: u32 = 24;

static NEXT: AtomicU64 = AtomicU64::new(1);

fn id() -> String {
    format!("0197c5a4-0001-7cc2-8f3a-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % bound
    }

    /// A code whose check character is right: a typo would not even be looked up.
    fn code(&mut self) -> String {
        let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut letter = || char::from(alphabet[usize::try_from(self.below(32)).unwrap()]);
        let begin: String = (0..11).map(|_| letter()).collect();
        let mut codes = alphabet.iter().map(|&last| format!("{begin}{}", char::from(last)));
        codes.find(|code| GeneratedCode::parse(code).is_ok()).unwrap()
    }
}

async fn served(folders: &Folders) -> Running {
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    running
}

async fn restarted(folders: &Folders, running: Running) -> Running {
    running.server.shutdown().await.unwrap();
    served(folders).await
}

/// A client that calls from an address of its own.
async fn caller(running: &Running, number: u8) -> PricingServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", running.server.local_addr())).unwrap();
    let endpoint = endpoint.local_address(Some(IpAddr::from([127, 0, 0, 10 + number])));
    PricingServiceClient::new(endpoint.connect().await.unwrap())
}

async fn import(codes: &mut CodeServiceClient<Channel>, pool: &str, list: Vec<(String, wire::CodeTerms)>) {
    let count = u32::try_from(list.len()).unwrap();
    let list = list.into_iter().map(|(code, terms)| wire::ImportedCode { code, terms: Some(terms) });
    let message = wire::ImportCodesRequest {
        request_id: id(),
        pool: pool.to_owned(),
        codes: list.collect(),
        ..wire::ImportCodesRequest::default()
    };
    let mut request = tonic::Request::new(tokio_stream::iter([message]));
    request.set_timeout(std::time::Duration::from_secs(600));
    assert_eq!(codes.import(request).await.unwrap().into_inner().imported, count);
}

fn bound(phone: &str, pin: &str) -> wire::CodeTerms {
    wire::CodeTerms { phone: phone.to_owned(), pin: pin.to_owned(), ..wire::CodeTerms::default() }
}

/// A basket of 100.00 with codes and PINs for a phone.
fn basket(codes: &[(&str, &str)], phone: &str) -> wire::QuoteRequest {
    let line = wire::Line {
        id: "1".to_owned(),
        sku: "CREAM".to_owned(),
        quantity: 1,
        unit_price: Some(LIST_TOTAL),
        ..wire::Line::default()
    };
    let customer = wire::Customer { phone: phone.to_owned(), ..wire::Customer::default() };
    let pins = codes.iter().filter(|(_, pin)| !pin.is_empty());
    let pins = pins.map(|&(code, pin)| wire::CodePin { code: code.to_owned(), pin: pin.to_owned() });
    wire::QuoteRequest {
        basket: Some(wire::Basket { lines: vec![line], ..wire::Basket::default() }),
        context: Some(wire::Context {
            codes: codes.iter().map(|(code, _)| (*code).to_owned()).collect(),
            customer: (!phone.is_empty()).then_some(customer),
            code_pins: pins.collect(),
            ..wire::Context::default()
        }),
        explain: false,
    }
}

/// Whether a guess hit. A service that is busy has not looked at it.
async fn is_hit(client: &mut PricingServiceClient<Channel>, asked: wire::QuoteRequest) -> bool {
    hit(client, asked).await.unwrap_or_default()
}

/// Nothing where too many wait for it to be looked at.
async fn hit(client: &mut PricingServiceClient<Channel>, asked: wire::QuoteRequest) -> Option<bool> {
    match client.quote(asked).await {
        Ok(quote) => {
            let quote = quote.into_inner();
            let is_hit = quote.codes.iter().any(|code| code.status() == Fate::Applied);
            assert_eq!(is_hit, quote.total < LIST_TOTAL);
            Some(is_hit)
        }
        Err(status) => {
            assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
            None
        }
    }
}

/// All callers guess at once; how many hits.
async fn guess(running: &Running, guesses: Vec<wire::QuoteRequest>) -> usize {
    let mut shares: Vec<Vec<wire::QuoteRequest>> = vec![Vec::new(); usize::from(CALLERS)];
    for (place, asked) in guesses.into_iter().enumerate() {
        shares[place % usize::from(CALLERS)].push(asked);
    }
    let mut tasks = Vec::new();
    for (number, share) in (0..CALLERS).zip(shares) {
        let mut client = caller(running, number).await;
        tasks.push(tokio::spawn(async move {
            let mut hits = 0;
            for asked in share {
                hits += usize::from(is_hit(&mut client, asked).await);
            }
            hits
        }));
    }
    let mut hits = 0;
    for task in tasks {
        hits += task.await.unwrap();
    }
    hits
}

/// What the ledger of a service that has ended has counted: in all, and of PINs by code.
fn counted(folders: &Folders) -> (u32, Vec<u32>) {
    let ledger = ledger::Ledger::open(&ledger::Options::Embedded(folders.data().join("ledger"))).unwrap();
    let (mut all, mut pins) = (0, Vec::new());
    let mut look = |name: &[u8], account: &Account| {
        if let Account::Attempts(attempts) = account {
            match serde_json::from_slice(&name[1..]).unwrap() {
                AttemptKey::All => all = attempts.count,
                AttemptKey::Pin(_) => pins.push(attempts.count),
                _ => {}
            }
        }
    };
    ledger.index().each(&mut look).unwrap();
    (all, pins)
}

/// `GUESSES=100000 cargo test --release --test it guesses -- --nocapture` for many.
///
/// Of 2⁵⁵ codes 1,000 are live: 100,000 guesses hit 100,000 × 1,000 ÷ 2⁵⁵, three of a thousand million. Of 10⁷ numbers of an
/// operator one opens a code that is bound to a phone: a tenth as many guesses hit it with a chance of one in a thousand.
/// The dice fall the same in every run, so neither happens.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_codes_and_phones_hit_nothing_and_each_is_counted() {
    let _noise = crate::running::NOISE.read().await;
    let guesses: u32 = std::env::var("GUESSES").map_or(1_000, |text| text.parse().unwrap());
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let mut running = served(&folders).await;
    let mut codes = running.codes().await;
    let made = wire::GenerateCodesRequest {
        request_id: id(),
        pool: "spring".to_owned(),
        count: LIVE,
        ..wire::GenerateCodesRequest::default()
    };
    let live = codes.generate(made).await.unwrap().into_inner().collect::<Vec<_>>().await;
    let live = live[0].as_ref().unwrap().codes[0].clone();
    import(&mut codes, "phone", vec![("FORMYPHONE".to_owned(), bound("0671234567", ""))]).await;
    drop(codes);

    let mut dice = Dice(88_172_645_463_325_252);
    let (mut hits, mut tried) = (0, 0);
    for _ in 0..3 {
        let mut asked = Vec::new();
        for _ in 0..guesses / CODES_AT_ONCE / 3 {
            let codes: Vec<String> = (0..CODES_AT_ONCE).map(|_| dice.code()).collect();
            let codes: Vec<(&str, &str)> = codes.iter().map(|code| (code.as_str(), "")).collect();
            asked.push(basket(&codes, ""));
            tried += CODES_AT_ONCE;
        }
        for _ in 0..guesses / 10 / 3 {
            let phone = format!("067{:07}", dice.below(10_000_000));
            asked.push(basket(&[("FORMYPHONE", "")], &phone));
            tried += 1;
        }
        hits += guess(&running, asked).await;
        running = restarted(&folders, running).await;
    }
    assert_eq!(hits, 0, "of {tried}");
    // The honest get in.
    let mut honest = caller(&running, CALLERS).await;
    assert!(is_hit(&mut honest, basket(&[(&live, "")], "")).await);
    assert!(is_hit(&mut honest, basket(&[("FORMYPHONE", "")], "0671234567")).await);
    drop(honest);
    running.server.shutdown().await.unwrap();
    assert_eq!(counted(&folders).0, tried);
    println!("{tried} guesses from {CALLERS} addresses, two restarts between: no hit, all counted");
}

/// Who knows a code and its phone compares [`PIN_FAILURES_MAX`] PINs a day and not one more, however many are tried at once: one of a
/// million opens, so a code is opened with a chance of one in 100,000 a day.
#[tokio::test(flavor = "multi_thread")]
async fn pins_are_compared_ten_times_a_day_however_many_are_tried_at_once() {
    let _noise = crate::running::NOISE.read().await;
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let mut running = served(&folders).await;
    let mut codes = running.codes().await;
    let list = [("HAPPY2026", "0671234567"), ("HAPPY2027", "0671234568")];
    let list = list.map(|(code, phone)| (code.to_owned(), bound(phone, "271828")));
    import(&mut codes, "birthday", list.to_vec()).await;
    drop(codes);

    // A stranger who knows the code alone, and does not guess the phone: the customer gets in.
    let stranger = |number: u32| basket(&[("HAPPY2027", "271828")], &format!("050{number:07}"));
    assert_eq!(guess(&running, (0..PINS_AT_ONCE).map(stranger).collect()).await, 0);
    let right = |code: &str, phone: &str| basket(&[(code, "271828")], phone);
    let mut honest = caller(&running, CALLERS).await;
    assert!(is_hit(&mut honest, right("HAPPY2027", "0671234568")).await);
    drop(honest);

    // One who knows the phone too, from many addresses at once, and again after a restart.
    for round in 0..2 {
        let running = &running;
        let channels: Vec<_> = (0..CALLERS).map(|number| caller(running, number)).collect();
        let mut clients = Vec::new();
        for channel in channels {
            clients.push(channel.await);
        }
        let clients = Arc::new(clients);
        let tasks: Vec<_> = (0..PINS_AT_ONCE)
            .map(|place| {
                let mut client = clients[usize::try_from(place).unwrap() % clients.len()].clone();
                let pin = format!("{:06}", 100_000 + 1_000 * round + place);
                let asked = basket(&[("HAPPY2026", &pin)], "0671234567");
                // Who is turned away because many wait asks again.
                tokio::spawn(async move {
                    loop {
                        if let Some(is_hit) = hit(&mut client, asked.clone()).await {
                            return is_hit;
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            assert!(!task.await.unwrap());
        }
        // Nor does the right one open it any more.
        assert!(!is_hit(&mut clients[0].clone(), right("HAPPY2026", "0671234567")).await);
    }
    running = restarted(&folders, running).await;
    let mut honest = caller(&running, CALLERS).await;
    assert!(!is_hit(&mut honest, right("HAPPY2026", "0671234567")).await);
    assert!(is_hit(&mut honest, right("HAPPY2027", "0671234568")).await);
    drop(honest);
    running.server.shutdown().await.unwrap();
    assert_eq!(counted(&folders).1, [PIN_FAILURES_MAX]);
}

/// A number of the CRM that looks like a mistyped code of ours: its PIN is compared as seldom as any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_looks_mistyped_is_guarded_like_any_other() {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let running = served(&folders).await;
    let mut codes = running.codes().await;
    let code = "482139174420";
    assert_eq!(GeneratedCode::parse(code), Err(CodeFault::Mistyped));
    import(&mut codes, "birthday", vec![(code.to_owned(), bound("0671234567", "271828"))]).await;
    drop(codes);
    let mut client = caller(&running, 0).await;
    let mut told = async |pin: &str| is_hit(&mut client, basket(&[(code, pin)], "0671234567")).await;
    assert!(told("271828").await);
    for number in 0..PIN_FAILURES_MAX {
        assert!(!told(&format!("{number:06}")).await);
    }
    assert!(!told("271828").await);
    running.server.shutdown().await.unwrap();
    assert_eq!(counted(&folders).1, [PIN_FAILURES_MAX]);
}

/// A campaign is over, and thousands of customers still tell its word to one shop: that is one guess of the shop, and locks nobody's phone.
#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_many_customers_tell_is_one_guess_of_their_shop() {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let running = served(&folders).await;
    let mut codes = running.codes().await;
    let end_time = Some(pricewright::server::timestamp::Timestamp { seconds: 1_000_000_000, nanos: 0 });
    let over = wire::CodeTerms { end_time, uses_max: Some(0), ..wire::CodeTerms::default() };
    import(&mut codes, "spring", vec![("BLACKFRIDAY".to_owned(), over)]).await;
    drop(codes);
    let mut client = caller(&running, 0).await;
    for word in ["OLDNEWS", "BLACKFRIDAY"] {
        for customer in 0..20 {
            assert!(!is_hit(&mut client, basket(&[(word, "")], &format!("067{customer:07}"))).await);
        }
    }
    drop(client);
    running.server.shutdown().await.unwrap();
    assert_eq!(counted(&folders).0, 2);
}

/// A code that is bound to a customer and no phone: a phone for each PIN does not make more PINs.
#[tokio::test(flavor = "multi_thread")]
async fn a_pin_without_a_phone_is_compared_as_seldom() {
    let folders = Folders::new();
    folders.put(
        "rules.yaml",
        "promotions: [{id: birthday, when: {code: {pool: birthday, pin: true}}, give: {percent: 15}}]",
    );
    let running = served(&folders).await;
    let mut codes = running.codes().await;
    let (pin, customer) = ("271828".to_owned(), "C-1".to_owned());
    let terms = wire::CodeTerms { pin, customer_id: customer.clone(), ..wire::CodeTerms::default() };
    import(&mut codes, "birthday", vec![("HAPPY2026".to_owned(), terms)]).await;
    drop(codes);
    let mut tasks = Vec::new();
    for number in 0..PINS_AT_ONCE {
        let mut client = caller(&running, u8::try_from(number % u32::from(CALLERS)).unwrap()).await;
        let mut asked = basket(&[("HAPPY2026", &format!("{number:06}"))], &format!("067{number:07}"));
        asked.context.get_or_insert_default().customer.get_or_insert_default().id.clone_from(&customer);
        tasks.push(tokio::spawn(async move {
            loop {
                if let Some(is_hit) = hit(&mut client, asked.clone()).await {
                    return is_hit;
                }
            }
        }));
    }
    for task in tasks {
        assert!(!task.await.unwrap());
    }
    running.server.shutdown().await.unwrap();
    assert_eq!(counted(&folders).1, [PIN_FAILURES_MAX]);
}

/// Who knows a phone and tells words that are none with it does not keep its owner from a code that a PIN guards.
#[tokio::test(flavor = "multi_thread")]
async fn who_knows_only_the_phone_locks_no_code_with_a_pin() {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let running = served(&folders).await;
    let mut codes = running.codes().await;
    let with_pin = ("HAPPY2026".to_owned(), bound("0671234567", "271828"));
    import(&mut codes, "birthday", vec![with_pin]).await;
    import(&mut codes, "phone", vec![("FORMYPHONE".to_owned(), bound("0671234567", ""))]).await;
    drop(codes);
    let mut stranger = caller(&running, 0).await;
    for number in 0..PHONE_FAILURES_MAX {
        let word = format!("NOTHING{number}");
        assert!(!is_hit(&mut stranger, basket(&[(&word, "")], "0671234567")).await);
    }
    let mut owner = caller(&running, 1).await;
    assert!(!is_hit(&mut owner, basket(&[("FORMYPHONE", "")], "0671234567")).await);
    assert!(is_hit(&mut owner, basket(&[("HAPPY2026", "271828")], "0671234567")).await);
}

/// `O` is read as `0`, so that one code has many spellings: in one request they are one attempt with one PIN.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_in_many_spellings_is_one_attempt() {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let running = served(&folders).await;
    let mut codes = running.codes().await;
    let mut dice = Dice(2_463_534_242);
    let code = (0..1_000).map(|_| dice.code()).find(|code| code.contains('0')).unwrap();
    import(&mut codes, "birthday", vec![(code.clone(), bound("0671234567", "271828"))]).await;
    drop(codes);
    let spelled = code.replace('0', "O");
    let mut client = caller(&running, 0).await;
    let both = basket(&[(&code, "314159"), (&spelled, "271828")], "0671234567");
    assert!(!is_hit(&mut client, both).await);
    assert!(is_hit(&mut client, basket(&[(&spelled, "271828")], "0671234567")).await);
    drop(client);
    running.server.shutdown().await.unwrap();
    assert_eq!(counted(&folders), (1, vec![1]));
}
