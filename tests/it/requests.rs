//! Hostile requests: each gets an error that says what is wrong, none costs a panic, a connection, the memory or another
//! caller's answer.

use std::collections::BTreeMap;
use std::process::Command;

use pricewright::basket::limits::{CODES_MAX, GIFT_CHOICES_MAX, GIFT_STOCK_MAX, LINES_MAX};
use pricewright::server::config::Options;
use pricewright::server::{convert, wire};
use pricewright::time::Instant;
use prost::Message;
use prost::bytes::BufMut;
use tonic::client::Grpc;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use crate::running::{Folders, basket};
use crate::sample;

/// The largest message that a service takes unless it is told otherwise.
const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// What the whole run may add to the memory of the process, client and texts of the test included. The worst is a message of
/// two-byte lines: the library that reads it makes some 300 bytes of each before anybody can count them.
const GROWTH_MAX_KB: u64 = 400_000;
/// Set in the process that has the memory for itself.
const ALONE: &str = "PRICEWRIGHT_TEST_ALONE";

/// One hostile request.
struct Case {
    name: String,
    bytes: Vec<u8>,
    /// A field that the error must name.
    field: Option<&'static str>,
}

/// The test runs in a process of its own: in the common one other tests use memory, too.
#[test]
fn two_hundred_hostile_requests_get_an_error_each() {
    if std::env::var_os(ALONE).is_none() {
        let name = "requests::two_hundred_hostile_requests_get_an_error_each";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let done = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        print!("{}", String::from_utf8_lossy(&done.stdout));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(check_all());
}

async fn check_all() {
    let folders = Folders::new();
    for source in sample::sources() {
        folders.put(&source.path, std::str::from_utf8(&source.bytes).unwrap());
    }
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    let rulebook = sample::rulebook();
    let mut client = running.pricing().await;
    let good = client.quote(good()).await.unwrap().into_inner();
    let channel = running.channel().await;

    let cases = cases();
    let (before, mut most) = (memory(), 0);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for case in &cases {
        let status = call(&channel, &case.bytes).await.expect_err(&case.name);
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
        let told = format!("{}: {:?} {reason} {}", case.name, status.code(), status.message());
        assert_eq!((status.code(), reason.as_str()), verdict(&rulebook, case), "{told}");
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        assert_eq!(reason == "INVALID_FIELDS", !violations.is_empty(), "{told}");
        assert!(violations.iter().all(|one| !one.field.is_empty() && !one.description.is_empty()), "{told}");
        if let Some(field) = case.field.filter(|_| reason == "INVALID_FIELDS") {
            assert!(violations.iter().any(|one| one.field == field), "{told}: {violations:?}");
        }
        assert!(status.message().len() < 1_000, "{told}");
        let grown = memory().saturating_sub(before);
        if grown > most + 20_000 {
            println!("{}: {} bytes, the process grew by {grown} kB", case.name, case.bytes.len());
            most = grown;
        }
        *counts.entry(format!("{:?} {reason}", status.code())).or_default() += 1;
        // The next caller notices nothing.
        assert_eq!(client.quote(self::good()).await.unwrap().into_inner(), good, "{told}");
    }
    // As many lines as a request may have are no fault: they are priced.
    let mut large = self::good();
    lines(&mut large, LINES_MAX, 100, 100);
    for (line, price) in the_basket(&mut large).lines.iter_mut().zip(101..) {
        line.unit_price = Some(price);
    }
    // Nor are as many gifts chosen, of promotions that nobody has.
    choose(&mut large, GIFT_CHOICES_MAX, "nobody", "SKU-1");
    stock(&mut large, GIFT_STOCK_MAX);
    let began = pricewright::server::clock::steady();
    let quote = client.quote(large).await.unwrap().into_inner();
    println!("{LINES_MAX} lines of 100 pieces: {:?}, {:?}", quote.optimality(), began.elapsed());
    assert_eq!(quote.total, quote.list_total - quote.discount_total + quote.delivery_total);
    assert_eq!(quote.lines.len(), LINES_MAX);
    let after = memory();
    let growth = after.saturating_sub(before);
    println!(
        "{} hostile requests: {counts:?}; memory {before} kB before, at most {after} kB after",
        cases.len()
    );
    assert!(cases.len() >= 200, "{}", cases.len());
    assert!(growth < GROWTH_MAX_KB, "{growth} kB more");
    running.server.shutdown().await.unwrap();
}

/// What the bytes deserve, reckoned without a server.
fn verdict(rulebook: &pricewright::rulebook::Rulebook, case: &Case) -> (Code, &'static str) {
    // A million messages of two bytes each are small on the wire, and much once they are read: they are not.
    let heavy = ["a million gifts chosen", "the stock of a million goods", "a million empty lines"];
    if case.bytes.len() > MESSAGE_BYTES_MAX || heavy.contains(&case.name.as_str()) {
        return (Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    }
    let Ok(request) = wire::QuoteRequest::decode(case.bytes.as_slice()) else {
        return (Code::InvalidArgument, "MALFORMED_MESSAGE");
    };
    let faults = convert::price(rulebook, &request, Instant::from_unix(0).unwrap()).expect_err(&case.name);
    assert!(!faults.is_empty(), "{}", case.name);
    (Code::InvalidArgument, "INVALID_FIELDS")
}

fn good() -> wire::QuoteRequest {
    basket(3, 19_900)
}

/// Calls `Quote` with bytes that no client library would send.
async fn call(channel: &Channel, bytes: &[u8]) -> Result<wire::Quote, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/pricewright.v1.PricingService/Quote");
    client.unary(Request::new(bytes.to_vec()), path, Raw).await.map(|answer| answer.into_inner())
}

/// Bytes out, a quote in.
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = wire::Quote;
    type Encoder = Self;
    type Decoder = <ProstCodec<wire::Quote, wire::Quote> as Codec>::Decoder;

    fn encoder(&mut self) -> Self {
        Raw
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<wire::Quote, wire::Quote>::default().decoder()
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, bytes: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&bytes);
        Ok(())
    }
}

/// The most memory that this process ever had, in kB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn cases() -> Vec<Case> {
    let fields = faults().into_iter().map(|(name, field, change)| {
        let mut request = good();
        change(&mut request);
        Case { name: name.to_owned(), bytes: request.encode_to_vec(), field: Some(field) }
    });
    let whole = good().encode_to_vec();
    // A message cut between two fields is a message: those are left to the cases of fields.
    let cut = (1..whole.len()).map(|length| (format!("cut at {length}"), whole[..length].to_vec()));
    let mut dice = Dice(20_261_122);
    let random = (0..60).map(|place| {
        let length = 1 + dice.below(1 << (place % 14));
        (format!("random bytes {place}"), (0..length).map(|_| dice.byte()).collect())
    });
    let random: Vec<(String, Vec<u8>)> = random.collect();
    let flipped = (0..).map(|place| {
        let mut bytes = whole.clone();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len());
            bytes[at] = dice.byte();
        }
        (format!("flipped {place}"), bytes)
    });
    // A flipped digit of a price is a good request: those are no use here.
    let rulebook = sample::rulebook();
    let is_refused = |(_, bytes): &(String, Vec<u8>)| match wire::QuoteRequest::decode(bytes.as_slice()) {
        Ok(request) => convert::price(&rulebook, &request, Instant::from_unix(0).unwrap()).is_err(),
        Err(_) => true,
    };
    let raw =
        cut.filter(is_refused).chain(random).chain(flipped.filter(is_refused).take(60)).chain(crafted());
    fields.chain(raw.map(|(name, bytes)| Case { name, bytes, field: None })).collect()
}

type Change = fn(&mut wire::QuoteRequest);

fn the_basket(request: &mut wire::QuoteRequest) -> &mut wire::Basket {
    request.basket.as_mut().unwrap()
}

fn line(request: &mut wire::QuoteRequest) -> &mut wire::Line {
    &mut the_basket(request).lines[0]
}

fn context(request: &mut wire::QuoteRequest) -> &mut wire::Context {
    request.context.as_mut().unwrap()
}

fn customer(request: &mut wire::QuoteRequest) -> &mut wire::Customer {
    context(request).customer.get_or_insert_default()
}

fn choose(request: &mut wire::QuoteRequest, count: usize, promotion_id: &str, sku: &str) {
    let choice = wire::GiftChoice { promotion_id: promotion_id.to_owned(), sku: sku.to_owned() };
    context(request).gift_choices = vec![choice; count];
}

fn stock(request: &mut wire::QuoteRequest, count: usize) {
    let left = |place: usize| wire::GiftStock { sku: place.to_string(), quantity: u32::MAX };
    context(request).gift_stock = (0..count).map(left).collect();
}

fn long() -> String {
    "x".repeat(300)
}

fn lines(request: &mut wire::QuoteRequest, count: usize, quantity: u32, price: i64) {
    let line = wire::Line { quantity, unit_price: Some(price), ..line(request).clone() };
    the_basket(request).lines =
        (0..count).map(|place| wire::Line { id: place.to_string(), ..line.clone() }).collect();
}

/// Requests that can be read, and the field at fault.
fn faults() -> Vec<(&'static str, &'static str, Change)> {
    vec![
        ("no basket", "basket.lines", |request| request.basket = None),
        ("no lines", "basket.lines", |request| the_basket(request).lines.clear()),
        ("1,001 lines", "basket.lines", |request| lines(request, LINES_MAX + 1, 1, 100)),
        ("50,000 lines", "basket.lines", |request| lines(request, 50_000, 1, 100)),
        ("a dear and large basket", "basket.lines", |request| {
            lines(request, LINES_MAX, 100_000, 1_000_000_000)
        }),
        ("no pieces", "basket.lines[0].quantity", |request| line(request).quantity = 0),
        ("100,001 pieces", "basket.lines[0].quantity", |request| line(request).quantity = 100_001),
        ("four billion pieces", "basket.lines[0].quantity", |request| line(request).quantity = u32::MAX),
        ("a negative price", "basket.lines[0].unit_price", |request| line(request).unit_price = Some(-1)),
        ("the lowest price", "basket.lines[0].unit_price", |request| {
            line(request).unit_price = Some(i64::MIN)
        }),
        ("the highest price", "basket.lines[0].unit_price", |request| {
            line(request).unit_price = Some(i64::MAX)
        }),
        ("a price just too high", "basket.lines[0].unit_price", |request| {
            line(request).unit_price = Some(1_000_000_001);
        }),
        ("no price at all", "basket.lines[0].unit_price", |request| line(request).unit_price = None),
        ("the highest of everything", "basket.lines[0].quantity", |request| {
            *line(request) = wire::Line {
                quantity: u32::MAX,
                unit_price: Some(i64::MAX),
                cost: Some(i64::MAX),
                measure: "79228162514264337593543950335".to_owned(),
                ..line(request).clone()
            };
        }),
        ("a negative cost", "basket.lines[0].cost", |request| line(request).cost = Some(-1)),
        ("the highest cost", "basket.lines[0].cost", |request| line(request).cost = Some(i64::MAX)),
        ("a measure in words", "basket.lines[0].measure", |request| {
            line(request).measure = "much".to_owned()
        }),
        ("a measure with a comma", "basket.lines[0].measure", |request| {
            line(request).measure = "0,35".to_owned()
        }),
        ("a measure of nothing", "basket.lines[0].measure", |request| line(request).measure = "0".to_owned()),
        ("a negative measure", "basket.lines[0].measure", |request| line(request).measure = "-1".to_owned()),
        ("not a number", "basket.lines[0].measure", |request| line(request).measure = "NaN".to_owned()),
        ("an infinite measure", "basket.lines[0].measure", |request| {
            line(request).measure = "inf".to_owned()
        }),
        ("an exponent", "basket.lines[0].measure", |request| line(request).measure = "1e400".to_owned()),
        ("too fine a measure", "basket.lines[0].measure", |request| {
            line(request).measure = "0.00000001".to_owned()
        }),
        ("too large a measure", "basket.lines[0].measure", |request| {
            line(request).measure = "1000001".to_owned()
        }),
        ("a measure of 100,000 digits", "basket.lines[0].measure", |request| {
            line(request).measure = "9".repeat(100_000);
        }),
        ("a line without a SKU", "basket.lines[0].sku", |request| line(request).sku.clear()),
        ("a line without an id", "basket.lines[0].id", |request| line(request).id.clear()),
        ("one id twice", "basket.lines[1].id", |request| {
            let twice = line(request).clone();
            the_basket(request).lines.push(twice);
        }),
        ("a thousand lines of one id", "basket.lines[1].id", |request| {
            lines(request, LINES_MAX, 1, 100);
            the_basket(request).lines.iter_mut().for_each(|line| line.id = "1".to_owned());
        }),
        ("a long id", "basket.lines[0].id", |request| line(request).id = long()),
        ("a long SKU", "basket.lines[0].sku", |request| line(request).sku = long()),
        ("a long brand", "basket.lines[0].brand", |request| line(request).brand = Some(long())),
        ("a long category", "basket.lines[0].categories[0]", |request| {
            line(request).categories = vec![long()]
        }),
        ("a long tag", "basket.lines[0].tags[1]", |request| line(request).tags = vec![String::new(), long()]),
        ("129 tags", "basket.lines[0].tags", |request| line(request).tags = vec!["x".to_owned(); 129]),
        ("a million categories", "basket.lines[0].categories", |request| {
            line(request).categories = vec![String::new(); 1_000_000];
        }),
        ("another currency", "basket.currency_code", |request| {
            the_basket(request).currency_code = "EUR".to_owned()
        }),
        ("no currency of this world", "basket.currency_code", |request| {
            the_basket(request).currency_code = long()
        }),
        ("a currency in small letters", "basket.currency_code", |request| {
            the_basket(request).currency_code = "uah".to_owned();
        }),
        ("a negative delivery", "basket.delivery.price", |request| {
            the_basket(request).delivery = Some(wire::Delivery { method: "post".to_owned(), price: -1 });
        }),
        ("the highest delivery", "basket.delivery.price", |request| {
            the_basket(request).delivery =
                Some(wire::Delivery { method: "post".to_owned(), price: i64::MAX });
        }),
        ("a long delivery", "basket.delivery.method", |request| {
            the_basket(request).delivery = Some(wire::Delivery { method: long(), price: 0 });
        }),
        ("33 codes", "context.codes", |request| context(request).codes = vec!["X".to_owned(); CODES_MAX + 1]),
        ("a million codes", "context.codes", |request| {
            context(request).codes = vec![String::new(); 1_000_000]
        }),
        ("a long code", "context.codes[0]", |request| context(request).codes = vec![long()]),
        ("65 gifts chosen", "context.gift_choices", |request| {
            choose(request, GIFT_CHOICES_MAX + 1, "P", "S")
        }),
        ("a million gifts chosen", "context.gift_choices", |request| {
            context(request).gift_choices = vec![wire::GiftChoice::default(); 1_000_000];
        }),
        ("a gift of nobody", "context.gift_choices[2].promotion_id", |request| {
            choose(request, 3, "P", "S");
            context(request).gift_choices[2].promotion_id.clear();
        }),
        ("a gift of nothing", "context.gift_choices[63].sku", |request| {
            choose(request, GIFT_CHOICES_MAX, "P", "");
        }),
        ("a gift of a long promotion", "context.gift_choices[0].promotion_id", |request| {
            choose(request, 1, &long(), "S");
        }),
        ("a gift with a long SKU", "context.gift_choices[1].sku", |request| choose(request, 2, "P", &long())),
        ("the stock of 1,001 goods", "context.gift_stock", |request| stock(request, GIFT_STOCK_MAX + 1)),
        ("the stock of a million goods", "context.gift_stock", |request| {
            context(request).gift_stock = vec![wire::GiftStock::default(); 1_000_000];
        }),
        ("the stock of nothing", "context.gift_stock[999].sku", |request| {
            stock(request, GIFT_STOCK_MAX);
            context(request).gift_stock[999].sku.clear();
        }),
        ("the stock of a long SKU", "context.gift_stock[0].sku", |request| {
            context(request).gift_stock = vec![wire::GiftStock { sku: long(), quantity: u32::MAX }];
        }),
        ("two stocks of one SKU", "context.gift_stock[7].sku", |request| {
            stock(request, 8);
            context(request).gift_stock[7].sku = "3".to_owned();
        }),
        ("a thousand stocks of one SKU", "context.gift_stock[1].sku", |request| {
            stock(request, GIFT_STOCK_MAX);
            context(request).gift_stock.iter_mut().for_each(|left| left.sku = "1".to_owned());
        }),
        ("a long channel", "context.channel", |request| context(request).channel = long()),
        ("a long store", "context.store", |request| context(request).store = long()),
        ("a long payment", "context.payment_method", |request| context(request).payment_method = long()),
        ("a moment before all time", "context.time", |request| {
            context(request).time =
                Some(pricewright::server::timestamp::Timestamp { seconds: i64::MIN, nanos: i32::MIN });
        }),
        ("a moment after all time", "context.time", |request| {
            context(request).time =
                Some(pricewright::server::timestamp::Timestamp { seconds: i64::MAX, nanos: i32::MAX });
        }),
        ("a birthday in words", "context.customer.birthday", |request| {
            customer(request).birthday = "May".to_owned()
        }),
        ("no such birthday", "context.customer.birthday", |request| {
            customer(request).birthday = "1990-02-30".to_owned();
        }),
        ("a birthday in the year 99999", "context.customer.birthday", |request| {
            customer(request).birthday = "99999-01-01".to_owned();
        }),
        ("a birthday of 100,000 letters", "context.customer.birthday", |request| {
            customer(request).birthday = "1".repeat(100_000);
        }),
        ("a long customer", "context.customer.id", |request| customer(request).id = long()),
        ("a long phone", "context.customer.phone", |request| customer(request).phone = long()),
        ("a long tier", "context.customer.tier", |request| customer(request).tier = long()),
        ("a long segment", "context.customer.segments[0]", |request| {
            customer(request).segments = vec![long()]
        }),
        ("129 segments", "context.customer.segments", |request| {
            customer(request).segments = vec![String::new(); 129]
        }),
        ("100,000 attributes", "context.customer.attributes", |request| {
            customer(request).attributes =
                (0..100_000).map(|place| (place.to_string(), "x".to_owned())).collect();
        }),
        ("a long attribute", "context.customer.attributes", |request| {
            customer(request).attributes = BTreeMap::from([("a".to_owned(), long())]);
        }),
        ("an attribute with a long name", "context.customer.attributes", |request| {
            customer(request).attributes = BTreeMap::from([(long(), "a".to_owned())]);
        }),
    ]
}

/// Bytes that no library makes.
fn crafted() -> Vec<(String, Vec<u8>)> {
    let nested = |tag: u8, depth: usize| {
        let mut bytes = Vec::new();
        for _ in 0..depth {
            let mut outer = vec![tag];
            prost::encoding::encode_varint(u64::try_from(bytes.len()).unwrap(), &mut outer);
            outer.append(&mut bytes);
            bytes = outer;
        }
        bytes
    };
    let replaced = |from: &[u8], to: &[u8]| {
        let mut request = good();
        context(&mut request).channel = "CHANNEL".to_owned();
        customer(&mut request).attributes = BTreeMap::from([("NAME".to_owned(), "WORTH".to_owned())]);
        let bytes = request.encode_to_vec();
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        [&bytes[..at], to, &bytes[at + from.len()..]].concat()
    };
    let named = [
        ("nothing", vec![]),
        ("a SKU that is not UTF-8", replaced(b"SKU-1", b"SK\xff\xfe1")),
        ("a SKU of half a letter", replaced(b"SKU-1", b"SKU-\xd0")),
        ("a SKU with a surrogate", replaced(b"SKU-1", b"S\xed\xa0\x801")),
        ("a channel that is not UTF-8", replaced(b"CHANNEL", b"CHANN\xc0\xaf")),
        ("an attribute's name that is not UTF-8", replaced(b"NAME", b"\xf8NAM")),
        ("an attribute that is not UTF-8", replaced(b"WORTH", b"WORT\x80")),
        ("10 MB of zeros", vec![0; 10 << 20]),
        (
            "10 MB of one unknown field",
            [vec![0xfa, 0x7f, 0xfa, 0xff, 0xff, 0x04], vec![b'x'; 10 << 20]].concat(),
        ),
        ("one byte too many", vec![b'x'; MESSAGE_BYTES_MAX + 1]),
        ("4 MB of tags", {
            let mut request = good();
            line(&mut request).tags = vec!["x".repeat(4 << 20)];
            request.encode_to_vec()
        }),
        ("100,000 groups that begin", vec![0x0b; 100_000]),
        ("100,000 groups that end", vec![0x0c; 100_000]),
        ("a thousand messages, one in another", nested(0x0a, 1_000)),
        (
            "a million empty lines",
            [0x0a, 0x80, 0x89, 0x7a].into_iter().chain([0x12, 0].repeat(1_000_000)).collect(),
        ),
        ("a length of 2^64", vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ("a length without an end", vec![0xff; 64]),
        ("a field of number 0", vec![0x00, 0x01]),
        ("a basket that is a number", vec![0x08, 0x01]),
        ("explain that is a text", vec![0x1a, 0x01, b'x']),
    ];
    named.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

#[test]
fn hostile_json_is_refused_with_its_place() {
    let good = r#"{"basket":{"lines":[{"id":"1","sku":"A","quantity":1,"unitPrice":"100"}]}}"#;
    let rulebook = sample::rulebook();
    let now = Instant::from_unix(0).unwrap();
    let price =
        |text: &str| convert::request_from_json(text).map(|request| convert::price(&rulebook, &request, now));
    assert!(matches!(price(good), Ok(Ok(_))));
    let line = |fields: &str| format!(r#"{{"basket":{{"lines":[{{{fields}}}]}}}}"#);
    let texts = [
        String::new(),
        " ".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "7".to_owned(),
        "\"basket\"".to_owned(),
        "\u{feff}{}".to_owned(),
        "{".to_owned(),
        format!("{good}{good}"),
        format!("{good},"),
        good.chars().take(40).collect(),
        good.replace("sku", "skuu"),
        good.replace("basket", "cart"),
        good.replace(r#""quantity":1"#, r#""quantity":-1"#),
        good.replace(r#""quantity":1"#, r#""quantity":4294967296"#),
        good.replace(r#""quantity":1"#, r#""quantity":1.5"#),
        good.replace(r#""quantity":1"#, r#""quantity":"two""#),
        good.replace(r#""quantity":1"#, r#""quantity":NaN"#),
        good.replace(r#""quantity":1"#, r#""quantity":1e400"#),
        good.replace(r#""quantity":1"#, r#""quantity":[1]"#),
        good.replace(r#""quantity":1"#, r#""quantity":1,"quantity":2"#),
        good.replace(r#""100""#, r#""9223372036854775808""#),
        good.replace(r#""100""#, r#""1.00""#),
        good.replace(r#""100""#, "true"),
        good.replace(r#""A""#, r#""\ud800""#),
        good.replace(r#""A""#, "\"\u{0}\""),
        line(""),
        line(r#""id":"1","sku":"A","quantity":0,"unitPrice":"1""#),
        line(r#""id":"1","sku":"A","quantity":4000000000,"unitPrice":"1""#),
        line(r#""id":"1","sku":"A","quantity":1,"unitPrice":"9223372036854775807""#),
        line(r#""id":"1","sku":"A","quantity":1,"unitPrice":"1","measure":"much""#),
        line(r#""id":"1","sku":"A","quantity":1,"unitPrice":"1","tags":"luxury""#),
        line(r#""id":"1","sku":"A","quantity":1,"unitPrice":"1","noPromotions":"perhaps""#),
        r#"{"context":{"time":"yesterday"}}"#.to_owned(),
        r#"{"context":{"time":"2026-02-30T00:00:00Z"}}"#.to_owned(),
        r#"{"context":{"codes":[1]}}"#.to_owned(),
        r#"{"context":{"gift_choices":["POUCH"]}}"#.to_owned(),
        r#"{"context":{"gift_choices":[{"promotion":"a","sku":"B"}]}}"#.to_owned(),
        r#"{"context":{"gift_choices":[{"promotion_id":"a","sku":7}]}}"#.to_owned(),
        r#"{"context":{"gift_stock":[{"sku":"A","quantity":-1}]}}"#.to_owned(),
        r#"{"context":{"gift_stock":[{"sku":"A","quantity":4294967296}]}}"#.to_owned(),
        r#"{"context":{"gift_stock":{"A":1}}}"#.to_owned(),
        r#"{"context":{"customer":{"attributes":{"a":1}}}}"#.to_owned(),
        r#"{"explain":"yes"}"#.to_owned(),
        "[".repeat(100_000),
        r#"{"basket":"#.repeat(100_000),
        format!(r#"{{"basket":{{"currencyCode":"{}"}}}}"#, "x".repeat(10 << 20)),
        format!(r#"{{"basket":{{"lines":[{}{{}}]}}}}"#, "{},".repeat(1_000_000)),
    ];
    let (mut unreadable, mut at_fault) = (0, 0);
    for text in &texts {
        let shown: String = text.chars().take(80).collect();
        match price(text) {
            Err(error) => {
                assert!(
                    !error.path.is_empty() && error.line > 0 && !error.message.is_empty(),
                    "{shown}: {error:?}"
                );
                assert!(error.to_string().len() < 1_000, "{shown}");
                unreadable += 1;
            }
            Ok(Err(faults)) => {
                assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.field.is_empty()), "{shown}");
                at_fault += 1;
            }
            Ok(Ok(quote)) => panic!("{shown}: {quote:?}"),
        }
    }
    println!("{} hostile texts: {unreadable} unreadable, {at_fault} with fields at fault", texts.len());
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}
