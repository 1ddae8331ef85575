//! What an offer that was not taken would be worth, as far as that says why: nothing at all, or less than what it would cost others.

use std::ops::Range;

use fixedbitset::FixedBitSet;

use super::priced::Priced;
use crate::money::Amount;
use crate::pricing::problem::{Cut, Give, Offer, Problem, Role, SetRules, dearest_units};
use crate::pricing::settle::{Group, Settled, reached};
use crate::promotion::{Measured, Stage};
use crate::rulebook::PromotionIndex;

/// Whether an offer would take nothing off any of its units, floors or not: its price is no lower than theirs.
pub(super) fn takes_nothing(problem: &Problem, settled: &Settled, place: usize, offer: &Offer) -> bool {
    let groups = || settled.groups.iter().filter(|group| offer.on.contains(group.line));
    let price = |group: &Group| stands(problem, group, place, offer);
    if let Some(rules) = &offer.set
        && let Some(share) = rules.shared
    {
        let whole = dearest_set(rules, settled, price);
        return share.of(whole).is_zero();
    }
    offer.tiers.iter().enumerate().all(|(role, tier)| match &tier.give {
        Give::Basket(amount) => amount.is_zero(),
        Give::Units(cut) => {
            let fits = |group: &&Group| has_role(offer, role, group.line);
            groups().filter(fits).all(|group| wanted(problem, cut, group, price(group)).is_zero())
        }
    })
}

/// The promotions that apply and whose sums one application of an offer would bring below what they ask for.
pub(super) fn displaced(priced: &Priced<'_>, place: usize, offer: &Offer) -> Vec<PromotionIndex> {
    let (problem, settled) = (priced.problem, &priced.solution.settled);
    let loss = |lines: &FixedBitSet| {
        if offer.on.ones().any(|line| lines.contains(line)) {
            most(problem, settled, place, offer)
        } else {
            Amount::ZERO
        }
    };
    let spends = problem.offers.iter().enumerate().filter_map(|(other, rival)| {
        let measure = rival.spend.as_ref().filter(|measure| measure.of == Measured::Current)?;
        let is_earlier = (offer.level, offer.stage) < (rival.level, Stage::Basket);
        let is_applied = settled.taken.get(other).is_some_and(|taken| !taken.is_zero());
        if !is_earlier || !is_applied {
            return None;
        }
        let counting = settled
            .groups
            .iter()
            .filter(|group| measure.lines.contains(group.line) && problem.goes_with(other, &group.carried));
        let before = |group: &Group| {
            let is_before = |by: usize| {
                problem
                    .offers
                    .get(by)
                    .is_some_and(|one| (one.level, one.stage) < (rival.level, Stage::Basket))
            };
            let list = problem.lines.get(group.line).map_or(Amount::ZERO, |line| line.list);
            list - group.takes.iter().filter(|&&(by, _)| is_before(by)).map(|&(_, take)| take).sum()
        };
        let sum: Amount = counting.map(|group| before(group).times(group.count)).sum();
        let from = rival.tiers.get(reached(rival, sum.minor())?)?.from;
        (sum - loss(&measure.lines) < Amount::from_minor(from)).then_some(rival.index)
    });
    let delivery = settled.delivery.and_then(|at| problem.deliveries.get(at)).filter(|delivery| {
        let counting = settled
            .groups
            .iter()
            .filter(|group| delivery.lines.contains(group.line) && delivery.counts(&group.carried));
        let sum: Amount = counting.map(|group| group.price.times(group.count)).sum();
        delivery.of == Measured::Current && sum - loss(&delivery.lines) < delivery.from
    });
    let mut displaced: Vec<PromotionIndex> = spends.chain(delivery.map(|delivery| delivery.index)).collect();
    displaced.sort_unstable();
    displaced
}

/// The most that an offer would take off, with sets one of them.
fn most(problem: &Problem, settled: &Settled, place: usize, offer: &Offer) -> Amount {
    let price = |group: &Group| stands(problem, group, place, offer);
    let groups = || settled.groups.iter().filter(|group| offer.on.contains(group.line));
    let of_tier = |role: usize, give: &Give| match give {
        Give::Basket(amount) => *amount,
        Give::Units(cut) => {
            let fits = groups().filter(|group| has_role(offer, role, group.line));
            let of = |group: &Group| wanted(problem, cut, group, price(group));
            match offer.set.as_ref().and_then(|rules| rules.roles.get(role)) {
                Some(role) => fits.map(of).max().unwrap_or_default().times(role.quantity),
                None => fits.map(|group| of(group).times(group.count)).sum(),
            }
        }
    };
    let tiers = offer.tiers.iter().enumerate().map(|(role, tier)| of_tier(role, &tier.give));
    let all = match &offer.set {
        Some(rules) => match rules.shared {
            Some(share) => share.of(dearest_set(rules, settled, price)),
            None => tiers.max().unwrap_or_default(),
        },
        None => tiers.max().unwrap_or_default(),
    };
    offer.max_discount.map_or(all, |most| most.min(all))
}

/// What the dearest set costs at most, as if no two slots wanted one unit.
fn dearest_set(rules: &SetRules, settled: &Settled, price: impl Fn(&Group) -> Amount) -> Amount {
    let of_role = |role: &Role| {
        let fitting = settled.groups.iter().filter(|group| role.lines.contains(group.line));
        dearest_units(fitting.map(|group| (price(group), group.count)), role.quantity)
    };
    let of_pattern = |roles: &Range<usize>| {
        rules.roles.get(roles.clone()).unwrap_or_default().iter().map(of_role).sum::<Amount>()
    };
    rules.patterns.iter().map(|pattern| of_pattern(&pattern.roles)).max().unwrap_or_default()
}

/// Whether a unit of a line may get what a tier gives: with sets a tier is a role.
fn has_role(offer: &Offer, role: usize, line: usize) -> bool {
    let role = offer.set.as_ref().and_then(|rules| rules.roles.get(role));
    role.is_none_or(|role| role.lines.contains(line))
}

/// What a cut would take off a unit if there were no floors.
fn wanted(problem: &Problem, cut: &Cut, group: &Group, price: Amount) -> Amount {
    let line = problem.lines.get(group.line);
    line.map_or(Amount::ZERO, |line| cut.wanted(group.line, line, price, problem.rounding).min(price))
}

/// Where a unit's price stands when an offer would take effect.
fn stands(problem: &Problem, group: &Group, place: usize, offer: &Offer) -> Amount {
    let turn = |at: usize, one: &Offer| (one.level, one.stage, one.order(), at);
    let is_before = |by: usize| problem.offers.get(by).is_some_and(|one| turn(by, one) < turn(place, offer));
    let list = problem.lines.get(group.line).map_or(Amount::ZERO, |line| line.list);
    list - group.takes.iter().filter(|&&(by, _)| is_before(by)).map(|&(_, take)| take).sum()
}
