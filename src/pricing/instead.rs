//! What a promotion that lost would have cost the customer: it is tried out in place of those that it lost to.
//!
//! On trial the others do not see its goods, nor do those that come in their place; where its goods would bring them below their sum, they
//! are not there at all. What that costs more is what choosing them is worth. Goods that the others only count are taken from their
//! sums where the promotion does not come otherwise: carrying it, they would not count.

use fixedbitset::FixedBitSet;

use super::candidate::{Candidate, Candidates};
use super::explain::Priced;
use super::quote::{CodeFate, Instead, Optimality, Quote, Reason, Why};
use super::trial::Budget;
use crate::basket::Request;
use crate::money::Amount;
use crate::promotion::{Benefit, Promotion};
use crate::rulebook::PromotionIndex;

/// Trials of one quote, codes first: whoever typed one asks.
const TRIALS_MAX: usize = 12;

/// So often others are kept off that came in the place of those that were.
const ROUNDS_MAX: usize = 5;

/// Notes at the reasons of `quote` what the promotions would cost in place of those that they lost to.
pub fn tell(priced: &Priced<'_>, quote: &mut Quote, budget: &Budget) {
    let request = Request { explain: false, ..priced.request.clone() };
    let applied = quote.applied.iter().map(|one| one.promotion).collect();
    let till = Till { priced, request: &request, total: quote.total, applied, budget };
    let of_codes = quote.codes.iter_mut().filter_map(|code| match &mut code.fate {
        CodeFate::NotApplied(reason) => Some(reason),
        _ => None,
    });
    let mut known: Vec<(PromotionIndex, Option<Instead>)> = Vec::new();
    for reason in of_codes.chain(&mut quote.reasons) {
        let Some(others) = others(reason) else {
            continue;
        };
        if let Some((_, instead)) = known.iter().find(|(one, _)| *one == reason.promotion) {
            reason.instead.clone_from(instead);
        } else if known.len() < TRIALS_MAX {
            reason.instead = till.instead(reason.promotion, others);
            known.push((reason.promotion, reason.instead.clone()));
        }
    }
}

/// Where it is tried, and what is compared with.
struct Till<'a> {
    priced: &'a Priced<'a>,
    request: &'a Request,
    total: Amount,
    applied: Vec<PromotionIndex>,
    budget: &'a Budget,
}

impl Till<'_> {
    /// What it is like instead, where the promotion then applies and no better price is possible with it.
    fn instead(&self, promotion: PromotionIndex, mut others: Others) -> Option<Instead> {
        let Till { priced, request, .. } = *self;
        let own = priced.candidates.list.iter().find(|candidate| candidate.index == promotion)?;
        // One that may be on a few pieces only would be made to pay for all the others, too.
        let limits = &own.promotion.limits;
        if limits.units.is_some() || limits.sets.is_some() {
            return None;
        }
        let named = [others.off.as_slice(), &others.out].concat();
        for _ in 0..ROUNDS_MAX {
            let candidates = without(priced.candidates, own, &others)?;
            let quote = self.budget.price(priced.rulebook, request, priced.checked, &candidates)?;
            if quote.applied.iter().any(|applied| applied.promotion == promotion) {
                return self.compared(&quote, promotion, &named);
            }
            // Where others come in the place of those, these are kept off as well.
            let found = others.off.len();
            let is_rival = |index: &PromotionIndex| {
                let other = priced.rulebook.promotion(*index);
                !others.off.contains(index) && other.is_some_and(|other| stand_apart(own.promotion, other))
            };
            let applied = quote.applied.iter().map(|applied| applied.promotion);
            let more: Vec<PromotionIndex> = applied.filter(is_rival).collect();
            others.off.extend(more);
            if others.off.len() == found {
                if others.is_uncounted {
                    return None;
                }
                others.is_uncounted = true;
            }
        }
        None
    }

    /// A quote with the promotion, beside the one that there is; `named` are those that it stands in place of.
    fn compared(
        &self,
        quote: &Quote,
        promotion: PromotionIndex,
        named: &[PromotionIndex],
    ) -> Option<Instead> {
        let then = || quote.applied.iter().map(|applied| applied.promotion);
        let is_lost = |one: &PromotionIndex| then().all(|other| other != *one) && !named.contains(one);
        let loses = self.applied.iter().copied().filter(is_lost).collect();
        let brings = then().filter(|one| *one != promotion && !self.applied.contains(one)).collect();
        let is_sure = quote.optimality == Optimality::Proven && self.total <= quote.total;
        is_sure.then(|| Instead { dearer_by: quote.total - self.total, loses, brings })
    }
}

/// Whether two promotions that lower prices cannot meet on one unit.
fn stand_apart(one: &Promotion, other: &Promotion) -> bool {
    one.is_price_promotion() && other.is_price_promotion() && !one.is_compatible_with(other)
}

/// How those are kept off that a promotion lost to.
#[derive(Clone, Default)]
struct Others {
    /// They do not see its goods.
    off: Vec<PromotionIndex>,
    /// They are not there.
    out: Vec<PromotionIndex>,
    /// Those that do not see its goods do not count them either.
    is_uncounted: bool,
}

fn others(reason: &Reason) -> Option<Others> {
    match &reason.why {
        Why::Beaten(others) if !others.is_empty() => {
            Some(Others { off: others.clone(), ..Others::default() })
        }
        Why::Displaces(others) => Some(Others { out: others.clone(), ..Others::default() }),
        _ => None,
    }
}

/// The candidates with the others kept off; `None` where a gift is among them: what became a gift is not undone by keeping it off goods.
fn without<'a>(all: &Candidates<'a>, own: &Candidate<'_>, others: &Others) -> Option<Candidates<'a>> {
    let mut goods = own.on.clone();
    goods.union_with(&own.measures);
    let mut changed = all.clone();
    changed.list.retain(|one| !others.out.contains(&one.index));
    for other in changed.list.iter_mut().filter(|one| others.off.contains(&one.index)) {
        match &other.promotion.benefit {
            Benefit::Gift(_) => return None,
            Benefit::Delivery(_) => other.on.clear(),
            _ => keep_off(other, &goods, others.is_uncounted),
        }
    }
    changed.list.retain(|one| !others.off.contains(&one.index) || !one.on.is_clear());
    Some(changed)
}

fn keep_off(candidate: &mut Candidate<'_>, goods: &FixedBitSet, is_uncounted: bool) {
    candidate.on.difference_with(goods);
    if is_uncounted {
        candidate.measures.difference_with(goods);
    }
    candidate.slots.iter_mut().for_each(|slot| slot.difference_with(goods));
}
