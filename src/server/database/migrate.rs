//! Brings the tables up to what this program knows: forward only, each step once, whichever node comes first.
//!
//! A step only adds, so that nodes of the version before go on beside new ones. One that they could not live with says so in
//! `needs`: a program that knows less than that does not start.

use tokio_postgres::Client;

use super::error::Error;

/// The steps, in order. What is here is never changed: it has run somewhere.
const STEPS: &[Step] = &[Step { version: 1, needs: 1, sql: include_str!("migrations/0001.sql") }];

/// Any number that other programs do not take: nodes that start together wait for each other by it.
const LOCK: i64 = 0x7072_6963_6577_7269;

struct Step {
    version: i32,
    /// The least version that a program must know beside it.
    needs: i32,
    sql: &'static str,
}

/// Whether the server is one whose promises are those that the ledger rests on.
///
/// # Errors
/// It speaks like PostgreSQL and is something else.
pub(super) async fn known_server(client: &Client) -> Result<(), Error> {
    let row = client.query_one("select version()", &[]).await?;
    let version: String = row.get(0);
    let is_other = ["CockroachDB", "-YB-", "Yugabyte"].iter().any(|name| version.contains(name));
    if !version.starts_with("PostgreSQL") || is_other {
        return Err(Error::Refused(format!(
            "`{version}` is not a server that the ledger was tried on: see docs/scale.md"
        )));
    }
    Ok(())
}

/// What a start finds in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tables {
    /// The version of the tables; 0 where there are none yet.
    pub found: i32,
    /// The version that this program brings them to.
    pub known: i32,
    /// Whether a record of the ledger is in them.
    pub is_begun: bool,
}

/// What is there, for whoever only asks: nothing is made or changed.
///
/// # Errors
/// A start would fail: the tables are newer than this program, none may be made, or the server takes no writes.
pub(super) async fn look(client: &Client) -> Result<Tables, Error> {
    let known = STEPS.last().map_or(0, |step| step.version);
    let row = client
        .query_one(
            "select pg_is_in_recovery(), to_regclass('pricewright.migration') is not null,
                 has_database_privilege(current_database(), 'create')",
            &[],
        )
        .await?;
    let (is_standby, are_there, may_make): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
    if is_standby {
        return Err(Error::Away("it is a standby, which takes no writes".to_owned()));
    }
    if !are_there && !may_make {
        return Err(Error::Refused(
            "the role may not make the tables: `grant create on database … to …`, or let the role own the database".to_owned(),
        ));
    }
    if !are_there {
        return Ok(Tables { found: 0, known, is_begun: false });
    }
    let row = client
        .query_one(
            "select coalesce(max(version), 0), coalesce(max(needs), 0) from pricewright.migration",
            &[],
        )
        .await?;
    let (found, needs): (i32, i32) = (row.get(0), row.get(1));
    if needs > known {
        return Err(Error::TooNew { found, known });
    }
    let is_begun = found > 0
        && client.query_one("select exists (select from pricewright.record)", &[]).await?.get::<_, bool>(0);
    Ok(Tables { found, known, is_begun })
}

/// Runs the steps that have not run.
///
/// # Errors
/// The tables are newer than this program, or the database does not let it.
pub(super) async fn migrate(client: &mut Client) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    // The time of a statement is for calls that somebody waits for; a step may build an index over all that there is.
    transaction.batch_execute("set local statement_timeout = 0; set local lock_timeout = 0").await?;
    transaction.query("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction
        .batch_execute(
            "create schema if not exists pricewright;
             create table if not exists pricewright.migration (
                 version int primary key, needs int not null, run_at timestamptz not null default now())",
        )
        .await?;
    let row = transaction
        .query_one(
            "select coalesce(max(version), 0), coalesce(max(needs), 0) from pricewright.migration",
            &[],
        )
        .await?;
    let (found, needs): (i32, i32) = (row.get(0), row.get(1));
    let known = STEPS.last().map_or(0, |step| step.version);
    if needs > known {
        return Err(Error::TooNew { found, known });
    }
    for step in STEPS.iter().filter(|step| step.version > found) {
        transaction.batch_execute(step.sql).await?;
        transaction
            .execute(
                "insert into pricewright.migration (version, needs) values ($1, $2)",
                &[&step.version, &step.needs],
            )
            .await?;
        tracing::info!(version = step.version, "the tables of the database are brought up to date");
    }
    transaction.commit().await?;
    Ok(())
}
