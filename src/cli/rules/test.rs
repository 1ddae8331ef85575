//! `pricewright rules test`: runs the tests that lie beside the rules.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use console::Style;

use super::progress::bar;
use crate::cli::local::{Local, of_severity, test_cases};
use crate::cli::receipt::{Reasons, receipt};
use crate::cli::terminal::{self, Language};
use crate::cli::words::Words;
use crate::lang::Lang;
use crate::money::Amount;
use crate::pricing::{self, Effort, price};
use crate::rulebook::{ExpectedGift, Rulebook, Severity, TestCase};
use crate::server::convert;
use crate::server::wire::Quote;

/// Run the tests beside the rules: every *.test.yaml
///
/// A test holds a basket, a moment, and the total and promotions to expect. Exits with 1 when one fails.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright rules test
  pricewright rules test ./rules --filter black-friday")]
pub struct Args {
    /// Folder with the rule files and their tests
    #[arg(env = "PRICEWRIGHT_RULES", default_value = "rules")]
    dir: PathBuf,
    /// Run only tests whose file or name has these words
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    filter: String,
    /// Language of the receipts and findings [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
}

/// Runs them.
///
/// # Errors
/// The folder cannot be read, the rules are at fault, or standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let lang = terminal::language(args.lang);
    let local = Local::open(&args.dir, lang, terminal::stderr_has_colors())?;
    let (tests, found) = test_cases(&args.dir, local.rulebook().settings())?;
    let mut output = io::stdout().lock();
    for finding in &found {
        writeln!(output, "{}\n", finding.render(lang, terminal::stdout_has_colors()).trim_end())?;
    }
    let tests: Vec<&TestCase> = tests.iter().filter(|test| is_wanted(test, &args.filter)).collect();
    let progress = bar(tests.len(), lang.pick("testing", "тести"));
    let mut failed = 0_usize;
    for test in &tests {
        failed += usize::from(!run_one(&mut output, local.rulebook(), test, lang)?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let passed = tests.len() - failed;
    writeln!(
        output,
        "{}",
        lang.pick(format!("{passed} ok, {failed} failed"), format!("{passed} успішно, {failed} з помилкою"))
    )?;
    let readable = of_severity(&found, Severity::Error).next().is_none();
    Ok(if failed == 0 && readable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_wanted(test: &TestCase, filter: &str) -> bool {
    let text = format!("{} {}", test.path, test.name).to_lowercase();
    text.contains(&filter.to_lowercase())
}

/// Runs one test and prints how it went; whether it held.
fn run_one(output: &mut impl Write, rulebook: &Rulebook, test: &TestCase, lang: Lang) -> Result<bool> {
    let words = Words::new(rulebook, lang);
    let name = format!("{}: {}", test.path, test.name);
    let (quote, on_top) = match price(rulebook, &test.request, Effort::default()) {
        Ok(quote) => {
            let on_top = on_top(test, &quote, &words);
            (convert::quote(rulebook, &test.request, String::new(), quote), on_top)
        }
        Err(faults) => {
            writeln!(output, "{} {name}", mark(false))?;
            for fault in faults {
                writeln!(output, "    `{}` {}", fault.field, fault.problem.say(lang))?;
            }
            return Ok(false);
        }
    };
    let mut differences = differences(test, &quote, &words);
    differences.extend(on_top);
    writeln!(output, "{} {name}", mark(differences.is_empty()))?;
    for difference in &differences {
        writeln!(output, "    {difference}")?;
    }
    if !differences.is_empty() {
        writeln!(output)?;
        for line in receipt(&words, &test.request.basket, &quote, Reasons::Near, terminal::width()).lines() {
            writeln!(output, "    {line}")?;
        }
        writeln!(output)?;
    }
    Ok(differences.is_empty())
}

/// What was expected and what came, for each that differs.
fn differences(test: &TestCase, quote: &Quote, words: &Words<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what, expected: Amount, got: i64| {
        if expected.minor() != got {
            found.push(differ(words, what, &words.money(expected.minor()), &words.money(got)));
        }
    };
    same(["total", "сума"], test.expect.total, quote.total);
    if let Some(discount) = test.expect.discount {
        same(["discount", "знижка"], discount, quote.discount_total);
    }
    if let Some(expected) = &test.expect.promotions {
        let got: Vec<String> = quote.promotions.iter().map(|promotion| promotion.id.clone()).collect();
        if *expected != got {
            let list = |ids: &[String]| format!("[{}]", ids.join(", "));
            found.push(differ(words, ["promotions", "акції"], &list(expected), &list(&got)));
        }
    }
    found
}

/// The same of gifts and points.
fn on_top(test: &TestCase, quote: &pricing::Quote, words: &Words<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(expected) = &test.expect.gifts {
        let mut got = BTreeMap::new();
        for given in &quote.gifts {
            let gift = match &given.sku {
                Some(sku) => ExpectedGift::Sku(sku.clone()),
                None => {
                    let mut options = given.options.clone();
                    options.sort();
                    ExpectedGift::OneOf(options)
                }
            };
            *got.entry(gift).or_insert(0) += u64::from(given.quantity);
        }
        if *expected != got {
            found.push(differ(words, ["gifts", "подарунки"], &gifts(expected, words), &gifts(&got, words)));
        }
    }
    if let Some(expected) = test.expect.points.filter(|&expected| expected != quote.points) {
        found.push(differ(words, ["points", "бали"], &expected.to_string(), &quote.points.to_string()));
    }
    found
}

/// `[2 × GIFT-A, 1 × one of GIFT-B, GIFT-C]`.
fn gifts(gifts: &BTreeMap<ExpectedGift, u64>, words: &Words<'_>) -> String {
    let one = |(gift, pieces): (&ExpectedGift, &u64)| match gift {
        ExpectedGift::Sku(sku) => format!("{pieces} × {sku}"),
        ExpectedGift::OneOf(options) => {
            let options = options.join(", ");
            words.lang.pick(format!("{pieces} × one of {options}"), format!("{pieces} × на вибір {options}"))
        }
    };
    format!("[{}]", gifts.iter().map(one).collect::<Vec<_>>().join("; "))
}

fn differ(words: &Words<'_>, what: [&str; 2], expected: &str, got: &str) -> String {
    let [english, ukrainian] = what;
    words.lang.pick(
        format!("{english}: expected {expected}, got {got}"),
        format!("{ukrainian}: очікувалось {expected}, вийшло {got}"),
    )
}

fn mark(held: bool) -> String {
    let style = if held { Style::new().green() } else { Style::new().red().bold() };
    let word = if held { "ok    " } else { "FAILED" };
    style.force_styling(terminal::stdout_has_colors()).apply_to(word).to_string()
}
