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
    let trimmed = word.trim_ascii();
    if trimmed.as_bytes().iter().all(is_folded) { Cow::Borrowed(trimmed) } else { Cow::Owned(fold(word)) }
}

/// A category path in the form in which paths are compared: `Face / Cream/` is `face/cream`.
#[must_use]
pub fn fold_path(path: &str) -> String {
    path.split('/').map(fold).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
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
        assert_eq!(fold_code("spring – 20"), fold_code("SPRING20"));
    }
}
