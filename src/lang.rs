//! The languages in which the product speaks to people.

/// English or Ukrainian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English: the default.
    #[default]
    En,
    /// Ukrainian.
    Uk,
}

impl Lang {
    /// The language that a tag, a locale or an `accept-language` header asks for first: `uk`, `uk_UA.UTF-8`,
    /// `uk-UA,en;q=0.5`. English for any other.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        let first = tag.split([',', ';', '-', '_', '.']).next().unwrap_or_default();
        if first.trim().eq_ignore_ascii_case("uk") { Lang::Uk } else { Lang::En }
    }

    /// The one of two texts that is in this language.
    #[must_use]
    pub fn pick<T>(self, english: T, ukrainian: T) -> T {
        match self {
            Lang::En => english,
            Lang::Uk => ukrainian,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tag_decides() {
        for (tag, lang) in [
            ("uk", Lang::Uk),
            ("uk_UA.UTF-8", Lang::Uk),
            ("UK-ua,en;q=0.5", Lang::Uk),
            ("en,uk", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::from_tag(tag), lang, "{tag}");
        }
    }
}
