//! How often a guess may fail within a day of the first.
//!
//! With 55 random bits a generated code is hit by one guess of 36,000 million millions: of 200,000 guesses a day at a million live codes
//! one hits in 180 days, and most callers have far fewer. A PIN of six digits is hit by one of 100,000 days of 10 guesses.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::ledger::codes::ATTEMPTS_SECONDS;
use crate::ledger::{Account, AttemptKey, Key};
use crate::server::ledger::{Error, Ledger};
use crate::time::Instant;

/// Whose attempts these are, for people who run the service: no name is in it.
pub(super) const fn whose(of: &AttemptKey) -> &'static str {
    match of {
        AttemptKey::Pin(_) => "the PIN of a code",
        AttemptKey::Phone(_) => "a phone",
        AttemptKey::Caller(_) | AttemptKey::Repeats(_) => "an address",
        AttemptKey::All => "all",
        AttemptKey::Otp(_) => "the password of a certificate",
        AttemptKey::OtpPhone(_) => "the certificates of a phone",
        AttemptKey::OtpStranger(_) => "the phone of a certificate",
        AttemptKey::OtpAll => "all",
    }
}

/// Whether too many attempts have failed: then nothing is tried any more.
pub(super) fn is_locked(ledger: &Ledger, of: &AttemptKey, now: Instant, lately: bool) -> Result<bool, Error> {
    let key = Key::Attempts(of.clone());
    Ok(match if lately { ledger.lately(&key)? } else { ledger.account(&key)? } {
        Some(Account::Attempts(attempts)) => attempts.at(now) >= of.failures_max(),
        _ => false,
    })
}

/// Places for attempts that take turns: two that share one wait for each other, which hurts nobody.
const PLACES: usize = 256;
/// What the attempts at one place may take, with those that wait. More are turned away before they take anything from others.
const PLACE_MAX: usize = 64;
/// What an attempt with a PIN takes of it, for it waits for a hash: eight of them. One without takes as long as a record, and one of it.
const PLACE_OF_PIN: u32 = 8;
/// PINs of one caller that are checked or wait for it: a quarter of what the pool has, so that one who guesses leaves the rest.
const CALLER_PINS_MAX: usize = 8;

/// Whose turn it is to try a code: else many at once would all pass before the first is counted. Attempts without a PIN take turns by phone;
/// those with one by code and phone, so that a stranger who does not know the phone keeps nobody waiting who does; and by code alone where it
/// is bound to no phone.
#[derive(Debug)]
pub(super) struct Turns {
    places: Vec<(Semaphore, Semaphore)>,
    callers: Vec<Semaphore>,
}

/// A turn, until it is dropped.
pub(super) type Turn<'a> = [Option<SemaphorePermit<'a>>; 3];

impl Default for Turns {
    fn default() -> Self {
        let place = |_| (Semaphore::new(PLACE_MAX), Semaphore::new(1));
        let caller = |_| Semaphore::new(CALLER_PINS_MAX);
        Turns { places: (0..PLACES).map(place).collect(), callers: (0..PLACES).map(caller).collect() }
    }
}

impl Turns {
    /// Waits for the turn of `code` and `phone`; with a PIN also one of the places of `caller`. Nothing where too many wait.
    pub(super) async fn take(&self, code: &str, phone: &str, pin_of: Option<&str>) -> Option<Turn<'_>> {
        let caller = match pin_of {
            Some(caller) => Some(self.callers.get(place([caller, ""]))?.try_acquire().ok()?),
            None => None,
        };
        let (attempts, turn) = self.places.get(place([code, phone]))?;
        let attempt = attempts.try_acquire_many(if pin_of.is_some() { PLACE_OF_PIN } else { 1 }).ok()?;
        Some([caller, Some(attempt), Some(turn.acquire().await.ok()?)])
    }
}

fn place(names: [&str; 2]) -> usize {
    let bytes = names.iter().flat_map(|name| name.bytes().chain([0]));
    bytes.fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % PLACES
}

/// Attempts that are remembered; with more, all are forgotten and count anew.
const TRIED_MAX: usize = 65_536;

/// Attempts that have failed and were counted. A basket is quoted on every key press: the same code from the same customer is one guess.
#[derive(Debug, Default)]
pub(super) struct Tried(Mutex<FxHashMap<[u8; 16], Instant>>);

impl Tried {
    /// Whether an attempt was not made within the day; from now on it was.
    pub(super) fn is_new(&self, attempt: [u8; 16], now: Instant) -> bool {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.len() >= TRIED_MAX {
            tried.clear();
        }
        let is_old = |before: &Instant| now.unix().saturating_sub(before.unix()) >= ATTEMPTS_SECONDS;
        let is_new = tried.get(&attempt).is_none_or(is_old);
        if is_new {
            tried.insert(attempt, now);
        }
        is_new
    }
}
