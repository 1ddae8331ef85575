//! `pricewright ledger backup`: a copy of the ledger, also beside the running service.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::place::{Bar, Place, answered, print, print_json, several};
use crate::server::ledger::upkeep::Backup;

/// Copy the ledger, also beside the running service
///
/// Copies every record that is written when it begins, checks each, derives the digest from the copy, and writes a manifest. The
/// rulebooks of old purchases are copied too; the file of keys is not: keep a copy of it elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright ledger backup /backup/monday
  pricewright ledger backup \"/backup/$(date +%F)\" --data /var/lib/pricewright --json")]
pub struct Args {
    /// Folder for the backup: empty, or not there yet
    folder: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Makes it.
///
/// # Errors
/// There is no ledger, the folder is not empty, the disk says no.
pub fn run(args: &Args) -> Result<ExitCode> {
    let bar = Bar::new("copying");
    args.place.in_folder()?;
    let backup = Backup { data: args.place.data.clone(), to: args.folder.clone() };
    let done = backup.make(&mut |done, of| bar.told(done, of));
    drop(bar);
    answered(&args.place, done, |manifest| {
        if args.place.json {
            print_json(&json!({"ok": true, "manifest": manifest}))?;
        } else {
            let facts = several(manifest.facts, ["fact", "facts"]);
            print(&[
                ("backup", format!("record {}, {facts}", manifest.sequence)),
                ("chain", manifest.chain),
                ("digest", manifest.digest),
            ])?;
        }
        Ok(ExitCode::SUCCESS)
    })
}
