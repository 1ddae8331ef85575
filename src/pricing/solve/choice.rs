//! What one unit of a line may carry, and what that is worth by itself.

use std::cmp::Reverse;

use smallvec::SmallVec;

use crate::money::Amount;
use crate::pricing::problem::{Cut, Give, Line, Offer, Problem};
use crate::pricing::settle::{Offers, Value};
use crate::promotion::{Measured, Stage};

/// The most choices of one line that are looked at; what a line beyond it could still gain is bounded instead.
const CHOICES_MAX: usize = 2_048;
/// So many there may be in any case.
const CHOICES_MIN: usize = 4;
/// The most choices, times what each adds to and meets, in a whole problem: some tens of milliseconds.
const WORK_MAX: usize = 8_000_000;
/// The most promotions that one unit carries.
const CARRIED_MAX: usize = 64;

/// One set of offers that a unit of a line may carry.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// Ascending places of offers.
    pub carried: Offers,
    /// The offers with their tiers, ascending by offer.
    pub acts: SmallVec<[Act; 4]>,
    /// What is taken off one unit, when no maximum holds and before any basket amount: at least what it can be.
    pub value: Value,
    /// For each offer with a maximum that may hold: what of `value` is owed to it.
    pub capped: SmallVec<[(usize, i64); 2]>,
    /// The basket amounts that take the unit when they are on, with the room that is left above the floor.
    pub takers: SmallVec<[(usize, i64); 2]>,
    /// What one unit adds to the sum of each gauge, at most and at least.
    pub adds: SmallVec<[(i64, i64); 4]>,
}

/// An offer at one of its tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Act {
    pub offer: usize,
    pub tier: usize,
}

/// A sum that decides something: of an offer with a spend, or of a promotion on the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gauge {
    Offer(usize),
    Delivery(usize),
}

/// The choices of every line, and the sums that they add to.
pub(super) struct Choices {
    /// The sums; offers first.
    pub gauges: Vec<Gauge>,
    /// The offers whose maximum may hold something back.
    pub capped: Vec<usize>,
    /// For each line its choices, the best first; never empty, and the choice of nothing is among them.
    pub lines: Vec<Vec<Choice>>,
    /// What the units of lines with too many choices could gain beyond the best one listed.
    pub unlisted: i64,
}

/// Lists the choices of every line.
pub(super) fn list(problem: &Problem) -> Choices {
    let spends = problem.offers.iter().enumerate().filter(|(_, offer)| offer.spend.is_some());
    let gauges = spends
        .map(|(place, _)| Gauge::Offer(place))
        .chain((0..problem.deliveries.len()).map(Gauge::Delivery))
        .collect();
    let mut choices = Choices { gauges, capped: capped(problem), lines: Vec::new(), unlisted: 0 };
    let each = problem.lines.len() * (choices.gauges.len() + problem.offers.len() + 1);
    let most = (WORK_MAX / each.max(1)).clamp(CHOICES_MIN, CHOICES_MAX);
    for place in 0..problem.lines.len() {
        let baskets = basket_offers(problem, place);
        let lister =
            Lister { problem, gauges: &choices.gauges, capped: &choices.capped, baskets, most, place };
        let (list, unlisted) = lister.list();
        choices.lines.push(list);
        choices.unlisted += unlisted;
    }
    choices
}

/// The offers whose maximum is below what they could take off the whole basket.
fn capped(problem: &Problem) -> Vec<usize> {
    let most = |offer: &Offer| -> i64 {
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

/// Lists the choices of one line.
struct Lister<'a> {
    problem: &'a Problem,
    gauges: &'a [Gauge],
    capped: &'a [usize],
    /// The offers that may take an amount off the line's goods.
    baskets: Vec<usize>,
    /// The most choices that are listed.
    most: usize,
    place: usize,
}

/// The offers that may take an amount off the goods of a line.
fn basket_offers(problem: &Problem, line: usize) -> Vec<usize> {
    let gives = |offer: &Offer| offer.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_)));
    let offers = problem.offers.iter().enumerate();
    offers.filter(|(_, offer)| offer.on.contains(line) && gives(offer)).map(|(place, _)| place).collect()
}

impl Lister<'_> {
    fn list(&self) -> (Vec<Choice>, i64) {
        let Some(line) = self.problem.lines.get(self.place) else {
            return (Vec::new(), 0);
        };
        let mut acts: Vec<Act> = (0..self.problem.offers.len())
            .filter(|&offer| {
                self.problem.offers.get(offer).is_some_and(|offer| offer.on.contains(self.place))
            })
            .flat_map(|offer| self.unit_tiers(offer).map(move |tier| Act { offer, tier }))
            .collect();
        // Where there are too many sets, those that begin with the greatest takes are the ones to keep.
        acts.sort_by_key(|&act| Reverse(self.walk(line, &self.in_order(&[act]), |_| true).last_take()));
        let mut sets = Vec::new();
        let is_whole = self.grow(&acts, &mut SmallVec::new(), &mut sets);
        let mut list: Vec<Choice> = sets.iter().map(|acts| self.choice(line, acts)).collect();
        list.sort_by(|one, other| other.value.cmp(&one.value).then_with(|| one.carried.cmp(&other.carried)));
        let best = list.iter().filter_map(|choice| choice.value.last().copied()).max().unwrap_or_default();
        let unlisted = if is_whole { 0 } else { line.list.above(line.floor).minor() - best };
        (list, unlisted.max(0) * i64::from(line.quantity))
    }

    /// All compatible sets of acts, the empty one first; false where there are too many.
    fn grow(
        &self,
        open: &[Act],
        chosen: &mut SmallVec<[Act; 4]>,
        sets: &mut Vec<SmallVec<[Act; 4]>>,
    ) -> bool {
        if sets.len() >= self.most || chosen.len() >= CARRIED_MAX {
            return false;
        }
        let mut set = chosen.clone();
        set.sort_by_key(|act| act.offer);
        sets.push(set);
        let mut is_whole = true;
        for (place, &act) in open.iter().enumerate() {
            let fits =
                |other: &Act| other.offer != act.offer && self.problem.is_compatible(other.offer, act.offer);
            if chosen.iter().all(fits) {
                chosen.push(act);
                is_whole &= self.grow(open.get(place + 1..).unwrap_or_default(), chosen, sets);
                chosen.pop();
            }
        }
        is_whole
    }

    fn unit_tiers(&self, offer: usize) -> impl Iterator<Item = usize> + '_ {
        let tiers = self.problem.offers.get(offer).map_or(&[][..], |offer| offer.tiers.as_slice());
        (0..tiers.len())
            .filter(|&tier| tiers.get(tier).is_some_and(|tier| matches!(tier.give, Give::Units(_))))
    }

    fn choice(&self, line: &Line, acts: &SmallVec<[Act; 4]>) -> Choice {
        let carried: Offers = acts.iter().map(|act| act.offer).collect();
        let ordered = self.in_order(acts);
        let is_capped = |offer: usize| self.capped.contains(&offer);
        let held: SmallVec<[usize; 4]> = carried.iter().copied().filter(|&offer| is_capped(offer)).collect();
        let bare = self.walk(line, &ordered, |offer| !is_capped(offer));
        let (value, capped) = self.with_capped(line, &ordered, &held, &bare);
        let full = self.walk(line, &ordered, |_| true);
        let takers = self
            .baskets
            .iter()
            .filter_map(|&offer| self.room(line, offer, &carried, &bare).map(|room| (offer, room)))
            .collect();
        let adds = self.gauges.iter().map(|&gauge| self.add(line, gauge, &carried, &bare, &full)).collect();
        Choice { carried, acts: acts.clone(), value, capped, takers, adds }
    }

    /// The acts in the order of effect, each with its cut.
    fn in_order(&self, acts: &[Act]) -> SmallVec<[Step<'_>; 4]> {
        let mut steps: SmallVec<[Step<'_>; 4]> = acts
            .iter()
            .filter_map(|act| {
                let offer = self.problem.offers.get(act.offer)?;
                let give = &offer.tiers.get(act.tier)?.give;
                let Give::Units(cut) = give else {
                    return None;
                };
                Some(Step { moment: (offer.level, offer.stage, give.order(), act.offer), cut })
            })
            .collect();
        steps.sort_by_key(|step| step.moment);
        steps
    }

    /// The price of one unit after each step that `counts` lets take effect.
    fn walk<'b>(&self, line: &Line, steps: &[Step<'b>], counts: impl Fn(usize) -> bool) -> Walk {
        let mut walk = Walk { list: line.list, marks: SmallVec::new() };
        let mut price = line.list;
        for step in steps {
            let (_, _, _, offer) = step.moment;
            if counts(offer) {
                price -= step.cut.take(self.place, line, price, self.problem.rounding);
                walk.marks.push((step.moment, price));
            }
        }
        walk
    }

    /// What is taken off in all, and what of it is owed to each offer whose maximum may hold.
    ///
    /// A price function never rises faster than the price it is given, so whatever an offer takes, the total grows by no
    /// more: what the others take without it, plus its own take, is an upper bound. With a single such offer the bound
    /// is sharper: the total stays between the one without it and the one with all of it.
    fn with_capped(
        &self,
        line: &Line,
        steps: &[Step<'_>],
        held: &[usize],
        bare: &Walk,
    ) -> (Value, SmallVec<[(usize, i64); 2]>) {
        let levels = self.problem.levels;
        let base = bare.value(levels);
        match held {
            [] => (base, SmallVec::new()),
            &[offer] => {
                let value = self.walk(line, steps, |_| true).value(levels);
                let from = self.problem.offers.get(offer).map_or(0, |offer| offer.level);
                let gains = value.iter().zip(&base).skip(from).map(|(with, without)| with - without);
                let gain = gains.min().unwrap_or_default();
                (value, SmallVec::from_slice(&[(offer, gain)]))
            }
            several => {
                let mut value = base.clone();
                let mut capped = SmallVec::new();
                for &offer in several {
                    let others = |other: usize| other == offer || !self.capped.contains(&other);
                    let take = self.walk(line, steps, others).take_of(offer);
                    let from = self.problem.offers.get(offer).map_or(0, |offer| offer.level);
                    value.iter_mut().skip(from).for_each(|sum| *sum += take);
                    capped.push((offer, take));
                }
                (value, capped)
            }
        }
    }

    /// The room a basket amount finds on the unit; nothing where it does not take it.
    fn room(&self, line: &Line, place: usize, carried: &Offers, bare: &Walk) -> Option<i64> {
        let offer = self.problem.offers.get(place)?;
        if !self.problem.goes_with(place, carried) {
            return None;
        }
        let price = bare.before((offer.level, offer.stage, 2, place));
        Some(price.above(line.floor).minor())
    }

    /// What the unit adds to a sum, at most and at least. At most: no maximum holds a price up, so offers with one are left
    /// out; at least: nothing where a basket amount of a higher level may lower it or one may keep it from counting.
    fn add(&self, line: &Line, gauge: Gauge, carried: &Offers, bare: &Walk, full: &Walk) -> (i64, i64) {
        let baskets =
            || self.baskets.iter().filter_map(|&place| self.problem.offers.get(place).map(|o| (place, o)));
        let (most, least, is_lowered) = match gauge {
            Gauge::Offer(place) => {
                let Some((offer, measure)) =
                    self.problem.offers.get(place).and_then(|o| Some((o, o.spend.as_ref()?)))
                else {
                    return (0, 0);
                };
                if !measure.lines.contains(self.place) || !self.problem.goes_with(place, carried) {
                    return (0, 0);
                }
                let blocked = baskets().any(|(basket, _)| !self.problem.is_compatible(basket, place));
                if measure.of == Measured::List {
                    (line.list, line.list, blocked)
                } else {
                    let moment = (offer.level, Stage::Basket, 0, 0);
                    let lowered = baskets().any(|(_, basket)| basket.level < offer.level);
                    (bare.before(moment), full.before(moment), blocked || lowered)
                }
            }
            Gauge::Delivery(place) => {
                let Some(delivery) = self.problem.deliveries.get(place) else {
                    return (0, 0);
                };
                if !delivery.lines.contains(self.place) || !delivery.counts(carried) {
                    return (0, 0);
                }
                let blocked = baskets().any(|(basket, _)| !delivery.counts(&[basket]));
                if delivery.of == Measured::List {
                    (line.list, line.list, blocked)
                } else {
                    (bare.last(), full.last(), blocked || baskets().next().is_some())
                }
            }
        };
        (most.minor(), if is_lowered { 0 } else { least.minor() })
    }
}

/// Level, stage, kind and offer: the order of effect.
type Moment = (usize, Stage, u8, usize);

struct Step<'a> {
    moment: Moment,
    cut: &'a Cut,
}

/// The price of one unit as promotions take effect.
struct Walk {
    list: Amount,
    marks: SmallVec<[(Moment, Amount); 4]>,
}

impl Walk {
    fn last(&self) -> Amount {
        self.marks.last().map_or(self.list, |&(_, price)| price)
    }

    fn before(&self, moment: Moment) -> Amount {
        self.marks.iter().take_while(|&&(at, _)| at < moment).last().map_or(self.list, |&(_, price)| price)
    }

    /// What is taken off in all.
    fn last_take(&self) -> Amount {
        self.list - self.last()
    }

    fn take_of(&self, offer: usize) -> i64 {
        let mut price = self.list;
        for &((_, _, _, at), next) in &self.marks {
            if at == offer {
                return (price - next).minor();
            }
            price = next;
        }
        0
    }

    /// What is taken off down to each level.
    fn value(&self, levels: usize) -> Value {
        (0..levels).map(|level| (self.list - self.before((level + 1, Stage::Item, 0, 0))).minor()).collect()
    }
}
