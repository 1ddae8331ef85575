//! Which promotions may apply to a basket, and to which of its lines.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use super::eligible::{Purchase, lacks};
use super::fill::{Need, Pool, lacking, may_fit};
use super::quote::{Lacks, Missing, Why};
use crate::basket::{Checked, Item};
use crate::money::Amount;
use crate::promotion::{Benefit, Count, Promotion, Slot};
use crate::rulebook::{Marks, Matcher, PromotionIndex, PromotionMatchers, Rulebook};

/// What a rulebook offers a basket.
#[derive(Clone)]
pub struct Candidates<'a> {
    /// The promotions that may apply, by place.
    pub list: Vec<Candidate<'a>>,
    /// Those that cannot, whatever is chosen, each with the first reason; by place. Unless all is to be explained, those that have nothing
    /// to do with the purchase are left out.
    pub refused: Vec<(PromotionIndex, Why)>,
    /// The floor of each line's units: no promotion takes them lower.
    pub floors: Vec<Amount>,
}

/// One promotion that may apply.
#[derive(Clone)]
pub struct Candidate<'a> {
    /// Its place.
    pub index: PromotionIndex,
    /// What it is.
    pub promotion: &'a Promotion,
    /// The lines that its benefit touches.
    pub on: FixedBitSet,
    /// The lines that its spend measures.
    pub measures: FixedBitSet,
    /// The lines that may fill each slot of its set.
    pub slots: Vec<FixedBitSet>,
}

/// Gathers what may apply to `checked`.
#[must_use]
pub fn gather<'a>(rulebook: &'a Rulebook, checked: &Checked, purchase: &'a Purchase<'a>) -> Candidates<'a> {
    let marks: Vec<Option<Marks>> =
        checked.items.iter().map(|item| (!item.no_promotions).then(|| rulebook.marks(item))).collect();
    let shelf = Shelf { items: &checked.items, marks: &marks };
    let mut list = Vec::new();
    let mut refused = Vec::new();
    let mut look_at = |index: PromotionIndex, promotion: &'a Promotion, matchers: &PromotionMatchers| {
        let verdict = purchase.check(promotion).and_then(|()| shelf.lines(promotion, matchers));
        match verdict {
            Ok(Touched { on, measures, slots }) => {
                list.push(Candidate { index, promotion, on, measures, slots });
            }
            Err(why) => refused.push((index, why)),
        }
    };
    if purchase.is_explained() {
        for (index, promotion, matchers) in rulebook.with_matchers() {
            look_at(index, purchase.promotion(rulebook, index).unwrap_or(promotion), matchers);
        }
    } else {
        let pass = purchase.pass(rulebook);
        let mut near = rulebook.running(marks.iter().flatten(), purchase.now(), &pass);
        near.extend(purchase.asked(rulebook));
        near.sort_unstable();
        near.dedup();
        for index in near {
            if let (Some(promotion), Some(matchers)) =
                (purchase.promotion(rulebook, index), rulebook.matchers(index))
            {
                look_at(index, promotion, matchers);
            }
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

/// The lines that a promotion is about.
struct Touched {
    on: FixedBitSet,
    measures: FixedBitSet,
    slots: Vec<FixedBitSet>,
}

/// The lines of a basket with their marks; a line without marks takes part in nothing.
struct Shelf<'a> {
    items: &'a [Item<'a>],
    marks: &'a [Option<Marks>],
}

impl Shelf<'_> {
    /// The lines that a promotion touches, measures and fills its slots with.
    fn lines(&self, promotion: &Promotion, matchers: &PromotionMatchers) -> Result<Touched, Why> {
        let mut on = self.matched(&matchers.on);
        let slots: Vec<FixedBitSet> = matchers.slots.iter().map(|slot| self.matched(slot)).collect();
        if !slots.is_empty() {
            // The goods of a set are those of its slots.
            let mut filling = FixedBitSet::with_capacity(self.items.len());
            slots.iter().for_each(|slot| filling.union_with(slot));
            on.intersect_with(&filling);
        }
        if let Benefit::Prices(list) = &promotion.benefit {
            for (line, item) in self.items.iter().enumerate() {
                if !list.prices.contains_key(item.sku) {
                    on.remove(line);
                }
            }
        }
        // Of a set it is told which goods are missing, even when all are.
        if on.is_clear() && slots.is_empty() {
            return Err(self.none_of(&matchers.on));
        }
        for (place, (has, matcher)) in promotion.when.basket_has.iter().zip(&matchers.has).enumerate() {
            let lines = self.matched(matcher);
            if let Some(missing) = lacks(has.least, lines.ones().filter_map(|line| self.items.get(line))) {
                return Err(Why::BasketLacks(Lacks { place, missing }));
            }
        }
        self.has_pieces(promotion, &on, &slots)?;
        if on.is_clear() {
            return Err(self.none_of(&matchers.on));
        }
        Ok(Touched { on, measures: self.matched(&matchers.spend), slots })
    }

    /// Whether the basket has the pieces for one set, or for the lowest tier by quantity.
    fn has_pieces(&self, promotion: &Promotion, on: &FixedBitSet, slots: &[FixedBitSet]) -> Result<(), Why> {
        let most = promotion.limits.units.unwrap_or(u32::MAX);
        match &promotion.benefit {
            Benefit::Set(set) => {
                let needs = needs(&set.slots);
                let pools = self.pools(slots);
                let pieces: u64 = needs.iter().map(|need| u64::from(need.quantity)).sum();
                let is_whole = may_fit(&needs, &pools) && pieces <= u64::from(most);
                if is_whole { Ok(()) } else { Err(set_missing(&needs, &pools)) }
            }
            // What a gift lacks of its set is told when the basket is priced; only one without any of its goods waits for nothing.
            Benefit::Gift(gift) if on.is_clear() && !slots.is_empty() => {
                Err(set_missing(&needs(&gift.slots), &self.pools(slots)))
            }
            Benefit::Quantity { tiers, count, .. } => {
                let lowest = tiers.iter().map(|tier| tier.from).min().unwrap_or_default();
                let (sku, has) = self.pieces(on, *count);
                let pieces = lowest.saturating_sub(has);
                let is_enough = pieces == 0 && lowest <= most;
                let sku = sku.map(str::to_owned);
                if is_enough { Ok(()) } else { Err(Why::QuantityMissing { pieces, sku }) }
            }
            _ => Ok(()),
        }
    }

    /// The pieces of the lines: of all, or with its name of the SKU that has most, the earliest of equals.
    fn pieces(&self, on: &FixedBitSet, count: Count) -> (Option<&str>, u32) {
        let items = || on.ones().filter_map(|line| self.items.get(line));
        if count == Count::Together {
            return (None, items().fold(0, |sum, item| sum.saturating_add(item.quantity)));
        }
        let mut by_sku: BTreeMap<&str, (u32, Reverse<usize>)> = BTreeMap::new();
        for (place, item) in items().enumerate() {
            let (pieces, _) = by_sku.entry(item.sku).or_insert((0, Reverse(place)));
            *pieces = pieces.saturating_add(item.quantity);
        }
        let most = by_sku.into_iter().max_by_key(|&(_, key)| key);
        most.map_or((None, 0), |(sku, (pieces, _))| (Some(sku), pieces))
    }

    /// The pieces that may fill slots.
    fn pools(&self, slots: &[FixedBitSet]) -> Vec<Pool<'_>> {
        let pools = self.items.iter().enumerate().map(|(line, item)| {
            let fits = slots.iter().enumerate().filter(|(_, lines)| lines.contains(line));
            Pool { sku: item.sku, slots: fits.map(|(slot, _)| slot).collect(), count: item.quantity }
        });
        pools.filter(|pool| !pool.slots.is_empty()).collect()
    }

    /// Why no goods are meant: there are none, or all that would be are excepted.
    fn none_of(&self, matcher: &Matcher) -> Why {
        let is_excepted = |marks: &Marks| matcher.excepts(marks);
        if self.marks.iter().flatten().any(is_excepted) { Why::Excepted } else { Why::NoSuchGoods }
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

fn needs(slots: &[Slot]) -> Vec<Need> {
    slots.iter().map(|slot| Need { quantity: slot.quantity, same_sku: slot.same_sku }).collect()
}

fn set_missing(needs: &[Need], pools: &[Pool<'_>]) -> Why {
    let lacks = lacking(needs, pools, 1).into_iter().enumerate();
    let lacks = lacks.filter(|(_, quantity)| *quantity > 0);
    let lacks: Vec<Missing> = lacks.map(|(slot, quantity)| Missing { slot, quantity }).collect();
    Why::SetMissing { lacks, or: Vec::new() }
}
