//! The suite over PostgreSQL: what the engines of one machine keep, many nodes over one database keep too.
//!
//! `LEDGER_SEQUENCES=5000 cargo test --release --test it ledger::shared::random -- --nocapture` and
//! `CERTIFICATE_ROUNDS=300 CODE_ROUNDS=300 cargo test --release --test it ledger::shared -- --nocapture` for long runs.

use super::engines::{Engines, shared};
use super::{certificates, race, random, table};
use crate::postgres::Database;

/// Sequences of a test run: each command is a transaction.
const SEQUENCES: u64 = 24;
/// Rounds of each race.
const ROUNDS: u64 = 4;

/// Nodes that race.
const NODES: usize = 3;

#[test]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
fn every_command_has_its_answer() {
    table::check(Engines::with_postgres());
}

#[test]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
fn every_command_about_a_certificate_has_its_answer() {
    certificates::check(Engines::with_postgres());
}

#[test]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
fn random_commands_come_to_the_same() {
    random::check(Engines::with_postgres(), SEQUENCES);
}

#[test]
#[cfg_attr(
    not(has_postgres),
    ignore = "PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL; REQUIRE_PG=1 makes this an error"
)]
fn the_last_hundred_of_a_certificate_is_spent_once_at_three_nodes() {
    let database = Database::new();
    let nodes: Vec<_> = (0..NODES).map(|_| shared(&database)).collect();
    race::check("postgres", &nodes, ROUNDS);
}
