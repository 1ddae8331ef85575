//! What is slow is done for a part of the inputs.

/// One of eight parts that an input belongs to, by its bytes: what is slow is done for some of them.
#[must_use]
pub fn part_of(input: &[u8]) -> u8 {
    // FNV-1a; its low bits are those of the bytes alone, its high ones are mixed.
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 61).to_le_bytes()[0]
}
