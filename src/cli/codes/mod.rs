//! `pricewright codes`: pools of codes from a shell, over gRPC to a service that runs.
//!
//! A code, a phone and a PIN are secrets here: they go to standard output or into a file that only its owner reads, where they were
//! asked for, and never into an error or onto the terminal beside them.

pub mod terms;
pub mod sheet;
pub mod generate;
pub mod import;
pub mod inspect;
pub mod disable;

use std::process::ExitCode;

use anyhow::Result;

/// Make codes, take them in, look at them, take them out of use
///
/// Talks to a service that runs. See docs/codes.md.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright codes generate spring 10000 --until 2027-05-31 -o spring.txt
  pricewright codes import birthday crm.csv
  pricewright codes inspect 7K2M-9QXA-04TD
  pricewright codes disable --pool spring
  PRICEWRIGHT_SERVER=http://prices:50051 pricewright codes generate spring 100")]
#[expect(
    missing_docs,
    reason = "words here would take the place of the long ones of each command in its help"
)]
pub enum Command {
    Generate(Box<generate::Args>),
    Import(Box<import::Args>),
    Inspect(inspect::Args),
    Disable(disable::Args),
}

/// Does what the command says.
///
/// # Errors
/// Nobody answers, the service refuses, a file cannot be read or written.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Generate(args) => generate::run(args),
        Command::Import(args) => import::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Disable(args) => disable::run(args),
    }
}
