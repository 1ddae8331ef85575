//! `pricewright rules diff`: what is other in one rulebook than in another, promotion by promotion.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;

use super::desk::{ask, refused};
use super::history::moment;
use super::source::{self, LIVE};
use crate::cli::link::Again;
use crate::cli::origin::{Origin, Place};
use crate::cli::terminal::{self, Language};
use crate::lang::Lang;
use crate::server::wire::{
    Change, ChangeCounts, DiffRequest, DiffResponse, FieldChange, RuleChange, RulebookVersion,
};

/// Tell what is other in one rulebook than in another
///
/// Promotions and caps by id, each changed one with the fields that differ; fields of the settings; how many products. A number of `rules history`, a
/// version, a digest, or `live` names a rulebook. Asks a data folder, or with --server a service; --data wins over a service that the
/// environment names.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright rules diff 12
  pricewright rules diff 11 12 --server 127.0.0.1:50051
  pricewright rules diff 3f2a9c41d07b live --json | jq .rules[].id")]
pub struct Args {
    /// The one
    from: String,
    /// The other
    #[arg(default_value = LIVE)]
    to: String,
    /// Print the answer of the service as proto3 JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    origin: Origin,
    /// Language of the words around [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
}

/// Prints what differs.
///
/// # Errors
/// A rulebook cannot be read, or standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let lang = terminal::language(args.lang);
    let answer = match args.origin.place()? {
        Place::Data(data) => match source::difference(&data, &args.from, &args.to)? {
            Ok(answer) => answer,
            Err(named) => {
                let said = lang.pick("no such version was ever in force", "такої версії ніколи не було");
                let _ = writeln!(io::stderr(), "{said}: `{named}`");
                return Ok(ExitCode::FAILURE);
            }
        },
        Place::Server(link) => {
            let request = DiffRequest { from: args.from.clone(), to: args.to.clone() };
            let call = async |desk: &mut super::desk::Desk, request| desk.diff(request).await;
            match ask(&link, Again::AsItIs, lang, request, call)? {
                Ok(answer) => answer,
                Err(status) => return refused(&status, Again::AsItIs),
            }
        }
    };
    let text = if args.json { serde_json::to_string(&answer)? + "\n" } else { page(&answer, lang) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn page(diff: &DiffResponse, lang: Lang) -> String {
    let mut out = String::new();
    for (sign, version) in [("---", &diff.from), ("+++", &diff.to)] {
        let _ = writeln!(out, "{sign} {}", version.as_ref().map(named).unwrap_or_default());
    }
    let file_counts = diff.file_counts.unwrap_or_default();
    if total(&file_counts) == 0 {
        let _ = writeln!(out, "\n{}", lang.pick("nothing differs", "відмінностей немає"));
        return out;
    }
    let rule_counts = diff.rule_counts.unwrap_or_default();
    heading(&mut out, lang.pick("promotions and caps", "акції та обмеження"), &rule_counts, lang);
    for rule in &diff.rules {
        say_rule(&mut out, rule, lang);
    }
    more(&mut out, total(&rule_counts), diff.rules.len(), lang);
    if !diff.settings.is_empty() {
        let _ = writeln!(out, "\n{}", lang.pick("settings", "налаштування"));
        diff.settings.iter().for_each(|field| say_field(&mut out, field));
    }
    match &diff.product_counts {
        Some(counts) if total(counts) > 0 => heading(&mut out, lang.pick("products", "товари"), counts, lang),
        _ => {}
    }
    heading(&mut out, lang.pick("files", "файли"), &file_counts, lang);
    for file in &diff.files {
        let _ = writeln!(out, "{} {}", sign(file.change()), file.path);
    }
    more(&mut out, total(&file_counts), diff.files.len(), lang);
    out
}

fn named(version: &RulebookVersion) -> String {
    let RulebookVersion { number, version: name, by, .. } = version;
    let by = if by.is_empty() { String::new() } else { format!(" ({by})") };
    format!("{number}  {name}  {}{by}", moment(version))
}

fn say_rule(out: &mut String, rule: &RuleChange, lang: Lang) {
    let cap = if rule.is_cap { lang.pick(" (cap)", " (обмеження)") } else { "" };
    let name = if rule.name.is_empty() { String::new() } else { format!("  {}", rule.name) };
    let _ = writeln!(out, "{} {}{cap}{name}", sign(rule.change()), rule.id);
    rule.fields.iter().for_each(|field| say_field(out, field));
    if rule.changed_price_count > 0 {
        let said = lang.pick("prices in its list that differ", "змінених цін у списку");
        let _ = writeln!(out, "    {said}: {}", rule.changed_price_count);
    } else if rule.fields.is_empty() && rule.change() == Change::Changed {
        let said = lang.pick("what it refers to has changed", "змінилося те, на що вона посилається");
        let _ = writeln!(out, "    {said}");
    }
}

fn say_field(out: &mut String, FieldChange { field, before, after }: &FieldChange) {
    let said = |text: &str| if text.is_empty() { "—".to_owned() } else { text.to_owned() };
    let _ = writeln!(out, "    {field}: {} → {}", said(before), said(after));
}

fn heading(out: &mut String, what: &str, counts: &ChangeCounts, lang: Lang) {
    let ChangeCounts { added, removed, changed } = counts;
    let counts = lang.pick(
        format!("{added} added, {removed} removed, {changed} changed"),
        format!("додано {added}, прибрано {removed}, змінено {changed}"),
    );
    let _ = writeln!(out, "\n{what}: {counts}");
}

fn more(out: &mut String, of: u32, told: usize, lang: Lang) {
    let rest = usize::try_from(of).unwrap_or(usize::MAX).saturating_sub(told);
    if rest > 0 {
        let _ = writeln!(out, "{}", lang.pick(format!("… and {rest} more"), format!("… і ще {rest}")));
    }
}

fn total(counts: &ChangeCounts) -> u32 {
    counts.added.saturating_add(counts.removed).saturating_add(counts.changed)
}

fn sign(change: Change) -> &'static str {
    match change {
        Change::Added => "+",
        Change::Removed => "−",
        Change::Changed | Change::Unspecified => "~",
    }
}
