//! A report as a table for people, and as CSV.

use console::measure_text_width;

use super::columns::{Column, Form, all, telling};
use crate::cli::paper::harmless;
use crate::lang::Lang;
use crate::server::wire::{PromotionsResponse, PromotionsRow};

/// Between two columns.
const GAP: &str = "  ";

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
    let mut lines = vec![columns.iter().map(|column| column.heading(lang).to_owned()).collect()];
    lines.extend(report.rows.iter().map(|row| cells(row, &columns, lang)));
    let body = lines.len();
    // One row alone is its own total.
    let has_totals = !by.is_empty() && report.rows.len() > report.totals.len();
    if has_totals {
        lines.extend(report.totals.iter().map(|row| total(row, &columns, lang)));
    }
    let width = |place: usize| {
        lines
            .iter()
            .filter_map(|line: &Vec<String>| line.get(place))
            .map(|cell| measure_text_width(cell))
            .max()
    };
    let widths: Vec<usize> = (0..columns.len()).map(|place| width(place).unwrap_or_default()).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        if number == 1 || (has_totals && number == body) {
            text.push_str(
                &"─".repeat(widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)),
            );
            text.push('\n');
        }
        text.push_str(&aligned(line, &columns, &widths));
        text.push('\n');
    }
    let currencies: Vec<&str> = report.totals.iter().map(|row| row.currency_code.as_str()).collect();
    let (currencies, zone) = (currencies.join(", "), &report.time_zone);
    text + &lang.pick(
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

fn aligned(line: &[String], columns: &[&Column], widths: &[usize]) -> String {
    let cells = line.iter().zip(columns).zip(widths).map(|((cell, column), width)| {
        let blanks = " ".repeat(width.saturating_sub(measure_text_width(cell)));
        if column.is_name { format!("{cell}{blanks}") } else { format!("{blanks}{cell}") }
    });
    cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
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
