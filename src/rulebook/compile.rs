//! `compile`: a folder's sources become a rulebook, or findings that say why not.

use crate::catalog::Catalog;
use crate::rulebook::diagnostic::finding::Finding;
use crate::rulebook::diagnostic::report::{Diagnostic, capped, sort};
use crate::rulebook::index::Rulebook;
use crate::rulebook::library::{Built, Library, Manner, Parts, Picked, Version};
use crate::rulebook::outcome::Compiled;
use crate::rulebook::source::{Digest, Source};
use crate::rulebook::text::folder::{Role, role};

/// Reads and checks `sources` as one folder.
#[must_use]
pub fn compile(sources: &[Source]) -> Compiled {
    let (settings, rest) = settings_of(sources);
    let mut library = Library::new(settings);
    let picked: Vec<Picked<'_>> =
        settings.into_iter().chain(rest).map(|source| (Version::Seen, source)).collect();
    let mut built = library.build(&picked, &Manner::default());
    built.found.extend(surplus(sources, settings));
    finish(library, built)
}

/// The settings file and all others. Of several settings files the first by path counts.
pub(super) fn settings_of(sources: &[Source]) -> (Option<&Source>, Vec<&Source>) {
    let settings = sources.iter().filter(|source| role(&source.path) == Role::Settings).min();
    (settings, sources.iter().filter(|source| role(&source.path) != Role::Settings).collect())
}

/// Settings files beside the one that counts.
pub(super) fn surplus(sources: &[Source], settings: Option<&Source>) -> Vec<Diagnostic> {
    let Some(settings) = settings else {
        return Vec::new();
    };
    sources
        .iter()
        .filter(|source| role(&source.path) == Role::Settings && source.path != settings.path)
        .map(|source| Diagnostic::new(&source.path, None, Finding::SettingsTwice(settings.path.clone())))
        .collect()
}

/// The rulebook of what was built, unless something in it is an error.
fn finish<'a>(library: Library<'a>, mut built: Built<'a>) -> Compiled {
    let mut found = std::mem::take(&mut built.found);
    sort(&mut found);
    let is_good = !found.iter().any(Diagnostic::is_error);
    let rulebook = is_good.then(|| rulebook(library.take(built)));
    Compiled { rulebook, diagnostics: capped(found) }
}

/// The rulebook of its parts.
pub(super) fn rulebook(parts: Parts<'_>) -> Rulebook {
    let digest = Digest::of(parts.sources.iter().copied());
    Rulebook::new(parts.settings, Catalog::new(parts.products), parts.promotions, parts.caps, digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promotion::Promotion;

    fn one(text: &str) -> Promotion {
        let compiled = compile(&[Source { path: "a.yaml".to_owned(), bytes: text.into() }]);
        let rulebook = compiled.rulebook.unwrap_or_else(|| panic!("{text}: {:?}", compiled.diagnostics));
        rulebook.promotions()[0].clone()
    }

    /// What word processors, spreadsheets and Windows do to a file changes nothing of what it means.
    #[test]
    fn what_a_marketer_types_is_forgiven() {
        let plain = one(
            "promotions:\n  - id: a\n    on: {skus: ['00123']}\n    give: {percent: 12.5, max_discount: 1999.50}\n",
        );
        for text in [
            "\u{feff}promotions:\r\n  - id: a\r\n    on: {skus: [00123]}\r\n    give: {percent: 12,5, max_discount: 1 999.50}\r\n",
            "promotions:\n  - id: “a”\n    on: {skus: [“00123”]}\n    give: {percent: “12,5 %”, max_discount: '1\u{a0}999,50'}\n",
            "promotions:\n  - id: a\u{a0}\n    on:\n      skus: 00123\n    give:\n      percent: 12,5\u{202f}%\n      max_discount: 1\u{2009}999,50\n",
            "{“promotions”: [{“id”: “a”, \"on\": {\"skus\": [\"00123\"]}, \"give\": {\"percent\": \"12.5%\", \"max_discount\": 1999.5}}]}",
            "promotions:\n\u{a0}\u{a0}- id:\u{a0}a\n\u{a0}\u{a0}\u{a0} on: {skus: [00123]}\n    give: {percent: 12.50%, max_discount: \"1,999.50\"}\n",
        ] {
            assert_eq!(one(text), plain, "{text}");
        }
    }
}
