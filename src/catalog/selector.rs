//! Which goods a promotion speaks of.

use super::word::{fold, fold_path};
use crate::money::Amount;

/// What a selector asks of one unit's goods.
#[derive(Debug, Clone, Copy)]
pub struct Goods<'a> {
    /// The stock-keeping unit.
    pub sku: &'a str,
    /// The brand; empty when unknown.
    pub brand: &'a str,
    /// Category paths.
    pub categories: &'a [String],
    /// Tags.
    pub tags: &'a [String],
    /// The list price of the unit.
    pub list_price: Amount,
}

/// Facets: inside one any entry may match, across facets all must. No facet at all means the whole assortment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    /// Brands.
    pub brands: Vec<String>,
    /// Category paths; an entry matches the path and everything below it.
    pub categories: Vec<String>,
    /// Stock-keeping units.
    pub skus: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// The lowest list price that matches.
    pub price_at_least: Option<Amount>,
    /// The first list price that is too high.
    pub price_below: Option<Amount>,
}

/// Goods that match every facet and none of the exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// What must match.
    pub facets: Facets,
    /// Goods that match **any** entry of these facets are out.
    pub except: Facets,
}

impl Selector {
    /// Whether the goods are meant.
    #[must_use]
    pub fn matches(&self, goods: &Goods<'_>) -> bool {
        self.facets.all(goods) && !self.except.any(goods)
    }
}

impl Facets {
    /// Whether no facet is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Facets::default()
    }

    fn all(&self, goods: &Goods<'_>) -> bool {
        (self.brands.is_empty() || self.has_brand(goods))
            && (self.categories.is_empty() || self.has_category(goods))
            && (self.skus.is_empty() || self.has_sku(goods))
            && (self.tags.is_empty() || self.has_tag(goods))
            && self.has_price(goods)
    }

    fn any(&self, goods: &Goods<'_>) -> bool {
        let priced = self.price_at_least.is_some() || self.price_below.is_some();
        self.has_brand(goods)
            || self.has_category(goods)
            || self.has_sku(goods)
            || self.has_tag(goods)
            || (priced && self.has_price(goods))
    }

    fn has_brand(&self, goods: &Goods<'_>) -> bool {
        self.brands.iter().any(|brand| fold(brand) == fold(goods.brand))
    }

    fn has_category(&self, goods: &Goods<'_>) -> bool {
        self.categories.iter().any(|entry| {
            let entry = fold_path(entry);
            goods.categories.iter().any(|path| is_at_or_below(&fold_path(path), &entry))
        })
    }

    fn has_sku(&self, goods: &Goods<'_>) -> bool {
        self.skus.iter().any(|sku| sku == goods.sku)
    }

    fn has_tag(&self, goods: &Goods<'_>) -> bool {
        self.tags.iter().any(|tag| goods.tags.iter().any(|mark| fold(mark) == fold(tag)))
    }

    fn has_price(&self, goods: &Goods<'_>) -> bool {
        self.price_at_least.is_none_or(|least| least <= goods.list_price)
            && self.price_below.is_none_or(|below| goods.list_price < below)
    }
}

/// Whether `path` is `entry` or lies below it; both folded.
#[must_use]
pub fn is_at_or_below(path: &str, entry: &str) -> bool {
    path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn any_inside_a_facet_all_across_them_and_exceptions_take_out() {
        let selector = Selector {
            facets: Facets {
                brands: words(&["Dior", "Rituals"]),
                categories: words(&["fragrance"]),
                ..Facets::default()
            },
            except: Facets { tags: words(&["sets"]), skus: words(&["X"]), ..Facets::default() },
        };
        let categories = words(&["Fragrance/Women"]);
        let other = words(&["fragrances"]);
        let sets = words(&["Sets"]);
        let base =
            Goods { sku: "A", brand: "DIOR", categories: &categories, tags: &[], list_price: Amount::ZERO };
        assert!(selector.matches(&base));
        assert!(!selector.matches(&Goods { brand: "Chanel", ..base }));
        assert!(!selector.matches(&Goods { categories: &other, ..base }));
        assert!(!selector.matches(&Goods { tags: &sets, ..base }));
        assert!(!selector.matches(&Goods { sku: "X", ..base }));
        assert!(Selector::default().matches(&base));
    }

    #[test]
    fn the_price_facet_is_on_the_list_price() {
        let cheap = Facets {
            price_at_least: Some(Amount::from_minor(10)),
            price_below: Some(Amount::from_minor(20)),
            ..Facets::default()
        };
        for (price, inside) in [(9, false), (10, true), (19, true), (20, false)] {
            let goods = Goods {
                sku: "",
                brand: "",
                categories: &[],
                tags: &[],
                list_price: Amount::from_minor(price),
            };
            assert_eq!(Selector { facets: cheap.clone(), except: Facets::default() }.matches(&goods), inside);
            assert_eq!(
                Selector { facets: Facets::default(), except: cheap.clone() }.matches(&goods),
                !inside
            );
        }
    }
}
