//! What a promotion that lost would cost more is true: on the oracle's small problems those that it lost to are kept off its goods by
//! the rules themselves, and the basket is priced again.

use std::collections::BTreeSet;

use pricewright::basket::Line;
use pricewright::money::Amount;
use pricewright::pricing::{Optimality, Quote, Reason, Why};
use pricewright::promotion::{Benefit, Promotion};
use pricewright::rulebook::{PromotionIndex, measured_goods};

use crate::hints::{matches, quote, slots_of, spend_of, total};
use crate::oracle::problems::Problem;
use crate::oracle::{on_all_cores, tell};

/// How many problems are tried, and where they begin.
const PROBLEMS: u64 = 1_500;
const SEED: u64 = 89_000_000;

/// The SKUs of the goods that a promotion touches or measures; nothing where other goods have one of them, too.
fn own_skus(problem: &Problem, promotion: &Promotion) -> Option<BTreeSet<String>> {
    let mut promotion = promotion.clone();
    let slots: Vec<_> = slots_of(&mut promotion).iter().map(|slot| slot.on.clone()).collect();
    let touches = |line: &Line| {
        let fills = slots.is_empty() || slots.iter().any(|slot| matches(slot, line));
        matches(&promotion.on, line) && fills || matches(measured_goods(&promotion), line)
    };
    let (own, others): (Vec<&Line>, Vec<&Line>) = problem
        .request
        .basket
        .lines
        .iter()
        .filter(|line| !line.no_promotions)
        .partition(|line| touches(line));
    let skus: BTreeSet<String> = own.into_iter().map(|line| line.sku.clone()).collect();
    others.iter().all(|line| !skus.contains(&line.sku)).then_some(skus)
}

/// The problem with the rivals kept off these goods, or without them.
fn without(problem: &Problem, rivals: &[String], skus: Option<&BTreeSet<String>>) -> Problem {
    let mut changed = problem.clone();
    let is_out = |promotion: &Promotion| {
        rivals.contains(&promotion.id)
            && (skus.is_none() || matches!(promotion.benefit, Benefit::Delivery(_)))
    };
    changed.promotions.retain(|promotion| !is_out(promotion));
    let skus: Vec<String> = skus.into_iter().flatten().cloned().collect();
    for rival in changed.promotions.iter_mut().filter(|promotion| rivals.contains(&promotion.id)) {
        let measured = measured_goods(rival).clone();
        rival.on.except.skus.extend(skus.iter().cloned());
        slots_of(rival).iter_mut().for_each(|slot| slot.on.except.skus.extend(skus.iter().cloned()));
        if let Some(spend) = spend_of(rival) {
            spend.on = Some(measured);
        }
    }
    changed
}

/// What is wrong with a figure; `None` where it cannot be looked at from outside.
fn check(problem: &Problem, now: &Quote, reason: &Reason, more: Amount) -> Option<Result<(), String>> {
    let rulebook = problem.rulebook();
    let id = |index: &PromotionIndex| rulebook.promotion(*index).map(|promotion| promotion.id.clone());
    let own = rulebook.promotion(reason.promotion)?;
    let changed = match &reason.why {
        Why::Beaten(rivals) => {
            let rivals: Vec<String> = rivals.iter().filter_map(id).collect();
            without(problem, &rivals, Some(&own_skus(problem, own)?))
        }
        Why::Displaces(rivals) => without(problem, &rivals.iter().filter_map(id).collect::<Vec<_>>(), None),
        why => return Some(Err(format!("{}: a figure for {why:?}", own.id))),
    };
    let new = quote(&changed);
    if (now.optimality, new.optimality) != (Optimality::Proven, Optimality::Proven) {
        return None;
    }
    let (before, after) = (total(problem, now), total(&changed, &new));
    Some(if after - before == more.minor() {
        Ok(())
    } else {
        Err(format!("{} for {:?}: {before} became {after}, not {more} more", own.id, reason.why))
    })
}

#[test]
fn what_is_dearer_costs_so_much_more() {
    let found = on_all_cores(SEED..SEED + PROBLEMS, |seed| {
        let mut problem = Problem::of(seed);
        problem.request.explain = true;
        let now = quote(&problem);
        let figures = now.reasons.iter().filter_map(|reason| Some((reason, reason.dearer_by?)));
        let told = figures.filter_map(|(reason, more)| Some((more, check(&problem, &now, reason, more)?)));
        let tell = |wrong: String| {
            format!("seed {seed}: {wrong}\n{}", tell::problem(&problem.rulebook(), &problem.request))
        };
        told.map(|(more, one)| one.map(|()| more).map_err(tell)).collect::<Vec<_>>()
    });
    let (figures, broken): (Vec<_>, Vec<_>) = found.into_iter().flatten().partition(Result::is_ok);
    let figures: Vec<Amount> = figures.into_iter().flatten().collect();
    let same = figures.iter().filter(|more| more.is_zero()).count();
    println!("{} figures are true, {same} of them nothing; broken: {}", figures.len(), broken.len());
    assert!(broken.is_empty(), "{} broken\n{}", broken.len(), broken[0].as_ref().unwrap_err());
    assert!(figures.len() - same >= 100 && same >= 3, "{} and {same}", figures.len());
}
