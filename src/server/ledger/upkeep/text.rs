//! Facts as lines of JSON: to look at, to keep, to bring to another engine.
//!
//! A line a fact, with the number of its record, to the letter as the journal has it; then a line that says how many there were and what
//! the hash of all records is. So a text that was cut or changed is found, and reading it in makes the same journal.

use std::io::{BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::Error;
use super::rest::{Rest, Told};
use crate::server::journal::{self, PAYLOAD_BYTES_MAX, Place, Pour, SEGMENT_BYTES};
use crate::server::ledger;
use crate::server::ledger::catch_up::catch_up;
use crate::server::ledger::encode;
use crate::server::ledger::index::{Index as _, StateDigest};
use crate::server::ledger::shelf::Shelf;

/// Bytes of a line: a record of one fact, and what is around it.
const LINE_BYTES_MAX: u64 = 17 << 20;
/// Bytes of facts of one record, so that a text that is none does not fill the memory.
const RECORD_BYTES_MAX: usize = PAYLOAD_BYTES_MAX;

/// What is said of a line that is none.
const NO_LINE: &str = "it holds no fact, and is not the end";

/// A fact with the number of its record, or the end.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    fact: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<End>,
}

#[derive(Serialize, Deserialize)]
struct End {
    sequence: u64,
    facts: u64,
    chain: String,
}

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The last record.
    pub sequence: u64,
    /// Facts.
    pub facts: u64,
    /// The hash of all records.
    pub chain: String,
}

/// Writes every fact. The journal is checked whole before the first line.
///
/// # Errors
/// The journal is damaged, or `to` takes no more.
pub fn export(ledger: &Rest, to: &mut impl Write, told: Told<'_>) -> Result<Exported, Error> {
    let summary = journal::verify(&ledger.journal())?;
    let mut facts = 0;
    for record in journal::reader(&ledger.journal(), 1)? {
        let record = record?;
        let damaged = |what: serde_json::Error| ledger::Error::Record {
            sequence: record.sequence,
            what: what.to_string(),
        };
        let of_record: Vec<&RawValue> = serde_json::from_slice(&record.payload).map_err(damaged)?;
        for fact in of_record {
            write_line(to, &Line { sequence: Some(record.sequence), fact: Some(fact), ..Line::default() })?;
            facts += 1;
        }
        told(record.sequence, summary.records);
    }
    let exported = Exported { sequence: summary.records, facts, chain: summary.chain.to_string() };
    let end = End { sequence: exported.sequence, facts, chain: exported.chain.clone() };
    write_line(to, &Line { end: Some(end), ..Line::default() })?;
    to.flush().map_err(writing)?;
    Ok(exported)
}

fn write_line(to: &mut impl Write, line: &Line<'_>) -> Result<(), Error> {
    // Texts and numbers alone: what JSON cannot write here is what `to` does not take.
    serde_json::to_writer(&mut *to, line).map_err(|error| writing(error.into()))?;
    to.write_all(b"\n").map_err(writing)
}

fn writing(error: std::io::Error) -> Error {
    Error::Stream { action: "write the export", error }
}

/// What was read in.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The last record.
    pub sequence: u64,
    /// Facts.
    pub facts: u64,
    /// The hash of all records, which is that of the export.
    pub chain: String,
    /// The digest of all accounts.
    pub digest: StateDigest,
}

/// Makes the ledger that an export tells of. `ledger` is an empty one: [`Rest::empty`].
///
/// # Errors
/// A line is none, the end is missing, or what was read is not what was exported. Nothing is left of it then.
pub fn import(ledger: &Rest, from: &mut impl BufRead, told: Told<'_>) -> Result<Imported, Error> {
    ledger.filled(|| {
        let mut pour = Pour::begin(&ledger.journal(), SEGMENT_BYTES)?;
        let (line, end) = poured(&mut pour, from, told)?;
        let poured = pour.finish()?;
        let (chain, wrong) =
            (poured.chain.to_string(), |what: &str| Err(Error::Line { line, what: what.to_owned() }));
        if (poured.records, chain.as_str()) != (end.sequence, end.chain.as_str()) {
            return wrong("the facts before it are not those that were exported");
        }
        let index = Shelf::open(&ledger.index())?;
        let facts = catch_up(&index, &Place::system(&ledger.journal()), u64::MAX, &mut |done| {
            told(done, poured.records)
        })?;
        if facts != end.facts {
            return wrong("it counts other facts than there are");
        }
        index.close()?;
        Ok(Imported { sequence: poured.records, facts, chain, digest: index.mark().digest })
    })
}

/// Reads lines and pours records, up to the line that says that it is the last; its number too.
fn poured(pour: &mut Pour, from: &mut impl BufRead, told: Told<'_>) -> Result<(u64, End), Error> {
    let mut lines = Lines { from, bytes: Vec::new(), number: 0 };
    let mut record = Record::default();
    loop {
        let number = lines.next()?;
        let wrong = |what: String| Error::Line { line: number, what };
        let line: Line<'_> = serde_json::from_slice(&lines.bytes).map_err(|_| wrong(NO_LINE.to_owned()))?;
        match (line.sequence, line.fact, line.end) {
            (None, None, Some(end)) => {
                record.close(pour)?;
                return Ok((number, end));
            }
            (Some(sequence), Some(fact), None) => {
                if sequence == 0 || !record.is_next(sequence) {
                    let last = record.sequence;
                    return Err(wrong(format!("record {sequence} does not follow record {last}")));
                }
                if sequence > record.sequence {
                    record.close(pour)?;
                    record.sequence = sequence;
                    told(sequence, 0);
                }
                record.add(fact.get()).map_err(wrong)?;
            }
            _ => return Err(wrong(NO_LINE.to_owned())),
        }
    }
}

/// The record that is being read.
#[derive(Default)]
struct Record {
    sequence: u64,
    bytes: Vec<u8>,
}

impl Record {
    fn is_next(&self, sequence: u64) -> bool {
        sequence == self.sequence || sequence == self.sequence.saturating_add(1)
    }

    fn add(&mut self, fact: &str) -> Result<(), String> {
        encode::read_fact(fact).map_err(|error| error.to_string())?;
        self.bytes.push(if self.bytes.is_empty() { b'[' } else { b',' });
        self.bytes.extend_from_slice(fact.as_bytes());
        if self.bytes.len() >= RECORD_BYTES_MAX {
            return Err(format!("more than {RECORD_BYTES_MAX} bytes of facts in one record"));
        }
        Ok(())
    }

    fn close(&mut self, pour: &mut Pour) -> Result<(), Error> {
        if !self.bytes.is_empty() {
            self.bytes.push(b']');
            pour.append(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }
}

/// Lines, none of them longer than one may be.
struct Lines<'a, R> {
    from: &'a mut R,
    bytes: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// Reads the next line; its number. The text has no end before its last line.
    fn next(&mut self) -> Result<u64, Error> {
        self.bytes.clear();
        self.number += 1;
        let mut limited = self.from.by_ref().take(LINE_BYTES_MAX);
        let read = limited.read_until(b'\n', &mut self.bytes);
        read.map_err(|error| Error::Stream { action: "read the export", error })?;
        let wrong = |what: &str| Error::Line { line: self.number, what: what.to_owned() };
        match self.bytes.last() {
            None => Err(wrong("the export ends here without its last line: it was cut")),
            Some(b'\n') => Ok(self.number),
            Some(_) if limited.limit() == 0 => Err(wrong("longer than any line of an export")),
            // The last line may have lost its end of line, and nothing else.
            Some(_) => Ok(self.number),
        }
    }
}
