//! The address of a database, as people write it: `postgres://user:password@host:5432/name?sslmode=require`.
//!
//! What libpq knows and the client does not is read here: `sslrootcert`, and the two modes that verify. An address has a password in it, so
//! it is never shown: [`Address`] prints as host and name alone.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How long one host may take to answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that says nothing for so long is asked whether anybody is there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
/// And so long is waited for what was sent.
const TCP_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a database is, and how it is spoken to.
#[derive(Clone)]
pub struct Address {
    config: Arc<Config>,
    root: Option<PathBuf>,
}

/// Why text is no address. It is not repeated: there may be a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It cannot be read.
    #[error(
        "the address of the database must be such as `postgres://user:password@db.example/pricewright?sslmode=require`: {0}"
    )]
    Text(String),
    /// Nobody knows where it is.
    #[error("the address of the database names no host")]
    NoHost,
}

impl Address {
    /// Whether what is said goes over a network that anybody might read.
    #[must_use]
    pub fn may_be_read(&self) -> bool {
        let is_near = self.config.get_hosts().iter().all(is_near)
            && self.config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
        self.config.get_ssl_mode() != SslMode::Require && !is_near
    }

    /// The settings of a connection.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The file of the certificates that are trusted; those of the system where it is not said.
    #[must_use]
    pub fn root(&self) -> Option<&PathBuf> {
        self.root.as_ref()
    }
}

impl FromStr for Address {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let (before, query) = text.split_once('?').unwrap_or((text, ""));
        let mut root = None;
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslrootcert", path)) => root = Some(PathBuf::from(unescaped(path))),
                // TLS here always verifies: whoever asks for it asks for all of it.
                Some(("sslmode", "verify-full" | "verify-ca")) => kept.push("sslmode=require"),
                _ => kept.push(pair),
            }
        }
        if root.is_some() && !kept.iter().any(|pair| pair.starts_with("sslmode=")) {
            kept.push("sslmode=require");
        }
        let mut config: Config = format!("{before}?{}", kept.join("&")).parse().map_err(|error| {
            // Of the cause alone: what could not be read is not in it.
            Wrong::Text(
                std::error::Error::source(&error)
                    .map_or_else(|| "it is none".to_owned(), ToString::to_string),
            )
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(Wrong::NoHost);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(KEEPALIVE_IDLE).tcp_user_timeout(TCP_TIMEOUT);
        if config.get_application_name().is_none() {
            config.application_name("pricewright");
        }
        Ok(Address { config: Arc::new(config), root })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hosts: Vec<String> = self.config.get_hosts().iter().map(named).collect();
        hosts.extend(self.config.get_hostaddrs().iter().map(ToString::to_string));
        write!(f, "postgres://{}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }
}

fn named(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

/// Whether a host is this machine.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let is_loopback = |address: std::net::IpAddr| address.is_loopback();
            name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_loopback)
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// A value with its percent escapes read; what is none stays as it is.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_never_shows_its_password() {
        for (text, shown, may_be_read, root) in [
            ("postgres://me:mellon@db.example/shop", "postgres://db.example/shop", true, None),
            (
                "postgres://me:mellon@db.example/shop?sslmode=require",
                "postgres://db.example/shop",
                false,
                None,
            ),
            (
                "postgresql://me:mellon@a:1,b:2/shop?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&target_session_attrs=read-write",
                "postgres://a,b/shop",
                false,
                Some("/etc/ca.pem"),
            ),
            (
                "postgres://me@db.example/shop?sslrootcert=ca.pem",
                "postgres://db.example/shop",
                false,
                Some("ca.pem"),
            ),
            ("postgres:///shop?hostaddr=10.0.0.5", "postgres://10.0.0.5/shop", true, None),
            ("postgres://localhost/shop?hostaddr=10.0.0.5", "postgres://localhost,10.0.0.5/shop", true, None),
            ("postgres://127.0.0.1/shop", "postgres://127.0.0.1/shop", false, None),
            ("postgres:///shop?host=/run/postgresql", "postgres:///run/postgresql/shop", false, None),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(
                (address.to_string(), address.may_be_read()),
                (shown.to_owned(), may_be_read),
                "{text}"
            );
            assert_eq!(address.root().cloned(), root.map(PathBuf::from), "{text}");
            assert!(!format!("{address:?} {address}").contains("mellon"));
        }
        for wrong in
            ["postgres://me:mellon@db.example:port/shop", "postgres://h/d?sslmode=mellon", "postgres:///shop"]
        {
            let told = wrong.parse::<Address>().unwrap_err().to_string();
            assert!(told.contains("the address of the database") && !told.contains("mellon"), "{told}");
        }
    }
}
