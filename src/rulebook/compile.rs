//! `compile`: a folder's sources become a rulebook, or findings that say why not.

use super::Compiled;
use super::diagnostic::{Diagnostic, capped, sort};
use super::finding::Finding;
use super::folder::{Role, role};
use super::index::Rulebook;
use super::library::{Built, Library, Manner, Parts, Picked, Version};
use super::source::{Digest, Source};
use crate::catalog::Catalog;

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
pub(super) fn rulebook(parts: Parts) -> Rulebook {
    let digest = Digest::of(&parts.sources);
    Rulebook::new(parts.settings, Catalog::new(parts.products), parts.promotions, parts.caps, digest)
}
