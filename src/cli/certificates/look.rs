//! `pricewright certificates balance` and `entries`: what its owner may see.

use std::process::ExitCode;

use anyhow::Result;

use super::desk::{ask, list, masked, moment, print, standing};
use crate::cli::grid::{Grid, Side};
use crate::cli::link::{Again, Link, Named, patient, typed};
use crate::cli::words::{digits, money};
use crate::lang::Lang;
use crate::server::wire::certificate_entry::Kind;
use crate::server::wire::{GetBalanceRequest, GetBalanceResponse, ListEntriesRequest, ListEntriesResponse};

/// What opens a certificate.
#[derive(Debug, Clone, clap::Args)]
struct Opened {
    /// The number of the certificate; `-` for the next line of standard input
    #[arg(long, default_value = "-")]
    number: String,
    /// The phone that it belongs to; `-` for the next line of standard input
    #[arg(long, default_value = "-")]
    phone: String,
    /// The password, asked for with `send-otp --look`; `-` for the next line of standard input
    #[arg(long, default_value = "-")]
    otp: String,
    /// Print the answer as proto3 JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    link: Link,
}

impl Opened {
    fn read(&self) -> Result<[String; 3]> {
        typed([("number", &self.number), ("phone", &self.phone), ("password", &self.otp)])
    }
}

/// What is left on a certificate
///
/// Needs a password of one use, and uses it up. What is not given is read from standard input, a line each, in this order: number, phone,
/// password. So neither the shell's history nor the list of processes shows them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates balance                              asks for number, phone and password
  pricewright certificates balance --json < opened.txt          three lines: number, phone, password
  printf '%s\\n' \"$NUMBER\" \"$OTP\" | pricewright certificates balance --phone +380671234567")]
pub struct BalanceArgs {
    #[command(flatten)]
    opened: Opened,
}

/// What has happened to a certificate
///
/// The newest first. Needs a password of one use, and uses it up. What is not given is read from standard input, a line each, in this order:
/// number, phone, password. So neither the shell's history nor the list of processes shows them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates entries                              asks for number, phone and password
  pricewright certificates entries --count 10 < opened.txt      three lines: number, phone, password")]
pub struct EntriesArgs {
    #[command(flatten)]
    opened: Opened,
    /// How many at most, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    count: u32,
}

/// Tells the balance.
pub(super) fn balance(args: &BalanceArgs) -> Result<ExitCode> {
    let Opened { json, named, link, .. } = &args.opened;
    let [number, phone, otp] = args.opened.read()?;
    let asked = GetBalanceRequest { request_id: named.tell()?, number, phone, otp };
    let told = ask(link, Again::WithId, async |desk| desk.get_balance(patient(asked)).await)?;
    print(told, *json, page)
}

/// Tells the entries.
pub(super) fn entries(args: &EntriesArgs) -> Result<ExitCode> {
    let Opened { json, named, link, .. } = &args.opened;
    let [number, phone, otp] = args.opened.read()?;
    let page_size = args.count;
    let asked = ListEntriesRequest { request_id: named.tell()?, number, phone, otp, page_size };
    let told = ask(link, Again::WithId, async |desk| desk.list_entries(patient(asked)).await)?;
    print(told, *json, history)
}

fn page(told: &GetBalanceResponse) -> String {
    let currency = &told.currency_code;
    let amount = |minor| format!("{} {currency}", money(minor, digits(currency), Lang::En));
    let mut rows =
        told.standing.as_ref().map(standing).unwrap_or_else(|| vec![("number", masked(&told.last_four))]);
    rows.push(("balance", amount(told.balance)));
    if told.held != 0 {
        rows.push(("held", amount(told.held)));
    }
    list(&rows)
}

fn history(told: &ListEntriesResponse) -> String {
    let Some(balance) = &told.balance else { return String::new() };
    let digits = digits(&balance.currency_code);
    let mut grid = Grid::new(vec![Side::Left, Side::Left, Side::Right, Side::Right, Side::Left]);
    grid.row(["time", "what", "amount", "balance", "of"].map(str::to_owned).to_vec());
    grid.rule();
    for entry in &told.entries {
        grid.row(vec![
            moment(entry.time.as_ref()),
            kind(entry.kind()).to_owned(),
            money(entry.amount, digits, Lang::En),
            money(entry.balance, digits, Lang::En),
            entry.sale_id.clone(),
        ]);
    }
    let shown = u32::try_from(told.entries.len()).unwrap_or(u32::MAX);
    let more = told.total_size.saturating_sub(shown);
    let more = if more == 0 { String::new() } else { format!("and {more} before\n") };
    format!("{}\n{}{more}", page(balance), grid.into_text())
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspecified => "",
        Kind::Issued => "issued",
        Kind::Held => "held",
        Kind::Released => "released",
        Kind::Spent => "spent",
        Kind::Returned => "returned",
        Kind::Blocked => "blocked",
        Kind::Unblocked => "unblocked",
        Kind::Frozen => "frozen",
        Kind::Expired => "expired",
        Kind::Extended => "extended",
        Kind::Transferred => "transferred",
    }
}
