//! The sets of a promotion as roles and patterns.
//!
//! Most sets have one pattern with a role a slot. With `cheapest` each way to spread the reduced units over the slots is a
//! pattern, and each slot has a role for those that are reduced and one for the others: so what a unit loses depends on its
//! role alone. With `same: sku` each choice of the SKU is a pattern: so a unit's role says of which SKU its set is.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::model::{Cut, Give, Line, Pattern, Role, SetRules, SetShare, Tier};
use crate::money::Amount;
use crate::promotion::limits::Sets;
use crate::promotion::{Base, Limits, SetBenefit, SetOf, UnitCut};

/// The most patterns of one promotion: a set of four slots with three reduced units has twenty.
const PATTERNS_MAX: usize = 64;

/// The rules of a set whose slots are filled from the lines of `slots`; and for each role what it gives.
pub(super) fn rules(
    set: &SetOf,
    limits: &Limits,
    slots: &[FixedBitSet],
    lines: &[Line],
) -> (SetRules, Vec<Tier>) {
    let mut rules = SetRules {
        roles: Vec::new(),
        patterns: Vec::new(),
        slots: slots.to_vec(),
        sets_max: limits.sets.and_then(|sets| match sets {
            Sets::AtMost(most) => Some(most),
            Sets::Unlimited => None,
        }),
        shared: match set.benefit {
            SetBenefit::Amount(amount) => Some(SetShare::Amount(amount)),
            SetBenefit::Price(price) => Some(SetShare::Price(price)),
            SetBenefit::Percent(..) | SetBenefit::Cheapest { .. } | SetBenefit::BySlot => None,
        },
        retailer_assigns: set.retailer_assigns,
        order: order(set),
        is_whole: true,
        alike: alike(set, slots),
    };
    let wanted = wanted(&rules, set);
    let mut tiers = Vec::new();
    let (ways, is_whole) = fillings(set, &wanted, slots, lines);
    rules.is_whole = is_whole;
    for Filling { slots: filling, .. } in ways {
        match set.benefit {
            SetBenefit::Cheapest { units, percent } => {
                for reduced in spreads(&wanted, units) {
                    let parts =
                        wanted.iter().zip(&filling).zip(reduced).flat_map(|((want, lines), reduced)| {
                            let cut = Cut::Percent(percent, Base::Current);
                            [(want.quantity - reduced, None), (reduced, Some(cut))]
                                .map(|(quantity, cut)| Part { slot: want.slot, lines, quantity, cut })
                        });
                    rules.pattern(parts, true, &mut tiers);
                }
            }
            _ => {
                let parts = wanted.iter().zip(&filling).map(|(want, lines)| Part {
                    slot: want.slot,
                    lines,
                    quantity: want.quantity,
                    cut: plain_cut(set, want.slot),
                });
                rules.pattern(parts, false, &mut tiers);
            }
        }
    }
    (rules, tiers)
}

/// For each slot those that take the same lines and give the same, itself among them; nothing where an earlier one has it.
/// Which of them a unit stands in makes no difference, so they are one to the search.
fn alike(set: &SetOf, slots: &[FixedBitSet]) -> Vec<SmallVec<[(usize, u32); 1]>> {
    let is_alike = |one: usize, other: usize| {
        let (Some(own), Some(its)) = (set.slots.get(one), set.slots.get(other)) else {
            return false;
        };
        let may_be = !set.retailer_assigns && !own.same_sku && !its.same_sku && own.cut == its.cut;
        one == other || (may_be && slots.get(one) == slots.get(other))
    };
    let of = |slot: usize| {
        let is_first = !(0..slot).any(|earlier| is_alike(earlier, slot));
        let quantity = |slot: usize| set.slots.get(slot).map_or(0, |slot| slot.quantity);
        let mine = (slot..set.slots.len()).filter(|&other| is_first && is_alike(slot, other));
        mine.map(|other| (other, quantity(other))).collect()
    };
    (0..set.slots.len()).map(of).collect()
}

/// The units that a set needs of a slot and of those that are like it.
struct Wanted {
    slot: usize,
    quantity: u32,
    same_sku: bool,
}

fn wanted(rules: &SetRules, set: &SetOf) -> Vec<Wanted> {
    let slots = rules.alike.iter().zip(&set.slots).enumerate().filter(|(_, (alike, _))| !alike.is_empty());
    let want = slots.map(|(slot, (alike, numbers))| Wanted {
        slot,
        quantity: alike.iter().map(|&(_, quantity)| quantity).sum(),
        same_sku: numbers.same_sku,
    });
    want.collect()
}

/// Units of one slot that get the same, from the lines that fill it.
struct Part<'a> {
    slot: usize,
    lines: &'a FixedBitSet,
    quantity: u32,
    cut: Option<Cut>,
}

/// What so many units cost at most, of units at these prices.
pub fn dearest_units(prices: impl Iterator<Item = (Amount, u32)>, quantity: u32) -> Amount {
    let mut prices: Vec<(Amount, u32)> = prices.collect();
    prices.sort_unstable_by(|one, other| other.cmp(one));
    let mut open = quantity;
    let mut sum = Amount::ZERO;
    for (price, count) in prices {
        let here = open.min(count);
        open -= here;
        sum += price.times(here);
    }
    sum
}

impl SetRules {
    fn pattern<'a>(
        &mut self,
        parts: impl Iterator<Item = Part<'a>>,
        is_ordered: bool,
        tiers: &mut Vec<Tier>,
    ) {
        if self.patterns.len() >= PATTERNS_MAX {
            self.is_whole = false;
            return;
        }
        let begin = self.roles.len();
        for part in parts.filter(|part| part.quantity > 0) {
            self.roles.push(Role {
                slot: part.slot,
                lines: part.lines.clone(),
                quantity: part.quantity,
                is_benefited: part.cut.is_some() || self.shared.is_some(),
            });
            tiers.push(Tier { from: 0, give: Give::Units(part.cut.unwrap_or(Cut::Nothing)) });
        }
        self.patterns.push(Pattern { roles: begin..self.roles.len(), is_ordered });
    }
}

/// What each unit of a slot gets by itself.
fn plain_cut(set: &SetOf, slot: usize) -> Option<Cut> {
    match set.benefit {
        SetBenefit::Percent(rate, base) => Some(Cut::Percent(rate, base)),
        SetBenefit::BySlot => set.slots.get(slot)?.cut.map(|cut| match cut {
            UnitCut::Price(price) => Cut::Price(price),
            UnitCut::Percent(rate, base) => Cut::Percent(rate, base),
            UnitCut::Amount(amount) => Cut::Amount(amount),
        }),
        SetBenefit::Amount(_) | SetBenefit::Price(_) | SetBenefit::Cheapest { .. } => None,
    }
}

/// Where among the promotions of its stage a set takes effect: where the first kind that it has does.
fn order(set: &SetOf) -> u8 {
    let of_cut = |cut: &UnitCut| match cut {
        UnitCut::Price(_) => 0,
        UnitCut::Percent(..) => 1,
        UnitCut::Amount(_) => 2,
    };
    match set.benefit {
        SetBenefit::Price(_) => 0,
        SetBenefit::Percent(..) | SetBenefit::Cheapest { .. } => 1,
        SetBenefit::Amount(_) => 2,
        SetBenefit::BySlot => {
            set.slots.iter().filter_map(|slot| slot.cut.as_ref().map(of_cut)).min().unwrap_or(2)
        }
    }
}

/// Lines for each slot of a set, one after the other.
#[derive(Clone, Default)]
struct Filling {
    slots: Vec<FixedBitSet>,
    /// What they cost at most, as if no two slots wanted one unit.
    dearest: Amount,
}

/// The lines of each slot, for each choice of the SKUs of `same: sku` slots that has the pieces and takes something off; and whether
/// those are all.
fn fillings(set: &SetOf, wanted: &[Wanted], slots: &[FixedBitSet], lines: &[Line]) -> (Vec<Filling>, bool) {
    let mut is_whole = true;
    let mut keep = |mut fillings: Vec<Filling>| {
        if fillings.len() > PATTERNS_MAX {
            // Of too many the dearest promise most.
            fillings.sort_by_key(|filling| std::cmp::Reverse(filling.dearest));
            fillings.truncate(PATTERNS_MAX);
            is_whole = false;
        }
        fillings
    };
    let of_slot = |want: &Wanted| {
        let filling = slots.get(want.slot).cloned().unwrap_or_default();
        let skus = if want.same_sku { by_sku(&filling, want.quantity, lines) } else { vec![filling] };
        let prices = |skus: &FixedBitSet| {
            let lines = skus.ones().filter_map(|line| lines.get(line));
            dearest_units(lines.map(|line| (line.list, line.quantity)), want.quantity)
        };
        skus.into_iter().map(|skus| Filling { dearest: prices(&skus), slots: vec![skus] }).collect::<Vec<_>>()
    };
    let options: Vec<Vec<Filling>> = wanted.iter().map(of_slot).collect();
    let most = |options: &[Filling]| options.iter().map(|option| option.dearest).max().unwrap_or_default();
    let mut behind: Amount = options.iter().map(|options| most(options)).sum();
    let mut ways = vec![Filling::default()];
    for options in options {
        behind -= most(&options);
        // A price that the goods cost no more than takes nothing off, and such a set is not made up.
        let is_worth_it =
            |way: &Filling| !matches!(set.benefit, SetBenefit::Price(price) if way.dearest + behind <= price);
        let options = keep(options);
        let all = ways.iter().flat_map(|way| {
            options.iter().map(|option| Filling {
                slots: [way.slots.as_slice(), &option.slots].concat(),
                dearest: way.dearest + option.dearest,
            })
        });
        ways = keep(all.filter(is_worth_it).collect());
    }
    (ways, is_whole)
}

/// The lines of each SKU that has at least so many pieces.
fn by_sku(filling: &FixedBitSet, quantity: u32, lines: &[Line]) -> Vec<FixedBitSet> {
    let mut skus: Vec<usize> = filling.ones().filter_map(|line| Some(lines.get(line)?.sku)).collect();
    skus.sort_unstable();
    skus.dedup();
    let of = |sku: usize| {
        let mut of_sku = FixedBitSet::with_capacity(lines.len());
        of_sku.extend(filling.ones().filter(|&line| lines.get(line).is_some_and(|line| line.sku == sku)));
        let pieces: u64 =
            of_sku.ones().filter_map(|line| lines.get(line)).map(|line| u64::from(line.quantity)).sum();
        (pieces >= u64::from(quantity)).then_some(of_sku)
    };
    skus.into_iter().filter_map(of).collect()
}

/// The ways to spread the reduced units over the slots.
fn spreads(wanted: &[Wanted], units: u32) -> Vec<Vec<u32>> {
    let mut ways: Vec<Vec<u32>> = vec![Vec::new()];
    let whole: u32 = wanted.iter().map(|want| want.quantity).sum();
    let units = units.min(whole);
    let mut behind = whole;
    for want in wanted {
        behind -= want.quantity;
        let mut next = Vec::new();
        for way in ways {
            let open = units - way.iter().sum::<u32>();
            for here in (open.saturating_sub(behind)..=open.min(want.quantity)).rev() {
                let mut way = way.clone();
                way.push(here);
                next.push(way);
            }
        }
        ways = next;
    }
    ways
}
