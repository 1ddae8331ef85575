//! A statement as a table for people, and as CSV.

use crate::cli::grid::{Grid, Side};
use crate::cli::words::{digits, money};
use crate::lang::Lang;
use crate::money::Amount;
use crate::server::wire::CertificateDay;

/// A figure of a day.
struct Column {
    name: &'static str,
    ukrainian: &'static str,
    of: fn(&CertificateDay) -> i64,
    /// Whether people see it where it is zero on every day.
    is_always_told: bool,
}

const fn column(name: &'static str, ukrainian: &'static str, of: fn(&CertificateDay) -> i64) -> Column {
    Column { name, ukrainian, of, is_always_told: false }
}

const fn always(column: Column) -> Column {
    Column { is_always_told: true, ..column }
}

/// In the order of the equation: what comes to the opening, and what goes from it.
const COLUMNS: [Column; 8] = [
    always(column("opening", "на початок", |day| day.opening)),
    always(column("issued", "видано", |day| day.issued)),
    column("returned", "повернено", |day| day.returned),
    column("reinstated", "поновлено", |day| day.reinstated),
    always(column("spent", "витрачено", |day| day.spent)),
    column("expired", "згоріло", |day| day.expired),
    column("refunded", "викуплено", |day| day.refunded),
    always(column("closing", "на кінець", |day| day.closing)),
];

/// RFC 4180: a heading and a line a day, amounts in major units with a point. No cell has anything in it that would need quotes.
pub(super) fn csv(days: &[CertificateDay]) -> String {
    let names = COLUMNS.iter().map(|column| column.name);
    let mut text = ["day", "currency"].into_iter().chain(names).collect::<Vec<_>>().join(",") + "\r\n";
    for day in days {
        let digits = digits(&day.currency_code);
        let figure = |column: &Column| Amount::from_minor((column.of)(day)).to_major(digits).to_string();
        let names = [day.day.clone(), day.currency_code.clone()];
        let cells: Vec<String> = names.into_iter().chain(COLUMNS.iter().map(figure)).collect();
        text = text + &cells.join(",") + "\r\n";
    }
    text
}

/// A table by currency, with the sums of its days. Columns that are zero on every day are left out.
pub(super) fn table(days: &[CertificateDay], zone: Option<&str>, lang: Lang) -> String {
    if days.is_empty() {
        let nothing = lang.pick(
            "nothing happened to certificates on these days",
            "у ці дні із сертифікатами нічого не відбувалося",
        );
        return format!("{nothing}\n");
    }
    let told: Vec<&Column> = COLUMNS
        .iter()
        .filter(|column| column.is_always_told || days.iter().any(|day| (column.of)(day) != 0))
        .collect();
    let mut text = String::new();
    // The answer is by currency, then by day.
    for days in days.chunk_by(|one, next| one.currency_code == next.currency_code) {
        text += &of_currency(days, &told, lang);
        text.push('\n');
    }
    let zone = zone.unwrap_or(lang.pick("the time zone of the rules", "часовим поясом правил"));
    text + &lang.pick(
        format!("days in {zone}\nclosing = opening + issued + returned + reinstated − spent − expired − refunded\n"),
        format!("дні за {zone}\nна кінець = на початок + видано + повернено + поновлено − витрачено − згоріло − викуплено\n"),
    )
}

fn of_currency(days: &[CertificateDay], told: &[&Column], lang: Lang) -> String {
    let currency = days.first().map_or("", |day| day.currency_code.as_str());
    let digits = digits(currency);
    let mut grid = Grid::new(std::iter::once(Side::Left).chain(told.iter().map(|_| Side::Right)).collect());
    let row = |name: &str, day: &CertificateDay| {
        let figures = told.iter().map(|column| money((column.of)(day), digits, lang));
        std::iter::once(name.to_owned()).chain(figures).collect()
    };
    let headings = told.iter().map(|column| lang.pick(column.name, column.ukrainian).to_owned());
    grid.row(std::iter::once(currency.to_owned()).chain(headings).collect());
    grid.rule();
    days.iter().for_each(|day| grid.row(row(&day.day, day)));
    grid.rule();
    grid.row(row(lang.pick("total", "разом"), &total(days)));
    grid.into_text()
}

/// All days as one.
fn total(days: &[CertificateDay]) -> CertificateDay {
    let sum = |of: fn(&CertificateDay) -> i64| days.iter().map(of).fold(0, i64::saturating_add);
    CertificateDay {
        opening: days.first().map_or(0, |day| day.opening),
        issued: sum(|day| day.issued),
        spent: sum(|day| day.spent),
        returned: sum(|day| day.returned),
        expired: sum(|day| day.expired),
        reinstated: sum(|day| day.reinstated),
        refunded: sum(|day| day.refunded),
        closing: days.last().map_or(0, |day| day.closing),
        ..CertificateDay::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: &str, currency: &str, [opening, issued, spent, closing]: [i64; 4]) -> CertificateDay {
        CertificateDay {
            day: day.to_owned(),
            currency_code: currency.to_owned(),
            opening,
            issued,
            spent,
            closing,
            ..CertificateDay::default()
        }
    }

    #[test]
    fn a_statement_is_for_spreadsheets_and_for_people() {
        let first = CertificateDay { expired: 500, ..day("2026-11-01", "UAH", [0, 50_000, 0, 49_500]) };
        let days = [
            first,
            day("2026-11-03", "UAH", [49_500, 0, 12_345, 37_155]),
            day("2026-11-03", "JPY", [0, 1_500, 0, 1_500]),
        ];
        assert_eq!(
            csv(&days),
            "day,currency,opening,issued,returned,reinstated,spent,expired,refunded,closing\r\n\
             2026-11-01,UAH,0.00,500.00,0.00,0.00,0.00,5.00,0.00,495.00\r\n\
             2026-11-03,UAH,495.00,0.00,0.00,0.00,123.45,0.00,0.00,371.55\r\n\
             2026-11-03,JPY,0,1500,0,0,0,0,0,1500\r\n"
        );
        assert_eq!(
            table(&days, Some("Europe/Kyiv"), Lang::En),
            "\
UAH         opening  issued   spent  expired  closing
─────────────────────────────────────────────────────
2026-11-01     0.00  500.00    0.00     5.00   495.00
2026-11-03   495.00    0.00  123.45     0.00   371.55
─────────────────────────────────────────────────────
total          0.00  500.00  123.45     5.00   371.55

JPY         opening  issued  spent  expired  closing
────────────────────────────────────────────────────
2026-11-03        0   1\u{a0}500      0        0    1\u{a0}500
────────────────────────────────────────────────────
total             0   1\u{a0}500      0        0    1\u{a0}500

days in Europe/Kyiv
closing = opening + issued + returned + reinstated − spent − expired − refunded
"
        );
        assert!(
            table(&days, None, Lang::Uk).starts_with("UAH         на початок  видано  витрачено  згоріло")
        );
        assert_eq!(table(&[], None, Lang::En), "nothing happened to certificates on these days\n");
    }
}
