//! `pricewright completions`: what a shell needs to complete commands and flags.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright completions bash > ~/.local/share/bash-completion/completions/pricewright
  pricewright completions zsh > ~/.zfunc/_pricewright
  pricewright completions fish > ~/.config/fish/completions/pricewright.fish")]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for the commands of `C`.
///
/// # Errors
/// Standard output cannot be written.
pub fn run<C: CommandFactory>(args: &Args) -> Result<ExitCode> {
    let mut script = Vec::new();
    generate(args.shell, &mut C::command(), "pricewright", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
