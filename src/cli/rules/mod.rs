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
pub enum Command {
    /// Check a folder of rule files
    Check(check::Args),
    /// Run the tests beside the rules: every *.test.yaml
    Test(test::Args),
    /// Print the JSON Schema of rule files, for completion while typing
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
