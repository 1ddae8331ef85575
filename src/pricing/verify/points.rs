//! Points: what was paid in the end, the multipliers that cover it, and what each promotion earns.

use rust_decimal::Decimal;

use super::audit::{Audit, Unit};
use crate::money::Amount;
use crate::promotion::benefit::Earn;
use crate::promotion::{Benefit, Promotion};
use crate::rulebook::PromotionIndex;

/// A promotion that multiplies the points of others.
type Multiplier<'a> = (PromotionIndex, &'a Promotion, Decimal);

impl<'a> Audit<'a> {
    /// Works out all points on the final prices, and each promotion's share of them: its own without any multiplier, and for
    /// a multiplier what the others lose when, in the order of the rulebook, one after another is taken away.
    pub(super) fn points(&mut self) {
        let mut multipliers: Vec<Multiplier<'a>> = Vec::new();
        let mut earners: Vec<(PromotionIndex, &'a Promotion, Amount, u64)> = Vec::new();
        for (index, promotion) in self.rulebook.indexed() {
            let Benefit::Points(points) = &promotion.benefit else {
                continue;
            };
            if self.refused(promotion).is_some() || !self.is_reached(promotion, points.spend.as_ref()) {
                continue;
            }
            match points.earn {
                Earn::Multiply(times) => multipliers.push((index, promotion, times)),
                Earn::Per { amount, points } => earners.push((index, promotion, amount, points)),
            }
        }
        let earned = |multipliers: &[Multiplier<'_>]| {
            let each = earners.iter().map(|&(index, promotion, per, points)| {
                (index, self.full_amounts(promotion, per, multipliers).saturating_mul(points))
            });
            each.collect::<Vec<_>>()
        };
        let sum = |earned: &[(PromotionIndex, u64)]| {
            earned.iter().map(|&(_, points)| points).fold(0, u64::saturating_add)
        };
        let all = sum(&earned(&multipliers));
        let mut shares = Vec::new();
        let (mut rest, mut before) = (multipliers.as_slice(), all);
        while let Some(((index, ..), others)) = rest.split_first() {
            let without = sum(&earned(others));
            shares.push((*index, before.saturating_sub(without)));
            (rest, before) = (others, without);
        }
        self.earned.extend(earned(&[]).into_iter().chain(shares).filter(|&(_, points)| points > 0));
        if all != self.quote.points {
            self.flaw(format!("the basket earns {all} points, not {}", self.quote.points));
        }
    }

    /// How many full amounts the units of a promotion are worth, each at its greatest multiplier.
    fn full_amounts(&self, promotion: &Promotion, per: Amount, multipliers: &[Multiplier<'_>]) -> u64 {
        let covers = |promotion: &Promotion, unit: &Unit| {
            self.means(&promotion.on, unit) && self.is_accepted(promotion, unit)
        };
        let mut sum = Some(Decimal::ZERO);
        for unit in self.units.iter().filter(|unit| covers(promotion, unit)) {
            let covering = multipliers.iter().filter(|(_, multiplier, _)| covers(multiplier, unit));
            let times = covering.map(|&(.., times)| times).max().unwrap_or(Decimal::ONE);
            let worth = Decimal::from(unit.price.minor()).checked_mul(times);
            sum = sum.zip(worth).and_then(|(sum, worth)| sum.checked_add(worth));
        }
        let per = Decimal::from(per.minor());
        let full = sum.and_then(|sum| {
            // The remainder goes first: a quotient that was rounded could round up to a whole number.
            let rest = sum.checked_rem(per)?;
            u64::try_from(sum.checked_sub(rest)?.checked_div(per)?.normalize()).ok()
        });
        // More points than there are numbers: no quote can say that.
        full.unwrap_or(if per.is_zero() { 0 } else { u64::MAX })
    }
}
