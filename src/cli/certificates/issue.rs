//! `pricewright certificates issue`: a certificate that is paid comes into being.

use std::process::ExitCode;

use anyhow::Result;
use uuid::Uuid;

use super::desk::{ask, list, moment, print};
use crate::cli::calendar::{edge, zone};
use crate::cli::link::{Again, Link, Named, patient, typed};
use crate::cli::words::{digits, money};
use crate::lang::Lang;
use crate::rulebook::text::calendar::Edge;
use crate::server::wire::{IssueCertificateRequest, IssueCertificateResponse};

/// Issue the certificate of a sale that is paid
///
/// For each piece of a line that was sold with `gift_certificate`, once. Its number is told this once: the service keeps a keyed hash of it
/// alone. Where the call breaks off, the same call with its --request-id tells the same number. Exits with 1 when there is no such sale.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates issue --sale 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10 --phone +380671234567
  pricewright certificates issue --sale 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10 --line gift --phone - --until 2027-12-31 < phone.txt
  pricewright certificates issue --sale 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10 --phone - --json < phone.txt | jq -r .number")]
pub struct Args {
    /// The sale: the request id of its reservation
    #[arg(long, value_name = "UUID")]
    sale: Uuid,
    /// The line with the certificate, where the sale has several of them
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    line: String,
    /// Whose it is, or `-` for the next line of standard input
    #[arg(long)]
    phone: String,
    /// Its last day, or the moment at which it ends [default: a year from now]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The zone in which days and moments without one are meant
    #[arg(long, value_name = "ZONE", default_value = "Europe/Kyiv")]
    time_zone: String,
    /// Print it as proto3 JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    link: Link,
}

/// Issues it.
///
/// # Errors
/// The service refuses or is gone.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let expire_time = edge("until", args.until.as_deref(), &zone(&args.time_zone)?, Edge::Until)?;
    let [phone] = typed([("phone", &args.phone)])?;
    let asked = IssueCertificateRequest {
        request_id: args.named.tell()?,
        sale_id: args.sale.to_string(),
        line_id: args.line.clone(),
        phone,
        expire_time,
        validate_only: false,
    };
    let issued = ask(&args.link, Again::WithId, async |desk| desk.issue(patient(asked)).await)?;
    print(issued, args.json, page)
}

fn page(issued: &IssueCertificateResponse) -> String {
    let currency = &issued.currency_code;
    list(&[
        ("number", issued.number.clone()),
        ("id", issued.certificate_id.clone()),
        ("worth", format!("{} {currency}", money(issued.amount, digits(currency), Lang::En))),
        ("until", moment(issued.expire_time.as_ref())),
    ])
}
