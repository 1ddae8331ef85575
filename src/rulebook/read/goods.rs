//! Selectors from their trees.

use crate::catalog::Selector;
use crate::catalog::selector::{Facets, is_at_or_below};
use crate::catalog::word::{fold, fold_path};
use crate::rulebook::diagnostic::finding::{Finding, Never, Noun};
use crate::rulebook::read::reader::{Fields, Reader};
use crate::rulebook::read::vocabulary::{EXCEPT, PRICE, SELECTOR};
use crate::rulebook::text::syntax::Node;

use crate::rulebook::text::page::At;

/// A word of a selector that the catalogue may or may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What it names; nothing for a SKU.
    pub noun: Option<Noun>,
    /// As it is written.
    pub word: String,
    /// Where.
    pub at: At,
}

/// The selector of a tree; the words that the catalogue may know go to `mentions`.
pub fn selector(reader: &mut Reader<'_>, node: &Node<'_>, mentions: &mut Vec<Mention>) -> Selector {
    let Some(fields) = reader.fields(node, "on", &SELECTOR) else {
        return Selector::default();
    };
    let chosen = facets(reader, fields, mentions);
    let except = match fields.get("except") {
        None => Facets::default(),
        Some(node) => match reader.fields(node, "except", &EXCEPT) {
            None => Facets::default(),
            Some(inner) => {
                let except = facets(reader, inner, mentions);
                if takes_out_all(&chosen, &except) {
                    reader.add(fields.at("except").unwrap_or(node.at), Finding::Never(Never::Except));
                }
                except
            }
        },
    };
    Selector { facets: chosen, except }
}

fn facets(reader: &mut Reader<'_>, fields: Fields<'_, '_>, mentions: &mut Vec<Mention>) -> Facets {
    let mut words = |reader: &mut Reader<'_>, key: &str, noun: Option<Noun>| -> Vec<String> {
        let Some(node) = fields.get(key) else {
            return Vec::new();
        };
        let words = reader.words(node, key);
        mentions.extend(words.iter().map(|&(word, at)| Mention { noun, word: word.to_owned(), at }));
        words.into_iter().map(|(word, _)| word.to_owned()).collect()
    };
    let mut facets = Facets {
        brands: words(reader, "brands", Some(Noun::Brand)),
        categories: words(reader, "categories", Some(Noun::Category)),
        skus: words(reader, "skus", None),
        tags: words(reader, "tags", Some(Noun::Tag)),
        price_at_least: None,
        price_below: None,
    };
    if let Some(node) = fields.get("price")
        && let Some(range) = reader.fields(node, "price", &PRICE)
    {
        facets.price_at_least = range.get("at_least").and_then(|node| reader.amount(node, "at_least"));
        facets.price_below = range.get("below").and_then(|node| reader.amount(node, "below"));
        let is_empty = match (facets.price_at_least, facets.price_below) {
            (Some(least), Some(below)) => below <= least,
            (None, Some(below)) => below.is_zero(),
            _ => false,
        };
        if is_empty {
            reader.add(fields.at("price").unwrap_or(node.at), Finding::Never(Never::Price));
        }
    }
    facets
}

/// Whether the exceptions take out every entry of a facet that is chosen from.
#[must_use]
pub fn takes_out_all(chosen: &Facets, except: &Facets) -> bool {
    let all = |chosen: &[String], out: &dyn Fn(&str) -> bool| {
        !chosen.is_empty() && chosen.iter().all(|word| out(word))
    };
    let folded = |list: &[String]| list.iter().map(|word| fold(word)).collect::<Vec<_>>();
    let (brands, tags) = (folded(&except.brands), folded(&except.tags));
    let paths: Vec<String> = except.categories.iter().map(|path| fold_path(path)).collect();
    (!brands.is_empty() && all(&chosen.brands, &|word| brands.contains(&fold(word))))
        || (!tags.is_empty() && all(&chosen.tags, &|word| tags.contains(&fold(word))))
        || (!paths.is_empty()
            && all(&chosen.categories, &|path| paths.iter().any(|out| is_at_or_below(&fold_path(path), out))))
        || (!except.skus.is_empty() && all(&chosen.skus, &|sku| except.skus.iter().any(|out| out == sku)))
        || takes_out_prices(chosen, except)
}

/// Whether every price that is chosen is excepted.
fn takes_out_prices(chosen: &Facets, except: &Facets) -> bool {
    let is_priced = except.price_at_least.is_some() || except.price_below.is_some();
    is_priced
        && except.price_at_least.is_none_or(|out| out <= chosen.price_at_least.unwrap_or_default())
        && except.price_below.is_none_or(|out| chosen.price_below.is_some_and(|below| below <= out))
}
