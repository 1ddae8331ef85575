//! The lines of a basket, and which of them a selector means.

use pricewright::basket::{Line as Asked, Request};
use pricewright::catalog::selector::Facets;
use pricewright::catalog::{Product, Selector};
use pricewright::money::Amount;
use pricewright::promotion::{CapFloor, Conditions, HasAtLeast};
use pricewright::rulebook::Rulebook;
use rust_decimal::Decimal;

use super::money::Money;

pub(super) struct Line<'a> {
    pub(super) sku: &'a str,
    brand: &'a str,
    categories: &'a [String],
    tags: &'a [String],
    pub(super) quantity: Decimal,
    list_amount: Amount,
    pub(super) list_price: Decimal,
    cost: Option<Decimal>,
    no_promotions: bool,
    pub(super) floor: Decimal,
}

/// The lines with what the catalog knows; `None` for goods without a price, or weighed ones.
pub(super) fn lines<'a>(rulebook: &'a Rulebook, request: &'a Request, money: Money) -> Option<Vec<Line<'a>>> {
    let line = |asked: &'a Asked| {
        let known = rulebook.catalog().get(&asked.sku);
        let mut line = filled(asked, known, money).filter(|_| asked.measure.is_none())?;
        line.floor = floor(rulebook, &line, money);
        Some(line)
    };
    request.basket.lines.iter().map(line).collect()
}

fn filled<'a>(asked: &'a Asked, known: Option<&'a Product>, money: Money) -> Option<Line<'a>> {
    let list_amount = asked.unit_price.or_else(|| known?.price)?;
    let cost = asked.cost.or_else(|| known?.cost);
    let said = |asked: &'a [String], known: Option<&'a [String]>| match known {
        Some(known) if asked.is_empty() => known,
        _ => asked,
    };
    Some(Line {
        sku: &asked.sku,
        brand: asked.brand.as_deref().or_else(|| Some(&*known?.brand)).unwrap_or_default(),
        categories: said(&asked.categories, known.map(|product| &*product.categories)),
        tags: said(&asked.tags, known.map(|product| &*product.tags)),
        quantity: Decimal::from(asked.quantity),
        list_amount,
        list_price: money.of_amount(list_amount),
        cost: cost.map(|cost| money.of_amount(cost)),
        no_promotions: asked.no_promotions,
        floor: Decimal::ZERO,
    })
}

/// The lowest price that caps and settings allow.
fn floor(rulebook: &Rulebook, line: &Line<'_>, money: Money) -> Decimal {
    let mut floor = money.of_amount(rulebook.settings().min_unit_price);
    for cap in rulebook.caps().iter().filter(|cap| matches(&cap.on, line)) {
        floor = floor.max(match cap.floor {
            CapFloor::MaxPercent(rate) => {
                money.up(line.list_price * (Decimal::ONE_HUNDRED - rate.percent()) / Decimal::ONE_HUNDRED)
            }
            CapFloor::MinPrice(price) => money.of_amount(price),
            CapFloor::MinMarginPercent(rate) => {
                let rest = Decimal::ONE_HUNDRED - rate.percent();
                let with_margin = line.cost.and_then(|cost| (cost * Decimal::ONE_HUNDRED).checked_div(rest));
                with_margin.map_or(line.list_price, |price| money.up(price))
            }
        });
    }
    floor.min(line.list_price)
}

/// Whether the goods of the line are meant.
pub(super) fn matches(selector: &Selector, line: &Line<'_>) -> bool {
    !line.no_promotions && all(&selector.facets, line) && !any(&selector.except, line)
}

fn all(facets: &Facets, line: &Line<'_>) -> bool {
    (facets.brands.is_empty() || has_brand(facets, line))
        && (facets.categories.is_empty() || has_category(facets, line))
        && (facets.skus.is_empty() || has_sku(facets, line))
        && (facets.tags.is_empty() || has_tag(facets, line))
        && has_price(facets, line)
}

fn any(facets: &Facets, line: &Line<'_>) -> bool {
    let is_priced = facets.price_at_least.is_some() || facets.price_below.is_some();
    has_brand(facets, line)
        || has_category(facets, line)
        || has_sku(facets, line)
        || has_tag(facets, line)
        || (is_priced && has_price(facets, line))
}

fn has_brand(facets: &Facets, line: &Line<'_>) -> bool {
    facets.brands.iter().any(|brand| is_same(brand, line.brand))
}

fn has_category(facets: &Facets, line: &Line<'_>) -> bool {
    facets.categories.iter().any(|entry| line.categories.iter().any(|path| is_at_or_below(path, entry)))
}

fn has_sku(facets: &Facets, line: &Line<'_>) -> bool {
    facets.skus.iter().any(|sku| sku == line.sku)
}

fn has_tag(facets: &Facets, line: &Line<'_>) -> bool {
    facets.tags.iter().any(|tag| line.tags.iter().any(|mark| is_same(mark, tag)))
}

fn has_price(facets: &Facets, line: &Line<'_>) -> bool {
    facets.price_at_least.is_none_or(|least| least <= line.list_amount)
        && facets.price_below.is_none_or(|below| line.list_amount < below)
}

/// Case and blanks around do not matter.
fn is_same(one: &str, other: &str) -> bool {
    lowered(one).eq(lowered(other))
}

fn lowered(word: &str) -> impl Iterator<Item = char> + '_ {
    word.trim().chars().flat_map(char::to_lowercase)
}

/// Whether a path is the entry or lies below it, part by part.
fn is_at_or_below(path: &str, entry: &str) -> bool {
    let mut parts = parts(path);
    self::parts(entry).all(|wanted| parts.next().is_some_and(|part| is_same(part, wanted)))
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.trim().is_empty())
}

/// Whether the basket has what `basket_has` asks for.
pub(super) fn basket_has(when: &Conditions, lines: &[Line<'_>], money: Money) -> bool {
    when.basket_has.iter().all(|has| {
        let there = || lines.iter().filter(|line| matches(&has.on, line));
        match has.least {
            HasAtLeast::Pieces(pieces) => pieces_of(there()) >= Decimal::from(pieces),
            HasAtLeast::ListPrices(sum) => list_of(there()) >= money.of_amount(sum),
        }
    })
}

pub(super) fn pieces_of<'a>(lines: impl Iterator<Item = &'a Line<'a>>) -> Decimal {
    lines.map(|line| line.quantity).sum()
}

pub(super) fn list_of<'a>(lines: impl Iterator<Item = &'a Line<'a>>) -> Decimal {
    lines.map(|line| line.quantity * line.list_price).sum()
}
