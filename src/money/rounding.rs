//! How a fraction of a minor unit becomes a whole one.

/// The setting `rounding`; amounts that are rounded are never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rounding {
    /// Halves go up: the default.
    #[default]
    HalfUp,
    /// Halves go to the even neighbor.
    HalfEven,
    /// Halves go down.
    HalfDown,
    /// Every fraction goes down.
    Down,
}

impl Rounding {
    /// `numerator / denominator` rounded to a whole. The numerator is not negative, the denominator positive; a result
    /// that does not fit is `i64::MAX`, which the limits of a request keep out of reach.
    #[must_use]
    pub fn divide(self, numerator: i128, denominator: i128) -> i64 {
        let whole = numerator / denominator;
        let twice_rest = (numerator % denominator) * 2;
        let up = match self {
            Rounding::HalfUp => twice_rest >= denominator,
            Rounding::HalfEven => twice_rest > denominator || (twice_rest == denominator && whole % 2 == 1),
            Rounding::HalfDown => twice_rest > denominator,
            Rounding::Down => false,
        };
        i64::try_from(whole + i128::from(up)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_names_what_happens_to_a_half() {
        use Rounding::{Down, HalfDown, HalfEven, HalfUp};
        // (numerator, half up, half even, half down, down), over 10
        for (n, up, even, half_down, down) in
            [(25, 3, 2, 2, 2), (35, 4, 4, 3, 3), (24, 2, 2, 2, 2), (26, 3, 3, 3, 2), (0, 0, 0, 0, 0)]
        {
            assert_eq!(HalfUp.divide(n, 10), up, "{n}");
            assert_eq!(HalfEven.divide(n, 10), even, "{n}");
            assert_eq!(HalfDown.divide(n, 10), half_down, "{n}");
            assert_eq!(Down.divide(n, 10), down, "{n}");
        }
    }
}
