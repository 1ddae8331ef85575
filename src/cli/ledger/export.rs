//! `pricewright ledger export`: every fact as a line of JSON.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use super::place::{Bar, Place, answered, several};
use crate::server::database::Database;
use crate::server::ledger::upkeep::{Error, Exported, Rest, Told, export, export_shared};

/// Write every fact as a line of JSON
///
/// Each line has the number of the fact's record; the last line says how many there were and the hash of all records, so that a text
/// that was cut is found. Customers, phones and codes are in it as keyed hashes, as they are in the journal.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright ledger export facts.jsonl
  pricewright ledger export - --data /var/lib/pricewright | zstd > facts.jsonl.zst
  pricewright ledger export - | jq -c 'select(.fact.event.refunded)'
  pricewright ledger export facts.jsonl --store postgres://pricewright@db.example/shop?sslmode=require")]
pub struct Args {
    /// The file, which must not be there yet; `-` for standard output
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Writes it.
///
/// # Errors
/// There is no ledger, a service has it, the file is there or takes no more.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let from = match args.place.database()? {
        Some(database) => From::Database(database),
        None => From::Folder(Rest::take(&args.place.ledger())?),
    };
    let bar = Bar::new("exporting");
    let done = write(args, &from, &bar)?;
    drop(bar);
    answered(&args.place, done, |Exported { sequence, facts, chain }| {
        // Standard output may be where the facts have gone.
        let mut output = io::stderr().lock();
        if args.place.json {
            let object = json!({"ok": true, "sequence": sequence, "facts": facts, "chain": chain});
            writeln!(output, "{object}")?;
        } else {
            let (facts, records) =
                (several(facts, ["fact", "facts"]), several(sequence, ["record", "records"]));
            writeln!(output, "exported {facts} of {records}, chain {chain}")?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Where the facts are.
enum From {
    Folder(Rest),
    Database(Database),
}

impl From {
    fn export(&self, to: &mut impl io::Write, told: Told<'_>) -> Result<Exported, Error> {
        match self {
            From::Folder(ledger) => export(ledger, to, told),
            From::Database(database) => export_shared(database, to, told),
        }
    }
}

fn write(args: &Args, from: &From, bar: &Bar) -> anyhow::Result<Result<Exported, Error>> {
    let told = &mut |done, of| bar.told(done, of);
    if args.file == Path::new("-") {
        return Ok(from.export(&mut BufWriter::new(io::stdout().lock()), told));
    }
    let file = File::create_new(&args.file);
    let file = file.with_context(|| format!("cannot make `{}`", args.file.display()))?;
    let done = from.export(&mut BufWriter::new(&file), told);
    file.sync_all().with_context(|| format!("cannot write `{}`", args.file.display()))?;
    Ok(done)
}
