//! Goods that fit both a slot with a benefit and one without: the search then reduces the dearer piece, and the marketer meant
//! the cheaper one.

use std::borrow::Cow;

use super::goods::{folded, may_meet};
use super::placed::{Placed, promotions};
use crate::catalog::{Product, Selector};
use crate::promotion::{Benefit, Promotion, SetBenefit, UnitCut};
use crate::rulebook::diagnostic::finding::Finding;
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::matcher::{Matcher, Words};
use crate::rulebook::read::file::Reading;

/// Pairs of slots that are held against a whole catalogue.
const PAIRS_MAX: usize = 100;

/// Two slots of a promotion that may share goods.
struct Pair<'r> {
    placed: Placed<'r, Promotion>,
    /// The place of the slot with a benefit, and its goods.
    with: (usize, &'r Selector),
    /// The same of the slot without.
    without: (usize, &'r Selector),
}

/// Adds a finding for every slot with a benefit that shares goods with one without: some product, where there is a catalogue.
pub fn overlapping<'r>(
    readings: &[&'r Reading<'r>],
    catalog: Option<&[&Product]>,
    found: &mut Vec<Diagnostic>,
) {
    let mut pairs: Vec<Pair<'_>> = promotions(readings).into_iter().flat_map(pairs).collect();
    if let Some(products) = catalog {
        pairs.truncate(PAIRS_MAX);
        pairs = sharing(pairs, products);
    }
    let mut told = None;
    for Pair { placed: (page, ruled), with, without } in pairs {
        let (at, also) = (ruled.slots_at.get(with.0), ruled.slots_at.get(without.0));
        if let (Some(&at), Some(&also)) = (at, also)
            && told != Some((page.path, at))
        {
            told = Some((page.path, at));
            let also = Some(page.place(also));
            found.push(page.diagnostic(at, Finding::SlotsOverlap).with_also(page.path, also));
        }
    }
}

/// The pairs of one promotion. An amount off is the same off either piece, and with `assign: retailer` the cheaper one gets it.
fn pairs<'r>(placed: Placed<'r, Promotion>) -> Vec<Pair<'r>> {
    let Benefit::Set(set) = &placed.1.item.benefit else {
        return Vec::new();
    };
    if !matches!(set.benefit, SetBenefit::BySlot) || set.retailer_assigns {
        return Vec::new();
    }
    let slots: Vec<(usize, Cow<'_, Selector>)> =
        set.slots.iter().map(|slot| folded(&slot.on)).enumerate().collect();
    let mut pairs = Vec::new();
    for ((place, goods), slot) in slots.iter().zip(&set.slots) {
        if !matches!(slot.cut, Some(UnitCut::Percent(..) | UnitCut::Price(_))) {
            continue;
        }
        for ((other, other_goods), plain) in slots.iter().zip(&set.slots) {
            if plain.cut.is_none() && may_meet(goods, other_goods) {
                pairs.push(Pair { placed, with: (*place, &slot.on), without: (*other, &plain.on) });
            }
        }
    }
    pairs
}

/// Those of which some product fits both.
fn sharing<'r>(pairs: Vec<Pair<'r>>, products: &[&Product]) -> Vec<Pair<'r>> {
    if pairs.is_empty() {
        return pairs;
    }
    let mut words = Words::default();
    let matchers: Vec<(Matcher, Matcher)> =
        pairs.iter().map(|pair| (words.matcher(pair.with.1), words.matcher(pair.without.1))).collect();
    let mut shares = vec![false; pairs.len()];
    for product in products {
        let marks = words.marks(&product.goods());
        for (shares, (with, without)) in shares.iter_mut().zip(&matchers) {
            *shares = *shares || (with.matches(&marks) && without.matches(&marks));
        }
    }
    pairs.into_iter().zip(shares).filter_map(|(pair, shares)| shares.then_some(pair)).collect()
}
