//! What can be wrong with settings, in words for who wrote them.

use std::path::PathBuf;

use super::store::NoStore;
use crate::basket::COUNTRIES;
use crate::server::telemetry;

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
    /// A part of what TLS needs.
    #[error("`tls-certificate` and `tls-key` go together, and `tls-client-authority` needs both")]
    Tls,
    /// Nobody would be asked who they are.
    #[error("`access` is needed in production: the file that says who may call what")]
    NoAccess,
    /// Tokens would cross a network in clear.
    #[error(
        "`tls-certificate` and `tls-key` are needed in production beyond this machine; `plaintext = true` says that a proxy or a mesh \
         enciphers"
    )]
    NoTls,
    /// One-time passwords would be shown to whoever sees the terminal.
    #[error("`otp-terminal` shows one-time passwords on the terminal: not in production")]
    Terminal,
    /// No collector can be called there. The address is not repeated: there may be a token in it.
    #[error(
        "`traces` must be the address of a collector that takes OTLP over gRPC, such as `http://127.0.0.1:4317`: `http` or `https`, a host and a \
         port, no name and no password in front of them, no path behind them (`/v1/traces` is of OTLP over HTTP, at another port)"
    )]
    Collector,
    /// This program can send none.
    #[error("`traces` needs a program that is built with the feature `otel`, and this one is not")]
    NoTraces,
    /// The logs.
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
}

fn known_countries() -> String {
    COUNTRIES.map(|country| country.iso).join(", ")
}
