//! `pricewright rules`: what a marketer or a pipeline needs.

pub mod progress;
pub mod check;
pub mod test;
pub mod schema;
mod desk;
mod source;
pub mod publish;
pub mod rollback;
pub mod history;
pub mod diff;

use std::process::ExitCode;

use anyhow::Result;

/// Check rule files, run their tests, publish them, look at what was in force
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright rules check ./rules
  pricewright rules test ./rules
  pricewright rules schema > rules.schema.json
  pricewright rules publish ./rules --by Olena --comment 'Black Friday'
  pricewright rules history
  pricewright rules diff 12
  pricewright rules rollback 12 --by Olena")]
#[expect(
    missing_docs,
    reason = "words here would take the place of the long ones of each command in its help"
)]
pub enum Command {
    Check(check::Args),
    Test(test::Args),
    Schema(schema::Args),
    Publish(publish::Args),
    History(history::Args),
    Diff(diff::Args),
    Rollback(rollback::Args),
}

/// Does what the command says.
///
/// # Errors
/// A folder cannot be read, the service refuses, or standard output cannot be written.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Test(args) => test::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Publish(args) => publish::run(args),
        Command::History(args) => history::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Rollback(args) => rollback::run(args),
    }
}
