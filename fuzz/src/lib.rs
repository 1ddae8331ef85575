//! What must hold of any input, one property a room. `targets/` hands them to libFuzzer.
//!
//! A property that does not hold is a panic: libFuzzer calls that a crash and keeps the input.

pub mod codes;
pub mod folder;
pub mod journal;
pub mod money;
pub mod phones;
pub mod purchase;
pub mod requests;
pub mod rules;
pub mod script;

/// One of eight parts that an input belongs to, by its bytes: what is slow is done for some of them.
#[must_use]
pub fn part_of(input: &[u8]) -> u8 {
    // FNV-1a; its low bits are those of the bytes alone, its high ones are mixed.
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 61).to_le_bytes()[0]
}

/// What every target has: its name, and all that it can do with an input.
pub const TARGETS: [(&str, fn(&[u8])); 5] = [
    ("rules", rules::all),
    ("requests", requests::check),
    ("journal", journal::check),
    ("codes", codes::check),
    ("phones", phones::check),
];
