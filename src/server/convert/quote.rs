//! What a basket costs, from the core to the wire.

use super::goods::{counted_goods, counted_pieces, product, slot_goods};
use super::names::{Rules, number, promotion_id, promotion_name};
use super::reason::reason;
use crate::basket::Request;
use crate::money::Amount;
use crate::pricing::{self, Applied, Carried, CodeFate, Counted, Extent, GiftWhy, Near, Optimality, Quote};
use crate::rulebook::Rulebook;
use crate::server::timestamp::Timestamp;
use crate::server::wire;

/// A quote in proto3 JSON on one line.
#[must_use]
pub fn quote_json(quote: &wire::Quote) -> String {
    // A quote holds texts and whole numbers alone, so there is nothing that JSON could refuse.
    serde_json::to_string(quote).unwrap_or_default()
}

/// What `request` costs, as the wire has it.
#[must_use]
pub fn quote(rulebook: &Rulebook, request: &Request, id: String, priced: Quote) -> wire::Quote {
    told(Rules { rulebook, digest: &rulebook.digest().to_string() }, request, id, priced)
}

/// The same with a digest that is written out already.
pub(super) fn told(rules: Rules<'_>, request: &Request, id: String, priced: Quote) -> wire::Quote {
    let Rules { rulebook, digest } = rules;
    let (optimality, possible_gain) = match priced.optimality {
        Optimality::Proven => (wire::quote::Optimality::Proven, 0),
        Optimality::Bounded(gain) => (wire::quote::Optimality::Bounded, gain.minor()),
    };
    let mut lines = Vec::with_capacity(priced.lines.len());
    // Where each of the core's groups went is asked by sets alone.
    let mut places: Option<Vec<Vec<u32>>> = (!priced.sets.is_empty()).then(Vec::new);
    for line in priced.lines {
        let told = quoted_line(rulebook, &priced.applied, line, places.as_mut());
        lines.push(told);
    }
    let places = places.unwrap_or_default();
    let sets = sets(rulebook, &priced.sets, &lines, &places);
    let gifts = priced.gifts.into_iter().map(|given| gift(rulebook, &lines, given)).collect();
    let hints = priced.hints.iter().map(|near| hint(rulebook, &lines, near)).collect();
    let refused = priced.gifts_refused.into_iter();
    wire::Quote {
        id,
        // As `Digest::version` has it.
        rulebook_version: digest.get(..12).unwrap_or_default().to_owned(),
        rulebook_digest: digest.to_owned(),
        currency_code: rulebook.settings().currency.code().to_owned(),
        list_total: priced.list_total.minor(),
        discount_total: priced.discount_total.minor(),
        delivery_total: priced.delivery_total.minor(),
        total: priced.total.minor(),
        lines,
        promotions: priced
            .applied
            .iter()
            .map(|applied| {
                let counted = priced.counted.iter().find(|counted| counted.promotion == applied.promotion);
                applied_promotion(rulebook, applied, counted)
            })
            .collect(),
        gifts,
        points: priced.points,
        codes: priced.codes.into_iter().map(|code| code_result(rulebook, code)).collect(),
        hints,
        reasons: priced.reasons.into_iter().map(|why| reason(rulebook, why)).collect(),
        optimality: optimality.into(),
        possible_gain,
        sets,
        gifts_refused: refused.map(|refused| refused_gift(rulebook, request, refused)).collect(),
        time: Some(Timestamp { seconds: request.context.time.unix(), nanos: 0 }),
        limits_age: None,
        customer_unchecked: false,
    }
}

fn applied_promotion(
    rulebook: &Rulebook,
    applied: &Applied,
    counted: Option<&Counted>,
) -> wire::AppliedPromotion {
    let (counted_amount, counted_quantity) = match counted.map(|counted| counted.extent) {
        Some(Extent::Sum(sum)) => (Some(sum.minor()), None),
        Some(Extent::Pieces(pieces)) => (None, Some(pieces)),
        None => (None, None),
    };
    let without = counted.map(|counted| counted.without.as_slice()).unwrap_or_default();
    wire::AppliedPromotion {
        id: promotion_id(rulebook, applied.promotion),
        name: promotion_name(rulebook, applied.promotion),
        amount: applied.amount.minor(),
        quantity: applied.units,
        points: applied.points,
        maximum_amount: applied.stop.maximum.map(Amount::minor),
        quantity_max: applied.stop.units.unwrap_or_default(),
        sets_max: applied.stop.sets.unwrap_or_default(),
        lost_amount: applied.stop.lost.minor(),
        counted_amount,
        counted_quantity,
        not_counted: without.iter().map(|&index| promotion_id(rulebook, index)).collect(),
    }
}

/// A discount of nothing is not told, unless a floor held it back and the promotion applies; groups that then look the same are
/// one. Where each of the core's groups went is noted in `went`.
fn quoted_line(
    rulebook: &Rulebook,
    applied: &[Applied],
    line: pricing::QuotedLine,
    went: Option<&mut Vec<Vec<u32>>>,
) -> wire::QuotedLine {
    let is_told = |carried: &&Carried| {
        let is_applied = || applied.iter().any(|one| one.promotion == carried.promotion);
        !carried.amount.is_zero() || !carried.held.is_zero() && is_applied()
    };
    let mut groups: Vec<wire::UnitGroup> = Vec::with_capacity(line.groups.len());
    let mut places = Vec::with_capacity(if went.is_some() { line.groups.len() } else { 0 });
    for group in line.groups {
        let discounts: Vec<wire::UnitDiscount> = group
            .carried
            .iter()
            .filter(is_told)
            .map(|carried| wire::UnitDiscount {
                promotion_id: promotion_id(rulebook, carried.promotion),
                amount: carried.amount.minor(),
                held_amount: carried.held.minor(),
            })
            .collect();
        let unit_price = group.price.minor();
        let same = |one: &wire::UnitGroup| one.unit_price == unit_price && one.discounts == discounts;
        let place = groups.iter().position(same).unwrap_or(groups.len());
        match groups.get_mut(place) {
            Some(same) => same.quantity = same.quantity.saturating_add(group.quantity),
            None => groups.push(wire::UnitGroup { quantity: group.quantity, unit_price, discounts }),
        }
        if went.is_some() {
            places.push(number(place));
        }
    }
    if let Some(went) = went {
        went.push(places);
    }
    let mut told = groups.iter().flat_map(|group| &group.discounts);
    let floor = line.floor.filter(|_| told.any(|discount| discount.held_amount != 0));
    let (floor_unit_price, held_by) =
        floor.map(|floor| (floor.price.minor(), floor.caps)).unwrap_or_default();
    let left_out = line.left_out.into_iter().map(|left_out| wire::LeftOut {
        reason: Some(reason(rulebook, left_out.reason)),
        quantity: left_out.quantity,
    });
    wire::QuotedLine {
        id: line.id,
        sku: line.sku,
        quantity: line.quantity,
        list_unit_price: line.list_price.minor(),
        total: line.total.minor(),
        groups,
        floor_unit_price,
        held_by,
        left_out: left_out.collect(),
    }
}

/// Sets that look the same once groups are one are told once, with their times added up.
fn sets(
    rulebook: &Rulebook,
    made_up: &[pricing::MadeUp],
    lines: &[wire::QuotedLine],
    places: &[Vec<u32>],
) -> Vec<wire::AppliedSet> {
    let mut sets: Vec<wire::AppliedSet> = Vec::with_capacity(made_up.len());
    for set in made_up {
        let promotion_id = promotion_id(rulebook, set.promotion);
        let mut members: Vec<wire::SetMember> = Vec::with_capacity(set.members.len());
        for member in &set.members {
            let line_id = lines.get(member.line).map(|line| line.id.clone()).unwrap_or_default();
            let group = places.get(member.line).and_then(|line| line.get(member.group));
            let (group, slot) = (group.copied().unwrap_or_default(), number(member.slot));
            let same =
                |one: &&mut wire::SetMember| one.line_id == line_id && one.group == group && one.slot == slot;
            match members.iter_mut().find(same) {
                Some(same) => same.quantity = same.quantity.saturating_add(member.quantity),
                None => members.push(wire::SetMember { line_id, group, slot, quantity: member.quantity }),
            }
        }
        match sets.iter_mut().find(|one| one.promotion_id == promotion_id && one.members == members) {
            Some(same) => same.times = same.times.saturating_add(set.times),
            None => sets.push(wire::AppliedSet { promotion_id, times: set.times, members }),
        }
    }
    sets
}

fn gift(rulebook: &Rulebook, lines: &[wire::QuotedLine], given: pricing::Given) -> wire::Gift {
    let called = |sku: &String| product(rulebook.catalog(), sku);
    let product = given.sku.as_ref().map(called).unwrap_or_default();
    wire::Gift {
        promotion_id: promotion_id(rulebook, given.promotion),
        name: promotion_name(rulebook, given.promotion),
        sku: product.sku,
        product_name: product.name,
        quantity: given.quantity,
        options: given.options.iter().map(called).collect(),
        line_id: given
            .line
            .and_then(|place| lines.get(place))
            .map(|line| line.id.clone())
            .unwrap_or_default(),
    }
}

fn refused_gift(rulebook: &Rulebook, request: &Request, refused: pricing::GiftRefused) -> wire::RefusedGift {
    use wire::refused_gift::Code;
    let choice = request.context.gift_choices.get(refused.choice).cloned().unwrap_or_default();
    let (code, told) = match refused.why {
        GiftWhy::NoSuchGift => (Code::NoSuchGift, None),
        GiftWhy::NotAnOption => (Code::NotAnOption, None),
        GiftWhy::TooMany => (Code::TooMany, None),
        GiftWhy::OutOfStock => (Code::OutOfStock, None),
        GiftWhy::NotApplied(why) => {
            let promotion = rulebook.find(&choice.promotion);
            let told = promotion.map(|promotion| reason(rulebook, pricing::Reason::new(promotion, why)));
            (Code::NotApplied, told)
        }
    };
    wire::RefusedGift {
        choice: number(refused.choice),
        promotion_id: choice.promotion,
        sku: choice.sku,
        code: code.into(),
        reason: told,
    }
}

fn code_result(rulebook: &Rulebook, result: pricing::CodeResult) -> wire::CodeResult {
    use wire::code_result::Status;
    let (status, told) = match result.fate {
        CodeFate::Applied => (Status::Applied, None),
        CodeFate::NotApplied(why) => (Status::NotApplied, Some(reason(rulebook, why))),
        CodeFate::Unknown => (Status::Unknown, None),
        CodeFate::Repeated => (Status::Repeated, None),
        CodeFate::Mistyped => (Status::Mistyped, None),
    };
    wire::CodeResult { code: result.code, status: status.into(), reason: told }
}

fn hint(rulebook: &Rulebook, lines: &[wire::QuotedLine], near: &pricing::Hint) -> wire::Hint {
    let mut hint = wire::Hint {
        promotion_id: promotion_id(rulebook, near.promotion),
        name: promotion_name(rulebook, near.promotion),
        gain: near.gain.minor(),
        product: near.sku.as_ref().map(|sku| product(rulebook.catalog(), sku)),
        ..wire::Hint::default()
    };
    match near.missing {
        Near::Amount(missing) => {
            hint.missing_amount = missing.minor();
            hint.goods = counted_goods(rulebook, near.promotion);
        }
        Near::Pieces(missing) => {
            hint.missing_quantity = missing;
            hint.goods = counted_pieces(rulebook, near.promotion, near.sku.as_ref());
        }
        Near::Slot(missing) => {
            hint.missing_quantity = missing.quantity;
            hint.slot = Some(number(missing.slot));
            hint.goods = slot_goods(rulebook, near.promotion, missing.slot);
        }
        Near::Choice(line) => hint.line_id = lines.get(line).map(|line| line.id.clone()).unwrap_or_default(),
    }
    hint
}
