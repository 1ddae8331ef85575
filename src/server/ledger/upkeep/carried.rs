//! The ledger of a database, carried into an embedded one that goes away, and an embedded one carried into a database.
//!
//! So everything that is done with a ledger at rest is done in one way, and what comes out of a database is held against what its own
//! tables say.

use std::io::{BufRead, Write};

use tempfile::TempDir;

use super::check::{Checked, Index, check};
use super::error::Error;
use super::replay::scratch;
use super::rest::{Rest, Told};
use super::text::{Exported, Imported, export, import};
use crate::server::database::Database;
use crate::server::journal::{self, Pour, SEGMENT_BYTES};
use crate::server::ledger::index::{Index as _, StateDigest};
use crate::server::ledger::postgres::{Filling, Snapshot};
use crate::server::ledger::shelf::Shelf;

/// A ledger that was carried out of a database, in a folder that goes away.
struct Carried {
    rest: Rest,
    /// Of what the tables hold.
    digest: StateDigest,
    _folder: TempDir,
}

fn carried(database: &Database, told: Told<'_>) -> Result<Carried, Error> {
    let folder = scratch()?;
    let rest = Rest::empty(&folder.path().join("ledger"))?;
    let snapshot = Snapshot::of(database)?;
    let records = snapshot.records()?;
    let mut done = 0;
    rest.filled(|| {
        let mut pour = Pour::begin(&rest.journal(), SEGMENT_BYTES)?;
        snapshot.each_record::<Error>(&mut |content| {
            pour.append(content)?;
            done += 1;
            told(done, records);
            Ok(())
        })?;
        pour.finish()?;
        Ok(())
    })?;
    let digest = snapshot.digest()?;
    Ok(Carried { rest, digest, _folder: folder })
}

/// Derives everything again from the records of a database, and compares with its tables. Nodes may go on meanwhile.
///
/// # Errors
/// A record or an account is not what was written; the database is away; the temporary folder is full.
pub fn check_shared(database: &Database, told: Told<'_>) -> Result<Checked, Error> {
    let carried = carried(database, told)?;
    let mut checked = check(&carried.rest, told)?;
    let sequence = checked.journal.records;
    checked.index = if checked.digest == carried.digest {
        Index::Same(sequence)
    } else {
        Index::Differs { sequence, digest: carried.digest }
    };
    Ok(checked)
}

/// Writes every fact of a database, its records numbered from 1 without a gap. Nodes may go on meanwhile.
///
/// # Errors
/// As [`check_shared`], or `to` takes no more.
pub fn export_shared(database: &Database, to: &mut impl Write, told: Told<'_>) -> Result<Exported, Error> {
    export(&carried(database, told)?.rest, to, told)
}

/// Makes the ledger that an export tells of in a database where nothing is kept yet: all of it, or nothing.
///
/// # Errors
/// A line is none, the end is missing, something is kept there already, the database is away.
pub fn import_shared(
    database: &Database,
    from: &mut impl BufRead,
    told: Told<'_>,
) -> Result<Imported, Error> {
    let folder = scratch()?;
    let rest = Rest::empty(&folder.path().join("ledger"))?;
    let imported = import(&rest, from, told)?;
    let not_empty = || Error::TablesNotEmpty(database.address().to_string());
    let mut filling = Filling::begin(database)?.ok_or_else(not_empty)?;
    for record in journal::reader(&rest.journal(), 1)? {
        let record = record?;
        filling.record(&record.payload)?;
        told(record.sequence, imported.sequence);
    }
    let index = Shelf::open(&rest.index())?;
    let mut filled = Ok(());
    index.each(&mut |name, account| {
        if filled.is_ok() {
            filled = filling.account(name, account);
        }
    })?;
    filled?;
    filling.finish()?;
    Ok(imported)
}
