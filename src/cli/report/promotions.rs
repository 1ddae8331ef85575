//! `pricewright report promotions`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;

use super::{print, source};
use crate::cli::calendar::day;
use crate::cli::origin::{Origin, Place};
use crate::cli::terminal::{self, Language};
use crate::server::wire::PromotionsRequest;
use crate::server::wire::promotions_request::{Dimension, From, Until};

/// Baskets, units, customers, money, gifts and points of promotions
///
/// Only what customers kept counts, on the day on which it was paid. Asks a data folder that no service holds, or with --server a
/// service; --data wins over a service that the environment names. Days are those of the time zone in the settings of the rules.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright report promotions
  pricewright report promotions --from 2026-11-01 --until 2026-11-30 --by promotion,day
  pricewright report promotions --promotion black-friday --by store --server 127.0.0.1:50051
  pricewright report promotions --by promotion,day,channel,store --csv > november.csv")]
pub struct Args {
    /// The first day, 2026-11-01 [default: that of the first sale]
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<String>,
    /// The last day, 2026-11-30, itself included [default: that of the last sale]
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<String>,
    /// What rows are made by, with commas; `none` for one row
    #[arg(long, value_enum, value_delimiter = ',', default_value = "promotion", value_name = "WHAT,…")]
    by: Vec<By>,
    /// Promotions by id, with commas [default: all]
    #[arg(long = "promotion", value_delimiter = ',', value_name = "ID,…")]
    promotions: Vec<String>,
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

/// What rows are made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    Promotion,
    Day,
    Channel,
    Store,
    None,
}

impl By {
    fn dimension(self) -> Option<(Dimension, &'static str)> {
        match self {
            By::Promotion => Some((Dimension::Promotion, "promotion")),
            By::Day => Some((Dimension::Day, "day")),
            By::Channel => Some((Dimension::Channel, "channel")),
            By::Store => Some((Dimension::Store, "store")),
            By::None => None,
        }
    }
}

/// Prints the report.
///
/// # Errors
/// Sales cannot be read, a day is none, standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (dimensions, by): (Vec<Dimension>, Vec<&str>) =
        args.by.iter().filter_map(|by| by.dimension()).unzip();
    let asked = PromotionsRequest {
        from: args.from.clone().map(From::FirstDay),
        until: args.until.clone().map(Until::LastDay),
        promotion_ids: args.promotions.clone(),
        group_by: dimensions.into_iter().map(i32::from).collect(),
    };
    let report = match args.origin.place()? {
        Place::Server(link) => source::remote(asked, &link)?,
        Place::Data(folder) => source::local(asked, &folder)?,
    };
    let text = if args.json {
        serde_json::to_string(&report)? + "\n"
    } else if args.csv {
        print::csv(&report, &by)
    } else {
        print::table(&report, &by, terminal::language(args.lang))
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
