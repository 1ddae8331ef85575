//! PINs and passwords of one use: six digits.

use std::fmt;

use secrecy::{ExposeSecret as _, ExposeSecretMut as _, SecretBox};

use super::entropy::{self, Entropy};

/// How many there are.
const PINS: u32 = 1_000_000;

/// Six digits that only their owner knows, in memory that is wiped when they go.
pub struct Pin(
    // INVARIANT: ASCII digits.
    SecretBox<[u8; 6]>,
);

impl Pin {
    /// The PIN that was typed; blanks do not matter. `None` when it is not six digits.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut digits = typed.bytes().filter(|byte| *byte != b' ');
        let mut pin = SecretBox::<[u8; 6]>::default();
        for slot in pin.expose_secret_mut() {
            *slot = digits.next().filter(u8::is_ascii_digit)?;
        }
        digits.next().is_none().then_some(Pin(pin))
    }

    /// One of the million PINs, each as likely as any other.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> Result<Self, entropy::Error> {
        let mut rest = Entropy.below(PINS)?;
        let mut pin = SecretBox::<[u8; 6]>::default();
        for slot in pin.expose_secret_mut() {
            *slot = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        Ok(Pin(pin))
    }

    /// The six digits: for the message to their owner and for a keyed hash. Never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(self.0.expose_secret()).unwrap_or_default()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_six_digits() {
        assert_eq!(Pin::parse(" 012 345 ").unwrap().expose(), "012345");
        for typed in ["", "12345", "1234567", "12345a", "-12345", "+12345", "١٢٣٤٥٦", "123456\0"] {
            assert!(Pin::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn random_pins_have_every_digit_in_every_place() {
        let mut counts = [[0_u32; 10]; 6];
        for _ in 0..10_000 {
            for (place, digit) in Pin::random().unwrap().expose().bytes().enumerate() {
                counts[place][usize::from(digit - b'0')] += 1;
            }
        }
        // 1000 each, with a deviation of 30: eight of them are never seen.
        assert!(counts.iter().flatten().all(|count| count.abs_diff(1_000) < 240), "{counts:?}");
    }

    #[test]
    fn a_pin_is_not_shown() {
        assert_eq!(format!("{:?}", Pin::parse("123456").unwrap()), "Pin(hidden)");
    }
}
