//! Profiles out of a file, one after the other, each with its line: a CSV table or JSON lines.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context as _, Result};
use csv::ByteRecord;
use serde_path_to_error::{Path, Segment};

use super::plain::Plain;
use super::table::Table;
use crate::server::wire::Profile;

/// Bytes of a line: far more than a profile may have, far less than memory.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// The fields of a profile as proto3 JSON spells them.
const FIELDS: [&str; 12] = [
    "id",
    "phone",
    "segments",
    "tier",
    "birthday",
    "first_purchase",
    "firstPurchase",
    "attributes",
    "update_time",
    "updateTime",
    "has_phone",
    "hasPhone",
];

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A table with a header; separated by commas, semicolons or tabs.
    Csv,
    /// One profile a line, as proto3 JSON.
    Json,
}

/// What is wrong with a profile.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Fault {
    /// From 1.
    pub(super) line: u64,
    /// From 1: of a table the column, of JSON the character; nothing where it is about the whole line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<u64>,
    /// The field; empty where it is about the whole line.
    pub(super) field: String,
    /// What is wrong.
    pub(super) description: String,
}

/// What a line says.
pub(super) type Said = Result<Profile, Fault>;

/// A file that is read.
pub(super) enum Source<R: Read> {
    /// A table.
    Csv { reader: csv::Reader<Plain<BufReader<R>>>, table: Table, row: ByteRecord },
    /// JSON lines, with the number of the last one.
    Json { reader: BufReader<R>, number: u64 },
}

impl<R: Read> Source<R> {
    /// Begins to read; of a table the header.
    ///
    /// # Errors
    /// The file cannot be read, or the header is at fault.
    pub(super) fn open(input: R, format: Format) -> Result<Self> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        if format == Format::Json {
            return Ok(Source::Json { reader: input, number: 0 });
        }
        let delimiter = delimiter(input.fill_buf().context("cannot read the table")?);
        let mut builder = csv::ReaderBuilder::new();
        let mut reader = builder.delimiter(delimiter).flexible(true).from_reader(Plain::of(input));
        let header = reader.headers().context("cannot read the header of the table")?;
        let table = Table::of(header.iter())?;
        Ok(Source::Csv { reader, table, row: ByteRecord::new() })
    }

    /// The columns, where it is a table.
    pub(super) fn table(self) -> Option<Table> {
        match self {
            Source::Csv { table, .. } => Some(table),
            Source::Json { .. } => None,
        }
    }

    /// The next profile with its line; nothing at the end.
    ///
    /// # Errors
    /// The file cannot be read on.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Said)>> {
        match self {
            Source::Csv { reader, table, row } => {
                if !reader.read_byte_record(row).context("cannot read the table")? {
                    return Ok(None);
                }
                // The reader stands behind the row. Where the row says it began, blank lines may stand.
                let own = row.as_slice().iter().filter(|&&byte| byte == b'\n').count();
                let own = u64::try_from(own).unwrap_or_default();
                let line = reader.position().line().saturating_sub(own + 1);
                Ok(Some((line, from_row(table, row, line))))
            }
            Source::Json { reader, number } => loop {
                let mut text = Vec::new();
                let bytes = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut text);
                if bytes.context("cannot read the file")? == 0 {
                    return Ok(None);
                }
                *number += 1;
                if !text.iter().all(u8::is_ascii_whitespace) {
                    return Ok(Some((*number, from_json(&text, *number))));
                }
            },
        }
    }
}

/// The separator that the header has most of.
fn delimiter(begin: &[u8]) -> u8 {
    let header = begin.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|&&byte| byte == wanted).count();
    // The last of equals wins: the comma.
    [b'\t', b';', b','].into_iter().max_by_key(|&sign| count(sign)).unwrap_or(b',')
}

fn from_row(table: &Table, row: &ByteRecord, line: u64) -> Said {
    let fault = |column: Option<usize>, field: &str, description: &str| Fault {
        line,
        column: column.and_then(|column| u64::try_from(column).ok()),
        field: field.to_owned(),
        description: description.to_owned(),
    };
    if row.len() != table.width() {
        let told = format!("has {} cells, the header has {}", row.len(), table.width());
        return Err(fault(None, "", &told));
    }
    let mut cells = Vec::with_capacity(row.len());
    for (place, cell) in (1..).zip(row) {
        match std::str::from_utf8(cell) {
            Ok(cell) => cells.push(cell),
            Err(_) => return Err(fault(Some(place), "", "is not UTF-8")),
        }
    }
    let profile = table.profile(cells.into_iter());
    profile.map_err(|field| fault(table.place(field), field, "cannot be read"))
}

fn from_json(text: &[u8], line: u64) -> Said {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| (known_field(error.path()), error.into_inner()));
    let profile =
        read.and_then(|profile| reader.end().map(|()| profile).map_err(|error| (String::new(), error)));
    profile.map_err(|(field, error)| Fault {
        line,
        column: u64::try_from(error.column()).ok(),
        field,
        // What serde says may repeat what stood there, and that may be a phone.
        description: match error.classify() {
            serde_json::error::Category::Data => "is unknown, twice or of the wrong type".to_owned(),
            _ => "is not JSON".to_owned(),
        },
    })
}

/// The field that a path leads to, as far as it is made of names of ours. Any other may be a phone that stands in the wrong place, or
/// the name of an attribute.
fn known_field(path: &Path) -> String {
    let mut steps = path.iter();
    let Some(Segment::Map { key }) = steps.next() else { return String::new() };
    match steps.next() {
        _ if !FIELDS.contains(&key.as_str()) => String::new(),
        Some(place @ Segment::Seq { .. }) => format!("{key}{place}"),
        _ => key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: Format) -> Vec<(u64, Said)> {
        let mut source = Source::open(text.as_bytes(), format).unwrap();
        std::iter::from_fn(|| source.next().unwrap()).collect()
    }

    #[test]
    fn separators_and_quoted_line_ends_are_understood() {
        for text in ["id,tier\n1,gold\n", "id;tier\r\n1;gold\r\n", "id\ttier\n1\tgold"] {
            let said = read(text, Format::Csv);
            assert_eq!(
                (said.len(), said[0].0, said[0].1.as_ref().unwrap().tier.as_str()),
                (1, 2, "gold"),
                "{text}"
            );
        }
        let said = read("id,note\n1,\"a\nb\"\n2,c\n3\n", Format::Csv);
        assert_eq!(said.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 5]);
        assert_eq!(said[2].1.as_ref().unwrap_err().description, "has 1 cells, the header has 2");
        let said = read("id,note\r\n\r\n1,a\r\n\n\n2,\"b\r\nc\"\r\n3,d", Format::Csv);
        assert_eq!(said.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 6, 8]);
    }

    #[test]
    fn json_lines_at_fault_have_a_place_and_repeat_nothing() {
        let text =
            "{\"id\": \"1\", \"tier\": \"gold\"}\n\n{\"id\": 5}\n{\"id\n{\"telephone\": \"0501234567\"}\n";
        let said = read(text, Format::Json);
        assert_eq!(said[0].1.as_ref().unwrap().tier, "gold");
        let faults: Vec<_> = said[1..].iter().map(|(_, said)| said.clone().unwrap_err()).collect();
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!((faults[0].field.as_str(), faults[1].description.as_str()), ("id", "is not JSON"));
        assert!(!format!("{faults:?}").contains("0501234567"));
        let text = "{\"0501234567\": 1}\n{\"attributes\": {\"secret\": 1}}\n{\"segments\": [\"a\", 1]}\n";
        let fields: Vec<_> =
            read(text, Format::Json).into_iter().map(|(_, said)| said.unwrap_err().field).collect();
        assert_eq!(fields, ["", "attributes", "segments[1]"]);
    }
}
