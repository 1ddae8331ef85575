//! The bytes of a file as text with numbered lines: decoding, and places as people count them.

use std::borrow::Cow;
use std::sync::OnceLock;

use memchr::memchr2_iter;

use crate::rulebook::diagnostic::finding::{Encoding, Finding};
use crate::rulebook::diagnostic::report::{Diagnostic, Place};
use crate::rulebook::source::Source;

/// Bytes of a rule file: a hundred times the largest that people write by hand.
pub const RULES_BYTES_MAX: usize = 4 * 1_048_576;
/// Bytes of a CSV: a catalogue of half a million goods.
pub const CSV_BYTES_MAX: usize = 64 * 1_048_576;
/// Bytes that are looked at together.
const PIECE: usize = 256;
/// Characters of a line that a diagnostic quotes.
const QUOTED_MAX: usize = 200;
/// Characters that a caret underlines.
const UNDERLINED_MAX: usize = 60;
/// Characters that a quoted part of a long line shows before the place.
const QUOTED_BEFORE: usize = 60;

/// A spot in a text: one line, a column and a length in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// At least 1.
    pub length: u32,
}

/// One file as text.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The file.
    pub path: &'a str,
    /// Its text, without a byte order mark.
    pub text: Cow<'a, str>,
    /// The bytes at which lines begin: finding the ten-thousandth line must not count the first ones again.
    /// Counted when somebody asks, for most files have no finding.
    starts: OnceLock<Vec<usize>>,
}

impl<'a> Page<'a> {
    /// Decodes a file of at most `limit` bytes.
    ///
    /// # Errors
    /// The one finding that keeps it from being read.
    pub fn of(source: &'a Source, limit: usize) -> Result<Self, Box<Diagnostic>> {
        let refuse = |place, finding| Box::new(Diagnostic::new(&source.path, place, finding));
        if source.bytes.len() > limit {
            return Err(refuse(None, Finding::FileTooLarge(limit)));
        }
        let bytes = source.bytes.as_slice();
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(refuse(None, Finding::NotUtf8(Encoding::Utf16)));
        }
        let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let (good, bad) = bytes.split_at(error.valid_up_to());
                let page = Page::new(&source.path, String::from_utf8_lossy(good));
                let place = page.place(page.at_byte(good.len()));
                return Err(refuse(Some(place), Finding::NotUtf8(encoding_of(bad))));
            }
        };
        let page = Page::new(&source.path, with_plain_blanks(text));
        if may_be_forbidden(page.text.as_bytes())
            && let Some((byte, letter)) = page.text.char_indices().find(|&(_, letter)| is_forbidden(letter))
        {
            let place = page.place(page.at_byte(byte));
            return Err(refuse(Some(place), Finding::ControlCharacter(u32::from(letter))));
        }
        Ok(page)
    }

    fn new(path: &'a str, text: Cow<'a, str>) -> Self {
        Page { path, text, starts: OnceLock::new() }
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut starts = vec![0];
            let is_end =
                |&place: &usize| bytes.get(place) == Some(&b'\n') || bytes.get(place + 1) != Some(&b'\n');
            starts.extend(memchr2_iter(b'\n', b'\r', bytes).filter(is_end).map(|place| place + 1));
            starts
        })
    }

    /// The first line without its end, which asks for no other.
    #[must_use]
    pub fn first_line(&self) -> &str {
        self.text.split(['\n', '\r']).next().unwrap_or_default()
    }

    /// The line with this number, from 1, without its end.
    #[must_use]
    pub fn line(&self, number: u32) -> &str {
        let number = usize::try_from(number).unwrap_or(usize::MAX).max(1);
        let start = self.starts().get(number - 1).copied().unwrap_or(self.text.len());
        let end = self.starts().get(number).copied().unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    /// A finding at a spot of this page.
    #[must_use]
    pub fn diagnostic(&self, at: At, finding: Finding) -> Diagnostic {
        Diagnostic::new(self.path, Some(self.place(at)), finding)
    }

    /// The spot with its line.
    #[must_use]
    pub fn place(&self, at: At) -> Place {
        let line = self.line(at.line);
        let column = usize::try_from(at.column).unwrap_or(usize::MAX).max(1);
        let is_long = line.chars().nth(QUOTED_MAX).is_some();
        let skipped = if is_long { (column - 1).saturating_sub(QUOTED_BEFORE) } else { 0 };
        let text: String =
            line.chars().skip(skipped).take(QUOTED_MAX).map(|c| if c == '\t' { ' ' } else { c }).collect();
        let room = (text.chars().count() + skipped + 1).saturating_sub(column).clamp(1, UNDERLINED_MAX);
        Place {
            line: at.line,
            column: at.column,
            length: at.length.min(u32::try_from(room).unwrap_or(u32::MAX)).max(1),
            text,
            text_column: u32::try_from(skipped + 1).unwrap_or(u32::MAX),
        }
    }

    /// The spot at which the text ends: after the last character of the last line that holds something.
    #[must_use]
    pub fn end(&self) -> At {
        let text = self.text.trim_end();
        self.at_byte(text.len())
    }

    /// The number of the line that holds a byte.
    #[must_use]
    pub fn line_at(&self, byte: usize) -> u32 {
        u32::try_from(self.starts().partition_point(|&start| start <= byte).max(1)).unwrap_or(u32::MAX)
    }

    /// The spot of a byte.
    #[must_use]
    pub fn at_byte(&self, byte: usize) -> At {
        let line = self.starts().partition_point(|&start| start <= byte).max(1);
        let start = self.starts().get(line - 1).copied().unwrap_or_default();
        let column = self.text.get(start..byte).unwrap_or_default().chars().count() + 1;
        At {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            length: 1,
        }
    }
}

/// No-break blanks, which come with text copied from a web page or a letter, as plain ones where YAML needs those: at the
/// beginning of a line and after a colon. One letter stands for one, so that no column moves.
fn with_plain_blanks(text: &str) -> Cow<'_, str> {
    const NO_BREAK: [char; 3] = ['\u{a0}', '\u{202f}', '\u{2007}'];
    // They begin with 0xC2 or 0xE2, which few texts have.
    let has_lead =
        |piece: &[u8]| piece.iter().fold(false, |found, &byte| found | (byte == 0xC2) | (byte == 0xE2));
    if !text.as_bytes().chunks(PIECE).any(has_lead) || !text.contains(NO_BREAK) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut is_structure = true;
    for letter in text.chars() {
        let is_blank = letter == ' ' || NO_BREAK.contains(&letter);
        plain.push(if is_structure && is_blank { ' ' } else { letter });
        let stays = is_structure && (is_blank || letter == '-');
        is_structure = stays || matches!(letter, '\n' | '\r' | ':');
    }
    Cow::Owned(plain)
}

/// What no text file holds: NUL and its neighbors, but tabs and line ends.
fn is_forbidden(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{85}')
}

/// Whether a text of these bytes may hold such a letter: they begin with a byte below a blank, with 0x7F or with 0xC2.
fn may_be_forbidden(bytes: &[u8]) -> bool {
    let is_suspect =
        |byte: u8| (byte < 0x20) & !matches!(byte, b'\t' | b'\n' | b'\r') | (byte == 0x7F) | (byte == 0xC2);
    // Without a way out inside a piece the compiler takes many bytes at once.
    bytes.chunks(PIECE).any(|piece| piece.iter().fold(false, |found, &byte| found | is_suspect(byte)))
}

/// Bytes from the first that is not UTF-8: in windows-1251 a Cyrillic word is a run of bytes from 0xC0.
fn encoding_of(bad: &[u8]) -> Encoding {
    let run = bad
        .iter()
        .take(8)
        .take_while(|&&byte| byte >= 0xC0 || matches!(byte, 0xB2 | 0xB3 | 0xAA | 0xBA | 0xAF | 0xBF))
        .count();
    if run >= 2 { Encoding::Windows1251 } else { Encoding::Other }
}
