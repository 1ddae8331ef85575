//! An amount of money in whole minor units (kopiykas, cents).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Money in whole minor units of the currency at hand.
///
/// The operators are checked: the crate is built with overflow checks in every profile, and the limits on a
/// request (`basket::limits`) keep every sum that a quote can hold three orders of magnitude below `i64::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);

    /// The amount of `minor` whole minor units.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Amount(minor)
    }

    /// The whole minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The amount of a decimal in major units (`12.50`) in a currency of `digits` minor digits; `None` where it has
    /// more digits than the currency, or does not fit.
    #[must_use]
    pub fn from_major(major: Decimal, digits: u32) -> Option<Self> {
        let minor = major.checked_mul(Decimal::from(10_i64.checked_pow(digits)?))?;
        if !minor.fract().is_zero() {
            return None;
        }
        i64::try_from(minor).ok().map(Amount)
    }

    /// The amount in major units: `1250` minor units of two digits are `12.50`.
    #[must_use]
    pub fn to_major(self, digits: u32) -> Decimal {
        Decimal::new(self.0, digits)
    }

    /// `self × count`, or `None` where it does not fit.
    #[must_use]
    pub fn checked_times(self, count: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(count)).map(Amount)
    }

    /// `self × count`.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Amount(self.0 * i64::from(count))
    }

    /// `self + other`, or `None` where it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Amount)
    }

    /// What is left of `self` above `floor`, never below zero.
    #[must_use]
    pub fn above(self, floor: Self) -> Self {
        Amount((self.0 - floor.0).max(0))
    }

    /// Whether this is no money at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Amount(self.0 + other.0)
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Amount(self.0 - other.0)
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Amount {
    type Output = Self;
    fn neg(self) -> Self {
        Amount(-self.0)
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Amount::ZERO, Add::add)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_major_refuses_more_digits_than_the_currency_has() {
        let cases = [
            ("12.50", 2, Some(1250)),
            ("12.5", 2, Some(1250)),
            ("12.500", 2, Some(1250)),
            ("100", 2, Some(10000)),
            ("12.505", 2, None),
            ("12", 0, Some(12)),
            ("0.1", 0, None),
            ("99999999999999999999", 2, None),
        ];
        for (text, digits, minor) in cases {
            let got = Amount::from_major(text.parse().unwrap(), digits).map(Amount::minor);
            assert_eq!(got, minor, "{text}");
        }
    }
}
