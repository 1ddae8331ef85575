//! `pricewright ledger`: what an engineer needs who keeps the ledger: is it sound, a copy of it, and the way back.

pub mod place;
pub mod verify;
pub mod export;
pub mod import;
pub mod backup;
pub mod restore;

use std::process::ExitCode;

use anyhow::Result;

/// Verify, back up and restore what is promised and kept
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright ledger verify --data /var/lib/pricewright
  pricewright ledger backup /backup/monday --data /var/lib/pricewright
  pricewright ledger restore /backup/monday --data /var/lib/pricewright-new
  pricewright ledger export - | zstd > facts.jsonl.zst

All but `backup` ask that no service holds the data folder.")]
#[expect(
    missing_docs,
    reason = "words here would take the place of the long ones of each command in its help"
)]
pub enum Command {
    Verify(verify::Args),
    Export(export::Args),
    Import(import::Args),
    Backup(backup::Args),
    Restore(restore::Args),
}

/// Does what the command says.
///
/// # Errors
/// A folder is in use or cannot be read or written.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Verify(args) => verify::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
    }
}
