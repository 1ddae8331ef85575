//! Warnings: what is no mistake in the language, yet probably none that was meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::word::{fold, fold_path};
use crate::catalog::{Product, Selector};
use crate::promotion::{Benefit, Code, Conditions, Limits, Promotion, Stacking, Stage, UnitCut};
use crate::rulebook::diagnostic::finding::{Finding, Noun};
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::read::file::Reading;
use crate::rulebook::read::goods::Mention;
use crate::rulebook::read::rules::Ruled;
use crate::rulebook::text::number::shorten;
use crate::rulebook::text::page::Page;
use crate::rulebook::text::suggest::nearest;

/// Words that get a suggestion: each is compared with every word of the catalogue.
const SUGGESTED_MAX: usize = 50;

/// Promotions of one group of alike ones that are compared pair by pair.
const ALIKE_MAX: usize = 40;

/// Every warning about files that are read together.
#[must_use]
pub fn lint(readings: &[&Reading<'_>], products: &[&Product], has_catalog: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if has_catalog {
        mentions(readings, products, &mut found);
    }
    // What is compared with others must be read whole.
    let sound: Vec<&Reading<'_>> = readings.iter().copied().filter(|reading| reading.is_sound()).collect();
    codes(&sound, &mut found);
    beaten(&sound, &mut found);
    found
}

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

fn mentions(readings: &[&Reading<'_>], products: &[&Product], found: &mut Vec<Diagnostic>) {
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

type Placed<'r> = (&'r Page<'r>, &'r Ruled<Promotion>);

fn placed<'r>(readings: &[&'r Reading<'r>]) -> Vec<Placed<'r>> {
    readings
        .iter()
        .filter_map(|reading| Some((reading.page.as_ref()?, &reading.rules.promotions)))
        .flat_map(|(page, promotions)| promotions.iter().map(move |ruled| (page, ruled)))
        .collect()
}

/// Code words that several promotions have.
fn codes(readings: &[&Reading<'_>], found: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, Placed<'_>> = BTreeMap::new();
    for (page, ruled) in placed(readings) {
        let (Some(Code::Word(word)), Some(at)) = (&ruled.item.when.code, ruled.code_at) else {
            continue;
        };
        match first.get(word.as_str()) {
            None => {
                first.insert(word, (page, ruled));
            }
            Some((other_page, other)) => {
                let finding = Finding::SharedCode { code: shorten(word), other: other.item.id.clone() };
                let also = other.code_at.map(|at| other_page.place(at));
                found.push(page.diagnostic(at, finding).with_also(other_page.path, also));
            }
        }
    }
}

/// Promotions that another always beats, in the plain case that can be proven: both take a percentage, or both an
/// amount, off single goods; neither stacks; the goods and the conditions of the better one are the same or wider.
fn beaten(readings: &[&Reading<'_>], found: &mut Vec<Diagnostic>) {
    let all = placed(readings);
    let plain: Vec<&Placed<'_>> = all.iter().filter(|(_, ruled)| is_plain(&ruled.item)).collect();
    // Promotions with the same goods are compared with each other and with those for the whole assortment: a pair
    // outside such a group is never provable, and ten thousand promotions make fifty million pairs.
    let mut groups: BTreeMap<String, Vec<&Placed<'_>>> = BTreeMap::new();
    for placed in plain {
        groups.entry(goods_key(&placed.1.item.on)).or_default().push(placed);
    }
    let wide = groups.get(&goods_key(&Selector::default())).cloned().unwrap_or_default();
    for group in groups.values() {
        for (page, ruled) in group.iter().take(ALIKE_MAX) {
            let rivals = group.iter().take(ALIKE_MAX).chain(wide.iter().take(ALIKE_MAX));
            let better = rivals.into_iter().find(|(_, other)| always_beats(&other.item, &ruled.item));
            if let Some((other_page, other)) = better {
                let finding = Finding::AlwaysBeaten { id: ruled.item.id.clone(), by: other.item.id.clone() };
                let also = Some(other_page.place(other.id_at));
                found.push(page.diagnostic(ruled.id_at, finding).with_also(other_page.path, also));
            }
        }
    }
}

fn is_plain(promotion: &Promotion) -> bool {
    let stacks = !matches!(promotion.stacks_with, Stacking::Unsaid);
    let cuts = matches!(&promotion.benefit, Benefit::Units(units) if units.max_discount.is_none()
        && !matches!(units.cut, UnitCut::Price(_)));
    cuts && !stacks && promotion.stage == Stage::Item && promotion.limits == Limits::default()
}

fn goods_key(on: &Selector) -> String {
    format!("{on:?}")
}

fn always_beats(better: &Promotion, worse: &Promotion) -> bool {
    let (Benefit::Units(more), Benefit::Units(less)) = (&better.benefit, &worse.benefit) else {
        return false;
    };
    let gives_more = match (more.cut, less.cut) {
        (UnitCut::Percent(more, _), UnitCut::Percent(less, _)) => more > less,
        (UnitCut::Amount(more), UnitCut::Amount(less)) => more > less,
        _ => false,
    };
    gives_more && better.id != worse.id && better.level == worse.level && is_wider(&better.when, &worse.when)
}

/// Whether `wide` holds whenever `narrow` does.
fn is_wider(wide: &Conditions, narrow: &Conditions) -> bool {
    let window = wide.window.from.is_none_or(|from| narrow.window.from.is_some_and(|other| from <= other))
        && wide.window.until.is_none_or(|until| narrow.window.until.is_some_and(|other| other <= until));
    let list = |wide: &[String], narrow: &[String]| {
        wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|word| wide.contains(word)))
    };
    window
        && (wide.weekdays.is_none() || wide.weekdays == narrow.weekdays)
        && (wide.hours.is_empty() || wide.hours == narrow.hours)
        && list(&wide.channels, &narrow.channels)
        && list(&wide.stores, &narrow.stores)
        && list(&wide.segments, &narrow.segments)
        && list(&wide.tiers, &narrow.tiers)
        && list(&wide.payment, &narrow.payment)
        && list(&wide.delivery, &narrow.delivery)
        && (wide.birthday.is_none() || wide.birthday == narrow.birthday)
        && (wide.customer.is_empty() || wide.customer == narrow.customer)
        && (wide.code.is_none() || wide.code == narrow.code)
        && (wide.basket_has.is_empty() || wide.basket_has == narrow.basket_has)
}
