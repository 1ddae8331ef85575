//! `pricewright customers`: profiles from a shell, spoken over gRPC to a service that runs.

mod table;
mod plain;
mod source;
mod sent;
mod import;
mod one;

use std::process::ExitCode;

use anyhow::Result;

/// Import, show and delete profiles of customers in a service that runs
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright customers import customers.csv
  pricewright customers get 4711
  pricewright customers delete 4711")]
#[expect(
    missing_docs,
    reason = "words here would take the place of the long ones of each command in its help"
)]
pub enum Command {
    Import(import::Args),
    Get(one::GetArgs),
    Delete(one::DeleteArgs),
}

/// Does what the command says.
///
/// # Errors
/// The service cannot be reached or refuses, a file cannot be read, standard output cannot be written.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Import(args) => import::run(args),
        Command::Get(args) => one::get(args),
        Command::Delete(args) => one::delete(args),
    }
}
