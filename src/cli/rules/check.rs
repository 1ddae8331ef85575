//! `pricewright rules check`: every finding, and a summary.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::progress::with_wheel;
use crate::cli::local::{of_severity, sources, test_cases};
use crate::cli::terminal::{self, Language};
use crate::cli::words::count;
use crate::lang::Lang;
use crate::rulebook::{Compiled, Rulebook, Severity, Source, adopt, compile, untested};
use crate::server::convert;
use crate::server::wire::CheckResponse;

/// Check a folder of rule files
///
/// Prints every finding with its place and what to write instead. Exits with 1 when something is an error.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright rules check
  pricewright rules check ./rules --lang uk
  pricewright rules check ./rules --strict --json | jq .ok")]
pub struct Args {
    /// Folder with the rule files
    #[arg(env = "PRICEWRIGHT_RULES", default_value = "rules")]
    dir: PathBuf,
    /// Language of the findings [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Warnings, too, are errors
    #[arg(long)]
    strict: bool,
}

/// Checks the folder.
///
/// # Errors
/// The folder cannot be read, or standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let lang = terminal::language(args.lang);
    let sources = sources(&args.dir)?;
    let compiled = with_wheel(lang.pick("checking", "перевірка"), || compile(&sources));
    let errors = of_severity(&compiled.diagnostics, Severity::Error).count();
    let warnings = of_severity(&compiled.diagnostics, Severity::Warning).count();
    let is_good = errors == 0 && compiled.rulebook.is_some() && !(args.strict && warnings > 0);
    let mut output = io::stdout().lock();
    if args.json {
        print_json(&mut output, &compiled, is_good, lang)?;
    } else {
        for diagnostic in &compiled.diagnostics {
            writeln!(output, "{}\n", diagnostic.render(lang, terminal::stdout_has_colors()).trim_end())?;
        }
        let without_test = without_test(args, &compiled)?;
        writeln!(output, "{}", summary(&sources, &compiled, [errors, warnings], &without_test, lang))?;
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_json(output: &mut impl Write, compiled: &Compiled, ok: bool, lang: Lang) -> Result<()> {
    let digest = compiled.rulebook.as_ref().map(|rulebook| rulebook.digest().to_string()).unwrap_or_default();
    let response =
        CheckResponse { ok, digest, diagnostics: convert::diagnostics(&compiled.diagnostics, lang) };
    writeln!(output, "{}", serde_json::to_string(&response)?)?;
    Ok(())
}

/// The promotions that no test expects.
fn without_test(args: &Args, compiled: &Compiled) -> Result<Vec<String>> {
    let Some(rulebook) = &compiled.rulebook else { return Ok(Vec::new()) };
    let (cases, _) = test_cases(&args.dir, rulebook.settings())?;
    Ok(untested(rulebook, &cases).into_iter().map(str::to_owned).collect())
}

/// One sentence: what there is, what is wrong, what has no test.
pub(in crate::cli) fn summary(
    sources: &[Source],
    compiled: &Compiled,
    [errors, warnings]: [usize; 2],
    without_test: &[String],
    lang: Lang,
) -> String {
    if sources.is_empty() {
        return lang.pick("no rule files here", "тут немає файлів правил").to_owned();
    }
    // With errors the counts are those of the files that are good.
    let good = if compiled.rulebook.is_some() { None } else { adopt(sources, &[]).rulebook };
    let mut parts = Vec::new();
    if let Some(rulebook) = compiled.rulebook.as_ref().or(good.as_ref()) {
        parts.push(counts(rulebook, lang));
    }
    parts.push(lang.pick(
        format!("{}, {}", several(errors, ["error", "errors"]), several(warnings, ["warning", "warnings"])),
        format!(
            "{}, {}",
            ukrainian(errors, ["помилка", "помилки", "помилок"]),
            ukrainian(warnings, ["попередження", "попередження", "попереджень"])
        ),
    ));
    if !without_test.is_empty() {
        let word = lang.pick("promotions without a test", "акції без тесту");
        parts.push(format!("{word}: {}", without_test.join(", ")));
    }
    parts.join("; ")
}

fn counts(rulebook: &Rulebook, lang: Lang) -> String {
    let (promotions, caps, goods) =
        (rulebook.promotions().len(), rulebook.caps().len(), rulebook.catalog().products().len());
    lang.pick(
        format!(
            "{}, {}, {}",
            several(promotions, ["promotion", "promotions"]),
            several(caps, ["cap", "caps"]),
            several(goods, ["product", "products"])
        ),
        format!(
            "{}, {}, {}",
            ukrainian(promotions, ["акція", "акції", "акцій"]),
            ukrainian(caps, ["обмеження", "обмеження", "обмежень"]),
            ukrainian(goods, ["товар", "товари", "товарів"])
        ),
    )
}

fn several(number: usize, [one, many]: [&str; 2]) -> String {
    format!("{} {}", counted(number), if number == 1 { one } else { many })
}

/// Ukrainian counts in three ways: 1 акція, 2 акції, 5 акцій; 11 to 14 are like 5.
fn ukrainian(number: usize, [one, few, many]: [&str; 3]) -> String {
    let word = match (number % 10, number % 100) {
        (_, 11..=14) => many,
        (1, _) => one,
        (2..=4, _) => few,
        _ => many,
    };
    format!("{} {word}", counted(number))
}

fn counted(number: usize) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_their_words() {
        for (number, text) in
            [(1, "1 акція"), (3, "3 акції"), (11, "11 акцій"), (25, "25 акцій"), (2412, "2\u{a0}412 акцій")]
        {
            assert_eq!(ukrainian(number, ["акція", "акції", "акцій"]), text);
        }
        assert_eq!(several(1, ["cap", "caps"]), "1 cap");
        assert_eq!(several(0, ["cap", "caps"]), "0 caps");
    }
}
