//! Laws that hold of every price, on the oracle's small problems. Each is asked of the product, and once more of the
//! oracle itself: a law that the definition breaks would be no law.

use pricewright::basket::Request;
use pricewright::pricing::{self, Effort, Optimality, Quote};
use pricewright::promotion::{Benefit, Promotion, SetBenefit, SpendBenefit, Stage, UnitCut};
use pricewright::rulebook::Rulebook;

use crate::oracle::problems::{Dice, Problem};
use crate::oracle::{brute, on_all_cores, shop, tell};

/// How many problems each law is tried on.
const PROBLEMS: u64 = 2_000;
/// Where they begin: other problems than those of the comparison.
const SEED: u64 = 77_000_000;

/// What the product charges, and what that could still be too much.
fn priced(problem: &Problem) -> (i64, i64) {
    let quote = quote(&problem.rulebook(), &problem.request);
    match quote.optimality {
        Optimality::Proven => (quote.total.minor(), 0),
        Optimality::Bounded(gain) => (quote.total.minor(), gain.minor()),
    }
}

fn quote(rulebook: &Rulebook, request: &Request) -> Quote {
    pricing::price(rulebook, request, Effort::default()).expect("a sound request")
}

fn tried(problem: &Problem) -> (i64, i64) {
    (brute::best(&problem.rulebook(), &problem.request).total, 0)
}

/// What two problems cost by one way of pricing may differ by no more than what is unproven.
fn same(one: (i64, i64), other: (i64, i64)) -> bool {
    one.0 - one.1 <= other.0 && other.0 - other.1 <= one.0
}

/// Changes every problem and compares both prices; `None` where the law does not speak of the problem.
fn law(
    change: impl Fn(&Problem, &mut Dice) -> Option<Problem> + Sync,
    holds: impl Fn((i64, i64), (i64, i64)) -> bool + Sync,
) {
    let told = on_all_cores(SEED..SEED + PROBLEMS, |seed| {
        let problem = Problem::of(seed);
        let changed = change(&problem, &mut Dice(seed))?;
        let by_hand = (tried(&problem), tried(&changed));
        let by_search = (priced(&problem), priced(&changed));
        let fine = holds(by_hand.0, by_hand.1) && holds(by_search.0, by_search.1);
        let tell = |problem: &Problem| tell::problem(&problem.rulebook(), &problem.request);
        Some(if fine {
            String::new()
        } else {
            format!(
                "seed {seed}: everything tried {by_hand:?}, priced {by_search:?}\n{}--- changed ---\n{}",
                tell(&problem),
                tell(&changed)
            )
        })
    });
    let spoken: Vec<String> = told.into_iter().flatten().collect();
    let broken: Vec<&String> = spoken.iter().filter(|text| !text.is_empty()).collect();
    println!("{} problems, {} broken", spoken.len(), broken.len());
    assert!(broken.is_empty(), "{} of {} broken\n{}", broken.len(), spoken.len(), broken[0]);
    assert!(spoken.len() > 100, "only {} problems", spoken.len());
}

#[test]
fn the_order_of_promotions_caps_and_codes_does_not_matter() {
    law(
        |problem, dice| {
            let mut changed = problem.clone();
            dice.shuffle(&mut changed.promotions);
            dice.shuffle(&mut changed.caps);
            dice.shuffle(&mut changed.request.context.codes);
            Some(changed)
        },
        |one, other| one == other,
    );
}

#[test]
fn the_order_of_lines_does_not_matter_where_no_spare_cent_can_move() {
    law(
        |problem, dice| {
            let mut changed = problem.clone();
            dice.shuffle(&mut changed.request.basket.lines);
            (!a_spare_cent_matters(problem)).then_some(changed)
        },
        same,
    );
}

#[test]
fn a_line_split_in_two_costs_the_same() {
    law(
        |problem, dice| {
            let mut changed = problem.clone();
            let lines = &mut changed.request.basket.lines;
            let at = lines.iter().position(|line| line.quantity > 1)?;
            let mut second = lines[at].clone();
            let first = dice.within(1, i64::from(second.quantity) - 1);
            lines[at].quantity = u32::try_from(first).expect("few");
            second.quantity -= lines[at].quantity;
            second.id.push('b');
            lines.insert(at + 1, second);
            Some(changed)
        },
        same,
    );
}

#[test]
fn one_more_promotion_never_makes_it_dearer() {
    law(
        |problem, dice| {
            let mut changed = problem.clone();
            for promotion in &mut changed.promotions {
                promotion.level = 0;
            }
            if changed.promotions.iter().zip(&problem.promotions).any(|(one, other)| one != other) {
                return None;
            }
            let last = i64::try_from(changed.promotions.len()).expect("few") - 1;
            changed.promotions.remove(usize::try_from(dice.within(0, last)).expect("not negative"));
            Some(changed)
        },
        |with, without| with.0 - with.1 <= without.0,
    );
}

#[test]
fn the_same_input_has_the_same_quote_and_its_shares_add_up() {
    let broken: Vec<String> = on_all_cores(SEED..SEED + PROBLEMS, |seed| {
        let problem = Problem::of(seed);
        let rulebook = problem.rulebook();
        let quote_of = || quote(&rulebook, &problem.request);
        let quote = quote_of();
        let again = quote_of();
        let mut wrong = sums_that_are_wrong(&problem.request, &quote);
        if quote != again {
            wrong.push("a second quote is another one".to_owned());
        }
        (!wrong.is_empty()).then(|| {
            format!("seed {seed}: {}\n{}", wrong.join("; "), tell::problem(&rulebook, &problem.request))
        })
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(broken.is_empty(), "{} broken\n{}", broken.len(), broken[0]);
}

/// "Every unit ends at a whole price, so what a receipt prints adds up."
fn sums_that_are_wrong(request: &Request, quote: &Quote) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: &str, got: i64, expected: i64| {
        if got != expected {
            wrong.push(format!("{what}: {got} instead of {expected}"));
        }
    };
    let asked: Vec<(&str, u32)> =
        request.basket.lines.iter().map(|line| (line.id.as_str(), line.quantity)).collect();
    let told: Vec<(&str, u32)> = quote.lines.iter().map(|line| (line.id.as_str(), line.quantity)).collect();
    same("lines in the order of the request", i64::from(asked == told), 1);
    let mut taken = std::collections::BTreeMap::new();
    let mut reduced = std::collections::BTreeMap::new();
    let (mut list_total, mut goods_total) = (0, 0);
    for line in &quote.lines {
        let pieces: u32 = line.groups.iter().map(|group| group.quantity).sum();
        same("pieces of a line", i64::from(pieces), i64::from(line.quantity));
        let mut total = 0;
        for group in &line.groups {
            let shares: i64 = group.carried.iter().map(|carried| carried.amount.minor()).sum();
            same("price of a unit", group.price.minor(), line.list_price.minor() - shares);
            same("unit below zero", group.price.minor().min(0), 0);
            total += group.price.times(group.quantity).minor();
            for carried in &group.carried {
                *taken.entry(carried.promotion).or_insert(0) += carried.amount.times(group.quantity).minor();
                let counts = if carried.amount.is_zero() { 0 } else { group.quantity };
                *reduced.entry(carried.promotion).or_insert(0) += counts;
            }
        }
        same("total of a line", line.total.minor(), total);
        list_total += line.list_price.times(line.quantity).minor();
        goods_total += total;
    }
    let off_goods: i64 = taken.values().sum();
    let off_delivery = quote.delivery.map_or(0, |(_, amount)| amount.minor());
    let delivery = request.basket.delivery.as_ref().map_or(0, |delivery| delivery.price.minor());
    same("list_total", quote.list_total.minor(), list_total);
    same("discount_total", quote.discount_total.minor(), off_goods);
    same("goods", list_total - off_goods, goods_total);
    same("delivery_total", quote.delivery_total.minor(), delivery - off_delivery);
    same("total", quote.total.minor(), goods_total + delivery - off_delivery);
    if let Some((index, amount)) = quote.delivery {
        taken.insert(index, amount.minor());
    }
    taken.retain(|_, amount| *amount != 0);
    // Gifts and points take nothing off.
    let taking = quote.applied.iter().filter(|one| !one.amount.is_zero());
    let applied: Vec<_> = taking.map(|one| (one.promotion, one.amount.minor())).collect();
    same("applied as carried", i64::from(applied == taken.into_iter().collect::<Vec<_>>()), 1);
    for one in &quote.applied {
        let units = reduced.get(&one.promotion).copied().unwrap_or(0);
        same("units of an applied promotion", i64::from(one.units), i64::from(units));
    }
    wrong
}

/// Whether it can matter which unit gets the spare cent of an amount that is spread: when anything takes effect after
/// it, or is measured after it.
fn a_spare_cent_matters(problem: &Problem) -> bool {
    let live = || problem.promotions.iter().filter(|promotion| shop::is_live(promotion, &problem.request));
    let measured_after = live().any(|promotion| match &promotion.benefit {
        Benefit::Delivery(delivery) => delivery.spend.is_some(),
        Benefit::Gift(gift) => gift.spend.is_some(),
        _ => false,
    });
    live().filter(|promotion| spreads(promotion)).any(|spreader| {
        let (first, _) = span(spreader);
        measured_after || live().any(|other| other.id != spreader.id && span(other).1 > first)
    })
}

fn spreads(promotion: &Promotion) -> bool {
    match &promotion.benefit {
        Benefit::Units(benefit) => benefit.max_discount.is_some(),
        Benefit::Prices(list) => list.max_discount.is_some(),
        Benefit::Basket(_) => true,
        Benefit::Quantity { max_discount, .. } => max_discount.is_some(),
        Benefit::Set(set) => {
            set.max_discount.is_some() || matches!(set.benefit, SetBenefit::Amount(_) | SetBenefit::Price(_))
        }
        Benefit::Spend { tiers, max_discount, .. } => {
            max_discount.is_some() || tiers.iter().any(|tier| matches!(tier.give, SpendBenefit::Basket(_)))
        }
        _ => false,
    }
}

/// A place in the order of effect: the level turned round, the stage, the type, the id.
type When<'a> = (i32, Stage, u8, &'a str);

/// The first and the last place in the order of effect that a promotion can have, its tier being unknown.
fn span(promotion: &Promotion) -> (When<'_>, When<'_>) {
    let rank = |cut: UnitCut| match cut {
        UnitCut::Price(_) => 0,
        UnitCut::Percent(..) => 1,
        UnitCut::Amount(_) => 2,
    };
    let ranks: Vec<u8> = match &promotion.benefit {
        Benefit::Units(benefit) => vec![rank(benefit.cut)],
        Benefit::Prices(_) => vec![0],
        Benefit::Quantity { tiers, .. } => tiers.iter().map(|tier| rank(tier.cut)).collect(),
        Benefit::Set(set) => match set.benefit {
            SetBenefit::Price(_) => vec![0],
            SetBenefit::Percent(..) | SetBenefit::Cheapest { .. } => vec![1],
            SetBenefit::Amount(_) => vec![2],
            SetBenefit::BySlot => set.slots.iter().filter_map(|slot| slot.cut).map(rank).collect(),
        },
        Benefit::Spend { tiers, .. } => tiers
            .iter()
            .map(|tier| match tier.give {
                SpendBenefit::Units(cut) => rank(cut),
                SpendBenefit::Basket(_) => 2,
            })
            .collect(),
        _ => vec![2],
    };
    let low = ranks.iter().min().copied().unwrap_or(0);
    let high = ranks.iter().max().copied().unwrap_or(2);
    let place = |rank| (-promotion.level, promotion.stage, rank, promotion.id.as_str());
    (place(low), place(high))
}
