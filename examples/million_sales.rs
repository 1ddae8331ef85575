//! A ledger of many sales, to measure how long its upkeep takes: `cargo run --release --example million_sales -- FOLDER [SALES]`.
//!
//! Writes `FOLDER/ledger/journal`, as a service would have written it: every sale is reserved and paid, one in fifty is called off instead,
//! and of one in thirty a unit comes back. Four calls are one record, as in a shop where a few tills pay at the same moment.

use std::env;
use std::error::Error;
use std::path::Path;

use pricewright::ledger::{
    Content, CounterKey, CustomerKey, Event, Fact, Limit, Purchase, RequestId, Return, ReturnedLine, SaleId,
    SoldLine, SoldPromotion, SoldUnits, Take,
};
use pricewright::money::Amount;
use pricewright::promotion::OnRefund;
use pricewright::server::journal::{Pour, SEGMENT_BYTES};
use pricewright::server::ledger::encode;
use pricewright::time::Instant;

/// Facts of one record.
const FACTS_AT_ONCE: usize = 4;
/// The first sale: 2026-11-01 in Kyiv. Each next one comes two seconds later, so that a million take some three weeks.
const BEGIN: i64 = 1_793_484_000;
const CUSTOMERS: u64 = 200_000;
const STORES: u64 = 500;
const PROMOTIONS: u64 = 60;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let folder = args.next().ok_or("name a folder")?;
    let sales: u64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let mut journal = Journal::begin(Path::new(&folder))?;
    for number in 1..=sales {
        sell(&mut journal, number)?;
    }
    journal.flush()?;
    let poured = journal.pour.finish()?;
    println!("{sales} sales, {} facts in {} records, chain {}", journal.facts, poured.records, poured.chain);
    Ok(())
}

struct Journal {
    pour: Pour,
    waiting: Vec<Fact>,
    facts: u64,
}

impl Journal {
    fn begin(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let pour = Pour::begin(&folder.join("ledger").join("journal"), SEGMENT_BYTES)?;
        Ok(Journal { pour, waiting: Vec::new(), facts: 0 })
    }

    fn add(&mut self, second: i64, call: [u64; 2], event: Event) -> Result<(), Box<dyn Error>> {
        let content = Content(format!("k1.{:064x}", mixed(call[0])));
        let at = Instant::from_unix(second).ok_or("no such moment")?;
        self.waiting.push(Fact { at, call: Some((request(call)?, content)), event });
        self.facts += 1;
        if self.waiting.len() >= FACTS_AT_ONCE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Box<dyn Error>> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for (place, fact) in self.waiting.drain(..).enumerate() {
            bytes.push(if place == 0 { b'[' } else { b',' });
            encode::fact(&fact, &mut bytes);
        }
        bytes.push(b']');
        self.pour.append(&bytes)?;
        Ok(())
    }
}

fn sell(journal: &mut Journal, number: u64) -> Result<(), Box<dyn Error>> {
    let second = BEGIN + 2 * i64::try_from(number)?;
    let sale: SaleId = request([number, 0])?.sale();
    let (purchase, takes) = (purchase(number), takes(number));
    let expires_at = Instant::from_unix(second + 900).ok_or("no such moment")?;
    let back = returned(&purchase, second + 60)?;
    let reserved = Event::Reserved { sale, expires_at, purchase: Box::new(purchase), takes: takes.clone() };
    journal.add(second, [number, 0], reserved)?;
    if number.is_multiple_of(50) {
        return journal.add(second + 20, [number, 1], Event::Cancelled { sale });
    }
    journal.add(second + 20, [number, 1], Event::Committed { sale, part: None, takes: takes.clone() })?;
    if number % 30 == 1 {
        journal.add(second + 60, [number, 2], Event::Refunded { sale, back: Box::new(back), takes })?;
    }
    Ok(())
}

/// A UUID of version 7, as tills make them: the millisecond, then chance.
fn request(call: [u64; 2]) -> Result<RequestId, Box<dyn Error>> {
    let [number, place] = call;
    let millis = 1_000 * (u64::try_from(BEGIN)? + 2 * number) + 7 * place;
    let (high, low) = (mixed(number) % 0x1000, mixed(number ^ 0x5555) ^ place);
    let text = format!("{millis:012x}7{high:03x}{low:016x}");
    RequestId::parse(&text).ok_or_else(|| "no UUID".into())
}

/// SplitMix64: a number from which nobody sees the one before.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn promotion(number: u64) -> String {
    format!("promotion-{:03}", mixed(number) % PROMOTIONS)
}

fn purchase(number: u64) -> Purchase {
    let amount = Amount::from_minor;
    let line = |place: u64| SoldLine {
        id: place.to_string(),
        sku: format!("SKU-{:05}", mixed(number ^ place) % 20_000),
        list_price: amount(10_000),
        units: vec![SoldUnits {
            quantity: 2,
            price: amount(8_000),
            discounts: vec![(promotion(number), amount(2_000))],
        }],
        is_certificate: false,
    };
    let lines: Vec<SoldLine> = (1..=4).map(line).collect();
    let asked: Vec<String> = lines
        .iter()
        .map(|line| {
            format!(
                "{{\"id\":\"{}\",\"sku\":\"{}\",\"quantity\":2,\"unit_price\":\"10000\"}}",
                line.id, line.sku
            )
        })
        .collect();
    let applied = |id: String, units| SoldPromotion {
        name: format!("What the receipt says of {id}"),
        id,
        amount: amount(if units > 0 { 16_000 } else { 0 }),
        units,
        points: if units > 0 { 0 } else { 640 },
    };
    Purchase {
        rulebook: format!("{:064x}", mixed(number / 100_000)),
        asked: format!(
            "{{\"basket\":{{\"lines\":[{}]}},\"context\":{{\"channel\":\"pos\"}}}}",
            asked.join(",")
        ),
        customer: (!number.is_multiple_of(3)).then(|| customer(number)).into_iter().collect(),
        codes: Vec::new(),
        channel: if number.is_multiple_of(5) { "web" } else { "pos" }.to_owned(),
        store: format!("store-{:03}", mixed(number ^ 7) % STORES),
        currency: "UAH".to_owned(),
        list_total: amount(80_000),
        discount_total: amount(16_000),
        delivery_total: Amount::ZERO,
        total: amount(64_000),
        lines,
        promotions: vec![applied("points".to_owned(), 0), applied(promotion(number), 8)],
        gifts: Vec::new(),
        points: 640,
        payments: Vec::new(),
    }
}

fn customer(number: u64) -> CustomerKey {
    CustomerKey(format!("k1.{:064x}", mixed(number) % CUSTOMERS))
}

fn takes(number: u64) -> Vec<Take> {
    let promotion = promotion(number);
    let counter = CounterKey::Total(promotion.clone());
    vec![Take { promotion, counter, amount: 1, limit: Limit::Ever(100_000_000), on_refund: OnRefund::Keep }]
}

fn returned(purchase: &Purchase, second: i64) -> Result<Return, Box<dyn Error>> {
    let line = purchase.lines.first().ok_or("no line")?;
    let amount = Amount::from_minor(8_000);
    let back = ReturnedLine { line: line.id.clone(), group: 0, quantity: 1, amount };
    let at = Instant::from_unix(second).ok_or("no such moment")?;
    Ok(Return {
        at,
        lines: vec![back],
        delivery: false,
        amount,
        points: 80,
        repriced: None,
        payments: Vec::new(),
        frozen: Vec::new(),
    })
}
