//! Every setting as it may be said: by a flag, a variable or a key.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::store::Said;
use crate::lang::Lang;
use crate::server::telemetry::LogFormat;

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
    /// Address and port of a page with metrics for Prometheus, /healthz and /readyz, in clear and for anybody: for your own network alone
    /// [default: none]
    #[arg(long, env = "PRICEWRIGHT_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
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
    /// File that says who may call what, and how they are known; without it whoever reaches the port may call everything
    #[arg(long, env = "PRICEWRIGHT_ACCESS", value_name = "FILE")]
    pub access: Option<PathBuf>,
    /// Folder of the audit log: a line for each call that changes something; `-` is the standard output [default: audit in the data folder, with --access]
    #[arg(long, env = "PRICEWRIGHT_AUDIT", value_name = "DIR")]
    pub audit: Option<PathBuf>,
    /// Certificate of the service in PEM, with those between it and its authority; read again when it changes [default: no TLS]
    #[arg(long, env = "PRICEWRIGHT_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate in PEM
    #[arg(long, env = "PRICEWRIGHT_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Authority of certificates that callers may show, in PEM [default: none is asked for]
    #[arg(long, env = "PRICEWRIGHT_TLS_CLIENT_AUTHORITY", value_name = "FILE")]
    pub tls_client_authority: Option<PathBuf>,
    /// Answer without TLS beyond this machine in production too: a proxy or a mesh enciphers [default: false]
    #[arg(long, env = "PRICEWRIGHT_PLAINTEXT", value_name = "BOOL")]
    pub plaintext: Option<bool>,
    /// Connections in all; one more is closed at once [default: 10000]
    #[arg(long, env = "PRICEWRIGHT_MAX_CONNECTIONS", value_name = "N")]
    pub max_connections: Option<u32>,
    /// Connections of one address [default: 1024]
    #[arg(long, env = "PRICEWRIGHT_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N")]
    pub max_connections_per_address: Option<u32>,
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
    /// Address of a collector that gets traces, as OTLP over gRPC: `http://127.0.0.1:4317` [default: no traces]
    #[arg(long, env = "PRICEWRIGHT_TRACES", value_name = "URL")]
    pub traces: Option<String>,
    /// Of calls without a trace of their caller one in so many is traced [default: 100]
    #[arg(long, env = "PRICEWRIGHT_TRACES_ONE_IN", value_name = "N")]
    pub traces_one_in: Option<u32>,
    /// Answer reflection, so that tools can list the services [default: true, in production false]
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
