//! Which promotions may apply to a basket, and to which of its lines.

use fixedbitset::FixedBitSet;

use super::eligible::{Purchase, has_enough};
use super::quote::Why;
use crate::basket::{Checked, Item};
use crate::money::Amount;
use crate::promotion::{Benefit, Promotion};
use crate::rulebook::{Marks, Matcher, PromotionIndex, PromotionMatchers, Rulebook};

/// What a rulebook offers a basket.
pub struct Candidates<'a> {
    /// The promotions that may apply, by place.
    pub list: Vec<Candidate<'a>>,
    /// Those that cannot, whatever is chosen, each with the first reason; by place.
    pub refused: Vec<(PromotionIndex, Why)>,
    /// The floor of each line's units: no promotion takes them lower.
    pub floors: Vec<Amount>,
}

/// One promotion that may apply.
pub struct Candidate<'a> {
    /// Its place.
    pub index: PromotionIndex,
    /// What it is.
    pub promotion: &'a Promotion,
    /// The lines that its benefit touches.
    pub on: FixedBitSet,
    /// The lines that its spend measures.
    pub measures: FixedBitSet,
}

/// Gathers what may apply to `checked`.
#[must_use]
pub fn gather<'a>(rulebook: &'a Rulebook, checked: &Checked, purchase: &Purchase) -> Candidates<'a> {
    let marks: Vec<Option<Marks>> =
        checked.items.iter().map(|item| (!item.no_promotions).then(|| rulebook.marks(item))).collect();
    let shelf = Shelf { items: &checked.items, marks: &marks };
    let mut list = Vec::new();
    let mut refused = Vec::new();
    for (index, promotion, matchers) in rulebook.with_matchers() {
        let verdict = purchase.check(promotion).and_then(|()| shelf.lines(promotion, matchers));
        match verdict {
            Ok((on, measures)) => list.push(Candidate { index, promotion, on, measures }),
            Err(why) => refused.push((index, why)),
        }
    }
    let min_unit_price = rulebook.settings().min_unit_price;
    let floors = checked.items.iter().zip(&marks).map(|(item, marks)| {
        let caps = marks.iter().flat_map(|marks| rulebook.caps_on(marks));
        let highest = caps.map(|cap| cap.floor.floor(item.list_price, item.cost)).max().unwrap_or_default();
        // A list price below the lowest unit price is not raised to it.
        highest.max(min_unit_price).min(item.list_price)
    });
    Candidates { list, refused, floors: floors.collect() }
}

/// The lines of a basket with their marks; a line without marks takes part in nothing.
struct Shelf<'a> {
    items: &'a [Item],
    marks: &'a [Option<Marks>],
}

impl Shelf<'_> {
    /// The lines that a promotion touches and those that it measures.
    fn lines(
        &self,
        promotion: &Promotion,
        matchers: &PromotionMatchers,
    ) -> Result<(FixedBitSet, FixedBitSet), Why> {
        let mut on = self.matched(&matchers.on);
        if let Benefit::Prices(list) = &promotion.benefit {
            for (line, item) in self.items.iter().enumerate() {
                if !list.prices.contains_key(&item.sku) {
                    on.remove(line);
                }
            }
        }
        if on.is_clear() {
            return Err(Why::NoSuchGoods);
        }
        for (has, matcher) in promotion.when.basket_has.iter().zip(&matchers.has) {
            let lines = self.matched(matcher);
            if !has_enough(has.least, lines.ones().filter_map(|line| self.items.get(line))) {
                return Err(Why::BasketLacks);
            }
        }
        Ok((on, self.matched(&matchers.spend)))
    }

    fn matched(&self, matcher: &Matcher) -> FixedBitSet {
        let mut lines = FixedBitSet::with_capacity(self.items.len());
        for (line, marks) in self.marks.iter().enumerate() {
            if marks.as_ref().is_some_and(|marks| matcher.matches(marks)) {
                lines.insert(line);
            }
        }
        lines
    }
}
