//! What a promotion does at the moment when its stage begins.

use std::collections::BTreeMap;

use super::audit::{Audit, Unit};
use crate::money::Amount;
use crate::promotion::{
    Benefit, Count, PriceList, QuantityTier, SetBenefit, SetOf, Spend, SpendBenefit, SpendTier, UnitCut,
};
use crate::rulebook::PromotionIndex;

/// What a promotion does.
pub(super) enum Effect<'a> {
    /// Something off each unit that carries it, one entry a unit, and the most it takes off them all; no entry where the unit's tier
    /// takes effect at another moment.
    Units(Vec<Option<UnitCut>>, Option<Amount>),
    /// Something off each set.
    Sets(&'a SetOf),
    /// An amount off the units that carry it together.
    Basket(Amount),
}

impl Effect<'_> {
    /// "Fixed prices, percentages, amounts." What does several of them takes effect in the place of the earliest.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Effect::Units(cuts, _) => cuts.iter().flatten().map(kind_of).min().unwrap_or_default(),
            Effect::Sets(set) => match set.benefit {
                SetBenefit::Price(_) => 0,
                SetBenefit::Percent(..) | SetBenefit::Cheapest { .. } => 1,
                SetBenefit::Amount(_) => 2,
                SetBenefit::BySlot => {
                    set.slots.iter().filter_map(|slot| slot.cut.as_ref()).map(kind_of).min().unwrap_or(2)
                }
            },
            Effect::Basket(_) => 2,
        }
    }

    /// The same kind by kind: where each SKU reaches a tier by itself, each takes effect in the place of its own.
    pub(super) fn by_kind(self) -> Vec<Self> {
        let Effect::Units(cuts, most) = &self else {
            return vec![self];
        };
        let mut kinds: Vec<u8> = cuts.iter().flatten().map(kind_of).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let only = |kind: u8| {
            let cuts = cuts.iter().map(|cut| cut.filter(|cut| kind_of(cut) == kind));
            Effect::Units(cuts.collect(), *most)
        };
        kinds.into_iter().map(only).collect()
    }
}

fn kind_of(cut: &UnitCut) -> u8 {
    match cut {
        UnitCut::Price(_) => 0,
        UnitCut::Percent(..) => 1,
        UnitCut::Amount(_) => 2,
    }
}

impl<'a> Audit<'a> {
    /// What a promotion does, its spend measured and its units counted now.
    ///
    /// # Errors
    /// Why it does nothing.
    pub(super) fn effect(&self, index: PromotionIndex) -> Result<Effect<'a>, String> {
        let promotion = self.promotion(index).ok_or("a promotion of another rulebook")?;
        let carrying = self.carrying(index);
        Ok(match &promotion.benefit {
            Benefit::Units(unit) => Effect::Units(vec![Some(unit.cut); carrying.len()], unit.max_discount),
            Benefit::Prices(list) => Effect::Units(self.listed(list, &carrying), list.max_discount),
            Benefit::Quantity { tiers, count, max_discount } => {
                let cuts = self.counted(tiers, *count, &carrying);
                let cuts =
                    cuts.ok_or_else(|| format!("`{}` stands on too few units for any tier", promotion.id))?;
                Effect::Units(cuts, *max_discount)
            }
            Benefit::Set(set) => Effect::Sets(set),
            Benefit::Basket(basket) => Effect::Basket(at_most(basket.amount, basket.max_discount)),
            Benefit::Spend { spend, tiers, max_discount } => {
                let sum = self.counted_sum(promotion, spend, |unit| unit.price);
                let tier = tiers.iter().filter(|tier| tier.from <= sum).max_by_key(|tier| tier.from);
                let tier = tier.ok_or_else(|| format!("the spend of `{}` is not reached", promotion.id))?;
                match tier.give {
                    SpendBenefit::Units(cut) => Effect::Units(vec![Some(cut); carrying.len()], *max_discount),
                    SpendBenefit::Basket(amount) => {
                        Effect::Basket(at_most(every(amount, spend, tier, sum), *max_discount))
                    }
                }
            }
            Benefit::Gift(_) | Benefit::Delivery(_) | Benefit::Points(_) => {
                return Err(format!("`{}` does not lower prices", promotion.id));
            }
        })
    }

    /// The price that a list has for each unit; its own where the list has none, which is a flaw of another kind.
    fn listed(&self, list: &PriceList, carrying: &[usize]) -> Vec<Option<UnitCut>> {
        let units = carrying.iter().filter_map(|&at| self.units.get(at));
        let price = |unit: &Unit| *list.prices.get(self.sku(unit)).unwrap_or(&unit.list);
        units.map(|unit| Some(UnitCut::Price(price(unit)))).collect()
    }

    /// The tier of each unit: "the highest `from` not above the number of units taking part". `None` where one reaches none.
    fn counted(
        &self,
        tiers: &[QuantityTier],
        count: Count,
        carrying: &[usize],
    ) -> Option<Vec<Option<UnitCut>>> {
        let kind = |at: &usize| match count {
            Count::Together => "",
            Count::SameSku => self.units.get(*at).map_or("", |unit| self.sku(unit)),
        };
        let mut pieces: BTreeMap<&str, u32> = BTreeMap::new();
        carrying.iter().for_each(|at| *pieces.entry(kind(at)).or_default() += 1);
        let tier = |at| {
            let pieces = pieces.get(kind(at)).copied().unwrap_or_default();
            tiers.iter().filter(|tier| tier.from <= pieces).max_by_key(|tier| tier.from)
        };
        carrying.iter().map(|at| tier(at).map(|tier| Some(tier.cut))).collect()
    }
}

/// "`every: true` takes it once per full `at_least`."
fn every(amount: Amount, spend: &Spend, tier: &SpendTier, sum: Amount) -> Amount {
    let times = if spend.every && tier.from.minor() > 0 { sum.minor() / tier.from.minor() } else { 1 };
    Amount::from_minor(amount.minor().saturating_mul(times))
}

fn at_most(amount: Amount, most: Option<Amount>) -> Amount {
    most.map_or(amount, |most| most.min(amount))
}
