//! CSV files: the catalogue and price lists. Separators, quotes and headings as spreadsheets write them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::catalog::Product;
use crate::money::{Amount, Currency};
use crate::rulebook::diagnostic::finding::Finding;
use crate::rulebook::diagnostic::report::{Diagnostic, SHOWN_MAX, more_of};
use crate::rulebook::read::reader::money;
use crate::rulebook::read::records::{Record, Records};
use crate::rulebook::source::Source;
use crate::rulebook::text::number::{clean, shorten};
use crate::rulebook::text::page::{At, CSV_BYTES_MAX, Page};

/// Rows of one file: twice the assortment of the largest retailer of this kind.
pub const ROWS_MAX: usize = 1_000_000;

/// Bytes of a short row.
const ROW_BYTES: usize = 80;

/// A column that a table may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Sku,
    Name,
    Brand,
    Category,
    Price,
    Cost,
    Tags,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Column::Sku => "sku",
            Column::Name => "name",
            Column::Brand => "brand",
            Column::Category => "category",
            Column::Price => "price",
            Column::Cost => "cost",
            Column::Tags => "tags",
        }
    }
}

/// The columns of a catalogue.
const CATALOG_COLUMNS: &[Column] =
    &[Column::Sku, Column::Name, Column::Brand, Column::Category, Column::Price, Column::Cost, Column::Tags];
/// The columns of a price list.
const PRICE_COLUMNS: &[Column] = &[Column::Sku, Column::Price];

/// The goods of a catalogue file, with every finding.
#[must_use]
pub fn catalog(source: &Source, currency: Currency) -> (Vec<Product>, Vec<Diagnostic>) {
    let mut products = Vec::with_capacity(rows_about(source));
    // Twenty thousand goods have two hundred brands: a word is kept once.
    let (mut brands, mut lists) = (FxHashMap::default(), FxHashMap::default());
    let mut rows = |row: &mut Row<'_, '_>| {
        let Some(sku) = row.sku() else {
            return;
        };
        let product = Product {
            sku: sku.into_owned(),
            name: row.cell(Column::Name).to_owned(),
            brand: shared(&mut brands, row.cell(Column::Brand), |cell| Arc::from(cell)),
            categories: shared(&mut lists, row.cell(Column::Category), pieces),
            tags: shared(&mut lists, row.cell(Column::Tags), pieces),
            price: row.amount(Column::Price),
            cost: row.amount(Column::Cost),
        };
        products.push(product);
    };
    let found = read(source, currency, CATALOG_COLUMNS, &[Column::Sku], &mut rows);
    (products, found)
}

/// The prices of a price list, with every finding.
#[must_use]
pub fn prices(source: &Source, currency: Currency) -> (BTreeMap<String, Amount>, Vec<Diagnostic>) {
    let mut prices = BTreeMap::new();
    let mut rows = |row: &mut Row<'_, '_>| {
        let sku = row.sku();
        if row.cell(Column::Price).is_empty() {
            row.fault(Column::Price, Finding::EmptyCell("price"));
        }
        if let (Some(sku), Some(price)) = (sku, row.amount(Column::Price)) {
            prices.insert(sku.into_owned(), price);
        }
    };
    let mut found = read(source, currency, PRICE_COLUMNS, &[Column::Sku, Column::Price], &mut rows);
    if prices.is_empty() && found.is_empty() {
        found.push(Diagnostic::new(&source.path, None, Finding::NoPrices));
    }
    (prices, found)
}

/// How many rows a file may have, rather too many than too few.
fn rows_about(source: &Source) -> usize {
    source.bytes.len().min(CSV_BYTES_MAX) / ROW_BYTES
}

/// What `make` makes of the text of a cell, made once for all cells with that text.
fn shared<T: ?Sized>(known: &mut FxHashMap<String, Arc<T>>, cell: &str, make: fn(&str) -> Arc<T>) -> Arc<T> {
    if let Some(known) = known.get(cell) {
        return Arc::clone(known);
    }
    let made = make(cell);
    known.insert(cell.to_owned(), Arc::clone(&made));
    made
}

fn pieces(cell: &str) -> Arc<[String]> {
    cell.split('|').map(clean).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}

/// Where the columns stand.
#[derive(Debug, Default)]
struct Columns {
    places: Vec<(Column, usize)>,
    /// How many cells the headings are.
    width: usize,
}

impl Columns {
    fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(other, _)| *other == column).map(|&(_, place)| place)
    }
}

/// One row and what is found in it.
struct Row<'r, 'p> {
    record: &'r Record<'p>,
    columns: &'r Columns,
    currency: Currency,
    found: &'r mut Findings<'p>,
    /// The bytes at which the rows of SKUs begin.
    seen: &'r mut FxHashMap<Cow<'p, str>, usize>,
}

impl<'p> Row<'_, 'p> {
    fn cell(&self, column: Column) -> &str {
        let place = self.columns.place(column);
        unquoted(place.and_then(|place| self.record.get(place)).unwrap_or_default())
    }

    fn fault(&mut self, column: Column, finding: Finding) {
        let at = self.place_in(self.record.start(), column);
        self.found.add(at, finding);
    }

    /// The spot of a cell in the row that begins at a byte.
    fn place_in(&self, start: usize, column: Column) -> At {
        let place = self.columns.place(column).unwrap_or_default();
        self.found.cell_at(self.found.page.line_at(start), place)
    }

    fn sku(&mut self) -> Option<Cow<'p, str>> {
        let place = self.columns.place(Column::Sku).unwrap_or_default();
        let sku = match self.record.in_text(place) {
            Some(cell) => Cow::Borrowed(unquoted(cell)),
            None => Cow::Owned(self.cell(Column::Sku).to_owned()),
        };
        if sku.is_empty() {
            self.fault(Column::Sku, Finding::EmptyCell("sku"));
            return None;
        }
        let start = self.record.start();
        match self.seen.entry(sku.clone()) {
            Entry::Vacant(place) => {
                place.insert(start);
                Some(sku)
            }
            Entry::Occupied(place) => {
                let first = *place.get();
                let (at, also) = (self.place_in(start, Column::Sku), self.place_in(first, Column::Sku));
                self.found.add_with(at, Finding::SkuTwice(shorten(&sku)), Some(also));
                None
            }
        }
    }

    fn amount(&mut self, column: Column) -> Option<Amount> {
        let text = self.cell(column);
        if text.is_empty() {
            return None;
        }
        match money(text, || shorten(text), self.currency) {
            Ok(amount) => Some(amount),
            Err(finding) => {
                self.fault(column, finding);
                None
            }
        }
    }
}

/// A cell without blanks, and without the `="…"` by which spreadsheets keep leading zeros.
fn unquoted(cell: &str) -> &str {
    let cell = clean(cell);
    cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell)
}

struct Findings<'p> {
    page: &'p Page<'p>,
    separator: char,
    found: Vec<Diagnostic>,
    errors: usize,
    more: usize,
}

impl Findings<'_> {
    fn add(&mut self, at: At, finding: Finding) {
        self.add_with(at, finding, None);
    }

    fn add_with(&mut self, at: At, finding: Finding, also: Option<At>) {
        let is_error = finding.severity() == crate::rulebook::diagnostic::report::Severity::Error;
        let is_shown = if is_error { self.errors < SHOWN_MAX } else { self.found.len() < SHOWN_MAX };
        if !is_shown {
            self.more += 1;
            return;
        }
        self.errors += usize::from(is_error);
        let mut diagnostic = self.page.diagnostic(at, finding);
        if let Some(also) = also {
            diagnostic = diagnostic.with_also(self.page.path, Some(self.page.place(also)));
        }
        self.found.push(diagnostic);
    }

    /// The spot of a cell in its line: separators inside quotes do not count.
    fn cell_at(&self, line: u32, place: usize) -> At {
        let text = self.page.line(line);
        let (mut column, mut cells, mut start, mut quoted) = (1_u32, 0, 1_u32, false);
        for letter in text.chars() {
            if letter == '"' {
                quoted = !quoted;
            }
            if letter == self.separator && !quoted {
                if cells == place {
                    break;
                }
                cells += 1;
                start = column + 1;
            }
            column += 1;
        }
        At { line, column: start, length: column.saturating_sub(start).max(1) }
    }
}

fn read(
    source: &Source,
    currency: Currency,
    known: &'static [Column],
    needed: &[Column],
    rows: &mut dyn FnMut(&mut Row<'_, '_>),
) -> Vec<Diagnostic> {
    let page = match Page::of(source, CSV_BYTES_MAX) {
        Ok(page) => page,
        Err(diagnostic) => return vec![*diagnostic],
    };
    // Spreadsheets may say their separator in a line before the headings.
    let first = page.first_line();
    let said = first.strip_prefix("sep=").and_then(|rest| rest.chars().next());
    let heading = if said.is_some() { page.line(2) } else { first };
    let separator = said.unwrap_or_else(|| {
        [';', '\t', ','].into_iter().max_by_key(|&sign| heading.matches(sign).count()).unwrap_or(',')
    });
    let mut found = Findings { page: &page, separator, found: Vec::new(), errors: 0, more: 0 };
    let mut records = Records::of(&page.text, u8::try_from(separator).unwrap_or(b','));
    let mut columns: Option<Columns> = None;
    let mut seen = FxHashMap::with_capacity_and_hasher(rows_about(source), FxBuildHasher);
    let mut count = 0;
    while let Some(record) = records.read() {
        let is_before = said.is_some() && page.line_at(record.start()) < 2;
        if is_before || record.cells().all(|cell| clean(cell).is_empty()) {
            continue;
        }
        let Some(columns) = &columns else {
            columns = Some(headings(record, known, needed, &mut found));
            continue;
        };
        count += 1;
        if count > ROWS_MAX {
            found.add(found.cell_at(page.line_at(record.start()), 0), Finding::TooManyRows(ROWS_MAX));
            break;
        }
        if let Some(place) = record.broken_cell() {
            found.add(found.cell_at(page.line_at(record.start()), place), Finding::CsvQuote);
            continue;
        }
        let width = columns.width;
        let spills = record.count() > width && record.cells().skip(width).any(|cell| !clean(cell).is_empty());
        if record.count() < width || spills {
            let at = found.cell_at(page.line_at(record.start()), 0);
            found.add(at, Finding::CellCount(width, record.count()));
            continue;
        }
        if needed.iter().all(|column| columns.place(*column).is_some()) {
            rows(&mut Row { record, columns, currency, found: &mut found, seen: &mut seen });
        }
    }
    if columns.is_none() {
        let at = At { line: 1, column: 1, length: 1 };
        found.add(at, Finding::NoColumn(needed.first().map_or("sku", |column| column.name())));
    }
    if found.more > 0 {
        found.found.push(more_of(&source.path, found.more, found.errors > 0));
    }
    found.found
}

/// Which column stands where, and how many there are.
fn headings(
    record: &Record<'_>,
    known: &'static [Column],
    needed: &[Column],
    found: &mut Findings<'_>,
) -> Columns {
    // Nobody counts the lines of a table in which nothing is found.
    let page = found.page;
    let line = || page.line_at(record.start());
    let mut columns = Columns { places: Vec::new(), width: record.count() };
    for (place, cell) in record.cells().enumerate() {
        let word = clean(cell).to_lowercase();
        match known.iter().find(|column| column.name() == word) {
            Some(&column) if columns.place(column).is_some() => {
                found.add(found.cell_at(line(), place), Finding::ColumnTwice(word));
            }
            Some(&column) => columns.places.push((column, place)),
            None if word.is_empty() => {}
            // Beyond what is shown nobody looks for the place: that costs the length of the line.
            None if found.found.len() >= SHOWN_MAX => found.more += 1,
            None => found.add(found.cell_at(line(), place), Finding::IgnoredColumn(shorten(clean(cell)))),
        }
    }
    for column in needed.iter().filter(|column| columns.place(**column).is_none()) {
        found.add(At { line: line(), column: 1, length: u32::MAX }, Finding::NoColumn(column.name()));
    }
    columns
}
