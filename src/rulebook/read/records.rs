//! The records of a CSV text: cells as they stand in the text, and unquoted where there are quotes.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter, memchr2};

/// The mark of the byte order.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads records one by one, as `csv` reads them: lines that are empty are none.
pub struct Records<'p> {
    text: &'p str,
    separator: u8,
    /// Where the next record begins, or line ends before it.
    next: usize,
    /// The first quote that is not before the next record; behind the text where there is none.
    quote: usize,
    /// Made for the first record with a quote: most texts have none.
    reader: Option<Reader>,
    record: Record<'p>,
}

/// One record.
#[derive(Debug, Default)]
pub struct Record<'p> {
    /// What the cells were written as; absent where quotes had to be taken off.
    plain: Option<&'p str>,
    /// The cells without their quotes, one after the other.
    unquoted: Vec<u8>,
    /// Where each cell ends, in the one or the other.
    ends: Vec<usize>,
    start: usize,
}

impl<'p> Records<'p> {
    /// The records of a text.
    #[must_use]
    pub fn of(text: &'p str, separator: u8) -> Self {
        Records { text, separator, next: 0, quote: 0, reader: None, record: Record::default() }
    }

    /// The next record; `None` at the end, and where cells are cut inside a letter.
    pub fn read(&mut self) -> Option<&Record<'p>> {
        let rest = self.text.as_bytes().get(self.next..)?;
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.record.start = self.next + ends;
        let line = rest.get(ends..).filter(|line| !line.is_empty())?;
        // The library takes a mark of the byte order off the very first record.
        let is_marked = self.next == 0 && rest.starts_with(MARK);
        let is_read = (!is_marked && self.plain(line)) || self.unquoted(rest);
        is_read.then_some(&self.record)
    }

    /// A record without quotes is its line, cut at the separators.
    fn plain(&mut self, rest: &[u8]) -> bool {
        if !self.separator.is_ascii() {
            return false;
        }
        let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let has_quote = self.quote(rest) < self.record.start + length;
        let Some(line) = rest.get(..length).filter(|_| !has_quote) else {
            return false;
        };
        let record = &mut self.record;
        record.ends.clear();
        record.ends.extend(memchr_iter(self.separator, line).chain([length]));
        record.plain = self.text.get(record.start..record.start + length);
        self.next = record.start + length;
        record.plain.is_some()
    }

    /// The first quote from the record on: looked for once in a text without quotes.
    fn quote(&mut self, rest: &[u8]) -> usize {
        let start = self.record.start;
        if self.quote <= start {
            self.quote = start + memchr(b'"', rest).unwrap_or(rest.len());
        }
        self.quote
    }

    fn unquoted(&mut self, mut rest: &[u8]) -> bool {
        let record = &mut self.record;
        let reader = self.reader.get_or_insert_with(|| reader(self.separator, self.next == 0));
        record.plain = None;
        let (mut written, mut cells) = (0, 0);
        record.unquoted.resize(record.unquoted.capacity().max(256), 0);
        record.ends.resize(record.ends.capacity().max(16), 0);
        loop {
            let (Some(output), Some(ends)) =
                (record.unquoted.get_mut(written..), record.ends.get_mut(cells..))
            else {
                return false;
            };
            let (result, read, wrote, ended) = reader.read_record(rest, output, ends);
            rest = rest.get(read..).unwrap_or_default();
            self.next += read;
            written += wrote;
            cells += ended;
            match result {
                // Without more input it is told that the text ends here.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => record.unquoted.resize(2 * record.unquoted.len(), 0),
                ReadRecordResult::OutputEndsFull => record.ends.resize(2 * record.ends.len(), 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return false,
            }
        }
        record.unquoted.truncate(written);
        record.ends.truncate(cells);
        record.is_text()
    }
}

/// The library's reader, at the beginning of a text or behind it.
fn reader(separator: u8, is_first: bool) -> Reader {
    let mut reader = ReaderBuilder::new().delimiter(separator).build();
    if !is_first {
        // An empty line is no record, and what follows it is not the very first one.
        reader.read_record(b"\n", &mut [0; 1], &mut [0; 1]);
    }
    reader
}

impl<'p> Record<'p> {
    /// The byte of the text at which it begins.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start
    }

    /// How many cells it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// A cell.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&str> {
        match self.plain {
            Some(_) => self.in_text(place),
            None => {
                std::str::from_utf8(self.unquoted.get(self.start_of(place, 0)?..*self.ends.get(place)?)?).ok()
            }
        }
    }

    /// A cell as a part of the text; `None` where quotes had to be taken off.
    #[must_use]
    pub fn in_text(&self, place: usize) -> Option<&'p str> {
        self.plain?.get(self.start_of(place, 1)?..*self.ends.get(place)?)
    }

    /// The cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.count()).map(|place| self.get(place).unwrap_or_default())
    }

    /// The first cell with a line end in it: a quote that is not closed.
    #[must_use]
    pub fn broken_cell(&self) -> Option<usize> {
        if self.plain.is_some() {
            return None;
        }
        self.cells().position(|cell| cell.contains('\n'))
    }

    /// Where a cell begins, with so many bytes of a separator before it.
    fn start_of(&self, place: usize, separator: usize) -> Option<usize> {
        match place.checked_sub(1) {
            None => Some(0),
            Some(before) => Some(self.ends.get(before)? + separator),
        }
    }

    fn is_text(&self) -> bool {
        (0..self.count()).all(|place| self.get(place).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records with the bytes at which they begin, line ends before them left out.
    type Read = Vec<(usize, Vec<String>)>;

    fn by_library(text: &str, separator: u8) -> Read {
        let mut builder = csv::ReaderBuilder::new();
        let mut reader =
            builder.delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let mut read = Vec::new();
        while reader.read_record(&mut record).unwrap_or(false) {
            let byte = usize::try_from(record.position().unwrap().byte()).unwrap();
            let ends =
                text.as_bytes()[byte..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            read.push((byte + ends, record.iter().map(str::to_owned).collect()));
        }
        read
    }

    fn by_records(text: &str, separator: u8) -> Read {
        let mut records = Records::of(text, separator);
        let mut read = Vec::new();
        while let Some(record) = records.read() {
            read.push((record.start(), record.cells().map(str::to_owned).collect()));
        }
        read
    }

    #[test]
    fn records_are_those_of_the_library() {
        let mut seed = 20_261_126_u64;
        let mut draw = |bound: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((seed >> 33) % bound).unwrap()
        };
        let parts = [
            "a",
            ",",
            ",",
            ";",
            "\"",
            "\"",
            "\n",
            "\r\n",
            "\r",
            " ",
            "é",
            "\u{feff}",
            "long words",
            "\"b,c\"",
        ];
        for round in 0..40_000 {
            let text: String = (0..draw(24)).map(|_| parts[draw(14)]).collect();
            let separator = [b',', b';', b'a', 0xA9][draw(4)];
            assert_eq!(
                by_records(&text, separator),
                by_library(&text, separator),
                "{round}: {text:?} {separator}"
            );
        }
        // Longer than what is set aside at first.
        let wide = format!("{}\n\"{}\",{}", "a,".repeat(100), "é\"\"".repeat(1_000), "b,".repeat(100));
        assert_eq!(by_records(&wide, b','), by_library(&wide, b','));
    }
}
