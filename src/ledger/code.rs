//! Generated codes and certificate numbers: random characters and a check character that catches what people mistype.
//!
//! The characters are Crockford's base32: digits and capital letters without `I`, `L`, `O` (read as 1, 1, 0) and `U`.
//! Each stands for an element of GF(32), and the check character makes the sum of `weight × character` zero, where the
//! weights are distinct and none is zero. Then no mistake of the two kinds that people make passes:
//! - one character wrong by `d ≠ 0` moves the sum by `w·d`, and a product of two elements that are not 0 is not 0;
//! - the swap of any two places, next to each other or not, moves it by `(w − v)·(c − e)`: the weights differ, and
//!   where the characters do not differ nothing was swapped.
//!
//! Of any other mistake one in 32 passes, and is then an unknown code. Randomness comes in as an argument, and nothing
//! here knows which codes exist.

use std::fmt;

use super::base32::{WEIGHTS, digit_of, letter_of, times_generator};
use crate::catalog::word::fold_code;

/// A code of a pool: 11 random characters, 55 bits, and a check character; on paper `XXXX-XXXX-XXXX`.
///
/// With a million codes in a pool a guess hits one in 36 thousand million.
pub type GeneratedCode = CheckedCode<12>;

/// The number of a gift certificate: 15 random characters, 75 bits, and a check character.
pub type CertificateNumber = CheckedCode<16>;

/// Characters between two dashes.
const GROUP: usize = 4;
/// Longer inputs are not looked at: 16 characters, each with a long blank and a long dash, are 112 bytes.
const TYPED_BYTES_MAX: usize = 128;
/// A code of `N` characters, the last of them the check character. `N` is 2 to 31.
///
/// It is a secret: `Debug` does not show it, and there is no `Display` that a log could take by accident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckedCode<const N: usize>(
    // INVARIANT: of `base32::ALPHABET`, and the weighted sum is zero.
    [u8; N],
);

/// Why what was typed is no code. None of it repeats what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeFault {
    /// Too short or too long.
    #[error("a code of this kind has {expected} characters")]
    Length {
        /// How many it has, without blanks and dashes.
        expected: usize,
    },
    /// A character that no code has.
    #[error("character {place} is one that no code has")]
    Character {
        /// Which, counted from 1 without blanks and dashes.
        place: usize,
    },
    /// A character is wrong, or two are swapped.
    #[error("the code is mistyped")]
    Mistyped,
}

impl<const N: usize> CheckedCode<N> {
    const WEIGHTS_ARE_DISTINCT: () = assert!(N >= 2 && N <= WEIGHTS);

    /// The code that was typed: case, blanks and dashes do not matter, `I` and `L` are 1, `O` is 0, and Cyrillic
    /// letters of the same shape are their Latin twins (a till's keyboard may stand on Ukrainian).
    ///
    /// # Errors
    /// It is no code of this length. Whether it exists is not known here.
    pub fn parse(typed: &str) -> Result<Self, CodeFault> {
        let () = Self::WEIGHTS_ARE_DISTINCT;
        if typed.len() > TYPED_BYTES_MAX {
            return Err(CodeFault::Length { expected: N });
        }
        let folded = fold_code(typed);
        if folded.chars().count() != N {
            return Err(CodeFault::Length { expected: N });
        }
        let (mut code, mut sum) = ([0; N], 0);
        for (at, (slot, letter)) in code.iter_mut().zip(folded.chars()).enumerate() {
            let digit = digit_of(letter).ok_or(CodeFault::Character { place: at + 1 })?;
            sum = times_generator(sum) ^ digit;
            *slot = letter_of(digit);
        }
        if sum == 0 { Ok(CheckedCode(code)) } else { Err(CodeFault::Mistyped) }
    }

    /// The code whose characters before the last are the lowest `5 × (N − 1)` bits of `bits`.
    fn from_bits(bits: u128) -> Self {
        let () = Self::WEIGHTS_ARE_DISTINCT;
        let (mut code, mut sum, mut bits) = ([0; N], 0, bits);
        let mut slots = code.iter_mut();
        let last = slots.next_back();
        for slot in slots {
            let digit = u8::try_from(bits & 31).unwrap_or_default();
            sum = times_generator(sum) ^ digit;
            *slot = letter_of(digit);
            bits >>= 5;
        }
        if let Some(slot) = last {
            // Its own weight is 1, and in a field of characteristic 2 an element is its own negative.
            *slot = letter_of(times_generator(sum));
        }
        CheckedCode(code)
    }

    /// The characters alone, in capitals and without dashes: what is hashed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As people read it, in groups of four: `XXXX-XXXX-XXXX`. For paper and screens, never for a log.
    #[must_use]
    pub fn grouped(&self) -> String {
        let mut text = String::with_capacity(N + N / GROUP);
        for (at, letter) in self.as_str().chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }
}

impl GeneratedCode {
    /// The code of 55 random bits; the highest bit of the last byte is not used.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 7]) -> Self {
        Self::from_bits(bits_of(&entropy))
    }
}

impl CertificateNumber {
    /// The number of 75 random bits; the five highest bits of the last byte are not used.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 10]) -> Self {
        Self::from_bits(bits_of(&entropy))
    }
}

impl<const N: usize> fmt::Debug for CheckedCode<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckedCode<{N}>(hidden)")
    }
}

fn bits_of(entropy: &[u8]) -> u128 {
    entropy.iter().rev().fold(0, |bits, &byte| bits << 8 | u128::from(byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::base32::ALPHABET;
    use super::*;

    /// Counted numbers that look random: SplitMix64, which maps different counts to different numbers.
    fn entropy<const BYTES: usize>(count: u64) -> [u8; BYTES] {
        let mut mixed = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let wide = u128::from(mixed ^ mixed >> 31) << 64 | u128::from(mixed);
        wide.to_le_bytes()[16 - BYTES..].try_into().unwrap()
    }

    fn mistyped<const N: usize>(letters: &[u8]) {
        let typed = std::str::from_utf8(letters).unwrap();
        assert_eq!(CheckedCode::<N>::parse(typed), Err(CodeFault::Mistyped), "{typed}");
    }

    /// Every single typo and every swap of two places in `code` is caught.
    fn check<const N: usize>(code: CheckedCode<N>) {
        let right = code.as_str().as_bytes().to_vec();
        for at in 0..N {
            for &letter in ALPHABET.iter().filter(|&&letter| letter != right[at]) {
                let mut wrong = right.clone();
                wrong[at] = letter;
                mistyped::<N>(&wrong);
            }
            for other in (0..at).filter(|&other| right[other] != right[at]) {
                let mut wrong = right.clone();
                wrong.swap(at, other);
                mistyped::<N>(&wrong);
            }
        }
        assert_eq!(CheckedCode::parse(&code.grouped()), Ok(code));
        assert_eq!(CheckedCode::parse(&code.as_str().to_lowercase()), Ok(code));
    }

    #[test]
    fn every_typo_and_every_swap_is_caught() {
        for count in 0..1_000 {
            check(GeneratedCode::from_entropy(entropy(count)));
        }
        for count in 0..200 {
            check(CertificateNumber::from_entropy(entropy(count)));
        }
    }

    #[test]
    fn different_entropy_makes_different_codes() {
        let codes: BTreeSet<_> =
            (0..20_000).map(|count| GeneratedCode::from_entropy(entropy(count))).collect();
        assert_eq!(codes.len(), 20_000);
        let seen: BTreeSet<u8> = codes.iter().flat_map(|code| code.0).collect();
        assert_eq!(seen, ALPHABET.into());
        for bit in 0..55 {
            let one = GeneratedCode::from_entropy((1_u64 << bit).to_le_bytes()[..7].try_into().unwrap());
            assert_ne!(one, GeneratedCode::from_entropy([0; 7]), "bit {bit} is lost");
        }
    }

    #[test]
    fn what_people_type_is_read_and_what_is_none_is_refused() {
        let code = CheckedCode::<12>::from_bits(1 | 10 << 30 | 20 << 40);
        assert_eq!((code.as_str(), code.grouped().as_str()), ("100000A0M00H", "1000-00A0-M00H"));
        for typed in [" 1000 00a0 m00h", "loooOOAOMooh", "І0ОО–ООАО–МООН", "i-0-0-0-00a0 m00h"]
        {
            assert_eq!(CheckedCode::parse(typed), Ok(code), "{typed}");
        }
        let length = CodeFault::Length { expected: 12 };
        for (typed, fault) in [
            ("", length),
            ("1000-00A0-M00", length),
            ("1000-00A0-M00HH", length),
            (&"-".repeat(200), length),
            ("1000-00U0-M00H", CodeFault::Character { place: 7 }),
            ("1000-00A0-M00Ю", CodeFault::Character { place: 12 }),
            ("1000-00A0-M0H0", CodeFault::Mistyped),
        ] {
            assert_eq!(GeneratedCode::parse(typed), Err(fault), "{typed}");
        }
    }

    #[test]
    fn a_code_is_not_shown() {
        let code = GeneratedCode::from_entropy([7; 7]);
        let shown = format!("{code:?} {code:#?}");
        assert_eq!(shown, "CheckedCode<12>(hidden) CheckedCode<12>(hidden)");
    }
}
