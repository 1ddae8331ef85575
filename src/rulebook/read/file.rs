//! One file, read: what it holds, what is wrong with it, and its page for the checks that come later.

use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::read::reader::Reader;
use crate::rulebook::read::rules::{Rules, rules};
use crate::rulebook::read::settings_file::{min_unit_price, settings};
use crate::rulebook::settings::Settings;
use crate::rulebook::source::Source;
use crate::rulebook::text::page::{At, Page, RULES_BYTES_MAX};
use crate::rulebook::text::syntax::{Node, Value, parse};

/// Which of two versions of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    /// As it is in the folder.
    #[default]
    Seen,
    /// As it was when it was last good.
    Good,
}

/// A rule file.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// Its path.
    pub path: &'a str,
    /// Which version of it.
    pub version: Version,
    /// Its text; absent when it could not be decoded.
    pub page: Option<Page<'a>>,
    /// What it holds.
    pub rules: Rules,
    /// What was found in it.
    pub found: Vec<Diagnostic>,
    /// Whether its ids are unknown because its text could not be read to the end.
    pub is_blind: bool,
}

impl Reading<'_> {
    /// Whether nothing in the file by itself is an error.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.found.iter().any(Diagnostic::is_error)
    }
}

/// Reads a rule file under settings; with faulty settings their words are not held against it.
#[must_use]
pub fn rule_file<'a>(source: &'a Source, settings: &Settings, settings_are_sound: bool) -> Reading<'a> {
    let mut reading = Reading {
        path: &source.path,
        version: Version::Seen,
        page: None,
        rules: Rules::default(),
        found: Vec::new(),
        is_blind: false,
    };
    let page = match Page::of(source, RULES_BYTES_MAX) {
        Ok(page) => page,
        Err(diagnostic) => {
            reading.found.push(*diagnostic);
            reading.is_blind = true;
            return reading;
        }
    };
    let mut found = Vec::new();
    match parse(&page, &mut found) {
        Err(diagnostic) => {
            found.push(*diagnostic);
            reading.is_blind = true;
        }
        Ok(root) => {
            let mut reader = Reader::new(&page, settings, settings_are_sound);
            reader.append(std::mem::take(&mut found));
            match root {
                Some(root) if !crate::rulebook::read::reader::is_null(&root) => {
                    reading.rules = rules(&mut reader, &root)
                }
                _ => reader.add(
                    At { line: 1, column: 1, length: 1 },
                    crate::rulebook::diagnostic::finding::Finding::NothingInFile,
                ),
            }
            found = reader.finish();
        }
    }
    reading.found = found;
    reading.page = Some(page);
    reading
}

/// The settings file, or the lack of one.
#[derive(Debug, Clone, Default)]
pub struct SettingsReading<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its text.
    pub page: Option<Page<'a>>,
    /// What it says.
    pub settings: Settings,
    /// Where each file of the catalogue is named.
    pub catalog_at: Vec<At>,
    /// What was found in it.
    pub found: Vec<Diagnostic>,
}

impl SettingsReading<'_> {
    /// Whether nothing in the file is an error.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.found.iter().any(Diagnostic::is_error)
    }
}

/// Reads the settings file, if there is one.
#[must_use]
pub fn settings_file(source: Option<&Source>) -> SettingsReading<'_> {
    let mut reading = SettingsReading::default();
    let Some(source) = source else {
        return reading;
    };
    reading.path = &source.path;
    let page = match Page::of(source, RULES_BYTES_MAX) {
        Ok(page) => page,
        Err(diagnostic) => {
            reading.found.push(*diagnostic);
            return reading;
        }
    };
    let mut found = Vec::new();
    match parse(&page, &mut found) {
        Err(diagnostic) => found.push(*diagnostic),
        Ok(None) => {}
        Ok(Some(root)) => {
            let nothing = Settings::default();
            let mut reader = Reader::new(&page, &nothing, true);
            reader.append(std::mem::take(&mut found));
            reading.settings = settings(&mut reader, &root);
            found = reader.finish();
            let known = reading.settings.clone();
            let mut reader = Reader::new(&page, &known, true);
            reading.settings.min_unit_price = min_unit_price(&mut reader, &root).unwrap_or_default();
            found.extend(reader.finish());
            reading.catalog_at = places(&root, "catalog");
        }
    }
    reading.found = found;
    reading.page = Some(page);
    reading
}

/// Where the entries of a field of the root stand.
fn places(root: &Node<'_>, key: &str) -> Vec<At> {
    let Value::Map(entries) = &root.value else {
        return Vec::new();
    };
    match entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node) {
        Some(Node { value: Value::List(list), .. }) => list.iter().map(|node| node.at).collect(),
        Some(node) => vec![node.at],
        None => Vec::new(),
    }
}
