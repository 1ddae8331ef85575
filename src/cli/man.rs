//! `pricewright man`: the manual pages, made of the same words as `--help`.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::CommandFactory;
use clap_mangen::Man;

/// Print the manual page, or write one for each command
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright man | man -l -
  pricewright man ~/.local/share/man/man1
  pricewright man /usr/local/share/man/man1 && man pricewright-serve")]
pub struct Args {
    /// Folder for the pages, `pricewright.1` and one for each command; made when it is not there
    dir: Option<PathBuf>,
}

/// Prints the page of `C`, or writes those of all its commands.
///
/// # Errors
/// The folder or standard output cannot be written.
pub fn run<C: CommandFactory>(args: &Args) -> Result<ExitCode> {
    match &args.dir {
        None => {
            let mut page = Vec::new();
            Man::new(C::command()).render(&mut page)?;
            io::stdout().write_all(&page)?;
        }
        Some(dir) => {
            let written = fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(C::command(), dir));
            written.with_context(|| format!("cannot write into `{}`", dir.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
