//! `pricewright certificates undelivered`: for whoever runs the service.

use std::process::ExitCode;

use anyhow::Result;

use super::desk::{ask, masked, moment, print};
use crate::cli::grid::{Grid, Side};
use crate::cli::link::{Again, Link, patient};
use crate::cli::paper::harmless;
use crate::server::wire::{ListUndeliveredRequest, ListUndeliveredResponse};

/// The passwords that could not be delivered
///
/// The newest first, with what the gateway said last. Each has ended and opens nothing.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates undelivered
  pricewright certificates undelivered --count 1000 --json | jq -r '.otps[].cause' | sort | uniq -c")]
pub struct Args {
    /// How many at most, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Print them as proto3 JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    link: Link,
}

/// Lists them.
///
/// # Errors
/// The service is gone.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let asked = ListUndeliveredRequest { page_size: args.count };
    let told = ask(&args.link, Again::AsItIs, async |desk| desk.list_undelivered(patient(asked)).await)?;
    print(told, args.json, page)
}

fn page(told: &ListUndeliveredResponse) -> String {
    if told.otps.is_empty() {
        return "no password was given up\n".to_owned();
    }
    let sides = vec![Side::Left, Side::Left, Side::Left, Side::Right, Side::Left, Side::Left];
    let mut grid = Grid::new(sides);
    grid.row(["asked for", "given up", "number", "tries", "cause", "request id"].map(str::to_owned).to_vec());
    grid.rule();
    for otp in &told.otps {
        grid.row(vec![
            moment(otp.create_time.as_ref()),
            moment(otp.end_time.as_ref()),
            masked(&otp.last_four),
            otp.tries.to_string(),
            harmless(&otp.cause),
            otp.request_id.clone(),
        ]);
    }
    grid.into_text()
}
