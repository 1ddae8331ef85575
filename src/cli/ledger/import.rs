//! `pricewright ledger import`: a ledger out of an export.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::place::{Bar, Place, answered, print, print_json, several};
use crate::server::ledger::upkeep::{Error, Imported, Rest, import};

/// Make a ledger of an export
///
/// The data folder must have no ledger yet. Afterwards chain and digest are those of the ledger that was exported; when anything is
/// amiss, nothing is left of it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright ledger import facts.jsonl --data /var/lib/pricewright-new
  zstdcat facts.jsonl.zst | pricewright ledger import - --data /var/lib/pricewright-new")]
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
pub fn run(args: &Args) -> Result<ExitCode> {
    let ledger = Rest::empty(&args.place.ledger())?;
    let bar = Bar::new("importing");
    let done = read(args, &ledger, &bar)?;
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

fn read(args: &Args, ledger: &Rest, bar: &Bar) -> Result<Result<Imported, Error>> {
    let told = &mut |done, of| bar.told(done, of);
    if args.file == Path::new("-") {
        return Ok(import(ledger, &mut io::stdin().lock(), told));
    }
    let file = File::open(&args.file).with_context(|| format!("cannot read `{}`", args.file.display()))?;
    Ok(import(ledger, &mut BufReader::new(file), told))
}
