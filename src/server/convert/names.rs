//! Places in the rulebook as ids and names.

use crate::promotion::Promotion;
use crate::rulebook::{PromotionIndex, Rulebook};

/// A rulebook with its digest written out, which every quote tells.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The rulebook.
    pub rulebook: &'a Rulebook,
    /// Its digest.
    pub digest: &'a str,
}

/// A promotion's id.
pub(super) fn promotion_id(rulebook: &Rulebook, index: PromotionIndex) -> String {
    named(rulebook, index, |promotion| &promotion.id)
}

/// What people call a promotion.
pub(super) fn promotion_name(rulebook: &Rulebook, index: PromotionIndex) -> String {
    named(rulebook, index, |promotion| &promotion.name)
}

fn named(rulebook: &Rulebook, index: PromotionIndex, name: fn(&Promotion) -> &String) -> String {
    rulebook.promotion(index).map(name).cloned().unwrap_or_default()
}

/// A place or a length: no request has four billion of anything.
pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
