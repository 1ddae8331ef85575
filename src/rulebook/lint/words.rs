//! Words of rule files that the catalogue does not have.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::catalog::Product;
use crate::catalog::word::{fold, fold_path, folded, folded_path};
use crate::rulebook::diagnostic::finding::{Finding, Noun};
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::read::file::Reading;
use crate::rulebook::read::goods::Mention;
use crate::rulebook::text::number::shorten;
use crate::rulebook::text::suggest::nearest;

/// Words that get a suggestion: each is compared with every word of the catalogue.
const SUGGESTED_MAX: usize = 50;

/// Every word that the goods of a catalogue have, folded, with the spelling to suggest.
struct Words<'r> {
    /// The SKUs that rules name and no product has: rules name fewer than there are goods.
    unknown_skus: FxHashSet<&'r str>,
    brands: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    categories: BTreeMap<String, String>,
}

impl<'r> Words<'r> {
    fn of(products: &[&Product], mentions: impl Iterator<Item = &'r Mention>) -> Self {
        let skus = mentions.filter(|mention| mention.noun.is_none()).map(|mention| mention.word.as_str());
        let mut words = Words {
            unknown_skus: skus.collect(),
            brands: BTreeMap::new(),
            tags: BTreeMap::new(),
            categories: BTreeMap::new(),
        };
        // Goods share their brands and lists: what was looked at already needs no folding.
        let (mut brands, mut lists) = (FxHashSet::default(), FxHashSet::default());
        let mut spellings: FxHashSet<&str> = FxHashSet::default();
        for product in products {
            words.unknown_skus.remove(product.sku.as_str());
            // Goods of two files may have one spelling twice.
            if brands.insert(Arc::as_ptr(&product.brand)) && spellings.insert(&product.brand) {
                words.brands.insert(fold(&product.brand), product.brand.to_string());
            }
            if lists.insert(Arc::as_ptr(&product.tags)) {
                for tag in product.tags.iter() {
                    words.tags.entry(fold(tag)).or_insert_with(|| tag.clone());
                }
            }
            if lists.insert(Arc::as_ptr(&product.categories)) {
                product.categories.iter().for_each(|path| words.add_path(path));
            }
        }
        words
    }

    /// A path and everything above it.
    fn add_path(&mut self, path: &str) {
        let mut folded = fold_path(path);
        while !folded.is_empty() && !self.categories.contains_key(&folded) {
            self.categories.insert(folded.clone(), folded.clone());
            folded.truncate(folded.rfind('/').unwrap_or(0));
        }
    }

    fn finding(&self, mention: &Mention, suggested: &mut usize) -> Option<Finding> {
        let Some(noun) = mention.noun else {
            let is_unknown = self.unknown_skus.contains(mention.word.as_str());
            return is_unknown.then(|| Finding::SkuNotInCatalog(shorten(&mention.word)));
        };
        let (known, folded) = match noun {
            Noun::Brand => (&self.brands, folded(&mention.word)),
            Noun::Tag => (&self.tags, folded(&mention.word)),
            _ => (&self.categories, folded_path(&mention.word)),
        };
        if known.contains_key(folded.as_ref()) {
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
    let words = Words::of(products, readings.iter().flat_map(|reading| &reading.rules.mentions));
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
