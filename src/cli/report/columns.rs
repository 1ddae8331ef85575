//! The columns of a report of promotions, as names and cells.

use crate::cli::words::{count, digits, money};
use crate::lang::Lang;
use crate::money::Amount;
use crate::server::wire::{PromotionsResponse, PromotionsRow};

/// How a cell is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For a person who speaks this language.
    Person(Lang),
    /// For a spreadsheet: digits and a point.
    Machine,
}

/// What a cell holds.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Text(&'a str),
    Count(u64),
    Money(i64),
}

/// A column.
pub(super) struct Column {
    /// Its name for machines.
    pub(super) name: &'static str,
    /// Its heading for people.
    heading: [&'static str; 2],
    cell: fn(&PromotionsRow) -> Cell<'_>,
    /// Whether rows are named by it.
    pub(super) is_name: bool,
}

const NAMES: [Column; 5] = [
    name("promotion", ["promotion", "акція"], |row| {
        Cell::Text(row.promotion_id.as_deref().unwrap_or_default())
    }),
    name("day", ["day", "день"], |row| Cell::Text(row.day.as_deref().unwrap_or_default())),
    name("channel", ["channel", "канал"], |row| Cell::Text(row.channel.as_deref().unwrap_or_default())),
    name("store", ["store", "магазин"], |row| Cell::Text(row.store.as_deref().unwrap_or_default())),
    name("currency", ["currency", "валюта"], |row| Cell::Text(&row.currency_code)),
];

const FIGURES: [Column; 13] = [
    figure("baskets", ["baskets", "кошики"], |row| Cell::Count(row.basket_count)),
    figure("baskets_by_code", ["by code", "за кодом"], |row| Cell::Count(row.basket_by_code_count)),
    figure("customers", ["customers", "клієнти"], |row| Cell::Count(row.customer_count)),
    figure("baskets_without_customer", ["unknown", "невідомі"], |row| {
        Cell::Count(row.basket_without_customer_count)
    }),
    figure("baskets_total", ["baskets' total", "сума кошиків"], |row| {
        Cell::Money(row.baskets_total)
    }),
    figure("units", ["units", "штуки"], |row| Cell::Count(row.unit_count)),
    figure("units_returned", ["returned", "повернуто"], |row| Cell::Count(row.returned_unit_count)),
    figure("sold", ["sold for", "продано на"], |row| Cell::Money(row.sold_total)),
    figure("given", ["given", "знижка"], |row| Cell::Money(row.discount_total)),
    figure("gifts", ["gifts", "подарунки"], |row| Cell::Count(row.gift_count)),
    figure("gifts_cost", ["gifts' cost", "їх собівартість"], |row| {
        Cell::Money(row.gift_cost_total)
    }),
    figure("gifts_without_cost", ["cost unknown", "без собівартості"], |row| {
        Cell::Count(row.gift_without_cost_count)
    }),
    figure("points", ["points", "бали"], |row| Cell::Count(row.points)),
];

const fn name(
    name: &'static str,
    heading: [&'static str; 2],
    cell: fn(&PromotionsRow) -> Cell<'_>,
) -> Column {
    Column { name, heading, cell, is_name: true }
}

const fn figure(
    name: &'static str,
    heading: [&'static str; 2],
    cell: fn(&PromotionsRow) -> Cell<'_>,
) -> Column {
    Column { name, heading, cell, is_name: false }
}

impl Column {
    /// Its heading.
    pub(super) fn heading(&self, lang: Lang) -> &'static str {
        let [english, ukrainian] = self.heading;
        lang.pick(english, ukrainian)
    }

    /// What a row has in it.
    pub(super) fn cell(&self, row: &PromotionsRow, form: Form) -> String {
        match ((self.cell)(row), form) {
            (Cell::Text(text), _) => text.to_owned(),
            (Cell::Count(number), Form::Person(_)) => count(number),
            (Cell::Count(number), Form::Machine) => number.to_string(),
            (Cell::Money(minor), Form::Person(lang)) => money(minor, digits(&row.currency_code), lang),
            (Cell::Money(minor), Form::Machine) => {
                Amount::from_minor(minor).to_major(digits(&row.currency_code)).to_string()
            }
        }
    }

    fn is_empty(&self, row: &PromotionsRow) -> bool {
        match (self.cell)(row) {
            Cell::Text(text) => text.is_empty(),
            Cell::Count(number) => number == 0,
            Cell::Money(minor) => minor == 0,
        }
    }
}

/// Columns for machines: those that rows are made by, the currency, and all figures.
pub(super) fn all(by: &[&str]) -> Vec<&'static Column> {
    let names = NAMES.iter().filter(|column| column.name == "currency" || by.contains(&column.name));
    names.chain(&FIGURES).collect()
}

/// Columns for a person: without figures that are zero everywhere, and without the currency where there is one.
pub(super) fn telling(by: &[&str], report: &PromotionsResponse) -> Vec<&'static Column> {
    let is_told = |column: &&Column| match column.name {
        "currency" => report.totals.len() > 1,
        "baskets" | "sold" | "given" => true,
        _ => column.is_name || report.rows.iter().any(|row| !column.is_empty(row)),
    };
    all(by).into_iter().filter(is_told).collect()
}
