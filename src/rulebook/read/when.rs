//! Conditions from their trees.

use crate::catalog::Selector;
use crate::catalog::word::{fold, fold_code};
use crate::promotion::{AttributeTest, BasketHas, Birthday, Code, Conditions, HasAtLeast};
use crate::rulebook::diagnostic::finding::{Finding, Never, Noun, Shape};
use crate::rulebook::read::goods::{Mention, selector};
use crate::rulebook::read::reader::{Fields, Reader};
use crate::rulebook::read::vocabulary::{BASKET_HAS, BIRTHDAY, CODE_POOL, DAYS_MAX, RANGE, WHEN};
use crate::rulebook::text::calendar::{Edge, WEEKDAYS, hours, moment, weekdays};
use crate::rulebook::text::number::{Use, clean};
use crate::rulebook::text::syntax::{Node, Value};
use crate::time::zone::Occurrence;
use crate::time::{Instant, Weekdays, Window};

/// The conditions of a tree.
pub fn conditions(reader: &mut Reader<'_>, node: &Node<'_>, mentions: &mut Vec<Mention>) -> Conditions {
    let Some(fields) = reader.fields(node, "when", &WHEN) else {
        return Conditions::default();
    };
    Conditions {
        window: window(reader, fields),
        weekdays: fields.get("weekdays").map(|node| days(reader, node)),
        hours: fields.get("hours").map(|node| spans(reader, node)).unwrap_or_default(),
        channels: known(reader, fields, "channels", Noun::Channel),
        stores: fields.get("stores").map(|node| stores(reader, node)).unwrap_or_default(),
        segments: known(reader, fields, "segments", Noun::Segment),
        tiers: any(reader, fields, "tiers"),
        birthday: fields.get("birthday").and_then(|node| birthday(reader, node)),
        customer: fields.get("customer").map(|node| customer(reader, node)).unwrap_or_default(),
        payment: any(reader, fields, "payment"),
        delivery: any(reader, fields, "delivery"),
        code: fields.get("code").and_then(|node| code(reader, node)),
        basket_has: fields
            .get("basket_has")
            .map(|node| basket_has(reader, node, mentions))
            .unwrap_or_default(),
    }
}

fn window(reader: &mut Reader<'_>, fields: Fields<'_, '_>) -> Window {
    let from = fields.get("from").and_then(|node| edge(reader, node, "from", Edge::From));
    let until = fields.get("until").and_then(|node| edge(reader, node, "until", Edge::Until));
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
        && let (Some(from), Some(until)) = (fields.get("from"), fields.get("until"))
    {
        reader.add_with(until.at, Finding::WindowBackwards, from.at);
    }
    Window { from, until }
}

fn edge(reader: &mut Reader<'_>, node: &Node<'_>, key: &str, edge: Edge) -> Option<Instant> {
    let text = reader.text(node, key)?;
    match moment(text, &reader.settings.time_zone, edge) {
        Ok((instant, occurrence)) => {
            match occurrence {
                Occurrence::Once => {}
                Occurrence::Never => reader.add(node.at, Finding::SkippedHour(text.to_owned())),
                Occurrence::Twice => reader.add(node.at, Finding::RepeatedHour(text.to_owned())),
            }
            Some(instant)
        }
        Err(finding) => {
            reader.add(node.at, finding);
            None
        }
    }
}

fn days(reader: &mut Reader<'_>, node: &Node<'_>) -> Weekdays {
    let mut set = Weekdays::NONE;
    for (word, at) in reader.words(node, "weekdays") {
        match weekdays(&fold(word)) {
            Some(days) => set = days.into_iter().fold(set, Weekdays::with),
            None => {
                reader.unknown_word(
                    at,
                    Noun::Weekday,
                    word,
                    WEEKDAYS.iter().filter_map(|names| names.first().copied()),
                );
            }
        }
    }
    set
}

fn spans(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<crate::time::Hours> {
    let mut spans = Vec::new();
    for (word, at) in reader.words(node, "hours") {
        match hours(word) {
            Ok(span) => spans.push(span),
            Err(finding) => reader.add(at, finding),
        }
    }
    spans
}

fn any(reader: &mut Reader<'_>, fields: Fields<'_, '_>, key: &str) -> Vec<String> {
    fields
        .get(key)
        .map(|node| reader.words(node, key).into_iter().map(|(word, _)| fold(word)).collect())
        .unwrap_or_default()
}

/// Words of a list that the settings may close.
fn known(reader: &mut Reader<'_>, fields: Fields<'_, '_>, key: &str, noun: Noun) -> Vec<String> {
    let Some(node) = fields.get(key) else {
        return Vec::new();
    };
    let settings = reader.settings;
    let list = if noun == Noun::Channel { &settings.channels } else { &settings.segments };
    let mut words = Vec::new();
    for (word, at) in reader.words(node, key) {
        let folded = fold(word);
        if !list.is_empty() && list.binary_search(&folded).is_err() {
            reader.unknown_word(at, noun, word, list.iter().map(String::as_str));
        }
        words.push(folded);
    }
    words
}

fn stores(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<String> {
    let list = match &node.value {
        Value::List(list) => list.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if list.is_empty() {
        reader.add(node.at, Finding::Never(Never::EmptyList));
    }
    let mut ids: Vec<String> = list.iter().flat_map(|node| store_entry(reader, node)).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The stores of one entry: an id, `city:kyiv`, `region:west`; `city: kyiv`, which is a mapping to YAML, means the same.
fn store_entry(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<String> {
    if let Value::Map(entries) = &node.value
        && let [entry] = entries.as_slice()
        && matches!(entry.key.as_ref(), "city" | "region")
    {
        let Some(word) = reader.word(&entry.node, "stores") else {
            return Vec::new();
        };
        return stores_in(reader, entry.node.at, &entry.key, word);
    }
    let Some(word) = reader.word(node, "stores") else {
        return Vec::new();
    };
    match word.split_once(':') {
        Some((kind, place)) => stores_in(reader, node.at, &fold(kind), place.trim()),
        None => {
            let (stores, id) = (&reader.settings.stores, fold(word));
            if !stores.is_empty() && !stores.contains_key(&id) {
                reader.unknown_word(node.at, Noun::Store, word, stores.keys().map(String::as_str));
            }
            vec![id]
        }
    }
}

fn stores_in(
    reader: &mut Reader<'_>,
    at: crate::rulebook::text::page::At,
    kind: &str,
    place: &str,
) -> Vec<String> {
    let noun = match kind {
        "city" => Noun::City,
        "region" => Noun::Region,
        _ => {
            reader.unknown_word(at, Noun::Value, kind, ["city", "region"].into_iter());
            return Vec::new();
        }
    };
    let settings = reader.settings;
    let of = |store: &crate::rulebook::settings::Store| {
        if noun == Noun::City { store.city.clone() } else { store.region.clone() }
    };
    let folded = fold(place);
    let ids: Vec<String> = settings
        .stores
        .iter()
        .filter(|(_, store)| of(store).as_deref() == Some(folded.as_str()))
        .map(|(id, _)| id.clone())
        .collect();
    if ids.is_empty() {
        let mut places: Vec<String> = settings.stores.values().filter_map(of).collect();
        places.sort();
        places.dedup();
        reader.unknown_word(at, noun, place, places.iter().map(String::as_str));
    }
    ids
}

fn birthday(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Birthday> {
    let fields = reader.fields(node, "birthday", &BIRTHDAY)?;
    let mut days = |key: &str| {
        let days = fields.get(key).and_then(|node| reader.whole(node, key, 0, DAYS_MAX)).unwrap_or(0);
        u16::try_from(days).unwrap_or(0)
    };
    Some(Birthday { days_before: days("days_before"), days_after: days("days_after") })
}

fn customer(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<(String, AttributeTest)> {
    let entries = reader.entries(node, "customer");
    entries
        .into_iter()
        .filter_map(|entry| Some((fold(clean(&entry.key)), attribute(reader, &entry.node, &entry.key)?)))
        .collect()
}

fn attribute(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<AttributeTest> {
    if !matches!(node.value, Value::Map(_)) {
        let words = reader.words(node, key);
        return Some(AttributeTest::OneOf(words.into_iter().map(|(word, _)| fold(word)).collect()));
    }
    let fields = reader.fields(node, key, &RANGE)?;
    let mut bound = |key: &str| fields.get(key).and_then(|node| reader.number(node, key, Use::Plain));
    let (at_least, below) = (bound("at_least"), bound("below"));
    if let (Some(least), Some(below)) = (at_least, below)
        && below <= least
    {
        reader.add(node.at, Finding::Never(Never::Range));
    }
    if fields.is_empty() {
        reader.add(node.at, Finding::MissingKey { key: "at_least", inside: "customer" });
    }
    Some(AttributeTest::Range { at_least, below })
}

fn code(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Code> {
    if matches!(node.value, Value::Map(_)) {
        let fields = reader.fields(node, "code", &CODE_POOL)?;
        let pool = fields.get("pool").and_then(|node| reader.id(node, "pool"));
        let mut flag = |key: &str| fields.get(key).and_then(|node| reader.flag(node, key)).unwrap_or(false);
        let (phone, pin) = (flag("phone"), flag("pin"));
        return Some(Code::Pool { pool: pool?, phone, pin });
    }
    if matches!(node.value, Value::List(_)) {
        reader.add(node.at, Finding::WrongShape { key: "code".to_owned(), expected: Shape::Text });
        return None;
    }
    let word = fold_code(reader.word(node, "code")?);
    if word.is_empty() {
        reader.add(node.at, Finding::Empty("code".to_owned()));
        return None;
    }
    Some(Code::Word(word))
}

fn basket_has(reader: &mut Reader<'_>, node: &Node<'_>, mentions: &mut Vec<Mention>) -> Vec<BasketHas> {
    let list = match &node.value {
        Value::List(list) => list.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if list.is_empty() {
        reader.add(node.at, Finding::Never(Never::EmptyList));
    }
    list.iter().filter_map(|node| one_basket_has(reader, node, mentions)).collect()
}

fn one_basket_has(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    mentions: &mut Vec<Mention>,
) -> Option<BasketHas> {
    let fields = reader.fields(node, "basket_has", &BASKET_HAS)?;
    let on = match fields.get("on") {
        Some(node) => selector(reader, node, mentions),
        None => Selector::default(),
    };
    let pieces = fields.get("quantity").and_then(|node| reader.count(node, "quantity"));
    let sum = fields.get("at_least").and_then(|node| reader.positive(node, "at_least"));
    if let (Some(at), true) = (fields.at("at_least"), fields.has("quantity")) {
        reader.add(at, Finding::Clash(crate::rulebook::diagnostic::finding::Clash::QuantityAndAtLeast));
    }
    let least = match sum {
        Some(sum) => HasAtLeast::ListPrices(sum),
        None => HasAtLeast::Pieces(pieces.unwrap_or(1)),
    };
    Some(BasketHas { on, least })
}
