//! What `pricewright serve` can be told: by flags, then by the environment, then by a TOML file, then by defaults.

mod store;

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use ureq::http::Uri;

pub use store::{NoStore, Said, Store};

use crate::basket::{COUNTRIES, Country};
use crate::lang::Lang;
use crate::server::telemetry::{self, LogFormat};

/// What can be wrong with the settings of the service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the settings file `{path}`: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("in the settings file `{path}`:\n{error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: Box<toml::de::Error>,
    },
    /// A value is outside its range.
    #[error("`{name}` must be between {least} and {most}, not {given}")]
    Range {
        /// The setting.
        name: &'static str,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
        /// What it is.
        given: u64,
    },
    /// The origin of a web page is not one.
    #[error("`{0}` in `cors-origin` is not an origin such as `https://shop.example` nor `*`")]
    Origin(String),
    /// A country whose phone numbers are not known.
    #[error("`{0}` in `phone-countries` is none of {known}", known = known_countries())]
    Country(String),
    /// The gateway of one-time passwords has no address that can be called. It is not repeated: there may be a token in it.
    #[error(
        "`otp-webhook` must be an address such as `https://sms.example/otp`, with no name and no password in front of the host"
    )]
    Webhook,
    /// One-time passwords would cross a network in clear.
    #[error("`otp-webhook` must begin with `https://` in production; `http://` may go to this machine alone")]
    PlainWebhook,
    /// A gateway, and nothing to sign with.
    #[error("`otp-webhook` needs `otp-webhook-secret`: the file of secrets that sign what the gateway gets")]
    WebhookSecret,
    /// There is no such store.
    #[error(transparent)]
    Store(#[from] NoStore),
    /// What is promised would cross a network in clear.
    #[error(
        "the address of the database must ask for TLS in production: `?sslmode=require`, and `&sslrootcert=FILE` where its authority is \
         your own"
    )]
    PlainDatabase,
    /// One-time passwords would be shown to whoever sees the terminal.
    #[error("`otp-terminal` shows one-time passwords on the terminal: not in production")]
    Terminal,
    /// The logs.
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
}

fn known_countries() -> String {
    COUNTRIES.map(|country| country.iso).join(", ")
}

/// The language of `_STATUS.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Languages {
    /// English, then Ukrainian.
    #[default]
    Both,
    /// English.
    En,
    /// Ukrainian.
    Uk,
}

impl Languages {
    /// The languages, in order.
    #[must_use]
    pub fn list(self) -> &'static [Lang] {
        match self {
            Languages::Both => &[Lang::En, Lang::Uk],
            Languages::En => &[Lang::En],
            Languages::Uk => &[Lang::Uk],
        }
    }
}

/// Every setting as a flag, an environment variable or a key of the TOML file; `None` where it is not said.
///
/// Flags and variables are read by the command line, which lets a flag win over its variable.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// Settings in TOML: the long names below as keys. Flags and environment win over it.
    #[arg(long, env = "PRICEWRIGHT_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:50051]
    #[arg(long, env = "PRICEWRIGHT_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Folder with the rule files [default: ./rules]
    #[arg(long, env = "PRICEWRIGHT_RULES", value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Folder for what the service keeps [default: ./data]
    #[arg(long, env = "PRICEWRIGHT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How promises are kept: sled, on disk below the data folder; the address of a PostgreSQL that many nodes share,
    /// `postgres://user@host/name?sslmode=require`, best by the environment for the password in it; or memory, for trying out
    /// [default: sled]
    #[arg(long, env = "PRICEWRIGHT_STORE", hide_env_values = true, value_name = "STORE")]
    pub store: Option<Said>,
    /// File with the keys under which codes, phones and customers are hashed; keep it apart from backups of the data folder
    /// [default: secrets/keys.toml in the data folder]
    #[arg(long, env = "PRICEWRIGHT_SECRETS", value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// Refuse to start without what a checkout depends on: a missing file of keys is not made [default: false]
    #[arg(long, env = "PRICEWRIGHT_PRODUCTION", value_name = "BOOL")]
    pub production: Option<bool>,
    /// Seconds for which a quoted price is honored when the rules change [default: 900]
    #[arg(long, env = "PRICEWRIGHT_QUOTE_TTL_SECONDS", value_name = "S")]
    pub quote_ttl_seconds: Option<u32>,
    /// Countries of phone numbers that are typed without one, the home country first, with commas [default: UA]
    #[arg(long, env = "PRICEWRIGHT_PHONE_COUNTRIES", value_delimiter = ',', value_name = "ISO")]
    pub phone_countries: Option<Vec<String>>,
    /// Address of the gateway that sends one-time passwords to phones, https; in production http to this machine alone [default: none]
    #[arg(long, env = "PRICEWRIGHT_OTP_WEBHOOK", value_name = "URL")]
    pub otp_webhook: Option<String>,
    /// File with the secrets that sign what the gateway gets, a line `whsec_…` each, the owner's alone; made when it is missing, but not
    /// in production
    #[arg(long, env = "PRICEWRIGHT_OTP_WEBHOOK_SECRET", value_name = "FILE")]
    pub otp_webhook_secret: Option<PathBuf>,
    /// Show one-time passwords on the standard output, for developers: not in production, nor beside a gateway [default: true on a terminal]
    #[arg(long, env = "PRICEWRIGHT_OTP_TERMINAL", value_name = "BOOL")]
    pub otp_terminal: Option<bool>,
    /// One-time passwords that may be sent in an hour, to all phones [default: 3600]
    #[arg(long, env = "PRICEWRIGHT_OTP_PER_HOUR", value_name = "N")]
    pub otp_per_hour: Option<u32>,
    /// How logs are written: auto is text on a terminal, JSON otherwise [default: auto]
    #[arg(long, env = "PRICEWRIGHT_LOG_FORMAT", value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged: a level, or `info,pricewright::request=debug` for a line a request [default: info]
    #[arg(long, env = "PRICEWRIGHT_LOG_LEVEL", value_name = "LEVELS")]
    pub log_level: Option<String>,
    /// Answer reflection, so that tools can list the services [default: true]
    #[arg(long, env = "PRICEWRIGHT_REFLECTION", value_name = "BOOL")]
    pub reflection: Option<bool>,
    /// Answer gRPC-Web, for browsers [default: true]
    #[arg(long, env = "PRICEWRIGHT_GRPC_WEB", value_name = "BOOL")]
    pub grpc_web: Option<bool>,
    /// Origins of web pages that may call, with commas; `*` for any [default: none]
    #[arg(
        long = "cors-origin",
        env = "PRICEWRIGHT_CORS_ORIGIN",
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    #[serde(rename = "cors-origin")]
    pub cors_origins: Option<Vec<String>>,
    /// Requests in work at once; one more is told to come again [default: 512]
    #[arg(long, env = "PRICEWRIGHT_MAX_CONCURRENT_REQUESTS", value_name = "N")]
    pub max_concurrent_requests: Option<u32>,
    /// Bytes of one message [default: 4194304]
    #[arg(long, env = "PRICEWRIGHT_MAX_MESSAGE_BYTES", value_name = "N")]
    pub max_message_bytes: Option<u32>,
    /// Milliseconds that a request may take when its caller sets no deadline [default: 10000]
    #[arg(long, env = "PRICEWRIGHT_REQUEST_TIMEOUT_MS", value_name = "MS")]
    pub request_timeout_ms: Option<u32>,
    /// Seconds that running requests get to end at shutdown [default: 20]
    #[arg(long, env = "PRICEWRIGHT_DRAIN_SECONDS", value_name = "S")]
    pub drain_seconds: Option<u32>,
    /// Milliseconds between two looks at the rules folder; file events make it sooner [default: 500]
    #[arg(long, env = "PRICEWRIGHT_POLL_INTERVAL_MS", value_name = "MS")]
    pub poll_interval_ms: Option<u32>,
    /// Listen to file events; without them the folder is looked at by polling alone [default: true]
    #[arg(long, env = "PRICEWRIGHT_FILE_EVENTS", value_name = "BOOL")]
    pub file_events: Option<bool>,
    /// Language of _STATUS.txt [default: both]
    #[arg(long, env = "PRICEWRIGHT_LANG", value_enum, value_name = "LANG")]
    pub lang: Option<Languages>,
}

/// What the service does, every value said and in range.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The folder with the rule files.
    pub rules: PathBuf,
    /// The folder for what it keeps.
    pub data: PathBuf,
    /// How promises are kept.
    pub store: Store,
    /// The file of keys.
    pub secrets: PathBuf,
    /// Whether what is missing is an error.
    pub production: bool,
    /// Seconds for which a quoted price is honored.
    pub quote_ttl_seconds: u32,
    /// The countries of phone numbers, the home country first.
    pub countries: Vec<Country>,
    /// The address of the gateway of one-time passwords. Never for a log: there may be a token in it.
    pub otp_webhook: Option<String>,
    /// The file of the secrets that sign what the gateway gets; there where there is a gateway.
    pub otp_webhook_secret: Option<PathBuf>,
    /// Whether one-time passwords are shown on the standard output where there is no gateway; when not said, where that is a terminal.
    pub otp_terminal: Option<bool>,
    /// One-time passwords that may be sent in an hour, to all phones.
    pub otp_per_hour: u32,
    /// How logs are written.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_level: String,
    /// Whether reflection is answered.
    pub reflection: bool,
    /// Whether gRPC-Web is answered.
    pub grpc_web: bool,
    /// Web pages that may call.
    pub cors_origins: Vec<String>,
    /// Requests in work at once.
    pub requests_max: u32,
    /// Bytes of one message.
    pub message_bytes_max: u32,
    /// How long a request may take when its caller sets no deadline.
    pub request_timeout: Duration,
    /// How long running requests get to end at shutdown.
    pub drain: Duration,
    /// Between two looks at the rules folder.
    pub poll_interval: Duration,
    /// Whether file events make the next look sooner.
    pub file_events: bool,
    /// The language of `_STATUS.txt`.
    pub languages: Languages,
}

impl Options {
    /// These settings over those of the TOML file they name, over the defaults.
    ///
    /// # Errors
    /// The file cannot be read, has an unknown key, or a value is out of its range.
    pub fn resolve(self) -> Result<Config, Error> {
        let file = match &self.config {
            None => Options::default(),
            Some(path) => {
                let text =
                    fs::read_to_string(path).map_err(|error| Error::Read { path: path.clone(), error })?;
                toml::from_str(&text)
                    .map_err(|error| Error::File { path: path.clone(), error: Box::new(error) })?
            }
        };
        self.over(file)
    }

    fn over(self, file: Options) -> Result<Config, Error> {
        let data = self.data.or(file.data).unwrap_or_else(|| "data".into());
        let config = Config {
            store: self.store.or(file.store).map(|said| said.read()).transpose()?.unwrap_or_default(),
            secrets: self.secrets.or(file.secrets).unwrap_or_else(|| data.join("secrets").join("keys.toml")),
            production: self.production.or(file.production).unwrap_or(false),
            quote_ttl_seconds: ranged(
                "quote-ttl-seconds",
                self.quote_ttl_seconds.or(file.quote_ttl_seconds).unwrap_or(900),
                1..=86_400,
            )?,
            countries: countries(self.phone_countries.or(file.phone_countries))?,
            otp_webhook: self.otp_webhook.or(file.otp_webhook),
            otp_webhook_secret: self.otp_webhook_secret.or(file.otp_webhook_secret),
            otp_terminal: self.otp_terminal.or(file.otp_terminal),
            otp_per_hour: ranged(
                "otp-per-hour",
                self.otp_per_hour.or(file.otp_per_hour).unwrap_or(3_600),
                1..=1_000_000,
            )?,
            data,
            listen: self.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 50051))),
            rules: self.rules.or(file.rules).unwrap_or_else(|| "rules".into()),
            log_format: self.log_format.or(file.log_format).unwrap_or_default(),
            log_level: self.log_level.or(file.log_level).unwrap_or_else(|| "info".to_owned()),
            reflection: self.reflection.or(file.reflection).unwrap_or(true),
            grpc_web: self.grpc_web.or(file.grpc_web).unwrap_or(true),
            cors_origins: self.cors_origins.or(file.cors_origins).unwrap_or_default(),
            requests_max: ranged(
                "max-concurrent-requests",
                self.max_concurrent_requests.or(file.max_concurrent_requests).unwrap_or(512),
                1..=100_000,
            )?,
            message_bytes_max: ranged(
                "max-message-bytes",
                self.max_message_bytes.or(file.max_message_bytes).unwrap_or(4 << 20),
                1024..=(64 << 20),
            )?,
            request_timeout: millis(ranged(
                "request-timeout-ms",
                self.request_timeout_ms.or(file.request_timeout_ms).unwrap_or(10_000),
                1..=3_600_000,
            )?),
            drain: Duration::from_secs(u64::from(ranged(
                "drain-seconds",
                self.drain_seconds.or(file.drain_seconds).unwrap_or(20),
                0..=3_600,
            )?)),
            poll_interval: millis(ranged(
                "poll-interval-ms",
                self.poll_interval_ms.or(file.poll_interval_ms).unwrap_or(500),
                50..=60_000,
            )?),
            file_events: self.file_events.or(file.file_events).unwrap_or(true),
            languages: self.lang.or(file.lang).unwrap_or_default(),
        };
        telemetry::levels(&config.log_level)?;
        check_passwords(&config)?;
        match &config.store {
            Store::Postgres(address) if config.production && address.may_be_read() => {
                return Err(Error::PlainDatabase);
            }
            _ => {}
        }
        match config.cors_origins.iter().find(|origin| !is_origin(origin)) {
            Some(origin) => Err(Error::Origin(origin.clone())),
            None => Ok(config),
        }
    }
}

fn ranged(name: &'static str, given: u32, range: std::ops::RangeInclusive<u32>) -> Result<u32, Error> {
    if range.contains(&given) {
        return Ok(given);
    }
    let (least, most) = (u64::from(*range.start()), u64::from(*range.end()));
    Err(Error::Range { name, least, most, given: u64::from(given) })
}

fn countries(named: Option<Vec<String>>) -> Result<Vec<Country>, Error> {
    let named = named.filter(|named| !named.is_empty()).unwrap_or_else(|| vec!["UA".to_owned()]);
    let find = |name: &String| {
        let is_it = |country: &&Country| country.iso.eq_ignore_ascii_case(name.trim());
        COUNTRIES.iter().find(is_it).copied().ok_or_else(|| Error::Country(name.clone()))
    };
    named.iter().map(find).collect()
}

/// Whether one-time passwords go where they may.
fn check_passwords(config: &Config) -> Result<(), Error> {
    if config.production && config.otp_terminal == Some(true) {
        return Err(Error::Terminal);
    }
    let Some(webhook) = &config.otp_webhook else { return Ok(()) };
    let address: Uri = webhook.parse().map_err(|_| Error::Webhook)?;
    let host = address.host().filter(|host| !host.is_empty()).ok_or(Error::Webhook)?;
    if address.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err(Error::Webhook);
    }
    match address.scheme_str() {
        Some("https") => {}
        Some("http") if !config.production || is_loopback(host) => {}
        Some("http") => return Err(Error::PlainWebhook),
        _ => return Err(Error::Webhook),
    }
    config.otp_webhook_secret.as_ref().map(|_| ()).ok_or(Error::WebhookSecret)
}

/// Whether a host of an address is this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn millis(count: u32) -> Duration {
    Duration::from_millis(u64::from(count))
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let visible = |host: &str| host.bytes().all(|byte| byte.is_ascii_graphic());
    text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains('/') && visible(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(text: &str, flags: Options) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pricewright.toml");
        fs::write(&path, text).unwrap();
        Options { config: Some(path), ..flags }.resolve().map_err(|error| error.to_string())
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let flags = Options { drain_seconds: Some(3), ..Options::default() };
        let config = from_file("drain-seconds = 9\nlisten = \"127.0.0.1:0\"\n", flags).unwrap();
        assert_eq!((config.drain.as_secs(), config.listen.port(), config.requests_max), (3, 0, 512));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, told) in [
            ("rulez = \"x\"", "unknown field `rulez`"),
            ("poll-interval-ms = 1", "`poll-interval-ms` must be between 50 and 60000, not 1"),
            ("log-level = \"loud\"", "log level `loud`"),
            ("cors-origin = [\"shop\"]", "`shop` in `cors-origin`"),
            ("listen = 5", "listen"),
            ("drain-seconds = -1", "drain-seconds"),
            ("otp-per-hour = 0", "`otp-per-hour` must be between 1 and 1000000, not 0"),
            ("otp-terminal = true\nproduction = true", "not in production"),
            ("store = \"mellon\"", "the store must be `sled`, `memory`, or the address"),
            (
                "store = \"postgres://me:mellon@db.example/x\"\nproduction = true",
                "must ask for TLS in production",
            ),
            (
                "store = \"postgres://me:mellon@db.example:port/x\"",
                "the address of the database must be such as",
            ),
        ] {
            let error = from_file(text, Options::default()).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
            assert!(!error.contains("mellon"), "{text}: {error}");
        }
    }

    #[test]
    fn one_time_passwords_go_where_they_may() {
        for (address, in_development, in_production) in [
            ("https://sms.example:8443/otp?token=mellon", "", ""),
            ("http://127.0.0.1:9/otp", "", ""),
            ("HTTP://LocalHost/otp", "", ""),
            ("http://[::1]:9/", "", ""),
            ("http://sms.example/mellon", "", "must begin with `https://`"),
            ("http://localhost.example/mellon", "", "must begin with `https://`"),
            ("http://127.0.0.1.example/mellon", "", "must begin with `https://`"),
            ("http://localhost@sms.example/mellon", "no name", "no name"),
            ("https://me:mellon@sms.example/", "no name", "no name"),
            ("ftp://sms.example/mellon", "an address such as", "an address such as"),
            ("sms.example/mellon", "an address such as", "an address such as"),
            ("/mellon", "an address such as", "an address such as"),
            ("https://", "an address such as", "an address such as"),
            ("https:// mellon", "an address such as", "an address such as"),
            ("", "an address such as", "an address such as"),
        ] {
            for (production, expected) in [(false, in_development), (true, in_production)] {
                let text = format!("otp-webhook = \"{address}\"\nproduction = {production}\n");
                let told = from_file(&text, Options::default()).unwrap_err();
                let expected = if expected.is_empty() { "needs `otp-webhook-secret`" } else { expected };
                assert!(told.contains(expected) && !told.contains("mellon"), "{address}: {told}");
                let whole = from_file(&format!("{text}otp-webhook-secret = \"secret\""), Options::default());
                assert_eq!(whole.is_ok(), expected.contains("needs"), "{address}");
            }
        }
    }
}
