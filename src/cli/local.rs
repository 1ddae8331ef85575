//! A rulebook on this machine, priced by without a server: the same words in, the same bytes out.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::receipt::{Reasons, receipt};
use super::words::Words;
use crate::lang::Lang;
use crate::rulebook::{Diagnostic, Rulebook, Settings, Severity, Source, TestCase, compile, read_tests};
use crate::server::wire::{Quote, QuoteRequest};
use crate::server::{clock, convert, rules_dir};

/// Bytes that are read of a test file: one more than a rule file may have is enough to refuse it.
const TEST_BYTES_MAX: u64 = (4 << 20) + 1;

/// The rule files of a folder, to the byte.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn sources(folder: &Path) -> Result<Vec<Source>> {
    let reading = rules_dir::read(folder).with_context(|| format!("rules folder `{}`", folder.display()))?;
    if let Some((path, why)) = reading.unreadable.first() {
        bail!("cannot read `{}`: {why}", folder.join(path).display());
    }
    Ok(reading.sources)
}

/// The tests of a folder: those of every `*.test.yaml` in it, and what was found in these files.
///
/// # Errors
/// A folder or a file cannot be read.
pub fn test_cases(folder: &Path, settings: &Settings) -> Result<(Vec<TestCase>, Vec<Diagnostic>)> {
    let mut sources = Vec::new();
    find_tests(folder, "", 0, &mut sources)?;
    sources.sort();
    let (mut cases, mut found) = (Vec::new(), Vec::new());
    for source in &sources {
        let (more, findings) = read_tests(settings, source);
        cases.extend(more);
        found.extend(findings);
    }
    Ok((cases, found))
}

fn find_tests(folder: &Path, below: &str, depth: usize, found: &mut Vec<Source>) -> Result<()> {
    if depth > rules_dir::DEPTH_MAX {
        return Ok(());
    }
    let cannot = |path: &Path| format!("cannot read `{}`", path.display());
    for entry in fs::read_dir(folder).with_context(|| cannot(folder))? {
        let entry = entry.with_context(|| cannot(folder))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let place = entry.path();
        if name.starts_with(['.', '_', '~']) {
            continue;
        }
        if place.is_dir() {
            find_tests(&place, &format!("{below}{name}/"), depth + 1, found)?;
        } else if name.ends_with(".test.yaml") || name.ends_with(".test.yml") {
            let mut bytes = Vec::new();
            let file = File::open(&place).with_context(|| cannot(&place))?;
            file.take(TEST_BYTES_MAX).read_to_end(&mut bytes).with_context(|| cannot(&place))?;
            found.push(Source { path: format!("{below}{name}"), bytes });
        }
    }
    Ok(())
}

/// The findings of this severity.
pub fn of_severity(found: &[Diagnostic], severity: Severity) -> impl Iterator<Item = &Diagnostic> {
    found.iter().filter(move |diagnostic| diagnostic.severity == severity)
}

/// A rulebook to price by.
#[derive(Debug)]
pub struct Local {
    rulebook: Rulebook,
}

impl Local {
    /// Compiles a folder. The findings come as text when it is not to be taken.
    ///
    /// # Errors
    /// The folder cannot be read, or its rules are at fault.
    pub fn open(folder: &Path, lang: Lang, color: bool) -> Result<Self> {
        Self::compile(&sources(folder)?, lang, color)
            .with_context(|| format!("the rules in `{}` are at fault", folder.display()))
    }

    /// Compiles sources.
    ///
    /// # Errors
    /// The rules are at fault.
    pub fn compile(sources: &[Source], lang: Lang, color: bool) -> Result<Self> {
        let compiled = compile(sources);
        if let Some(rulebook) = compiled.rulebook {
            return Ok(Local { rulebook });
        }
        let mut text = String::new();
        for diagnostic in of_severity(&compiled.diagnostics, Severity::Error) {
            write!(text, "\n{}", diagnostic.render(lang, color))?;
        }
        bail!(text)
    }

    /// Prices what the wire says.
    ///
    /// # Errors
    /// What is wrong with the request, each field in the caller's language.
    pub fn quote(&self, asked: &QuoteRequest, lang: Lang) -> Result<Quote> {
        let version = asked.context.as_ref().map_or("", |context| context.rulebook_version.as_str());
        let digest = self.rulebook.digest();
        if !version.is_empty() && version != digest.version() && version != digest.to_string() {
            bail!("`context.rulebook_version` names another rulebook; this one is {}", digest.version());
        }
        convert::price(&self.rulebook, asked, clock::now()).map_err(|faults| {
            let lines = faults.iter().map(|fault| format!("`{}` {}", fault.field, fault.problem.say(lang)));
            anyhow::Error::msg(lines.collect::<Vec<_>>().join("\n"))
        })
    }

    /// The receipt of a quote.
    #[must_use]
    pub fn receipt(
        &self,
        asked: &QuoteRequest,
        quote: &Quote,
        lang: Lang,
        told: Reasons,
        width: usize,
    ) -> String {
        let (request, _) = convert::request(asked, clock::now());
        receipt(&Words::new(&self.rulebook, lang), &request.basket, quote, told, width)
    }

    /// The rulebook.
    #[must_use]
    pub fn rulebook(&self) -> &Rulebook {
        &self.rulebook
    }
}
