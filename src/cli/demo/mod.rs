//! `pricewright demo`: the product's story, told by doing it over real gRPC. Each step asserts what it claims.

pub mod page;
pub mod baskets;
pub mod phone;
pub mod stage;
pub mod gift;
pub mod story;

use std::io;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::terminal;
use page::Page;

/// See the service at work, in half a minute
///
/// Starts it on a temporary folder and a free port, prices baskets over gRPC, edits and breaks a rule file while it runs, spends a gift
/// certificate, and measures. Exits with 0 only if every step held.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright demo
  pricewright demo --calls 20000")]
pub struct Args {
    /// How many calls are measured
    #[arg(long, default_value_t = 5_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    calls: u32,
}

/// Tells the story.
///
/// # Errors
/// Standard output cannot be written. A step that does not hold is told, and the exit code is 1.
pub fn run(args: &Args) -> Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let mut page = Page::new(io::stdout().lock(), terminal::stdout_has_colors());
    match runtime.block_on(story::tell(&mut page, args.calls)) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            page.failed(&error)?;
            Ok(ExitCode::FAILURE)
        }
    }
}
