//! The rulebook: compiled, indexed, immutable.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::basket::Item;
use crate::catalog::{Catalog, Product, Selector};
use crate::money::Amount;
use crate::promotion::{Benefit, Cap, Code, Promotion, Slot, Spend};
use crate::rulebook::gates::{Gates, Pass};
use crate::rulebook::matcher::{Marks, Matcher, PromotionMatchers, Words};
use crate::rulebook::postings::Postings;
use crate::rulebook::settings::Settings;
use crate::rulebook::source::Digest;
use crate::time::Instant;

/// A promotion's place in its rulebook: promotions stand by id in byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromotionIndex(u32);

/// Every live promotion of a folder, ready to price by.
#[derive(Debug, Clone)]
pub struct Rulebook {
    settings: Settings,
    catalog: Catalog,
    // INVARIANT: by id in byte order, no id twice; `matchers` has one entry a promotion.
    promotions: Vec<Promotion>,
    matchers: Vec<PromotionMatchers>,
    // INVARIANT: `cap_matchers` has one entry a cap.
    caps: Vec<Cap>,
    cap_matchers: Vec<Matcher>,
    words: Words,
    // INVARIANT: one entry a product of the catalog.
    marks: Vec<Marks>,
    // INVARIANT: the places of the products that cost something, the cheapest first.
    shelf: Vec<usize>,
    postings: Postings,
    gates: Gates,
    digest: Digest,
    by_code: FxHashMap<String, Vec<PromotionIndex>>,
    by_pool: FxHashMap<String, Vec<PromotionIndex>>,
    // INVARIANT: the promotions that are limited beyond one basket, ascending.
    counted: Vec<PromotionIndex>,
}

impl Rulebook {
    /// Indexes what was read; of two promotions with one id the first stays.
    #[must_use]
    pub fn new(
        settings: Settings,
        catalog: Catalog,
        mut promotions: Vec<Promotion>,
        caps: Vec<Cap>,
        digest: Digest,
    ) -> Self {
        promotions.sort_by(|one, other| one.id.cmp(&other.id));
        promotions.dedup_by(|later, first| later.id == first.id);
        let mut words = Words::default();
        let matchers: Vec<PromotionMatchers> =
            promotions.iter().map(|promotion| matchers(&mut words, promotion)).collect();
        let cap_matchers = caps.iter().map(|cap| words.matcher(&cap.on)).collect();
        let mut by_code: FxHashMap<String, Vec<PromotionIndex>> = FxHashMap::default();
        let mut by_pool: FxHashMap<String, Vec<PromotionIndex>> = FxHashMap::default();
        let indexed = || (0..).map(PromotionIndex).zip(&promotions);
        for (index, promotion) in indexed() {
            match &promotion.when.code {
                Some(Code::Word(word)) => by_code.entry(word.clone()).or_default().push(index),
                Some(Code::Pool { pool, .. }) => by_pool.entry(pool.clone()).or_default().push(index),
                None => {}
            }
        }
        let counted = indexed().filter(|(_, promotion)| promotion.limits.are_counted());
        let counted = counted.map(|(index, _)| index).collect();
        let postings = Postings::of(&mut words, &promotions, &matchers);
        let gates = Gates::of(&promotions);
        let marks = words.marks_of(&catalog);
        let shelf = shelf(&catalog);
        Rulebook {
            settings,
            catalog,
            promotions,
            matchers,
            caps,
            cap_matchers,
            words,
            marks,
            shelf,
            postings,
            gates,
            digest,
            by_code,
            by_pool,
            counted,
        }
    }

    /// The promotions that are limited beyond one basket, by id in byte order.
    pub fn counted(&self) -> impl Iterator<Item = (PromotionIndex, &Promotion)> {
        self.counted.iter().filter_map(|&index| Some((index, self.promotion(index)?)))
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The catalogue.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The promotions, by id in byte order.
    #[must_use]
    pub fn promotions(&self) -> &[Promotion] {
        &self.promotions
    }

    /// The promotion at `index`; `None` for an index of another rulebook.
    #[must_use]
    pub fn promotion(&self, index: PromotionIndex) -> Option<&Promotion> {
        self.promotions.get(usize::try_from(index.0).ok()?)
    }

    /// Promotions with their places.
    pub fn indexed(&self) -> impl Iterator<Item = (PromotionIndex, &Promotion)> {
        (0..).map(PromotionIndex).zip(&self.promotions)
    }

    /// Promotions with their places and matchers.
    pub fn with_matchers(&self) -> impl Iterator<Item = (PromotionIndex, &Promotion, &PromotionMatchers)> {
        self.indexed().zip(&self.matchers).map(|((index, promotion), matchers)| (index, promotion, matchers))
    }

    /// The matchers of the promotion at `index`.
    #[must_use]
    pub fn matchers(&self, index: PromotionIndex) -> Option<&PromotionMatchers> {
        self.matchers.get(usize::try_from(index.0).ok()?)
    }

    /// The cheapest product of the catalogue that fits, the earliest of equals; nothing that costs nothing.
    pub fn cheapest(&self, fits: impl Fn(&Marks) -> bool) -> Option<(&Product, &Marks)> {
        let priced = self.shelf.iter().filter_map(|&place| Some((place, self.marks.get(place)?)));
        let (place, marks) = { priced }.find(|(_, marks)| fits(marks))?;
        Some((self.catalog.products().get(place)?, marks))
    }

    /// The place of the promotion with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<PromotionIndex> {
        let place = self.promotions.binary_search_by(|promotion| promotion.id.as_str().cmp(id)).ok()?;
        u32::try_from(place).ok().map(PromotionIndex)
    }

    /// The promotions that wait for a code, folded.
    #[must_use]
    pub fn waiting_for(&self, code: &str) -> &[PromotionIndex] {
        self.by_code.get(code).map_or(&[], Vec::as_slice)
    }

    /// The promotions that wait for a code of this pool.
    #[must_use]
    pub fn waiting_for_pool(&self, pool: &str) -> &[PromotionIndex] {
        self.by_pool.get(pool).map_or(&[], Vec::as_slice)
    }

    /// Whether a promotion waits for a generated code.
    #[must_use]
    pub fn has_pools(&self) -> bool {
        !self.by_pool.is_empty()
    }

    /// The caps.
    #[must_use]
    pub fn caps(&self) -> &[Cap] {
        &self.caps
    }

    /// The caps that protect goods with these marks.
    pub fn caps_on<'a>(&'a self, marks: &'a Marks) -> impl Iterator<Item = &'a Cap> {
        self.caps
            .iter()
            .zip(&self.cap_matchers)
            .filter(|(_, matcher)| matcher.matches(marks))
            .map(|(cap, _)| cap)
    }

    /// What a line shows to the matchers.
    #[must_use]
    pub fn marks(&self, item: &Item) -> Marks {
        let known = item.product.and_then(|place| self.marks.get(place));
        known.map_or_else(|| self.words.marks(&item.goods()), |marks| marks.at(item.list_price))
    }

    /// The promotions that run at `now`, are open to the channel and the store, and may be about goods with one of these marks, by place;
    /// what is left out applies to none of them.
    #[must_use]
    pub fn running<'m>(
        &self,
        marks: impl Iterator<Item = &'m Marks>,
        now: Instant,
        pass: &Pass,
    ) -> Vec<PromotionIndex> {
        let mut seen = FixedBitSet::with_capacity(self.promotions.len());
        let mut note = |promotion: u32| {
            if let Ok(place) = usize::try_from(promotion) {
                seen.insert(place);
            }
        };
        self.postings.always(now, &mut note);
        marks.for_each(|marks| self.postings.running(marks, now, &mut note));
        let seen = seen.ones().filter(|&place| self.gates.is_open(place, pass));
        seen.filter_map(|place| u32::try_from(place).ok()).map(PromotionIndex).collect()
    }

    /// What a channel and a store, folded, open.
    #[must_use]
    pub fn pass(&self, channel: Option<&str>, store: Option<&str>) -> Pass {
        self.gates.pass(channel, store)
    }

    /// The digest of the sources.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// The products that cost something in the order of their prices: they are looked at while a customer waits.
fn shelf(catalog: &Catalog) -> Vec<usize> {
    let costs = |product: &Product| product.price.filter(|price| !price.is_zero());
    let products = catalog.products().iter().enumerate();
    let mut priced: Vec<(Amount, usize)> =
        products.filter_map(|(place, product)| Some((costs(product)?, place))).collect();
    priced.sort_unstable();
    priced.into_iter().map(|(_, place)| place).collect()
}

fn matchers(words: &mut Words, promotion: &Promotion) -> PromotionMatchers {
    let on = words.matcher(&promotion.on);
    // Most promotions measure their own goods, if any.
    let spend = match spend_of(promotion).and_then(|spend| spend.on.as_ref()) {
        Some(measured) => words.matcher(measured),
        None => on.clone(),
    };
    PromotionMatchers {
        on,
        spend,
        has: promotion.when.basket_has.iter().map(|has| words.matcher(&has.on)).collect(),
        slots: slots_of(promotion).iter().map(|slot| words.matcher(&slot.on)).collect(),
    }
}

/// The slots of a set, of a price promotion or a gift; none for other kinds.
#[must_use]
pub fn slots_of(promotion: &Promotion) -> &[Slot] {
    match &promotion.benefit {
        Benefit::Set(set) => &set.slots,
        Benefit::Gift(gift) => &gift.slots,
        _ => &[],
    }
}

/// The goods that a promotion's spend measures: its own when the spend names none.
#[must_use]
pub fn measured_goods(promotion: &Promotion) -> &Selector {
    spend_of(promotion).and_then(|spend| spend.on.as_ref()).unwrap_or(&promotion.on)
}

/// The spend of a promotion, whatever it gives.
#[must_use]
pub fn spend_of(promotion: &Promotion) -> Option<&Spend> {
    match &promotion.benefit {
        Benefit::Spend { spend, .. } => Some(spend),
        Benefit::Gift(gift) => gift.spend.as_ref().map(|(spend, _)| spend),
        Benefit::Delivery(delivery) => delivery.spend.as_ref().map(|(spend, _)| spend),
        Benefit::Points(points) => points.spend.as_ref().map(|(spend, _)| spend),
        Benefit::Units(_)
        | Benefit::Prices(_)
        | Benefit::Quantity { .. }
        | Benefit::Set(_)
        | Benefit::Basket(_) => None,
    }
}
