//! The file of access, as people write it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::caller::Caller;
use super::directory::{Directory, FourEyes};
use super::role::Role;
use super::token::TokenHash;
use crate::time::Instant;

/// Bytes of the file: ten thousand tills with a token each are 2 MB.
const FILE_BYTES_MAX: usize = 16 << 20;
/// Bytes of a name: it is in every line of the audit log.
const NAME_BYTES_MAX: usize = 200;

/// What can be wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read the file of access `{path}`: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not TOML, or has other words than it should.
    #[error("in the file of access `{path}`:\n{error}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What, and where.
        error: Box<toml::de::Error>,
    },
    /// What one entry says cannot be.
    #[error("in the file of access `{path}`: caller `{name}`: {what}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry's name; its number where it has none.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sheet {
    #[serde(default)]
    caller: Vec<Entry>,
    open: Option<Open>,
    four_eyes: Option<Two>,
}

/// What whoever has no credential may do: ask what baskets cost.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Open {
    channels: Vec<String>,
}

/// What two must ask for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Two {
    #[serde(default)]
    publish: bool,
    codes_over: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    name: String,
    roles: Vec<Role>,
    stores: Option<Vec<String>>,
    channels: Option<Vec<String>>,
    #[serde(default)]
    returns_anywhere: bool,
    #[serde(default)]
    tokens: Vec<Token>,
    #[serde(default)]
    certificates: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Token {
    sha256: String,
    expires_at: Option<String>,
}

/// Reads the bytes of the file at `path`; to be given to [`parse`], and compared with those of the next look.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |error| Error::Read { path: path.to_owned(), error };
    let bytes = fs::read(path).map_err(failed)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// What the bytes of the file at `path` say.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Directory, Error> {
    let sheet: Sheet = toml::from_slice(bytes)
        .map_err(|error| Error::Toml { path: path.to_owned(), error: Box::new(error) })?;
    let mut directory = Directory::default();
    let mut names = BTreeSet::new();
    for (place, entry) in sheet.caller.into_iter().enumerate() {
        let name = if entry.name.is_empty() { format!("number {}", place + 1) } else { entry.name.clone() };
        let wrong = |what| Error::Entry { path: path.to_owned(), name: name.clone(), what };
        check(&entry).map_err(wrong)?;
        if !names.insert(entry.name.clone()) {
            return Err(wrong("there is another one of this name"));
        }
        add(&mut directory, entry).map_err(wrong)?;
    }
    directory.open = sheet.open.map(|open| {
        let name = "open".to_owned();
        Arc::new(Caller { name, channels: Some(open.channels), is_open: true, ..Caller::default() })
    });
    let two = sheet.four_eyes.map(|two| FourEyes { publish: two.publish, codes_over: two.codes_over });
    directory.four_eyes = two.unwrap_or_default();
    Ok(directory)
}

fn check(entry: &Entry) -> Result<(), &'static str> {
    let is_plain =
        |text: &str| !text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control);
    let lists = [&entry.stores, &entry.channels];
    match entry {
        _ if !is_plain(&entry.name) => Err("`name` must be a line of 1 to 200 bytes"),
        _ if entry.roles.is_empty() => Err("`roles` must name at least one role"),
        _ if lists.into_iter().flatten().any(Vec::is_empty) => {
            Err("an empty list of `stores` or `channels` allows none; leave it out to allow all")
        }
        _ if entry.tokens.is_empty() && entry.certificates.is_empty() => {
            Err("it needs `tokens` or `certificates`: without them nobody can be it")
        }
        _ => Ok(()),
    }
}

fn add(directory: &mut Directory, entry: Entry) -> Result<(), &'static str> {
    let caller = Caller {
        name: entry.name,
        roles: entry.roles,
        stores: entry.stores,
        channels: entry.channels,
        returns_anywhere: entry.returns_anywhere,
        is_open: false,
        expires_at: None,
    };
    for token in entry.tokens {
        let hash = TokenHash::parse(&token.sha256)
            .ok_or("`sha256` must be the 64 hexadecimal digits that `pricewright access token` prints")?;
        let expires_at = token.expires_at.map(|text| {
            Instant::from_rfc3339(&text)
                .ok_or("`expires-at` must be a moment such as \"2027-06-01T00:00:00Z\"")
        });
        let caller = Caller { expires_at: expires_at.transpose()?, ..caller.clone() };
        if directory.tokens.insert(hash, Arc::new(caller)).is_some() {
            return Err("one of its tokens is there twice");
        }
    }
    let caller = Arc::new(caller);
    for name in entry.certificates {
        let is_name =
            ["dns:", "uri:", "email:"].iter().any(|kind| name.len() > kind.len() && name.starts_with(kind));
        if !is_name {
            return Err(
                "a certificate is named as \"dns:till-01.shop.example\", \"uri:spiffe://…\" or \"email:…\"",
            );
        }
        // Names of machines are the same in capitals, and certificates are read so.
        let name = if name.starts_with("dns:") { name.to_ascii_lowercase() } else { name };
        if directory.certificates.insert(name, Arc::clone(&caller)).is_some() {
            return Err("one of its certificates is there twice");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_their_place() {
        let hash = "0".repeat(64);
        let one = |more: &str| format!("[[caller]]\nname = \"one\"\nroles = [\"till\"]\n{more}\n");
        let token = format!("tokens = [{{ sha256 = \"{hash}\" }}]");
        for (text, told) in [
            ("[[caller]]".to_owned(), "missing field `name`"),
            (one("stores = []\ncertificates = [\"dns:a\"]"), "an empty list of `stores`"),
            (one(""), "it needs `tokens` or `certificates`"),
            (one("certificates = [\"till-01\"]"), "a certificate is named as"),
            (one("tokens = [{ sha256 = \"pwt_12\" }]"), "64 hexadecimal digits"),
            (
                one(&format!("tokens = [{{ sha256 = \"{hash}\", expires-at = \"soon\" }}]")),
                "`expires-at` must be",
            ),
            (format!("{}{}", one(&token), one(&token)), "another one of this name"),
            (format!("{}{}", one(&token), one(&token).replace("\"one\"", "\"two\"")), "there twice"),
            (one("role = \"x\""), "unknown field `role`"),
            (one(&token).replace("till", "boss"), "unknown variant `boss`"),
            (one(&token).replace("[\"till\"]", "[]"), "at least one role"),
            (one(&token).replace("\"one\"", "\"a\\nb\""), "must be a line"),
            ("[four-eyes]\npublsh = true".to_owned(), "unknown field `publsh`"),
        ] {
            let error = parse(Path::new("access.toml"), text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("access.toml"), "{text}: {error}");
        }
        assert!(parse(Path::new("access.toml"), b"").is_ok());
    }

    #[test]
    fn names_of_machines_are_the_same_in_capitals() {
        let text = "[[caller]]\nname = \"one\"\nroles = [\"till\"]\ncertificates = [\"dns:Till-01.Shop.example\", \"uri:A\"]\n";
        let directory = parse(Path::new("access.toml"), text.as_bytes()).unwrap();
        let names: Vec<&String> = directory.certificates.keys().collect();
        assert_eq!(names, ["dns:till-01.shop.example", "uri:A"]);
    }
}
