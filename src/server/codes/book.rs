//! Where codes are looked up.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Steady};

use super::guard::{Tried, Turns};
use super::look::{Found, text_of};
use crate::basket::Country;
use crate::ledger::{CodeKey, Key};
use crate::server::clock;
use crate::server::ledger::{Error, Ledger};
use crate::server::secrets::{Domain, Pepper, PinPool};

/// For how long no code with a PIN, a phone or a customer is tried where an attempt could not be counted.
const UNCOUNTED: Duration = Duration::from_secs(10);

/// Codes of a ledger, by their text.
#[derive(Debug, Clone)]
pub struct Codebook {
    pub(super) ledger: Ledger,
    pub(super) pepper: Arc<Pepper>,
    pub(super) pins: Arc<PinPool>,
    pub(super) countries: Arc<[Country]>,
    pub(super) turns: Arc<Turns>,
    pub(super) tried: Arc<Tried>,
    /// The last code that was found.
    decoy: Arc<Mutex<Option<CodeKey>>>,
    /// When an attempt could last not be counted.
    uncounted_at: Arc<Mutex<Option<Steady>>>,
}

impl Codebook {
    /// Codes of `ledger`, hashed under the keys of `pepper`.
    #[must_use]
    pub fn new(ledger: Ledger, pepper: Arc<Pepper>, pins: Arc<PinPool>, countries: Arc<[Country]>) -> Self {
        let (turns, tried, decoy, uncounted_at) =
            (Arc::default(), Arc::default(), Arc::default(), Arc::default());
        Codebook { ledger, pepper, pins, countries, turns, tried, decoy, uncounted_at }
    }

    /// Whether a failed attempt can be counted, as far as it is known.
    pub(super) fn can_count(&self) -> bool {
        let at = *self.uncounted_at.lock().unwrap_or_else(PoisonError::into_inner);
        !self.ledger.is_away() && at.is_none_or(|at| clock::steady().duration_since(at) >= UNCOUNTED)
    }

    /// An attempt could not be counted.
    pub(super) fn uncounted(&self) {
        *self.uncounted_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock::steady());
    }

    /// Whether codes are in a database that may be away.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.ledger.is_shared()
    }

    /// The names that a code may have in the ledger: under the key of today first.
    pub(super) fn keys(&self, text: &str) -> Vec<CodeKey> {
        self.pepper.hashes(Domain::Code, text.as_bytes()).map(|hash| CodeKey(hash.to_text())).collect()
    }

    /// The code of that text, when there is one. Where there is none another is read in its place, so that the time does not tell.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn find(&self, typed: &str) -> Result<Option<Found>, Error> {
        for key in self.keys(&text_of(typed)) {
            if self.ledger.account(&Key::Code(key.clone()))?.is_some() {
                *self.decoy.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
                return Found::read(&self.ledger, key).map(Some);
            }
        }
        let decoy = self.decoy.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(key) = decoy {
            Found::read(&self.ledger, key)?;
        }
        Ok(None)
    }
}
