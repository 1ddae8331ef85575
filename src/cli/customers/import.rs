//! `pricewright customers import`: a file of profiles into a service that runs, as one stream.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;

use super::sent::{Outcome, Sent};
use super::source::{Fault, Format, Source};
use crate::cli::remote::{self, Remote};
use crate::cli::terminal::{self, Language};
use crate::cli::words::count;
use crate::lang::Lang;
use crate::server::clock;
use crate::server::wire::customer_service_client::CustomerServiceClient;
use crate::server::wire::{ImportCustomersRequest, Profile};

/// Profiles of one message: enough to be quick, few enough to show how it goes.
const BATCH_MAX: usize = 500;
/// Bytes of one message: below the four mebibytes that a service takes.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// Messages ahead of the service.
const AHEAD_MAX: usize = 4;
/// The longest import.
const TIME_MAX: Duration = Duration::from_secs(86_400);

/// Import profiles from a CSV table or from JSON lines
///
/// A table has a header with `id` and any of `phone`, `segments` (with `|` between them, or commas in quotes), `tier`,
/// `birthday` (1990-11-25) and `first_purchase`; every other column is an attribute. Of JSON, each line is a profile. What is
/// kept already as it comes is unchanged: an import that broke off is simply done again. Exits with 0 when all profiles were
/// taken, with 1 when some were refused, with 2 when the import failed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright customers import customers.csv
  pricewright customers import --validate-only customers.csv
  pricewright customers import --server http://10.0.0.5:50051 profiles.jsonl
  zcat customers.csv.gz | pricewright customers import --json -

A table:
  id,phone,segments,tier,birthday,children
  4711,+380501234567,vip|family,gold,1990-11-25,2")]
pub struct Args {
    /// The file; `-` for standard input
    file: PathBuf,
    /// How it is written [default: json for .jsonl, .ndjson and .json, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Check and count only
    #[arg(long)]
    validate_only: bool,
    /// Print counts and faults as JSON
    #[arg(long)]
    json: bool,
    /// Language of messages [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    #[command(flatten)]
    remote: Remote,
}

/// Imports the file.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let lang = terminal::language(args.lang);
    let (input, bar): (Box<dyn Read + Send>, _) = opened(&args.file)?;
    let source = Source::open(input, args.format.unwrap_or_else(|| format_of(&args.file)));
    let source = source.with_context(|| format!("in `{}`", args.file.display()))?;
    let sender = Sender { validate_only: args.validate_only, lang, bar, ..Sender::default() };
    let outcome = remote::runtime()?.block_on(imported(args, source, sender, lang))?;
    let mut output = io::stdout().lock();
    if args.json {
        writeln!(output, "{}", serde_json::to_string(&outcome)?)?;
    } else {
        for fault in &outcome.faults {
            writeln!(io::stderr(), "{}", told(fault, lang))?;
        }
        writeln!(output, "{}", summary(&outcome, lang))?;
    }
    Ok(if outcome.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn imported(
    args: &Args,
    source: Source<Box<dyn Read + Send>>,
    sender: Sender,
    lang: Lang,
) -> Result<Outcome> {
    let channel = args.remote.connect().await?;
    let (messages, receiver) = mpsc::channel(AHEAD_MAX);
    let reader = spawn_blocking(move || sender.send_all(source, &messages));
    let mut client = CustomerServiceClient::new(channel);
    let asked = remote::request(ReceiverStream::new(receiver), lang, TIME_MAX);
    let answer = client.import(asked).await;
    // A file that cannot be read on is why the service got only a part of it.
    let sent = reader.await.map_err(|_| anyhow!("the file could not be read"))??;
    let done = answer.map_err(|status| remote::explained(&status))?.into_inner();
    Ok(sent.with(done))
}

/// Reads a file and sends it on, in messages.
#[derive(Default)]
struct Sender {
    validate_only: bool,
    lang: Lang,
    bar: Option<ProgressBar>,
    begun: Option<Instant>,
    batch: Vec<Profile>,
    batch_bytes: usize,
    sent: Sent,
}

impl Sender {
    fn send_all(
        mut self,
        mut source: Source<Box<dyn Read + Send>>,
        messages: &mpsc::Sender<ImportCustomersRequest>,
    ) -> Result<Sent> {
        self.begun = Some(clock::steady());
        while let Some((line, said)) = source.next()? {
            match said {
                Ok(profile) => {
                    self.sent.note(line);
                    self.batch_bytes += profile.encoded_len();
                    self.batch.push(profile);
                }
                Err(fault) => self.sent.refuse(fault),
            }
            let is_full = self.batch.len() >= BATCH_MAX || self.batch_bytes >= BATCH_BYTES_MAX;
            if is_full && !self.send(messages) {
                break;
            }
        }
        self.send(messages);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.sent.table = source.table();
        Ok(self.sent)
    }

    /// Whether anybody still listens; why nobody does is in the answer.
    fn send(&mut self, messages: &mpsc::Sender<ImportCustomersRequest>) -> bool {
        let profiles = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if let (Some(bar), Some(begun)) = (&self.bar, self.begun) {
            let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
            let rate = self.sent.count.saturating_mul(1_000_000) / micros;
            let word = self.lang.pick("profiles", "профілів");
            let each = self.lang.pick("/s", "/с");
            bar.set_message(format!("{} {word}, {}{each}", count(self.sent.count), count(rate)));
        }
        let message = ImportCustomersRequest { profiles, validate_only: self.validate_only };
        messages.blocking_send(message).is_ok()
    }
}

/// The file and a bar for it, which draws nothing unless standard error is a terminal.
fn opened(file: &Path) -> Result<(Box<dyn Read + Send>, Option<ProgressBar>)> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin()), Some(ProgressBar::new_spinner())));
    }
    let cannot = || format!("cannot read `{}`", file.display());
    let input = File::open(file).with_context(cannot)?;
    let bar = ProgressBar::new(input.metadata().with_context(cannot)?.len());
    let style = ProgressStyle::with_template("[{bar:30}] {percent:>3} %  {msg}, {eta}");
    let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
    Ok((Box::new(bar.wrap_read(input)), Some(bar)))
}

fn format_of(file: &Path) -> Format {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("jsonl" | "ndjson" | "json") => Format::Json,
        _ => Format::Csv,
    }
}

fn told(fault: &Fault, lang: Lang) -> String {
    let line = format!("{} {}", lang.pick("line", "рядок"), fault.line);
    let column = fault
        .column
        .map(|column| format!(", {} {column}", lang.pick("column", "стовпець")))
        .unwrap_or_default();
    let field = if fault.field.is_empty() { String::new() } else { format!(" `{}`", fault.field) };
    format!("{line}{column}:{field} {}", fault.description)
}

fn summary(outcome: &Outcome, lang: Lang) -> String {
    let [taken, unchanged, refused] = [outcome.taken, outcome.unchanged, outcome.refused].map(count);
    lang.pick(
        format!("{taken} taken, {unchanged} unchanged, {refused} refused"),
        format!("взято {taken}, без змін {unchanged}, відхилено {refused}"),
    )
}
