//! `pricewright access check`: whether a file of access is good, and who is in it.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::server::access::{ForTwo, Guard};
use crate::server::clock;

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

/// Exit code 0 where the file is good, 1 where it is not. What nobody can do by a good one is told on the standard
/// error stream.
///
/// # Errors
/// A stream takes no text.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match Guard::open(&args.file) {
        Ok((guard, _)) => {
            let (known, path) = (guard.known(), args.file.display());
            let credentials = match known.len() {
                1 => "1 credential".to_owned(),
                count => format!("{count} credentials"),
            };
            writeln!(io::stdout(), "{path} is good: {credentials}")?;
            for method in known.out_of_reach(clock::now()) {
                let more = match (method.for_two, known.four_eyes().codes_over) {
                    (Some(ForTwo::Codes), Some(most)) => format!(" with more than {most} codes"),
                    _ => String::new(),
                };
                let name = method.name();
                writeln!(
                    io::stderr(),
                    "nobody can carry out {name}{more}: two must ask for it, and fewer may"
                )?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(io::stderr(), "{error}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
