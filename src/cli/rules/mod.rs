//! `pricewright rules`: what a marketer or a pipeline needs.

pub mod progress;
pub mod check;
pub mod test;

use std::process::ExitCode;

use anyhow::Result;

/// Check rule files, run their tests, print their schema
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright rules check ./rules
  pricewright rules test ./rules")]
pub enum Command {
    /// Check a folder of rule files
    Check(check::Args),
    /// Run the tests beside the rules: every *.test.yaml
    Test(test::Args),
}

/// Does what the command says.
///
/// # Errors
/// The folder cannot be read, or standard output cannot be written.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Test(args) => test::run(args),
    }
}
