//! What is seen of the keeper from beside it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use crate::server::clock;

/// A look at the keeper, as often as one likes.
#[derive(Debug, Default)]
pub struct Glance {
    /// The number of the newest publication that is in force here, or was passed over for good.
    newest: AtomicU64,
    /// Seconds of Unix time; 0 is never.
    looked_at: AtomicI64,
    taken_at: AtomicI64,
    is_held: AtomicBool,
}

impl Glance {
    pub(super) fn now_at(&self, number: u64) {
        self.newest.store(number, Ordering::Relaxed);
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    pub(super) fn looked(&self) {
        self.looked_at.store(clock::now().unix(), Ordering::Relaxed);
    }

    pub(super) fn taken(&self) {
        self.taken_at.store(clock::now().unix(), Ordering::Relaxed);
    }

    pub(super) fn hold(&self, is_held: bool) {
        self.is_held.store(is_held, Ordering::Relaxed);
    }

    /// When the folder was looked at last, in seconds of Unix time; 0 when it never was.
    #[must_use]
    pub fn looked_at(&self) -> i64 {
        self.looked_at.load(Ordering::Relaxed)
    }

    /// When what the folder has was last taken up, some of its files held or not; 0 when it never was.
    #[must_use]
    pub fn taken_at(&self) -> i64 {
        self.taken_at.load(Ordering::Relaxed)
    }

    /// Whether the folder as a whole is held; known also while nothing is live.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.is_held.load(Ordering::Relaxed)
    }
}
