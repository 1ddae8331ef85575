//! What a promotion does at one moment, and how an amount is shared: the checker's own arithmetic.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::money::Amount;
use crate::promotion::{Spend, SpendBenefit, SpendTier, UnitCut};

/// What a promotion does at one moment.
pub(super) enum Effect {
    Units(UnitCut, Option<Amount>),
    Prices(BTreeMap<String, Amount>, Option<Amount>),
    Basket(Amount),
}

impl Effect {
    /// "Fixed prices, percentages, amounts."
    pub(super) fn kind(&self) -> u8 {
        match self {
            Effect::Units(UnitCut::Price(_), _) | Effect::Prices(..) => 0,
            Effect::Units(UnitCut::Percent(..), _) => 1,
            Effect::Units(UnitCut::Amount(_), _) | Effect::Basket(_) => 2,
        }
    }
}

pub(super) fn spend_effect(spend: &Spend, tier: &SpendTier, sum: Amount, most: Option<Amount>) -> Effect {
    match tier.give {
        SpendBenefit::Units(cut) => Effect::Units(cut, most),
        SpendBenefit::Basket(amount) => {
            let times =
                if spend.every && tier.from.minor() > 0 { sum.minor() / tier.from.minor() } else { 1 };
            let amount = Amount::from_minor(amount.minor().saturating_mul(times));
            Effect::Basket(most.map_or(amount, |most| most.min(amount)))
        }
    }
}

/// Shares an amount over single units: integer parts first, one more each by largest remainder, the earlier unit on a tie;
/// what a unit has no room for goes round again.
pub(super) fn shares(amount: Amount, weights: &[Amount], rooms: &[Amount]) -> Vec<Amount> {
    let mut shares = vec![0_i64; weights.len()];
    let rooms_left: i64 = rooms.iter().map(|room| room.minor()).sum();
    let mut left = amount.minor().min(rooms_left);
    loop {
        let open: Vec<(usize, i128, i64)> = weights
            .iter()
            .zip(rooms)
            .zip(&shares)
            .enumerate()
            .filter(|(_, ((weight, room), share))| weight.minor() > 0 && room.minor() > **share)
            .map(|(at, ((weight, room), share))| (at, i128::from(weight.minor()), room.minor() - share))
            .collect();
        let whole: i128 = open.iter().map(|&(_, weight, _)| weight).sum();
        if left == 0 || whole == 0 {
            return shares.into_iter().map(Amount::from_minor).collect();
        }
        let parts = open.iter().map(|&(at, weight, room)| {
            let exact = i128::from(left) * weight;
            (at, i64::try_from(exact / whole).unwrap_or(i64::MAX), exact % whole, room)
        });
        let mut parts: Vec<(usize, i64, i128, i64)> = parts.collect();
        let mut spare = left - parts.iter().map(|&(_, part, _, _)| part).sum::<i64>();
        parts.sort_by_key(|&(at, _, remainder, _)| (Reverse(remainder), at));
        for (at, part, _, room) in parts {
            let one = i64::from(spare > 0);
            spare -= one;
            let given = (part + one).min(room);
            left -= given;
            if let Some(share) = shares.get_mut(at) {
                *share += given;
            }
        }
    }
}
