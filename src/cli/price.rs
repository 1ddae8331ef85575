//! `pricewright price`: prices requests without a server.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use serde::de::IgnoredAny;

use super::local::Local;
use super::receipt::Reasons;
use super::terminal::{self, Language};
use crate::lang::Lang;
use crate::server::convert::{JsonError, quote_json, request_from_json};

/// One request: what the service takes as one message.
const REQUEST_BYTES_MAX: u64 = 4 << 20;

/// Price baskets without a server
///
/// Reads one request as proto3 JSON, or one a line, and prints a receipt, or with --json the quote, a line each.
/// Exits with 0 when everything was priced and with 2 when a request or the rules are at fault.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright price --rules ./rules basket.json
  pricewright price --rules ./rules --explain --lang uk basket.json
  pricewright price --rules ./rules --all-reasons basket.json
  pricewright price --rules ./rules --json - < baskets.jsonl > quotes.jsonl
  pricewright price --rules ./rules --json basket.json | jq .total")]
pub struct Args {
    /// Folder with the rule files
    #[arg(long, env = "PRICEWRIGHT_RULES", default_value = "rules", value_name = "DIR")]
    rules: PathBuf,
    /// Print quotes as proto3 JSON, a line each
    #[arg(long)]
    json: bool,
    /// Say why other promotions did not apply, in all and on each line; with --json of each one
    #[arg(long)]
    explain: bool,
    /// Say it of all of them, also of those that are not for this moment, place, customer or basket
    #[arg(long)]
    all_reasons: bool,
    /// Language of receipts and messages [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// A file with one request, or one a line; `-` for one a line from standard input
    #[arg(default_value = "-")]
    file: PathBuf,
}

/// Prices what the arguments name.
///
/// # Errors
/// The rules are at fault, a file cannot be read, standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let lang = terminal::language(args.lang);
    let local = Local::open(&args.rules, lang, terminal::stderr_has_colors())?;
    let mut till = Till {
        local,
        lang,
        json: args.json,
        explain: args.explain || args.all_reasons,
        told: if args.all_reasons { Reasons::All } else { Reasons::Near },
        width: terminal::width(),
        answered: 0,
    };
    let mut output = io::stdout().lock();
    let all_priced = if args.file == Path::new("-") {
        till.price_all(io::stdin().lock(), false, &mut output)?
    } else {
        let file =
            File::open(&args.file).with_context(|| format!("cannot read `{}`", args.file.display()))?;
        till.price_all(BufReader::new(file), true, &mut output)?
    };
    Ok(if all_priced { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

struct Till {
    local: Local,
    lang: Lang,
    json: bool,
    explain: bool,
    told: Reasons,
    width: usize,
    answered: u64,
}

impl Till {
    /// Prices one request after another; whether all of them were in order.
    fn price_all(&mut self, mut input: impl BufRead, is_file: bool, output: &mut impl Write) -> Result<bool> {
        let mut lines = Lines { input: &mut input, number: 0 };
        let Some(mut first) = lines.next()? else { return Err(anyhow!("there is no request to price")) };
        // A request over several lines: in a file when its first line is not one by itself; from standard input, where
        // each line counts, only when it is nothing but the opening brace.
        let opens = |text: &str| if is_file { !is_json(text) } else { text.trim() == "{" };
        if first.as_ref().is_ok_and(|text| opens(text)) {
            let text = first.as_deref().unwrap_or_default();
            let mut rest = String::new();
            lines
                .input
                .by_ref()
                .take(REQUEST_BYTES_MAX)
                .read_to_string(&mut rest)
                .context("cannot read the request")?;
            let whole = format!("{text}\n{rest}");
            let second = rest.lines().find(|line| !line.trim().is_empty());
            if is_json(&whole) || !second.is_some_and(is_json) {
                return Ok(self.answer(&whole, None, output)?);
            }
            // One a line after all, and the first of them is at fault.
            let mut all = true;
            for (number, line) in (1..).zip(whole.lines()).filter(|(_, line)| !line.trim().is_empty()) {
                all &= self.answer(line, Some(number), output)?;
            }
            let mut lines = Lines { number: u64::try_from(whole.lines().count()).unwrap_or(0), ..lines };
            while let Some(line) = lines.next()? {
                all &= self.answer_line(line, lines.number, output)?;
            }
            return Ok(all);
        }
        let mut all = true;
        loop {
            all &= self.answer_line(first, lines.number, output)?;
            match lines.next()? {
                Some(line) => first = line,
                None => return Ok(all),
            }
        }
    }

    fn answer_line(
        &mut self,
        line: Result<String>,
        number: u64,
        output: &mut impl Write,
    ) -> io::Result<bool> {
        match line {
            Ok(text) => self.answer(&text, Some(number), output),
            Err(error) => complain(&error, Some(number)).map(|()| false),
        }
    }

    /// Prices one request and prints the answer, or what is wrong with it on standard error.
    fn answer(&mut self, text: &str, number: Option<u64>, output: &mut impl Write) -> io::Result<bool> {
        match self.price(text) {
            Ok(answer) => {
                if self.answered > 0 && !self.json {
                    writeln!(output)?;
                }
                self.answered += 1;
                output.write_all(answer.as_bytes())?;
                // Whoever waits for this line sends the next one only then.
                output.flush()?;
                Ok(true)
            }
            Err(error) => complain(&error, number).map(|()| false),
        }
    }

    fn price(&self, text: &str) -> Result<String> {
        let mut request = request_from_json(text)?;
        request.explain |= self.explain;
        let quote = self.local.quote(&request, self.lang)?;
        Ok(if self.json {
            quote_json(&quote) + "\n"
        } else {
            self.local.receipt(&request, &quote, self.lang, self.told, self.width)
        })
    }
}

fn complain(error: &anyhow::Error, number: Option<u64>) -> io::Result<()> {
    let text = match (number, error.downcast_ref::<JsonError>()) {
        // Within a line of a file the error counts from its own first line: say the line of the file.
        (Some(number), Some(json)) => {
            format!("line {number}, column {}: `{}`: {}", json.column, json.path, json.message)
        }
        (Some(number), None) => with_each_line(error, &format!("line {number}: ")),
        (None, _) => with_each_line(error, ""),
    };
    text.lines().try_for_each(|line| writeln!(io::stderr(), "error: {line}"))
}

fn with_each_line(error: &anyhow::Error, before: &str) -> String {
    format!("{error:#}").lines().map(|line| format!("{before}{line}\n")).collect()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Lines that are not blank, none of them longer than a request may be.
struct Lines<'a, R> {
    input: &'a mut R,
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line, or why it cannot be one; nothing at the end.
    fn next(&mut self) -> Result<Option<Result<String>>> {
        loop {
            let mut bytes = Vec::new();
            let read = self
                .input
                .by_ref()
                .take(REQUEST_BYTES_MAX)
                .read_until(b'\n', &mut bytes)
                .context("cannot read")?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if !bytes.ends_with(b"\n") && u64::try_from(read).unwrap_or(u64::MAX) >= REQUEST_BYTES_MAX {
                self.input.skip_until(b'\n')?;
                return Ok(Some(Err(anyhow!("longer than {REQUEST_BYTES_MAX} bytes"))));
            }
            let text = String::from_utf8(bytes).map_err(|_| anyhow!("not UTF-8"));
            // A byte order mark is what a Windows editor leaves.
            let text = text.map(|text| text.trim_start_matches('\u{feff}').to_owned());
            if !text.as_ref().is_ok_and(|text| text.trim().is_empty()) {
                return Ok(Some(text));
            }
        }
    }
}
