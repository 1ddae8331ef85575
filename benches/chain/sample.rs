//! The sample chain of `rules/` as it lies there: its files, the promotions in them one by one, its baskets.

use std::fs;
use std::path::{Path, PathBuf};

use pricewright::basket::Request;
use pricewright::rulebook::Source;
use pricewright::server::convert;
use pricewright::time::Instant;

use super::{Block, Outcome};

/// Segments of the CRM's mailings, beside those that the sample chain knows. A customer is in a few of them.
pub(super) const MAILINGS: u64 = 60;
/// Mailings that go to customers of none of the baskets.
pub(super) const UNREAD_MAILINGS: u64 = 30;
/// Settings and the tables that they and the rule files name.
const TABLES: [&str; 3] = ["settings.yaml", "catalog.csv", "vip-wishlist.csv"];
/// Not live in November and December 2026, so no base for what is to be live.
const NOT_LIVE: [&str; 3] = ["week-azurade", "rizdvo-sets-20", "code-summer2026"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// Settings, catalog and price lists. The settings know the segments of the mailings too.
pub(super) fn tables() -> Outcome<Vec<Source>> {
    let mut sources = Vec::new();
    for name in TABLES {
        let text = fs::read_to_string(folder().join(name))?;
        let text = if name == "settings.yaml" { with_mailings(&text) } else { text };
        sources.push(Source { path: name.to_owned(), bytes: text.into_bytes() });
    }
    Ok(sources)
}

fn with_mailings(settings: &str) -> String {
    let more: String =
        (1..=MAILINGS + UNREAD_MAILINGS).map(|number| format!(", {}", mailing(number))).collect();
    let line = |line: &str| match line.strip_suffix(']').filter(|_| line.starts_with("segments:")) {
        Some(open) => format!("{open}{more}]\n"),
        None => format!("{line}\n"),
    };
    settings.lines().map(line).collect()
}

pub(super) fn mailing(number: u64) -> String {
    format!("mailing_{number:02}")
}

/// The promotions of the sample chain that are live some day of its season, all of it long now.
pub(super) fn promotions() -> Outcome<Vec<Block>> {
    let live = |block: &Block| !NOT_LIVE.contains(&block.id.as_str());
    let mut blocks: Vec<Block> = blocks("promotions:")?.into_iter().filter(live).collect();
    for block in &mut blocks {
        block.text = all_season(&block.text);
    }
    Ok(blocks)
}

pub(super) fn caps() -> Outcome<Vec<Block>> {
    blocks("caps:")
}

/// The entries below one word of the rule files, as they are written there.
fn blocks(heading: &str) -> Outcome<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    for name in rule_files()? {
        let text = fs::read_to_string(folder().join(name))?;
        let mut is_below = false;
        for line in text.lines().filter(|line| is_said(line)) {
            if !line.starts_with(' ') {
                is_below = line == heading;
            } else if is_below {
                add(&mut blocks, line);
            }
        }
    }
    Ok(blocks)
}

fn is_said(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#')
}

fn add(blocks: &mut Vec<Block>, line: &str) {
    if let Some(id) = line.strip_prefix("  - id: ") {
        let id = id.split_whitespace().next().unwrap_or_default().to_owned();
        blocks.push(Block { id, text: String::new() });
    }
    if let Some(block) = blocks.last_mut() {
        block.text.push_str(line);
        block.text.push('\n');
    }
}

fn rule_files() -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with(".test.yaml") && name != "settings.yaml" {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The same promotion from the middle of November to the middle of December: campaigns of one week or another become a
/// season in which all of them run.
fn all_season(text: &str) -> String {
    let begun = with_date(text, "from: ", "2026-11-15");
    with_date(&begun, "until: ", "2026-12-15")
}

/// With `date` after each `word` that a date follows; tiers have a `from` too.
fn with_date(text: &str, word: &str, date: &str) -> String {
    let mut parts = text.split(word);
    let mut dated = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find([',', '}']).unwrap_or(part.len());
        let rest = part.get(end..).filter(|_| is_date(part));
        match rest {
            Some(rest) => dated.extend([word, date, rest]),
            None => dated.extend([word, part]),
        }
    }
    dated
}

/// `2026-11-27 …` is a date, `2000, percent: 5` the sum of a tier.
fn is_date(text: &str) -> bool {
    text.trim_start_matches('"').get(4..5) == Some("-")
}

/// The 200 baskets of the sample chain.
pub(super) fn requests() -> Outcome<Vec<Request>> {
    let now = Instant::from_unix(0).ok_or("the epoch is no moment")?;
    let text = fs::read_to_string(folder().join("baskets.jsonl"))?;
    let read = |line: &str| convert::request_from_json(line).map(|asked| convert::request(&asked, now).0);
    Ok(text.lines().map(read).collect::<Result<_, _>>()?)
}
