//! How often a guess may fail within a day of the first.
//!
//! With 55 random bits a generated code is hit by one guess of 36,000 million millions: of 200,000 guesses a day at a million live codes
//! one hits in 180 days, and most callers have far fewer. A PIN of six digits is hit by one of 100,000 days of 10 guesses.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::ledger::codes::ATTEMPTS_SECONDS;
use crate::ledger::{Account, AttemptKey, Key};
use crate::server::ledger::{Error, Ledger};
use crate::time::Instant;

/// PINs that may be wrong on one code, from people who know the phone it is bound to. A stranger who knows only the code fails at the phone,
/// and that does not count here: the customer is not locked out.
pub const PIN_FAILURES_MAX: u32 = 10;
/// Codes that may be wrong with one phone.
pub const PHONE_FAILURES_MAX: u32 = 50;
/// Codes that may be wrong from one address: a shop's gateway speaks for thousands of customers who mistype.
pub const CALLER_FAILURES_MAX: u32 = 20_000;
/// Codes that may be wrong in all.
pub const ALL_FAILURES_MAX: u32 = 200_000;

/// Whether too many attempts have failed: then nothing is tried any more.
pub(super) fn is_locked(ledger: &Ledger, of: &AttemptKey, now: Instant) -> Result<bool, Error> {
    let most = match of {
        AttemptKey::Pin(_) => PIN_FAILURES_MAX,
        AttemptKey::Phone(_) => PHONE_FAILURES_MAX,
        AttemptKey::Caller(_) => CALLER_FAILURES_MAX,
        AttemptKey::All => ALL_FAILURES_MAX,
    };
    Ok(match ledger.index().get(&Key::Attempts(of.clone()))? {
        Some(Account::Attempts(attempts)) => attempts.at(now) >= most,
        _ => false,
    })
}

/// Codes that are tried one attempt after another: two that share a place wait for each other, which hurts nobody.
const TURNS: usize = 256;

/// Whose turn it is to try a code.
#[derive(Debug)]
pub(super) struct Turns(Vec<tokio::sync::Mutex<()>>, tokio::sync::Mutex<()>);

impl Default for Turns {
    fn default() -> Self {
        Turns((0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(), tokio::sync::Mutex::default())
    }
}

impl Turns {
    /// The place of a code.
    pub(super) fn of(&self, text: &str) -> &tokio::sync::Mutex<()> {
        let sum =
            text.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        self.0.get(sum % TURNS).unwrap_or(&self.1)
    }
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
        let before = tried.insert(attempt, now);
        before.is_none_or(|before| now.unix().saturating_sub(before.unix()) >= ATTEMPTS_SECONDS)
    }
}
