//! `pricewright rules`: what a marketer or a pipeline needs.

pub mod progress;
pub mod check;
pub mod test;
pub mod schema;

use std::process::ExitCode;

use anyhow::Result;

/// Check rule files, run their tests, print their schema
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright rules check ./rules
  pricewright rules test ./rules
  pricewright rules schema > rules.schema.json")]
#[expect(
    missing_docs,
    reason = "words here would take the place of the long ones of each command in its help"
)]
pub enum Command {
    Check(check::Args),
    Test(test::Args),
    Schema(schema::Args),
}

/// Does what the command says.
///
/// # Errors
/// The folder cannot be read, or standard output cannot be written.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Test(args) => test::run(args),
        Command::Schema(args) => schema::run(args),
    }
}
