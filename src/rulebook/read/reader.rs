//! From values of a tree to values with a meaning: every fault becomes a finding, and reading goes on.

use rust_decimal::Decimal;

use crate::money::{Amount, Rate};
use crate::rulebook::diagnostic::finding::{Finding, Never, Noun, Shape};
use crate::rulebook::diagnostic::report::{Diagnostic, SHOWN_MAX, more_of};
use crate::rulebook::read::vocabulary::{HOMES, Object};
use crate::rulebook::settings::Settings;
use crate::rulebook::text::number::{Use, clean, decimal, plain_minor, shorten};
use crate::rulebook::text::page::{At, Page};
use crate::rulebook::text::suggest::nearest;
use crate::rulebook::text::syntax::{Entry, Node, Value};

/// Known words that a message lists.
const LISTED_MAX: usize = 12;

/// Reads one page and collects what is found in it.
#[derive(Debug)]
pub struct Reader<'p> {
    /// The page.
    pub page: &'p Page<'p>,
    /// The settings by which amounts, dates and words are read.
    pub settings: &'p Settings,
    /// Whether words that the settings do not have are held against the page.
    pub words_are_known: bool,
    found: Vec<Diagnostic>,
    errors: usize,
    more: usize,
}

/// Fields of one object that were checked against the vocabulary.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'n, 'a> {
    entries: &'n [Entry<'a>],
    /// Where the object stands.
    pub at: At,
}

impl<'n, 'a> Fields<'n, 'a> {
    /// The value of a field, if it has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'n Node<'a>> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
            .filter(|node| !is_null(node))
    }

    /// Whether any of these fields is written, be it without a value.
    #[must_use]
    pub fn names(&self, keys: &[&str]) -> bool {
        self.entries.iter().any(|entry| keys.contains(&entry.key.as_ref()))
    }

    /// Whether some field is none of the object's: that was said already, and may be what was meant.
    #[must_use]
    pub fn has_unknown(&self, object: &Object) -> bool {
        self.entries.iter().any(|entry| !object.has(&entry.key))
    }

    /// Whether there is no field at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the name of a field stands.
    #[must_use]
    pub fn at(&self, key: &str) -> Option<At> {
        self.entries.iter().find(|entry| entry.key == key && !is_null(&entry.node)).map(|entry| entry.at)
    }

    /// Where the name of a field inside a field stands.
    #[must_use]
    pub fn inside(&self, object: &str, key: &str) -> Option<At> {
        match &self.get(object)?.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| entry.at),
            _ => None,
        }
    }

    /// Whether the field has a value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
}

/// A value that says nothing.
#[must_use]
pub fn is_null(node: &Node<'_>) -> bool {
    // Every field is asked several times: most begin as no such word does.
    let says = |byte: &u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'n' | b'N');
    match &node.value {
        Value::Scalar(text, false) if !text.as_bytes().first().is_some_and(says) => {
            matches!(text.trim(), "" | "~" | "null" | "Null" | "NULL")
        }
        _ => false,
    }
}

impl<'p> Reader<'p> {
    /// A reader of `page` under `settings`.
    #[must_use]
    pub fn new(page: &'p Page<'p>, settings: &'p Settings, words_are_known: bool) -> Self {
        Reader { page, settings, words_are_known, found: Vec::new(), errors: 0, more: 0 }
    }

    /// What was found.
    #[must_use]
    pub fn finish(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            self.found.push(more_of(self.page.path, self.more, self.errors > 0));
        }
        self.found
    }

    /// How many errors there are so far.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Adds a finding at a spot.
    pub fn add(&mut self, at: At, finding: Finding) {
        self.push(at, finding, None);
    }

    /// Adds a finding with a second spot of the same page.
    pub fn add_with(&mut self, at: At, finding: Finding, also: At) {
        self.push(at, finding, Some(also));
    }

    /// Adds what was found elsewhere.
    pub fn append(&mut self, found: Vec<Diagnostic>) {
        self.errors += found.iter().filter(|diagnostic| diagnostic.is_error()).count();
        self.found.extend(found);
    }

    fn push(&mut self, at: At, finding: Finding, also: Option<At>) {
        let is_error = finding.severity() == crate::rulebook::diagnostic::report::Severity::Error;
        self.errors += usize::from(is_error);
        // Beyond what is shown a finding is only counted: quoting lines costs time.
        if self.found.len() >= 2 * SHOWN_MAX && self.errors > 1 {
            self.more += 1;
            return;
        }
        let mut diagnostic = self.page.diagnostic(at, finding);
        if let Some(also) = also {
            diagnostic = diagnostic.with_also(self.page.path, Some(self.page.place(also)));
        }
        self.found.push(diagnostic);
    }

    /// The fields of a mapping, checked against what the object may have.
    pub fn fields<'n, 'a>(
        &mut self,
        node: &'n Node<'a>,
        key: &str,
        object: &'static Object,
    ) -> Option<Fields<'n, 'a>> {
        let fields = self.open_fields(node, key)?;
        for entry in fields.entries {
            if !object.has(&entry.key) {
                self.unknown_key(entry, object);
            }
        }
        for key in object.keys.iter().filter(|key| key.required) {
            if !fields.entries.iter().any(|entry| entry.key == key.name) {
                self.add(fields.at, Finding::MissingKey { key: key.name, inside: object.name });
            }
        }
        Some(fields)
    }

    /// The fields of a mapping with any names.
    pub fn open_fields<'n, 'a>(&mut self, node: &'n Node<'a>, key: &str) -> Option<Fields<'n, 'a>> {
        let Value::Map(entries) = &node.value else {
            self.add(node.at, Finding::WrongShape { key: key.to_owned(), expected: Shape::Fields });
            return None;
        };
        for entry in entries {
            if is_null(&entry.node) {
                self.add(entry.at, Finding::Empty(shorten(&entry.key)));
            }
        }
        Some(Fields { entries, at: node.at })
    }

    /// The entries of a mapping with any names that have a value.
    pub fn entries<'n, 'a>(&mut self, node: &'n Node<'a>, key: &str) -> Vec<&'n Entry<'a>> {
        self.open_fields(node, key)
            .map(|fields| fields.entries.iter().filter(|entry| !is_null(&entry.node)).collect())
            .unwrap_or_default()
    }

    fn unknown_key(&mut self, entry: &Entry<'_>, object: &'static Object) {
        let home = HOMES.iter().find(|home| home.name != object.name && home.has(&entry.key));
        let suggestion =
            if home.is_some() { None } else { nearest(&entry.key, object.keys.iter().map(|key| key.name)) };
        // A slip of a word that belongs elsewhere: the right word is worth more than nothing.
        let finding = Finding::UnknownKey {
            key: shorten(&entry.key),
            inside: object.name,
            suggestion,
            belongs: home.map(|home| home.name),
        };
        self.add(entry.at, finding);
    }

    /// The entries of a list.
    pub fn list<'n, 'a>(&mut self, node: &'n Node<'a>, key: &str) -> &'n [Node<'a>] {
        match &node.value {
            Value::List(list) => list,
            _ => {
                self.add(node.at, Finding::WrongShape { key: key.to_owned(), expected: Shape::List });
                &[]
            }
        }
    }

    /// The text of a scalar, cleaned.
    pub fn text<'n>(&mut self, node: &'n Node<'_>, key: &str) -> Option<&'n str> {
        let Value::Scalar(text, _) = &node.value else {
            self.add(node.at, Finding::WrongShape { key: key.to_owned(), expected: Shape::Text });
            return None;
        };
        let text = clean(text);
        if text.is_empty() || is_null(node) {
            self.add(node.at, Finding::Empty(key.to_owned()));
            return None;
        }
        Some(text)
    }

    /// One word: a text in which curly quotes come in pairs.
    pub fn word<'n>(&mut self, node: &'n Node<'_>, key: &str) -> Option<&'n str> {
        let text = self.text(node, key)?;
        let opens = text.starts_with(['“', '„', '”']);
        let closes = text.ends_with(['“', '„', '”']);
        if opens || closes {
            self.add(node.at, Finding::CurlyQuote);
            return None;
        }
        Some(text)
    }

    /// Words with their places: a list, or a single one.
    pub fn words<'n>(&mut self, node: &'n Node<'_>, key: &str) -> Vec<(&'n str, At)> {
        let list = match &node.value {
            Value::List(list) => list.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if list.is_empty() {
            self.add(node.at, Finding::Never(Never::EmptyList));
        }
        list.iter().filter_map(|node| Some((self.word(node, key)?, node.at))).collect()
    }

    /// One of a closed list of words.
    pub fn one_of(&mut self, node: &Node<'_>, key: &str, known: &[&'static str]) -> Option<&'static str> {
        let word = self.word(node, key)?;
        if let Some(found) = known.iter().find(|known| known.eq_ignore_ascii_case(word)) {
            return Some(found);
        }
        self.unknown_word(node.at, Noun::Value, word, known.iter().copied());
        None
    }

    /// Reports a word that is not among the known ones.
    pub fn unknown_word<'k>(
        &mut self,
        at: At,
        noun: Noun,
        word: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let of_settings =
            matches!(noun, Noun::Channel | Noun::Store | Noun::City | Noun::Region | Noun::Segment);
        if of_settings && !self.words_are_known {
            return;
        }
        let suggestion = nearest(word, known.clone());
        let known: Vec<String> = known.take(LISTED_MAX + 1).map(str::to_owned).collect();
        let known = if known.len() > LISTED_MAX && !matches!(noun, Noun::Value) {
            known.into_iter().take(LISTED_MAX).chain(std::iter::once("…".to_owned())).collect()
        } else {
            known
        };
        self.add(at, Finding::UnknownWord { noun, word: shorten(word), suggestion, known });
    }

    /// `true` or `false`.
    pub fn flag(&mut self, node: &Node<'_>, key: &str) -> Option<bool> {
        let flag = match &node.value {
            Value::Scalar(text, _) => match clean(text).to_lowercase().as_str() {
                "true" | "yes" | "так" => Some(true),
                "false" | "no" | "ні" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.add(node.at, Finding::WrongShape { key: key.to_owned(), expected: Shape::Flag });
        }
        flag
    }

    /// A number.
    pub fn number(&mut self, node: &Node<'_>, key: &str, purpose: Use) -> Option<Decimal> {
        let Value::Scalar(text, _) = &node.value else {
            self.add(node.at, Finding::WrongShape { key: key.to_owned(), expected: Shape::Number });
            return None;
        };
        match decimal(text, purpose) {
            Ok(number) => Some(number),
            Err(finding) => {
                self.add(node.at, finding);
                None
            }
        }
    }

    /// A whole number within bounds; a zero where there must be one is a promotion that never applies.
    pub fn whole(&mut self, node: &Node<'_>, key: &str, least: i64, most: i64) -> Option<i64> {
        let number = self.number(node, key, Use::Plain)?;
        if !number.fract().is_zero() {
            self.add(node.at, Finding::WrongShape { key: key.to_owned(), expected: Shape::Whole });
            return None;
        }
        if least == 1 && number.is_zero() {
            self.add(node.at, Finding::Never(Never::Zero));
            return None;
        }
        match i64::try_from(number).ok().filter(|whole| (least..=most).contains(whole)) {
            Some(whole) => Some(whole),
            None => {
                self.add(node.at, Finding::OutOfRange { text: written(node), least, most });
                None
            }
        }
    }

    /// A count from 1.
    pub fn count(&mut self, node: &Node<'_>, key: &str) -> Option<u32> {
        self.whole(node, key, 1, crate::rulebook::read::vocabulary::UNITS_MAX)
            .and_then(|count| u32::try_from(count).ok())
    }

    /// Money, zero or more.
    pub fn amount(&mut self, node: &Node<'_>, key: &str) -> Option<Amount> {
        let Value::Scalar(text, _) = &node.value else {
            self.add(node.at, Finding::WrongShape { key: key.to_owned(), expected: Shape::Number });
            return None;
        };
        match money(text, || written(node), self.settings.currency) {
            Ok(amount) => Some(amount),
            Err(finding) => {
                self.add(node.at, finding);
                None
            }
        }
    }

    /// Money, more than nothing.
    pub fn positive(&mut self, node: &Node<'_>, key: &str) -> Option<Amount> {
        let amount = self.amount(node, key)?;
        if amount.is_zero() {
            self.add(node.at, Finding::Never(Never::Nothing));
            return None;
        }
        Some(amount)
    }

    /// A percentage from 0 to 100.
    pub fn percent(&mut self, node: &Node<'_>, key: &str) -> Option<Rate> {
        let number = self.number(node, key, Use::Percent)?;
        if number.is_sign_negative() && !number.is_zero() {
            self.add(node.at, Finding::Negative(written(node)));
            return None;
        }
        let rate = Rate::from_percent(number);
        if rate.is_none() {
            self.add(node.at, Finding::BadPercent(written(node)));
        }
        rate
    }

    /// A percentage above 0.
    pub fn positive_percent(&mut self, node: &Node<'_>, key: &str) -> Option<Rate> {
        let rate = self.percent(node, key)?;
        if rate.percent().is_zero() {
            self.add(node.at, Finding::Never(Never::Nothing));
            return None;
        }
        Some(rate)
    }

    /// An id: 1 to 64 letters, digits, `-`, `_`, `.`.
    pub fn id(&mut self, node: &Node<'_>, key: &str) -> Option<String> {
        let word = self.word(node, key)?;
        let is_id = (1..=64).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        if !is_id {
            self.add(node.at, Finding::BadId(shorten(word)));
            return None;
        }
        Some(word.to_owned())
    }
}

/// The amount that a text means, zero or more; `shown` is how a finding shows the text.
///
/// # Errors
/// No number or one with two meanings, below zero, too large, or with more digits than the currency has.
pub fn money(
    text: &str,
    shown: impl FnOnce() -> String,
    currency: crate::money::Currency,
) -> Result<Amount, Finding> {
    let digits = currency.digits();
    if let Some(minor) = plain_minor(text, digits)
        && minor <= crate::basket::limits::LIST_TOTAL_MAX
    {
        return Ok(Amount::from_minor(minor));
    }
    decimal(text, Use::Money(digits)).and_then(|number| amount_of(number, &shown(), currency))
}

fn amount_of(number: Decimal, text: &str, currency: crate::money::Currency) -> Result<Amount, Finding> {
    if number.is_sign_negative() && !number.is_zero() {
        return Err(Finding::Negative(text.to_owned()));
    }
    let most = crate::basket::limits::LIST_TOTAL_MAX;
    if number > Amount::from_minor(most).to_major(currency.digits()) {
        let most =
            i64::try_from(Amount::from_minor(most).to_major(currency.digits()).trunc()).unwrap_or(i64::MAX);
        return Err(Finding::OutOfRange { text: text.to_owned(), least: 0, most });
    }
    Amount::from_major(number, currency.digits()).ok_or_else(|| Finding::TooManyDigits {
        text: text.to_owned(),
        currency: currency.code(),
        digits: currency.digits(),
    })
}

/// A scalar as a message quotes it.
#[must_use]
pub fn written(node: &Node<'_>) -> String {
    match &node.value {
        Value::Scalar(text, _) => shorten(clean(text)),
        _ => String::new(),
    }
}
