//! The rows, the kits and the picks of a relaxation.

use smallvec::SmallVec;

use super::bound::{Bound, ONE};
use super::kits::RelaxedKit;
use super::model::{Fixed, LinePicks, Only, Pick, Relaxation, Row, Sense, SourceOf};
use super::order;
use crate::pricing::problem::Problem;
use crate::pricing::settle::Value;
use crate::pricing::solve::choice::{Choice, Choices, End, Gauge, Kit};
use crate::pricing::solve::switch::{Effect, Plan, Setting};

/// The largest multiplier of a sum to be reached: a kopiyka measured is worth at most so much given up.
const SUM_MULTIPLIER_MAX: i64 = ONE * 1_024;
/// The most benefits of retailers that are watched while lines are served; beyond them the last word finds out.
pub(super) const RETAILERS_MAX: usize = 64;

/// Whether a choice may be taken under the settings: an offer only at the tier that is set, and no two basket amounts that
/// are on and do not stack on its unit.
fn is_allowed(
    problem: &Problem,
    plan: &Plan,
    settings: &[Option<Setting>],
    choice: &Choice,
    sku: usize,
) -> bool {
    let set = |offer: usize| plan.of(offer, sku).and_then(|switch| settings.get(switch).copied().flatten());
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

/// The relaxation with multipliers of nothing; `None` where some line has no choice left.
pub(super) fn relaxation(
    problem: &Problem,
    choices: &Choices,
    plan: &Plan,
    settings: &[Option<Setting>],
    (only, fixed): (Option<&Only<'_>>, &Fixed),
) -> Option<Relaxation> {
    let mut builder = Builder {
        only,
        fixed,
        problem,
        choices,
        plan,
        settings,
        rows: Vec::new(),
        sources: Vec::new(),
        retailers: retailers(choices),
    };
    let constant = builder.rows();
    let alive = builder.alive();
    let (lines, ranks) = builder.lines(&alive)?;
    let (lines, steps) = order::served(lines, &choices.kits);
    let kits = builder.kits(&lines, &alive);
    let may_leave = builder.may_leave();
    // What is shared begins fully charged: its amount once, and nothing for the units. From there the other rows find
    // their multipliers; the other way round the descent gets stuck.
    let begin = |row: &Row| if row.sense == Sense::Shared { ONE } else { 0 };
    let multipliers = builder.rows.iter().map(begin).collect();
    let (rows, sources) = (builder.rows, builder.sources);
    let mut relaxation =
        Relaxation { rows, sources, multipliers, kits, lines, constant, may_leave, torn: Vec::new(), steps };
    relaxation.guess(ranks);
    Some(relaxation)
}

/// The benefits that retailers assign: offers with their slots.
fn retailers(choices: &Choices) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for kit in choices.kits.iter().filter(|kit| kit.retailer_assigns) {
        for role in &kit.roles {
            if !found.contains(&(kit.offer, role.slot)) && found.len() < RETAILERS_MAX {
                found.push((kit.offer, role.slot));
            }
        }
    }
    found
}

pub(super) struct Builder<'a> {
    only: Option<&'a Only<'a>>,
    fixed: &'a Fixed,
    pub(super) problem: &'a Problem,
    pub(super) choices: &'a Choices,
    pub(super) plan: &'a Plan,
    pub(super) settings: &'a [Option<Setting>],
    pub(super) rows: Vec<Row>,
    pub(super) sources: Vec<SourceOf>,
    pub(super) retailers: Vec<(usize, usize)>,
}

impl Builder<'_> {
    fn row(&mut self, source: SourceOf, sense: Sense, level: usize, bound: i64, multiplier_max: i64) {
        self.sources.push(source);
        self.rows.push(Row { sense, level, bound, multiplier_max, is_rising: true });
    }

    /// Collects the rows; returns what is taken off whatever is chosen.
    fn rows(&mut self) -> Value {
        let mut constant = Value::from_elem(0, self.problem.levels);
        for (switch, setting) in self.plan.switches.iter().zip(self.settings) {
            let Some(setting) = setting else {
                let most = switch.settings.iter().map(Setting::amount).max().unwrap_or_default();
                constant.iter_mut().skip(switch.level).for_each(|sum| *sum += most);
                continue;
            };
            if let Some((gauge, sum)) = setting.need {
                self.row(SourceOf::Gauge(gauge), Sense::AtLeast, switch.level, sum, self.worth_max(gauge));
            }
            if let Some((gauge, sum)) = setting.limit {
                self.row(SourceOf::Limit(gauge), Sense::AtMost, switch.level, sum, self.worth_max(gauge));
            }
            match setting.effect {
                Effect::Basket { offer, amount } if self.has_room(offer, amount, setting.need) => {
                    constant.iter_mut().skip(switch.level).for_each(|sum| *sum += amount);
                }
                Effect::Basket { offer, amount } => {
                    self.row(SourceOf::Room(offer), Sense::Shared, switch.level, amount, ONE);
                }
                Effect::Delivery { takes, .. } => {
                    if let Some(last) = constant.last_mut() {
                        *last += takes;
                    }
                }
                Effect::Off | Effect::Units(_) => {}
            }
        }
        self.limits();
        constant
    }

    /// The rows that hold under every setting: maxima, duties, and numbers of units and sets.
    fn limits(&mut self) {
        for (&offer, &kept) in self.choices.capped.iter().zip(&self.choices.kept) {
            if let Some(level) = self.problem.offers.get(offer).map(|offer| offer.level) {
                self.row(SourceOf::Capped(offer), Sense::Shared, level, kept, ONE);
            }
        }
        for (at, gauge) in self.choices.gauges.iter().enumerate() {
            let duty = |place: usize| self.problem.duties.get(place);
            let least = match *gauge {
                Gauge::Duty(place) => duty(place).map(|duty| duty.from.minor()),
                Gauge::Pieces(place) => duty(place).map(|duty| i64::from(duty.pieces)),
                Gauge::Offer(_) | Gauge::Count(..) | Gauge::Delivery(_) => None,
            };
            if let Some(least) = least {
                self.row(SourceOf::Gauge(at), Sense::AtLeast, 0, least, self.worth_max(at));
            }
        }
        let unit_worth = self.dearest().saturating_add(1).saturating_mul(ONE);
        for (place, offer) in self.problem.offers.iter().enumerate() {
            let lines = offer.on.ones().filter_map(|line| self.problem.lines.get(line));
            let quantity: u64 = lines.map(|line| u64::from(line.quantity)).sum();
            if let Some(most) = offer.units_max.filter(|&most| u64::from(most) < quantity) {
                self.row(SourceOf::Units(place), Sense::AtMost, 0, i64::from(most), unit_worth);
            }
            let size = self.choices.kits.iter().filter(|kit| kit.offer == place).map(|kit| kit.size()).min();
            let sets_max = offer.set.as_ref().and_then(|rules| rules.sets_max).map(u64::from);
            let possible = size.and_then(|size| quantity.checked_div(u64::try_from(size).ok()?));
            if let (Some(most), Some(possible)) = (sets_max, possible)
                && most < possible
            {
                let worth = unit_worth.saturating_mul(size.unwrap_or(1));
                let most = i64::try_from(most).unwrap_or(i64::MAX);
                self.row(SourceOf::Sets(place), Sense::AtMost, 0, most, worth);
            }
        }
    }

    /// The units of a line that are there.
    fn quantity(&self, place: usize, whole: u32) -> u32 {
        self.only.map_or(whole, |only| only.left.get(place).copied().unwrap_or_default())
    }

    fn dearest(&self) -> i64 {
        self.problem.lines.iter().map(|line| line.list.minor()).max().unwrap_or_default()
    }

    /// The most that one more of what a gauge adds up can be worth.
    fn worth_max(&self, gauge: usize) -> i64 {
        match self.choices.gauges.get(gauge) {
            // A unit more can bring a tier to all.
            Some(Gauge::Count(..) | Gauge::Pieces(_)) => {
                self.problem.list_total().minor().saturating_add(1).saturating_mul(ONE)
            }
            _ => SUM_MULTIPLIER_MAX,
        }
    }

    /// Whether a basket amount finds room in any case: on all goods whatever is chosen, or because the goods that reach its sum
    /// have it.
    fn has_room(&self, offer: usize, amount: i64, need: Option<(usize, i64)>) -> bool {
        // Another basket amount moves the prices that the room was seen at.
        if self.on().count() != 1 || self.settings.iter().any(Option::is_none) && self.has_open_baskets() {
            return false;
        }
        let room = |choice: &Choice| {
            let place = choice.takers.iter().position(|&(taker, _)| taker == offer);
            place.and_then(|place| choice.rooms.get(place)).copied().unwrap_or_default()
        };
        let mut least: i128 = 0;
        let mut has_reached = need.is_some();
        for (line, list) in self.problem.lines.iter().zip(&self.choices.lines) {
            let allowed = || list.iter().filter(|choice| self.is_allowed(choice, line.sku));
            let lowest = allowed().map(room).min().unwrap_or_default();
            least += i128::from(lowest) * i128::from(line.quantity);
            has_reached &= need.is_some_and(|(gauge, sum)| {
                allowed().all(|choice| {
                    let adds = choice.reach.get(gauge).map_or(0, |&(most, _)| most);
                    i128::from(room(choice)) * i128::from(sum) >= i128::from(amount) * i128::from(adds)
                })
            });
        }
        has_reached || least >= i128::from(amount)
    }

    /// Whether a basket amount may still be switched on.
    fn has_open_baskets(&self) -> bool {
        let open = self.plan.switches.iter().zip(self.settings).filter(|(_, setting)| setting.is_none());
        open.flat_map(|(switch, _)| &switch.settings)
            .any(|setting| matches!(setting.effect, Effect::Basket { .. }))
    }

    fn is_allowed(&self, choice: &Choice, sku: usize) -> bool {
        let is_other = |only: &Only<'_>| {
            let mut kits = choice.seats.iter().filter_map(|&(kit, _)| self.choices.kits.get(kit));
            kits.any(|kit| kit.offer != only.offer)
        };
        self.plan.is_alive(choice)
            && !self.only.is_some_and(is_other)
            && is_allowed(self.problem, self.plan, self.settings, choice, sku)
    }

    /// For each kit whether its roles can be filled at all under the settings.
    fn alive(&self) -> Vec<bool> {
        let mut units: Vec<Vec<u64>> = self.choices.kits.iter().map(|kit| vec![0; kit.roles.len()]).collect();
        for (place, (line, list)) in self.problem.lines.iter().zip(&self.choices.lines).enumerate() {
            let mut fits: SmallVec<[(usize, usize); 4]> = SmallVec::new();
            for choice in list.iter().filter(|choice| self.is_allowed(choice, line.sku)) {
                fits.extend(choice.seats.iter().copied());
            }
            fits.sort_unstable();
            fits.dedup();
            for (kit, role) in fits {
                if let Some(count) = units.get_mut(kit).and_then(|roles| roles.get_mut(role)) {
                    *count += u64::from(self.quantity(place, line.quantity));
                }
            }
        }
        let is_full = |(kit, units): (&Kit, Vec<u64>)| {
            kit.roles.iter().zip(units).all(|(role, units)| units >= u64::from(role.quantity))
        };
        self.choices.kits.iter().zip(units).map(is_full).collect()
    }

    /// The lines with their picks, and how many ranks of list prices there are.
    fn lines(&self, alive: &[bool]) -> Option<(Vec<LinePicks>, usize)> {
        let mut prices: Vec<i64> = self.problem.lines.iter().map(|line| line.list.minor()).collect();
        prices.sort_unstable_by(|one, other| other.cmp(one));
        prices.dedup();
        let mut lines = Vec::with_capacity(self.problem.lines.len());
        for (place, (line, list)) in self.problem.lines.iter().zip(&self.choices.lines).enumerate() {
            let lives = |choice: &Choice| {
                choice.seats.iter().all(|&(kit, _)| alive.get(kit).copied().unwrap_or_default())
            };
            let rank = prices.iter().position(|&price| price == line.list.minor()).unwrap_or_default();
            let mut quantity = self.quantity(place, line.quantity);
            for &(_, forced, count) in self.fixed.forced.iter().filter(|&&(of, _, _)| of == place) {
                let choice =
                    list.get(forced).filter(|choice| lives(choice) && self.is_allowed(choice, line.sku))?;
                let picks = vec![self.pick(place, forced, choice)];
                lines.push(LinePicks { line: place, quantity: count, rank, picks });
                quantity = quantity.checked_sub(count)?;
            }
            if quantity == 0 {
                continue;
            }
            let picks = list.iter().enumerate().filter(|(at, choice)| {
                lives(choice)
                    && self.is_allowed(choice, line.sku)
                    && !self.fixed.barred.contains(&(place, *at))
            });
            let picks: Vec<Pick> = picks.map(|(choice, numbers)| self.pick(place, choice, numbers)).collect();
            let picks = self.undominated(list, picks);
            if picks.is_empty() {
                return None;
            }
            lines.push(LinePicks { line: place, quantity, rank, picks });
        }
        Some((lines, prices.len()))
    }

    fn pick(&self, line: usize, place: usize, choice: &Choice) -> Pick {
        let mut value = choice.value.clone();
        let adds: SmallVec<[i64; 4]> = self.sources.iter().map(|&source| self.adds(choice, source)).collect();
        for ((source, row), &one) in self.sources.iter().zip(&self.rows).zip(&adds) {
            if matches!(source, SourceOf::Room(_)) {
                value.iter_mut().skip(row.level).for_each(|sum| *sum += one);
            }
        }
        // A set is counted as a whole when it begins, whoever is in it: with its first unit a row sees more, or less, than that unit.
        let with_set = |source: SourceOf, adds: i64, part: fn(i64) -> i64| {
            let kits = choice.seats.iter().filter_map(|&(kit, _)| self.choices.kits.get(kit));
            adds + kits.map(|kit| part(self.set_adds(kit, source))).sum::<i64>()
        };
        let reach = self.sources.iter().zip(&adds).map(|(&source, &adds)| {
            let of = |gauge: usize| choice.reach.get(gauge).copied().unwrap_or_default();
            match source {
                SourceOf::Gauge(gauge) | SourceOf::Limit(gauge) if self.is_blocked(choice, gauge) => 0,
                SourceOf::Gauge(gauge) => of(gauge).0.max(with_set(source, adds, |part| part.max(0))),
                SourceOf::Limit(gauge) => of(gauge).1.min(with_set(source, adds, |part| part.min(0))),
                _ => adds,
            }
        });
        let (mut withholds, mut receives) = (0, 0);
        for (bit, &(offer, slot)) in self.retailers.iter().enumerate() {
            let gets = choice.seats.iter().find_map(|&(kit, role)| {
                let kit = self.choices.kits.get(kit).filter(|kit| kit.offer == offer)?;
                kit.roles.get(role).filter(|role| role.is_benefited).map(|role| role.slot)
            });
            match gets {
                Some(own) if own == slot => receives |= 1 << bit,
                Some(_) => {}
                None if self.counts(line, choice, offer, slot) => withholds |= 1 << bit,
                None => {}
            }
        }
        Pick {
            choice: place,
            value,
            reach: reach.collect(),
            adds,
            seats: choice.seats.clone(),
            withholds,
            receives,
            charged: Bound::new(),
        }
    }

    /// Whether a unit of a line with a choice counts for a slot of an offer with sets.
    fn counts(&self, line: usize, choice: &Choice, offer: usize, slot: usize) -> bool {
        let rules = self.problem.offers.get(offer).and_then(|offer| offer.set.as_ref());
        let fits = rules.is_some_and(|rules| rules.slots.get(slot).is_some_and(|lines| lines.contains(line)));
        let mut takers = choice.takers.iter().filter(|&&(taker, _)| self.is_on(taker));
        fits && self.problem.goes_with(offer, &choice.carried)
            && takers.all(|&(taker, _)| self.problem.is_compatible(taker, offer))
    }

    fn adds(&self, choice: &Choice, source: SourceOf) -> i64 {
        let of = |list: &[(usize, i64)], offer: usize| {
            list.iter().find(|&&(other, _)| other == offer).map_or(0, |&(_, part)| part)
        };
        let gauged = |gauge: usize| {
            let sums = if self.is_disturbed(gauge) { &choice.reach } else { &choice.adds };
            sums.get(gauge).copied().unwrap_or_default()
        };
        match source {
            SourceOf::Gauge(gauge) | SourceOf::Limit(gauge) if self.is_blocked(choice, gauge) => 0,
            SourceOf::Gauge(gauge) => gauged(gauge).0,
            SourceOf::Limit(gauge) => gauged(gauge).1,
            SourceOf::Units(offer) => i64::from(choice.carried.contains(&offer)),
            SourceOf::Sets(_) => 0,
            SourceOf::Capped(offer) => of(&choice.capped, offer),
            SourceOf::Room(offer) => of(&choice.takers, offer),
        }
    }

    /// What a set adds to a row beside its units.
    fn set_adds(&self, kit: &Kit, source: SourceOf) -> i64 {
        match source {
            SourceOf::Gauge(gauge) | SourceOf::Limit(gauge) if self.is_disturbed(gauge) => 0,
            SourceOf::Gauge(gauge) => kit.adds.get(gauge).copied().unwrap_or_default().0,
            SourceOf::Limit(gauge) => kit.adds.get(gauge).copied().unwrap_or_default().1,
            SourceOf::Sets(offer) => i64::from(offer == kit.offer),
            SourceOf::Capped(offer) if offer == kit.offer => kit.gain,
            SourceOf::Units(_) | SourceOf::Capped(_) | SourceOf::Room(_) => 0,
        }
    }

    /// The kits as the relaxation sees them; a dead one keeps its place.
    fn kits(&mut self, lines: &[LinePicks], alive: &[bool]) -> Vec<RelaxedKit> {
        let mut kits = Vec::with_capacity(self.choices.kits.len());
        for (place, kit) in self.choices.kits.iter().enumerate() {
            let adds: SmallVec<[i64; 4]> =
                self.sources.iter().map(|&source| self.set_adds(kit, source)).collect();
            let capacity = |role: usize| -> i64 {
                let seated =
                    |line: &&LinePicks| line.picks.iter().any(|pick| pick.seats.contains(&(place, role)));
                lines.iter().filter(seated).map(|line| i64::from(line.quantity)).sum()
            };
            let sets = kit
                .roles
                .iter()
                .enumerate()
                .map(|(role, numbers)| capacity(role) / i64::from(numbers.quantity.max(1)));
            let sets_max = if alive.get(place) == Some(&true) { sets.min().unwrap_or_default() } else { 0 };
            kits.push(RelaxedKit::new(
                (kit.offer, kit.level),
                kit.roles.clone(),
                kit.is_ordered,
                kit.gain,
                adds,
                sets_max,
            ));
        }
        for (row, numbers) in self.rows.iter_mut().enumerate() {
            let negative = |adds: &SmallVec<[i64; 4]>| adds.get(row).is_some_and(|&one| one < 0);
            let units = lines.iter().flat_map(|line| &line.picks).any(|pick| negative(&pick.adds));
            numbers.is_rising = !units && !kits.iter().any(|kit| negative(&kit.adds));
        }
        kits
    }

    /// Whether leaving a set never harms a unit that gets nothing from it: no sum must stay below a bound, and no basket
    /// amount waits for units that nothing else keeps from it.
    fn may_leave(&self) -> bool {
        let is_limited = self.sources.iter().any(|source| matches!(source, SourceOf::Limit(_)));
        !is_limited && self.on().count() == 0 && self.plan.deliveries_fall && self.retailers.is_empty()
    }

    /// Whether a basket amount that is on may keep units from a gauge.
    fn is_disturbed(&self, gauge: usize) -> bool {
        self.on().any(|offer| self.hides(offer, gauge))
    }

    /// Whether a unit that a basket amount takes does not count for a gauge.
    fn hides(&self, offer: usize, gauge: usize) -> bool {
        match self.choices.gauges.get(gauge) {
            Some(&Gauge::Offer(measuring)) => !self.problem.is_compatible(offer, measuring),
            Some(&gauge) => End::of(self.problem, gauge).is_some_and(|end| !end.counts(&[offer])),
            None => false,
        }
    }

    /// Whether a basket amount that is on takes the unit and so keeps it from counting.
    fn is_blocked(&self, choice: &Choice, gauge: usize) -> bool {
        let mut takers = choice.takers.iter().map(|&(offer, _)| offer).filter(|&offer| self.is_on(offer));
        takers.any(|offer| self.hides(offer, gauge))
    }

    /// The offers whose basket amount is on.
    fn on(&self) -> impl Iterator<Item = usize> {
        self.settings.iter().flatten().filter_map(|setting| match setting.effect {
            Effect::Basket { offer, .. } => Some(offer),
            _ => None,
        })
    }

    pub(super) fn is_on(&self, offer: usize) -> bool {
        self.on().any(|on| on == offer)
    }
}
