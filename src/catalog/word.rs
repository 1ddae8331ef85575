//! Words that people type: brands, categories, tags, channels, segments.

use std::borrow::Cow;

/// The form in which two words are compared: trimmed and in lower case, so that `DIOR` and `Dior ` are one brand.
#[must_use]
pub fn fold(word: &str) -> String {
    word.trim().to_lowercase()
}

/// The same, borrowed where a word stands in that form already.
#[must_use]
pub fn folded(word: &str) -> Cow<'_, str> {
    let is_folded = |byte: &u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    // Not `trim_ascii`: a vertical tab is a blank too.
    let trimmed = word.trim();
    if trimmed.as_bytes().iter().all(is_folded) { Cow::Borrowed(trimmed) } else { Cow::Owned(fold(word)) }
}

/// A category path in the form in which paths are compared: `Face / Cream/` is `face/cream`.
#[must_use]
pub fn fold_path(path: &str) -> String {
    path.split('/').map(fold).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// The same, borrowed where a path stands in that form already.
#[must_use]
pub fn folded_path(path: &str) -> Cow<'_, str> {
    let is_plain = |byte: &u8| {
        byte.is_ascii() && !byte.is_ascii_uppercase() && !byte.is_ascii_whitespace() && *byte != 0x0B
    };
    let bytes = path.as_bytes();
    let is_folded = bytes.iter().all(is_plain)
        && !bytes.starts_with(b"/")
        && !bytes.ends_with(b"/")
        && !bytes.windows(2).any(|pair| pair == b"//");
    if is_folded { Cow::Borrowed(path) } else { Cow::Owned(fold_path(path)) }
}

/// A campaign word as codes are compared: case, spaces and dashes do not matter.
#[must_use]
pub fn fold_code(code: &str) -> String {
    code.chars()
        .filter(|letter| {
            !letter.is_whitespace() && !matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        })
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_folds_to_the_same() {
        for word in ["mono", " Mono\t", "ЗНИЖКА", "\u{a0}vip", "\u{b}vip"] {
            assert_eq!(folded(word), fold(word));
        }
        assert_eq!(fold(" LANCÔME\u{a0}"), "lancôme");
        assert_eq!(fold_path("/Face / Cream/"), "face/cream");
        for path in [
            "",
            "face",
            "face/cream",
            "/face",
            "face/",
            "a//b",
            "a / b",
            "Face",
            "обличчя/крем",
            "a\u{b}",
            "/",
        ] {
            assert_eq!(folded_path(path), fold_path(path));
        }
        assert_eq!(fold_code("spring – 20"), fold_code("SPRING20"));
    }
}
