//! `pricewright rules schema`: the JSON Schema of rule files, for editors.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;

use crate::rulebook::schema::{schema, settings_schema, tests_schema};

/// Print the JSON Schema of rule files, for completion while typing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright rules schema > rules.schema.json
  pricewright rules schema --settings > settings.schema.json")]
pub struct Args {
    /// The schema of settings.yaml
    #[arg(long)]
    settings: bool,
    /// The schema of *.test.yaml
    #[arg(long, conflicts_with = "settings")]
    tests: bool,
}

/// Prints it.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let text = match (args.settings, args.tests) {
        (true, _) => settings_schema(),
        (_, true) => tests_schema(),
        (false, false) => schema(),
    };
    writeln!(io::stdout(), "{}", text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
