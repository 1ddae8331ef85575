//! `pricewright access token`: a new token, and the lines of the file of access for it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::server::access::{Role, random};

/// Make a token: it goes to the standard output, and the lines for the file of access to the standard error stream
///
/// The token is shown once and kept nowhere; the file has its hash alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright access token --name kyiv-01 --role till --store kyiv-01 --channel store > kyiv-01.token
  pricewright access token --name crm --role crm --expires 2027-06-01T00:00:00Z > crm.token 2>> access.toml")]
pub struct Args {
    /// Name of the caller, as the audit log has it
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it is; more than once for more than one
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<Role>,
    /// A store for which it speaks; more than once for more than one [default: all]
    #[arg(long = "store", value_name = "ID")]
    stores: Vec<String>,
    /// A channel for which it speaks; more than once for more than one [default: all]
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<String>,
    /// When the token ends, such as 2027-06-01T00:00:00Z [default: never]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    expires: Option<String>,
}

fn moment(text: &str) -> Result<String, String> {
    match crate::time::Instant::from_rfc3339(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("it must be a moment such as 2027-06-01T00:00:00Z".to_owned()),
    }
}

/// Exit code 0.
///
/// # Errors
/// The system gives no random bytes, or a stream takes no text.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (token, hash) = random()?;
    let list = |names: &[String]| toml::Value::from(names.to_vec());
    let mut entry = toml::Table::new();
    entry.insert("name".to_owned(), args.name.clone().into());
    let roles: Vec<String> = args.roles.iter().map(ToString::to_string).collect();
    entry.insert("roles".to_owned(), list(&roles));
    for (key, names) in [("stores", &args.stores), ("channels", &args.channels)] {
        if !names.is_empty() {
            entry.insert(key.to_owned(), list(names));
        }
    }
    let mut kept = toml::Table::new();
    kept.insert("sha256".to_owned(), hash.to_string().into());
    if let Some(expires) = &args.expires {
        kept.insert("expires-at".to_owned(), expires.clone().into());
    }
    let mut lines = String::from("\n[[caller]]\n");
    for (key, value) in &entry {
        lines.push_str(&format!("{key} = {value}\n"));
    }
    let kept: Vec<String> = kept.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    lines.push_str(&format!("tokens = [{{ {} }}]\n", kept.join(", ")));
    io::stderr().write_all(lines.as_bytes())?;
    writeln!(io::stdout(), "{}", *token)?;
    Ok(ExitCode::SUCCESS)
}
