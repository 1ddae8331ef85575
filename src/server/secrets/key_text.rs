//! The keys of the pepper as text: lines of `name = "value"` and remarks, a small part of TOML.
//!
//! Not read by a TOML library: its messages quote the line, and its values are copies that nobody wipes.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, ExposeSecretMut as _, SecretBox};

use super::entropy::{self, Entropy};
use super::hex::{push_hex, read_hex};
use super::keyed::KeyId;

/// A key, in memory that is wiped when it goes.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) bytes: SecretBox<[u8; 32]>,
}

/// The keys of a pepper.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) current: Key,
    // INVARIANT: no id twice, nor that of the current one.
    pub(super) old: Vec<Key>,
    /// Keys that are gone for good, as somebody has said.
    pub(super) lost: Vec<KeyId>,
}

/// What is wrong with a text, without repeating any of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Counted from 1; behind the last where something is missing.
    pub(super) line: usize,
    pub(super) what: &'static str,
}

/// Keys in a file: each one more is a hash more for each code that is looked up.
const KEYS_MAX: usize = 16;

/// What stands for a key that is gone for good.
pub(super) const LOST: &str = "lost";

impl Keys {
    /// One new key of that name.
    pub(super) fn random(id: KeyId) -> Result<Self, entropy::Error> {
        let mut bytes = SecretBox::<[u8; 32]>::default();
        Entropy.fill(bytes.expose_secret_mut())?;
        Ok(Keys { current: Key { id, bytes }, old: Vec::new(), lost: Vec::new() })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:hidden", self.id)
    }
}

/// The keys in the text of a file.
pub(super) fn parse(text: &str) -> Result<Keys, Mistake> {
    let wrong = |line: usize, what: &'static str| Mistake { line, what };
    let (mut current, mut keys, mut lost) = (None, Vec::<Key>::new(), Vec::new());
    for (line, content) in (1..).zip(text.lines()).filter(|(_, content)| !is_remark(content)) {
        let (name, value) = assignment(content).ok_or_else(|| wrong(line, "is not `name = \"value\"`"))?;
        if name == "current" {
            if current.replace(value).is_some() {
                return Err(wrong(line, "`current` is there twice"));
            }
            continue;
        }
        let id = KeyId::parse(name);
        let id = id.ok_or_else(|| wrong(line, "the id of a key is 1 to 8 small letters and digits"))?;
        if keys.iter().any(|key| key.id == id) || lost.contains(&id) {
            return Err(wrong(line, "the id is there twice"));
        }
        if value == LOST {
            lost.push(id);
            continue;
        }
        let bytes = key_bytes(value).map_err(|what| wrong(line, what))?;
        if keys.len() == KEYS_MAX {
            return Err(wrong(line, "more than 16 keys: take out those under which nothing is stored"));
        }
        keys.push(Key { id, bytes });
    }
    let end = text.lines().count() + 1;
    let current = current.ok_or_else(|| wrong(end, "`current` is missing"))?;
    let at = keys.iter().position(|key| key.id.as_str() == current);
    let at = at.ok_or_else(|| wrong(end, "the key that `current` names is missing"))?;
    let current = keys.remove(at);
    Ok(Keys { current, old: keys, lost })
}

fn is_remark(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The two sides of `name = "value"`, a remark behind it left out.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let (value, rest) = value.trim_start().strip_prefix('"')?.split_once('"')?;
    is_remark(rest).then_some((name.trim(), value))
}

fn key_bytes(value: &str) -> Result<SecretBox<[u8; 32]>, &'static str> {
    let mut bytes = SecretBox::<[u8; 32]>::default();
    read_hex(value, bytes.expose_secret_mut()).ok_or("a key is 64 small hex digits")?;
    // Zeros and the like come from a template that nobody filled in.
    let all = bytes.expose_secret();
    if all.iter().all(|byte| Some(byte) == all.first()) {
        return Err("a key is 32 random bytes, not one byte 32 times");
    }
    Ok(bytes)
}

/// The text of a new file with these keys.
pub(super) fn render(keys: &Keys) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    text.push_str(
        "# The keys of codes, phones and certificates. Keep a copy where no copy of the data is.\n",
    );
    text.push_str("current = \"");
    text.push_str(keys.current.id.as_str());
    text.push_str("\"\n");
    for key in std::iter::once(&keys.current).chain(&keys.old) {
        text.push_str(key.id.as_str());
        text.push_str(" = \"");
        push_hex(&mut text, key.bytes.expose_secret());
        text.push_str("\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn several_keys_are_read_and_the_current_one_is_first() {
        let other = KEY.replace("00", "ff");
        let text = format!("# old\nk1=\"{KEY}\"\n\n  b = \"{other}\" # since May\ncurrent = \"b\"\r\n");
        let keys = parse(&text).unwrap();
        assert_eq!((keys.current.id.as_str(), keys.current.bytes.expose_secret()[0]), ("b", 0xff));
        assert_eq!((keys.old[0].id.as_str(), keys.old[0].bytes.expose_secret()[1]), ("k1", 1));
        let back = parse(&render(&keys)).unwrap();
        assert_eq!(back.old[0].bytes.expose_secret(), keys.old[0].bytes.expose_secret());
        assert_eq!(format!("{keys:?}"), "Keys { current: b:hidden, old: [k1:hidden], lost: [] }");
    }

    #[test]
    fn a_lost_key_is_named_and_cannot_be_the_current_one() {
        let keys = parse(&format!("k1 = \"lost\"\nk2 = \"{KEY}\"\ncurrent = \"k2\"\n")).unwrap();
        assert_eq!((keys.old.len(), keys.lost), (0, vec![KeyId::FIRST]));
        let error = parse(&format!("k1 = \"lost\"\nk2 = \"{KEY}\"\ncurrent = \"k1\"\n")).unwrap_err();
        assert_eq!(error.what, "the key that `current` names is missing");
    }

    #[test]
    fn a_mistake_is_told_by_its_line_and_shows_no_key() {
        let zeros = "0".repeat(64);
        let many: String = (0..17).map(|at| format!("k{at} = \"{KEY}\"\n")).collect();
        for (text, line, what) in [
            ("", 1, "`current` is missing"),
            ("current = \"k1\"", 2, "that `current` names is missing"),
            (&format!("k1 = \"{KEY}\""), 2, "`current` is missing"),
            (&format!("current = \"k2\"\nk1 = \"{KEY}\""), 3, "that `current` names is missing"),
            ("current = \"a\"\ncurrent = \"b\"", 2, "`current` is there twice"),
            (&format!("k1 = \"{KEY}\"\nk1 = \"{KEY}\""), 2, "the id is there twice"),
            (&format!("k1 = \"{KEY}\"\nk1 = \"lost\""), 2, "the id is there twice"),
            (&format!("k1 = {KEY}"), 1, "is not `name = \"value\"`"),
            (&format!("k1 = \"{KEY}"), 1, "is not `name = \"value\"`"),
            (&format!("k1 = \"{KEY}\" {KEY}"), 1, "is not `name = \"value\"`"),
            (KEY, 1, "is not `name = \"value\"`"),
            (&format!("{KEY} = \"{KEY}\""), 1, "1 to 8 small letters"),
            (&format!("k1 = \"{}\"", KEY.get(1..).unwrap()), 1, "64 small hex digits"),
            (&format!("k1 = \"{KEY}00\""), 1, "64 small hex digits"),
            (&format!("k1 = \"{}\"", KEY.to_uppercase()), 1, "64 small hex digits"),
            (&format!("#\n\nk1 = \"{zeros}\""), 3, "not one byte 32 times"),
            (&many, 17, "more than 16 keys"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.line == line && error.what.contains(what), "{text}: {error:?}");
            let told = format!("{error:?}");
            assert!(!told.contains("0c0d0e") && !told.contains("0C0D0E"), "{told}");
        }
    }
}
