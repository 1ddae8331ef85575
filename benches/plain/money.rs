//! Money in decimals of major units.

use pricewright::money::{Amount, Rate, Rounding};
use pricewright::promotion::{Base, UnitCut};
use pricewright::rulebook::Settings;
use rust_decimal::{Decimal, RoundingStrategy};

/// How the settings write and round amounts.
#[derive(Clone, Copy)]
pub(super) struct Money {
    digits: u32,
    strategy: RoundingStrategy,
}

impl Money {
    pub(super) fn of(settings: &Settings) -> Self {
        let strategy = match settings.rounding {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
            Rounding::HalfDown => RoundingStrategy::MidpointTowardZero,
            Rounding::Down => RoundingStrategy::ToZero,
        };
        Money { digits: settings.currency.digits(), strategy }
    }

    pub(super) fn of_amount(self, amount: Amount) -> Decimal {
        amount.to_major(self.digits)
    }

    /// What is taken off a price, before any floor.
    pub(super) fn off(self, cut: UnitCut, price: Decimal, list_price: Decimal) -> Decimal {
        match cut {
            UnitCut::Price(new) => (price - self.of_amount(new)).max(Decimal::ZERO),
            UnitCut::Percent(rate, Base::Current) => self.part(rate, price),
            UnitCut::Percent(rate, Base::List) => self.part(rate, list_price),
            UnitCut::Amount(amount) => self.of_amount(amount),
        }
        .min(price)
    }

    fn part(self, rate: Rate, price: Decimal) -> Decimal {
        let exact = price * rate.percent() / Decimal::ONE_HUNDRED;
        exact.round_dp_with_strategy(self.digits, self.strategy)
    }

    pub(super) fn up(self, exact: Decimal) -> Decimal {
        exact.round_dp_with_strategy(self.digits, RoundingStrategy::AwayFromZero)
    }
}
