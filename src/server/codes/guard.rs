//! How often a guess may fail within a day of the first.
//!
//! With 55 random bits a generated code is hit by one guess of 36,000 million millions: of 200,000 guesses a day at a million live codes
//! one hits in 180 days, and most callers have far fewer. A PIN of six digits is hit by one of 100,000 days of 10 guesses.

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
