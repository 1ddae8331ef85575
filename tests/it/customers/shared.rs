//! Profiles in a database that many nodes share: the cases of one machine, and what is only so with many.
//!
//! `CUSTOMERS=500000 cargo test --release --test it customers::shared::many -- --nocapture` for a large import.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pricewright::server::clock;
use pricewright::server::config::{Options, Store};
use pricewright::server::wire;
use tonic::{Code, Status};

use super::{
    Client, bought_by, by_id, by_phone, delete, forget, import, profile, reason, started_with, unknown,
    upsert,
};
use crate::postgres::Database;
use crate::postgres::cluster::{Cluster, Options as Own};
use crate::running::{Folders, NOISE, Running};

/// Profiles of an import in a test run.
const CUSTOMERS: usize = 20_000;
/// A price is answered within this while the database stands still: the 200 ms for the profile, the rest for a busy machine.
const PRICE_MAX: Duration = Duration::from_millis(900);
/// Until an outage is known, or over: for ever.
const EVER: Duration = Duration::from_secs(30);
/// How often a node looks with no word from anybody.
const LOOK: Duration = Duration::from_millis(500);

fn at(url: &str) -> Options {
    Options { store: Some(url.parse::<Store>().unwrap().into()), ..Options::default() }
}

/// Nodes over one database, with the keys of the first.
struct Nodes {
    nodes: Vec<(Running, Client)>,
    _folders: Vec<Folders>,
}

impl Nodes {
    async fn start(url: &str, count: usize) -> Self {
        let folders: Vec<Folders> = (0..count).map(|_| Folders::new()).collect();
        let keys = folders[0].home().join("keys").join("keys.toml");
        let mut nodes = Vec::new();
        for folders in &folders {
            let options = Options { secrets: Some(keys.clone()), ..at(url) };
            nodes.push(started_with(folders, options).await);
        }
        Nodes { nodes, _folders: folders }
    }

    fn client(&self, node: usize) -> Client {
        self.nodes[node].1.clone()
    }

    async fn quote(&self, node: usize, customer: wire::Customer) -> wire::Quote {
        let mut pricing = self.nodes[node].0.pricing().await;
        pricing.quote(bought_by(customer)).await.unwrap().into_inner()
    }

    /// Waits until every node has heard of what was written, its own writes too: hearing of it, a node drops it from its memory once more.
    async fn heard(&self) {
        tokio::time::sleep(2 * LOOK).await;
    }

    /// Waits until a price at a node is this, and says how long.
    async fn until(&self, node: usize, customer: &wire::Customer, total: i64) -> Duration {
        let begun = clock::steady();
        while self.quote(node, customer.clone()).await.total != total {
            assert!(begun.elapsed() < EVER, "it is never {total}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        begun.elapsed()
    }
}

fn id(id: &str) -> wire::Customer {
    wire::Customer { id: id.to_owned(), ..wire::Customer::default() }
}

fn phone(phone: &str) -> wire::Customer {
    wire::Customer { phone: phone.to_owned(), ..wire::Customer::default() }
}

fn is_away(status: &Status) -> bool {
    (status.code(), reason(status).as_str()) == (Code::Unavailable, "PROFILES_AWAY")
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn what_one_machine_does_a_database_does() {
    let database = Database::new();
    super::kept_and_forgotten(at(database.url())).await;
    let database = Database::new();
    super::faults_are_named(at(database.url())).await;
    let database = Database::new();
    super::imported(at(database.url())).await;
    let database = Database::new();
    super::priced_with_the_profile(at(database.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn a_change_at_one_node_is_seen_at_the_others_within_a_second() {
    let _alone = NOISE.write().await;
    let database = Database::new();
    let nodes = Nodes::start(database.url(), 3).await;
    let mut client = nodes.client(0);
    let (by_id, by_phone) = (id("4711"), phone("0501234567"));
    let mut longest = Duration::ZERO;
    let mut prices = 10_000;
    for round in 0..12 {
        // Every node has in memory what was before, that there was nobody at first.
        for node in 0..3 {
            assert_eq!(nodes.quote(node, by_id.clone()).await.total, prices);
            assert_eq!(nodes.quote(node, by_phone.clone()).await.total, prices);
        }
        let (tier, total) = [("gold", 8_000), ("silver", 9_000), ("", 10_000)][round % 3];
        if tier.is_empty() {
            delete(&mut client, forget("4711")).await.unwrap();
        } else {
            upsert(&mut client, profile("4711", "0501234567", &[], tier)).await.unwrap();
        }
        prices = total;
        // At once where it was written.
        assert_eq!(nodes.quote(0, by_id.clone()).await.total, total);
        for node in [1, 2] {
            for customer in [&by_id, &by_phone] {
                longest = longest.max(nodes.until(node, customer, total).await);
            }
        }
    }
    println!("a change at one node is seen at the others within {} ms", longest.as_millis());
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn where_a_node_cannot_know_what_it_missed_it_forgets_all() {
    let database = Database::new();
    let nodes = Nodes::start(database.url(), 1).await;
    let mut client = nodes.client(0);
    let behind = database.connect().await;
    // Turns of which nothing is told any more, and a database that was put back to what it was.
    for turn in ["sequence + 3", "sequence + 1000", "1"] {
        upsert(&mut client, profile("4711", "0501234567", &[], "gold")).await.unwrap();
        nodes.heard().await;
        nodes.until(0, &phone("0501234567"), 8_000).await;
        behind.execute("delete from pricewright.customer", &[]).await.unwrap();
        assert_eq!(nodes.quote(0, id("4711")).await.total, 8_000, "it is in memory");
        let turn = format!("update pricewright.customer_turn set sequence = {turn}");
        assert_eq!(behind.execute(&turn, &[]).await.unwrap(), 1);
        nodes.until(0, &phone("0501234567"), 10_000).await;
        behind.execute("delete from pricewright.customer_change", &[]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn a_phone_has_one_owner_whoever_writes_where() {
    let database = Database::new();
    let nodes = Nodes::start(database.url(), 2).await;
    let (mut one, mut two) = (nodes.client(0), nodes.client(1));
    // The same customers at two nodes at once, in turned order, with phones that go round.
    let batch = |turn: usize, is_turned: bool| -> Vec<wire::Profile> {
        let number = |n: usize| format!("+38050{:07}", (n + turn) % 300);
        let mut batch: Vec<_> =
            (0..300).map(|n| profile(&n.to_string(), &number(n), &[], &turn.to_string())).collect();
        if is_turned {
            batch.reverse();
        }
        batch
    };
    for turn in 0..6 {
        let (here, there) = tokio::join!(
            import(&mut one, vec![batch(turn, false); 2]),
            import(&mut two, vec![batch(turn + 1, true); 2]),
        );
        assert_eq!((here.refused, there.refused), (0, 0));
        assert_eq!((here.taken + here.unchanged, there.taken + there.unchanged), (600, 600));
    }
    for turn in 0..40 {
        let (one, two) = tokio::join!(
            upsert(&mut one, profile("a", "0509999999", &[], &turn.to_string())),
            upsert(&mut two, profile("b", "0509999999", &[], &turn.to_string())),
        );
        one.unwrap();
        two.unwrap();
    }
    // Whoever was written last has it, at both.
    let owner = by_phone(&mut one, "0509999999").await.unwrap().id;
    assert_eq!(by_phone(&mut two, "0509999999").await.unwrap().id, owner);
    let last = if owner == "a" { "b" } else { "a" };
    upsert(&mut two, profile(last, "0509999999", &[], "last")).await.unwrap();
    assert_eq!(by_phone(&mut one, "0509999999").await.unwrap().id, last);
    assert!(by_id(&mut one, &owner).await.unwrap().has_phone);
    delete(&mut one, forget(last)).await.unwrap();
    assert!(unknown(by_phone(&mut two, "0509999999").await));

    // After a last import every phone leads to whom it says.
    import(&mut two, vec![batch(9, false)]).await;
    for n in [0, 7, 299] {
        let phone = format!("+38050{:07}", (n + 9) % 300);
        assert_eq!(by_phone(&mut one, &phone).await.unwrap().id, n.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn nothing_of_a_customer_can_be_read_in_the_database() {
    let cluster = Cluster::own(Own { settings: &[("log_statement", "all")], ..Own::default() });
    let nodes = Nodes::start(&cluster.create("shop"), 1).await;
    let mut client = nodes.client(0);
    let canary = |n: usize| wire::Profile {
        birthday: "1987-06-05".to_owned(),
        attributes: [("canary-name".to_owned(), "canary-value".to_owned())].into(),
        ..profile(&format!("id-{n}"), &format!("+38067{n:07}"), &["canary-segment"], "canary-tier")
    };
    import(&mut client, vec![(1_000_000..1_001_000).map(canary).collect()]).await;
    for n in 1_000_000..1_000_020 {
        delete(&mut client, forget(&format!("id-{n}"))).await.unwrap();
        let mut second = canary(n);
        second.tier = "canary-other".to_owned();
        upsert(&mut client, second).await.unwrap();
        assert_eq!(nodes.quote(0, phone(&format!("+38067{n:07}"))).await.total, 10_000);
    }
    // As whoever has the database sees it: rows, bytes in hexadecimal; and as whoever has its disk does: tables, log of writes, log.
    let mut seen = Vec::new();
    let database = crate::postgres::connect::connect(&cluster.url("shop")).await.unwrap();
    let tables = "select tablename::text from pg_tables where schemaname = 'pricewright'";
    for table in database.query(tables, &[]).await.unwrap() {
        let table: &str = table.get(0);
        let rows = format!("select kept::text from pricewright.{table} kept");
        let rows = database.query(&rows, &[]).await.unwrap();
        let text: String = rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect();
        seen.push((table.to_owned(), text.into_bytes()));
    }
    database.batch_execute("checkpoint").await.unwrap();
    read(cluster.home(), &mut seen);
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(seen.iter().any(|(name, bytes)| name == "customer" && has(bytes, &hex("id-1000500"))));
    assert!(seen.iter().any(|(name, bytes)| name.contains("pg_wal") && has(bytes, "id-1000500")));
    for (name, bytes) in &seen {
        for canary in ["canary-", "1987-06-05", "671000", "+38067"] {
            assert!(!has(bytes, &hex(canary)), "`{canary}` in {name}");
            assert!(!has(bytes, canary), "`{canary}` in {name}");
        }
    }
}

fn read(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, files);
        } else if let (true, Ok(bytes)) = (path.is_file(), fs::read(&path)) {
            files.push((path.display().to_string(), bytes));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn prices_go_on_without_the_database_and_say_what_they_lack() {
    let _alone = NOISE.write().await;
    let cluster = Cluster::own(Own::default());
    let nodes = Nodes::start(&cluster.create("chain"), 1).await;
    let mut client = nodes.client(0);
    for (id, phone) in [("in-memory", "0501111111"), ("not-yet", "0502222222")] {
        upsert(&mut client, profile(id, phone, &[], "gold")).await.unwrap();
    }
    nodes.heard().await;
    nodes.until(0, &phone("0501111111"), 8_000).await;

    for is_still in [false, true] {
        let name = if is_still { "stands still" } else { "is stopped" };
        if is_still {
            cluster.pause()
        } else {
            cluster.stop_immediate()
        }
        let begun = clock::steady();
        let mut slowest = Duration::ZERO;
        let mut is_known = false;
        // From the first moment on, and when the outage is known.
        while !is_known || begun.elapsed() < Duration::from_secs(2) {
            assert!(begun.elapsed() < EVER, "the outage is not known");
            for (customer, total, is_unchecked) in [
                (phone("0501111111"), 8_000, false),
                (id("in-memory"), 8_000, false),
                (id("not-yet"), 10_000, true),
                (phone("0502222222"), 10_000, true),
                (wire::Customer { tier: "silver".to_owned(), ..id("not-yet") }, 9_000, true),
                (wire::Customer::default(), 10_000, false),
            ] {
                let asked = clock::steady();
                let quote = nodes.quote(0, customer.clone()).await;
                slowest = slowest.max(asked.elapsed());
                assert_eq!((quote.total, quote.customer_unchecked), (total, is_unchecked), "{customer:?}");
            }
            is_known = {
                let asked = clock::steady();
                let status = by_id(&mut client, "in-memory").await.unwrap_err();
                assert!(is_away(&status), "{status:?}");
                asked.elapsed() < Duration::from_millis(50)
            };
        }
        assert!(slowest < PRICE_MAX, "{slowest:?}");
        let known = clock::steady();
        for _ in 0..20 {
            assert!(nodes.quote(0, id("not-yet")).await.customer_unchecked);
            let status = upsert(&mut client, profile("x", "", &[], "")).await.unwrap_err();
            assert!(is_away(&status), "{status:?}");
        }
        let batch = wire::BatchQuoteRequest { requests: vec![bought_by(id("not-yet")); 50] };
        let batch = nodes.nodes[0].0.pricing().await.batch_quote(batch).await.unwrap().into_inner();
        assert_eq!(batch.answers.len(), 50);
        let known = known.elapsed();
        assert!(known < Duration::from_secs(2), "{known:?}");
        if is_still {
            cluster.resume()
        } else {
            cluster.start()
        }
        let back = clock::steady();
        while upsert(&mut client, profile("x", "", &[], "")).await.is_err() {
            assert!(back.elapsed() < EVER, "it does not come back");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        println!(
            "the database {name}: the slowest price took {} ms; writes work {} ms after it is back",
            slowest.as_millis(),
            back.elapsed().as_millis()
        );
        for (customer, total) in [(id("not-yet"), 8_000), (phone("0501111111"), 8_000)] {
            let quote = nodes.quote(0, customer).await;
            assert_eq!((quote.total, quote.customer_unchecked), (total, false));
        }
        // Out of the memory again, for the second turn.
        upsert(&mut client, profile("not-yet", "0502222222", &[], if is_still { "" } else { "silver" }))
            .await
            .unwrap();
        upsert(&mut client, profile("not-yet", "0502222222", &[], "gold")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
async fn many_are_imported() {
    let _noise = NOISE.read().await;
    let count = std::env::var("CUSTOMERS").map_or(CUSTOMERS, |text| text.parse().unwrap());
    let database = Database::new();
    let nodes = Nodes::start(database.url(), 1).await;
    let mut client = nodes.client(0);
    let one = |n: usize| wire::Profile {
        birthday: "1990-11-25".to_owned(),
        attributes: [("city", "Київ"), ("children", "2"), ("brand", "Linara")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        // Ids in no order, as those of a CRM that makes them at random.
        ..profile(
            &format!("c-{:08}", n.wrapping_mul(7_919) % count),
            &format!("+38050{n:07}"),
            &["vip"],
            "gold",
        )
    };
    let messages = || -> Vec<Vec<wire::Profile>> {
        (0..count).step_by(2_000).map(|from| (from..count.min(from + 2_000)).map(one).collect()).collect()
    };
    let expected = u64::try_from(count).unwrap();
    let begun = clock::steady();
    assert_eq!(import(&mut client, messages()).await.taken, expected);
    let first = begun.elapsed();
    let begun = clock::steady();
    assert_eq!(import(&mut client, messages()).await.unchanged, expected);
    println!("{count} profiles: {}, again {}", told(count, first), told(count, begun.elapsed()));
    assert_eq!(by_phone(&mut client, "+380500000007").await.unwrap().id, one(7).id);
}

fn told(count: usize, time: Duration) -> String {
    let rate = u128::try_from(count).unwrap() * 1_000 / time.as_millis().max(1);
    format!("{} ms, {rate} a second", time.as_millis())
}
