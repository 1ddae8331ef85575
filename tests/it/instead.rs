//! What a promotion that lost would cost more is true: on the oracle's small problems those that it lost to are kept off its goods by
//! the rules themselves, and the basket is priced again.

use std::collections::BTreeSet;

use pricewright::basket::Line;
use pricewright::money::Amount;
use pricewright::pricing::{Instead, Optimality, Quote, Reason, Why};
use pricewright::promotion::{Benefit, Promotion};
use pricewright::rulebook::{PromotionIndex, measured_goods};

use crate::hints::{matches, quote, slots_of, spend_of, total};
use crate::oracle::problems::Problem;
use crate::oracle::{on_all_cores, tell};

/// How many problems are tried, and where they begin.
const PROBLEMS: u64 = 1_500;
const SEED: u64 = 89_000_000;

/// The SKUs of the goods that a promotion touches or measures; nothing where other goods have one of
/// them, too.
fn own_skus(problem: &Problem, promotion: &Promotion) -> Option<BTreeSet<String>> {
    // What a weighed piece costs is not reckoned here, and selectors may ask for prices.
    if problem.request.basket.lines.iter().any(|line| line.measure.is_some()) {
        return None;
    }
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

/// The problem without some promotions, and with others kept off these goods.
fn without(
    problem: &Problem,
    out: &[String],
    off: &[String],
    skus: &BTreeSet<String>,
    is_uncounted: bool,
) -> Problem {
    let mut changed = problem.clone();
    let is_delivery = |promotion: &Promotion| matches!(promotion.benefit, Benefit::Delivery(_));
    let is_out = |one: &Promotion| out.contains(&one.id) || off.contains(&one.id) && is_delivery(one);
    changed.promotions.retain(|promotion| !is_out(promotion));
    for rival in changed.promotions.iter_mut().filter(|promotion| off.contains(&promotion.id)) {
        let measured = measured_goods(rival).clone();
        rival.on.except.skus.extend(skus.iter().cloned());
        slots_of(rival).iter_mut().for_each(|slot| slot.on.except.skus.extend(skus.iter().cloned()));
        if let Some(spend) = spend_of(rival) {
            spend.on = Some(measured);
            if is_uncounted {
                spend.on.iter_mut().for_each(|on| on.except.skus.extend(skus.iter().cloned()));
            }
        }
    }
    changed
}

/// The promotions that apply, by id.
fn applied(problem: &Problem, quote: &Quote) -> Vec<String> {
    let rulebook = problem.rulebook();
    let promotions = quote.applied.iter().filter_map(|applied| rulebook.promotion(applied.promotion));
    promotions.map(|promotion| promotion.id.clone()).collect()
}

/// What is wrong with a figure; `None` where it cannot be looked at from outside.
fn check(problem: &Problem, now: &Quote, reason: &Reason, instead: &Instead) -> Option<Result<(), String>> {
    let more = instead.dearer_by;
    let rulebook = problem.rulebook();
    let id = |index: &PromotionIndex| rulebook.promotion(*index).map(|promotion| promotion.id.clone());
    let own = rulebook.promotion(reason.promotion)?;
    let skus = own_skus(problem, own)?;
    let (out, mut off): (Vec<String>, Vec<String>) = match &reason.why {
        Why::Beaten(rivals) => (Vec::new(), rivals.iter().filter_map(id).collect()),
        Why::Displaces(rivals) => (rivals.iter().filter_map(id).collect(), Vec::new()),
        why => return Some(Err(format!("{}: a figure for {why:?}", own.id))),
    };
    let stands_apart = |id: &String| {
        let other = problem.promotions.iter().find(|other| other.id == *id);
        own.is_price_promotion()
            && other.is_some_and(|other| other.is_price_promotion() && !other.is_compatible_with(own))
    };
    let named = [off.clone(), out.clone()].concat();
    let mut is_uncounted = false;
    loop {
        let changed = without(problem, &out, &off, &skus, is_uncounted);
        let new = quote(&changed);
        let applied = applied(&changed, &new);
        if applied.contains(&own.id) {
            if (now.optimality, new.optimality) != (Optimality::Proven, Optimality::Proven) {
                return None;
            }
            let (before, after) = (total(problem, now), total(&changed, &new));
            let is_lost = |id: &&String| !applied.contains(id) && !named.contains(id);
            let were = self::applied(problem, now);
            let lost: Vec<&String> = were.iter().filter(is_lost).collect();
            let loses: Vec<String> = instead.loses.iter().filter_map(id).collect();
            let wrong = || {
                format!(
                    "{} for {:?}: {before} became {after}, not {more} more; lost {lost:?}, not {loses:?}",
                    own.id, reason.why
                )
            };
            let is_true = after - before == more.minor() && lost.iter().copied().eq(&loses);
            return Some(if is_true { Ok(()) } else { Err(wrong()) });
        }
        // Those that come in their place are kept off as well.
        let come: Vec<String> =
            applied.into_iter().filter(|id| !off.contains(id) && stands_apart(id)).collect();
        if come.is_empty() && !is_uncounted {
            is_uncounted = true;
            continue;
        }
        if come.is_empty() {
            return Some(Err(format!("{} does not apply instead of {:?}", own.id, reason.why)));
        }
        off.extend(come);
    }
}

#[test]
fn what_is_dearer_costs_so_much_more() {
    let found = on_all_cores(SEED..SEED + PROBLEMS, |seed| {
        let mut problem = Problem::of(seed);
        problem.request.explain = true;
        let now = quote(&problem);
        let figures = now.reasons.iter().filter_map(|reason| Some((reason, reason.instead.as_ref()?)));
        let told =
            figures.filter_map(|(reason, more)| Some((more.dearer_by, check(&problem, &now, reason, more)?)));
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
