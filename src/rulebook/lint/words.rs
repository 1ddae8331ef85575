//! Words of rule files that the catalogue does not have.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Product;
use crate::catalog::word::{fold, fold_path};
use crate::rulebook::diagnostic::finding::{Finding, Noun};
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::read::file::Reading;
use crate::rulebook::read::goods::Mention;
use crate::rulebook::text::number::shorten;
use crate::rulebook::text::suggest::nearest;

/// Words that get a suggestion: each is compared with every word of the catalogue.
const SUGGESTED_MAX: usize = 50;

/// Every word that the goods of a catalogue have, folded, with the spelling to suggest.
struct Words {
    skus: BTreeSet<String>,
    brands: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    categories: BTreeMap<String, String>,
}

impl Words {
    fn of(products: &[&Product]) -> Self {
        let mut words = Words {
            skus: BTreeSet::new(),
            brands: BTreeMap::new(),
            tags: BTreeMap::new(),
            categories: BTreeMap::new(),
        };
        // Goods repeat their brands and paths: the spelling that was seen already needs no folding.
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for product in products {
            words.skus.insert(product.sku.clone());
            if seen.insert(&product.brand) {
                words.brands.insert(fold(&product.brand), product.brand.clone());
            }
            for tag in &product.tags {
                words.tags.entry(fold(tag)).or_insert_with(|| tag.clone());
            }
            for path in &product.categories {
                let mut folded = fold_path(path);
                while !folded.is_empty() && !words.categories.contains_key(&folded) {
                    words.categories.insert(folded.clone(), folded.clone());
                    folded.truncate(folded.rfind('/').unwrap_or(0));
                }
            }
        }
        words
    }

    fn finding(&self, mention: &Mention, suggested: &mut usize) -> Option<Finding> {
        let Some(noun) = mention.noun else {
            let is_known = self.skus.contains(&mention.word);
            return (!is_known).then(|| Finding::SkuNotInCatalog(shorten(&mention.word)));
        };
        let (known, folded) = match noun {
            Noun::Brand => (&self.brands, fold(&mention.word)),
            Noun::Tag => (&self.tags, fold(&mention.word)),
            _ => (&self.categories, fold_path(&mention.word)),
        };
        if known.contains_key(&folded) {
            return None;
        }
        *suggested += 1;
        let suggestion = if *suggested <= SUGGESTED_MAX {
            nearest(&mention.word, known.values().map(String::as_str))
        } else {
            None
        };
        Some(Finding::WordNotInCatalog { noun, word: shorten(&mention.word), suggestion })
    }
}

/// Adds a finding for every word that no product has.
pub fn mentions(readings: &[&Reading<'_>], products: &[&Product], found: &mut Vec<Diagnostic>) {
    let words = Words::of(products);
    let mut suggested = 0;
    for reading in readings {
        let Some(page) = &reading.page else {
            continue;
        };
        let missing =
            reading.rules.mentions.iter().filter_map(|mention| {
                Some(page.diagnostic(mention.at, words.finding(mention, &mut suggested)?))
            });
        found.extend(missing);
    }
}
