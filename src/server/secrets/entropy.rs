//! Random bytes from the system's cryptographic generator. The one place where randomness comes in.

/// The system gives no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes: {0}")]
pub struct Error(getrandom::Error);

/// The system's cryptographic generator. It keeps no state of its own, so a fork or a restored snapshot of the machine
/// repeats nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entropy;

impl Entropy {
    /// `N` random bytes: 7 for a code, 10 for a certificate number, 16 for an id or a salt.
    ///
    /// # Errors
    /// The system has none to give, as in a sandbox without its device.
    pub fn bytes<const N: usize>(self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Random bytes into a place of the caller's, which wipes them when it likes.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub fn fill(self, place: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(place).map_err(Error)
    }

    /// A random number below `bound`, each as likely as any other. `bound` is not 0.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub fn below(self, bound: u32) -> Result<u32, Error> {
        even(bound, || self.bytes().map(u32::from_le_bytes))
    }
}

/// The remainder of a draw that is below the last whole multiple of `bound`; others are drawn again.
///
/// Without that, of 2³² draws modulo a million the numbers below 967,296 would come 4,295 times and the others 4,294.
fn even<E>(bound: u32, mut draw: impl FnMut() -> Result<u32, E>) -> Result<u32, E> {
    let bound = bound.max(1);
    let surplus = (u32::MAX % bound + 1) % bound;
    loop {
        let drawn = draw()?;
        if drawn <= u32::MAX - surplus {
            return Ok(drawn % bound);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use super::*;

    fn from(draws: &[u32], bound: u32) -> u32 {
        let mut draws = draws.iter();
        even(bound, || Ok::<_, Infallible>(*draws.next().unwrap())).unwrap()
    }

    #[test]
    fn what_would_be_a_bias_is_drawn_again() {
        let whole = 4_294_000_000;
        assert_eq!(from(&[whole - 1], 1_000_000), 999_999);
        assert_eq!(from(&[whole, u32::MAX, 7], 1_000_000), 7);
        assert_eq!(from(&[u32::MAX], 1 << 31), (1 << 31) - 1);
        assert_eq!(from(&[u32::MAX], 1), 0);
        assert_eq!(from(&[u32::MAX, u32::MAX - 1], u32::MAX), u32::MAX - 1);
    }

    #[test]
    fn numbers_are_spread_evenly() {
        let (mut counts, draws) = ([0_u64; 50], 50_000);
        for _ in 0..draws {
            counts[usize::try_from(Entropy.below(50).unwrap()).unwrap()] += 1;
        }
        // Chi-square with 49 degrees of freedom, times the 1000 expected in each: over 120 once in ten million runs.
        let squares: u64 = counts.iter().map(|count| count.abs_diff(1_000).pow(2)).sum();
        assert!(squares / 1_000 < 120, "{counts:?}");
    }

    #[test]
    fn bytes_do_not_repeat() {
        let drawn: BTreeSet<[u8; 7]> = (0..1_000).map(|_| Entropy.bytes().unwrap()).collect();
        assert_eq!(drawn.len(), 1_000);
        assert_ne!(Entropy.bytes::<16>(), Entropy.bytes::<16>());
    }
}
