//! Every hint is true: the basket is bought again with what it asks for, on the oracle's small problems, and everything else costs
//! as much less as was promised.

use std::collections::BTreeMap;

use pricewright::basket::{GiftChoice, Line, Request};
use pricewright::catalog::{Goods, Selector};
use pricewright::money::Amount;
use pricewright::pricing::{self, Effort, Hint, Near, Optimality, Quote};
use pricewright::promotion::{Benefit, Promotion, Slot, Spend};
use pricewright::rulebook::{PromotionIndex, measured_goods};

use crate::oracle::problems::Problem;
use crate::oracle::{brute, on_all_cores, tell};

/// How many problems are tried, and where they begin.
const PROBLEMS: u64 = 1_500;
const SEED: u64 = 88_000_000;
/// The definition is asked where it has no more assignments to try; elsewhere the product itself.
const ASSIGNMENTS_MAX: u64 = 10_000;

const NEW: &str = "NEW";

pub(crate) fn quote(problem: &Problem) -> Quote {
    let quote = pricing::price(&problem.rulebook(), &problem.request, Effort::default());
    quote.expect("a sound request")
}

pub(crate) fn total(problem: &Problem, quote: &Quote) -> i64 {
    let rulebook = problem.rulebook();
    let is_small = brute::assignments(&rulebook, &problem.request, ASSIGNMENTS_MAX) <= ASSIGNMENTS_MAX;
    if is_small { brute::best(&rulebook, &problem.request).total } else { quote.total.minor() }
}

pub(crate) fn spend_of(promotion: &mut Promotion) -> Option<&mut Spend> {
    match &mut promotion.benefit {
        Benefit::Spend { spend, .. } => Some(spend),
        Benefit::Gift(gift) => gift.spend.as_mut().map(|(spend, _)| spend),
        Benefit::Delivery(delivery) => delivery.spend.as_mut().map(|(spend, _)| spend),
        Benefit::Points(points) => points.spend.as_mut().map(|(spend, _)| spend),
        _ => None,
    }
}

pub(crate) fn slots_of(promotion: &mut Promotion) -> &mut [Slot] {
    match &mut promotion.benefit {
        Benefit::Set(set) => &mut set.slots,
        Benefit::Gift(gift) => &mut gift.slots,
        _ => &mut [],
    }
}

fn is_priced(selector: &Selector) -> bool {
    let prices =
        [&selector.facets, &selector.except].map(|facets| (facets.price_at_least, facets.price_below));
    prices != [(None, None); 2]
}

pub(crate) fn matches(selector: &Selector, line: &Line) -> bool {
    let brand = line.brand.as_deref().unwrap_or_default();
    let Line { sku, categories, tags, .. } = line;
    let list_price = line.unit_price.unwrap_or_default();
    !line.no_promotions && selector.matches(&Goods { sku, brand, categories, tags, list_price })
}

/// The basket with goods worth a sum that only the hinted promotion knows, and those that count all goods, and only measure; nothing
/// where prices tell its goods apart.
fn with_sum(problem: &Problem, hinted: &Promotion, worth: Amount) -> Option<Problem> {
    let mut goods = measured_goods(hinted).clone();
    let line = problem.request.basket.lines.iter().find(|line| matches(&goods, line))?;
    if is_priced(&goods) {
        return None;
    }
    let mut changed = problem.clone();
    changed.request.basket.lines.push(Line {
        id: NEW.to_owned(),
        sku: NEW.to_owned(),
        quantity: 1,
        measure: None,
        unit_price: Some(worth),
        ..line.clone()
    });
    if !goods.facets.skus.is_empty() {
        goods.facets.skus.push(NEW.to_owned());
    }
    let hide = |selector: &mut Selector| selector.except.skus.push(NEW.to_owned());
    for promotion in &mut changed.promotions {
        let mut measured = measured_goods(promotion).clone();
        let counts_all = measured == Selector::default();
        hide(&mut measured);
        let is_hinted = promotion.id == hinted.id;
        let earns =
            is_hinted && matches!(&promotion.benefit, Benefit::Points(points) if points.spend.is_none());
        if earns {
            promotion.on = goods.clone();
        } else {
            hide(&mut promotion.on);
        }
        slots_of(promotion).iter_mut().for_each(|slot| hide(&mut slot.on));
        if let Some(spend) = spend_of(promotion) {
            spend.on = Some(if is_hinted { goods.clone() } else { measured });
            if counts_all {
                spend.on = Some(Selector::default());
            }
        }
    }
    changed.caps.iter_mut().for_each(|cap| hide(&mut cap.on));
    Some(changed)
}

/// The basket with the added goods, which the hinted promotion does not know; one that gives nothing now is out.
fn unseen(changed: &Problem, hinted: &str, applies: bool) -> Problem {
    let mut unseen = changed.clone();
    unseen.promotions.retain(|promotion| applies || promotion.id != hinted);
    for promotion in unseen.promotions.iter_mut().filter(|promotion| promotion.id == hinted) {
        let mut measured = measured_goods(promotion).clone();
        measured.except.skus.push(NEW.to_owned());
        promotion.on.except.skus.push(NEW.to_owned());
        if let Some(spend) = spend_of(promotion) {
            spend.on = Some(measured);
        }
    }
    unseen
}

/// The basket with pieces of the goods that the hint names, as the line has them that fits, and their worth.
fn with_pieces(problem: &Problem, hinted: &mut Promotion, pieces: u32, sku: &str) -> Option<(Problem, i64)> {
    let on = hinted.on.clone();
    let slots: Vec<Selector> = slots_of(hinted).iter().map(|slot| slot.on.clone()).collect();
    let fits = |line: &&Line| {
        line.sku == sku
            && matches(&on, line)
            && (slots.is_empty() || slots.iter().any(|slot| matches(slot, line)))
    };
    let fitting = problem.request.basket.lines.iter().filter(fits);
    // Of several lines of one SKU it is not told which was meant, and what a weighed piece costs is not reckoned here.
    let fitting: Vec<&Line> = fitting.collect();
    let [line @ Line { measure: None, .. }] = fitting.as_slice() else {
        return None;
    };
    let mut changed = problem.clone();
    changed.request.basket.lines.push(Line { id: NEW.to_owned(), quantity: pieces, ..Line::clone(line) });
    Some((changed, line.unit_price.unwrap_or_default().times(pieces).minor()))
}

/// The pieces of the promotion's gifts, or all points.
fn given(promotion: &Promotion, index: PromotionIndex, quote: &Quote) -> u64 {
    match promotion.benefit {
        Benefit::Gift(_) => {
            let given = quote.gifts.iter().filter(|given| given.promotion == index);
            given.map(|given| u64::from(given.quantity)).sum()
        }
        Benefit::Points(_) => quote.points,
        _ => 0,
    }
}

/// What kind of hint it is, or what is wrong with it; nothing where the trial cannot be repeated from outside.
fn check(problem: &Problem, now: &Quote, hint: &Hint) -> Option<Result<&'static str, String>> {
    let rulebook = problem.rulebook();
    let mut hinted = rulebook.promotion(hint.promotion)?.clone();
    let is_reward = matches!(hinted.benefit, Benefit::Gift(_) | Benefit::Points(_));
    let (changed, worth) = match hint.missing {
        Near::Amount(worth) => (with_sum(problem, &hinted, worth)?, worth.minor()),
        Near::Pieces(pieces) => with_pieces(problem, &mut hinted, pieces, hint.sku.as_ref()?)?,
        Near::Slot(missing) => with_pieces(problem, &mut hinted, missing.quantity, hint.sku.as_ref()?)?,
        Near::Choice(_) => {
            let mut changed = problem.clone();
            let choice = GiftChoice { promotion: hinted.id.clone(), sku: hint.sku.clone()? };
            changed.request.context.gift_choices.push(choice);
            (changed, 0)
        }
    };
    let new = quote(&changed);
    if (now.optimality, new.optimality) != (Optimality::Proven, Optimality::Proven) {
        return None;
    }
    let (before, after) = (total(problem, now), total(&changed, &new));
    let saved = before + worth - after;
    let is_applied = new.applied.iter().any(|applied| applied.promotion == hint.promotion);
    let is_kept = match hint.missing {
        Near::Choice(_) => saved == hint.gain.minor(),
        // What the others make of the added goods alone is not the doing of this one.
        Near::Amount(_) => {
            let applies = now.applied.iter().any(|applied| applied.promotion == hint.promotion);
            let unseen = unseen(&changed, &hinted.id, applies);
            let quote = quote(&unseen);
            if quote.optimality != Optimality::Proven {
                return None;
            }
            let old = (before + worth).min(total(&unseen, &quote));
            old - after == hint.gain.minor()
        }
        _ => saved >= hint.gain.minor(),
    };
    let is_worth_it = if is_reward && !matches!(hint.missing, Near::Choice(_)) {
        hint.gain >= Amount::ZERO
            && given(&hinted, hint.promotion, now) < given(&hinted, hint.promotion, &new)
    } else {
        hint.gain > Amount::ZERO
    };
    let kind = match (hint.missing, is_reward) {
        (Near::Amount(_), false) => "a sum",
        (Near::Amount(_), true) => "a sum for a gift or points",
        (Near::Pieces(_), _) => "pieces",
        (Near::Slot(_), false) => "a slot",
        (Near::Slot(_), true) => "a slot for a gift",
        (Near::Choice(_), _) => "a choice",
    };
    Some(if is_applied && is_kept && is_worth_it {
        Ok(kind)
    } else {
        Err(format!(
            "{kind}: {} {:?} of {:?}, gain {}: {before} + {worth} became {after}, applied: {is_applied}",
            hinted.id, hint.missing, hint.sku, hint.gain
        ))
    })
}

#[test]
fn what_a_hint_promises_is_had() {
    let found = on_all_cores(SEED..SEED + PROBLEMS, |seed| {
        let mut problem = Problem::of(seed);
        problem.request.explain = true;
        let now = quote(&problem);
        let plain =
            Problem { request: Request { explain: false, ..problem.request.clone() }, ..problem.clone() };
        let without = quote(&plain);
        assert!(without.hints.is_empty(), "seed {seed}: hints cost time, and were not asked for");
        // Asked to explain, lines also tell what is not on them.
        let mut lines = now.lines.clone();
        lines.iter_mut().for_each(|line| line.left_out.clear());
        assert_eq!((without.total, &without.lines), (now.total, &lines), "seed {seed}");
        let told = now.hints.iter().filter_map(|hint| check(&problem, &now, hint));
        let tell = |wrong: String| {
            format!("seed {seed}: {wrong}\n{}", tell::problem(&problem.rulebook(), &problem.request))
        };
        told.map(|one| one.map_err(tell)).collect::<Vec<_>>()
    });
    let (mut kinds, mut broken) = (BTreeMap::<&str, u32>::new(), Vec::new());
    for one in found.into_iter().flatten() {
        match one {
            Ok(kind) => *kinds.entry(kind).or_default() += 1,
            Err(wrong) => broken.push(wrong),
        }
    }
    println!("hints that are true: {kinds:?}; broken: {}", broken.len());
    assert!(broken.is_empty(), "{} broken\n{}", broken.len(), broken[0]);
    assert!(kinds.len() == 6 && kinds.values().all(|&count| count >= 3), "{kinds:?}");
}
