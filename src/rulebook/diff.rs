//! What is other in one rulebook than in another, as a marketer sees it: promotions and caps by id, with the fields that differ.
//!
//! Whether a promotion is another one, the model says: `12,5` and `12.5` are the same. In which fields, the text says: it is what
//! people have written. Where an old rulebook no longer compiles, the text says both.

use std::collections::BTreeMap;

use crate::catalog::Product;
use crate::promotion::{Benefit, Cap, Promotion};
use crate::rulebook::adopt::adopt;
use crate::rulebook::index::Rulebook;
use crate::rulebook::source::Source;
use crate::rulebook::text::folder::{Role, role};
use crate::rulebook::text::page::{Page, RULES_BYTES_MAX};
use crate::rulebook::text::syntax::{Entry, Node, Value, parse};

/// Files, and promotions with caps, that are told one by one; all are counted.
const TOLD_MAX: usize = 1_000;
/// Fields of one promotion that are told: it has no more of them than the vocabulary, unless written in absurd ways.
const FIELDS_MAX: usize = 64;
/// Characters of a value that are told: enough to know it again.
const TEXT_MAX: usize = 300;
/// Mappings in mappings of which each field is told for itself: `when.channels`, `give.percent`.
const DEPTH_TOLD: usize = 2;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Added,
    /// It is no longer there.
    Removed,
    /// It is another one.
    Changed,
}

/// How many were added, removed and changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Not there before.
    pub added: usize,
    /// No longer there.
    pub removed: usize,
    /// Other than before.
    pub changed: usize,
}

impl Counts {
    fn count(&mut self, change: Change) {
        match change {
            Change::Added => self.added += 1,
            Change::Removed => self.removed += 1,
            Change::Changed => self.changed += 1,
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.added + self.removed + self.changed
    }
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name, `give.percent`.
    pub field: String,
    /// As it was written; empty when it was not.
    pub before: String,
    /// As it is written now; empty when it is not.
    pub after: String,
}

/// A promotion or a cap that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    /// Whether it is a cap.
    pub is_cap: bool,
    /// Its id.
    pub id: String,
    /// Its name, that of now where it has one.
    pub name: String,
    /// What became of it.
    pub change: Change,
    /// Of one that has changed: its fields that differ. With none, what it refers to has changed: a table, the settings.
    pub fields: Vec<FieldChange>,
    /// SKUs whose price in its list has come, gone or changed.
    pub prices: usize,
}

/// Everything that differs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Files by path, the first of them.
    pub files: Vec<(String, Change)>,
    /// How many files.
    pub file_counts: Counts,
    /// Promotions and caps by id, the first of them.
    pub rules: Vec<RuleChange>,
    /// How many promotions and caps.
    pub rule_counts: Counts,
    /// Fields of the settings.
    pub settings: Vec<FieldChange>,
    /// How many products; nothing where one of both no longer compiles.
    pub product_counts: Option<Counts>,
}

/// What is other in `new` than in `old`.
#[must_use]
pub fn diff(old: &[Source], new: &[Source]) -> Diff {
    let mut diff = Diff::default();
    for (path, change) in changes(&by_path(old), &by_path(new), |one, other| one != other) {
        diff.file_counts.count(change);
        if diff.files.len() < TOLD_MAX {
            diff.files.push((path.to_owned(), change));
        }
    }
    let (was, is) = (Side::of(old), Side::of(new));
    for (key, change) in changes(&was.rules, &is.rules, |_, _| true) {
        let Some(told) = rule(&was, &is, &key, change) else { continue };
        diff.rule_counts.count(change);
        if diff.rules.len() < TOLD_MAX {
            diff.rules.push(told);
        }
    }
    diff.settings = field_changes(&was.settings, &is.settings);
    if let (Some(was), Some(is)) = (&was.rulebook, &is.rulebook) {
        let mut counts = Counts::default();
        for (_, change) in changes(&by_sku(was), &by_sku(is), |one, other| one != other) {
            counts.count(change);
        }
        diff.product_counts = Some(counts);
    }
    diff
}

/// How many files came, went or changed.
#[must_use]
pub fn changed_files(old: &[Source], new: &[Source]) -> usize {
    changes(&by_path(old), &by_path(new), |one, other| one != other).len()
}

/// How many promotions and caps came, went or changed.
#[must_use]
pub fn changed_rules(old: &Rulebook, new: &Rulebook) -> usize {
    let promotions = |rulebook| -> BTreeMap<&str, &Promotion> { promotions_of(rulebook).collect() };
    let caps = |rulebook| -> BTreeMap<&str, &Cap> { caps_of(rulebook).collect() };
    let promotions = changes(&promotions(old), &promotions(new), |one, other| one != other).len();
    promotions + changes(&caps(old), &caps(new), |one, other| one != other).len()
}

/// The keys that one map has and the other has not, or for something else, in order.
fn changes<K: Ord + Clone, V>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
    is_other: impl Fn(&V, &V) -> bool,
) -> Vec<(K, Change)> {
    let mut found: Vec<(K, Change)> = new
        .iter()
        .filter_map(|(key, value)| match old.get(key) {
            None => Some((key.clone(), Change::Added)),
            Some(before) => is_other(before, value).then(|| (key.clone(), Change::Changed)),
        })
        .collect();
    let gone = old.keys().filter(|key| !new.contains_key(key));
    found.extend(gone.map(|key| (key.clone(), Change::Removed)));
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn by_path(sources: &[Source]) -> BTreeMap<&str, &[u8]> {
    sources.iter().map(|source| (source.path.as_str(), source.bytes.as_slice())).collect()
}

fn by_sku(rulebook: &Rulebook) -> BTreeMap<&str, &Product> {
    rulebook.catalog().products().iter().map(|product| (product.sku.as_str(), product)).collect()
}

fn promotions_of(rulebook: &Rulebook) -> impl Iterator<Item = (&str, &Promotion)> {
    rulebook.promotions().iter().map(|promotion| (promotion.id.as_str(), promotion))
}

fn caps_of(rulebook: &Rulebook) -> impl Iterator<Item = (&str, &Cap)> {
    rulebook.caps().iter().map(|cap| (cap.id.as_str(), cap))
}

/// Names of fields, and what is written there.
type Fields = BTreeMap<String, String>;
/// Whether it is a cap, and the id.
type Key = (bool, String);

/// One of the two rulebooks: as text, and as a model where it compiles.
struct Side {
    rules: BTreeMap<Key, Fields>,
    settings: Fields,
    rulebook: Option<Rulebook>,
}

impl Side {
    fn of(sources: &[Source]) -> Self {
        // As a start of the service has it: what was in force may name promotions that have left.
        let rulebook = adopt(sources, sources).rulebook;
        let mut side = Side { rules: BTreeMap::new(), settings: Fields::new(), rulebook };
        for source in sources {
            let role = role(&source.path);
            if !matches!(role, Role::Settings | Role::Rules) {
                continue;
            }
            let Ok(page) = Page::of(source, RULES_BYTES_MAX) else { continue };
            let Ok(Some(root)) = parse(&page, &mut Vec::new()) else { continue };
            if role == Role::Settings {
                side.settings = fields(&root);
                continue;
            }
            for entry in entries(&root) {
                let is_cap = match entry.key.as_ref() {
                    "promotions" => false,
                    "caps" => true,
                    _ => continue,
                };
                let Value::List(list) = &entry.node.value else { continue };
                for node in list {
                    let mut fields = fields(node);
                    let id = fields.remove("id").unwrap_or_default();
                    // Of two with one id, which only an old rulebook can have, the first counts.
                    side.rules.entry((is_cap, id)).or_insert(fields);
                }
            }
        }
        side
    }

    fn promotion(&self, (is_cap, id): &Key) -> Option<&Promotion> {
        let promotions = self.rulebook.as_ref()?.promotions();
        let place = promotions.binary_search_by(|promotion| promotion.id.as_str().cmp(id)).ok()?;
        promotions.get(place).filter(|_| !is_cap)
    }

    fn cap(&self, (is_cap, id): &Key) -> Option<&Cap> {
        self.rulebook.as_ref()?.caps().iter().find(|cap| *is_cap && cap.id == *id)
    }
}

/// What is told of a promotion or a cap that both may have; nothing when it is the same.
fn rule(was: &Side, is: &Side, key: &Key, change: Change) -> Option<RuleChange> {
    let text = |side: &'_ Side, field: &str| -> Option<String> {
        side.rules.get(key).and_then(|fields| fields.get(field)).map(|text| told(text))
    };
    let name = text(is, "name").or_else(|| text(was, "name")).unwrap_or_default();
    let (is_cap, id) = key.clone();
    let mut told = RuleChange { is_cap, id, name, change, fields: Vec::new(), prices: 0 };
    if change != Change::Changed {
        return Some(told);
    }
    let (before, after) = (was.rules.get(key)?, is.rules.get(key)?);
    let promotions = was.promotion(key).zip(is.promotion(key));
    let is_same = match (promotions, was.cap(key).zip(is.cap(key))) {
        (Some((before, after)), _) => before == after,
        (None, Some((before, after))) => before == after,
        (None, None) => before == after,
    };
    if is_same {
        return None;
    }
    told.fields = field_changes(before, after);
    told.prices = promotions.map_or(0, |(before, after)| prices(before, after));
    Some(told)
}

/// How many SKUs have another price in the lists of two promotions.
fn prices(before: &Promotion, after: &Promotion) -> usize {
    match (&before.benefit, &after.benefit) {
        (Benefit::Prices(before), Benefit::Prices(after)) => {
            changes(&before.prices, &after.prices, |one, other| one != other).len()
        }
        _ => 0,
    }
}

fn field_changes(before: &Fields, after: &Fields) -> Vec<FieldChange> {
    let text = |fields: &Fields, field: &str| fields.get(field).map(|text| told(text)).unwrap_or_default();
    let differ = changes(before, after, |one, other| one != other);
    let differ = differ.into_iter().map(|(field, _)| FieldChange {
        before: text(before, &field),
        after: text(after, &field),
        field: told(&field),
    });
    differ.take(FIELDS_MAX).collect()
}

/// As much of a text as is told.
fn told(text: &str) -> String {
    // It goes to terminals: what a file holds must not move their cursor.
    let plain = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    let mut chars = text.chars().map(plain);
    let mut told: String = chars.by_ref().take(TEXT_MAX).collect();
    if chars.next().is_some() {
        told.push('…');
    }
    told
}

fn entries<'n, 'a>(node: &'n Node<'a>) -> &'n [Entry<'a>] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

/// The fields of a mapping; those of a mapping in it have its name before them.
fn fields(node: &Node<'_>) -> Fields {
    let mut fields = Fields::new();
    gather(node, "", DEPTH_TOLD, &mut fields);
    fields
}

fn gather(node: &Node<'_>, above: &str, depth: usize, fields: &mut Fields) {
    for entry in entries(node) {
        let key = entry.key.trim();
        let name = if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") };
        match &entry.node.value {
            Value::Map(inside) if depth > 1 && !inside.is_empty() => {
                gather(&entry.node, &name, depth - 1, fields);
            }
            _ => {
                let mut text = String::new();
                write(&entry.node, &mut text);
                fields.insert(name, text);
            }
        }
    }
}

/// A value on one line, as one could write it.
fn write(node: &Node<'_>, out: &mut String) {
    match &node.value {
        Value::Scalar(text, _) => out.push_str(&text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Value::List(list) => {
            out.push('[');
            for (place, node) in list.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                write(node, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (place, entry) in entries.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                out.push_str(&entry.key);
                out.push_str(": ");
                write(&entry.node, out);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Vec<Source> {
        let source = |(path, text): &(&str, &str)| Source { path: (*path).to_owned(), bytes: (*text).into() };
        files.iter().map(source).collect()
    }

    /// Every change on a line.
    fn lines(diff: &Diff) -> Vec<String> {
        let mut lines: Vec<String> =
            diff.files.iter().map(|(path, change)| format!("{path} {change:?}")).collect();
        for rule in &diff.rules {
            lines.push(format!("{} {:?} `{}` {}", rule.id, rule.change, rule.name, rule.prices));
            lines.extend(rule.fields.iter().map(field));
        }
        lines.extend(diff.settings.iter().map(field));
        lines
    }

    fn field(found: &FieldChange) -> String {
        format!("  {}: {} -> {}", found.field, found.before, found.after)
    }

    const SETTINGS: &str = "channels: [web, pos]\ncatalog: [goods.csv]\n";

    #[test]
    fn what_differs_is_told_by_id_and_field() {
        let old = sources(&[
            ("settings.yaml", SETTINGS),
            ("goods.csv", "sku,price\nA,10\nB,20\nC,30\n"),
            ("list.csv", "sku,price\nA,5\nB,6\n"),
            (
                "a.yaml",
                "promotions:\n- {id: gone, give: {percent: 5}}\n- {id: cut, name: Cut, give: {percent: '12,5'}, \
                 when: {channels: [web]}}\n- {id: list, give: {prices: list.csv}}\n- {id: same, give: {percent: \
                 '7,5'}}\ncaps:\n- {id: cap, on: {skus: [A]}, max_percent: 15}\n",
            ),
        ]);
        let new = sources(&[
            ("settings.yaml", "channels: [web, pos, app]\ncatalog: [goods.csv]\n"),
            ("goods.csv", "sku,price\nA,10\nB,21\nD,30\n"),
            ("list.csv", "sku,price\nA,5\nB,7\n"),
            (
                "b.yaml",
                "promotions:\n- {id: new, name: Нова, give: {percent: 5}}\n- {id: cut, name: Cut, give: {percent: \
                 20}, when: {channels: [web, pos]}, level: 1}\n- {id: list, give: {prices: list.csv}}\n- {id: same, \
                 give: {percent: 7.50}}\ncaps:\n- {id: cap, on: {skus: [A]}, max_percent: 10}\n",
            ),
        ]);
        let found = diff(&old, &new);
        assert_eq!(
            lines(&found),
            [
                "a.yaml Removed",
                "b.yaml Added",
                "goods.csv Changed",
                "list.csv Changed",
                "settings.yaml Changed",
                "cut Changed `Cut` 0",
                "  give.percent: 12,5 -> 20",
                "  level:  -> 1",
                "  when.channels: [web] -> [web, pos]",
                "gone Removed `` 0",
                "list Changed `` 1",
                "new Added `Нова` 0",
                "cap Changed `` 0",
                "  max_percent: 15 -> 10",
                "  channels: [web, pos] -> [web, pos, app]",
            ]
        );
        assert_eq!(found.file_counts, Counts { added: 1, removed: 1, changed: 3 });
        assert_eq!(found.rule_counts, Counts { added: 1, removed: 1, changed: 3 });
        assert_eq!(found.product_counts, Some(Counts { added: 1, removed: 1, changed: 1 }));
        assert_eq!(diff(&old, &old), Diff { product_counts: Some(Counts::default()), ..Diff::default() });
        let [was, is] = [&old, &new].map(|sources| adopt(sources, &[]).rulebook.unwrap());
        assert_eq!((changed_rules(&was, &is), changed_files(&old, &new)), (5, 5));
    }

    #[test]
    fn what_no_longer_compiles_is_compared_as_text() {
        let old = sources(&[("a.yaml", "promotions: [{id: a, give: {word_of_old: 5}}]")]);
        let new =
            sources(&[("a.yaml", "promotions: [{id: a, give: {percent: 5}}]"), ("b.yaml", "promotions: [")]);
        let told = lines(&diff(&old, &new));
        assert_eq!(
            told,
            [
                "a.yaml Changed",
                "b.yaml Added",
                "a Changed `` 0",
                "  give.percent:  -> 5",
                "  give.word_of_old: 5 -> "
            ]
        );
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(told(&"ї".repeat(TEXT_MAX)).chars().count(), TEXT_MAX);
        assert_eq!(told(&"ї".repeat(TEXT_MAX + 1)), "ї".repeat(TEXT_MAX) + "…");
    }
}
