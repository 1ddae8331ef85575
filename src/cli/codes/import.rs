//! `pricewright codes import`: codes that were made elsewhere.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::sheet::{self, Row};
use super::terms::Flags;
use crate::cli::link::{Again, Link, Named, Second, patient, refused, wait};
use crate::cli::rules::progress;
use crate::cli::words::count;
use crate::server::wire::code_service_client::CodeServiceClient;
use crate::server::wire::import_fault::Reason;
use crate::server::wire::{ImportCodesRequest, ImportCodesResponse};

/// Codes of one message: as many as the service keeps at once.
const CODES_AT_ONCE: usize = 1_000;
/// The same where they have PINs: each takes some 30 ms to hash, and a bar that stands still for half a minute looks broken.
const CODES_WITH_PIN_AT_ONCE: usize = 50;

/// Take in codes that were made elsewhere
///
/// The first line of the file names its columns, separated by `;` or `,`: `code`, and any of `phone`, `pin`, `customer`, `from`, `until`,
/// `uses`. What a line leaves empty is as the flags say. A file with a fault is not sent; the faults are told by line. Exits with 1
/// when codes were refused. Asked again with the same --request-id and the same file, nothing is taken in twice.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright codes import birthday crm.csv
  pricewright codes import birthday crm.csv --birthday-before 7 --birthday-after 7
  pricewright codes import spring codes.csv --uses 0 --until 2027-05-31 --json | jq .faults
  psql -c \"copy (...) to stdout csv header\" | pricewright codes import spring -

A file:
  code;phone;pin;until
  HAPPY-4821;+380671234567;271828;2027-06-30")]
pub struct Args {
    /// The pool, as rule files name it
    pool: String,
    /// The table, or `-` for standard input
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    #[command(flatten)]
    terms: Flags,
    /// Print what came of it as one object of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    second: Second,
    #[command(flatten)]
    link: Link,
}

/// Takes the codes in.
///
/// # Errors
/// The file cannot be read or has a fault, the service refuses or is gone.
pub fn run(args: &Args) -> Result<ExitCode> {
    let terms = args.terms.terms()?;
    let rows = match sheet::read(bytes(args)?, &terms, &args.terms.zone()?) {
        Ok(rows) => rows,
        Err(faults) => {
            let lines: Vec<String> =
                faults.iter().map(|fault| format!("line {} {}", fault.line, fault.what)).collect();
            anyhow::bail!("`{}` was not sent:\n  {}", args.file.display(), lines.join("\n  "));
        }
    };
    let request_id = args.named.tell()?;
    let bar = progress::rated(u64::try_from(rows.len())?, "taking codes in");
    let messages = messages(
        &rows,
        &ImportCodesRequest {
            request_id: request_id.clone(),
            pool: args.pool.clone(),
            terms: Some(terms),
            approval: args.second.approval.clone(),
            ..ImportCodesRequest::default()
        },
    );
    let answer = wait(Again::WithId, import(args, messages, &bar))?;
    bar.finish_and_clear();
    tell(args, &request_id, &answer, &rows)?;
    Ok(if answer.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bytes(args: &Args) -> Result<Vec<u8>> {
    if args.file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    fs::read(&args.file).with_context(|| format!("cannot read `{}`", args.file.display()))
}

/// The codes in messages, always cut in the same way: a call that is repeated must say the same.
fn messages(rows: &[Row], first: &ImportCodesRequest) -> Vec<ImportCodesRequest> {
    let has_pin = |row: &Row| row.code.terms.as_ref().is_some_and(|terms| !terms.pin.is_empty());
    let size = if rows.iter().any(has_pin) { CODES_WITH_PIN_AT_ONCE } else { CODES_AT_ONCE };
    let parts = rows.chunks(size).enumerate();
    let message = |(place, part): (usize, &[Row])| ImportCodesRequest {
        codes: part.iter().map(|row| row.code.clone()).collect(),
        ..if place == 0 { first.clone() } else { ImportCodesRequest::default() }
    };
    parts.map(message).collect()
}

async fn import(
    args: &Args,
    messages: Vec<ImportCodesRequest>,
    bar: &ProgressBar,
) -> Result<ImportCodesResponse> {
    let mut client = CodeServiceClient::new(args.link.connect().await?);
    let (sender, waiting) = mpsc::channel(1);
    let send = async {
        for message in messages {
            let size = u64::try_from(message.codes.len()).unwrap_or_default();
            // Who no longer listens has answered.
            if sender.send(message).await.is_err() {
                break;
            }
            bar.inc(size);
        }
        drop(sender);
    };
    let call = client.import(patient(ReceiverStream::new(waiting)));
    let ((), answer) = tokio::join!(send, call);
    answer.map(tonic::Response::into_inner).map_err(|status| refused(&status, Again::WithId))
}

fn tell(args: &Args, request_id: &str, answer: &ImportCodesResponse, rows: &[Row]) -> Result<()> {
    let line = |place: u32| rows.get(usize::try_from(place).ok()?).map(|row| row.line);
    let mut faults: Vec<(u32, Reason)> = Vec::new();
    faults.extend(answer.faults.iter().filter_map(|fault| Some((line(fault.place)?, fault.reason()))));
    faults.sort_unstable_by_key(|(line, _)| *line);
    if args.json {
        let faults = faults
            .iter()
            .map(|(line, reason)| serde_json::json!({"line": line, "reason": reason.as_str_name()}));
        let faults: Vec<serde_json::Value> = faults.collect();
        let (imported, refused) = (answer.imported, answer.refused);
        let told = serde_json::json!({"request_id": request_id, "imported": imported, "refused": refused, "faults": faults});
        writeln!(io::stdout(), "{told}")?;
        return Ok(());
    }
    for (line, reason) in &faults {
        writeln!(io::stdout(), "line {line} {}", words(*reason))?;
    }
    let more = usize::try_from(answer.refused)?.saturating_sub(faults.len());
    if more > 0 {
        writeln!(io::stdout(), "and {more} more")?;
    }
    let (imported, refused) = (count(answer.imported.into()), count(answer.refused.into()));
    writeln!(io::stdout(), "{imported} codes taken in, {refused} refused")?;
    Ok(())
}

fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::Exists => "has a code that there is already",
        Reason::Length => "has a code that is shorter than 4 or longer than 64 characters",
        Reason::Phone => "has no phone number in `phone`",
        Reason::Pin => "has no six digits in `pin`, or a PIN without a phone or customer",
        Reason::Window => "ends before it starts",
        Reason::Unspecified => "was refused",
    }
}
