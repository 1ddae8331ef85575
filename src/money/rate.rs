//! A percentage, exact to four decimal places.

use std::fmt;

use rust_decimal::Decimal;

use super::amount::Amount;
use super::rounding::Rounding;

/// A percentage in `0..=100`, in steps of 0.0001 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(
    // INVARIANT: `0..=Rate::WHOLE`.
    u32,
);

impl Rate {
    /// Parts in the whole: 100 % is a million parts.
    const WHOLE: u32 = 1_000_000;

    /// 100 %.
    pub const FULL: Rate = Rate(Self::WHOLE);

    /// The rate of `percent` (`10.5`); `None` outside `0..=100` or with more than four decimal places.
    #[must_use]
    pub fn from_percent(percent: Decimal) -> Option<Self> {
        let parts = percent.checked_mul(Decimal::from(Self::WHOLE / 100))?.normalize();
        if parts.scale() != 0 {
            return None;
        }
        let parts = u32::try_from(parts.mantissa()).ok()?;
        (parts <= Self::WHOLE).then_some(Rate(parts))
    }

    /// The percentage: `10.5` for 10.5 %.
    #[must_use]
    pub fn percent(self) -> Decimal {
        Decimal::new(i64::from(self.0), 4).normalize()
    }

    /// The rate in parts of a million.
    #[must_use]
    pub fn parts(self) -> u32 {
        self.0
    }

    /// What is left of the whole: 15 % leaves 85 %.
    #[must_use]
    pub fn rest(self) -> Self {
        Rate(Self::WHOLE - self.0)
    }

    /// `amount × rate`, rounded to a whole minor unit. `amount` is not negative.
    #[must_use]
    pub fn of(self, amount: Amount, rounding: Rounding) -> Amount {
        let product = i128::from(amount.minor()) * i128::from(self.0);
        Amount::from_minor(rounding.divide(product, i128::from(Self::WHOLE)))
    }

    /// `amount × rate`, rounded up to a whole minor unit: what a floor asks for.
    #[must_use]
    pub fn of_up(self, amount: Amount) -> Amount {
        let whole = i128::from(Self::WHOLE);
        let product = i128::from(amount.minor()) * i128::from(self.0);
        Amount::from_minor(Rounding::Down.divide(product + whole - 1, whole))
    }

    /// The price that leaves this rate as margin over `cost`, rounded up; `None` at 100 %, which no price leaves.
    #[must_use]
    pub fn price_with_margin(self, cost: Amount) -> Option<Amount> {
        let rest = i128::from(self.rest().0);
        if rest == 0 {
            return None;
        }
        let product = i128::from(cost.minor()) * i128::from(Self::WHOLE);
        Some(Amount::from_minor(Rounding::Down.divide(product + rest - 1, rest)))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.percent().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Option<Rate> {
        Rate::from_percent(text.parse().unwrap())
    }

    #[test]
    fn a_rate_holds_what_a_percentage_can_be() {
        for (text, shown) in
            [("10.5", Some("10.5")), ("0", Some("0")), ("100", Some("100")), ("33.3333", Some("33.3333"))]
        {
            assert_eq!(rate(text).map(|r| r.to_string()).as_deref(), shown);
        }
        for text in ["100.0001", "-1", "33.33333"] {
            assert_eq!(rate(text), None, "{text}");
        }
    }

    #[test]
    fn floors_round_up_and_margins_hold() {
        let list = Amount::from_minor(9_999);
        assert_eq!(rate("85").unwrap().of_up(list).minor(), 8_500);
        assert_eq!(
            rate("20").unwrap().price_with_margin(Amount::from_minor(1_000)),
            Some(Amount::from_minor(1_250))
        );
        assert_eq!(Rate::FULL.price_with_margin(list), None);
    }
}
