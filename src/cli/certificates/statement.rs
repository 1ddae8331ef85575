//! `pricewright certificates statement`: for the books.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use jiff::civil::Date;

use super::books::{self, Days};
use super::desk::print;
use super::table;
use crate::cli::calendar::day;
use crate::cli::origin::{Origin, Place};
use crate::cli::terminal::{self, Language};

/// Days of a statement.
const DAYS_MAX: i32 = 3_660;

/// What all certificates were worth, day by day
///
/// A row for each day and currency on which something happened: what was owed to owners at its beginning, what came and went, and what is
/// owed at its end. Asks a data folder that no service holds, or with --server a service; --data wins over a service that the environment
/// names.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates statement --from 2026-11-01 --until 2026-11-30
  pricewright certificates statement --from 2026-11-01 --until 2026-11-30 --csv > november.csv
  pricewright certificates statement --from 2026-11-01 --until 2026-11-30 --data /var/lib/pricewright")]
pub struct Args {
    /// The first day, 2026-11-01
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: String,
    /// The last day, 2026-11-30, itself included
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: String,
    /// The time zone of the days [default: that of the rules]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Print CSV, amounts in major units
    #[arg(long)]
    csv: bool,
    /// Print the answer of the service as proto3 JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    #[command(flatten)]
    origin: Origin,
    /// Language of the headings [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
}

/// Prints it.
///
/// # Errors
/// Entries cannot be read, the days are none, standard output cannot be written.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let (first, last): (Date, Date) = (args.from.parse()?, args.until.parse()?);
    ensure!(first <= last, "--until is before --from");
    ensure!((last - first).get_days() <= DAYS_MAX, "at most {DAYS_MAX} days at once");
    let days = Days { first, last, time_zone: args.time_zone.as_deref() };
    let told = match args.origin.place()? {
        Place::Server(link) => books::remote(days, &link)?,
        Place::Data(folder) => books::local(days, &folder)?,
    };
    print(Some(told), args.json, |told| {
        if args.csv {
            return table::csv(&told.days);
        }
        table::table(&told.days, args.time_zone.as_deref(), terminal::language(args.lang))
    })
}
