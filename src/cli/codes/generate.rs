//! `pricewright codes generate`: codes, one a line.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use indicatif::ProgressBar;
use tempfile::NamedTempFile;

use super::terms::Flags;
use crate::cli::link::{Again, Link, Named, Second, patient, refused, wait};
use crate::cli::rules::progress;
use crate::cli::words::count;
use crate::server::clock;
use crate::server::wire::GenerateCodesRequest;
use crate::server::wire::code_service_client::CodeServiceClient;

/// Make codes of a pool, one a line
///
/// A code is told this once: the service keeps a keyed hash of it alone. A rule file waits for the codes of a pool with
/// `when: {code: {pool: NAME}}`. The file of -o is there when all codes are in it, and only its owner may read it; a file that is there
/// already is not touched. Where a call breaks off, the same call with its --request-id gives the same codes.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright codes generate spring 10000 --until 2027-05-31 -o spring.txt
  pricewright codes generate staff 50 --uses 0 --from 2027-01-01
  pricewright codes generate birthday 200000 --birthday-before 7 --birthday-after 7 -o birthday.txt
  pricewright codes generate spring 10000 --until 2027-05-31 -o spring.txt \\
      --request-id 0b6f1c52-1f0e-4a53-9d0e-6a3c1d1f7a11      ask again after a broken line")]
pub struct Args {
    /// The pool, as rule files name it
    pool: String,
    /// How many, at most 1000000
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    #[command(flatten)]
    terms: Flags,
    /// Write the codes into a new file instead of to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print one object of JSON; the codes are in it unless they go into a file
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    second: Second,
    #[command(flatten)]
    link: Link,
}

/// Makes the codes.
///
/// # Errors
/// The service refuses or is gone, the file is there already or cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let terms = args.terms.terms()?;
    let file = args.output.as_deref().map(Kept::new).transpose()?;
    let request_id = args.named.tell()?;
    let (pool, count) = (args.pool.clone(), args.count);
    let asked = GenerateCodesRequest {
        request_id: request_id.clone(),
        pool,
        count,
        terms: Some(terms),
        validate_only: false,
        approval: args.second.approval.clone(),
    };
    let bar = progress::rated(u64::from(count), "making codes");
    let begun = clock::steady();
    let mut held = Vec::new();
    match &file {
        Some(file) => wait(Again::WithId, generate(args, asked, &mut BufWriter::new(&file.file), &bar))?,
        None if args.json => wait(Again::WithId, generate(args, asked, &mut held, &bar))?,
        None => wait(Again::WithId, generate(args, asked, &mut BufWriter::new(io::stdout()), &bar))?,
    }
    bar.finish_and_clear();
    if let Some(file) = file {
        file.keep()?;
    }
    if args.json {
        let codes = String::from_utf8(held)?;
        let codes: Option<Vec<&str>> = args.output.is_none().then(|| codes.lines().collect());
        let (pool, count, file) = (&args.pool, args.count, &args.output);
        let told = serde_json::json!({"request_id": request_id, "pool": pool, "count": count, "file": file, "codes": codes});
        writeln!(io::stdout(), "{told}")?;
    } else {
        let _ = writeln!(io::stderr(), "{}", made(args.count, begun.elapsed()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn generate(
    args: &Args,
    asked: GenerateCodesRequest,
    output: &mut impl Write,
    bar: &ProgressBar,
) -> Result<()> {
    let answers = CodeServiceClient::new(args.link.connect().await?).generate(patient(asked)).await;
    let mut answers = answers.map_err(|status| refused(&status, Again::WithId))?.into_inner();
    let mut told = 0;
    while let Some(answer) = answers.message().await.map_err(|status| refused(&status, Again::WithId))? {
        ensure!(answer.first == told, "the service has left codes out: ask again with the same --request-id");
        for code in &answer.codes {
            writeln!(output, "{code}")?;
        }
        told = told.saturating_add(u32::try_from(answer.codes.len())?);
        bar.set_position(u64::from(told));
    }
    ensure!(told == args.count, "the service ended too early: ask again with the same --request-id");
    output.flush()?;
    Ok(())
}

/// How many, in what time, and how many that is a second.
fn made(number: u32, took: std::time::Duration) -> String {
    let millis = took.as_millis().max(1);
    let rate = u64::try_from(u128::from(number) * 1_000 / millis).unwrap_or(u64::MAX);
    format!(
        "{} codes in {}.{} s, {} a second",
        count(number.into()),
        millis / 1_000,
        millis / 100 % 10,
        count(rate)
    )
}

/// A file that is there when it is whole, and not before.
struct Kept<'a> {
    path: &'a Path,
    file: NamedTempFile,
}

impl<'a> Kept<'a> {
    fn new(path: &'a Path) -> Result<Self> {
        if path.exists() {
            bail!(
                "`{}` is there already: codes cannot be told again, so it is not overwritten",
                path.display()
            );
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Made for its owner alone (0600).
        let file = NamedTempFile::new_in(folder);
        Ok(Kept { path, file: file.with_context(|| format!("cannot write into `{}`", folder.display()))? })
    }

    fn keep(self) -> Result<()> {
        let what = || format!("cannot write `{}`", self.path.display());
        let folder = self.file.path().parent().map(Path::to_owned);
        self.file.as_file().sync_all().with_context(what)?;
        self.file.persist_noclobber(self.path).map_err(|error| error.error).with_context(what)?;
        folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all()).with_context(what)
    }
}
