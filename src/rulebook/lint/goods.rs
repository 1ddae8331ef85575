//! What two selectors have to do with each other, as far as their words tell.

use std::borrow::Cow;

use crate::catalog::Selector;
use crate::catalog::selector::Facets;
use crate::catalog::word::{self, fold, fold_path};
use crate::money::Amount;
use crate::rulebook::read::goods::takes_out_all;

/// A selector with folded words in order, so that words are compared as they stand.
#[must_use]
pub fn folded(selector: &Selector) -> Cow<'_, Selector> {
    if is_folded(&selector.facets) && is_folded(&selector.except) {
        return Cow::Borrowed(selector);
    }
    let facets = |facets: &Facets| Facets {
        brands: in_order(facets.brands.iter().map(|word| fold(word))),
        categories: in_order(facets.categories.iter().map(|path| fold_path(path))),
        skus: in_order(facets.skus.iter().cloned()),
        tags: in_order(facets.tags.iter().map(|word| fold(word))),
        ..*facets
    };
    Cow::Owned(Selector { facets: facets(&selector.facets), except: facets(&selector.except) })
}

fn is_folded(facets: &Facets) -> bool {
    let is_word = |word: &String| word::folded(word) == *word;
    let is_path = |path: &String| word::folded_path(path) == *path;
    [&facets.brands, &facets.categories, &facets.skus, &facets.tags]
        .into_iter()
        .all(|list| list.is_sorted_by(|one, next| one < next))
        && facets.brands.iter().chain(&facets.tags).all(is_word)
        && facets.categories.iter().all(is_path)
}

fn in_order(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut words: Vec<String> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// A path and everything above it, the path first.
pub fn upwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(above, _)| above))
}

/// Whether goods that match `narrow` match `wide` too, for certain. Both are folded.
///
/// Each facet of `wide` must be asked for by `narrow` with no other words, for goods have one SKU and one brand, and one
/// category or tag out of the narrow list is one out of the wide list. Each exception of `wide` must be an exception of
/// `narrow` too, or be nothing that `narrow` chooses.
#[must_use]
pub fn is_within(narrow: &Selector, wide: &Selector) -> bool {
    let (few, many) = (&narrow.facets, &wide.facets);
    is_subset(&few.brands, &many.brands)
        && is_subset(&few.skus, &many.skus)
        && is_subset(&few.tags, &many.tags)
        && (many.categories.is_empty()
            || (!few.categories.is_empty()
                && few.categories.iter().all(|path| is_below(path, &many.categories))))
        && prices(few).is_within(prices(many))
        && is_excepted(narrow, &wide.except)
}

/// Whether nothing of `narrow` is among the exceptions `out`.
fn is_excepted(narrow: &Selector, out: &Facets) -> bool {
    let (chosen, except) = (&narrow.facets, &narrow.except);
    let never = |words: &[String], word: &String| !words.is_empty() && !holds(words, word);
    out.brands.iter().all(|brand| holds(&except.brands, brand) || never(&chosen.brands, brand))
        && out.skus.iter().all(|sku| holds(&except.skus, sku) || never(&chosen.skus, sku))
        && out.tags.iter().all(|tag| holds(&except.tags, tag))
        && out.categories.iter().all(|path| is_below(path, &except.categories))
        && (!is_priced(out)
            || (is_priced(except) && prices(out).is_within(prices(except)))
            || !prices(out).meets(prices(chosen)))
}

/// Whether goods could match both, as far as the words tell. Both are folded. Two categories of which none lies below the
/// other count as different goods: that goods have both is known from a catalogue only, and rare.
#[must_use]
pub fn may_meet(one: &Selector, other: &Selector) -> bool {
    let (left, right) = (&one.facets, &other.facets);
    let common = |left: &[String], right: &[String]| {
        left.is_empty() || right.is_empty() || left.iter().any(|word| holds(right, word))
    };
    let is_related = |path: &String| is_below(path, &right.categories);
    let related = left.categories.is_empty()
        || right.categories.is_empty()
        || left.categories.iter().any(is_related)
        || right.categories.iter().any(|path| is_below(path, &left.categories));
    common(&left.brands, &right.brands)
        && common(&left.skus, &right.skus)
        && related
        && prices(left).meets(prices(right))
        && !takes_out_all(left, &other.except)
        && !takes_out_all(right, &one.except)
}

fn holds(words: &[String], word: &String) -> bool {
    words.binary_search(word).is_ok()
}

fn is_subset(few: &[String], many: &[String]) -> bool {
    many.is_empty() || (!few.is_empty() && few.iter().all(|word| holds(many, word)))
}

fn is_below(path: &str, entries: &[String]) -> bool {
    upwards(path).any(|path| entries.binary_search_by(|entry| entry.as_str().cmp(path)).is_ok())
}

fn is_priced(facets: &Facets) -> bool {
    facets.price_at_least.is_some() || facets.price_below.is_some()
}

/// List prices from the first, up to the second without it.
#[derive(Debug, Clone, Copy)]
struct Prices(Amount, Option<Amount>);

fn prices(facets: &Facets) -> Prices {
    Prices(facets.price_at_least.unwrap_or_default(), facets.price_below)
}

impl Prices {
    fn is_within(self, wide: Prices) -> bool {
        wide.0 <= self.0 && wide.1.is_none_or(|below| self.1.is_some_and(|mine| mine <= below))
    }

    fn meets(self, other: Prices) -> bool {
        self.1.is_none_or(|below| other.0 < below) && other.1.is_none_or(|below| self.0 < below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::selector::Goods;

    /// All selectors out of few words, and all goods.
    fn facets(seed: &mut u64) -> Facets {
        let mut draw = |bound: u64| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*seed >> 33) % bound
        };
        let mut words = |all: &[&str]| -> Vec<String> {
            let wanted = draw(3) == 0;
            all.iter().filter(|_| wanted && draw(2) == 0).map(|&word| word.to_owned()).collect()
        };
        let (brands, categories) = (words(&["A", "b"]), words(&["x", "X/y", "z"]));
        let (skus, tags) = (words(&["1", "2"]), words(&["s", "T"]));
        let mut price =
            |bound: u64| (draw(4) == 0).then(|| Amount::from_minor(i64::try_from(draw(bound)).unwrap()));
        Facets { brands, categories, skus, tags, price_at_least: price(4), price_below: price(5) }
    }

    #[test]
    fn what_the_words_tell_is_true_of_all_goods() {
        let lists = |all: &[&[&str]]| -> Vec<Vec<String>> {
            all.iter().map(|list| list.iter().map(|&word| word.to_owned()).collect()).collect()
        };
        let many_categories = lists(&[&[], &["x"], &["x/y"], &["z"], &["x/y", "z"], &["x", "z"]]);
        let all_tags = lists(&[&[], &["s"], &["t"], &["s", "t"]]);
        let mut seed = 20_261_123;
        let (mut within, mut apart) = (0, 0);
        for _ in 0..40_000 {
            let one = Selector { facets: facets(&mut seed), except: facets(&mut seed) };
            let other = Selector { facets: facets(&mut seed), except: facets(&mut seed) };
            let (narrow, wide) = (folded(&one), folded(&other));
            let (is_within, may_meet) = (is_within(&narrow, &wide), may_meet(&narrow, &wide));
            if !is_within && may_meet {
                continue;
            }
            within += usize::from(is_within);
            apart += usize::from(!may_meet);
            for brand in ["a", "b", "c"] {
                for sku in ["1", "2", "3"] {
                    for (categories, tags) in
                        many_categories.iter().flat_map(|list| all_tags.iter().map(move |tags| (list, tags)))
                    {
                        for price in 0..5 {
                            let list_price = Amount::from_minor(price);
                            let goods = Goods { sku, brand, categories, tags, list_price };
                            let both = (one.matches(&goods), other.matches(&goods));
                            assert!(!is_within || both != (true, false), "{one:?} {other:?} {goods:?}");
                            let is_plain = categories.len() < 2;
                            assert!(
                                may_meet || !is_plain || both != (true, true),
                                "{one:?} {other:?} {goods:?}"
                            );
                        }
                    }
                }
            }
        }
        assert!(within > 300 && apart > 1_000, "{within} within, {apart} apart");
    }
}
