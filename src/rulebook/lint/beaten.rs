//! A promotion than which another one always takes off at least as much.
//!
//! What is proven of a pair: wherever a piece could carry the one promotion, it could carry the other instead, and would cost no
//! more. Both carry alone: neither stacks with anything. A piece that carries a promotion alone starts at its list price `p`, and
//! no promotion takes it below its floor `f`, which is the same for both: each takes `min(raw, p − f)`. So it is enough that the
//! better one's raw reduction is never below the other's, whatever the price, the rounding and the floors.
//!
//! It stays a warning: less off may be what keeps a sum of `spend` reached that is worth more.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::goods::{folded, is_within, upwards};
use super::placed::{Placed, promotions};
use crate::catalog::Selector;
use crate::money::{Amount, Rounding};
use crate::promotion::{Benefit, Conditions, Limits, Promotion, SetBenefit, SpendBenefit, Stacking, UnitCut};
use crate::rulebook::diagnostic::finding::Finding;
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::read::file::Reading;

/// Promotions with one word in common that are compared pair by pair: ten thousand promotions make fifty million pairs.
const ALIKE_MAX: usize = 40;

/// A promotion in the form in which it is compared.
struct Offer<'r> {
    placed: Placed<'r, Promotion>,
    /// What it takes off at most, each part off a piece of these goods.
    parts: Vec<(Cow<'r, Selector>, Off)>,
    /// Whether it takes the first part off every piece of those goods, whenever its conditions hold.
    is_plain: bool,
}

/// What is taken off.
#[derive(Debug, Clone, Copy)]
enum Off {
    /// Each piece, at most.
    Piece(UnitCut),
    /// The basket, once.
    Basket(Amount),
}

/// Adds a finding for every promotion that another one always beats.
pub fn beaten<'r>(readings: &[&'r Reading<'r>], found: &mut Vec<Diagnostic>) {
    let all = promotions(readings);
    let offers: Vec<Offer<'_>> = all.iter().filter_map(|&placed| Offer::of(placed)).collect();
    // A gift, a delivery or points that ask what a piece carries may accept the one and not the other.
    let askers: Vec<&Promotion> = all
        .iter()
        .map(|(_, ruled)| &ruled.item)
        .filter(|item| !item.is_price_promotion() && matches!(item.stacks_with, Stacking::With(_)))
        .collect();
    let mut rivals = Rivals::default();
    for (place, offer) in offers.iter().enumerate().filter(|(_, offer)| offer.is_plain) {
        rivals.add(place, offer);
    }
    for (place, worse) in offers.iter().enumerate() {
        let better = rivals.of(worse).into_iter().filter(|&other| other != place).find(|&other| {
            offers.get(other).is_some_and(|better| {
                // Of two that are alike the later one is told.
                better.beats(worse)
                    && (other < place || !(worse.is_plain && worse.beats(better)))
                    && askers.iter().all(|asker| {
                        !asker.accepts(&worse.placed.1.item) || asker.accepts(&better.placed.1.item)
                    })
            })
        });
        if let Some(better) = better.and_then(|better| offers.get(better)) {
            let ((page, ruled), (other_page, other)) = (worse.placed, better.placed);
            let finding = Finding::AlwaysBeaten { id: ruled.item.id.clone(), by: other.item.id.clone() };
            let also = Some(other_page.place(other.id_at));
            found.push(page.diagnostic(ruled.id_at, finding).with_also(other_page.path, also));
        }
    }
}

impl<'r> Offer<'r> {
    fn of(placed: Placed<'r, Promotion>) -> Option<Self> {
        let item = &placed.1.item;
        let is_alone = match &item.stacks_with {
            Stacking::Unsaid => true,
            Stacking::All => false,
            Stacking::With(names) => names.is_empty(),
        };
        if !is_alone {
            return None;
        }
        let parts = parts(item).filter(|parts| !parts.is_empty())?;
        let max_discount = match &item.benefit {
            Benefit::Units(units) => Some(units.max_discount),
            Benefit::Basket(basket) => Some(basket.max_discount),
            _ => None,
        };
        let is_plain = max_discount == Some(None) && item.limits == Limits::default();
        Some(Offer { placed, parts, is_plain })
    }

    /// Whether this plain promotion takes off at least as much wherever the other takes anything off.
    fn beats(&self, other: &Offer<'_>) -> bool {
        let (better, worse) = (&self.placed.1.item, &other.placed.1.item);
        // Two with one id are an error already. On a higher level the better one is even served first.
        better.id != worse.id
            && better.level >= worse.level
            && is_wider(&better.when, &worse.when)
            && self.parts.first().is_some_and(|(on, more)| {
                other.parts.iter().all(|(narrow, less)| match (more, less) {
                    (Off::Piece(more), Off::Piece(less)) => {
                        covers(*more, *less, narrow) && is_within(narrow, on)
                    }
                    // On wider goods it could be kept off by another basket amount that does not stack.
                    (Off::Basket(more), Off::Basket(less)) => {
                        more >= less && is_within(narrow, on) && is_within(on, narrow)
                    }
                    _ => false,
                })
            })
    }
}

/// What a promotion takes off at most, and off which goods; nothing when that cannot be said of single pieces.
///
/// - Tiers, by quantity or by spend: every piece gets one of them, so each tier must be covered.
/// - `cheapest`: no piece gets more than the percentage. Less than that does not cover it, although it is spread over more
///   pieces: where a cap protects the dear one, the cheap one gets all of it.
/// - `amount` of a set: with a raw reduction of at least that amount off *every* piece, either one piece has that much above
///   its floor, or all pieces come down to their floors; the set cannot take more in either case.
/// - `price` of a set is not provable: what a floor holds back of it goes to the other pieces.
fn parts(item: &Promotion) -> Option<Vec<(Cow<'_, Selector>, Off)>> {
    let on = folded(&item.on);
    Some(match &item.benefit {
        Benefit::Units(units) => vec![(on, Off::Piece(units.cut))],
        Benefit::Basket(basket) => vec![(on, Off::Basket(basket.amount))],
        Benefit::Quantity { tiers, .. } => {
            tiers.iter().map(|tier| (on.clone(), Off::Piece(tier.cut))).collect()
        }
        Benefit::Spend { tiers, .. } => tiers
            .iter()
            .map(|tier| match tier.give {
                SpendBenefit::Units(cut) => Some((on.clone(), Off::Piece(cut))),
                SpendBenefit::Basket(_) => None,
            })
            .collect::<Option<_>>()?,
        Benefit::Set(set) => {
            let whole = match set.benefit {
                SetBenefit::Percent(rate, base) => Some(UnitCut::Percent(rate, base)),
                SetBenefit::Cheapest { percent, .. } => {
                    Some(UnitCut::Percent(percent, crate::promotion::Base::List))
                }
                SetBenefit::Amount(amount) => Some(UnitCut::Amount(amount)),
                SetBenefit::Price(_) => return None,
                SetBenefit::BySlot => None,
            };
            let cuts = set.slots.iter().filter_map(|slot| Some((&slot.on, whole.or(slot.cut)?)));
            cuts.map(|(on, cut)| (folded(on), Off::Piece(cut))).collect()
        }
        Benefit::Prices(_) | Benefit::Gift(_) | Benefit::Delivery(_) | Benefit::Points(_) => return None,
    })
}

/// Whether `more` takes at least as much as `less` off every piece of the goods, by their prices as far as `on` bounds them.
///
/// Every rounding lies between rounding down and rounding up, and never falls as the price or the rate rises. So two of a kind
/// compare by their numbers. Of two kinds one is rounded against `more` and compared at the end of the bounds from which the
/// difference only grows: `p − ⌈p × rate⌉` and `p − ⌊p × rate⌋` never fall as `p` rises.
fn covers(more: UnitCut, less: UnitCut, on: &Selector) -> bool {
    let least = on.facets.price_at_least.unwrap_or_default();
    let most = on.facets.price_below.map(|below| Amount::from_minor(below.minor().saturating_sub(1)));
    let up_to = |holds: &dyn Fn(Amount) -> bool| most.is_some_and(holds);
    match (more, less) {
        (UnitCut::Percent(more, _), UnitCut::Percent(less, _)) => more >= less,
        (UnitCut::Amount(more), UnitCut::Amount(less)) => more >= less,
        (UnitCut::Price(more), UnitCut::Price(less)) => more <= less,
        (UnitCut::Percent(more, _), UnitCut::Amount(less)) => more.of(least, Rounding::Down) >= less,
        (UnitCut::Price(more), UnitCut::Amount(less)) => least.above(more) >= less,
        // The price that is left by the percentage is nowhere below the fixed price.
        (UnitCut::Price(more), UnitCut::Percent(less, _)) => least.above(less.of_up(least)) >= more,
        (UnitCut::Amount(more), UnitCut::Percent(less, _)) => up_to(&|most| less.of_up(most) <= more),
        (UnitCut::Amount(more), UnitCut::Price(less)) => up_to(&|most| most.above(less) <= more),
        (UnitCut::Percent(more, _), UnitCut::Price(less)) => {
            up_to(&|most| most.above(more.of(most, Rounding::Down)) <= less)
        }
    }
}

/// Whether `wide` holds whenever `narrow` does.
fn is_wider(wide: &Conditions, narrow: &Conditions) -> bool {
    let window = wide.window.from.is_none_or(|from| narrow.window.from.is_some_and(|other| from <= other))
        && wide.window.until.is_none_or(|until| narrow.window.until.is_some_and(|other| other <= until));
    let list = |wide: &[String], narrow: &[String]| {
        wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|word| wide.contains(word)))
    };
    window
        && clock_is_wider(wide, narrow)
        && list(&wide.channels, &narrow.channels)
        && list(&wide.stores, &narrow.stores)
        && list(&wide.segments, &narrow.segments)
        && list(&wide.tiers, &narrow.tiers)
        && list(&wide.payment, &narrow.payment)
        && list(&wide.delivery, &narrow.delivery)
        && (wide.birthday.is_none() || wide.birthday == narrow.birthday)
        && wide.customer.iter().all(|asked| narrow.customer.contains(asked))
        && (wide.code.is_none() || wide.code == narrow.code)
        && wide.basket_has.iter().all(|asked| narrow.basket_has.contains(asked))
}

/// The same of weekdays and hours. The part of a night after midnight belongs to the day on which it began, so a Friday
/// without hours does not hold all of a Friday's night.
fn clock_is_wider(wide: &Conditions, narrow: &Conditions) -> bool {
    let days = wide.weekdays.is_none_or(|many| {
        narrow.weekdays.is_some_and(|few| (0..7).all(|day| !few.contains(day) || many.contains(day)))
    });
    let hours = if wide.hours.is_empty() {
        wide.weekdays.is_none() || narrow.hours.iter().all(|hours| hours.from < hours.until)
    } else {
        !narrow.hours.is_empty() && narrow.hours.iter().all(|hours| wide.hours.contains(hours))
    };
    days && hours
}

/// What a word names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Brand,
    Category,
    Sku,
    Tag,
}

/// Plain promotions by a word that all goods of theirs have: one that covers others asks for no words that those do not.
#[derive(Default)]
struct Rivals<'o> {
    by_word: FxHashMap<(Kind, &'o str), Vec<usize>>,
    wide: Vec<usize>,
}

impl<'o> Rivals<'o> {
    fn add(&mut self, place: usize, offer: &'o Offer<'_>) {
        let Some(facets) = offer.parts.first().map(|(on, _)| &on.facets) else {
            return;
        };
        let asked = [
            (Kind::Brand, &facets.brands),
            (Kind::Category, &facets.categories),
            (Kind::Sku, &facets.skus),
            (Kind::Tag, &facets.tags),
        ];
        match asked.into_iter().find(|(_, words)| !words.is_empty()) {
            None => push(&mut self.wide, place),
            Some((kind, words)) => {
                for word in words {
                    push(self.by_word.entry((kind, word)).or_default(), place);
                }
            }
        }
    }

    /// Those that may cover the first part of an offer.
    fn of(&self, offer: &Offer<'_>) -> Vec<usize> {
        let Some(facets) = offer.parts.first().map(|(on, _)| &on.facets) else {
            return Vec::new();
        };
        let paths = facets.categories.first().into_iter().flat_map(|path| upwards(path));
        let words = facets.brands.first().map(|word| (Kind::Brand, word.as_str())).into_iter();
        let words = words.chain(paths.map(|path| (Kind::Category, path)));
        let words = words.chain(facets.skus.first().map(|word| (Kind::Sku, word.as_str())));
        let words = words.chain(facets.tags.first().map(|word| (Kind::Tag, word.as_str())));
        let lists = words.filter_map(|(kind, word)| self.by_word.get(&(kind, word)));
        lists.chain([&self.wide]).flatten().copied().collect()
    }
}

fn push(list: &mut Vec<usize>, place: usize) {
    if list.len() < ALIKE_MAX {
        list.push(place);
    }
}
