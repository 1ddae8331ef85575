//! The moment of everything here that names none.

use pricewright::time::Instant;

/// 2026-11-27T10:00:00Z, noon in Kyiv.
#[must_use]
pub fn noon() -> Instant {
    Instant::from_unix(1_795_773_600).expect("a moment")
}
