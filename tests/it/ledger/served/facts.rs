//! Facts as they were exported, one by one through the pure model, and accounts that are compared.

use std::collections::BTreeMap;

use pricewright::ledger::{
    Account, Action, AddCodes, Balances, Command, Commit, Content, Event, Fact, Part, Refund, Repriced,
    RequestId, Reserve, ReturnedUnits, decide,
};
use pricewright::server::ledger::encode;
use pricewright::server::ledger::index::Index;
use pricewright::time::Instant;
use serde_json::Value;

use crate::ledger::table::reserve;

/// Accounts by their names in bytes.
pub(super) type Accounts = BTreeMap<Vec<u8>, Account>;

/// Everything that a service holds.
pub(super) fn accounts(index: &dyn Index) -> Accounts {
    let mut found = Accounts::new();
    index.each(&mut |name, account| drop(found.insert(name.to_vec(), account.clone()))).unwrap();
    found
}

/// Without the moments, in which two services differ.
pub(super) fn timeless(accounts: Accounts) -> Accounts {
    let no_time = Instant::from_unix(0).unwrap();
    let without = |mut account: Account| {
        match &mut account {
            Account::Sale(sale) => {
                (sale.reserved_at, sale.expires_at) = (no_time, no_time);
                sale.ended_at = sale.ended_at.map(|_| no_time);
                sale.returns.iter_mut().for_each(|back| back.at = no_time);
            }
            Account::Attempts(attempts) => attempts.since = no_time,
            _ => {}
        }
        account
    };
    accounts.into_iter().map(|(name, account)| (name, without(account))).collect()
}

/// What follows from an export, and how many facts are in it. Each is what the model decides on the command that it tells of.
pub(super) fn replay(exported: &str) -> (u64, Accounts) {
    let (mut balances, mut count) = (Balances::default(), 0);
    for line in exported.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["fact"].is_null() {
            assert_eq!(line["end"]["facts"], count, "the export is cut");
            continue;
        }
        let fact: Fact = serde_json::from_value(line["fact"].take()).unwrap();
        let command = command(&fact, &balances);
        assert_eq!(decide(&balances, &command), Ok(vec![fact.clone()]), "the model decides otherwise");
        balances.apply(&fact);
        count += 1;
    }
    (count, balances.iter().map(|(key, account)| (encode::key(key), account.clone())).collect())
}

/// The command that a fact came of.
fn command(fact: &Fact, balances: &Balances) -> Command {
    // A failed attempt is nobody's call.
    let nobody = || (RequestId::from_bytes([9; 16]), Content(String::new()));
    let (request, content) = fact.call.clone().unwrap_or_else(nobody);
    Command { request, content, at: fact.at, action: action(&fact.event, balances) }
}

fn action(event: &Event, balances: &Balances) -> Action {
    match event.clone() {
        Event::Reserved { expires_at, purchase, takes, .. } => {
            assert!(
                purchase.payments.is_empty(),
                "passwords are not in the facts: such a call cannot be made again"
            );
            Action::Reserve(Box::new(Reserve { takes, ..reserve(*purchase, expires_at) }))
        }
        Event::Committed { sale, part, takes } => {
            let part = part.map(|purchase| Part { purchase: *purchase, takes });
            Action::Commit(Box::new(Commit { sale, part }))
        }
        Event::Cancelled { sale } => Action::Cancel(sale),
        Event::Expired { sale } => panic!("the hold of {sale} has ended in so short a time"),
        Event::Refunded { sale, back, takes } => {
            let returns = balances.sale(sale).unwrap().returns.len();
            let repriced = back.repriced.map(|purchase| Repriced { returns, purchase, takes });
            let units = back.lines.into_iter().map(|line| ReturnedUnits {
                line: line.line,
                group: Some(line.group),
                quantity: line.quantity,
            });
            let units = units.collect();
            Action::Refund(Box::new(Refund {
                sale,
                units,
                certificates: Vec::new(),
                delivery: back.delivery,
                repriced,
            }))
        }
        Event::CodesAdded { pool, terms, codes } => {
            Action::AddCodes(Box::new(AddCodes { pool, terms, codes }))
        }
        Event::CodeDisabled { code } => Action::DisableCode(code),
        Event::PoolDisabled { pool } => Action::DisablePool(pool),
        Event::Missed { by } => Action::Miss(by),
        Event::Refused { rejection } => Action::Refuse(rejection),
        Event::KeyUsed => Action::UseKey,
        Event::CertificateIssued { .. }
        | Event::OtpSent { .. }
        | Event::OtpUsed { .. }
        | Event::CertificateChanged { .. }
        | Event::CertificateExpired { .. } => panic!("no call was about a certificate: {event:?}"),
    }
}
