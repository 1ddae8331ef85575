//! A report as a table for people, and as CSV.

use super::columns::{Column, Form, all, telling};
use crate::cli::grid::{Grid, Side};
use crate::cli::paper::harmless;
use crate::lang::Lang;
use crate::server::wire::{PromotionsResponse, PromotionsRow};

/// A table: names at the left, figures at the right of their columns, in major units.
#[must_use]
pub fn table(report: &PromotionsResponse, by: &[&str], lang: Lang) -> String {
    if report.rows.is_empty() {
        return format!(
            "{}\n",
            lang.pick("no sales with such promotions", "немає продажів із такими акціями")
        );
    }
    let columns = telling(by, report);
    let side = |column: &&Column| if column.is_name { Side::Left } else { Side::Right };
    let mut grid = Grid::new(columns.iter().map(side).collect());
    grid.row(columns.iter().map(|column| column.heading(lang).to_owned()).collect());
    grid.rule();
    report.rows.iter().for_each(|row| grid.row(cells(row, &columns, lang)));
    // One row alone is its own total.
    if !by.is_empty() && report.rows.len() > report.totals.len() {
        grid.rule();
        report.totals.iter().for_each(|row| grid.row(total(row, &columns, lang)));
    }
    let currencies: Vec<&str> = report.totals.iter().map(|row| row.currency_code.as_str()).collect();
    let (currencies, zone) = (currencies.join(", "), &report.time_zone);
    grid.into_text()
        + &lang.pick(
            format!("amounts in {currencies}; days in {zone}; totals count a basket and a customer once\n"),
            format!("суми в {currencies}; дні за {zone}; у підсумку кошик і клієнт рахуються раз\n"),
        )
}

fn cells(row: &PromotionsRow, columns: &[&Column], lang: Lang) -> Vec<String> {
    columns.iter().map(|column| harmless(&column.cell(row, Form::Person(lang)))).collect()
}

fn total(row: &PromotionsRow, columns: &[&Column], lang: Lang) -> Vec<String> {
    let mut cells = cells(row, columns, lang);
    if let Some(first) = cells.first_mut() {
        lang.pick("total", "разом").clone_into(first);
    }
    cells
}

/// RFC 4180, a heading and a line a row, amounts in major units with a point.
#[must_use]
pub fn csv(report: &PromotionsResponse, by: &[&str]) -> String {
    let columns = all(by);
    let mut text = columns.iter().map(|column| column.name).collect::<Vec<_>>().join(",") + "\r\n";
    for row in &report.rows {
        let cells = columns.iter().map(|column| quoted(column.cell(row, Form::Machine)));
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell that has a separator in it, or that a spreadsheet would take for a formula: a store's name may be anybody's text.
fn quoted(cell: String) -> String {
    let is_formula = cell.starts_with(['=', '+', '@', '\t']);
    let cell = if is_formula { format!("'{cell}") } else { cell };
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_csv_is_one_cell() {
        for (cell, written) in [
            ("kyiv-01", "kyiv-01"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("-5.00", "-5.00"),
            ("", ""),
        ] {
            assert_eq!(quoted(cell.to_owned()), written);
        }
    }
}
