//! The choices of one line.

use std::cmp::Reverse;

use smallvec::{SmallVec, smallvec};

use super::kit::Kit;
use super::model::{Act, Acts, Choice, End, Gauge, Moment};
use super::walk::{Does, Step, WHOLE, Walk, in_order, part_down, part_up};
use crate::money::Amount;
use crate::pricing::problem::{Give, Line, Offer, Problem};
use crate::pricing::settle::{Offers, Value};
use crate::promotion::{Count, Measured, Stage};

/// The most promotions that one unit carries.
const CARRIED_MAX: usize = 64;

/// What a unit of a line may carry, at most so many ways; `false` where there are more.
pub(super) fn sets(problem: &Problem, place: usize, most: usize) -> (Vec<Acts>, bool) {
    let Some(line) = problem.lines.get(place) else {
        return (Vec::new(), true);
    };
    let take = |act: Act| {
        let acts = [act];
        let steps = in_order(problem, &acts);
        Walk::of(line, place, problem.rounding, &steps, |_| true).last_take()
    };
    let mut acts: Vec<Act> = Vec::new();
    for offer in 0..problem.offers.len() {
        acts.extend(tiers(problem, place, offer).map(|tier| Act { offer, tier }));
    }
    // Where there are too many sets, each act by itself is to be kept, and then those that begin with the greatest takes.
    acts.sort_by_key(|&act| Reverse(take(act)));
    let single = |&act: &Act| -> Acts { smallvec![act] };
    let mut sets: Vec<Acts> = std::iter::once(Acts::new()).chain(acts.iter().map(single)).collect();
    let is_whole = sets.len() <= most && grow(problem, &acts, &mut SmallVec::new(), &mut sets, most);
    sets.truncate(most);
    (sets, is_whole)
}

/// The tiers, or the roles, that a unit of the line may have of an offer.
fn tiers(problem: &Problem, place: usize, offer: usize) -> impl Iterator<Item = usize> + '_ {
    let numbers = problem.offers.get(offer).filter(|numbers| numbers.on.contains(place));
    let tiers = numbers.map_or(&[][..], |numbers| numbers.tiers.as_slice());
    let pieces = numbers.and_then(|numbers| pieces(problem, place, numbers));
    let fits = move |tier: usize, from: i64| {
        let rules = numbers.and_then(|numbers| numbers.set.as_ref());
        rules.is_none_or(|rules| rules.roles.get(tier).is_some_and(|role| role.lines.contains(place)))
            && pieces.is_none_or(|pieces| from <= pieces)
    };
    let gives = tiers.iter().enumerate().filter(|(_, tier)| matches!(tier.give, Give::Units(_)));
    gives.filter(move |(place, tier)| fits(*place, tier.from)).map(|(place, _)| place)
}

/// The units that an offer with tiers by quantity could count with those of the line.
fn pieces(problem: &Problem, place: usize, offer: &Offer) -> Option<i64> {
    let count = offer.count?;
    let own = problem.lines.get(place)?.sku;
    let lines = offer.on.ones().filter_map(|line| problem.lines.get(line));
    let counted = lines.filter(|line| count == Count::Together || line.sku == own);
    Some(counted.map(|line| i64::from(line.quantity)).sum())
}

/// All compatible sets of several acts; false where there are too many.
fn grow(problem: &Problem, open: &[Act], chosen: &mut Acts, sets: &mut Vec<Acts>, most: usize) -> bool {
    if chosen.len() > 1 {
        if sets.len() >= most || chosen.len() >= CARRIED_MAX {
            return false;
        }
        let mut set = chosen.clone();
        set.sort_by_key(|act| act.offer);
        sets.push(set);
    }
    let mut is_whole = true;
    for (place, &act) in open.iter().enumerate() {
        let fits = |other: &Act| other.offer != act.offer && problem.is_compatible(other.offer, act.offer);
        if chosen.iter().all(fits) {
            chosen.push(act);
            is_whole &= grow(problem, open.get(place + 1..).unwrap_or_default(), chosen, sets, most);
            chosen.pop();
        }
    }
    is_whole
}

/// Of what an offer with a maximum takes, the part that the customer keeps in any case, in parts of a million: where a unit
/// carries percentages that take effect later, these find less. With several levels, or where the offer shares an amount,
/// all of it.
pub(super) fn kept(problem: &Problem, offer: usize, sets: &[Vec<Acts>]) -> i64 {
    let shares = problem
        .offers
        .get(offer)
        .and_then(|offer| offer.set.as_ref())
        .is_some_and(|set| set.shared.is_some());
    if problem.levels > 1 || shares {
        return WHOLE;
    }
    let carrying = sets.iter().flatten().filter(|acts| acts.iter().any(|act| act.offer == offer));
    carrying.map(|acts| kept_by(problem, acts, offer).0).min().unwrap_or(WHOLE)
}

/// The same for one unit that carries these acts, and the percentages that take effect later; each may round.
fn kept_by(problem: &Problem, acts: &[Act], offer: usize) -> (i64, i64) {
    let steps = in_order(problem, acts);
    let own = steps.iter().find(|step| step.offer() == offer).map(|step| step.moment);
    let later = steps.iter().filter(|step| own.is_some_and(|own| own < step.moment));
    let percentages = later.filter_map(|step| step.later_rate());
    percentages.fold((WHOLE, 0), |(kept, count), rate| (part_up(kept, WHOLE - rate), count + 1))
}

/// What is known of the whole problem when the choices of a line are worked out.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) gauges: &'a [Gauge],
    pub(super) capped: &'a [usize],
    /// For each of these what [`kept`] says.
    pub(super) rates: &'a [i64],
    pub(super) kits: &'a [Kit],
}

/// Works out what the choices of one line are worth.
pub(super) struct Lister<'a> {
    problem: &'a Problem,
    gauges: &'a [Gauge],
    capped: &'a [usize],
    rates: &'a [i64],
    kits: &'a [Kit],
    /// The offers that may take an amount off the line's goods.
    baskets: Vec<usize>,
    place: usize,
}

/// One choice while it is worked out.
struct Draft<'a> {
    line: &'a Line,
    acts: &'a Acts,
    carried: Offers,
    /// In the order of effect.
    steps: SmallVec<[Step<'a>; 4]>,
    /// The highest prices: no maximum holds and no set leaves less.
    dear: Walk,
    /// The lowest prices.
    cheap: Walk,
}

impl<'a> Lister<'a> {
    pub(super) fn of(
        problem: &'a Problem,
        Seen { gauges, capped, rates, kits }: Seen<'a>,
        place: usize,
    ) -> Self {
        Lister { problem, gauges, capped, rates, kits, baskets: basket_offers(problem, place), place }
    }

    pub(super) fn choices(&self, sets: &[Acts]) -> Vec<Choice> {
        let Some(line) = self.problem.lines.get(self.place) else {
            return Vec::new();
        };
        let mut list: Vec<Choice> = sets.iter().map(|acts| self.choice(line, acts)).collect();
        list.sort_by(|one, other| other.value.cmp(&one.value).then_with(|| one.carried.cmp(&other.carried)));
        list
    }

    fn choice(&self, line: &Line, acts: &Acts) -> Choice {
        let draft = self.draft(line, acts);
        let (value, capped) = self.worth(&draft);
        let takers =
            self.baskets.iter().filter_map(|&offer| self.room(&draft, offer).map(|room| (offer, room)));
        let takers: SmallVec<[(usize, i64); 2]> = takers.collect();
        let rooms = takers.iter().map(|&(offer, _)| self.least_room(&draft, offer)).collect();
        let gauges = || self.gauges.iter().enumerate();
        let adds = gauges().map(|(place, &gauge)| self.add(&draft, place, gauge, true)).collect();
        let reach = gauges().map(|(place, &gauge)| self.add(&draft, place, gauge, false)).collect();
        let seats = acts.iter().filter_map(|act| self.seat(*act)).collect();
        Choice {
            acts: acts.clone(),
            value,
            capped,
            takers,
            rooms,
            adds,
            reach,
            seats,
            carried: draft.carried,
        }
    }

    fn draft<'b>(&'b self, line: &'b Line, acts: &'b Acts) -> Draft<'b> {
        let steps = in_order(self.problem, acts);
        let is_free = |step: &Step<'_>| !self.is_capped(step.offer()) && matches!(step.does, Does::Cut(_));
        let dear = self.walk(line, &steps, is_free);
        let cheap = self.walk(line, &steps, |_| true);
        Draft { line, acts, carried: acts.iter().map(|act| act.offer).collect(), steps, dear, cheap }
    }

    fn seat(&self, act: Act) -> Option<(usize, usize)> {
        self.kits.iter().enumerate().filter(|(_, kit)| kit.offer == act.offer).find_map(|(place, kit)| {
            let role = kit.roles.iter().position(|role| role.role == act.tier)?;
            Some((place, role))
        })
    }

    fn is_capped(&self, offer: usize) -> bool {
        self.capped.contains(&offer)
    }

    fn walk(&self, line: &Line, steps: &[Step<'_>], counts: impl Fn(&Step<'_>) -> bool) -> Walk {
        Walk::of(line, self.place, self.problem.rounding, steps, counts)
    }

    /// What is taken off in all, and what of it is owed to each offer whose maximum may hold.
    ///
    /// A price function never rises faster than the price it is given, so whatever an offer takes, the total grows by no
    /// more: what the others take without it, plus its own take, is an upper bound. With a single such offer the bound
    /// is sharper: the total stays between the one without it and the one with all of it.
    fn worth(&self, draft: &Draft<'_>) -> (Value, SmallVec<[(usize, i64); 2]>) {
        let levels = self.problem.levels;
        let Draft { line, steps, .. } = draft;
        let held: SmallVec<[usize; 4]> =
            draft.carried.iter().copied().filter(|&offer| self.is_capped(offer)).collect();
        let mut value = self.walk(line, steps, |step| !self.is_capped(step.offer())).value(levels);
        let is_emptied = steps.iter().any(|step| matches!(step.does, Does::Empties));
        // One with a maximum is worth what it takes, below, and leaves the others what they find without it.
        let empties = |step: &Step<'_>| matches!(step.does, Does::Empties) && !self.is_capped(step.offer());
        if let Some(place) = steps.iter().position(empties) {
            // What the set leaves may be reduced again: the part that does not depend on how much that is.
            let again: i64 =
                steps.iter().skip(place + 1).map(|step| step.slope().1).fold(0, i64::saturating_add);
            let again = again.min(line.list.minor());
            let from = steps.get(place).map_or(0, |step| step.moment.0);
            value.iter_mut().skip(from).for_each(|sum| *sum += again);
        }
        if let (&[offer], false) = (held.as_slice(), is_emptied) {
            let walk = self.walk(line, steps, |_| true);
            let full = walk.value(levels);
            let from = self.problem.offers.get(offer).map_or(0, |offer| offer.level);
            let gains = full.iter().zip(&value).skip(from).map(|(with, without)| with - without);
            let gain = gains.min().unwrap_or_default();
            let owed = self.owed(draft, offer, gain, walk.take_of(offer));
            return (full, SmallVec::from_slice(&[(offer, owed)]));
        }
        let mut capped = SmallVec::new();
        for &offer in &held {
            let others = |step: &Step<'_>| {
                step.offer() == offer || (!self.is_capped(step.offer()) && matches!(step.does, Does::Cut(_)))
            };
            let take = self.walk(line, steps, others).take_of(offer);
            let from = self.problem.offers.get(offer).map_or(0, |offer| offer.level);
            value.iter_mut().skip(from).for_each(|sum| *sum += take);
            // What is owed is never more than that: what is rounded is the unit's own.
            capped.push((offer, part_down(take, self.rate(offer))));
        }
        (value, capped)
    }

    fn rate(&self, offer: usize) -> i64 {
        let at = self.capped.iter().position(|&other| other == offer);
        at.and_then(|at| self.rates.get(at)).copied().unwrap_or(WHOLE)
    }

    /// What of `gain` a unit owes to an offer with a maximum, by the rate at which the customer keeps what that takes. A unit
    /// that keeps more than the rate says owes the less: what it keeps beyond is its own, and so is what may be rounded.
    fn owed(&self, draft: &Draft<'_>, offer: usize, gain: i64, take: i64) -> i64 {
        let rate = self.rate(offer);
        if rate == WHOLE {
            return gain;
        }
        let (own, percentages) = kept_by(self.problem, draft.acts, offer);
        (gain - part_up(take, own - rate) - percentages).max(0)
    }

    /// The room a basket amount finds on the unit; nothing where it does not take it.
    fn room(&self, draft: &Draft<'_>, place: usize) -> Option<i64> {
        let offer = self.problem.offers.get(place)?;
        if !self.problem.goes_with(place, &draft.carried) {
            return None;
        }
        let price = draft.dear.before((offer.level, offer.stage, 2, place));
        Some(price.above(draft.line.floor).minor())
    }

    /// The room a basket amount finds at least, when no other takes the unit.
    fn least_room(&self, draft: &Draft<'_>, place: usize) -> i64 {
        let Some(offer) = self.problem.offers.get(place) else {
            return 0;
        };
        let moment = (offer.level, offer.stage, 2, place);
        // What a set leaves of a unit is not known.
        let shares =
            draft.steps.iter().any(|step| step.moment < moment && !matches!(step.does, Does::Cut(_)));
        if shares { 0 } else { draft.cheap.before(moment).above(draft.line.floor).minor() }
    }

    /// What the unit adds to a sum, at most and at least; `with_sets` where its sets add their part by themselves. At most: no
    /// maximum holds a price up, so offers with one are left out; at least: nothing where a basket amount of a higher level
    /// may lower it or one may keep it from counting.
    fn add(&self, draft: &Draft<'_>, at: usize, gauge: Gauge, with_sets: bool) -> (i64, i64) {
        let line = draft.line;
        let baskets =
            || self.baskets.iter().filter_map(|&place| self.problem.offers.get(place).map(|o| (place, o)));
        let (most, least, is_lowered) = match gauge {
            Gauge::Count(place, sku) => {
                let counts = draft.carried.contains(&place) && sku.is_none_or(|sku| sku == line.sku);
                return (i64::from(counts), i64::from(counts));
            }
            Gauge::Offer(place) => {
                let Some((offer, measure)) =
                    self.problem.offers.get(place).and_then(|o| Some((o, o.spend.as_ref()?)))
                else {
                    return (0, 0);
                };
                if !measure.lines.contains(self.place) || !self.problem.goes_with(place, &draft.carried) {
                    return (0, 0);
                }
                let blocked = baskets().any(|(basket, _)| !self.problem.is_compatible(basket, place));
                if measure.of == Measured::List {
                    (line.list, line.list, blocked)
                } else {
                    let moment = (offer.level, Stage::Basket, 0, 0);
                    let lowered = baskets().any(|(_, basket)| basket.level < offer.level);
                    let (most, least) = self.between(draft, at, moment, with_sets);
                    (most, least, blocked || lowered)
                }
            }
            Gauge::Delivery(_) | Gauge::Duty(_) | Gauge::Pieces(_) => {
                let Some(end) = End::of(self.problem, gauge).filter(|end| end.counts(&draft.carried)) else {
                    return (0, 0);
                };
                if !end.lines.contains(self.place) {
                    return (0, 0);
                }
                let blocked = baskets().any(|(basket, _)| !end.counts(&[basket]));
                match end.of {
                    None => return (1, i64::from(!blocked)),
                    Some(Measured::List) => (line.list, line.list, blocked),
                    Some(Measured::Current) => {
                        let (most, least) = self.between(draft, at, End::MOMENT, with_sets);
                        (most, least, blocked || baskets().next().is_some())
                    }
                }
            }
        };
        (most.minor(), if is_lowered { 0 } else { least.minor() })
    }

    /// The price at a moment, at most and at least.
    fn between(&self, draft: &Draft<'_>, gauge: usize, moment: Moment, with_sets: bool) -> (Amount, Amount) {
        let before = |step: &&Step<'_>| step.moment < moment;
        let shared = draft.steps.iter().filter(before).find(|step| !matches!(step.does, Does::Cut(_)));
        let floor = draft.line.floor;
        match shared {
            None => (draft.dear.before(moment), draft.cheap.before(moment)),
            Some(step) if with_sets && self.is_seen(step.offer(), gauge) => match step.does {
                Does::Empties => (Amount::ZERO, Amount::ZERO),
                _ => (draft.dear.before(moment), draft.cheap.before(moment)),
            },
            Some(_) => (draft.dear.before(moment), Amount::ZERO.max(floor.min(draft.cheap.before(moment)))),
        }
    }

    /// Whether a gauge sees what the sets of an offer get, set by set.
    fn is_seen(&self, offer: usize, gauge: usize) -> bool {
        let mut kits = self.kits.iter().filter(|kit| kit.offer == offer);
        kits.all(|kit| kit.is_seen(gauge))
    }
}

/// The offers that may take an amount off the goods of a line.
fn basket_offers(problem: &Problem, line: usize) -> Vec<usize> {
    let gives = |offer: &Offer| offer.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_)));
    let offers = problem.offers.iter().enumerate();
    offers.filter(|(_, offer)| offer.on.contains(line) && gives(offer)).map(|(place, _)| place).collect()
}
