//! `pricewright serve --check`: all that a start needs is looked at, and nothing is started, written or taken.
//!
//! It says what the start would say, of everything at once. What only the start itself can tell stays open: a journal is not read whole
//! (`pricewright ledger verify` does), the gateway of passwords is not called, and the keys are compared with the ledger of this folder
//! alone, not with one in a database.

mod folder;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use tokio::net::TcpSocket;

use crate::cli::local::{of_severity, sources};
use crate::cli::rules::check::summary;
use crate::cli::terminal;
use crate::rulebook::{Severity, compile};
use crate::server::access::Guard;
use crate::server::audit;
use crate::server::config::{Config, Options, Store, Traces};
use crate::server::customers::Customers;
use crate::server::database::{Address, Database};
use crate::server::door::Tls;
use crate::server::keys_in_use;
use crate::server::ledger::upkeep;
use crate::server::outbox::{self, Sender};
use crate::server::secrets::{KeyedHash, Pepper, Stage, key_file};

/// What was found of one thing: how it stands, or what is wrong with it and what to do.
type Found = Result<String, String>;

/// Exit code 1 when something is wrong.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let mut page = Page::default();
    let from = options.config.clone();
    let config = match options.resolve() {
        Ok(config) => config,
        Err(error) => {
            // Everything else hangs on them.
            page.tell("settings", Err(error.to_string()))?;
            return page.end();
        }
    };
    let origin = from.map_or_else(|| "no file".to_owned(), |path| format!("`{}`", path.display()));
    page.tell("settings", Ok(format!("{origin}, the environment and flags")))?;
    page.rules(&config)?;
    page.tell("data", folder::usable(&config.data, "--data"))?;
    let kept = Kept::look(&config);
    let has_service = matches!(kept, Ok(Kept { has_service: true, .. }));
    page.tell("listen", listen(config.listen, "--listen", has_service))?;
    let metrics = config.metrics_listen.map(|address| listen(address, "--metrics-listen", has_service));
    page.tell("metrics", metrics.unwrap_or_else(|| Ok("no port is named for them".to_owned())))?;
    page.tell("traces", Ok(traces(&config)))?;
    page.tell("access", access(&config))?;
    page.tell("audit", audit(&config))?;
    page.tell("tls", tls(&config))?;
    page.tell("store", store(&config, &kept))?;
    page.tell("keys", keys(&config, &kept))?;
    page.tell("passwords", passwords(&config))?;
    page.end()
}

/// What is told, and how much of it is wrong.
#[derive(Default)]
struct Page {
    wrong: usize,
}

impl Page {
    fn tell(&mut self, what: &str, found: Found) -> io::Result<()> {
        let (word, text) = match found {
            Ok(text) => ("ok", text),
            Err(text) => {
                self.wrong += 1;
                ("wrong", text)
            }
        };
        writeln!(io::stdout(), "{word:6} {what:9} {text}")
    }

    /// The rules, with every finding as `rules check` shows it.
    fn rules(&mut self, config: &Config) -> io::Result<()> {
        let lang = terminal::language(None);
        let read = match sources(&config.rules) {
            Ok(read) => read,
            Err(error) => return self.tell("rules", Err(format!("{error:#}"))),
        };
        let compiled = compile(&read);
        let mut output = io::stdout();
        for diagnostic in &compiled.diagnostics {
            writeln!(output, "{}\n", diagnostic.render(lang, terminal::stdout_has_colors()).trim_end())?;
        }
        let [errors, warnings] = [Severity::Error, Severity::Warning]
            .map(|severity| of_severity(&compiled.diagnostics, severity).count());
        let summary = summary(&read, &compiled, [errors, warnings], &[], lang);
        let told = format!("`{}`: {summary}", config.rules.display());
        let is_good = errors == 0 && compiled.rulebook.is_some();
        self.tell("rules", if is_good { Ok(told + folder::without_status(&config.rules)) } else { Err(told) })
    }

    fn end(self) -> Result<ExitCode> {
        let (text, code) = match self.wrong {
            0 => ("nothing is wrong: the service can start".to_owned(), ExitCode::SUCCESS),
            1 => ("1 thing is wrong".to_owned(), ExitCode::FAILURE),
            wrong => (format!("{wrong} things are wrong"), ExitCode::FAILURE),
        };
        writeln!(io::stdout(), "{text}")?;
        Ok(code)
    }
}

/// Where traces go.
fn traces(config: &Config) -> String {
    match &config.traces {
        None => "no collector is named for them".to_owned(),
        Some(Traces { collector, one_in }) => format!(
            "{collector}: one call in {one_in}, and those whose callers trace them; the collector was not called"
        ),
    }
}

/// The file of access.
fn access(config: &Config) -> Found {
    let Some(path) = &config.access else {
        return Ok("whoever reaches the port may call everything: no file of access is named".to_owned());
    };
    let (guard, _) = Guard::open(path).map_err(|error| error.to_string())?;
    Ok(format!("`{}`: {} credentials", path.display(), guard.known().len()))
}

/// The folder of the audit log.
fn audit(config: &Config) -> Found {
    match config.audit.as_deref() {
        None => Ok("none is asked for".to_owned()),
        Some(folder) if folder == Path::new(audit::OUTPUT) => Ok("the standard output".to_owned()),
        // What may be wrong with it is told with that.
        Some(folder) if folder.starts_with(&config.data) => Ok("in the data folder".to_owned()),
        Some(folder) => folder::usable(folder, "--audit"),
    }
}

/// The files of TLS.
fn tls(config: &Config) -> Found {
    let Some(files) = &config.tls else { return Ok("none is asked for".to_owned()) };
    let told = format!("`{}` and its key", files.certificate.display());
    Tls::open(files.clone()).map(|_| told).map_err(|error| error.to_string())
}

/// What is kept already.
struct Kept {
    /// How it stands, for people.
    told: String,
    /// Whether a service runs on this data folder.
    has_service: bool,
    /// Whether anything is hashed under keys.
    is_begun: bool,
    /// The check values of its first keys, where they can be looked at.
    used: Vec<KeyedHash>,
}

impl Kept {
    fn look(config: &Config) -> Result<Self, String> {
        match &config.store {
            Store::Postgres(address) => Self::in_database(config, address),
            Store::Sled => Self::in_folder(&config.data),
            Store::Memory => Ok(Kept {
                told: "in memory: nothing outlives the process".to_owned(),
                has_service: false,
                is_begun: Customers::are_below(&config.data) || config.data.join("ledger/journal").is_dir(),
                used: Vec::new(),
            }),
        }
    }

    fn in_folder(data: &Path) -> Result<Self, String> {
        let ledger = data.join("ledger");
        let has_service = upkeep::in_use(&ledger).map_err(told)?;
        let used = keys_in_use::at_the_beginning(&ledger.join("journal")).map_err(told)?;
        let state = match (&used, has_service) {
            (_, true) => "a service runs on it: another one beside it does not start",
            (None, false) => "nothing is kept yet",
            (Some(_), false) => "its beginning is sound, `pricewright ledger verify` reads all of it",
        };
        Ok(Kept {
            told: format!("`{}`: {state}", ledger.display()),
            has_service,
            is_begun: used.is_some() || Customers::are_below(data),
            used: used.unwrap_or_default(),
        })
    }

    fn in_database(config: &Config, address: &Address) -> Result<Self, String> {
        let tables = Database::look(address).map_err(|error| format!("{address}: {error}"))?;
        let state = match tables.found {
            0 => "it answers, and the first start makes the tables".to_owned(),
            found if found < tables.known => {
                format!(
                    "it answers, and the next start brings its tables from version {found} to {}",
                    tables.known
                )
            }
            found => format!("it answers, with tables of version {found}"),
        };
        Ok(Kept {
            told: format!("{address}: {state}"),
            has_service: false,
            is_begun: tables.is_begun || Customers::are_below(&config.data),
            used: Vec::new(),
        })
    }
}

/// Whether the address can be had. It is bound for a moment, and never listened at.
fn listen(address: SocketAddr, flag: &str, has_service: bool) -> Found {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    // As the service does: what is left of old connections keeps no address.
    let bound = socket.and_then(|socket| socket.set_reuseaddr(true).and_then(|()| socket.bind(address)));
    match bound {
        Ok(()) if address.port() == 0 => Ok(format!("{address}: each start takes a free port")),
        Ok(()) => Ok(format!("{address} can be had")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && has_service => {
            Ok(format!("{address} is in use, as is the data folder, by a service that runs"))
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(format!(
            "{address} is in use: stop what listens there, or name another address with `{flag}`"
        )),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(format!(
            "{address} may not be taken ({error}): name a port from 1024 on, or give the service CAP_NET_BIND_SERVICE"
        )),
        Err(error) => {
            Err(format!("{address} cannot be had ({error}): name an address of this machine with `{flag}`"))
        }
    }
}

fn store(config: &Config, kept: &Result<Kept, String>) -> Found {
    let hint = match &config.store {
        Store::Postgres(_) => ": see docs/scale.md",
        Store::Sled | Store::Memory => "",
    };
    kept.as_ref().map(|kept| kept.told.clone()).map_err(|error| format!("{error}{hint}"))
}

/// The file of keys, and whether the ledger was begun with them.
fn keys(config: &Config, kept: &Result<Kept, String>) -> Found {
    let path = &config.secrets;
    let (is_begun, used) = match kept {
        Ok(kept) => (kept.is_begun, kept.used.as_slice()),
        Err(_) => (false, [].as_slice()),
    };
    // Neither stage makes a file.
    let stage = if is_begun { Stage::Begun } else { Stage::Production };
    match Pepper::open(path, stage) {
        Ok(pepper) => {
            keys_in_use::compare(used, &pepper, path).map_err(told)?;
            let of_ledger = if used.is_empty() { "" } else { ", which this ledger was begun with" };
            Ok(format!("`{}`: keys that can be read{of_ledger}", path.display()))
        }
        Err(key_file::Error::Missing { .. }) if !config.production => {
            Ok(format!("`{}` is not there: the first start makes it", path.display()))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The way of one-time passwords.
fn passwords(config: &Config) -> Found {
    if config.otp_webhook.is_none() {
        return Ok("no gateway is named: passwords of gift certificates reach no phone".to_owned());
    }
    // In production no file is made where there is none.
    match Sender::of(&Config { production: true, ..config.clone() }) {
        Ok(_) => Ok("secrets of the gateway can be read; the gateway was not called".to_owned()),
        Err(outbox::Error::Missing { path }) if !config.production => {
            Ok(format!("`{}` is not there: the first start makes it", path.display()))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn told(error: impl Display) -> String {
    error.to_string()
}
