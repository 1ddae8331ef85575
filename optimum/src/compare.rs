//! One problem, priced by both sides, and who is right where they differ.

use std::time::{Duration, Instant};

use highs::HighsModelStatus;
use pricewright::pricing::verify::verify;
use pricewright::pricing::{Effort, Optimality, Quote, price};

use crate::problems::{Kind, Problem, Size};
use crate::program::{Answer, Program};
use crate::settle::Assignment;
use crate::shop::Shop;

/// What came of one problem.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) proven: bool,
    /// What the engine leaves open; nothing where it is proven.
    pub(crate) gap: i64,
    /// How far the engine stands above the optimum where it does not say PROVEN.
    pub(crate) above: i64,
    /// The total of HiGHS's assignment, or the engine's where there is none.
    pub(crate) best: i64,
    pub(crate) verdict: Verdict,
    pub(crate) engine: Duration,
    pub(crate) highs: Duration,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// Who is right.
#[derive(Debug)]
pub(crate) enum Verdict {
    Agreed,
    /// HiGHS said optimal and was wrong by so much, as its own program shows.
    HighsOff(i64),
    /// HiGHS ended at its time limit and showed nothing better than the engine.
    Undecided,
    Disagreed(String),
}

/// HiGHS's answer, worked out again.
struct Judged {
    status: HighsModelStatus,
    said: i64,
    made: Assignment,
    settled: Result<i64, String>,
}

fn judge(shop: &Shop, answer: &Answer) -> Judged {
    let made = Assignment::of(shop, &answer.counts);
    let settled = shop.settle(&made);
    Judged { status: answer.status, said: answer.total, made, settled }
}

/// Prices the problem of a seed both ways.
pub(crate) fn compare(seed: u64, size: Size, kinds: &[Kind], limit: Duration) -> Result<Outcome, String> {
    let problem = Problem::of(seed, size, kinds);
    let mut outcome = hold(seed, &problem, limit)?;
    if matches!(outcome.verdict, Verdict::Disagreed(_)) {
        // Told as small as it can be made: without promotions, caps and units that do not matter.
        let disagrees = |problem: &Problem| {
            hold(seed, problem, limit).is_ok_and(|outcome| matches!(outcome.verdict, Verdict::Disagreed(_)))
        };
        let small = problem.shrunk(disagrees);
        outcome.verdict = hold(seed, &small, limit)?.verdict;
    }
    Ok(outcome)
}

/// Prices a problem both ways.
fn hold(seed: u64, problem: &Problem, limit: Duration) -> Result<Outcome, String> {
    let shop = Shop::of(&problem.rulebook, &problem.request)?;
    let began = Instant::now();
    let quote = price(&problem.rulebook, &problem.request, Effort::default())
        .map_err(|faults| format!("seed {seed}: refused: {faults:?}"))?;
    let engine = began.elapsed();
    let began = Instant::now();
    let program = Program::of(&shop);
    let (columns, rows) = program.size();
    let judged = judge(&shop, &program.solve(limit, None));
    let highs = began.elapsed();
    let (proven, gap) = match quote.optimality {
        Optimality::Proven => (true, 0),
        Optimality::Bounded(gain) => (false, gain.minor()),
    };
    let total = quote.total.minor();
    let verdict = match verify(&problem.rulebook, &problem.request, &quote) {
        Ok(()) => decide(&shop, &judged, total, gap, limit),
        Err(flaws) => {
            let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
            Verdict::Disagreed(format!("verify refuses the quote: {}", flaws.join("; ")))
        }
    };
    let verdict = match verdict {
        Verdict::Disagreed(what) => {
            Verdict::Disagreed(format!("{what}\n{}{}", tell_made(&shop, &judged.made), tell(problem, &quote)))
        }
        other => other,
    };
    let best = judged.settled.as_ref().map_or(total, |settled| *settled);
    let above = if matches!(verdict, Verdict::Agreed) { (total - best).max(0) } else { 0 };
    Ok(Outcome { seed, proven, gap, above, best, verdict, engine, highs, columns, rows })
}

/// The optimum must lie in what the engine leaves open: `total − gap ..= total`.
fn decide(shop: &Shop, judged: &Judged, total: i64, gap: i64, limit: Duration) -> Verdict {
    let optimal = judged.status == HighsModelStatus::Optimal;
    let low = total - gap;
    let best = match &judged.settled {
        Ok(best) => *best,
        // At a time limit there may be no assignment at all.
        Err(_) if !optimal => return Verdict::Undecided,
        Err(why) => {
            return Verdict::Disagreed(format!("the assignment of the program is not legal: {why}"));
        }
    };
    if best < low {
        // Legal and cheaper: no proof of HiGHS's is needed.
        return Verdict::Disagreed(format!("the engine says {low}..={total}, and {best} is legal"));
    }
    if best <= total {
        return match (optimal, judged.said == best) {
            (true, true) => Verdict::Agreed,
            (true, false) => Verdict::HighsOff(best - judged.said),
            (false, _) => Verdict::Undecided,
        };
    }
    if !optimal {
        return Verdict::Undecided;
    }
    // The engine is better than what HiGHS calls optimal, and `verify` accepts it. Either the program leaves out what
    // the engine found, or HiGHS did not see it: asked for nothing dearer than the engine's total, HiGHS must find it.
    let again = judge(shop, &Program::of(shop).solve(limit, Some(total)));
    match again.settled {
        Ok(found) if found <= total => Verdict::HighsOff(best - found),
        _ => Verdict::Disagreed(format!(
            "the engine says {total}, the optimum of the program is {best} ({:?} below {total})",
            again.status
        )),
    }
}

/// The assignment that HiGHS answered with.
fn tell_made(shop: &Shop, made: &Assignment) -> String {
    let id = |promo: &usize| shop.promos[*promo].id.as_str();
    let on: Vec<&str> = made.on.iter().map(id).collect();
    let mut text = format!("  HiGHS: basket amounts {on:?}\n");
    for (place, unit) in made.units.iter().enumerate() {
        let carries: Vec<&str> = unit.carries.iter().map(id).collect();
        let list = shop.lines[unit.line].list;
        text.push_str(&format!("    unit {place}, l{}: {list} carries {carries:?}\n", unit.line));
    }
    for set in &made.sets {
        text.push_str(&format!("    set of {}: (unit, slot, reduced) {:?}\n", id(&set.promo), set.members));
    }
    text
}

fn tell(problem: &Problem, quote: &Quote) -> String {
    let mut text = format!("  engine: total {}, {:?}\n", quote.total, quote.optimality);
    let id = |index| problem.rulebook.promotion(index).map_or("?", |promotion| promotion.id.as_str());
    for line in &quote.lines {
        for group in &line.groups {
            let carried: Vec<String> =
                group.carried.iter().map(|one| format!("{} {}", id(one.promotion), one.amount)).collect();
            let (quantity, list, price) = (group.quantity, line.list_price, group.price);
            text.push_str(&format!("    {} {quantity} x {list} -> {price} {carried:?}\n", line.id));
        }
    }
    for promotion in problem.rulebook.promotions() {
        text.push_str(&format!(
            "  {}: {:?} on {:?} {:?} {:?} {:?}\n",
            promotion.id,
            promotion.benefit,
            promotion.on.facets,
            promotion.stacks_with,
            promotion.limits,
            promotion.stage
        ));
    }
    text
}
