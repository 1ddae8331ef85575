//! Races: 64 callers at once for a limit of 100. Not one more may get it, and not one less.

use super::shop::{LIMIT, Shop};
use super::{CALLERS, Outcome};

/// Runs all rounds; what came of them in a sentence.
///
/// # Errors
/// More or fewer got it in some round than the limit says.
pub(crate) fn run(shop: &Shop, rounds: u32) -> Outcome<String> {
    let mut tried = 0;
    for round in 0..rounds {
        let (attempts, got) = shop.race(round)?;
        if got != LIMIT {
            return Err(
                format!("{got} of {attempts} attempts got a limit of {LIMIT} in round {round}").into()
            );
        }
        tried += attempts;
    }
    Ok(format!(
        "races: {rounds} rounds of {CALLERS} callers for a limit of {LIMIT}: {LIMIT} got it in each, of {tried} attempts in all"
    ))
}
