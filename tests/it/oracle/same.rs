//! The oracle against itself: where one promotion can be said in two ways, both cost the same.

use pricewright::catalog::Selector;
use pricewright::promotion::{
    Benefit, Count, Promotion, QuantityTier, SetBenefit, SetOf, Slot, Stage, UnitBenefit, UnitCut,
};

use super::problems::Problem;
use super::{brute, on_all_cores, tell};

/// How many problems each way of saying is tried on.
const PROBLEMS: u64 = 800;
/// Where they begin: other problems than those of the comparison and of the laws.
const SEED: u64 = 88_000_000;

/// Says promotions of every problem otherwise; `say` tells whether it could.
fn same(say: impl Fn(&mut Promotion) -> bool + Sync, of: impl Fn(&Problem) -> Vec<i64> + Sync) {
    let told = on_all_cores(SEED..SEED + PROBLEMS, |seed| {
        let problem = Problem::of(seed);
        let mut other = problem.clone();
        if other.promotions.iter_mut().filter_map(|promotion| say(promotion).then_some(())).count() == 0 {
            return None;
        }
        let (one, two) = (of(&problem), of(&other));
        let tell = |problem: &Problem| tell::problem(&problem.rulebook(), &problem.request);
        Some(if one == two {
            String::new()
        } else {
            format!(
                "seed {seed}: {one:?}, {two:?}\n{}--- said otherwise ---\n{}",
                tell(&problem),
                tell(&other)
            )
        })
    });
    let spoken: Vec<String> = told.into_iter().flatten().collect();
    let broken: Vec<&String> = spoken.iter().filter(|text| !text.is_empty()).collect();
    assert!(broken.is_empty(), "{} of {} differ\n{}", broken.len(), spoken.len(), broken[0]);
    assert!(spoken.len() > 100, "only {} problems", spoken.len());
}

fn levels(problem: &Problem) -> Vec<i64> {
    brute::best(&problem.rulebook(), &problem.request).levels
}

#[test]
fn a_tier_from_one_piece_is_something_off_each_unit() {
    for count in [Count::Together, Count::SameSku] {
        same(
            |promotion| {
                let Benefit::Units(UnitBenefit { cut, max_discount }) = promotion.benefit else {
                    return false;
                };
                if promotion.stage == Stage::Basket || promotion.limits.units == Some(0) {
                    return false;
                }
                let tiers = vec![QuantityTier { from: 1, cut }];
                promotion.benefit = Benefit::Quantity { tiers, count, max_discount };
                true
            },
            levels,
        );
    }
}

/// Makes something off each unit a set of one unit, as many as one likes.
fn set_of_one(promotion: &mut Promotion, benefit: SetBenefit, own: Option<UnitCut>) -> bool {
    let Benefit::Units(UnitBenefit { max_discount, .. }) = promotion.benefit else { return false };
    let on = std::mem::take(&mut promotion.on);
    let slots = vec![Slot { on, quantity: 1, same_sku: false, cut: own }];
    promotion.stage = Stage::Item;
    promotion.benefit = Benefit::Set(SetOf { slots, benefit, retailer_assigns: false, max_discount });
    true
}

#[test]
fn a_set_of_one_can_be_said_in_three_ways() {
    let own_cut = |promotion: &mut Promotion| -> Option<UnitCut> {
        match promotion.benefit {
            Benefit::Units(UnitBenefit { cut, .. }) => Some(cut),
            _ => None,
        }
    };
    let by_slot = |problem: &Problem| {
        let mut problem = problem.clone();
        for promotion in &mut problem.promotions {
            if let Some(cut) = own_cut(promotion) {
                set_of_one(promotion, SetBenefit::BySlot, Some(cut));
            }
        }
        levels(&problem)
    };
    same(
        |promotion| {
            let Some(cut) = own_cut(promotion) else { return false };
            let benefit = match cut {
                UnitCut::Percent(rate, base) => SetBenefit::Percent(rate, base),
                UnitCut::Amount(amount) => SetBenefit::Amount(amount),
                UnitCut::Price(price) => SetBenefit::Price(price),
            };
            set_of_one(promotion, benefit, None)
        },
        by_slot,
    );
    same(
        |promotion| match own_cut(promotion) {
            Some(UnitCut::Percent(percent, pricewright::promotion::Base::Current)) => {
                set_of_one(promotion, SetBenefit::Cheapest { units: 1, percent }, None)
            }
            _ => false,
        },
        by_slot,
    );
}

#[test]
fn a_slot_of_two_is_two_slots_of_one() {
    same(
        |promotion| {
            let Benefit::Set(set) = &mut promotion.benefit else { return false };
            let before = set.slots.len();
            let split = |slot: &Slot| {
                let many = if slot.same_sku { 1 } else { slot.quantity };
                (0..many).map(|_| Slot { quantity: slot.quantity / many, ..slot.clone() }).collect::<Vec<_>>()
            };
            set.slots = set.slots.iter().flat_map(split).collect();
            set.slots.len() > before
        },
        levels,
    );
}

#[test]
fn a_slot_that_names_no_goods_names_them_all() {
    same(
        |promotion| {
            let Benefit::Set(set) = &mut promotion.benefit else { return false };
            let mut said = false;
            for slot in set.slots.iter_mut().filter(|slot| slot.on == Selector::default()) {
                slot.on.facets.skus = ["S0", "S1", "S2"].map(str::to_owned).to_vec();
                said = true;
            }
            said
        },
        levels,
    );
}

#[test]
fn a_gift_that_nobody_chose_takes_nothing_off() {
    same(
        |promotion| {
            // Nothing is said otherwise: the other problem is the one without gifts, below.
            matches!(promotion.benefit, Benefit::Gift(_))
        },
        |problem| {
            let mut problem = problem.clone();
            problem.request.context.gift_choices.clear();
            let mut without = problem.clone();
            without.promotions.retain(|promotion| !matches!(promotion.benefit, Benefit::Gift(_)));
            let all = levels(&problem);
            assert_eq!(all, levels(&without));
            all
        },
    );
}
