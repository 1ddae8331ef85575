//! Files read together: each is read once, whatever is then put together out of them.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::Product;
use crate::money::Amount;
use crate::promotion::{Benefit, Cap, Promotion};
use crate::rulebook::diagnostic::finding::Finding;
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::lint::lint;
pub use crate::rulebook::read::file::Version;
use crate::rulebook::read::file::{Reading, SettingsReading, rule_file, settings_file};
use crate::rulebook::read::table;
use crate::rulebook::settings::Settings;
use crate::rulebook::source::Source;
use crate::rulebook::text::folder::{Role, named, role};
use crate::rulebook::text::page::At;
use crate::rulebook::text::suggest::nearest;

/// Unknown names that get a suggestion: each is compared with every id.
const SUGGESTED_MAX: usize = 50;

/// A file in one of its versions.
pub type Picked<'a> = (Version, &'a Source);

type Prices = (BTreeMap<String, Amount>, Vec<Diagnostic>);
type Goods = (Vec<Product>, Vec<Diagnostic>);

/// Every file that was read under one settings file.
pub struct Library<'a> {
    /// The settings.
    pub settings: SettingsReading<'a>,
    rules: BTreeMap<(&'a str, Version), Reading<'a>>,
    prices: BTreeMap<(&'a str, Version), Prices>,
    goods: BTreeMap<(&'a str, Version), Goods>,
}

/// How strict the checks across files are.
#[derive(Debug, Default)]
pub struct Manner<'a> {
    /// The file that had an id first, by id.
    pub owners: BTreeMap<String, String>,
    /// Files that are in force as they are: a promotion that left does not take down those that name it.
    pub unchanged: BTreeSet<(&'a str, Version)>,
}

/// What files make together.
pub struct Built<'a> {
    /// The rule files, by path.
    files: Vec<Picked<'a>>,
    /// The files of the catalogue, in the order of the settings.
    goods: Vec<Picked<'a>>,
    /// The price list of each file and name.
    lists: BTreeMap<(&'a str, String), Picked<'a>>,
    /// The files that have a part in it, by path.
    pub sources: Vec<&'a Source>,
    /// Everything that was found, in no order.
    pub found: Vec<Diagnostic>,
}

/// Everything a rulebook is made of.
pub struct Parts<'a> {
    /// The settings.
    pub settings: Settings,
    /// The goods of the catalogue.
    pub products: Vec<Product>,
    /// Promotions, with their price lists.
    pub promotions: Vec<Promotion>,
    /// Caps.
    pub caps: Vec<Cap>,
    /// The files that have a part in it, by path.
    pub sources: Vec<&'a Source>,
}

impl<'a> Library<'a> {
    /// A library under the settings file, if there is one.
    #[must_use]
    pub fn new(settings: Option<&'a Source>) -> Self {
        Library {
            settings: settings_file(settings),
            rules: BTreeMap::new(),
            prices: BTreeMap::new(),
            goods: BTreeMap::new(),
        }
    }

    /// The reading of a rule file that was put together before.
    #[must_use]
    pub fn reading(&self, (version, source): Picked<'a>) -> Option<&Reading<'a>> {
        self.rules.get(&(source.path.as_str(), version))
    }

    /// Puts `picked` together. The settings file among them is the one of the library.
    pub fn build(&mut self, picked: &[Picked<'a>], manner: &Manner<'_>) -> Built<'a> {
        let mut picked = picked.to_vec();
        picked.sort_by_key(|&(_, source)| source.path.as_str());
        self.read(&picked);
        let mut built = Built {
            files: picked.iter().copied().filter(|(_, source)| role(&source.path) == Role::Rules).collect(),
            goods: Vec::new(),
            lists: BTreeMap::new(),
            sources: Vec::new(),
            found: self.settings.found.clone(),
        };
        let tables: BTreeMap<&str, Picked<'a>> = picked
            .iter()
            .filter(|(_, source)| role(&source.path) == Role::Table)
            .map(|&(version, source)| (source.path.as_str(), (version, source)))
            .collect();
        let mut used = BTreeSet::new();
        self.catalog(&tables, &mut used, &mut built);
        let readings: Vec<&Reading<'a>> = picked
            .iter()
            .filter_map(|&(version, source)| self.rules.get(&(source.path.as_str(), version)))
            .collect();
        for reading in &readings {
            built.found.extend(reading.found.iter().cloned());
        }
        ids(&readings, manner, &mut built.found);
        // Asked only about a name that the files do not have.
        let everywhere = LazyCell::new(|| names(self.rules.values()));
        stacking(&readings, |name| everywhere.contains(name), manner, &mut built.found);
        let products: Vec<&Product> = built.goods.iter().flat_map(|&picked| self.products(picked)).collect();
        let has_catalog = !self.settings.settings.catalog.is_empty() && self.settings.is_sound();
        built.found.extend(lint(&readings, &products, has_catalog && !products.is_empty()));
        lists(&readings, &tables, &self.prices, &mut used, &mut built);
        for &(_, source) in &picked {
            match role(&source.path) {
                Role::Settings | Role::Rules => built.sources.push(source),
                Role::Table if used.contains(source.path.as_str()) => built.sources.push(source),
                Role::Spreadsheet => {
                    built.found.push(Diagnostic::new(&source.path, None, Finding::Spreadsheet))
                }
                _ => {}
            }
        }
        built
    }

    /// The goods of a file of the catalogue.
    fn products(&self, (version, source): Picked<'a>) -> impl Iterator<Item = &Product> {
        self.goods.get(&(source.path.as_str(), version)).into_iter().flat_map(|(products, _)| products)
    }

    /// What was put together, taken out of the library: nothing is copied but price lists.
    pub fn take(mut self, built: Built<'a>) -> Parts<'a> {
        let mut parts = Parts {
            settings: self.settings.settings,
            products: Vec::new(),
            promotions: Vec::new(),
            caps: Vec::new(),
            sources: built.sources,
        };
        for (version, source) in built.goods {
            let goods = self.goods.remove(&(source.path.as_str(), version));
            match goods.map(|(products, _)| products).unwrap_or_default() {
                products if parts.products.is_empty() => parts.products = products,
                products => parts.products.extend(products),
            }
        }
        let promotions = self.rules.values().map(|reading| reading.rules.promotions.len()).sum();
        parts.promotions.reserve(promotions);
        for (version, source) in built.files {
            let Some(reading) = self.rules.remove(&(source.path.as_str(), version)) else {
                continue;
            };
            parts.caps.extend(reading.rules.caps.into_iter().map(|ruled| ruled.item));
            for ruled in reading.rules.promotions {
                let mut promotion = ruled.item;
                if let (Benefit::Prices(list), Some((name, _))) = (&mut promotion.benefit, ruled.list)
                    && let Some((version, table)) = built.lists.get(&(source.path.as_str(), name))
                    && let Some((prices, _)) = self.prices.get(&(table.path.as_str(), *version))
                {
                    list.prices.clone_from(prices);
                }
                parts.promotions.push(promotion);
            }
        }
        parts
    }

    /// Reads what is not read yet.
    fn read(&mut self, picked: &[Picked<'a>]) {
        let (settings, is_sound) = (&self.settings.settings, self.settings.is_sound());
        let mut lists = BTreeSet::new();
        for &(version, source) in picked.iter().filter(|(_, source)| role(&source.path) == Role::Rules) {
            let reading = self
                .rules
                .entry((source.path.as_str(), version))
                .or_insert_with(|| read_rules(version, source, settings, is_sound));
            for (name, _) in reading.rules.promotions.iter().filter_map(|ruled| ruled.list.as_ref()) {
                lists.extend(named(&source.path, name));
            }
        }
        let goods: BTreeSet<String> = settings.catalog.iter().flat_map(|name| named("", name)).collect();
        let currency = settings.currency;
        for &(version, source) in picked.iter().filter(|(_, source)| role(&source.path) == Role::Table) {
            let key = (source.path.as_str(), version);
            if lists.contains(&source.path) {
                self.prices.entry(key).or_insert_with(|| table::prices(source, currency));
            }
            if goods.contains(&source.path) {
                self.goods.entry(key).or_insert_with(|| table::catalog(source, currency));
            }
        }
    }

    fn catalog(
        &self,
        tables: &BTreeMap<&str, Picked<'a>>,
        used: &mut BTreeSet<&'a str>,
        built: &mut Built<'a>,
    ) {
        let Some(page) = &self.settings.page else {
            return;
        };
        for (name, &at) in self.settings.settings.catalog.iter().zip(&self.settings.catalog_at) {
            match find(tables, self.settings.path, name) {
                Ok((version, source)) => {
                    if !used.insert(&source.path) {
                        continue;
                    }
                    if let Some((_, found)) = self.goods.get(&(source.path.as_str(), version)) {
                        built.goods.push((version, source));
                        built.found.extend(found.iter().cloned());
                    }
                }
                Err(finding) => built.found.push(page.diagnostic(at, finding)),
            }
        }
    }
}

/// A rule file; a settings file in a sub-folder is told where it belongs.
fn read_rules<'a>(version: Version, source: &'a Source, settings: &Settings, is_sound: bool) -> Reading<'a> {
    let mut reading = rule_file(source, settings, is_sound);
    reading.version = version;
    let name = source.path.rsplit('/').next().unwrap_or_default().to_lowercase();
    if matches!(name.as_str(), "settings.yaml" | "settings.yml" | "settings.json") {
        reading.found = vec![Diagnostic::new(&source.path, None, Finding::SettingsElsewhere)];
    }
    reading
}

/// The table that `name` means in the file at `from`.
fn find<'a>(tables: &BTreeMap<&str, Picked<'a>>, from: &str, name: &str) -> Result<Picked<'a>, Finding> {
    if let Some(&picked) = named(from, name).find_map(|path| tables.get(path.as_str())) {
        return Ok(picked);
    }
    if !name.to_lowercase().ends_with(".csv") {
        return Err(Finding::NotCsv(name.to_owned()));
    }
    let suggestion = nearest(name, tables.keys().copied());
    Err(Finding::NoSuchFile { name: name.to_owned(), suggestion })
}

/// Ids that stand twice. The older file keeps the id, else the first by path.
fn ids(readings: &[&Reading<'_>], manner: &Manner<'_>, found: &mut Vec<Diagnostic>) {
    let mut first: FxHashMap<&str, (usize, At)> = FxHashMap::default();
    for (file, reading) in readings.iter().enumerate() {
        for (id, at) in &reading.rules.ids {
            let owner = manner.owners.get(id).map(String::as_str);
            match first.get(id.as_str()).copied() {
                None => {
                    first.insert(id, (file, *at));
                }
                Some((other, other_at)) => {
                    let mine = (file, *at);
                    let is_older =
                        owner == Some(reading.path) && readings.get(other).map(|r| r.path) != owner;
                    let (winner, loser) =
                        if is_older { (mine, (other, other_at)) } else { ((other, other_at), mine) };
                    first.insert(id, winner);
                    found.extend(clash(readings, winner, loser, Finding::DuplicateId(id.clone())));
                }
            }
        }
    }
}

/// A finding in one file with its counterpart in another.
fn clash(
    readings: &[&Reading<'_>],
    winner: (usize, At),
    loser: (usize, At),
    finding: Finding,
) -> Option<Diagnostic> {
    let (winner_file, loser_file) = (readings.get(winner.0)?, readings.get(loser.0)?);
    let (winner_page, loser_page) = (winner_file.page.as_ref()?, loser_file.page.as_ref()?);
    let also = Some(winner_page.place(winner.1));
    Some(loser_page.diagnostic(loser.1, finding).with_also(winner_file.path, also))
}

/// The ids and groups of promotions.
fn names<'r>(readings: impl Iterator<Item = &'r Reading<'r>>) -> FxHashSet<&'r str> {
    let of_one = |reading: &'r Reading<'r>| {
        let ids = reading.rules.ids.iter().map(|(id, _)| id.as_str());
        ids.chain(reading.rules.groups.iter().map(String::as_str))
    };
    readings.flat_map(of_one).collect()
}

/// Names in `stacks_with` that no promotion and no group has. A name that stands in some version of some file, be it one that
/// is held or out, is only a warning: a file at fault harms nobody else.
fn stacking(
    readings: &[&Reading<'_>],
    is_somewhere: impl Fn(&str) -> bool,
    manner: &Manner<'_>,
    found: &mut Vec<Diagnostic>,
) {
    // A file that cannot be read may hold any name.
    if readings.iter().any(|reading| reading.is_blind) {
        return;
    }
    let known = names(readings.iter().copied());
    let mut suggested = 0;
    for reading in readings {
        let Some(page) = &reading.page else {
            continue;
        };
        for ruled in &reading.rules.promotions {
            let crate::promotion::Stacking::With(names) = &ruled.item.stacks_with else {
                continue;
            };
            for (name, &at) in names.iter().zip(&ruled.stacks_at) {
                if known.contains(name.as_str()) {
                    continue;
                }
                suggested += 1;
                let candidates = known.iter().copied().filter(|candidate| *candidate != ruled.item.id);
                let suggestion = if suggested <= SUGGESTED_MAX { nearest(name, candidates) } else { None };
                let mut diagnostic = page.diagnostic(
                    at,
                    Finding::UnknownStacking {
                        name: crate::rulebook::text::number::shorten(name),
                        suggestion,
                    },
                );
                let is_unchanged = manner.unchanged.contains(&(reading.path, reading.version));
                if is_unchanged || is_somewhere(name) {
                    diagnostic.severity = crate::rulebook::diagnostic::report::Severity::Warning;
                }
                found.push(diagnostic);
            }
        }
    }
}

/// The price lists that promotions name.
fn lists<'a>(
    readings: &[&Reading<'a>],
    tables: &BTreeMap<&str, Picked<'a>>,
    prices: &BTreeMap<(&'a str, Version), Prices>,
    used: &mut BTreeSet<&'a str>,
    built: &mut Built<'a>,
) {
    let mut told = BTreeSet::new();
    for reading in readings {
        for (name, at) in reading.rules.promotions.iter().filter_map(|ruled| ruled.list.as_ref()) {
            match (find(tables, reading.path, name), &reading.page) {
                (Ok((version, source)), _) => {
                    used.insert(&source.path);
                    built.lists.insert((reading.path, name.clone()), (version, source));
                    if let Some((_, found)) = prices.get(&(source.path.as_str(), version))
                        && told.insert(source.path.as_str())
                    {
                        built.found.extend(found.iter().cloned());
                    }
                }
                (Err(finding), Some(page)) => built.found.push(page.diagnostic(*at, finding)),
                (Err(_), None) => {}
            }
        }
    }
}
