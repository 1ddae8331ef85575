//! A problem as a person reads it: rules as in a rule file, the basket, and the best price that was found.

use std::fmt::Write as _;

use pricewright::basket::Request;
use pricewright::catalog::selector::{Facets, Selector};
use pricewright::promotion::benefit::Earn;
use pricewright::promotion::limits::{Limits, Sets};
use pricewright::promotion::{
    Base, Benefit, CapFloor, Code, Count, Measured, Promotion, SetBenefit, SetOf, Slot, Spend, SpendBenefit,
    Stacking, Stage, UnitCut,
};
use pricewright::rulebook::Rulebook;

use super::brute::{self, Best};

/// The rules and the request.
pub(crate) fn problem(rulebook: &Rulebook, request: &Request) -> String {
    let settings = rulebook.settings();
    let mut text = format!(
        "settings: {{rounding: {:?}, min_unit_price: {}}}   # all amounts in minor units\npromotions:\n",
        settings.rounding, settings.min_unit_price
    );
    for promotion in rulebook.promotions() {
        let _ = writeln!(text, "  - {}", line_of(promotion));
    }
    for cap in rulebook.caps() {
        let floor = match cap.floor {
            CapFloor::MaxPercent(rate) => format!("max_percent: {rate}"),
            CapFloor::MinPrice(price) => format!("min_price: {price}"),
            CapFloor::MinMarginPercent(rate) => format!("min_margin_percent: {rate}"),
        };
        let _ = writeln!(text, "  cap {{id: {}{}, {floor}}}", cap.id, goods(", on", Some(&cap.on)));
    }
    text.push_str("basket:\n");
    for line in &request.basket.lines {
        let _ = write!(text, "  - {}: {} x {}", line.id, line.quantity, line.unit_price.unwrap_or_default());
        let _ = write!(
            text,
            "  {} {} {:?} {:?}",
            line.sku,
            line.brand.as_deref().unwrap_or("-"),
            line.categories,
            line.tags
        );
        if let Some(measure) = line.measure {
            let _ = write!(text, " measure {measure}");
        }
        if let Some(cost) = line.cost {
            let _ = write!(text, " cost {cost}");
        }
        text.push_str(if line.no_promotions { " no_promotions\n" } else { "\n" });
    }
    let delivery = request.basket.delivery.as_ref().map(|delivery| delivery.price.minor());
    let _ = writeln!(
        text,
        "delivery: {delivery:?}, channel: {:?}, codes: {:?}",
        request.context.channel, request.context.codes
    );
    for choice in &request.context.gift_choices {
        let _ = writeln!(text, "chosen of {}: {}", choice.promotion, choice.sku);
    }
    for stock in &request.context.gift_stock {
        let _ = writeln!(text, "left to give away: {} x {}", stock.quantity, stock.sku);
    }
    text
}

/// What trying everything found.
pub(crate) fn best(best: &Best) -> String {
    let mut text = format!("total {}, off by level {:?}", best.total, best.levels);
    if let Some((id, take)) = &best.delivery {
        let _ = write!(text, ", delivery {id} takes {take}");
    }
    if best.points > 0 {
        let _ = write!(text, ", {} points", best.points);
    }
    for ((id, sku), pieces) in &best.gifts {
        let _ = write!(text, "\n    {id} gives {pieces} x {}", sku.as_deref().unwrap_or("of one's choice"));
    }
    for brute::Priced { line, price, takes } in &best.units {
        let _ = write!(text, "\n    line {line}: {price} after {takes:?}");
    }
    text
}

fn line_of(promotion: &Promotion) -> String {
    let mut text = format!("{{id: {}", promotion.id);
    if let Some(group) = &promotion.group {
        let _ = write!(text, ", group: {group}");
    }
    if promotion.level != 0 {
        let _ = write!(text, ", level: {}", promotion.level);
    }
    if let Some(Code::Word(word)) = &promotion.when.code {
        let _ = write!(text, ", code: {word}");
    }
    if !promotion.when.channels.is_empty() {
        let _ = write!(text, ", channels: {:?}", promotion.when.channels);
    }
    text.push_str(&goods(", on", Some(&promotion.on)));
    let most = |amount: Option<pricewright::money::Amount>| {
        amount.map_or(String::new(), |amount| format!(", max_discount: {amount}"))
    };
    match &promotion.benefit {
        Benefit::Units(benefit) => {
            let _ = write!(text, ", give: {{{}{}}}", cut(benefit.cut), most(benefit.max_discount));
            if promotion.stage == Stage::Basket {
                text.push_str(", stage: basket");
            }
        }
        Benefit::Prices(list) => {
            let prices: Vec<String> =
                list.prices.iter().map(|(sku, price)| format!("{sku}: {price}")).collect();
            let _ = write!(text, ", give: {{prices: {{{}}}{}}}", prices.join(", "), most(list.max_discount));
        }
        Benefit::Basket(benefit) => {
            let _ =
                write!(text, ", give: {{basket_amount: {}{}}}", benefit.amount, most(benefit.max_discount));
        }
        Benefit::Spend { spend, tiers, max_discount } => {
            text.push_str(&measured(spend));
            let tiers: Vec<String> = tiers
                .iter()
                .map(|tier| match tier.give {
                    SpendBenefit::Units(each) => format!("{{from: {}, {}}}", tier.from, cut(each)),
                    SpendBenefit::Basket(amount) => {
                        format!("{{from: {}, basket_amount: {amount}}}", tier.from)
                    }
                })
                .collect();
            let _ = write!(text, ", give: {{by_spend: [{}]{}}}", tiers.join(", "), most(*max_discount));
        }
        Benefit::Quantity { tiers, count, max_discount } => {
            let tiers: Vec<String> =
                tiers.iter().map(|tier| format!("{{from: {}, {}}}", tier.from, cut(tier.cut))).collect();
            let count = if *count == Count::SameSku { ", count: same_sku" } else { "" };
            let _ =
                write!(text, ", give: {{by_quantity: [{}]{count}{}}}", tiers.join(", "), most(*max_discount));
        }
        Benefit::Set(set) => {
            let _ = write!(text, ", buy: [{}]{}", slots(&set.slots), set_of(set, &most(set.max_discount)));
        }
        Benefit::Delivery(benefit) => {
            if let Some((spend, least)) = &benefit.spend {
                let _ = write!(text, "{}, at_least: {least}", measured(spend));
            }
            let _ = write!(text, ", give: {{delivery: {{{}}}}}", cut(benefit.cut));
        }
        Benefit::Gift(gift) => {
            if !gift.slots.is_empty() {
                let _ = write!(text, ", buy: [{}]", slots(&gift.slots));
            }
            if let Some((spend, least)) = &gift.spend {
                let _ = write!(text, "{}, at_least: {least}", measured(spend));
            }
            let skus = gift.skus.join(", ");
            let _ = write!(text, ", give: {{gift: {{skus: [{skus}], choose: {}}}}}", gift.choose);
        }
        Benefit::Points(points) => {
            if let Some((spend, least)) = &points.spend {
                let _ = write!(text, "{}, at_least: {least}", measured(spend));
            }
            let _ = match points.earn {
                Earn::Per { amount, points } => {
                    write!(text, ", give: {{points: {{per: {amount}, points: {points}}}}}")
                }
                Earn::Multiply(times) => write!(text, ", give: {{points: {{multiply: {times}}}}}"),
            };
        }
    }
    match &promotion.stacks_with {
        Stacking::Unsaid => {}
        Stacking::All => text.push_str(", stacks_with: all"),
        Stacking::With(names) => {
            let _ = write!(text, ", stacks_with: [{}]", names.join(", "));
        }
    }
    text + &limits(&promotion.limits) + "}"
}

fn slots(slots: &[Slot]) -> String {
    let slot = |slot: &Slot| {
        let same = if slot.same_sku { ", same: sku" } else { "" };
        let own = slot.cut.map_or(String::new(), |own| format!(", {}", cut(own)));
        format!("{{quantity: {}{}{same}{own}}}", slot.quantity, goods(", on", Some(&slot.on)))
    };
    slots.iter().map(slot).collect::<Vec<_>>().join(", ")
}

fn set_of(set: &SetOf, most: &str) -> String {
    let benefit = match set.benefit {
        SetBenefit::Percent(rate, base) => cut(UnitCut::Percent(rate, base)),
        SetBenefit::Amount(amount) => cut(UnitCut::Amount(amount)),
        SetBenefit::Price(price) => cut(UnitCut::Price(price)),
        SetBenefit::Cheapest { units, percent } => {
            format!("cheapest: {{units: {units}, percent: {percent}}}")
        }
        SetBenefit::BySlot => "by slot".to_owned(),
    };
    let assign = if set.retailer_assigns { ", assign: retailer" } else { "" };
    format!(", give: {{{benefit}{most}}}{assign}")
}

fn limits(limits: &Limits) -> String {
    let units = limits.units.map(|units| format!("units: {units}"));
    let sets = limits.sets.map(|sets| match sets {
        Sets::Unlimited => "sets: unlimited".to_owned(),
        Sets::AtMost(most) => format!("sets: {most}"),
    });
    let all: Vec<String> = units.into_iter().chain(sets).collect();
    if all.is_empty() { String::new() } else { format!(", limits: {{{}}}", all.join(", ")) }
}

fn measured(spend: &Spend) -> String {
    let mut text = goods(", spend on", spend.on.as_ref());
    if spend.measured == Measured::List {
        text.push_str(", measured: list");
    }
    text + if spend.every { ", every: true" } else { "" }
}

fn cut(cut: UnitCut) -> String {
    match cut {
        UnitCut::Percent(rate, Base::Current) => format!("percent: {rate}"),
        UnitCut::Percent(rate, Base::List) => format!("percent: {rate}, of: list"),
        UnitCut::Amount(amount) => format!("amount: {amount}"),
        UnitCut::Price(price) => format!("price: {price}"),
    }
}

fn goods(name: &str, selector: Option<&Selector>) -> String {
    let Some(selector) = selector else { return String::new() };
    if *selector == Selector::default() {
        return format!("{name}: all");
    }
    let except = if selector.except.is_empty() {
        String::new()
    } else {
        format!(" except {}", facets(&selector.except))
    };
    format!("{name}: {}{except}", facets(&selector.facets))
}

fn facets(facets: &Facets) -> String {
    let mut parts = Vec::new();
    for (name, words) in [
        ("brands", &facets.brands),
        ("categories", &facets.categories),
        ("skus", &facets.skus),
        ("tags", &facets.tags),
    ] {
        if !words.is_empty() {
            parts.push(format!("{name}: [{}]", words.join(", ")));
        }
    }
    if let Some(price) = facets.price_at_least {
        parts.push(format!("price at_least: {price}"));
    }
    if let Some(price) = facets.price_below {
        parts.push(format!("price below: {price}"));
    }
    format!("{{{}}}", parts.join(", "))
}
