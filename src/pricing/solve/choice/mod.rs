//! What one unit of a line may carry, and what that is worth by itself; and what the sets of a promotion are worth as a whole.

mod model;
mod walk;
mod kit;
mod listed;
mod lister;
mod tight;

pub(super) use kit::{Kit, KitRole};
pub(super) use listed::Choices;
pub(super) use model::{Act, Choice, End, Gauge};
pub(super) use tight::tighten;

use crate::money::Amount;
use crate::pricing::problem::{Give, Offer, Problem, SetShare};
use crate::promotion::Count;

/// The most choices of one line that are looked at; what a line beyond it could still gain is bounded instead.
const CHOICES_MAX: usize = 2_048;
/// So many there may be in any case.
const CHOICES_MIN: usize = 4;
/// The most choices, times what each adds to and meets, in a whole problem: some tens of milliseconds.
const WORK_MAX: usize = 8_000_000;

/// Lists the choices of every line.
pub(super) fn list(problem: &Problem) -> Choices {
    let gauges = gauges(problem);
    let capped = capped(problem);
    let each = problem.lines.len() * (gauges.len() + problem.offers.len() + 1);
    let most = (WORK_MAX / each.max(1)).clamp(CHOICES_MIN, CHOICES_MAX);
    let mut unlisted = 0;
    let mut sets = Vec::with_capacity(problem.lines.len());
    for place in 0..problem.lines.len() {
        let (of_line, is_whole) = lister::sets(problem, place, most);
        sets.push(of_line);
        // A way that is not listed may complete the sets of other lines and reach sums for all: anything may hang on it.
        if !is_whole {
            unlisted = payable(problem);
        }
    }
    let kits = kit::list(problem, &gauges, &capped, &sets);
    let rates: Vec<i64> = capped.iter().map(|&offer| lister::kept(problem, offer, &sets)).collect();
    let seen = lister::Seen { gauges: &gauges, capped: &capped, rates: &rates, kits: &kits };
    let lines =
        sets.iter().enumerate().map(|(place, sets)| lister::Lister::of(problem, seen, place).choices(sets));
    let lines = lines.collect();
    // Nor is it known what else a pattern that is not listed would make possible.
    let is_whole = |offer: &Offer| offer.set.as_ref().is_none_or(|rules| rules.is_whole);
    if !problem.offers.iter().all(is_whole) {
        unlisted = payable(problem);
    }
    let gains = gains(problem, &kits);
    let kept = capped.iter().zip(&rates).map(|(&offer, &rate)| {
        let most = problem.offers.get(offer).and_then(|offer| offer.max_discount).unwrap_or_default();
        walk::part_up(most.minor(), rate)
    });
    let kept = kept.collect();
    Choices { gauges, capped, kept, lines, kits, gains, unlisted }
}

/// All that could be taken off.
pub(super) fn payable(problem: &Problem) -> i64 {
    let goods = problem.lines.iter().map(|line| line.list.above(line.floor).times(line.quantity));
    (goods.sum::<Amount>() + problem.delivery_price).minor()
}

/// What the sets of each offer get at most beside what their units lose.
fn gains(problem: &Problem, kits: &[Kit]) -> Vec<i64> {
    let gain = |(place, offer): (usize, &Offer)| {
        let mine = || kits.iter().filter(|kit| kit.offer == place && kit.gain > 0);
        let most = mine().map(|kit| kit.gain).max()?;
        let units: i64 = offer
            .on
            .ones()
            .filter_map(|line| problem.lines.get(line))
            .map(|line| i64::from(line.quantity))
            .sum();
        let sets = units / mine().map(Kit::size).min()?.max(1);
        let allowed = offer.set.as_ref().and_then(|rules| rules.sets_max).map_or(i64::MAX, i64::from);
        Some(most.saturating_mul(sets.min(allowed)).min(room(problem, offer)))
    };
    problem.offers.iter().enumerate().filter_map(gain).collect()
}

/// The most that can be taken off the goods of an offer, down to their floors.
pub(super) fn room(problem: &Problem, offer: &Offer) -> i64 {
    let lines = offer.on.ones().filter_map(|line| problem.lines.get(line));
    lines.map(|line| line.list.above(line.floor).times(line.quantity).minor()).sum()
}

fn gauges(problem: &Problem) -> Vec<Gauge> {
    let mut gauges = Vec::new();
    for (place, offer) in problem.offers.iter().enumerate() {
        if offer.spend.is_some() {
            gauges.push(Gauge::Offer(place));
        }
        match offer.count {
            None => {}
            Some(Count::Together) => gauges.push(Gauge::Count(place, None)),
            Some(Count::SameSku) => {
                let skus = offer.on.ones().filter_map(|line| problem.lines.get(line)).map(|line| line.sku);
                let mut skus: Vec<usize> = skus.collect();
                skus.sort_unstable();
                skus.dedup();
                gauges.extend(skus.into_iter().map(|sku| Gauge::Count(place, Some(sku))));
            }
        }
    }
    gauges.extend((0..problem.deliveries.len()).map(Gauge::Delivery));
    for (place, duty) in problem.duties.iter().enumerate() {
        gauges.extend((!duty.from.is_zero()).then_some(Gauge::Duty(place)));
        gauges.extend((duty.pieces > 0).then_some(Gauge::Pieces(place)));
    }
    gauges
}

/// The offers whose maximum is below what they could take off the whole basket.
fn capped(problem: &Problem) -> Vec<usize> {
    let most = |offer: &Offer| -> i64 {
        if let Some(SetShare::Price(_) | SetShare::Amount(_)) = offer.set.as_ref().and_then(|set| set.shared)
        {
            return room(problem, offer);
        }
        let on = offer.on.ones().filter_map(|line| problem.lines.get(line).map(|numbers| (line, numbers)));
        on.map(|(line, numbers)| {
            let cuts = offer.tiers.iter().filter_map(|tier| match &tier.give {
                Give::Units(cut) => Some(cut.take(line, numbers, numbers.list, problem.rounding)),
                Give::Basket(_) => None,
            });
            cuts.max().unwrap_or_default().times(numbers.quantity).minor()
        })
        .sum()
    };
    let may_hold = |offer: &Offer| offer.max_discount.is_some_and(|maximum| maximum.minor() < most(offer));
    problem.offers.iter().enumerate().filter(|(_, offer)| may_hold(offer)).map(|(place, _)| place).collect()
}
