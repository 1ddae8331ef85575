//! The best price over all that a basket could be: as it is, or with units of it that become gifts.
//!
//! Each plan of such units is a problem of its own with its own search. Without a choice that stands in the basket there is
//! one plan, and nothing here costs anything.

use std::convert::Infallible;

use super::candidate::Candidates;
use super::conversion::{Plan, Plans, levels, plans};
use super::gift::{Desk, GiftOffer, Goods, Served, offers};
use super::points::{self, Earned, PointsOffer};
use super::problem::{Problem, number};
use super::settle::{Settled, Value};
use super::solve::{Solution, Worth, solve, solve_at_once};
use super::trigger::{Piece, untouched};
use crate::basket::{Checked, Request};
use crate::money::Amount;
use crate::rulebook::Rulebook;

/// All that a price is found from.
#[derive(Clone, Copy)]
pub struct Shop<'a> {
    /// The rules.
    pub rulebook: &'a Rulebook,
    /// What was asked.
    pub request: &'a Request,
    /// Its lines.
    pub checked: &'a Checked<'a>,
    /// What may apply.
    pub candidates: &'a Candidates<'a>,
}

/// The best plan, solved.
pub struct Best<'a> {
    /// Its problem.
    pub problem: Problem,
    /// What was found.
    pub solution: Solution,
    /// What is given beside the prices.
    pub rewards: Rewards<'a>,
}

/// Gifts and points of a settled basket.
pub struct Rewards<'a> {
    /// The lines of the basket without the units that became gifts, as the problem numbers them.
    pub reduced: Checked<'a>,
    /// The gifts that may be given, by place.
    pub gifts: Vec<GiftOffer<'a>>,
    /// The promotions that may earn points, by place.
    pub points: Vec<PointsOffer>,
    /// The units that became gifts.
    pub converted: Vec<Piece>,
    /// What is given.
    pub served: Served,
    /// What is earned.
    pub earned: Earned,
}

/// What a plan came to.
struct Outcome<'a> {
    best: Best<'a>,
    value: Value,
    /// How many units became gifts.
    units: u32,
}

/// Solves every plan, each with its part of `steps`, and keeps the best.
#[must_use]
pub fn find<'a>(shop: Shop<'a>, steps: u64) -> Best<'a> {
    let search = |problem: &Problem, steps: u64, worth: Option<&Worth<'_>>| {
        Ok::<_, Infallible>(solve(problem, steps, worth))
    };
    let Ok(best) = find_with(shop, steps, search);
    best
}

/// What [`find`] finds, where the straight path solves every plan and all of that takes at most `most` steps; else nothing.
#[must_use]
pub fn find_at_once<'a>(shop: Shop<'a>, steps: u64, mut most: u64) -> Option<Best<'a>> {
    let straight = |problem: &Problem, steps: u64, worth: Option<&Worth<'_>>| {
        let solution = solve_at_once(problem, steps, most, worth).ok_or(())?;
        most = most.saturating_sub(solution.steps);
        Ok::<_, ()>(solution)
    };
    find_with(shop, steps, straight).ok()
}

/// Solves every plan with `solve`, as long as that succeeds.
fn find_with<'a, E>(
    shop: Shop<'a>,
    steps: u64,
    mut solve: impl FnMut(&Problem, u64, Option<&Worth<'_>>) -> Result<Solution, E>,
) -> Result<Best<'a>, E> {
    let desk = Desk::of(shop.rulebook, shop.request, shop.checked);
    let plans = planned(shop, &desk);
    let (gift_levels, count) = (levels(&plans), plans.list.len());
    let part = |left: u64, open: usize| left / u64::try_from(open).unwrap_or(1).max(1);
    let plain = Plan::default();
    let problem = numbered(shop, shop.checked, &gift_levels);
    let worth = worth_of(shop, &desk, &plain, &problem, shop.checked);
    let solution = solve(&problem, part(steps, count + 1), worth.as_deref())?;
    drop(worth);
    let mut left = steps.saturating_sub(solution.steps);
    let mut most = bound(&solution, &plain, &problem);
    let served = serve(shop, &desk, &plain, &problem, &solution, shop.checked).unwrap_or_default();
    let mut found = outcome(shop, shop.checked.clone(), plain, (problem, solution), served);
    for (at, plan) in plans.list.into_iter().enumerate() {
        let reduced = plan.reduce(shop.checked);
        let mut problem = numbered(shop, &reduced, &gift_levels);
        let gifts = offers(shop.candidates, &problem);
        let goods = Goods { problem: &problem, checked: &reduced, groups: &untouched(&problem) };
        let Some(duties) = plan.duties(&desk, &gifts, goods) else {
            continue;
        };
        problem.duties = duties;
        let worth = worth_of(shop, &desk, &plan, &problem, &reduced);
        let solution = solve(&problem, part(left, count - at), worth.as_deref())?;
        drop(worth);
        left = left.saturating_sub(solution.steps);
        // No assignment does what the gift asks for: if one did, the same without any promotion would, which is always looked at.
        if solution.settled.groups.is_empty() {
            continue;
        }
        most = most.max(bound(&solution, &plan, &problem));
        match serve(shop, &desk, &plan, &problem, &solution, &reduced) {
            Some(served) => {
                let new = outcome(shop, reduced, plan, (problem, solution), served);
                found = if new.beats(&found) { new } else { found };
            }
            // The best assignment does not earn the gift; another one might, and can be no better than this. With several levels that
            // says nothing of the total.
            None if problem.levels > 1 => most = Some(i64::MAX),
            None => most = most.max(Some(total(&value(&solution, &plan, &problem)))),
        }
    }
    let mut best = close(shop, found, most, plans.has_more);
    best.solution.steps = steps - left;
    Ok(best)
}

/// The plans that make gifts of units; none where nothing was chosen.
fn planned(shop: Shop<'_>, desk: &Desk<'_>) -> Plans {
    if !desk.has_choices() {
        return Plans::default();
    }
    let problem = numbered(shop, shop.checked, &[]);
    let gifts = offers(shop.candidates, &problem);
    let goods = Goods { problem: &problem, checked: shop.checked, groups: &untouched(&problem) };
    plans(desk, &gifts, shop.candidates, goods)
}

fn numbered(shop: Shop<'_>, checked: &Checked, gift_levels: &[i32]) -> Problem {
    let delivery = shop.request.basket.delivery.as_ref().map_or(Amount::ZERO, |delivery| delivery.price);
    number(shop.candidates, checked, shop.rulebook.settings().rounding, delivery, gift_levels)
}

/// What breaks a tie between assignments of a problem; nothing where there are no gifts and no points.
fn worth_of<'w>(
    shop: Shop<'w>,
    desk: &'w Desk<'w>,
    plan: &'w Plan,
    problem: &'w Problem,
    reduced: &'w Checked,
) -> Option<Box<Worth<'w>>> {
    let gifts = offers(shop.candidates, problem);
    let points = points::offers(shop.candidates, problem);
    if gifts.is_empty() && points.is_empty() {
        return None;
    }
    Some(Box::new(move |settled: &Settled| {
        let goods = Goods { problem, checked: reduced, groups: &settled.groups };
        let served = desk.serve(&gifts, shop.candidates, goods, &plan.pieces)?;
        Some((served.value, points::earn(&points, problem, &settled.groups).total))
    }))
}

/// The value of a solution with what the units lose that became gifts, each at its gift's level.
fn value(solution: &Solution, plan: &Plan, problem: &Problem) -> Value {
    let mut value = solution.settled.value.clone();
    for piece in &plan.pieces {
        let from = problem.hierarchy.iter().position(|&level| level == piece.level).unwrap_or_default();
        let take = piece.take.times(piece.count).minor();
        value.iter_mut().skip(from).for_each(|sum| *sum += take);
    }
    value
}

fn total(value: &Value) -> i64 {
    value.last().copied().unwrap_or_default()
}

/// The most that a plan could come to, where that is not what was found.
fn bound(solution: &Solution, plan: &Plan, problem: &Problem) -> Option<i64> {
    let gain = solution.possible_gain?;
    Some(total(&value(solution, plan, problem)).saturating_add(gain.minor()))
}

fn serve(
    shop: Shop<'_>,
    desk: &Desk<'_>,
    plan: &Plan,
    problem: &Problem,
    solution: &Solution,
    reduced: &Checked,
) -> Option<Served> {
    let gifts = offers(shop.candidates, problem);
    let goods = Goods { problem, checked: reduced, groups: &solution.settled.groups };
    desk.serve(&gifts, shop.candidates, goods, &plan.pieces)
}

fn outcome<'a>(
    shop: Shop<'a>,
    reduced: Checked<'a>,
    plan: Plan,
    (problem, solution): (Problem, Solution),
    served: Served,
) -> Outcome<'a> {
    let points = points::offers(shop.candidates, &problem);
    let earned = points::earn(&points, &problem, &solution.settled.groups);
    let gifts = offers(shop.candidates, &problem);
    let value = value(&solution, &plan, &problem);
    let units = plan.count();
    let rewards = Rewards { reduced, gifts, points, converted: plan.pieces, served, earned };
    Outcome { best: Best { problem, solution, rewards }, value, units }
}

impl Outcome<'_> {
    /// Whether this is to be preferred: a better value; at an equal one more units that became gifts, then the greater value
    /// on top, then more points. Otherwise the plan that came first stays.
    fn beats(&self, other: &Outcome<'_>) -> bool {
        self.key() > other.key()
    }

    fn key(&self) -> (&Value, u32, Amount, u64) {
        let rewards = &self.best.rewards;
        (&self.value, self.units, rewards.served.value, rewards.earned.total)
    }
}

/// The best outcome, with the amount by which a better one could at most exist.
fn close<'a>(shop: Shop<'_>, found: Outcome<'a>, most: Option<i64>, has_more: bool) -> Best<'a> {
    let taken = total(&found.value);
    let mut best = found.best;
    let paid = shop.checked.list_total().minor() + best.problem.delivery_price.minor() - taken;
    // Of plans that were left out nothing is known but that nothing costs less than nothing.
    let gain =
        if has_more { paid } else { most.map_or(0, |most| most.saturating_sub(taken).max(0)).min(paid) };
    // With several levels the hierarchy may be open although the total is not.
    let is_open = gain > 0 || (most.is_some() && best.problem.levels > 1);
    best.solution.possible_gain = is_open.then_some(Amount::from_minor(gain));
    best
}
