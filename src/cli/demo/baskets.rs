//! The baskets of the story, each with what it must cost.

use anyhow::{Context as _, Result};

use crate::server::convert::request_from_json;
use crate::server::wire::QuoteRequest;

/// One scene.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// What happens.
    pub told: &'static str,
    /// The request as proto3 JSON.
    json: &'static str,
    /// What the customer must pay, in minor units.
    pub total: i64,
    /// The promotions that must apply.
    pub promotions: &'static [&'static str],
    /// What the explanation must show.
    pub lesson: &'static str,
}

impl Scene {
    /// The request.
    ///
    /// # Errors
    /// It is not one.
    pub fn request(&self) -> Result<QuoteRequest> {
        request_from_json(self.json).context("a basket of the demo cannot be read")
    }
}

/// The basket whose price the edited file changes: the first scene.
pub const WATCHED: usize = 0;
/// What it costs when the file says 25 % in place of 20 %.
pub const WATCHED_TOTAL_AFTER: i64 = 281_500;

/// The scenes, in the order of the story.
pub const SCENES: [Scene; 4] = [
    Scene {
        told: "A till in Lviv, Black Friday: two fragrances and a mascara.",
        json: r#"{"explain": true, "basket": {"lines": [
            {"id": "1", "sku": "LIN-EDT-30", "quantity": 2},
            {"id": "2", "sku": "PEL-MAS-10", "quantity": 1}]},
            "context": {"time": "2026-11-27T12:00:00+02:00", "channel": "pos", "store": "lviv-01"}}"#,
        total: 296_000,
        promotions: &["bf-fragrance"],
        lesson: "The campaign takes its 20 % off the fragrances. They carry no second reduction, and only goods that \
                 carry none count towards the 1 000: the mascara alone does not reach it.",
    },
    Scene {
        told: "The web shop, a gold card, and a perfume of a luxury house.",
        json: r#"{"explain": true, "basket": {"lines": [
            {"id": "1", "sku": "ORV-EDP-50", "quantity": 1},
            {"id": "2", "sku": "KOS-EDT-50", "quantity": 1}],
            "delivery": {"method": "courier", "price": 9900}},
            "context": {"time": "2026-11-27T12:00:00+02:00", "channel": "web", "customer": {"tier": "gold"}}}"#,
        total: 536_240,
        promotions: &["bf-fragrance", "courier-free", "gold-card"],
        lesson: "Card and campaign add up, because both say so: 24 % off the second fragrance. The first stops at −15 %: a cap is a \
                 contract that no promotion, card or code passes.",
    },
    Scene {
        told: "A code that is worth less than what the goods carry already.",
        json: r#"{"explain": true, "basket": {"lines": [
            {"id": "1", "sku": "LIN-EDT-50", "quantity": 2}]},
            "context": {"time": "2026-11-27T20:30:00+02:00", "channel": "app", "codes": ["spring 20", "SUMMER"]}}"#,
        total: 318_400,
        promotions: &["bf-fragrance"],
        lesson: "20 % of both is 796; the code would stop at 500. It says so instead of changing the price in silence, and so does \
                 a code that does not exist.",
    },
    Scene {
        told: "A basket where taking the obvious discount would cost the customer money.",
        json: r#"{"explain": true, "basket": {"lines": [
            {"id": "1", "sku": "HEA-CND-90", "quantity": 1},
            {"id": "2", "sku": "PEL-LIP-04", "quantity": 1}]},
            "context": {"time": "2026-11-24T12:00:00+02:00", "channel": "pos", "store": "kyiv-01"}}"#,
        total: 181_800,
        promotions: &["basket-5-10"],
        lesson: "The lipstick could carry its −12 %, and the candle −5 %: 137.40 off. Left without it, the lipstick lifts the \
                 basket over 2 000, and −10 % takes 202.00 off. The engine searches all of these, and proves that nothing is better.",
    },
];
