//! What is taken off one unit, from its tree; and what all lists of tiers have in common.

use crate::money::Rate;
use crate::promotion::{Base, UnitCut};
use crate::rulebook::diagnostic::finding::{Finding, Never};
use crate::rulebook::read::reader::{Fields, Reader, written};
use crate::rulebook::read::vocabulary::BASES;
use crate::rulebook::text::page::At;
use crate::rulebook::text::syntax::{Node, Value};

/// The one field of `kinds` that is there; two are an error.
pub fn only_kind(
    reader: &mut Reader<'_>,
    fields: Fields<'_, '_>,
    kinds: &[&'static str],
) -> Option<&'static str> {
    let mut present = kinds.iter().copied().filter(|kind| fields.has(kind));
    let first = present.next()?;
    if let Some(second) = present.next() {
        let (mut one, mut other) = (first, second);
        if fields.at(one).map(key_of) > fields.at(other).map(key_of) {
            std::mem::swap(&mut one, &mut other);
        }
        if let (Some(at), Some(also)) = (fields.at(other), fields.at(one)) {
            reader.add_with(at, Finding::TwoBenefits(one, other), also);
        }
    }
    Some(first)
}

fn key_of(at: At) -> (u32, u32) {
    (at.line, at.column)
}

/// `of`: what a percentage is of.
pub fn base(reader: &mut Reader<'_>, give: Fields<'_, '_>) -> Base {
    match give.get("of").and_then(|node| reader.one_of(node, "of", BASES)) {
        Some("list") => Base::List,
        _ => Base::Current,
    }
}

/// The one of `percent`, `amount` and `price` that is there.
pub fn cut(reader: &mut Reader<'_>, fields: Fields<'_, '_>, base: Base) -> Option<UnitCut> {
    if let Some(node) = fields.get("percent") {
        let rate: Rate = reader.positive_percent(node, "percent")?;
        return Some(UnitCut::Percent(rate, base));
    }
    if let Some(node) = fields.get("amount") {
        return reader.positive(node, "amount").map(UnitCut::Amount);
    }
    reader.amount(fields.get("price")?, "price").map(UnitCut::Price)
}

/// The benefit of a tier or a slot that must have one.
pub fn tier_cut(
    reader: &mut Reader<'_>,
    fields: Fields<'_, '_>,
    base: Base,
    inside: &'static str,
) -> Option<UnitCut> {
    if only_kind(reader, fields, &["percent", "amount", "price"]).is_none() {
        if !fields.names(&["percent", "amount", "price"]) {
            reader.add(fields.at, Finding::MissingKey { key: "percent", inside });
        }
        return None;
    }
    cut(reader, fields, base)
}

/// The entries of a list of tiers; an empty one is a finding.
pub fn tiers<'n, 'a>(reader: &mut Reader<'_>, node: &'n Node<'a>, key: &str) -> &'n [Node<'a>] {
    let list = reader.list(node, key);
    if list.is_empty() && matches!(node.value, Value::List(_)) {
        reader.add(node.at, Finding::Never(Never::EmptyList));
    }
    list
}

/// Says so where a tier does not begin above the one before it.
pub fn rising<T: PartialOrd>(reader: &mut Reader<'_>, last: Option<T>, from: T, node: &Node<'_>) {
    match last {
        Some(last) if last == from => reader.add(node.at, Finding::TierTwice(written(node))),
        Some(last) if last > from => reader.add(node.at, Finding::TiersNotAscending(written(node))),
        _ => {}
    }
}
