//! `pricewright ledger verify`: everything derived again, and compared.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::place::{Bar, Place, answered, print, print_json, several};
use crate::cli::rules::progress::with_wheel;
use crate::cli::words::{count, money};
use crate::lang::Lang;
use crate::ledger::books::Sums;
use crate::money::{Amount, Currency};
use crate::server::ledger::upkeep::{Checked, Index, Rest, check, check_shared};

/// Derive everything again from the journal, and compare
///
/// Checks every record of the journal, applies all facts to an empty ledger, and compares what follows with the index. Changes
/// nothing. Exits with 1 when something is not what was written, and says what the way back is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright ledger verify
  pricewright ledger verify --data /var/lib/pricewright
  pricewright ledger verify --json | jq -e .ok
  PRICEWRIGHT_STORE=postgres://pricewright:…@db.example/shop?sslmode=require pricewright ledger verify

A database is carried into a temporary folder and derived there, at one moment of it: nodes may go on.

What follows from more than 128 MiB of facts is derived in a temporary folder (TMPDIR), which needs room for two indexes.")]
pub struct Args {
    #[command(flatten)]
    place: Place,
}

/// Certificates whose ids are printed where their books are wrong; JSON has all of them.
const WRONG_MAX: usize = 20;

/// Checks the ledger.
///
/// # Errors
/// There is none, a service has it, the disk says no.
pub fn run(args: &Args) -> Result<ExitCode> {
    let bar = Bar::new("verifying");
    let told = &mut |done, of| bar.told(done, of);
    let done = match args.place.database()? {
        Some(database) => with_wheel("verifying", || check_shared(&database, told)),
        None => {
            let ledger = Rest::take(&args.place.ledger())?;
            with_wheel("verifying", || check(&ledger, told))
        }
    };
    drop(bar);
    answered(&args.place, done, |checked| {
        if args.place.json {
            print_json(&object(&checked))?
        } else {
            print(&rows(&checked))?
        }
        Ok(if is_sound(&checked) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// Whether the next start finds what it needs, and every certificate is worth what its purchases say.
fn is_sound(checked: &Checked) -> bool {
    is_usable(&checked.index) && checked.wrong.is_empty()
}

fn is_usable(index: &Index) -> bool {
    matches!(index, Index::None | Index::Same(_))
}

fn rows(checked: &Checked) -> Vec<(&'static str, String)> {
    let (journal, counts) = (&checked.journal, &checked.counts);
    let torn = match journal.torn_bytes {
        0 => String::new(),
        bytes => format!(
            "; {} behind them were never acknowledged, the next start cuts them off",
            several(bytes, ["byte", "bytes"])
        ),
    };
    let of_journal = format!(
        "{} with {} in {}, {}{torn}",
        several(journal.records, ["record", "records"]),
        several(checked.facts, ["fact", "facts"]),
        several(journal.segments, ["segment", "segments"]),
        several(journal.payload_bytes, ["byte", "bytes"]),
    );
    let sales = format!(
        "{} paid, {} reserved, {} called off, {} expired; {}",
        count(counts.committed),
        count(counts.reserved),
        count(counts.cancelled),
        count(counts.expired),
        several(counts.refunds, ["refund", "refunds"]),
    );
    let mut rows = vec![
        ("journal", of_journal),
        ("sales", sales),
        ("calls", count(counts.calls)),
        ("counters", count(counts.counters)),
        ("codes", count(counts.codes)),
    ];
    rows.extend(checked.certificates.iter().map(|(currency, sums)| ("certificates", summed(currency, sums))));
    rows.extend(wrong(checked).map(|told| ("wrong", told)));
    rows.extend([
        ("chain", journal.chain.to_string()),
        ("digest", checked.digest.to_string()),
        ("index", told(&checked.index)),
        ("verdict", verdict(checked).to_owned()),
    ]);
    rows
}

fn verdict(checked: &Checked) -> &'static str {
    match (is_usable(&checked.index), checked.wrong.is_empty()) {
        (true, true) => "sound",
        (false, true) => "the journal is sound, the index is not",
        (true, false) => "the journal is sound, the books of certificates are not",
        (false, false) => "the journal is sound, the index and the books of certificates are not",
    }
}

/// The accounts of all certificates of a currency.
fn summed(currency: &str, sums: &Sums) -> String {
    let digits = Currency::from_code(currency).map_or(0, Currency::digits);
    let told = |amount: Amount| money(amount.minor(), digits, Lang::En);
    format!(
        "{currency}: {} issued for {} {} {} to spend + {} held + {} spent + {} expired + {} blocked",
        count(sums.certificates),
        told(sums.issued),
        if sums.add_up() { '=' } else { '≠' },
        told(sums.balance),
        told(sums.held),
        told(sums.spent),
        told(sums.expired),
        told(sums.blocked),
    )
}

/// The certificates whose books are wrong: a few of them by id, for support to look at.
fn wrong(checked: &Checked) -> Option<String> {
    let ids = &checked.wrong;
    let number = u64::try_from(ids.len()).unwrap_or_default();
    let shown: Vec<String> = ids.iter().take(WRONG_MAX).map(ToString::to_string).collect();
    let more = if ids.len() > WRONG_MAX { " …" } else { "" };
    (number > 0).then(|| {
        format!(
            "{} whose accounts do not add up, or are not what the purchases say: {}{more}",
            several(number, ["certificate", "certificates"]),
            shown.join(", ")
        )
    })
}

/// How the index stands, and what to do about it.
fn told(index: &Index) -> String {
    const ANEW: &str = "the next start builds it anew from the journal";
    match index {
        Index::None => format!("there is none; {ANEW}"),
        Index::Same(sequence) => format!("the same at record {}", count(*sequence)),
        Index::Unusable(why) => format!("cannot be used ({why}); {ANEW}"),
        Index::Differs { sequence, digest } => format!(
            "holds something else at record {}: its digest is {digest}; remove the folder `index`, and {ANEW}",
            count(*sequence)
        ),
        Index::Ahead(sequence) => format!(
            "knows of record {}: the journal has lost its end; keep the folder as it is, and restore a backup with \
             `pricewright ledger restore`",
            count(*sequence)
        ),
    }
}

fn object(checked: &Checked) -> serde_json::Value {
    let (journal, counts) = (&checked.journal, &checked.counts);
    let (state, sequence) = match &checked.index {
        Index::None => ("none", None),
        Index::Same(sequence) => ("same", Some(*sequence)),
        Index::Unusable(_) => ("unusable", None),
        Index::Differs { sequence, .. } => ("differs", Some(*sequence)),
        Index::Ahead(sequence) => ("ahead", Some(*sequence)),
    };
    json!({
        "ok": is_sound(checked),
        "records": journal.records,
        "facts": checked.facts,
        "segments": journal.segments,
        "payload_bytes": journal.payload_bytes,
        "torn_bytes": journal.torn_bytes,
        "acknowledged": journal.acknowledged,
        "sales": {
            "reserved": counts.reserved,
            "committed": counts.committed,
            "cancelled": counts.cancelled,
            "expired": counts.expired,
        },
        "refunds": counts.refunds,
        "calls": counts.calls,
        "counters": counts.counters,
        "codes": counts.codes,
        "certificates": {
            "sums": checked.certificates.iter().map(|(currency, sums)| object_of(currency, sums)).collect::<Vec<_>>(),
            "wrong": checked.wrong,
        },
        "accounts": counts.accounts,
        "chain": journal.chain.to_string(),
        "digest": checked.digest.to_string(),
        "index": {"state": state, "sequence": sequence, "told": told(&checked.index)},
    })
}

fn object_of(currency: &str, sums: &Sums) -> serde_json::Value {
    json!({
        "currency": currency,
        "certificates": sums.certificates,
        "issued": sums.issued,
        "balance": sums.balance,
        "held": sums.held,
        "spent": sums.spent,
        "expired": sums.expired,
        "blocked": sums.blocked,
    })
}
