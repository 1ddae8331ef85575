//! `pricewright access check`: whether a file of access is good, and who is in it.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::server::access::Guard;

/// Check a file of access before the service reads it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  pricewright access check /etc/pricewright/access.toml")]
pub struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Exit code 0 where the file is good, 1 where it is not.
///
/// # Errors
/// A stream takes no text.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match Guard::open(&args.file) {
        Ok((guard, _)) => {
            let count = guard.known().len();
            let path = args.file.display();
            writeln!(io::stdout(), "{path} is good: {count} credentials")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(io::stderr(), "{error}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
