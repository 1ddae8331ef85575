//! Rule files, settings and tables: a rulebook that prices, or findings that say where.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pricewright::basket::{Basket, Context, Customer, Delivery, Line, Request};
use pricewright::catalog::selector::Facets;
use pricewright::lang::Lang;
use pricewright::money::Amount;
use pricewright::promotion::Code;
use pricewright::rulebook::{
    Compiled, Diagnostic, Rulebook, Settings, Source, adopt, compile, is_rule_file, read_tests, slots_of,
};

use crate::noon::noon;
use crate::{folder, money, part_of};

/// Findings that are about a file as a whole.
const WITHOUT_PLACE: [&str; 7] = [
    "file-too-large",
    "not-utf8",
    "settings-twice",
    "settings-elsewhere",
    "spreadsheet",
    "no-prices",
    "more",
];
/// Lines of a basket that is made of the promotions: with more of them over the same goods a search takes all the time there is.
const LINES: usize = 4;
/// Promotions of a rulebook that also says why not: each is tried once more for that.
const EXPLAINED_MAX: usize = 2;

/// What was in force before a folder is looked at.
static GOOD: LazyLock<Vec<Source>> = LazyLock::new(|| folder::of(include_bytes!("../rulebook/good.txt")));

/// The input is a folder. It is always compiled; what costs more is done for a part of the inputs, chosen by their bytes so that the same
/// input always has the same done to it. `all` does everything: seeds and what once failed are few.
pub fn check(input: &[u8]) {
    look(input, Some(part_of(input)));
}

/// Everything at once.
pub fn all(input: &[u8]) {
    look(input, None);
}

fn look(input: &[u8], part: Option<u8>) {
    let is_on = |parts: [u8; 2]| part.is_none_or(|part| parts.contains(&part));
    let sources = folder::of(input);
    let compiled = compile(&sources);
    findings(&sources, &compiled);
    if is_on([0, 0]) {
        rendered(&compiled);
        adopted(&sources);
    }
    let settings = compiled.rulebook.as_ref().map(|rulebook| rulebook.settings().clone()).unwrap_or_default();
    tests(&sources, &settings);
    if let Some(rulebook) = &compiled.rulebook {
        let [met, plain] = baskets(rulebook);
        if is_on([1, 2]) {
            money::priced(rulebook, &met);
        }
        if is_on([3, 3]) {
            money::priced(rulebook, &plain);
        }
    }
}

fn findings(sources: &[Source], compiled: &Compiled) {
    let has_errors = compiled.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(compiled.rulebook.is_none(), has_errors, "a rulebook with errors, or none without one");
    compiled.diagnostics.iter().for_each(|found| placed(sources, found));
}

fn rendered(compiled: &Compiled) {
    for (found, lang) in compiled.diagnostics.iter().zip([Lang::En, Lang::Uk]) {
        assert!(found.render(lang, false).contains(found.path.as_str()), "a finding that names no file");
    }
}

/// A finding names a file that is there, and a place in it.
fn placed(sources: &[Source], found: &Diagnostic) {
    let source = sources.iter().find(|source| source.path == found.path);
    let source = source.unwrap_or_else(|| panic!("{}: `{}` is no file", found.code, found.path));
    assert!(!found.message(Lang::En).is_empty() && !found.message(Lang::Uk).is_empty());
    let Some(place) = &found.place else {
        return assert!(WITHOUT_PLACE.contains(&found.code), "{} has no place", found.code);
    };
    let ends = source.bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    let line = usize::try_from(place.line).unwrap_or(usize::MAX);
    assert!((1..=ends + 1).contains(&line), "{}: line {line} of {}", found.code, ends + 1);
    assert!(place.column >= 1 && place.length >= 1 && place.text_column >= 1, "{}: {place:?}", found.code);
    assert!(place.text_column <= place.column, "{}: {place:?}", found.code);
}

/// What the watcher of a folder does: no bad file takes prices down.
fn adopted(sources: &[Source]) {
    let adoption = adopt(sources, &GOOD);
    let known = |path: &String| sources.iter().chain(GOOD.iter()).any(|source| source.path == *path);
    assert!(adoption.standings.iter().all(|standing| known(&standing.path)));
    if let Some(rulebook) = &adoption.rulebook {
        // What is put in force is a folder that compiles to the same.
        let again = compile(&adoption.sources);
        let again =
            again.rulebook.unwrap_or_else(|| panic!("in force, but at fault: {:?}", again.diagnostics));
        assert_eq!(again.digest(), rulebook.digest(), "what is in force is not what it says");
        assert_eq!(again.promotions(), rulebook.promotions(), "what is in force is not what it says");
    }
}

fn tests(sources: &[Source], settings: &Settings) {
    for source in sources.iter().filter(|source| !is_rule_file(&source.path)) {
        let (_, found) = read_tests(settings, source);
        found.iter().for_each(|found| placed(sources, found));
    }
}

/// Baskets of the goods that the promotions name, for a purchase that meets what they ask, and for one that meets nothing.
fn baskets(rulebook: &Rulebook) -> [Request; 2] {
    let promotions = rulebook.promotions().iter().take(LINES);
    let facets: Vec<&Facets> = promotions
        .clone()
        .flat_map(|promotion| {
            let slots = slots_of(promotion).iter().map(|slot| &slot.on.facets);
            std::iter::once(&promotion.on.facets).chain(slots)
        })
        .take(LINES)
        .collect();
    let when = promotions.map(|promotion| &promotion.when);
    let start = when.clone().find_map(|when| when.window.from).unwrap_or(noon());
    let mut met = Context::at(start);
    for when in when {
        met.channel = met.channel.or_else(|| when.channels.first().cloned());
        met.store = met.store.or_else(|| when.stores.first().cloned());
        met.payment_method = met.payment_method.or_else(|| when.payment.first().cloned());
        if let Some(Code::Word(word)) = &when.code {
            met.codes.push(word.clone());
        }
        let customer = met.customer.get_or_insert_with(Customer::default);
        customer.segments.extend(when.segments.first().cloned());
        customer.tier = customer.tier.take().or_else(|| when.tiers.first().cloned());
    }
    met.codes.truncate(LINES);
    let basket = basket(rulebook, &facets);
    let plain = Request { basket: basket.clone(), context: Context::at(noon()), explain: false };
    [Request { basket, context: met, explain: rulebook.promotions().len() <= EXPLAINED_MAX }, plain]
}

fn basket(rulebook: &Rulebook, facets: &[&Facets]) -> Basket {
    let delivery =
        rulebook.promotions().iter().find_map(|promotion| promotion.when.delivery.first().cloned());
    let method = delivery.unwrap_or_else(|| "courier".to_owned());
    let mut lines: Vec<Line> = facets.iter().map(|facets| line(facets)).collect();
    lines.push(line(&Facets::default()));
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert((line.sku.clone(), line.brand.clone(), line.categories.clone())));
    for (number, line) in (1..).zip(&mut lines) {
        line.id = number.to_string();
    }
    Basket {
        lines,
        delivery: Some(Delivery { method, price: Amount::from_minor(99_00) }),
        ..Basket::default()
    }
}

/// Two pieces of goods that match.
fn line(facets: &Facets) -> Line {
    Line {
        sku: facets.skus.first().cloned().unwrap_or_else(|| "ANY".to_owned()),
        quantity: 2,
        unit_price: Some(facets.price_at_least.unwrap_or(Amount::from_minor(33_333))),
        brand: facets.brands.first().cloned(),
        categories: facets.categories.iter().take(1).cloned().collect(),
        tags: facets.tags.iter().take(1).cloned().collect(),
        ..Line::default()
    }
}
