//! Which goods a promotion speaks of, as data that a person's words can be made of.

use crate::catalog::{Catalog, Selector};
use crate::money::Amount;
use crate::promotion::{Benefit, Count, Promotion, Slot, Spend};
use crate::rulebook::{PromotionIndex, Rulebook};
use crate::server::wire;

/// Entries of one facet that are named: nobody reads out more, and a wish-list holds thousands.
const ENTRIES_MAX: usize = 12;

/// The goods that a selector means; `None` when any will do.
#[must_use]
pub fn goods(rulebook: &Rulebook, on: &Selector) -> Option<wire::Goods> {
    if *on == Selector::default() {
        return None;
    }
    let facets = &on.facets;
    let named = |entries: &[String]| entries.iter().take(ENTRIES_MAX).cloned().collect();
    let lengths = [&facets.brands, &facets.categories, &facets.skus, &facets.tags].map(Vec::len);
    let more: usize = lengths.iter().map(|length| length.saturating_sub(ENTRIES_MAX)).sum();
    let skus = facets.skus.iter().take(ENTRIES_MAX);
    Some(wire::Goods {
        brands: named(&facets.brands),
        categories: named(&facets.categories),
        products: skus.map(|sku| product(rulebook.catalog(), sku)).collect(),
        tags: named(&facets.tags),
        price_at_least: facets.price_at_least.map(Amount::minor),
        price_below: facets.price_below.map(Amount::minor),
        has_exceptions: !on.except.is_empty(),
        more: u32::try_from(more).unwrap_or(u32::MAX),
    })
}

/// What people call goods.
#[must_use]
pub fn product(catalog: &Catalog, sku: &str) -> wire::Product {
    let name = catalog.get(sku).map(|product| product.name.clone()).unwrap_or_default();
    wire::Product { sku: sku.to_owned(), name }
}

/// The goods of which a promotion counts money or pieces: those that its spend measures, else its own.
#[must_use]
fn counted(promotion: &Promotion) -> &Selector {
    let spend = match &promotion.benefit {
        Benefit::Spend { spend, .. } => Some(spend),
        Benefit::Gift(gift) => of(gift.spend.as_ref()),
        Benefit::Delivery(delivery) => of(delivery.spend.as_ref()),
        Benefit::Points(points) => of(points.spend.as_ref()),
        Benefit::Units(_)
        | Benefit::Prices(_)
        | Benefit::Quantity { .. }
        | Benefit::Set(_)
        | Benefit::Basket(_) => None,
    };
    spend.and_then(|spend| spend.on.as_ref()).unwrap_or(&promotion.on)
}

/// The goods of which a promotion counts money or pieces, as data.
#[must_use]
pub fn counted_goods(rulebook: &Rulebook, index: PromotionIndex) -> Option<wire::Goods> {
    rulebook.promotion(index).and_then(|promotion| goods(rulebook, counted(promotion)))
}

/// The goods of which a promotion by quantity counts pieces: `sku` alone where it counts each by itself.
#[must_use]
pub fn counted_pieces(
    rulebook: &Rulebook,
    index: PromotionIndex,
    sku: Option<&String>,
) -> Option<wire::Goods> {
    let is_alone = rulebook.promotion(index).is_some_and(counts_same_sku);
    match sku.filter(|_| is_alone) {
        Some(sku) => {
            Some(wire::Goods { products: vec![product(rulebook.catalog(), sku)], ..wire::Goods::default() })
        }
        None => counted_goods(rulebook, index),
    }
}

/// Whether a promotion counts the pieces of each SKU by itself.
fn counts_same_sku(promotion: &Promotion) -> bool {
    matches!(promotion.benefit, Benefit::Quantity { count: Count::SameSku, .. })
}

/// The goods of a slot, as data.
#[must_use]
pub fn slot_goods(rulebook: &Rulebook, index: PromotionIndex, place: usize) -> Option<wire::Goods> {
    let slot = slot(rulebook.promotion(index)?, place)?;
    goods(rulebook, &slot.on)
}

fn of<A>(spend: Option<&(Spend, A)>) -> Option<&Spend> {
    spend.map(|(spend, _)| spend)
}

/// A slot of a promotion's sets.
#[must_use]
fn slot(promotion: &Promotion, place: usize) -> Option<&Slot> {
    match &promotion.benefit {
        Benefit::Set(set) => set.slots.get(place),
        Benefit::Gift(gift) => gift.slots.get(place),
        _ => None,
    }
}
