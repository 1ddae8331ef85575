//! `pricewright sale`: a purchase as it stands, as a receipt.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use tonic::Code;
use uuid::Uuid;

use super::calendar::zone;
use super::link::{Again, Link, patient, refused, wait};
use super::local::Local;
use super::sold::{Sold, receipt};
use super::terminal::{self, Language};
use super::words::Words;
use crate::server::wire::GetSaleRequest;
use crate::server::wire::redemption_service_client::RedemptionServiceClient;

/// Print the receipt of a purchase that is kept
///
/// Lines, promotions, certificates as a way to pay, whether it is paid, and what came back. Talks to a service that runs. Exits with 1 when
/// there is no such sale.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright sale 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10
  pricewright sale 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10 --rules ./rules --lang uk
  pricewright sale 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10 --json | jq .payments")]
pub struct Args {
    /// The sale: the request id of its reservation
    #[arg(value_name = "SALE_ID")]
    id: Uuid,
    /// Folder with the rule files, whose catalog names the goods [default: by their SKUs]
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// The zone in which moments are told
    #[arg(long, value_name = "ZONE", default_value = "Europe/Kyiv")]
    time_zone: String,
    /// Print the sale as proto3 JSON
    #[arg(long)]
    json: bool,
    /// Language of the receipt [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    #[command(flatten)]
    link: Link,
}

/// Prints it.
///
/// # Errors
/// The rules are at fault, the service refuses or is gone.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (lang, zone) = (terminal::language(args.lang), zone(&args.time_zone)?);
    let open = |rules: &PathBuf| Local::open(rules, lang, terminal::stderr_has_colors());
    let local = args.rules.as_ref().map(open).transpose()?;
    let answer = wait(Again::AsItIs, async {
        let asked = patient(GetSaleRequest { sale_id: args.id.to_string() });
        Ok(RedemptionServiceClient::new(args.link.connect().await?).get_sale(asked).await)
    })?;
    let sale = match answer {
        Ok(sale) => sale.into_inner(),
        Err(status) if status.code() == Code::NotFound => {
            let _ = writeln!(io::stderr(), "there is no such sale");
            return Ok(ExitCode::FAILURE);
        }
        Err(status) => return Err(refused(&status, Again::AsItIs)),
    };
    let words = local.as_ref().map(|local| Words::new(local.rulebook(), lang));
    let text = if args.json {
        serde_json::to_string(&sale)? + "\n"
    } else {
        receipt(&Sold { sale: &sale, words: words.as_ref(), zone: &zone, lang }, terminal::width())
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
