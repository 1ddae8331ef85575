//! Invented profiles of customers as a table, and how long one takes to be looked up.
//!
//! ```text
//! cargo run --release --example profiles -- table 2500000 > profiles.csv
//! cargo run --release --example profiles -- look-up 2500000 ./data
//! ```
//!
//! The second opens the folder of a service that has imported the table and is not running.

use std::env;
use std::fs;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pricewright::basket::COUNTRIES;
use pricewright::server::clock;
use pricewright::server::customers::{Customers, Phones, Who};
use pricewright::server::secrets::{Pepper, Stage};

/// Look-ups of each kind.
const LOOK_UPS: u32 = 100_000;

fn main() -> Result<(), String> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (command, rest) = args.split_first().ok_or("`table COUNT` or `look-up COUNT DATA`")?;
    let count = rest.first().and_then(|count| count.parse().ok()).ok_or("how many profiles?")?;
    match (*command, rest.get(1)) {
        ("table", None) => table(count).map_err(|error| error.to_string()),
        ("look-up", Some(data)) => look_up(count, Path::new(data)),
        _ => Err("`table COUNT` or `look-up COUNT DATA`".to_owned()),
    }
}

/// The order of ids is not the order of phones: a permutation of eight digits.
fn phone(n: u32) -> u64 {
    u64::from(n).wrapping_mul(38_654_321) % 100_000_007
}

fn table(count: u32) -> std::io::Result<()> {
    const SEGMENTS: [&str; 8] = [
        "",
        "beauty_club",
        "vip",
        "beauty_club|mothers",
        "students",
        "wellness|beauty_club",
        "dormant",
        "new",
    ];
    const TIERS: [&str; 4] = ["", "silver", "gold", "platinum"];
    let mut out = BufWriter::new(stdout().lock());
    writeln!(out, "id,phone,segments,tier,birthday,city,visits,favorite_brand,last_purchase_days")?;
    for n in 0..count {
        let pick = |from: &[&'static str], step: u32| {
            let place = usize::try_from(n / step).unwrap_or_default() % from.len();
            from.get(place).copied().unwrap_or_default()
        };
        writeln!(
            out,
            "c-{n:08},+380{:09},{},{},{}-{:02}-{:02},{},{},{},{}",
            500_000_000 + phone(n) % 500_000_000,
            pick(&SEGMENTS, 1),
            pick(&TIERS, 3),
            1950 + n % 55,
            1 + n % 12,
            1 + n % 28,
            pick(&["Київ", "Львів", "Одеса", "Харків", "Дніпро"], 7),
            n % 90,
            pick(&["Linara", "Косинь", "Verbena & Co"], 11),
            n % 730,
        )?;
    }
    out.flush()
}

fn look_up(count: u32, data: &Path) -> Result<(), String> {
    let begun = clock::steady();
    let keys = data.join("secrets").join("keys.toml");
    let pepper = Pepper::open(&keys, Stage::Production).map_err(|error| error.to_string())?;
    let phones = Phones::new(Arc::new(pepper), COUNTRIES.into());
    let customers = Customers::open(data, phones).map_err(|error| error.to_string())?;
    println!("opened in {} ms, {}", begun.elapsed().as_millis(), memory());
    let scattered = |turn: u32| turn.wrapping_mul(2_654_435_761) % count;
    let few = |turn: u32| scattered(turn % 1_000);
    type Named = fn(u32) -> Who;
    type Kind<'a> = (&'a str, Named, &'a dyn Fn(u32) -> u32);
    let by_id: Named = |n| Who::Id(format!("c-{n:08}"));
    let by_phone: Named = |n| Who::Phone(format!("+380{:09}", 500_000_000 + phone(n) % 500_000_000));
    let nobody: Named = |n| Who::Id(format!("x-{n:08}"));
    let kinds: [Kind<'_>; 4] = [
        ("by id, anybody", by_id, &scattered),
        ("by phone, anybody", by_phone, &scattered),
        ("by phone, one of 1,000", by_phone, &few),
        ("by id, nobody", nobody, &scattered),
    ];
    for (what, named, chosen) in kinds {
        let mut found = 0;
        let mut times: Vec<Duration> = Vec::new();
        for turn in 0..LOOK_UPS {
            let who = named(chosen(turn));
            let begun = clock::steady();
            let profile = customers.find(&who).map_err(|error| error.to_string())?;
            times.push(begun.elapsed());
            found += u32::from(profile.is_some());
        }
        times.sort_unstable();
        let at = |share: usize| {
            let place = (times.len() * share / 1_000).min(times.len().saturating_sub(1));
            times.get(place).copied().unwrap_or_default().as_nanos()
        };
        println!(
            "{what:<24} {found:>7} found, p50 {:>6} ns, p99 {:>7} ns, p99.9 {:>8} ns",
            at(500),
            at(990),
            at(999)
        );
    }
    println!("{}", memory());
    customers.close();
    Ok(())
}

/// What the system counts as this process's.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS unknown");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
