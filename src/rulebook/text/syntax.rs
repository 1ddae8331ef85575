//! YAML and JSON as a tree of values with their places. Every value stays the text it was written as.
//!
//! The one module that knows the YAML library. Nothing here knows what a promotion is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, StructureStyle, options,
};

use crate::rulebook::diagnostic::finding::{Break, Finding};
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::text::page::{At, Page};

/// Levels of nesting; rule files have seven.
pub const DEPTH_MAX: usize = 64;
/// Values of one file: ten thousand promotions of forty values, twice over.
pub const VALUES_MAX: usize = 800_000;
/// Values that aliases may add to a file.
pub const ALIASED_MAX: usize = 50_000;
/// Fields that are compared one by one.
const SHORT: usize = 12;
/// Characters of one value.
pub const VALUE_LENGTH_MAX: usize = 4_096;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// Where.
    pub at: At,
    /// What.
    pub value: Value<'a>,
}

/// What a value can be.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// A text as it was written, without its quotes, and whether it had any.
    Scalar(Cow<'a, str>, bool),
    /// A list.
    List(Vec<Node<'a>>),
    /// Fields, in the order of the file.
    Map(Vec<Entry<'a>>),
}

/// One field.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Its name.
    pub key: Cow<'a, str>,
    /// Where the name stands.
    pub at: At,
    /// Its value.
    pub node: Node<'a>,
}

/// Reads a page; `None` is an empty one. Duplicate keys are found as well and left in the tree.
///
/// # Errors
/// The finding at which reading had to stop.
pub fn parse<'a>(
    page: &'a Page<'a>,
    found: &mut Vec<Diagnostic>,
) -> Result<Option<Node<'a>>, Box<Diagnostic>> {
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let mut builder = Builder::new(page);
    for event in Parser::new_from_str_with_options(&page.text, options) {
        let (event, span) = event.map_err(|error| Box::new(stopped(page, &error)))?;
        builder.take(event, span).map_err(|(at, finding)| Box::new(page.diagnostic(at, finding)))?;
    }
    found.append(&mut builder.found);
    Ok(builder.root)
}

type Stop = (At, Finding);

/// A list or a mapping that is still open.
struct Open<'a> {
    node: Node<'a>,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<(Cow<'a, str>, At)>,
    /// Values counted before it opened.
    count_before: usize,
}

struct Builder<'a, 'p> {
    page: &'p Page<'a>,
    open: Vec<Open<'a>>,
    root: Option<Node<'a>>,
    documents: usize,
    count: usize,
    aliased: usize,
    /// Anchored values with the number of values in them.
    anchors: BTreeMap<usize, (Node<'a>, usize)>,
    found: Vec<Diagnostic>,
}

impl<'a, 'p> Builder<'a, 'p> {
    fn new(page: &'p Page<'a>) -> Self {
        Builder {
            page,
            open: Vec::new(),
            root: None,
            documents: 0,
            count: 0,
            aliased: 0,
            anchors: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'a>, span: Span) -> Result<(), Stop> {
        let at = at_of(&span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err((at, Finding::SeveralDocuments));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                if text.len() > VALUE_LENGTH_MAX && text.chars().nth(VALUE_LENGTH_MAX).is_some() {
                    return Err((at, Finding::TooLong(VALUE_LENGTH_MAX)));
                }
                self.scalar(text, style != ScalarStyle::Plain, at, anchor)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                self.start(Value::List(Vec::new()), style, anchor, at)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                self.start(Value::Map(Vec::new()), style, anchor, at)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(id) => self.alias(id, at)?,
            _ => {}
        }
        Ok(())
    }

    fn refuse_tag(&self, has_tag: bool, at: At) -> Result<(), Stop> {
        if has_tag { Err((at, Finding::Tag)) } else { Ok(()) }
    }

    fn counted(&mut self, at: At) -> Result<(), Stop> {
        self.count += 1;
        if self.count > VALUES_MAX { Err((at, Finding::TooManyValues(VALUES_MAX))) } else { Ok(()) }
    }

    fn scalar(&mut self, text: Cow<'a, str>, quoted: bool, at: At, anchor: usize) -> Result<(), Stop> {
        self.counted(at)?;
        if let Some(open) = self.open.last_mut()
            && matches!(open.node.value, Value::Map(_))
            && open.key.is_none()
        {
            open.key = Some((clean_key(text), at));
            return Ok(());
        }
        let node = Node { at, value: Value::Scalar(text, quoted) };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), 1));
        }
        self.put(node)
    }

    fn start(&mut self, value: Value<'a>, style: StructureStyle, anchor: usize, at: At) -> Result<(), Stop> {
        self.counted(at)?;
        if self.open.len() >= DEPTH_MAX {
            return Err((at, Finding::TooDeep(DEPTH_MAX)));
        }
        if let Some(open) = self.open.last()
            && matches!(open.node.value, Value::Map(_))
            && open.key.is_none()
        {
            return Err((at, Finding::KeyNotWord));
        }
        let at = At { length: if style == StructureStyle::Flow { 1 } else { at.length }, ..at };
        let count_before = self.count - 1;
        self.open.push(Open { node: Node { at, value }, anchor, key: None, count_before });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        if let Value::Map(entries) = &open.node.value {
            self.duplicates(entries);
        }
        if open.anchor != 0 {
            self.anchors.insert(open.anchor, (open.node.clone(), self.count - open.count_before));
            self.add_aliased(self.count - open.count_before, open.node.at)?;
        }
        self.put(open.node)
    }

    fn alias(&mut self, id: usize, at: At) -> Result<(), Stop> {
        let Some((node, size)) = self.anchors.get(&id).cloned() else {
            // An alias inside the very value it repeats.
            return Err((at, Finding::Broken(Break::Alias)));
        };
        self.add_aliased(size, at)?;
        self.count += size;
        let waits_for_key = self
            .open
            .last()
            .is_some_and(|open| matches!(open.node.value, Value::Map(_)) && open.key.is_none());
        match node.value {
            Value::Scalar(text, quoted) if waits_for_key => self.scalar(text, quoted, at, 0),
            _ if waits_for_key => Err((at, Finding::KeyNotWord)),
            value => self.put(Node { at, value }),
        }
    }

    fn add_aliased(&mut self, size: usize, at: At) -> Result<(), Stop> {
        self.aliased += size;
        if self.aliased > ALIASED_MAX { Err((at, Finding::AliasBomb)) } else { Ok(()) }
    }

    fn put(&mut self, node: Node<'a>) -> Result<(), Stop> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { node: Node { value: Value::List(list), .. }, .. }) => list.push(node),
            Some(Open { node: parent, key, .. }) => {
                let Some((key, key_at)) = key.take() else {
                    return Err((node.at, Finding::KeyNotWord));
                };
                let Value::Map(entries) = &mut parent.value else {
                    return Ok(());
                };
                if entries.is_empty() && parent.at.length == 0 {
                    parent.at = key_at;
                }
                if let Some(last) = entries.last_mut()
                    && joins(last, &key, key_at, &node)
                {
                    return Ok(());
                }
                entries.push(Entry { key, at: key_at, node });
            }
        }
        Ok(())
    }

    /// Finds keys that stand twice in `entries`.
    fn duplicates(&mut self, entries: &[Entry<'a>]) {
        // Most mappings have few fields: looking through them costs less than a map.
        let is_before = |place: usize, key: &str| entries.iter().take(place).any(|entry| entry.key == key);
        let is_short = entries.len() <= SHORT;
        if is_short && !entries.iter().enumerate().any(|(place, entry)| is_before(place, &entry.key)) {
            return;
        }
        let mut first: BTreeMap<&str, At> = BTreeMap::new();
        for entry in entries {
            match first.get(entry.key.as_ref()) {
                None => {
                    first.insert(&entry.key, entry.at);
                }
                Some(&at) => {
                    let finding = Finding::DuplicateKey(entry.key.clone().into_owned());
                    let diagnostic = self.page.diagnostic(entry.at, finding);
                    self.found.push(diagnostic.with_also(self.page.path, Some(self.page.place(at))));
                }
            }
        }
    }
}

/// In `{percent: 12,5}` the comma parts two fields for YAML and none for people: what follows a number without a blank
/// and is a number without a value belongs to it.
fn joins(last: &mut Entry<'_>, key: &str, key_at: At, node: &Node<'_>) -> bool {
    if node.at.length != 0 {
        return false;
    }
    let is_nothing = matches!(&node.value, Value::Scalar(text, false) if matches!(text.as_ref(), "" | "~"));
    let digits = key.trim_end_matches(['%', ' ', '\u{a0}']);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let at = last.node.at;
    let is_next =
        at.line == key_at.line && at.column.saturating_add(at.length).saturating_add(1) == key_at.column;
    let Value::Scalar(text, false) = &mut last.node.value else {
        return false;
    };
    if !(is_nothing && is_number && is_next && text.ends_with(|letter: char| letter.is_ascii_digit())) {
        return false;
    }
    // A curly quote around both halves: its end went with the key's.
    *text = Cow::Owned(format!("{},{key}", text.trim_start_matches(['“', '„', '”'])));
    last.node.at.length = at.length.saturating_add(1).saturating_add(key_at.length);
    true
}

/// A key without the blanks and curly quotes that word processors put around it.
fn clean_key(key: Cow<'_, str>) -> Cow<'_, str> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    if is_word(key.as_bytes().first()) && is_word(key.as_bytes().last()) {
        return key;
    }
    let is_noise = |letter: char| {
        letter.is_whitespace()
            || matches!(letter, '“' | '”' | '„' | '‟' | '‘' | '’' | '\u{feff}' | '\u{200b}')
    };
    if key.starts_with(is_noise) || key.ends_with(is_noise) {
        Cow::Owned(key.trim_matches(is_noise).to_owned())
    } else {
        key
    }
}

fn at_of(span: &Span) -> At {
    let (start, end) = (span.start, span.end);
    // A value over several lines is underlined to the end of its first one: `Page::place` cuts it there.
    let length =
        if end.line() > start.line() { u32::MAX } else { number(end.col().saturating_sub(start.col())) };
    At { line: number(start.line()), column: number(start.col() + 1), length }
}

/// The finding of the library's error. What the library calls a misplaced colon has three causes, and the line tells
/// them apart: a colon before it, a bracket before it, or neither.
fn stopped(page: &Page<'_>, error: &ScanError) -> Diagnostic {
    let at = error_at(page, error);
    if let Some(tab) = tab_near(page, at) {
        return page.diagnostic(tab, Finding::Broken(Break::Tab));
    }
    let line = page.line(at.line);
    let column = usize::try_from(at.column).unwrap_or(usize::MAX);
    let before: String = line.chars().take(column.saturating_sub(1)).collect();
    let (at, finding) = match error.kind() {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement if before.contains(": ") => {
            (at, Finding::Broken(Break::SecondColon))
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement
            if !before.contains(['{', '[', '"']) =>
        {
            let blanks = before.chars().take_while(|letter| matches!(letter, ' ' | '-')).count();
            let length = number(before.chars().count().saturating_sub(blanks).max(1));
            (At { column: number(blanks + 1), length, ..at }, Finding::Broken(Break::Indent))
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            let blanks = before.chars().take_while(|letter| matches!(letter, ' ' | '-')).count();
            let word = before.chars().skip(blanks).take_while(|letter| !letter.is_whitespace()).count();
            (
                At { column: number(blanks + 1), length: number(word.max(1)), ..at },
                Finding::Broken(Break::Colon),
            )
        }
        _ => {
            let word = line.chars().skip(column.saturating_sub(1));
            let length =
                word.take_while(|c| !c.is_whitespace() && !matches!(c, ',' | ']' | '}' | '[' | '{')).count();
            (At { length: number(length.max(1)), ..at }, broken(error))
        }
    };
    page.diagnostic(at, finding)
}

/// A tab that indents the line at which reading stopped, or the next one.
fn tab_near(page: &Page<'_>, at: At) -> Option<At> {
    [at.line, at.line.saturating_add(1)].into_iter().find_map(|line| {
        let indent = page.line(line).chars().take_while(|letter| letter.is_whitespace());
        let column = indent.enumerate().find(|(_, letter)| *letter == '\t')?.0;
        Some(At { line, column: number(column + 1), length: 1 })
    })
}

fn error_at(page: &Page<'_>, error: &ScanError) -> At {
    let mark: Marker = *error.marker();
    let at = At { line: number(mark.line()), column: number(mark.col() + 1), length: 1 };
    let end = page.end();
    if (at.line, at.column) > (end.line, end.column) { end } else { at }
}

fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn broken(error: &ScanError) -> Finding {
    let broken = match error.kind() {
        ErrorKind::RecursionLimitExceeded => return Finding::TooDeep(DEPTH_MAX),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation => Break::Tab,
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed => Break::Indent,
        ErrorKind::UnclosedFlowCollection { open } => Break::Unclosed(*open),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => Break::Mismatched(*open, *close),
        ErrorKind::MisplacedFlowCollectionEnd => Break::Stray,
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => Break::Quote,
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Break::AfterQuote
        }
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => Break::Escape,
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => Break::Comma,
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => Break::Colon,
        ErrorKind::UnexpectedCharacter { character } => Break::Sign(*character),
        ErrorKind::UnknownAnchor => Break::Alias,
        ErrorKind::UnexpectedEof
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::UnexpectedEofBlockSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofImplicitFlowMapping => Break::End,
        _ => Break::Other,
    };
    Finding::Broken(broken)
}
