//! What `pricewright serve` can be told: by flags, then by the environment, then by a TOML file, then by defaults.

mod store;
mod error;
mod traces;
mod options;

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ureq::http::Uri;

pub use error::Error;
pub use options::{Languages, Options};
pub use store::{NoStore, Said, Store};
pub use traces::Traces;

use crate::basket::{COUNTRIES, Country};
use crate::server::door::Files;
use crate::server::telemetry::{self, LogFormat};

/// What the service does, every value said and in range.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where metrics and health are told over HTTP.
    pub metrics_listen: Option<SocketAddr>,
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
    /// The file that says who may call what; without one everybody may everything.
    pub access: Option<PathBuf>,
    /// The folder of the audit log.
    pub audit: Option<PathBuf>,
    /// The files of TLS.
    pub tls: Option<Files>,
    /// Connections in all.
    pub connections_max: u32,
    /// Connections of one address.
    pub connections_per_address_max: u32,
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
    /// Where traces go, and how many.
    pub traces: Option<Traces>,
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
        let production = self.production.or(file.production).unwrap_or(false);
        let plaintext = self.plaintext.or(file.plaintext).unwrap_or(false);
        let access = self.access.or(file.access);
        let audit = self.audit.or(file.audit).or_else(|| access.as_ref().map(|_| data.join("audit")));
        let tls = tls(
            self.tls_certificate.or(file.tls_certificate),
            self.tls_key.or(file.tls_key),
            self.tls_client_authority.or(file.tls_client_authority),
        )?;
        let traces_one_in =
            ranged("traces-one-in", self.traces_one_in.or(file.traces_one_in).unwrap_or(100), 1..=1_000_000)?;
        let config = Config {
            store: self.store.or(file.store).map(|said| said.read()).transpose()?.unwrap_or_default(),
            secrets: self.secrets.or(file.secrets).unwrap_or_else(|| data.join("secrets").join("keys.toml")),
            production,
            access,
            audit,
            tls,
            connections_max: ranged(
                "max-connections",
                self.max_connections.or(file.max_connections).unwrap_or(10_000),
                1..=1_000_000,
            )?,
            connections_per_address_max: ranged(
                "max-connections-per-address",
                self.max_connections_per_address.or(file.max_connections_per_address).unwrap_or(1_024),
                1..=1_000_000,
            )?,
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
            metrics_listen: self.metrics_listen.or(file.metrics_listen),
            rules: self.rules.or(file.rules).unwrap_or_else(|| "rules".into()),
            log_format: self.log_format.or(file.log_format).unwrap_or_default(),
            log_level: self.log_level.or(file.log_level).unwrap_or_else(|| "info".to_owned()),
            traces: self
                .traces
                .or(file.traces)
                .map(|address| traces::traces(&address, traces_one_in))
                .transpose()?,
            reflection: self.reflection.or(file.reflection).unwrap_or(!production),
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
        check_callers(&config, plaintext)?;
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

/// A certificate and its key, or neither.
fn tls(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    client_authority: Option<PathBuf>,
) -> Result<Option<Files>, Error> {
    match (certificate, key, client_authority) {
        (Some(certificate), Some(key), client_authority) => {
            Ok(Some(Files { certificate, key, client_authority }))
        }
        (None, None, None) => Ok(None),
        _ => Err(Error::Tls),
    }
}

/// In production it is known who calls, and nobody listens on the way.
fn check_callers(config: &Config, plaintext: bool) -> Result<(), Error> {
    if !config.production {
        return Ok(());
    }
    if config.access.is_none() {
        return Err(Error::NoAccess);
    }
    if config.tls.is_none() && !plaintext && !config.listen.ip().is_loopback() {
        return Err(Error::NoTls);
    }
    Ok(())
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
            ("production = true", "`access` is needed in production"),
            (
                "production = true\naccess = \"a\"\nlisten = \"0.0.0.0:0\"",
                "needed in production beyond this machine",
            ),
            ("tls-key = \"key.pem\"", "`tls-certificate` and `tls-key` go together"),
            ("max-connections = 0", "`max-connections` must be between 1 and 1000000, not 0"),
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
                let text = format!(
                    "otp-webhook = \"{address}\"\nproduction = {production}\naccess = \"access.toml\"\n"
                );
                let told = from_file(&text, Options::default()).unwrap_err();
                let expected = if expected.is_empty() { "needs `otp-webhook-secret`" } else { expected };
                assert!(told.contains(expected) && !told.contains("mellon"), "{address}: {told}");
                let whole = from_file(&format!("{text}otp-webhook-secret = \"secret\""), Options::default());
                assert_eq!(whole.is_ok(), expected.contains("needs"), "{address}");
            }
        }
    }
}
