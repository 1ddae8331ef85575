//! The forms in which a secret could stand somewhere: spellings, alphabets, encodings.

use memchr::memmem::Finder;

/// Something that must be seen nowhere.
pub(super) struct Secret {
    name: String,
    /// The ways to spell it, the shortest that says it all among them.
    spellings: Vec<String>,
    /// Whether it is a number that a machine could keep as one.
    number: Option<u64>,
}

impl Secret {
    /// A text: as it is, in one case, without what separates, in groups of four.
    pub(super) fn text(name: &str, text: &str) -> Self {
        let bare: String = text.chars().filter(|letter| letter.is_alphanumeric()).collect();
        let bare = bare.to_uppercase();
        // As codes of our own alphabet are read.
        let read = bare.replace('O', "0").replace(['I', 'L'], "1");
        let grouped = |by: &str| {
            let groups: Vec<String> =
                bare.chars().collect::<Vec<_>>().chunks(4).map(|part| part.iter().collect()).collect();
            groups.join(by)
        };
        let spellings = vec![text.to_owned(), bare.clone(), read, grouped("-"), grouped(" ")];
        Secret { name: name.to_owned(), spellings, number: None }
    }

    /// A phone of Ukraine: its last nine digits are in every way to write it without blanks.
    pub(super) fn phone(name: &str, phone: &str) -> Self {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let (_, last) = digits.split_at(digits.len() - 9);
        let (operator, rest) = last.split_at(2);
        let (a, rest) = rest.split_at(3);
        let (b, c) = rest.split_at(2);
        let apart = [" ", "-", ".", "\u{a0}"].map(|by| [a, b, c].join(by));
        let mut spellings = vec![last.to_owned(), format!("{operator}){a}{b}{c}")];
        spellings.extend(apart);
        let number = format!("380{last}").parse().ok();
        Secret { name: name.to_owned(), spellings, number }
    }
}

/// One form of one secret.
struct Needle {
    told: String,
    form: Form,
    finder: Finder<'static>,
    length: usize,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Plain,
    Hex,
    ListOfBytes,
    Utf16,
    Base64,
    Number,
}

impl Form {
    /// Whether small and capital letters are the same.
    fn is_any_case(self) -> bool {
        matches!(self, Form::Plain | Form::Hex | Form::Utf16)
    }
}

/// All forms of all secrets.
pub(super) struct Needles(Vec<Needle>);

/// A shorter text is found only where no letter or digit is beside it: six digits are in many a hash.
const SURE_BYTES: usize = 8;

impl Needles {
    pub(super) fn of(secrets: &[Secret]) -> Self {
        let mut needles = Vec::new();
        for secret in secrets {
            let mut forms: Vec<(Form, Vec<u8>)> =
                secret.spellings.iter().flat_map(|text| encoded(text)).collect();
            if let Some(number) = secret.number {
                let bytes = number.to_be_bytes()[3..].to_vec();
                forms.push((Form::Number, bytes.iter().rev().copied().collect()));
                forms.push((Form::Number, bytes));
            }
            forms.sort();
            forms.dedup();
            needles.extend(forms.into_iter().map(|(form, bytes)| Needle {
                told: format!("{} ({form:?})", secret.name),
                form,
                length: bytes.len(),
                finder: Finder::new(&bytes).into_owned(),
            }));
        }
        Needles(needles)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Those that are in `bytes`.
    pub(super) fn found(&self, bytes: &[u8]) -> Vec<&str> {
        let lower = bytes.to_ascii_lowercase();
        let found = self
            .0
            .iter()
            .filter(|needle| needle.is_in(if needle.form.is_any_case() { &lower } else { bytes }));
        found.map(|needle| needle.told.as_str()).collect()
    }
}

impl Needle {
    fn is_in(&self, bytes: &[u8]) -> bool {
        let needs_borders = self.form == Form::Plain && self.length < SURE_BYTES;
        self.finder.find_iter(bytes).any(|at| {
            let around = [at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at + self.length)];
            !needs_borders || !around.iter().flatten().any(|byte| byte.is_ascii_alphanumeric())
        })
    }
}

/// A text as machines write it.
fn encoded(text: &str) -> Vec<(Form, Vec<u8>)> {
    let lower = text.to_lowercase();
    let mut forms = vec![
        (Form::Plain, lower.clone().into_bytes()),
        (Form::Utf16, lower.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        (Form::Utf16, lower.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ];
    for text in [text.to_owned(), text.to_uppercase(), lower] {
        let bytes = text.as_bytes();
        let list = |by: &str| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(by).into_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.extend([
            (Form::Hex, hex.into_bytes()),
            (Form::ListOfBytes, list(", ")),
            (Form::ListOfBytes, list(",")),
        ]);
        for before in 0..3 {
            let base64 = base64(bytes, before);
            forms.push((Form::Base64, base64.replace('+', "-").replace('/', "_").into_bytes()));
            forms.push((Form::Base64, base64.into_bytes()));
        }
    }
    forms
}

/// The characters of a base64 that come of `bytes` alone, `before` bytes of something else being in front.
fn base64(bytes: &[u8], before: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1));
    // The first character with bits of its own begins so many bits later.
    let skipped = (6 - before * 8 % 6) % 6;
    let bits: Vec<u8> = bits.skip(skipped).collect();
    let character = |six: &[u8]| six.iter().fold(0, |sum, bit| sum << 1 | usize::from(*bit));
    bits.chunks_exact(6).map(|six| char::from(ALPHABET[character(six)])).collect()
}

#[test]
fn a_secret_is_found_in_every_form_and_a_part_of_a_hash_is_none() {
    let needles = Needles::of(&[
        Secret::phone("phone", "+380677193402"),
        Secret::text("code", "kolibri-7q4x-oslo"),
        Secret::text("pin", "730518"),
    ]);
    let planted = [
        "tel:+380677193402",
        "0677193402",
        "(067) 719-34-02",
        "\"67 719.34.02",
        "code=Kolibri-7q4x-Oslo",
        "KOLIBRI7Q4XOSLO",
        "K011BR17Q4X0S10",
        "KOLI-BRI7-Q4XO-SLO",
        "{\"pin\":\"730518\"}",
        "eyJwaG9uZSI6IiszODA2NzcxOTM0MDIifQ==",
        "KzM4MDY3NzE5MzQwMg",
        "3637373139333430 3637373139333432 363737313933343032",
        "[55, 51, 48, 53, 49, 56]",
    ];
    for text in planted {
        assert!(!needles.found(text.as_bytes()).is_empty(), "{text}");
    }
    let wide: Vec<u8> = "<730518>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(!needles.found(&wide).is_empty());
    let number: u64 = 380_677_193_402;
    assert!(!needles.found(&number.to_le_bytes()).is_empty());
    for text in ["", "a1730518ff", "2026-11-26T12:00:00.730518Z", "67719340", "kolibri"] {
        assert_eq!(needles.found(text.as_bytes()), Vec::<&str>::new(), "{text}");
    }
}
