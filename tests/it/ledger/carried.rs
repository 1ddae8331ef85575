//! A ledger that moves from one machine to a database and back: facts, balances and digests are the same.
//!
//! `CARRIED_SALES=200000 cargo test --release --test it ledger::carried -- --nocapture` for a long run.

use std::path::Path;

use pricewright::ledger::{
    Action, Command, Commit, Content, CounterKey, CustomerKey, Limit, Refund, RequestId, Reserve,
    ReturnedUnits, Take,
};
use pricewright::promotion::OnRefund;
use pricewright::server::clock;
use pricewright::server::database::Shared;
use pricewright::server::ledger::upkeep::{
    Imported, Rest, check, check_shared, export, export_shared, import, import_shared,
};
use pricewright::server::ledger::{Ledger, Options};
use pricewright::time::Instant;

use super::random::Dice;
use super::table::{purchase, reserve};
use crate::postgres::Database;

/// Sales of a test run.
const SALES: u64 = 2_000;

/// A ledger with so many sales: paid, held, called off, and some that came back.
fn sold(folder: &Path, sales: u64) {
    let at = clock::now();
    let until = Instant::from_unix(at.unix() + 80_000).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ledger = Ledger::open(&Options::Embedded(folder.to_owned())).unwrap();
    runtime.block_on(async {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..sales {
            let command = move |step: u64, action| {
                let mut bytes = [3; 16];
                bytes[..8].copy_from_slice(&(number * 4 + step).to_be_bytes());
                Command {
                    request: RequestId::from_bytes(bytes),
                    content: Content(number.to_string()),
                    at,
                    action,
                }
            };
            let take = |counter, amount| Take {
                promotion: "spring".to_owned(),
                counter,
                amount,
                limit: Limit::Ever(u64::MAX),
                on_refund: OnRefund::Restore,
            };
            let customer = CustomerKey(format!("customer-{}", dice.below(sales)));
            let takes = vec![
                take(CounterKey::Total("spring".to_owned()), 1),
                take(CounterKey::Budget("spring".to_owned()), 250),
                take(CounterKey::Customer("spring".to_owned(), customer), 1),
            ];
            let bought = Reserve { takes, ..reserve(purchase(1_000), until) };
            let mut commands = vec![command(0, Action::Reserve(Box::new(bought)))];
            let sale = commands[0].request.sale();
            match dice.below(10) {
                0 => commands.push(command(1, Action::Cancel(sale))),
                1 => {}
                fate => {
                    commands.push(command(1, Action::Commit(Box::new(Commit { sale, part: None }))));
                    let units = vec![ReturnedUnits { line: "1".to_owned(), group: None, quantity: 1 }];
                    let back =
                        Refund { sale, units, certificates: Vec::new(), delivery: false, repriced: None };
                    commands.extend((fate == 2).then(|| command(2, Action::Refund(Box::new(back)))));
                }
            }
            let ledger = ledger.clone();
            waiting.spawn(async move {
                for command in commands {
                    ledger.submit(command).await.unwrap().unwrap();
                }
            });
            if waiting.len() >= 512 {
                waiting.join_next().await.unwrap().unwrap();
            }
        }
        while let Some(done) = waiting.join_next().await {
            done.unwrap();
        }
    });
}

fn text(export: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut text = Vec::new();
    export(&mut text);
    text
}

#[test]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
fn a_ledger_moves_to_a_database_and_back() {
    let _noise = crate::running::NOISE.blocking_read();
    let sales = std::env::var("CARRIED_SALES").map_or(SALES, |text| text.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let (from, to) = (home.path().join("from"), home.path().join("to"));
    sold(&from, sales);
    let quiet = &mut |_, _| ();
    let from = Rest::take(&from).unwrap();
    let whole = check(&from, quiet).unwrap();
    assert_eq!(whole.counts.reserved + whole.counts.committed + whole.counts.cancelled, sales);

    let begun = clock::steady();
    let first = text(|text| drop(export(&from, text, quiet).unwrap()));
    let database = Database::new();
    let shared = Shared::open(&database.url().parse().unwrap()).unwrap();
    let there: Imported = import_shared(&shared.database, &mut first.as_slice(), quiet).unwrap();
    let there_millis = begun.elapsed().as_millis();
    let checked = check_shared(&shared.database, quiet).unwrap();
    assert_eq!((checked.digest, checked.journal.chain), (whole.digest, whole.journal.chain));
    assert!(
        matches!(checked.index, pricewright::server::ledger::upkeep::Index::Same(_)),
        "{:?}",
        checked.index
    );
    assert_eq!(there.digest, whole.digest);

    let begun = clock::steady();
    let second = text(|text| drop(export_shared(&shared.database, text, quiet).unwrap()));
    assert!(first == second, "the text of the facts is another");
    let back = import(&Rest::empty(&to).unwrap(), &mut second.as_slice(), quiet).unwrap();
    assert_eq!((back.digest, back.chain), (whole.digest, whole.journal.chain.to_string()));
    let again = import_shared(&shared.database, &mut first.as_slice(), quiet).unwrap_err().to_string();
    assert!(again.contains("is not empty: choose another database"), "{again}");
    println!(
        "{sales} sales, {} facts: to the database in {there_millis} ms, back in {} ms, digest {} three times",
        whole.facts,
        begun.elapsed().as_millis(),
        whole.digest
    );
    // And it goes on from there, at two nodes.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let nodes = [(); 2].map(|()| Ledger::open(&Options::Shared(shared.clone())).unwrap());
        let (at, until) = (clock::now(), Instant::from_unix(clock::now().unix() + 900).unwrap());
        for (number, node) in (1..=2).zip(&nodes) {
            let action = Action::Reserve(Box::new(reserve(purchase(1_000), until)));
            let request = RequestId::from_bytes([200 + number; 16]);
            let command = Command { request, content: Content(String::new()), at, action };
            assert!(node.submit(command).await.unwrap().is_ok());
        }
        assert_eq!(nodes[0].index().mark().digest, nodes[1].index().mark().digest);
    });
    let after = check_shared(&shared.database, quiet).unwrap();
    assert_eq!(after.counts.reserved, whole.counts.reserved + 2);
    assert!(matches!(after.index, pricewright::server::ledger::upkeep::Index::Same(_)), "{:?}", after.index);
}
