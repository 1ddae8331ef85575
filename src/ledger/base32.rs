//! Crockford's base32 as a field: 32 characters, each an element of GF(32).

/// The digits of base32 in the order of their values.
pub(super) const ALPHABET: [u8; 32] = *b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Powers of the generator before they come round: the longest code whose weights are distinct.
pub(super) const WEIGHTS: usize = 31;

/// `value × x` in GF(32), the polynomials over GF(2) modulo x⁵ + x² + 1.
///
/// That polynomial is primitive: the powers x⁰ to x³⁰ are the 31 elements that are not zero, each once. Summing up
/// from the left, times x at each step, gives the characters the weights x^(N−1) down to x⁰.
pub(super) fn times_generator(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

/// The character of an element.
pub(super) fn letter_of(digit: u8) -> u8 {
    // INVARIANT: five bits, so there is one.
    ALPHABET.get(usize::from(digit)).copied().unwrap_or_default()
}

/// The element that a capital letter or digit stands for; `None` for `U` and whatever is not of the alphabet.
pub(super) fn digit_of(letter: char) -> Option<u8> {
    let letter = match letter {
        'O' | 'О' => '0',
        'I' | 'L' | 'І' => '1',
        'А' => 'A',
        'В' => 'B',
        'Е' => 'E',
        'К' => 'K',
        'М' => 'M',
        'Н' => 'H',
        'Р' => 'P',
        'С' => 'C',
        'Т' => 'T',
        'У' => 'Y',
        'Х' => 'X',
        other => other,
    };
    let place = ALPHABET.iter().position(|&digit| char::from(digit) == letter)?;
    u8::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn weights_are_distinct_and_never_zero() {
        let mut powers = BTreeSet::from([1]);
        let mut power = times_generator(1);
        while power != 1 {
            assert!(power != 0 && powers.insert(power), "{power}");
            power = times_generator(power);
        }
        assert_eq!(powers.len(), WEIGHTS);
    }

    #[test]
    fn every_element_has_one_letter() {
        for digit in 0..32 {
            assert_eq!(digit_of(letter_of(digit).into()), Some(digit));
        }
        for letter in ['U', 'Ю', ' ', '*', 'a', '\0'] {
            assert_eq!(digit_of(letter), None);
        }
    }
}
