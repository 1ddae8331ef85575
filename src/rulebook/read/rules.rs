//! Promotions and caps from the tree of a rule file.

use crate::catalog::Selector;
use crate::promotion::limits::Sets;
use crate::promotion::{
    Benefit, Cap, CapFloor, Conditions, Limits, OnRefund, Promotion, SpendBenefit, Stacking, Stage, UnitCut,
};
use crate::rulebook::diagnostic::finding::{Clash, Finding, Shape};
use crate::rulebook::read::give::{Named, benefit};
use crate::rulebook::read::goods::{Mention, selector};
use crate::rulebook::read::never::never;
use crate::rulebook::read::reader::{Fields, Reader};
use crate::rulebook::read::vocabulary::{
    BASKETS_MAX, CAP, LEVEL_MAX, LIMITS, ON_REFUNDS, PROMOTION, RULES, STAGES,
};
use crate::rulebook::read::when::conditions;
use crate::rulebook::text::page::At;
use crate::rulebook::text::syntax::{Node, Value};

/// A promotion or a cap with the places that later checks point at.
#[derive(Debug, Clone)]
pub struct Ruled<T> {
    /// What was read.
    pub item: T,
    /// Where its id stands.
    pub id_at: At,
    /// Where each entry of `stacks_with` stands.
    pub stacks_at: Vec<At>,
    /// Where each slot of a set stands.
    pub slots_at: Vec<At>,
    /// Where its code stands.
    pub code_at: Option<At>,
    /// The price list it names, and where.
    pub list: Named,
}

/// Everything of one rule file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The promotions that could be read whole.
    pub promotions: Vec<Ruled<Promotion>>,
    /// The caps that could be read whole.
    pub caps: Vec<Ruled<Cap>>,
    /// Every id in the file, of faulty ones too, and where.
    pub ids: Vec<(String, At)>,
    /// Every group in the file, of faulty ones too.
    pub groups: Vec<String>,
    /// Words that the catalogue may know.
    pub mentions: Vec<Mention>,
}

/// The rules of a tree.
pub fn rules(reader: &mut Reader<'_>, root: &Node<'_>) -> Rules {
    let mut rules = Rules::default();
    if !matches!(root.value, Value::Map(_)) {
        reader.add(root.at, Finding::WrongShape { key: "rule file".to_owned(), expected: Shape::Rules });
        return rules;
    }
    let Some(fields) = reader.fields(root, "rule file", &RULES) else {
        return rules;
    };
    if let Some(node) = fields.get("promotions") {
        let list = reader.list(node, "promotions");
        rules.promotions.reserve(list.len());
        for node in list {
            one_promotion(reader, node, &mut rules);
        }
    }
    if let Some(node) = fields.get("caps") {
        for node in reader.list(node, "caps") {
            one_cap(reader, node, &mut rules);
        }
    }
    let is_silent = !fields.has("promotions") && !fields.has("caps");
    if is_silent && reader.errors() == 0 {
        reader.add(root.at, Finding::NothingInFile);
    }
    rules
}

fn one_promotion(reader: &mut Reader<'_>, node: &Node<'_>, rules: &mut Rules) {
    let errors_before = reader.errors();
    let Some(fields) = reader.fields(node, "promotions", &PROMOTION) else {
        return;
    };
    let id = id(reader, fields, rules);
    let name = name(reader, fields);
    let group = fields.get("group").and_then(|node| reader.id(node, "group"));
    rules.groups.extend(group.clone());
    let mentions = &mut rules.mentions;
    let when = match fields.get("when") {
        Some(node) => conditions(reader, node, mentions),
        None => Conditions::default(),
    };
    let on = goods(reader, fields, mentions);
    if let (Some(at), true) = (fields.at("on"), fields.has("buy")) {
        reader.add(at, Finding::Clash(Clash::BuyAndOn));
    }
    let given = benefit(reader, fields, mentions);
    let level =
        fields.get("level").and_then(|node| reader.whole(node, "level", -LEVEL_MAX, LEVEL_MAX)).unwrap_or(0);
    let (stacks_with, stacks_at) = stacking(reader, fields);
    let limits = Limits {
        on_refund: on_refund(reader, fields),
        ..limits(reader, fields, given.as_ref().map(|(benefit, _)| benefit))
    };
    let stage = given.as_ref().map(|(benefit, _)| stage(reader, fields, benefit));
    let (Some(id), Some((benefit, list)), Some(stage)) = (id, given, stage) else {
        return;
    };
    let name = name.unwrap_or_else(|| id.clone());
    let level = i32::try_from(level).unwrap_or(0);
    let promotion = Promotion { id, name, group, level, when, on, stage, benefit, stacks_with, limits };
    if reader.errors() == errors_before {
        never(reader, fields, &promotion);
    }
    let when_fields = fields.get("when").and_then(|node| match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == "code").map(|entry| entry.node.at),
        _ => None,
    });
    let id_at = fields.get("id").map_or(fields.at, |node| node.at);
    let slots_at = match fields.get("buy").map(|node| (node, &node.value)) {
        Some((_, Value::List(slots))) => slots.iter().map(|slot| slot.at).collect(),
        Some((node, _)) => vec![node.at],
        None => Vec::new(),
    };
    rules.promotions.push(Ruled { item: promotion, id_at, stacks_at, slots_at, code_at: when_fields, list });
}

fn one_cap(reader: &mut Reader<'_>, node: &Node<'_>, rules: &mut Rules) {
    let Some(fields) = reader.fields(node, "caps", &CAP) else {
        return;
    };
    let id = id(reader, fields, rules);
    let name = name(reader, fields);
    let on = goods(reader, fields, &mut rules.mentions);
    let floor = cap_floor(reader, fields);
    let (Some(id), Some(floor)) = (id, floor) else {
        return;
    };
    let name = name.unwrap_or_else(|| id.clone());
    let id_at = fields.get("id").map_or(fields.at, |node| node.at);
    let cap = Cap { id, name, on, floor };
    rules.caps.push(Ruled {
        item: cap,
        id_at,
        stacks_at: Vec::new(),
        slots_at: Vec::new(),
        code_at: None,
        list: None,
    });
}

fn cap_floor(reader: &mut Reader<'_>, fields: Fields<'_, '_>) -> Option<CapFloor> {
    let bounds = ["max_percent", "min_price", "min_margin_percent"];
    let present: Vec<&str> = bounds.into_iter().filter(|key| fields.has(key)).collect();
    let [bound] = present.as_slice() else {
        let at = present.last().and_then(|key| fields.at(key)).or(fields.at("id")).unwrap_or(fields.at);
        reader.add(at, Finding::CapBounds);
        return None;
    };
    let node = fields.get(bound)?;
    match *bound {
        "min_price" => reader.amount(node, bound).map(CapFloor::MinPrice),
        "max_percent" => reader.percent(node, bound).map(CapFloor::MaxPercent),
        _ => {
            let rate = reader.percent(node, bound)?;
            if rate == crate::money::Rate::FULL {
                reader.add(node.at, Finding::FullMargin);
            }
            Some(CapFloor::MinMarginPercent(rate))
        }
    }
}

fn id(reader: &mut Reader<'_>, fields: Fields<'_, '_>, rules: &mut Rules) -> Option<String> {
    let node = fields.get("id")?;
    let id = reader.id(node, "id")?;
    rules.ids.push((id.clone(), node.at));
    Some(id)
}

fn name(reader: &mut Reader<'_>, fields: Fields<'_, '_>) -> Option<String> {
    fields.get("name").and_then(|node| reader.text(node, "name")).map(str::to_owned)
}

fn goods(reader: &mut Reader<'_>, fields: Fields<'_, '_>, mentions: &mut Vec<Mention>) -> Selector {
    fields.get("on").map(|node| selector(reader, node, mentions)).unwrap_or_default()
}

fn stacking(reader: &mut Reader<'_>, fields: Fields<'_, '_>) -> (Stacking, Vec<At>) {
    let Some(node) = fields.get("stacks_with") else {
        return (Stacking::Unsaid, Vec::new());
    };
    if matches!(&node.value, Value::List(list) if list.is_empty()) {
        return (Stacking::With(Vec::new()), Vec::new());
    }
    let words = reader.words(node, "stacks_with");
    if words.iter().any(|(word, _)| *word == "all") {
        return (Stacking::All, Vec::new());
    }
    let named = words.into_iter().filter(|(word, _)| *word != "none");
    let (words, places): (Vec<&str>, Vec<At>) = named.unzip();
    (Stacking::With(words.into_iter().map(str::to_owned).collect()), places)
}

fn limits(reader: &mut Reader<'_>, fields: Fields<'_, '_>, benefit: Option<&Benefit>) -> Limits {
    let Some(fields) = fields.get("limits").and_then(|node| reader.fields(node, "limits", &LIMITS)) else {
        return Limits::default();
    };
    let sets = fields.get("sets").and_then(|node| match &node.value {
        Value::Scalar(text, _) if text.trim() == "unlimited" => Some(Sets::Unlimited),
        _ => reader.count(node, "sets").map(Sets::AtMost),
    });
    let limits = Limits {
        units: fields.get("units").and_then(|node| reader.count(node, "units")),
        sets,
        total: fields
            .get("total")
            .and_then(|node| reader.whole(node, "total", 1, BASKETS_MAX))
            .and_then(|total| u64::try_from(total).ok()),
        per_customer: fields.get("per_customer").and_then(|node| reader.count(node, "per_customer")),
        budget: fields.get("budget").and_then(|node| reader.positive(node, "budget")),
        on_refund: OnRefund::default(),
    };
    if let (Some(at), true) = (fields.at("units"), benefit.is_some_and(|benefit| !takes_by_unit(benefit))) {
        reader.add(at, Finding::Clash(Clash::Units));
    }
    let has_sets = matches!(benefit, None | Some(Benefit::Set(_)))
        || matches!(benefit, Some(Benefit::Gift(gift)) if !gift.slots.is_empty());
    if let Some(at) = fields.at("sets").filter(|_| !has_sets) {
        reader.add(at, Finding::Clash(Clash::Sets));
    }
    let gives_money = !matches!(benefit, Some(Benefit::Gift(_) | Benefit::Points(_)));
    if let Some(at) = fields.at("budget").filter(|_| !gives_money) {
        reader.add(at, Finding::Clash(Clash::Budget));
    }
    limits
}

fn on_refund(reader: &mut Reader<'_>, fields: Fields<'_, '_>) -> OnRefund {
    match fields.get("on_refund").and_then(|node| reader.one_of(node, "on_refund", ON_REFUNDS)) {
        Some("restore") => OnRefund::Restore,
        _ => OnRefund::Keep,
    }
}

/// Whether single units take part, so that they can be counted.
fn takes_by_unit(benefit: &Benefit) -> bool {
    match benefit {
        Benefit::Units(_) | Benefit::Prices(_) | Benefit::Quantity { .. } | Benefit::Set(_) => true,
        Benefit::Spend { tiers, .. } => tiers.iter().all(|tier| matches!(tier.give, SpendBenefit::Units(_))),
        Benefit::Basket(_) | Benefit::Gift(_) | Benefit::Delivery(_) | Benefit::Points(_) => false,
    }
}

fn stage(reader: &mut Reader<'_>, fields: Fields<'_, '_>, benefit: &Benefit) -> Stage {
    let own = match benefit {
        Benefit::Units(_) | Benefit::Prices(_) | Benefit::Quantity { .. } | Benefit::Set(_) => Stage::Item,
        Benefit::Spend { .. }
        | Benefit::Basket(_)
        | Benefit::Gift(_)
        | Benefit::Delivery(_)
        | Benefit::Points(_) => Stage::Basket,
    };
    let Some(node) = fields.get("stage") else {
        return own;
    };
    let is_percentage = matches!(benefit, Benefit::Units(units) if matches!(units.cut, UnitCut::Percent(..)));
    match (reader.one_of(node, "stage", STAGES), own) {
        (Some("basket"), Stage::Item) if is_percentage => Stage::Basket,
        (Some("basket"), Stage::Item) => {
            reader.add(node.at, Finding::Clash(Clash::StageBasket));
            own
        }
        (Some("item"), Stage::Basket) => {
            reader.add(node.at, Finding::Clash(Clash::StageItem));
            own
        }
        _ => own,
    }
}
