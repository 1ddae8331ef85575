//! `pricewright ledger restore`: a ledger out of a backup.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::place::{Bar, Place, answered, print, print_json, seconds, several};
use crate::server::clock;
use crate::server::ledger::upkeep::restore;

/// Make a ledger of a backup
///
/// The data folder must have no ledger yet. Every record is checked on its way, and the digest held against the manifest. With --to-seq
/// it stops after that record. Of a damaged ledger what is whole before the damage can be had the same way: name its folder
/// (`data/ledger`) as the backup, and the last whole record.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright ledger restore /backup/monday --data /var/lib/pricewright-new
  pricewright ledger restore /backup/monday --data /tmp/look --to-seq 120000
  pricewright ledger restore data/ledger --data saved --to-seq 16     what is whole before damage at record 17")]
pub struct Args {
    /// Folder of the backup
    backup: PathBuf,
    /// Stop after this record
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    to_seq: Option<u64>,
    #[command(flatten)]
    place: Place,
}

/// Restores it.
///
/// # Errors
/// There is a ledger already, the backup cannot be read or ends too soon, the disk says no.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.place.in_folder()?;
    let begun = clock::steady();
    let bar = Bar::new("restoring");
    let done = restore(&args.backup, &args.place.data, args.to_seq, &mut |done, of| bar.told(done, of));
    drop(bar);
    answered(&args.place, done, |restored| {
        let (digest, took) = (restored.digest.to_string(), seconds(begun));
        let is_compared = restored.manifest.is_some();
        if args.place.json {
            print_json(&json!({
                "ok": true,
                "sequence": restored.sequence,
                "facts": restored.facts,
                "chain": restored.chain,
                "digest": digest,
                "compared": is_compared,
                "seconds": took,
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        let told = if is_compared { "that of the manifest" } else { "no manifest says what it must be" };
        print(&[
            (
                "restored",
                format!(
                    "record {}, {}, in {took} s",
                    restored.sequence,
                    several(restored.facts, ["fact", "facts"])
                ),
            ),
            ("chain", restored.chain),
            ("digest", format!("{digest}, {told}")),
        ])?;
        Ok(ExitCode::SUCCESS)
    })
}
