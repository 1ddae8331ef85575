//! CSV files: the catalogue and price lists. Separators, quotes and headings as spreadsheets write them.

use std::collections::BTreeMap;

use crate::catalog::Product;
use crate::money::{Amount, Currency};
use crate::rulebook::diagnostic::finding::Finding;
use crate::rulebook::diagnostic::report::{Diagnostic, SHOWN_MAX, more_of};
use crate::rulebook::read::reader::amount_of;
use crate::rulebook::source::Source;
use crate::rulebook::text::number::{Use, clean, decimal};
use crate::rulebook::text::page::{At, CSV_BYTES_MAX, Page};

/// Rows of one file: twice the assortment of the largest retailer of this kind.
pub const ROWS_MAX: usize = 1_000_000;

/// The columns of a catalogue.
pub const CATALOG_COLUMNS: &[&str] = &["sku", "name", "brand", "category", "price", "cost", "tags"];
/// The columns of a price list.
pub const PRICE_COLUMNS: &[&str] = &["sku", "price"];

/// The goods of a catalogue file, with every finding.
#[must_use]
pub fn catalog(source: &Source, currency: Currency) -> (Vec<Product>, Vec<Diagnostic>) {
    let mut products = Vec::new();
    let mut rows = |row: &mut Row<'_, '_>| {
        let Some(sku) = row.sku() else {
            return;
        };
        let product = Product {
            sku,
            name: row.cell("name").to_owned(),
            brand: row.cell("brand").to_owned(),
            categories: row.pieces("category"),
            tags: row.pieces("tags"),
            price: row.amount("price"),
            cost: row.amount("cost"),
        };
        products.push(product);
    };
    let found = read(source, currency, CATALOG_COLUMNS, &["sku"], &mut rows);
    (products, found)
}

/// The prices of a price list, with every finding.
#[must_use]
pub fn prices(source: &Source, currency: Currency) -> (BTreeMap<String, Amount>, Vec<Diagnostic>) {
    let mut prices = BTreeMap::new();
    let mut rows = |row: &mut Row<'_, '_>| {
        let sku = row.sku();
        if row.cell("price").is_empty() {
            row.fault("price", Finding::EmptyCell("price"));
        }
        if let (Some(sku), Some(price)) = (sku, row.amount("price")) {
            prices.insert(sku, price);
        }
    };
    let mut found = read(source, currency, PRICE_COLUMNS, &["sku", "price"], &mut rows);
    if prices.is_empty() && found.is_empty() {
        found.push(Diagnostic::new(&source.path, None, Finding::NoPrices));
    }
    (prices, found)
}

/// One row and what is found in it.
struct Row<'r, 'p> {
    record: &'r csv::StringRecord,
    columns: &'r BTreeMap<&'static str, usize>,
    currency: Currency,
    found: &'r mut Findings<'p>,
    seen: &'r mut BTreeMap<String, u32>,
}

impl Row<'_, '_> {
    fn line(&self) -> u32 {
        line_of(self.found.page, self.record)
    }

    fn cell(&self, column: &str) -> &str {
        let place = self.columns.get(column).copied();
        unquoted(place.and_then(|place| self.record.get(place)).unwrap_or_default())
    }

    fn fault(&mut self, column: &str, finding: Finding) {
        let place = self.columns.get(column).copied().unwrap_or_default();
        let at = self.found.cell_at(self.line(), place);
        self.found.add(at, finding);
    }

    fn sku(&mut self) -> Option<String> {
        let sku = self.cell("sku").to_owned();
        if sku.is_empty() {
            self.fault("sku", Finding::EmptyCell("sku"));
            return None;
        }
        let line = self.line();
        if let Some(&first) = self.seen.get(&sku) {
            let place = self.columns.get("sku").copied().unwrap_or_default();
            let (at, also) = (self.found.cell_at(line, place), self.found.cell_at(first, place));
            self.found.add_with(
                at,
                Finding::SkuTwice(crate::rulebook::text::number::shorten(&sku)),
                Some(also),
            );
            return None;
        }
        self.seen.insert(sku.clone(), line);
        Some(sku)
    }

    fn pieces(&self, column: &str) -> Vec<String> {
        self.cell(column).split('|').map(clean).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
    }

    fn amount(&mut self, column: &str) -> Option<Amount> {
        let text = self.cell(column);
        if text.is_empty() {
            return None;
        }
        let currency = self.currency;
        let amount = decimal(text, Use::Money(currency.digits()))
            .and_then(|number| amount_of(number, &crate::rulebook::text::number::shorten(text), currency));
        match amount {
            Ok(amount) => Some(amount),
            Err(finding) => {
                self.fault(column, finding);
                None
            }
        }
    }
}

/// The line at which a record begins. The library counts from the end of the one before, which with Windows line ends
/// is half a line early.
fn line_of(page: &Page<'_>, record: &csv::StringRecord) -> u32 {
    let byte =
        record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
    let rest = page.text.as_bytes().get(byte..).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    page.line_at(byte + ends)
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
    known: &'static [&'static str],
    needed: &[&'static str],
    rows: &mut dyn FnMut(&mut Row<'_, '_>),
) -> Vec<Diagnostic> {
    let page = match Page::of(source, CSV_BYTES_MAX) {
        Ok(page) => page,
        Err(diagnostic) => return vec![*diagnostic],
    };
    // Spreadsheets may say their separator in a line before the headings.
    let said = page.line(1).strip_prefix("sep=").and_then(|rest| rest.chars().next());
    let heading_line = if said.is_some() { 2 } else { 1 };
    let heading = page.line(heading_line);
    let separator = said.unwrap_or_else(|| {
        [';', '\t', ','].into_iter().max_by_key(|&sign| heading.matches(sign).count()).unwrap_or(',')
    });
    let mut found = Findings { page: &page, separator, found: Vec::new(), errors: 0, more: 0 };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .from_reader(page.text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut columns: Option<(BTreeMap<&'static str, usize>, usize)> = None;
    let mut seen = BTreeMap::new();
    let mut count = 0;
    while reader.read_record(&mut record).unwrap_or(false) {
        let line = line_of(&page, &record);
        if line < heading_line || record.iter().all(|cell| clean(cell).is_empty()) {
            continue;
        }
        let Some((columns, width)) = &columns else {
            columns = Some(headings(&record, line, known, needed, &mut found));
            continue;
        };
        count += 1;
        if count > ROWS_MAX {
            found.add(found.cell_at(line, 0), Finding::TooManyRows(ROWS_MAX));
            break;
        }
        if let Some(place) = record.iter().position(|cell| cell.contains('\n')) {
            found.add(found.cell_at(line, place), Finding::CsvQuote);
            continue;
        }
        let spills = record.iter().skip(*width).any(|cell| !clean(cell).is_empty());
        if record.len() < *width || spills {
            found.add(found.cell_at(line, 0), Finding::CellCount(*width, record.len()));
            continue;
        }
        if needed.iter().all(|column| columns.contains_key(column)) {
            rows(&mut Row { record: &record, columns, currency, found: &mut found, seen: &mut seen });
        }
    }
    if columns.is_none() {
        let at = At { line: 1, column: 1, length: 1 };
        found.add(at, Finding::NoColumn(needed.first().copied().unwrap_or("sku")));
    }
    if found.more > 0 {
        found.found.push(more_of(&source.path, found.more, found.errors > 0));
    }
    found.found
}

/// Which column stands where, and how many there are.
fn headings(
    record: &csv::StringRecord,
    line: u32,
    known: &'static [&'static str],
    needed: &[&'static str],
    found: &mut Findings<'_>,
) -> (BTreeMap<&'static str, usize>, usize) {
    let mut columns = BTreeMap::new();
    for (place, cell) in record.iter().enumerate() {
        let word = clean(cell).to_lowercase();
        match known.iter().find(|name| **name == word) {
            Some(name) if columns.contains_key(name) => {
                found.add(found.cell_at(line, place), Finding::ColumnTwice(word));
            }
            Some(name) => {
                columns.insert(*name, place);
            }
            None if word.is_empty() => {}
            // Beyond what is shown nobody looks for the place: that costs the length of the line.
            None if found.found.len() >= SHOWN_MAX => found.more += 1,
            None => found.add(
                found.cell_at(line, place),
                Finding::IgnoredColumn(crate::rulebook::text::number::shorten(clean(cell))),
            ),
        }
    }
    for column in needed.iter().filter(|column| !columns.contains_key(*column)) {
        found.add(At { line, column: 1, length: u32::MAX }, Finding::NoColumn(column));
    }
    (columns, record.len())
}
