//! `pricewright rules history`: what was in force, since when, by whom.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;

use super::desk::{ask, refused};
use super::source;
use crate::cli::grid::{Grid, Side};
use crate::cli::link::{Again, Link};
use crate::cli::origin::{Origin, Place};
use crate::cli::terminal::{self, Language};
use crate::lang::Lang;
use crate::server::wire::rulebook_version::Origin as Came;
use crate::server::wire::{ListVersionsRequest, ListVersionsResponse, RulebookVersion};
use crate::time::Instant;

/// Publications of one page of the service.
const PAGE: u32 = 200;
/// Characters of a comment in the table.
const COMMENT_MAX: usize = 60;

/// Tell what was in force, the newest first
///
/// Asks a data folder, or with --server a service; --data wins over a service that the environment names.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright rules history
  pricewright rules history --server 127.0.0.1:50051 --limit 5
  pricewright rules history --data /var/lib/pricewright --json | jq .versions[0].version")]
pub struct Args {
    /// How many
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Print the answer of the service as proto3 JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    origin: Origin,
    /// Language of the headings [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
}

/// Prints the history.
///
/// # Errors
/// It cannot be read, or standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let lang = terminal::language(args.lang);
    let answer = match args.origin.place()? {
        Place::Data(data) => source::history(&data, usize::try_from(args.limit).unwrap_or(usize::MAX))?,
        Place::Server(link) => match remote(&link, args.limit, lang)? {
            Ok(answer) => answer,
            Err(status) => return refused(&status, Again::AsItIs),
        },
    };
    let text = if args.json { serde_json::to_string(&answer)? + "\n" } else { table(&answer, lang) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Pages of a service until there are enough.
fn remote(link: &Link, limit: u32, lang: Lang) -> Result<Result<ListVersionsResponse, tonic::Status>> {
    let mut whole = ListVersionsResponse::default();
    loop {
        let have = u32::try_from(whole.versions.len()).unwrap_or(u32::MAX);
        let page_size = limit.saturating_sub(have).min(PAGE);
        let token = std::mem::take(&mut whole.next_page_token);
        if page_size == 0 || (have > 0 && token.is_empty()) {
            return Ok(Ok(whole));
        }
        let request = ListVersionsRequest { page_size, page_token: token };
        let call = async |desk: &mut super::desk::Desk, request| desk.list_versions(request).await;
        match ask(link, Again::AsItIs, lang, request, call)? {
            Ok(page) if page.versions.is_empty() => return Ok(Ok(whole)),
            Ok(page) => {
                whole.versions.extend(page.versions);
                whole.next_page_token = page.next_page_token;
            }
            Err(status) => return Ok(Err(status)),
        }
    }
}

fn table(answer: &ListVersionsResponse, lang: Lang) -> String {
    if answer.versions.is_empty() {
        return lang.pick("nothing was ever in force\n", "ще нічого не діяло\n").to_owned();
    }
    use Side::{Left, Right};
    let mut grid = Grid::new(vec![Right, Left, Left, Left, Left, Right, Right, Left]);
    let heading = lang.pick(
        ["no.", "version", "since", "came by", "who", "files", "promotions", "comment"],
        ["№", "версія", "відколи", "звідки", "хто", "файлів", "акцій", "коментар"],
    );
    grid.row(heading.map(str::to_owned).to_vec());
    grid.rule();
    for version in &answer.versions {
        grid.row(row(version, lang));
    }
    grid.into_text()
}

fn row(version: &RulebookVersion, lang: Lang) -> Vec<String> {
    let origin = match version.origin() {
        Came::Folder => lang.pick("folder", "папка").to_owned(),
        Came::Call => lang.pick("publication", "публікація").to_owned(),
        Came::Rollback => {
            let number = version.restored_number;
            lang.pick(format!("rollback to {number}"), format!("повернення до {number}"))
        }
        Came::Unspecified => String::new(),
    };
    let known = |count: Option<u32>| count.map(|count| count.to_string()).unwrap_or_default();
    vec![
        version.number.to_string(),
        version.version.clone(),
        moment(version),
        origin,
        version.by.clone(),
        known(version.changed_file_count),
        known(version.changed_promotion_count),
        short(&version.comment),
    ]
}

/// Since when it was in force.
pub(super) fn moment(version: &RulebookVersion) -> String {
    let at = version.publish_time.as_ref().and_then(|at| Instant::from_unix(at.seconds));
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// A comment on one line.
fn short(comment: &str) -> String {
    let line = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(COMMENT_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
