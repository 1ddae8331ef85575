//! JSON Schema (draft-07) of rule files, settings and tests, written from the tables by which they are read.

use std::fmt::Write as _;

use crate::rulebook::read::vocabulary::{Object, RULES, SETTINGS, TESTS, Type};

/// Numbers as people type them; see `number`.
const NUMBER: &str = r"^\s*[-−–]?\s*[0-9][0-9\s'’.,]*\s*%?\s*$";
/// Ids; see `Reader::id`.
const ID: &str = "^[A-Za-z0-9._-]{1,64}$";

/// The schema of rule files.
#[must_use]
pub fn schema() -> String {
    root(&RULES, "Rule file")
}

/// The schema of `settings.yaml`.
#[must_use]
pub fn settings_schema() -> String {
    root(&SETTINGS, "Settings")
}

/// The schema of `*.test.yaml`.
#[must_use]
pub fn tests_schema() -> String {
    root(&TESTS, "Tests")
}

fn root(object: &Object, title: &str) -> String {
    let mut json = Json { text: String::new(), depth: 0, is_first: true };
    json.open('{');
    json.pair("$schema", "http://json-schema.org/draft-07/schema#");
    json.pair("title", title);
    json.object(object);
    json.close('}');
    json.text.push('\n');
    json.text
}

/// Writes indented JSON.
struct Json {
    text: String,
    depth: usize,
    is_first: bool,
}

impl Json {
    fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.depth += 1;
        self.is_first = true;
    }

    fn close(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.is_first {
            self.line();
        }
        self.text.push(bracket);
        self.is_first = false;
    }

    fn line(&mut self) {
        self.text.push('\n');
        self.text.push_str(&"  ".repeat(self.depth));
    }

    /// Begins an entry of a list or an object.
    fn entry(&mut self) {
        if !self.is_first {
            self.text.push(',');
        }
        self.is_first = false;
        self.line();
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for letter in text.chars() {
            match letter {
                '"' | '\\' => self.text.extend(['\\', letter]),
                letter if letter.is_control() => {
                    // Writing to a text never fails.
                    let _ = write!(self.text, "\\u{:04x}", u32::from(letter));
                }
                letter => self.text.push(letter),
            }
        }
        self.text.push('"');
    }

    fn key(&mut self, key: &str) {
        self.entry();
        self.string(key);
        self.text.push_str(": ");
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    fn raw(&mut self, key: &str, value: &str) {
        self.key(key);
        self.text.push_str(value);
    }

    fn strings<'s>(&mut self, key: &str, values: impl Iterator<Item = &'s str>) {
        self.key(key);
        self.open('[');
        for value in values {
            self.entry();
            self.string(value);
        }
        self.close(']');
    }

    /// The keywords of an object's schema.
    fn object(&mut self, object: &Object) {
        self.pair("description", object.help);
        self.keywords(object);
    }

    fn keywords(&mut self, object: &Object) {
        self.pair("type", "object");
        self.raw("additionalProperties", "false");
        if object.keys.iter().any(|key| key.required) {
            self.strings("required", object.keys.iter().filter(|key| key.required).map(|key| key.name));
        }
        self.key("properties");
        self.open('{');
        for key in object.keys {
            self.key(key.name);
            self.open('{');
            self.pair("description", key.help);
            self.type_keywords(&key.holds);
            self.close('}');
        }
        self.close('}');
    }

    fn type_keywords(&mut self, holds: &Type) {
        match holds {
            Type::Text => self.strings("type", ["string", "number", "boolean"].into_iter()),
            Type::Id => {
                self.strings("type", ["string", "number"].into_iter());
                self.pair("pattern", ID);
            }
            Type::Flag => self.raw("enum", r#"[true, false, "true", "false", "yes", "no", "так", "ні"]"#),
            Type::Whole(least, most) => self.number("integer", Some((*least, *most))),
            Type::Number => self.number("number", None),
            Type::Amount => self.number("number", Some((0, crate::basket::limits::LIST_TOTAL_MAX))),
            Type::Percent => self.number("number", Some((0, 100))),
            Type::Moment => self.pair("type", "string"),
            Type::OneOf(words) => self.strings("enum", words.iter().copied()),
            Type::WordOr(words, other) => self.any_of(&[Type::OneOf(words), **other]),
            Type::OneOrMany(inner) => self.any_of(&[**inner, Type::List(inner)]),
            Type::List(inner) => {
                self.pair("type", "array");
                self.key("items");
                self.open('{');
                self.type_keywords(inner);
                self.close('}');
            }
            Type::Object(object) => self.keywords(object),
            Type::MapOf(inner) => {
                self.pair("type", "object");
                self.key("additionalProperties");
                self.open('{');
                self.type_keywords(inner);
                self.close('}');
            }
            Type::Any(types) => self.any_of(types),
        }
    }

    /// A number, or a text that means one: `15%` and `1 999` are texts to JSON.
    fn number(&mut self, kind: &str, bounds: Option<(i64, i64)>) {
        self.strings("type", [kind, "string"].into_iter());
        if let Some((least, most)) = bounds {
            self.raw("minimum", &least.to_string());
            self.raw("maximum", &most.to_string());
        }
        self.pair("pattern", NUMBER);
    }

    fn any_of(&mut self, types: &[Type]) {
        self.key("anyOf");
        self.open('[');
        for holds in types {
            self.entry();
            self.open('{');
            self.type_keywords(holds);
            self.close('}');
        }
        self.close(']');
    }
}
