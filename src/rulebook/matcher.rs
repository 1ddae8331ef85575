//! Selectors as sorted numbers: every word of the rule files has one, and a line's words are looked up once.
//!
//! The meaning is that of `catalog::Selector`, which stays the definition; `pricing::verify` asks that one.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::catalog::selector::Facets;
use crate::catalog::word::{folded, folded_path};
use crate::catalog::{Catalog, Goods, Product, Selector};
use crate::money::Amount;

/// The words of one facet, numbered in the order in which they were met.
#[derive(Debug, Clone, Default)]
struct Numbers(FxHashMap<String, u32>);

impl Numbers {
    fn intern(&mut self, word: Cow<'_, str>) -> u32 {
        if let Some(number) = self.get(&word) {
            return number;
        }
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(word.into_owned(), next);
        next
    }

    fn get(&self, word: &str) -> Option<u32> {
        self.0.get(word).copied()
    }
}

/// All words that selectors of a rulebook use.
#[derive(Debug, Clone, Default)]
pub struct Words {
    brands: Numbers,
    categories: Numbers,
    skus: Numbers,
    tags: Numbers,
}

/// The facets of words, those that tell most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    Sku,
    Brand,
    Category,
    Tag,
}

impl Facet {
    pub(super) const ALL: [Facet; 4] = [Facet::Sku, Facet::Brand, Facet::Category, Facet::Tag];

    pub(super) fn place(self) -> usize {
        match self {
            Facet::Sku => 0,
            Facet::Brand => 1,
            Facet::Category => 2,
            Facet::Tag => 3,
        }
    }
}

/// Numbers of one product.
type Few = SmallVec<[u32; 4]>;

/// What a line shows to selectors, as numbers. Words that no selector uses are left out.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    brand: Option<u32>,
    sku: Option<u32>,
    // The category paths and everything above them.
    categories: Few,
    tags: Few,
    list_price: Amount,
}

/// A selector as numbers.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    facets: Numbered,
    except: Numbered,
}

/// The selectors of one promotion.
#[derive(Debug, Clone, Default)]
pub struct PromotionMatchers {
    /// The goods that the benefit touches.
    pub on: Matcher,
    /// The goods that its spend measures.
    pub spend: Matcher,
    /// One for each entry of `basket_has`.
    pub has: Vec<Matcher>,
    /// One for each slot of a set.
    pub slots: Vec<Matcher>,
}

#[derive(Debug, Clone, Default)]
struct Numbered {
    // INVARIANT: each sorted.
    brands: Vec<u32>,
    categories: Vec<u32>,
    skus: Vec<u32>,
    tags: Vec<u32>,
    price_at_least: Option<Amount>,
    price_below: Option<Amount>,
}

impl Words {
    /// The matcher of a selector; its words are numbered as they come.
    pub fn matcher(&mut self, selector: &Selector) -> Matcher {
        Matcher { facets: self.numbered(&selector.facets), except: self.numbered(&selector.except) }
    }

    fn numbered(&mut self, facets: &Facets) -> Numbered {
        Numbered {
            brands: sorted(facets.brands.iter().map(|word| self.brands.intern(folded(word)))),
            categories: sorted(
                facets.categories.iter().map(|path| self.categories.intern(folded_path(path))),
            ),
            skus: sorted(facets.skus.iter().map(|sku| self.skus.intern(Cow::Borrowed(sku)))),
            tags: sorted(facets.tags.iter().map(|word| self.tags.intern(folded(word)))),
            price_at_least: facets.price_at_least,
            price_below: facets.price_below,
        }
    }

    /// The number of a SKU.
    pub(super) fn sku(&mut self, sku: &str) -> u32 {
        self.skus.intern(Cow::Borrowed(sku))
    }

    /// What goods show to the matchers of this rulebook.
    #[must_use]
    pub fn marks(&self, goods: &Goods<'_>) -> Marks {
        Marks {
            brand: self.brands.get(&folded(goods.brand)),
            sku: self.skus.get(goods.sku),
            categories: self.paths(goods.categories),
            tags: self.marked(goods.tags),
            list_price: goods.list_price,
        }
    }

    /// The same of every product. Goods share their brands and lists: what was looked up already is not looked up again.
    pub(super) fn marks_of(&self, catalog: &Catalog) -> Vec<Marks> {
        let mut brands = FxHashMap::default();
        let (mut paths, mut tags) = (FxHashMap::default(), FxHashMap::default());
        let one = |product: &Product| {
            let paths = paths.entry(Arc::as_ptr(&product.categories));
            let tags = tags.entry(Arc::as_ptr(&product.tags));
            let paths = paths.or_insert_with(|| self.paths(&product.categories));
            let tags = tags.or_insert_with(|| self.marked(&product.tags));
            Marks {
                brand: *brands
                    .entry(Arc::as_ptr(&product.brand))
                    .or_insert_with(|| self.brands.get(&folded(&product.brand))),
                sku: None,
                // Not `clone`, which takes number by number.
                categories: Few::from_slice(paths),
                tags: Few::from_slice(tags),
                list_price: product.price.unwrap_or_default(),
            }
        };
        let mut marks: Vec<Marks> = catalog.products().iter().map(one).collect();
        // Rules name fewer SKUs than there are goods.
        for (sku, &number) in &self.skus.0 {
            if let Some(marks) = catalog.find(sku).and_then(|place| marks.get_mut(place)) {
                marks.sku = Some(number);
            }
        }
        marks
    }

    /// Category paths and everything above them.
    fn paths(&self, paths: &[String]) -> Few {
        let mut categories = Few::new();
        for path in paths {
            let path = folded_path(path);
            let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
            categories.extend(ends.filter_map(|end| self.categories.get(path.get(..end)?)));
        }
        categories
    }

    fn marked(&self, tags: &[String]) -> Few {
        tags.iter().filter_map(|tag| self.tags.get(&folded(tag))).collect()
    }
}

impl Marks {
    /// The same goods at another price.
    pub(super) fn at(&self, list_price: Amount) -> Self {
        Marks { list_price, ..self.clone() }
    }

    /// The words of a facet.
    pub(super) fn of(&self, facet: Facet) -> &[u32] {
        match facet {
            Facet::Sku => self.sku.as_slice(),
            Facet::Brand => self.brand.as_slice(),
            Facet::Category => &self.categories,
            Facet::Tag => &self.tags,
        }
    }
}

fn sorted(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn holds(list: &[u32], number: u32) -> bool {
    list.binary_search(&number).is_ok()
}

impl Matcher {
    /// The facet of words that tells most, with its words; nothing where no facet of words is set.
    pub(super) fn telling(&self) -> Option<(Facet, &[u32])> {
        let lists = [
            (Facet::Sku, &self.facets.skus),
            (Facet::Brand, &self.facets.brands),
            (Facet::Category, &self.facets.categories),
            (Facet::Tag, &self.facets.tags),
        ];
        lists.into_iter().find(|(_, list)| !list.is_empty()).map(|(facet, list)| (facet, list.as_slice()))
    }

    /// Whether the goods are meant.
    #[must_use]
    pub fn matches(&self, marks: &Marks) -> bool {
        self.facets.all(marks) && !self.except.any(marks)
    }

    /// Whether the goods would be meant if they were not excepted.
    #[must_use]
    pub fn excepts(&self, marks: &Marks) -> bool {
        self.facets.all(marks) && self.except.any(marks)
    }
}

impl Numbered {
    fn all(&self, marks: &Marks) -> bool {
        (self.brands.is_empty() || marks.brand.is_some_and(|brand| holds(&self.brands, brand)))
            && (self.categories.is_empty()
                || marks.categories.iter().any(|&path| holds(&self.categories, path)))
            && (self.skus.is_empty() || marks.sku.is_some_and(|sku| holds(&self.skus, sku)))
            && (self.tags.is_empty() || marks.tags.iter().any(|&tag| holds(&self.tags, tag)))
            && self.has_price(marks)
    }

    fn any(&self, marks: &Marks) -> bool {
        let priced = self.price_at_least.is_some() || self.price_below.is_some();
        marks.brand.is_some_and(|brand| holds(&self.brands, brand))
            || marks.categories.iter().any(|&path| holds(&self.categories, path))
            || marks.sku.is_some_and(|sku| holds(&self.skus, sku))
            || marks.tags.iter().any(|&tag| holds(&self.tags, tag))
            || (priced && self.has_price(marks))
    }

    fn has_price(&self, marks: &Marks) -> bool {
        self.price_at_least.is_none_or(|least| least <= marks.list_price)
            && self.price_below.is_none_or(|below| marks.list_price < below)
    }
}
