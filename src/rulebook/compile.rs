//! `compile`: a folder's sources become a rulebook, or findings that say why not.

use super::outcome::Compiled;
use super::diagnostic::{Diagnostic, capped, sort};
use super::finding::Finding;
use super::folder::{Role, role};
use super::index::Rulebook;
use super::library::{Built, Library, Manner, Picked, Version};
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
    finish(&library, built)
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
pub(super) fn finish(library: &Library<'_>, mut built: Built<'_>) -> Compiled {
    sort(&mut built.found);
    let is_good = !built.found.iter().any(Diagnostic::is_error);
    let diagnostics = capped(std::mem::take(&mut built.found));
    let rulebook = is_good.then(|| rulebook(library, built));
    Compiled { rulebook, diagnostics }
}

/// The rulebook of what was built.
pub(super) fn rulebook(library: &Library<'_>, built: Built<'_>) -> Rulebook {
    let sources: Vec<Source> = built.sources.into_iter().cloned().collect();
    let catalog = Catalog::new(built.products);
    let settings = library.settings.settings.clone();
    Rulebook::new(settings, catalog, built.promotions, built.caps, Digest::of(&sources))
}
