//! `pricewright report`: what was measured.

pub mod source;
pub mod columns;
pub mod print;
pub mod promotions;

use std::process::ExitCode;

use anyhow::Result;

/// Tell what promotions have sold and given
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright report promotions
  pricewright report promotions --from 2026-11-01 --until 2026-11-30 --by promotion,day")]
#[expect(
    missing_docs,
    reason = "words here would take the place of the long ones of each command in its help"
)]
pub enum Command {
    Promotions(promotions::Args),
}

/// Does what the command says.
///
/// # Errors
/// Sales cannot be read, or standard output cannot be written.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Promotions(args) => promotions::run(args),
    }
}
