//! `pricewright codes disable`: a code, or a whole pool, goes out of use.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;

use crate::cli::link::{Again, Link, Named, patient, refused, typed, wait};
use crate::server::wire::DisableCodesRequest;
use crate::server::wire::code_service_client::CodeServiceClient;
use crate::server::wire::disable_codes_request::Target;

/// Take a code, or a whole pool, out of use
///
/// What is reserved already may still be paid. It cannot be taken back: make other codes.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright codes disable --code 7K2M-9QXA-04TD
  pricewright codes disable --code - < code.txt
  pricewright codes disable --pool spring")]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Print what was done as one object of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    link: Link,
}

/// One of the two.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// One code as it was typed, or `-` for standard input
    #[arg(long)]
    code: Option<String>,
    /// All codes of a pool
    #[arg(long)]
    pool: Option<String>,
}

/// Takes it out of use.
///
/// # Errors
/// There is no such code or pool, the service refuses or is gone.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (what, target) = match (&args.which.code, &args.which.pool) {
        (Some(code), _) => {
            let [code] = typed([("code", code)])?;
            ("code", Target::Code(code))
        }
        (None, pool) => ("pool", Target::Pool(pool.clone().unwrap_or_default())),
    };
    let asked =
        DisableCodesRequest { request_id: args.named.tell()?, target: Some(target), validate_only: false };
    let answer = wait(Again::WithId, async {
        Ok(CodeServiceClient::new(args.link.connect().await?).disable(patient(asked)).await)
    })?;
    match answer {
        Ok(_) => {}
        Err(status) if status.code() == tonic::Code::NotFound => {
            let _ = writeln!(io::stderr(), "there is no such {what}");
            return Ok(ExitCode::FAILURE);
        }
        Err(status) => return Err(refused(&status, Again::WithId)),
    }
    let told = if args.json {
        serde_json::json!({"disabled": what}).to_string()
    } else {
        format!("the {what} is out of use")
    };
    writeln!(io::stdout(), "{told}")?;
    Ok(ExitCode::SUCCESS)
}
