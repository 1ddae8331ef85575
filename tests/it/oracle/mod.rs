//! The oracle: a brute force written from the definition of the price alone, against which the search is held on
//! random small problems. It shares no code with the search.
//!
//! `ORACLE_PROBLEMS=5000000 ORACLE_SEED=1 cargo test --release --test it oracle -- --nocapture` runs as long as one likes.

pub(crate) mod arithmetic;
pub(crate) mod brute;
mod by_hand;
pub(crate) mod problems;
mod settle;
pub(crate) mod shop;
pub(crate) mod tell;

use std::collections::BTreeMap;

use pricewright::basket::Request;
use pricewright::pricing::{self, Effort, Optimality, Quote};
use pricewright::promotion::{Base, Benefit, CapFloor, Measured, SpendBenefit, Stacking, Stage, UnitCut};
use pricewright::rulebook::Rulebook;

use problems::Problem;

/// How many problems a test run tries unless `ORACLE_PROBLEMS` says otherwise.
const PROBLEMS: u64 = 12_000;
/// Where it begins unless `ORACLE_SEED` says otherwise.
const SEED: u64 = 20_260_000;
/// Disagreements that are told in full.
const TOLD_MAX: usize = 5;

/// What one problem showed.
struct Checked {
    features: Vec<&'static str>,
    proven: bool,
    best: brute::Best,
}

/// Prices the problem of `seed` both ways; the text tells a disagreement.
fn check_one(seed: u64) -> Result<Checked, String> {
    let problem = Problem::of(seed);
    let rulebook = problem.rulebook();
    let best = brute::best(&rulebook, &problem.request);
    let fail = |what: &str, quote: Option<&Quote>| {
        let quote = quote.map_or(String::new(), |quote| tell_quote(&rulebook, quote));
        let told = tell::problem(&rulebook, &problem.request);
        format!("seed {seed}: {what}\n{told}everything tried: {}\nthe quote: {quote}\n", tell::best(&best))
    };
    let quote = pricing::price(&rulebook, &problem.request, Effort::default())
        .map_err(|faults| fail(&format!("refused: {faults:?}"), None))?;
    let total = quote.total.minor();
    let proven = match quote.optimality {
        Optimality::Proven => true,
        Optimality::Bounded(gain) if total - gain.minor() <= best.total && best.total <= total => false,
        Optimality::Bounded(_) => return Err(fail("the bound does not hold", Some(&quote))),
    };
    if proven && total != best.total {
        return Err(fail(&format!("{total} instead of {}", best.total), Some(&quote)));
    }
    if proven && levels_of(&rulebook, &problem.request, &quote) != best.levels {
        return Err(fail("the levels take off something else", Some(&quote)));
    }
    verified(&rulebook, &problem.request, &quote)
        .map_err(|faults| fail(&format!("verify: {}", faults.join("; ")), Some(&quote)))?;
    Ok(Checked { features: features(&problem), proven, best })
}

/// Whether the product's own check accepts a quote.
fn verified(rulebook: &Rulebook, request: &Request, quote: &Quote) -> Result<(), Vec<String>> {
    pricing::verify::verify(rulebook, request, quote)
        .map_err(|flaws| flaws.iter().map(ToString::to_string).collect())
}

/// What a quote takes off by level, as [`brute::Best::levels`] has it.
fn levels_of(rulebook: &Rulebook, request: &Request, quote: &Quote) -> Vec<i64> {
    let mut levels = BTreeMap::from([(0, 0)]);
    for promotion in rulebook.promotions() {
        let counts = shop::is_live(promotion, request)
            && shop::touches(promotion, request, rulebook.settings().rounding);
        if promotion.is_price_promotion() && counts {
            levels.insert(-i64::from(promotion.level), 0);
        }
    }
    let carried = quote.lines.iter().flat_map(|line| &line.groups).flat_map(|group| {
        group.carried.iter().map(|carried| (carried.promotion, carried.amount.times(group.quantity)))
    });
    for (index, amount) in carried {
        let promotion = rulebook.promotion(index).expect("a promotion of this rulebook");
        *levels.entry(-i64::from(promotion.level)).or_default() += amount.minor();
    }
    let mut levels: Vec<i64> = levels.into_values().collect();
    let off_delivery = quote.delivery.map_or(0, |(_, amount)| amount.minor());
    match levels.last_mut() {
        Some(lowest) => *lowest += off_delivery,
        None => levels.push(off_delivery),
    }
    levels
}

fn tell_quote(rulebook: &Rulebook, quote: &Quote) -> String {
    let id = |index| rulebook.promotion(index).map_or("?", |promotion| promotion.id.as_str());
    let mut text = format!("total {}, {:?}", quote.total, quote.optimality);
    if let Some((index, take)) = quote.delivery {
        text.push_str(&format!(", delivery {} takes {take}", id(index)));
    }
    for (place, line) in quote.lines.iter().enumerate() {
        for group in &line.groups {
            let carried: Vec<String> =
                group.carried.iter().map(|one| format!("{} {}", id(one.promotion), one.amount)).collect();
            text.push_str(&format!(
                "\n    line {place}: {} x {} after {carried:?}",
                group.quantity, group.price
            ));
        }
    }
    text
}

/// What a problem has in it, for the tally.
fn features(problem: &Problem) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut note = |holds: bool, name: &'static str| {
        if holds && !found.contains(&name) {
            found.push(name);
        }
    };
    let levels: Vec<i32> = problem.promotions.iter().map(|promotion| promotion.level).collect();
    note(levels.iter().any(|level| *level != levels[0]), "levels");
    note(problem.settings.min_unit_price.minor() > 0, "min_unit_price");
    note(problem.request.basket.lines.iter().any(|line| line.no_promotions), "no_promotions");
    note(problem.request.basket.lines.iter().any(|line| line.measure.is_some()), "measure");
    for cap in &problem.caps {
        note(matches!(cap.floor, CapFloor::MaxPercent(_)), "cap max_percent");
        note(matches!(cap.floor, CapFloor::MinPrice(_)), "cap min_price");
        note(matches!(cap.floor, CapFloor::MinMarginPercent(_)), "cap min_margin_percent");
    }
    for promotion in &problem.promotions {
        note(!matches!(promotion.stacks_with, Stacking::Unsaid), "stacks_with");
        note(promotion.limits.units.is_some(), "limits.units");
        note(promotion.when.code.is_some(), "code");
        note(
            promotion.stage == Stage::Basket && matches!(promotion.benefit, Benefit::Units(_)),
            "stage basket",
        );
        let most = match &promotion.benefit {
            Benefit::Units(benefit) => {
                note(matches!(benefit.cut, UnitCut::Percent(_, Base::Current)), "percent");
                note(matches!(benefit.cut, UnitCut::Percent(_, Base::List)), "percent of list");
                note(matches!(benefit.cut, UnitCut::Amount(_)), "amount");
                note(matches!(benefit.cut, UnitCut::Price(_)), "price");
                benefit.max_discount
            }
            Benefit::Prices(list) => {
                note(true, "price list");
                list.max_discount
            }
            Benefit::Basket(benefit) => {
                note(true, "basket amount");
                benefit.max_discount
            }
            Benefit::Spend { spend, tiers, max_discount } => {
                let shared = tiers.iter().filter(|tier| matches!(tier.give, SpendBenefit::Basket(_))).count();
                note(shared < tiers.len(), "spend per unit");
                note(shared > 0, "spend basket amount");
                note(shared > 0 && shared < tiers.len(), "spend of both kinds");
                note(tiers.len() > 1, "tiers");
                note(spend.every, "every");
                note(spend.on.is_some(), "spend.on");
                note(spend.measured == Measured::List, "measured list");
                *max_discount
            }
            Benefit::Delivery(benefit) => {
                note(true, "delivery");
                note(benefit.spend.is_some(), "delivery spend");
                note(promotion.stacks_with != Stacking::Unsaid, "delivery stacks_with");
                None
            }
            _ => None,
        };
        note(most.is_some(), "max_discount");
    }
    found
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Runs `check` on every seed, on all cores; the results are in the order of the seeds.
pub(crate) fn on_all_cores<T: Send>(seeds: std::ops::Range<u64>, check: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = seeds.end.saturating_sub(seeds.start).div_ceil(u64::try_from(cores).expect("few")).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..cores)
            .map(|core| {
                let start = seeds.start + share * u64::try_from(core).expect("few");
                let part = start.min(seeds.end)..(start + share).min(seeds.end);
                let check = &check;
                scope.spawn(move || part.map(check).collect::<Vec<T>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("a check does not panic")).collect()
    })
}

#[test]
fn ten_thousand_small_problems() {
    let first = from_environment("ORACLE_SEED", SEED);
    let count = from_environment("ORACLE_PROBLEMS", PROBLEMS);
    let mut tally: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failures = 0_usize;
    let mut told = String::new();
    // In portions: a long run must not hold millions of answers at once.
    let mut seed = first;
    while seed < first + count {
        let until = (seed + 10_000).min(first + count);
        for checked in on_all_cores(seed..until, check_one) {
            match checked {
                Ok(checked) => {
                    let takes = checked.best.units.iter().flat_map(|unit| &unit.takes);
                    let something = takes.into_iter().any(|(_, take)| *take > 0);
                    let notes = [(checked.proven, "= proven"), (something, "= something off the goods")];
                    let notes = notes.into_iter().filter(|(holds, _)| *holds).map(|(_, name)| name);
                    for name in checked.features.into_iter().chain(notes) {
                        *tally.entry(name).or_default() += 1;
                    }
                }
                Err(text) => {
                    failures += 1;
                    if failures <= TOLD_MAX {
                        told.push_str(&text);
                        told.push('\n');
                    }
                }
            }
        }
        seed = until;
    }
    println!("{count} problems from seed {first}, {failures} disagreements");
    for (feature, times) in &tally {
        println!("{times:>9}  {feature}");
    }
    assert!(failures == 0, "{failures} of {count} problems disagree\n\n{told}");
}
