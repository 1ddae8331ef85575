//! The rulebook: compiled, indexed, immutable.

use rustc_hash::FxHashMap;

use super::settings::Settings;
use super::source::Digest;
use crate::catalog::Catalog;
use crate::promotion::{Cap, Promotion};

/// A promotion's place in its rulebook: promotions stand by id in byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromotionIndex(u32);

/// Every live promotion of a folder, ready to price by.
#[derive(Debug, Clone)]
pub struct Rulebook {
    settings: Settings,
    catalog: Catalog,
    // INVARIANT: by id in byte order, no id twice.
    promotions: Vec<Promotion>,
    caps: Vec<Cap>,
    digest: Digest,
    by_id: FxHashMap<String, PromotionIndex>,
}

impl Rulebook {
    /// Indexes what was read; of two promotions with one id the first stays.
    #[must_use]
    pub fn new(
        settings: Settings,
        catalog: Catalog,
        mut promotions: Vec<Promotion>,
        caps: Vec<Cap>,
        digest: Digest,
    ) -> Self {
        promotions.sort_by(|one, other| one.id.cmp(&other.id));
        promotions.dedup_by(|later, first| later.id == first.id);
        let by_id =
            (0..).map(PromotionIndex).zip(&promotions).map(|(index, p)| (p.id.clone(), index)).collect();
        Rulebook { settings, catalog, promotions, caps, digest, by_id }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The catalogue.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The promotions, by id in byte order.
    #[must_use]
    pub fn promotions(&self) -> &[Promotion] {
        &self.promotions
    }

    /// The promotion at `index`; `None` for an index of another rulebook.
    #[must_use]
    pub fn promotion(&self, index: PromotionIndex) -> Option<&Promotion> {
        self.promotions.get(usize::try_from(index.0).ok()?)
    }

    /// Promotions with their places.
    pub fn indexed(&self) -> impl Iterator<Item = (PromotionIndex, &Promotion)> {
        (0..).map(PromotionIndex).zip(&self.promotions)
    }

    /// The place of the promotion with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<PromotionIndex> {
        self.by_id.get(id).copied()
    }

    /// The caps.
    #[must_use]
    pub fn caps(&self) -> &[Cap] {
        &self.caps
    }

    /// The digest of the sources.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}
