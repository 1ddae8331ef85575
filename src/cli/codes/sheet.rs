//! A table of codes as a CRM writes it: which column is what, and what is wrong on which line, without a word of what stands there.

use crate::cli::calendar::timestamp;
use crate::rulebook::read::records::{Record, Records};
use crate::rulebook::source::Source;
use crate::rulebook::text::calendar::Edge;
use crate::rulebook::text::number::clean;
use crate::rulebook::text::page::{CSV_BYTES_MAX, Page};
use crate::server::wire::{CodeTerms, ImportedCode};
use crate::time::Zone;

use super::terms::is_empty;

/// The columns that are known; `code` must be there.
const COLUMNS: [&str; 7] = ["code", "phone", "pin", "customer", "from", "until", "uses"];
/// Faults that are told; a column in the wrong place makes one on every line.
const FAULTS_MAX: usize = 100;

/// One code and where it stands.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its line, from 1.
    pub line: u32,
    /// The code, with terms where the line says something of them.
    pub code: ImportedCode,
}

/// What is wrong with a line. The text of the line is no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong.
    pub what: String,
}

/// Reads a table. What a line does not say of its code is as in `terms`.
///
/// # Errors
/// Everything that is wrong with it, at most a hundred lines.
pub fn read(bytes: Vec<u8>, terms: &CodeTerms, zone: &Zone) -> Result<Vec<Row>, Vec<Fault>> {
    let source = Source { path: String::new(), bytes };
    let page = Page::of(&source, CSV_BYTES_MAX).map_err(|found| {
        vec![fault(found.place.map_or(1, |place| place.line), "is no UTF-8 text, or too long")]
    })?;
    let heading = page.first_line();
    let separator =
        [b';', b'\t', b','].into_iter().max_by_key(|&sign| heading.matches(char::from(sign)).count());
    let mut records = Records::of(&page.text, separator.unwrap_or(b','));
    let mut columns = None;
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    while let Some(record) = records.read() {
        if record.cells().all(|cell| clean(cell).is_empty()) {
            continue;
        }
        // Counted where asked alone: the lines of a text are found once.
        let line = page.line_at(record.start());
        match &columns {
            None => columns = Some(headings(record, line, &mut faults)),
            Some(columns) => match row(record, columns, (terms, zone)) {
                Ok(code) => rows.push(Row { line, code }),
                Err(what) => faults.push(fault(line, what)),
            },
        }
        if faults.len() >= FAULTS_MAX {
            break;
        }
    }
    if rows.is_empty() && faults.is_empty() {
        faults.push(fault(1, "holds no code: the first line names the columns, the others have a code each"));
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

fn fault(line: u32, what: impl Into<String>) -> Fault {
    Fault { line, what: what.into() }
}

/// Which column stands where.
fn headings(record: &Record<'_>, line: u32, faults: &mut Vec<Fault>) -> Vec<Option<&'static str>> {
    let mut columns = Vec::new();
    for (place, cell) in record.cells().enumerate() {
        let word = clean(cell).to_lowercase();
        let column = COLUMNS.into_iter().find(|column| *column == word);
        // Not its text: where the line with the names is missing, this is a code.
        if column.is_none() && !word.is_empty() {
            let known = COLUMNS.join(", ");
            faults.push(fault(line, format!("names a column {} that is none of {known}", place + 1)));
        }
        if column.is_some() && columns.contains(&column) {
            faults.push(fault(line, format!("names column {} a second time", place + 1)));
        }
        columns.push(column);
    }
    if !columns.contains(&Some("code")) {
        faults.push(fault(line, "names no column `code`"));
    }
    columns
}

fn row(
    record: &Record<'_>,
    columns: &[Option<&'static str>],
    (terms, zone): (&CodeTerms, &Zone),
) -> Result<ImportedCode, &'static str> {
    if record.broken_cell().is_some() {
        return Err("has a quotation mark that is not closed");
    }
    if record.count() > columns.len() {
        return Err("has more cells than there are columns");
    }
    let mut code = String::new();
    let mut own = terms.clone();
    for (cell, column) in record.cells().zip(columns) {
        let text = clean(cell);
        if text.is_empty() {
            continue;
        }
        match column {
            Some("code") => text.clone_into(&mut code),
            Some("phone") => text.clone_into(&mut own.phone),
            Some("pin") => text.clone_into(&mut own.pin),
            Some("customer") => text.clone_into(&mut own.customer_id),
            Some("from") => {
                own.start_time = Some(timestamp(text, zone, Edge::From).ok_or("has no moment in `from`")?)
            }
            Some("until") => {
                own.end_time = Some(timestamp(text, zone, Edge::Until).ok_or("has no moment in `until`")?)
            }
            Some("uses") => own.uses_max = Some(text.parse().map_err(|_| "has no number in `uses`")?),
            _ => return Err("has a cell under a column without a name"),
        }
    }
    if code.is_empty() {
        return Err("has no code");
    }
    if is_empty(own.start_time, own.end_time) {
        return Err("ends before it starts");
    }
    Ok(ImportedCode { code, terms: (own != *terms).then_some(own) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(u32, String)> {
        let read = read(text.as_bytes().to_vec(), &CodeTerms::default(), &Zone::utc());
        read.unwrap_err().into_iter().map(|fault| (fault.line, fault.what)).collect()
    }

    #[test]
    fn columns_come_in_any_order_and_lines_say_what_is_their_own() {
        let text =
            "\u{feff}phone;Code;until;uses\r\n;ABC-1;;\r\n\r\n+380671234567;\"DEF;2\";2027-01-31;3\r\n";
        let terms = CodeTerms { uses_max: Some(1), ..CodeTerms::default() };
        let rows = read(text.as_bytes().to_vec(), &terms, &Zone::utc()).unwrap();
        let [first, second] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((first.line, first.code.code.as_str(), &first.code.terms), (2, "ABC-1", &None));
        let own = second.code.terms.as_ref().unwrap();
        assert_eq!(
            (second.line, second.code.code.as_str(), own.phone.as_str()),
            (4, "DEF;2", "+380671234567")
        );
        assert_eq!((own.uses_max, own.end_time.unwrap().seconds), (Some(3), 1_801_440_000));
    }

    #[test]
    fn a_fault_names_its_line_and_nothing_that_stands_there() {
        let text = "code,uses,from,until\nSECRET1,x,,\n,1,,\nSECRET2,1,SECRET3,\nSECRET4,1,2027-02-01,2027-01-01\n\
                    SECRET5,1,,,7\nSECRET6\n";
        let found = faults(text);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6], "{found:?}");
        assert!(found.iter().all(|(_, what)| !what.contains("SECRET")), "{found:?}");
        for (text, line) in
            [("", 1), ("code\n", 1), ("SECRET\nSECRET\n", 1), ("code,code\na,b\n", 1), ("code\n\"a\nb", 2)]
        {
            let found = faults(text);
            assert!(
                found.iter().any(|(at, what)| *at == line && !what.contains("SECRET")),
                "{text:?}: {found:?}"
            );
        }
    }
}
