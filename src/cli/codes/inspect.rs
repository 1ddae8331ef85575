//! `pricewright codes inspect`: one code as it stands.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use tonic::Code as StatusCode;

use crate::cli::link::{Again, Link, patient, refused, typed, wait};
use crate::server::timestamp::Timestamp;
use crate::server::wire::code_service_client::CodeServiceClient;
use crate::server::wire::{Code, InspectCodeRequest};
use crate::time::Instant;

/// Look at one code
///
/// Tells its pool, what it may be used for and how often it was. Whom it is bound to is not known, only recognized. This counts as no
/// attempt. Exits with 1 when there is no such code.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright codes inspect 7K2M-9QXA-04TD
  pricewright codes inspect - < code.txt            keeps the code out of the shell's history
  pricewright codes inspect 7K2M-9QXA-04TD --json | jq .used")]
pub struct Args {
    /// The code as it was typed, or `-` for standard input
    code: String,
    /// Print it as proto3 JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    link: Link,
}

/// Looks at the code.
///
/// # Errors
/// The service refuses or is gone.
pub fn run(args: &Args) -> Result<ExitCode> {
    let [code] = typed([("code", &args.code)])?;
    let answer = wait(Again::AsItIs, async {
        let asked = patient(InspectCodeRequest { code });
        Ok(CodeServiceClient::new(args.link.connect().await?).inspect(asked).await)
    })?;
    let code = match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) if status.code() == StatusCode::NotFound => {
            let _ = writeln!(io::stderr(), "there is no such code");
            return Ok(ExitCode::FAILURE);
        }
        Err(status) => return Err(refused(&status, Again::AsItIs)),
    };
    let text = if args.json { serde_json::to_string(&code)? + "\n" } else { table(&code) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn table(code: &Code) -> String {
    let most = if code.uses_max == 0 { "any number".to_owned() } else { code.uses_max.to_string() };
    let moment = |at: &Timestamp| Instant::from_unix(at.seconds).map(|at| at.to_string());
    let bound = [(code.has_customer, "customer"), (code.has_phone, "phone"), (code.has_pin, "PIN")];
    let bound: Vec<&str> = bound.into_iter().filter_map(|(is_bound, to)| is_bound.then_some(to)).collect();
    let birthday = code.birthday.as_ref();
    let rows = [
        ("pool", Some(code.pool.clone())),
        ("state", Some(state(code).to_owned())),
        ("uses", Some(format!("{} of {most}, {} held", code.used, code.held))),
        ("from", code.start_time.as_ref().and_then(moment)),
        ("until", code.end_time.as_ref().and_then(moment)),
        (
            "birthday",
            birthday.map(|days| format!("{} days before, {} after", days.days_before, days.days_after)),
        ),
        ("bound to", (!bound.is_empty()).then(|| bound.join(", "))),
    ];
    rows.into_iter().filter_map(|(name, text)| Some(format!("{name:<9} {}\n", text?))).collect()
}

fn state(code: &Code) -> &'static str {
    match code {
        Code { disabled: true, .. } => "out of use",
        Code { uses_max, used, .. } if *uses_max > 0 && *used >= u64::from(*uses_max) => "used up",
        _ => "in use",
    }
}
