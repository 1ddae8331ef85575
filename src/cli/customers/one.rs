//! `pricewright customers get` and `delete`: one customer.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::cli::remote::{self, Remote};
use crate::cli::terminal::{self, Language};
use crate::lang::Lang;
use crate::server::timestamp::Timestamp;
use crate::server::wire;
use crate::server::wire::customer_service_client::CustomerServiceClient;
use crate::server::wire::get_customer_request::Customer;

/// A person waits.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Show one profile
///
/// The phone is not shown: only a keyed hash of it is kept. Exits with 1 when the customer is not known.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright customers get 4711
  pricewright customers get --phone +380501234567
  pricewright customers get 4711 --json | jq .segments")]
pub struct GetArgs {
    /// The retailer's id of the customer
    #[arg(required_unless_present = "phone", conflicts_with = "phone")]
    id: Option<String>,
    /// The phone number of the customer
    #[arg(long)]
    phone: Option<String>,
    /// Print the profile as proto3 JSON
    #[arg(long)]
    json: bool,
    /// Language of messages [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    #[command(flatten)]
    remote: Remote,
}

/// Forget one customer
///
/// Nothing can read the profile afterwards, neither through the service nor from its files. Exits with 1 when the customer is
/// not known.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright customers delete 4711
  pricewright customers delete 4711 --allow-missing --server http://10.0.0.5:50051")]
pub struct DeleteArgs {
    /// The retailer's id of the customer
    id: String,
    /// An id that is not known is fine, too
    #[arg(long)]
    allow_missing: bool,
    /// Check only
    #[arg(long)]
    validate_only: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    /// Language of messages [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    #[command(flatten)]
    remote: Remote,
}

/// Shows a profile.
pub(super) fn get(args: &GetArgs) -> Result<ExitCode> {
    let lang = terminal::language(args.lang);
    let by_phone = args.phone.clone().map(Customer::Phone);
    let customer = by_phone.or_else(|| args.id.clone().map(Customer::Id));
    let answer = remote::runtime()?.block_on(async {
        let mut client = CustomerServiceClient::new(args.remote.connect().await?);
        let asked = wire::GetCustomerRequest { customer };
        anyhow::Ok(client.get(remote::request(asked, lang, ANSWER_MAX)).await)
    })?;
    let profile = match answer {
        Ok(profile) => profile.into_inner(),
        Err(status) => return refused(&status),
    };
    let mut output = io::stdout().lock();
    if args.json {
        writeln!(output, "{}", serde_json::to_string(&profile)?)?;
    } else {
        output.write_all(page(&profile, lang).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Forgets a customer.
pub(super) fn delete(args: &DeleteArgs) -> Result<ExitCode> {
    let lang = terminal::language(args.lang);
    let asked = wire::DeleteCustomerRequest {
        id: args.id.clone(),
        allow_missing: args.allow_missing,
        validate_only: args.validate_only,
    };
    let answer = remote::runtime()?.block_on(async {
        let mut client = CustomerServiceClient::new(args.remote.connect().await?);
        anyhow::Ok(client.delete(remote::request(asked, lang, ANSWER_MAX)).await)
    })?;
    if let Err(status) = answer {
        return refused(&status);
    }
    let said = match (args.json, args.validate_only) {
        (true, _) => "{}",
        (false, true) => lang.pick("the customer can be forgotten", "клієнта можна забути"),
        (false, false) => lang.pick("the customer is forgotten", "клієнта забуто"),
    };
    writeln!(io::stdout(), "{said}")?;
    Ok(ExitCode::SUCCESS)
}

/// An unknown customer is an answer; anything else went wrong.
fn refused(status: &tonic::Status) -> Result<ExitCode> {
    let error = remote::explained(status);
    if !remote::is_unknown(status) {
        return Err(error);
    }
    writeln!(io::stderr(), "{error}")?;
    Ok(ExitCode::FAILURE)
}

/// A profile for a person: what is known, a line each.
fn page(profile: &wire::Profile, lang: Lang) -> String {
    let first = profile.first_purchase.map(|first| yes(first, lang).to_owned());
    let changed = profile.update_time.as_ref().map(when).unwrap_or_default();
    let mut lines = vec![
        ("id".to_owned(), profile.id.clone()),
        (lang.pick("phone", "телефон").to_owned(), yes(profile.has_phone, lang).to_owned()),
        (lang.pick("segments", "сегменти").to_owned(), profile.segments.join(", ")),
        (lang.pick("tier", "рівень").to_owned(), profile.tier.clone()),
        (lang.pick("birthday", "день народження").to_owned(), profile.birthday.clone()),
        (lang.pick("first purchase", "перша покупка").to_owned(), first.unwrap_or_default()),
    ];
    lines.extend(profile.attributes.clone());
    lines.push((lang.pick("changed", "змінено").to_owned(), changed));
    lines.retain(|(_, value)| !value.is_empty());
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

fn yes(is: bool, lang: Lang) -> &'static str {
    if is { lang.pick("yes", "так") } else { lang.pick("no", "ні") }
}

fn when(time: &Timestamp) -> String {
    jiff::Timestamp::from_second(time.seconds).map(|time| time.to_string()).unwrap_or_default()
}
