//! What must hold of any input (`fuzz/src`), held here for every seed, for all that once failed, and for what chance makes of them: a short
//! run without a compiler that counts edges. `fuzz/run.sh` is the long one.
//!
//! `FUZZ_SECONDS=600 cargo test --release --test fuzz -- --nocapture` for a longer run, `FUZZ_SEED` for another one.

#![expect(
    unreachable_pub,
    dead_code,
    reason = "what is shared with the crate of `fuzz/` is all of it public there"
)]

#[cfg(test)]
#[path = "../it/faults/dice.rs"]
mod dice;
#[cfg(test)]
#[path = "../../fuzz/src/folder.rs"]
mod folder;
#[cfg(test)]
#[path = "../../fuzz/src/codes.rs"]
mod codes;
#[cfg(test)]
#[path = "../../fuzz/src/phones.rs"]
mod phones;
#[cfg(test)]
#[path = "../../fuzz/src/script.rs"]
mod script;
#[cfg(test)]
#[path = "../../fuzz/src/journal.rs"]
mod journal;
#[cfg(test)]
#[path = "../../fuzz/src/noon.rs"]
mod noon;
#[cfg(test)]
#[path = "../../fuzz/src/money.rs"]
mod money;
#[cfg(test)]
#[path = "../../fuzz/src/purchase.rs"]
mod purchase;
#[cfg(test)]
#[path = "../../fuzz/src/requests.rs"]
mod requests;
#[cfg(test)]
#[path = "../../fuzz/src/rules.rs"]
mod rules;
#[cfg(test)]
#[path = "../../fuzz/src/part.rs"]
mod part;
#[cfg(test)]
mod chance;

#[cfg(test)]
use part::part_of;
