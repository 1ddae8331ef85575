//! What must hold of any input, one property a room. `targets/` hands them to libFuzzer.
//!
//! A property that does not hold is a panic: libFuzzer calls that a crash and keeps the input.

pub mod codes;
pub mod folder;
pub mod journal;
pub mod money;
pub mod noon;
pub mod part;
pub mod phones;
pub mod purchase;
pub mod requests;
pub mod rules;
pub mod script;

pub use part::part_of;

/// What every target has: its name, and all that it can do with an input.
pub const TARGETS: [(&str, fn(&[u8])); 5] = [
    ("rules", rules::all),
    ("requests", requests::all),
    ("journal", journal::check),
    ("codes", codes::check),
    ("phones", phones::check),
];
