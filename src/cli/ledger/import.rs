//! `pricewright ledger import`: a ledger out of an export.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use super::place::{Bar, Place, answered, print, print_json, several};
use crate::server::database::Database;
use crate::server::ledger::upkeep::{Error, Imported, Rest, Told, import, import_shared};

/// Make a ledger of an export
///
/// The data folder, or the database, must have no ledger yet. Afterwards chain and digest are those of the ledger that was exported; when anything is
/// amiss, nothing is left of it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright ledger import facts.jsonl --data /var/lib/pricewright-new
  zstdcat facts.jsonl.zst | pricewright ledger import - --data /var/lib/pricewright-new
  pricewright ledger export - | pricewright ledger import - --store postgres://pricewright@db.example/shop?sslmode=require")]
pub struct Args {
    /// The export; `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Reads it in.
///
/// # Errors
/// There is a ledger already, the file cannot be read, the disk says no.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let to = match args.place.database()? {
        Some(database) => To::Database(database),
        None => To::Folder(Rest::empty(&args.place.ledger())?),
    };
    let bar = Bar::new("importing");
    let done = read(args, &to, &bar)?;
    drop(bar);
    answered(&args.place, done, |Imported { sequence, facts, chain, digest }| {
        if args.place.json {
            let digest = digest.to_string();
            print_json(
                &json!({"ok": true, "sequence": sequence, "facts": facts, "chain": chain, "digest": digest}),
            )?;
        } else {
            let (facts, records) =
                (several(facts, ["fact", "facts"]), several(sequence, ["record", "records"]));
            print(&[
                ("imported", format!("{facts} of {records}")),
                ("chain", chain),
                ("digest", digest.to_string()),
            ])?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Where the facts go.
enum To {
    Folder(Rest),
    Database(Database),
}

impl To {
    fn import(&self, from: &mut impl io::BufRead, told: Told<'_>) -> Result<Imported, Error> {
        match self {
            To::Folder(ledger) => import(ledger, from, told),
            To::Database(database) => import_shared(database, from, told),
        }
    }
}

fn read(args: &Args, to: &To, bar: &Bar) -> anyhow::Result<Result<Imported, Error>> {
    let told = &mut |done, of| bar.told(done, of);
    if args.file == Path::new("-") {
        return Ok(to.import(&mut io::stdin().lock(), told));
    }
    let file = File::open(&args.file).with_context(|| format!("cannot read `{}`", args.file.display()))?;
    Ok(to.import(&mut BufReader::new(file), told))
}
