//! `settings.yaml` from its tree.

use std::collections::BTreeMap;

use crate::catalog::word::fold;
use crate::money::{Currency, Rounding};
use crate::rulebook::diagnostic::finding::{Finding, Never, Noun};
use crate::rulebook::read::reader::{Fields, Reader};
use crate::rulebook::read::vocabulary::{ROUNDINGS, SETTINGS, STORE};
use crate::rulebook::settings::{Settings, Store};
use crate::rulebook::text::syntax::Node;
use crate::time::Zone;

/// The settings of a tree, with defaults where it says nothing or something wrong. The second reading knows the
/// currency, by which amounts are read.
pub fn settings(reader: &mut Reader<'_>, root: &Node<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(fields) = reader.fields(root, "settings.yaml", &SETTINGS) else {
        return settings;
    };
    if let Some(node) = fields.get("currency") {
        settings.currency = currency(reader, node).unwrap_or(settings.currency);
    }
    if let Some(node) = fields.get("time_zone") {
        settings.time_zone = zone(reader, node).unwrap_or(settings.time_zone);
    }
    if let Some(word) = fields.get("rounding").and_then(|node| reader.one_of(node, "rounding", ROUNDINGS)) {
        settings.rounding = match word {
            "half_even" => Rounding::HalfEven,
            "half_down" => Rounding::HalfDown,
            "down" => Rounding::Down,
            _ => Rounding::HalfUp,
        };
    }
    settings.channels = folded(reader, fields, "channels");
    settings.segments = folded(reader, fields, "segments");
    if let Some(node) = fields.get("stores") {
        settings.stores = stores(reader, node);
    }
    if let Some(node) = fields.get("catalog") {
        settings.catalog =
            reader.words(node, "catalog").into_iter().map(|(word, _)| word.to_owned()).collect();
    }
    settings
}

/// `min_unit_price`, read once the currency is known.
pub fn min_unit_price(reader: &mut Reader<'_>, root: &Node<'_>) -> Option<crate::money::Amount> {
    let crate::rulebook::text::syntax::Value::Map(entries) = &root.value else {
        return None;
    };
    let node = entries.iter().find(|entry| entry.key == "min_unit_price").map(|entry| &entry.node)?;
    if crate::rulebook::read::reader::is_null(node) { None } else { reader.amount(node, "min_unit_price") }
}

fn folded(reader: &mut Reader<'_>, fields: Fields<'_, '_>, key: &str) -> Vec<String> {
    let Some(node) = fields.get(key) else {
        return Vec::new();
    };
    let mut words: Vec<String> = reader.words(node, key).into_iter().map(|(word, _)| fold(word)).collect();
    words.sort();
    words.dedup();
    words
}

fn currency(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Currency> {
    let word = reader.word(node, "currency")?;
    let currency = Currency::from_code(&word.to_uppercase());
    if currency.is_none() {
        reader.unknown_word(node.at, Noun::Currency, word, Currency::codes().collect::<Vec<_>>().into_iter());
    }
    currency
}

fn zone(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Zone> {
    let word = reader.word(node, "time_zone")?;
    let zone = Zone::named(word);
    if zone.is_none() {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        reader.unknown_word(node.at, Noun::Zone, word, names.iter().map(String::as_str));
    }
    zone
}

fn stores(reader: &mut Reader<'_>, node: &Node<'_>) -> BTreeMap<String, Store> {
    let mut stores = BTreeMap::new();
    let entries = reader.entries(node, "stores");
    if entries.is_empty() {
        reader.add(node.at, Finding::Never(Never::EmptyList));
    }
    for entry in entries {
        let Some(fields) = reader.fields(&entry.node, &entry.key, &STORE) else {
            continue;
        };
        let mut word = |key: &str| fields.get(key).and_then(|node| reader.word(node, key)).map(fold);
        let store = Store { city: word("city"), region: word("region") };
        let id = fold(&entry.key);
        if stores.insert(id, store).is_some() {
            // Two spellings of one id: the tree found only keys that are equal to the letter.
            reader.add(entry.at, Finding::DuplicateKey(entry.key.clone().into_owned()));
        }
    }
    stores
}
