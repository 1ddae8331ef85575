//! `pricewright access`: who may call the service, from a shell.

mod token;
mod check;

use std::process::ExitCode;

/// Make tokens for callers, and check the file that says who may call what
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright access token --name kyiv-01 --role till --store kyiv-01 > kyiv-01.token
  pricewright access check /etc/pricewright/access.toml")]
#[expect(
    missing_docs,
    reason = "words here would take the place of the long ones of each command in its help"
)]
pub enum Command {
    Token(token::Args),
    Check(check::Args),
}

/// Runs the command.
///
/// # Errors
/// The command's own.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Token(args) => token::run(args),
        Command::Check(args) => check::run(args),
    }
}
