//! The lines under one setting of every switch, with a bound on what they can take off.
//!
//! Rows couple the lines: a sum to be reached, a number of units, an amount that is shared. Each row gets a multiplier that
//! charges (or pays) a choice for its part in the row; whatever the multipliers, the best charged choices together with
//! the rows' own side bound every assignment from above. A short bisection finds multipliers that bound well.

use smallvec::SmallVec;

use super::choice::{Choice, Choices, Gauge};
use super::switch::{Effect, Plan, Setting};
use crate::pricing::problem::Problem;
use crate::pricing::settle::Value;

/// Multipliers are in parts of this.
const ONE: i64 = 256;
/// The largest multiplier of a sum to be reached: a kopiyka measured is worth at most so much given up.
const SUM_MULTIPLIER_MAX: i64 = ONE * 1_024;
/// Rounds over the rows: more hardly move the bound.
const ROUNDS: usize = 2;

/// A bound in parts of [`ONE`], one entry a level.
pub(super) type Bound = SmallVec<[i128; 4]>;

/// How a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// The sum must reach the bound.
    AtLeast,
    /// The sum must not pass the bound.
    AtMost,
    /// What passes the bound is lost.
    Shared,
}

/// One coupling of the lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub sense: Sense,
    /// The level from which on it counts.
    pub level: usize,
    pub bound: i64,
    multiplier_max: i64,
}

/// One choice of a line under the settings.
#[derive(Debug, Clone)]
pub(super) struct Pick {
    /// The choice's place in its line's list.
    pub choice: usize,
    /// What a unit takes off, before it is charged.
    pub value: Value,
    /// What a unit adds to each row.
    pub adds: SmallVec<[i64; 4]>,
    /// What a unit takes off, charged by the multipliers.
    pub charged: Bound,
}

/// One line under the settings.
pub(super) struct LinePicks {
    pub quantity: u32,
    /// The best charged first; never empty.
    pub picks: Vec<Pick>,
}

/// The lines under the settings.
pub(super) struct Relaxation {
    pub rows: Vec<Row>,
    multipliers: Vec<i64>,
    pub lines: Vec<LinePicks>,
    /// What is taken off whatever is chosen.
    pub constant: Value,
    steps: u64,
}

/// Whether a choice may be taken under the settings: an offer only at the tier that is set, and no two basket amounts that
/// are on and do not stack on its unit.
pub(super) fn is_allowed(
    problem: &Problem,
    plan: &Plan,
    settings: &[Option<Setting>],
    choice: &Choice,
) -> bool {
    let set = |offer: usize| {
        plan.of_offer.get(offer).copied().flatten().and_then(|switch| settings.get(switch).copied().flatten())
    };
    let acts_fit = choice
        .acts
        .iter()
        .all(|act| set(act.offer).is_none_or(|setting| setting.effect == Effect::Units(*act)));
    let is_on =
        |offer: usize| set(offer).is_some_and(|setting| matches!(setting.effect, Effect::Basket { .. }));
    acts_fit
        && choice.takers.iter().enumerate().all(|(place, &(one, _))| {
            let mut later = choice.takers.iter().skip(place + 1);
            !is_on(one) || later.all(|&(other, _)| !is_on(other) || problem.is_compatible(one, other))
        })
}

impl Relaxation {
    /// Builds the rows and finds good multipliers, and counts the work into `steps`; `None` where some line has no choice
    /// left, or as soon as the bound is worse than `least`.
    pub(super) fn new(
        problem: &Problem,
        choices: &Choices,
        plan: &Plan,
        settings: &[Option<Setting>],
        least: &Value,
        steps: &mut u64,
    ) -> Option<Self> {
        let mut builder = Builder { problem, choices, plan, settings, rows: Vec::new(), sources: Vec::new() };
        let constant = builder.rows();
        let lines = builder.lines()?;
        // What is shared begins fully charged: its amount once, and nothing for the units. From there the other rows find
        // their multipliers; the other way round the descent gets stuck.
        let begin = |row: &Row| if row.sense == Sense::Shared { ONE } else { 0 };
        let multipliers = builder.rows.iter().map(begin).collect();
        let mut relaxation = Relaxation { rows: builder.rows, multipliers, lines, constant, steps: 0 };
        let is_open = relaxation.tune(least);
        *steps += relaxation.steps;
        is_open.then(|| {
            relaxation.charge();
            relaxation
        })
    }

    /// The bound of everything.
    pub(super) fn bound(&self) -> Bound {
        let mut bound = self.open();
        for line in &self.lines {
            if let Some(best) = line.picks.first() {
                add(&mut bound, &best.charged, i128::from(line.quantity));
            }
        }
        bound
    }

    /// The bound before any line: what is constant, and the rows' own side.
    pub(super) fn open(&self) -> Bound {
        let mut bound: Bound = self.constant.iter().map(|&sum| i128::from(sum) * i128::from(ONE)).collect();
        for (row, &multiplier) in self.rows.iter().zip(&self.multipliers) {
            let side = i128::from(row.bound) * i128::from(multiplier);
            let side = if row.sense == Sense::AtLeast { -side } else { side };
            bound.iter_mut().skip(row.level).for_each(|sum| *sum += side);
        }
        bound
    }

    /// Bisects the multiplier of each row that the best choices break; false as soon as the bound is worse than `least`.
    fn tune(&mut self, least: &Value) -> bool {
        for _ in 0..ROUNDS {
            for place in 0..self.rows.len() {
                let (bound, broken) = self.evaluate();
                if whole(&bound) < *least {
                    return false;
                }
                let is_broken = broken.get(place).copied().unwrap_or_default();
                let is_charged = self.multipliers.get(place).is_some_and(|&multiplier| multiplier > 0);
                if (is_broken || is_charged) && !self.bisect(place, least) {
                    return false;
                }
            }
        }
        true
    }

    /// Finds the multiplier of one row that bounds best; false as soon as the bound is worse than `least`.
    fn bisect(&mut self, place: usize, least: &Value) -> bool {
        let Some(row) = self.rows.get(place).copied() else {
            return true;
        };
        let (mut low, mut high, mut next) = (0, row.multiplier_max, row.multiplier_max);
        self.set(place, 0);
        let mut best = (self.evaluate().0, 0);
        loop {
            self.set(place, next);
            let (bound, broken) = self.evaluate();
            if whole(&bound) < *least {
                return false;
            }
            if bound < best.0 {
                best = (bound, next);
            }
            if broken.get(place).copied().unwrap_or_default() {
                low = next;
            } else {
                high = next;
            }
            if high - low <= 1 {
                break;
            }
            next = low.midpoint(high);
        }
        self.set(place, best.1);
        true
    }

    fn set(&mut self, place: usize, multiplier: i64) {
        if let Some(slot) = self.multipliers.get_mut(place) {
            *slot = multiplier;
        }
    }

    /// The bound under the multipliers, and which rows the best charged choices break.
    fn evaluate(&mut self) -> (Bound, SmallVec<[bool; 8]>) {
        let mut bound = self.open();
        let mut sums: SmallVec<[i128; 8]> = SmallVec::from_elem(0, self.rows.len());
        for line in &self.lines {
            let mut best: Option<(Bound, &Pick)> = None;
            for pick in &line.picks {
                self.steps += 1;
                let charged = self.charged(pick);
                if best.as_ref().is_none_or(|(most, _)| charged > *most) {
                    best = Some((charged, pick));
                }
            }
            if let Some((charged, pick)) = best {
                add(&mut bound, &charged, i128::from(line.quantity));
                for (sum, &one) in sums.iter_mut().zip(&pick.adds) {
                    *sum += i128::from(one) * i128::from(line.quantity);
                }
            }
        }
        let broken = sums.iter().zip(&self.rows).map(|(&sum, row)| match row.sense {
            Sense::AtLeast => sum < i128::from(row.bound),
            Sense::AtMost | Sense::Shared => sum > i128::from(row.bound),
        });
        (bound, broken.collect())
    }

    fn charged(&self, pick: &Pick) -> Bound {
        let mut charged: Bound = pick.value.iter().map(|&sum| i128::from(sum) * i128::from(ONE)).collect();
        for ((row, &multiplier), &one) in self.rows.iter().zip(&self.multipliers).zip(&pick.adds) {
            if multiplier != 0 && one != 0 {
                let part = i128::from(one) * i128::from(multiplier);
                let part = if row.sense == Sense::AtLeast { part } else { -part };
                charged.iter_mut().skip(row.level).for_each(|sum| *sum += part);
            }
        }
        charged
    }

    fn charge(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        for line in &mut lines {
            for pick in &mut line.picks {
                pick.charged = self.charged(pick);
            }
            // Stable: among equal ones the choices keep their own order.
            line.picks.sort_by(|one, other| {
                other.charged.cmp(&one.charged).then_with(|| other.value.cmp(&one.value))
            });
        }
        self.lines = lines;
    }
}

/// Adds `times × more` to a bound.
pub(super) fn add(bound: &mut Bound, more: &Bound, times: i128) {
    for (sum, part) in bound.iter_mut().zip(more) {
        *sum += part * times;
    }
}

/// The best whole value under a bound. Where an entry is no whole number the later ones are free: a whole value below it
/// may have anything there.
pub(super) fn whole(bound: &Bound) -> Value {
    let one = i128::from(ONE);
    let mut value = Value::new();
    let mut is_free = false;
    for &sum in bound {
        let floor = sum.div_euclid(one);
        value.push(if is_free { i64::MAX } else { i64::try_from(floor).unwrap_or(i64::MAX) });
        is_free |= sum.rem_euclid(one) != 0;
    }
    value
}

/// Where a row's coefficients come from.
#[derive(Clone, Copy)]
enum SourceOf {
    Gauge(usize),
    Limit(usize),
    Units(usize),
    Capped(usize),
    Room(usize),
}

struct Builder<'a> {
    problem: &'a Problem,
    choices: &'a Choices,
    plan: &'a Plan,
    settings: &'a [Option<Setting>],
    rows: Vec<Row>,
    sources: Vec<SourceOf>,
}

impl Builder<'_> {
    fn row(&mut self, source: SourceOf, row: Row) {
        self.sources.push(source);
        self.rows.push(row);
    }

    /// Collects the rows; returns what is taken off whatever is chosen.
    fn rows(&mut self) -> Value {
        let mut constant = Value::from_elem(0, self.problem.levels);
        for (switch, setting) in self.plan.switches.iter().zip(self.settings) {
            let Some(setting) = setting else {
                continue;
            };
            if let Some((gauge, sum)) = setting.need {
                let level = switch.level;
                let row =
                    Row { sense: Sense::AtLeast, level, bound: sum, multiplier_max: SUM_MULTIPLIER_MAX };
                self.row(SourceOf::Gauge(gauge), row);
            }
            if let Some((gauge, sum)) = setting.limit {
                let multiplier_max = SUM_MULTIPLIER_MAX;
                let row = Row { sense: Sense::AtMost, level: switch.level, bound: sum, multiplier_max };
                self.row(SourceOf::Limit(gauge), row);
            }
            match setting.effect {
                Effect::Basket { offer, amount } if self.least_room(offer) >= i128::from(amount) => {
                    constant.iter_mut().skip(switch.level).for_each(|sum| *sum += amount);
                }
                Effect::Basket { offer, amount } => {
                    let row =
                        Row { sense: Sense::Shared, level: switch.level, bound: amount, multiplier_max: ONE };
                    self.row(SourceOf::Room(offer), row);
                }
                Effect::Delivery { takes, .. } => {
                    if let Some(last) = constant.last_mut() {
                        *last += takes;
                    }
                }
                Effect::Off | Effect::Units(_) => {}
            }
        }
        for &offer in &self.choices.capped {
            let maximum =
                self.problem.offers.get(offer).and_then(|offer| Some((offer.level, offer.max_discount?)));
            if let Some((level, most)) = maximum {
                let bound = most.minor();
                self.row(
                    SourceOf::Capped(offer),
                    Row { sense: Sense::Shared, level, bound, multiplier_max: ONE },
                );
            }
        }
        for (place, offer) in self.problem.offers.iter().enumerate() {
            let quantity: u64 = offer
                .on
                .ones()
                .filter_map(|line| self.problem.lines.get(line))
                .map(|l| u64::from(l.quantity))
                .sum();
            if let Some(most) = offer.units_max.filter(|&most| u64::from(most) < quantity) {
                let dearest =
                    self.problem.lines.iter().map(|line| line.list.minor()).max().unwrap_or_default();
                let multiplier_max = dearest.saturating_add(1).saturating_mul(ONE);
                let row = Row { sense: Sense::AtMost, level: 0, bound: i64::from(most), multiplier_max };
                self.row(SourceOf::Units(place), row);
            }
        }
        constant
    }

    /// The room that a basket amount finds at the very least, whatever is chosen.
    fn least_room(&self, offer: usize) -> i128 {
        let room = |choice: &Choice| {
            choice.takers.iter().find(|&&(taker, _)| taker == offer).map_or(0, |&(_, room)| room)
        };
        let capped = self.choices.capped.is_empty();
        let lines = self.problem.lines.iter().zip(&self.choices.lines).map(|(line, list)| {
            let allowed = list.iter().filter(|choice| self.is_allowed(choice));
            i128::from(allowed.map(room).min().unwrap_or_default()) * i128::from(line.quantity)
        });
        // Another basket amount or a maximum that holds moves the prices that the room was seen at.
        let is_alone =
            self.settings.iter().flatten().filter(|s| matches!(s.effect, Effect::Basket { .. })).count() == 1;
        if capped && is_alone { lines.sum() } else { 0 }
    }

    fn is_allowed(&self, choice: &Choice) -> bool {
        self.plan.is_alive(choice) && is_allowed(self.problem, self.plan, self.settings, choice)
    }

    fn lines(&self) -> Option<Vec<LinePicks>> {
        let lines = self.problem.lines.iter().zip(&self.choices.lines).map(|(line, list)| {
            let picks = list.iter().enumerate().filter(|(_, choice)| self.is_allowed(choice));
            let picks: Vec<Pick> = picks.map(|(place, choice)| self.pick(place, choice)).collect();
            let picks = self.undominated(list, picks);
            (!picks.is_empty()).then_some(LinePicks { quantity: line.quantity, picks })
        });
        lines.collect()
    }

    fn pick(&self, place: usize, choice: &Choice) -> Pick {
        let mut value = choice.value.clone();
        let adds: SmallVec<[i64; 4]> = self.sources.iter().map(|&source| self.adds(choice, source)).collect();
        for ((source, row), &one) in self.sources.iter().zip(&self.rows).zip(&adds) {
            if matches!(source, SourceOf::Room(_)) {
                value.iter_mut().skip(row.level).for_each(|sum| *sum += one);
            }
        }
        Pick { choice: place, value, adds, charged: Bound::new() }
    }

    fn adds(&self, choice: &Choice, source: SourceOf) -> i64 {
        let of = |list: &[(usize, i64)], offer: usize| {
            list.iter().find(|&&(other, _)| other == offer).map_or(0, |&(_, part)| part)
        };
        match source {
            SourceOf::Gauge(gauge) if self.is_blocked(choice, gauge) => 0,
            SourceOf::Gauge(gauge) => choice.adds.get(gauge).map_or(0, |&(most, _)| most),
            SourceOf::Limit(gauge) if self.is_blocked(choice, gauge) => 0,
            SourceOf::Limit(gauge) => choice.adds.get(gauge).map_or(0, |&(_, least)| least),
            SourceOf::Units(offer) => i64::from(choice.carried.contains(&offer)),
            SourceOf::Capped(offer) => of(&choice.capped, offer),
            SourceOf::Room(offer) => of(&choice.takers, offer),
        }
    }

    /// Whether a basket amount that is on takes the unit and so keeps it from counting.
    fn is_blocked(&self, choice: &Choice, gauge: usize) -> bool {
        let mut takers = choice.takers.iter().map(|&(offer, _)| offer).filter(|&offer| self.is_on(offer));
        match self.choices.gauges.get(gauge) {
            Some(&Gauge::Offer(measuring)) => {
                takers.any(|offer| !self.problem.is_compatible(offer, measuring))
            }
            Some(&Gauge::Delivery(place)) => takers.any(|offer| {
                self.problem.deliveries.get(place).is_some_and(|delivery| !delivery.counts(&[offer]))
            }),
            None => false,
        }
    }

    /// Whether an offer's basket amount is on.
    fn is_on(&self, offer: usize) -> bool {
        let is_it =
            |setting: &Setting| matches!(setting.effect, Effect::Basket { offer: on, .. } if on == offer);
        self.settings.iter().flatten().any(is_it)
    }

    /// Leaves out a choice where another of the line is worth more and adds at least as well to every row, so that it keeps
    /// the settings. Only where nothing is shared: there a unit's worth depends on the others.
    fn undominated(&self, list: &[Choice], picks: Vec<Pick>) -> Vec<Pick> {
        let last = self.problem.levels - 1;
        let is_upset = |offer: usize| self.problem.offers.get(offer).is_none_or(|offer| offer.level != last);
        let takers = |pick: &Pick| -> SmallVec<[usize; 2]> {
            let takers = list.get(pick.choice).map_or(&[][..], |choice| choice.takers.as_slice());
            takers.iter().map(|&(offer, _)| offer).filter(|&offer| self.is_on(offer)).collect()
        };
        let is_bound = |pick: &Pick| {
            self.rows.iter().zip(&pick.adds).any(|(row, &one)| row.sense == Sense::Shared && one != 0)
                || takers(pick).into_iter().any(is_upset)
        };
        // What a limit sees is exact, or nothing is known of two choices that add differently.
        let is_vague = |pick: &Pick| {
            let adds = list.get(pick.choice).map_or(&[][..], |choice| choice.adds.as_slice());
            self.sources.iter().any(|source| match source {
                SourceOf::Limit(gauge) => adds.get(*gauge).is_some_and(|(most, least)| most != least),
                _ => false,
            })
        };
        let falls = self.plan.deliveries_fall;
        if !falls || picks.iter().any(|pick| is_bound(pick) || is_vague(pick)) {
            return picks;
        }
        let mut kept: Vec<Pick> = Vec::with_capacity(picks.len());
        for pick in picks {
            if !kept.iter().any(|better| self.dominates(better, &pick) && takers(better) == takers(&pick)) {
                kept.push(pick);
            }
        }
        kept
    }

    /// Whether `better` makes `pick` needless. Choices come with the best value first, so an equal one stays only for the sake
    /// of ties: it may use fewer promotions.
    fn dominates(&self, better: &Pick, pick: &Pick) -> bool {
        better.value > pick.value
            && self.rows.iter().zip(better.adds.iter().zip(&pick.adds)).all(|(row, (&ours, &theirs))| {
                match row.sense {
                    Sense::AtLeast => ours >= theirs,
                    Sense::AtMost => ours <= theirs,
                    Sense::Shared => true,
                }
            })
    }
}
